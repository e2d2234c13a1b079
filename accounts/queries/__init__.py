"""Reading of customers, accounts and the supplier, for every room downstream."""
