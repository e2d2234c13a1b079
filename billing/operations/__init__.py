"""What billing changes: runs, bills, the ledger, payments."""
