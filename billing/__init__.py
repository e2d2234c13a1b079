"""For how much money: runs, bills, the ledger, payments."""
