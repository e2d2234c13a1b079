"""Use cases on customers, accounts, holders and users."""
