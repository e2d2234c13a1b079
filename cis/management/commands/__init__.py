"""Commands that span rooms."""
