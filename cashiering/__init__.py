"""By which way does money come in and go out: tills, bank statements, direct debits, checkouts, agents."""
