"""What workers are woken for; bound in ``cis.wiring`` by ``jobs.register``. A message carries no data but a name."""

from billing.operations import nights

RUNS = "billing"
"""Woken whenever a run has something to do."""

NIGHT = "billing_night"
"""Falls due each night."""

work = nights.work
night = nights.night
