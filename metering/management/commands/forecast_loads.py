"""Add up the loads of areas and foretell those of tomorrow, as the job of each late morning does."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from metering.operations import forecasts


class Command(BaseCommand):
    """``manage.py forecast_loads [--days N]``."""

    help = "Add up the loads of areas hour by hour until yesterday, and foretell those of tomorrow."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take how many days back are added up."""
        parser.add_argument(
            "--days", type=int, help="So many days back are added up anew, as after places moved to other feeders."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it, and say of how many areas there is a forecast."""
        days, now = options["days"], timezone.now()
        today = timezone.localdate(now)
        if days:
            forecasts.add_up(first=today - timedelta(days=days), last=today - timedelta(days=1))
            done = forecasts.foretell_all(target=today + timedelta(days=1), at=now)
        else:
            done = forecasts.work(now)
        self.stdout.write(f"Foretold: {done} areas.")
