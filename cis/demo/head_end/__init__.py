"""A head end with made-up meters behind it, as a process of its own; ``manage.py simulate_head_end`` runs it."""
