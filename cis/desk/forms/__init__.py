"""Forms of the desk: what is typed, turned into what operations take."""
