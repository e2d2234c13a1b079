"""Partners behind protocols: the platform that issues e-invoices."""
