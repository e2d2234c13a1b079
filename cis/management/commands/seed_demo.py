"""`manage.py seed_demo`: make up a supplier, the same for the same seed; its meter files go through the real import."""

from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cis.demo import building
from cis.demo.world import Scale
from cis.loading.supplier import SupplierNotLoaded
from cis.management.terminal import bar, say

MONTHS_MOST = 60


class Command(BaseCommand):
    help = "Make up a supplier and load it with its meter reads; nothing is billed yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--accounts", type=int, default=2_000)
        parser.add_argument("--months", type=int, default=14)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--folder", type=Path, default=settings.VAR_DIR / "demo")

    def handle(self, *_args: object, **options: object) -> None:
        accounts, months = int(str(options["accounts"])), int(str(options["months"]))
        if accounts < 1 or not 1 <= months <= MONTHS_MOST:
            raise CommandError(f"at least one account, and 1 to {MONTHS_MOST} months")
        today = timezone.localdate()
        scale = Scale(
            accounts=accounts,
            months=building.past_months(today=today, count=months),
            seed=int(str(options["seed"])),
        )
        try:
            imported = building.seed(scale=scale, folder=Path(str(options["folder"])), today=today, say=say, bar=bar)
        except SupplierNotLoaded as refusal:
            raise CommandError(f"{refusal.message.splitlines()[0]} (is there a supplier already?)") from refusal
        say(f"reads {imported.reads:,}, interval values {imported.interval_values:,}, rejected {imported.rejected:,}")
