"""The desk: the pages of the staff, each spanning rooms."""
