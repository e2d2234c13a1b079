"""Wattline: the house around the rooms."""
