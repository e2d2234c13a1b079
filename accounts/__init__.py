"""Who: users, customers, accounts and how to reach them."""
