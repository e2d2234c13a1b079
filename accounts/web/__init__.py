"""Pieces of pages that desk and portal share."""
