"""Reading cases; everything goes through ``sight``."""
