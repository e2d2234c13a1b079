"""Django-side foundation: what every room needs from database, web and workers."""
