"""Cases for other programs."""
