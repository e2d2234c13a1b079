"""Let old versions of interval days go, in all months: manage.py thin_interval_days --dry-run."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from cis.kernel.actors import SYSTEM
from metering.operations import retention


class Command(BaseCommand):
    """Thin superseded versions and detach old months, as the pack's rule interval_retention says."""

    help = "Thin superseded versions of interval days and detach old months, as the pack says."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take whether it is only said what would go."""
        parser.add_argument("--dry-run", action="store_true", help="only say what would go")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it, and say what went."""
        is_dry = bool(options["dry_run"])
        found = retention.run(today=timezone.localdate(), actor=SYSTEM, is_dry=is_dry)
        verb = "would go" if is_dry else "went"
        self.stdout.write(f"{found.versions:,} superseded versions {verb}, {found.named:,} stay: bills name them")
        for word, months in ((verb, found.months), ("stay", found.resting)):
            if months:
                self.stdout.write(f"months that {word}: {', '.join(f'{month:%Y-%m}' for month in months)}")
