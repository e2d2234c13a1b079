"""The price book on the command line: check documents, load them, load prices by the hour, announce events."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cis.kernel.actors import SYSTEM
from cis.kernel.errors import Refused
from tariffs.operations import prices, tariffs


class Command(BaseCommand):
    """
    The actions of ``manage.py tariffs``.

    ``check PATH...``, ``load [--pack NAME] [PATH...] [--publish]``, ``load-prices FILE --series CODE --unit UNIT`` and
    ``announce DATE EVENT TARIFF...``.
    """

    help = "Check tariff documents with their test vectors, or load them into the price book."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        check = actions.add_parser("check", help="Read documents and compute their vectors; nothing is written.")
        check.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        load = actions.add_parser("load", help="Take documents into the price book; the same one counts once.")
        load.add_argument("paths", nargs="*", type=Path, metavar="PATH")
        load.add_argument("--pack", help=f"All tariffs of a pack; without it and without PATH: {settings.PACK}.")
        load.add_argument("--publish", action="store_true", help="Put them in force; their vectors must pass.")

        series = actions.add_parser("load-prices", help="Take in a CSV file of prices by interval: start_at,price.")
        series.add_argument("file", type=Path, metavar="FILE")
        series.add_argument("--series", required=True, help="Code of the series, as dynamic tariffs name it.")
        series.add_argument("--unit", required=True, help="CNY/kWh, or CNY/MWh.")
        series.add_argument("--source", required=True, help="Who published the prices.")
        series.add_argument("--correct", action="store_true", help="The publisher corrected prices loaded before.")
        event = actions.add_parser("announce", help="Announce an event of the tariffs' calendars for a later day.")
        event.add_argument("date", type=date.fromisoformat, metavar="YYYY-MM-DD")
        event.add_argument("event", metavar="EVENT")
        event.add_argument("tariffs", nargs="+", metavar="TARIFF")
        event.add_argument("--source", required=True, help="The forecast or notice that brings it about.")

    def handle(self, *, action: str, **options: Any) -> None:
        deeds = {
            "check": self._check_paths,
            "load": self._load_paths,
            "load-prices": self._load_prices,
            "announce": self._announce,
        }
        try:
            deeds[action](options)
        except Refused as refusal:
            raise CommandError(f"{refusal.message} {refusal.advice}".strip()) from refusal

    def _check_paths(self, options: dict[str, Any]) -> None:
        self._check([file for path in options["paths"] for file in tariffs.documents_of(path)])

    def _load_paths(self, options: dict[str, Any]) -> None:
        files = [file for path in options["paths"] for file in tariffs.documents_of(path)]
        if options["pack"] or not files:
            files += tariffs.documents_of_pack(str(options["pack"] or settings.PACK))
        self._load(files, is_published=bool(options["publish"]))

    def _load_prices(self, options: dict[str, Any]) -> None:
        loaded = prices.load_prices(
            series=options["series"],
            text=tariffs.text_of(options["file"]),
            unit=options["unit"],
            source=options["source"],
            corrects=options["correct"],
            actor=SYSTEM,
        )
        self.stdout.write(f"{loaded.new} days new, {loaded.unchanged} unchanged, {loaded.corrected} corrected")

    def _announce(self, options: dict[str, Any]) -> None:
        found = prices.announce(
            tariffs=options["tariffs"],
            code=options["event"],
            event_date=options["date"],
            source=options["source"],
            actor=SYSTEM,
        )
        self.stdout.write(f"{options['event']} on {options['date']}: announced for {len(found)} tariffs")

    def _check(self, files: list[Path]) -> None:
        red = 0
        for file in files:
            checked = tariffs.check(path=file)
            red += bool(checked.findings)
            self.stdout.write(f"{'red  ' if checked.findings else 'green'} {file} ({checked.vectors} vectors)")
            for finding in checked.findings:
                self.stdout.write(f"      {finding}")
        if red:
            raise CommandError(f"{red} of {len(files)} tariff documents have findings.")

    def _load(self, files: list[Path], *, is_published: bool) -> None:
        texts = [tariffs.text_of(file) for file in files]
        for kept in tariffs.load(texts=texts, is_published=is_published, actor=SYSTEM):
            state = "published" if kept.is_published else "draft"
            self.stdout.write(
                f"{kept.code} from {kept.start_date}: version {kept.version_id}, "
                f"{'new' if kept.is_new else 'known'}, {state}"
            )
