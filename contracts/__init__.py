"""On what terms: service agreements and their terms."""
