"""`manage.py load_supplier DIR`: load a whole supplier from CSV files, or nothing of it."""

from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from cis.kernel.actors import SYSTEM
from cis.loading import supplier
from cis.loading.supplier import SupplierNotLoaded

SHOWN = 200


class Command(BaseCommand):
    help = "Load customers, premises, meters and agreements from a folder of CSV files, checked as a whole."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *_args: object, **options: object) -> None:
        try:
            loaded = supplier.load(folder=Path(str(options["folder"])), actor=SYSTEM)
        except SupplierNotLoaded as refusal:
            findings = refusal.detail["findings"]
            for finding in findings[:SHOWN]:
                self.stderr.write(str(finding))
            raise CommandError(f"{len(findings)} faults; nothing was written") from refusal
        for name, count in asdict(loaded).items():
            self.stdout.write(f"{name.replace('_', ' '):16}{count:>12,}")
