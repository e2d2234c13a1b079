"""Reading of agreements, as rows for pages and as columns for billing."""
