"""Interval values on their way out: as files that others read."""
