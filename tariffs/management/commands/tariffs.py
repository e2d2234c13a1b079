"""The price book on the command line: check, compare, load and export documents; hourly prices and events."""

from argparse import ArgumentParser
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cis.kernel.actors import SYSTEM
from cis.kernel.errors import Refused
from tariffs.domain import comparison, document, wording
from tariffs.management import urdb as urdb_options
from tariffs.operations import prices, tariffs, urdb
from tariffs.queries import plans


class Command(BaseCommand):
    """
    The actions of ``manage.py tariffs``.

    ``check PATH...``, ``diff BEFORE AFTER``, ``load [--pack NAME] [PATH...] [--publish]``, ``export CODE [--on DATE]``,
    ``load-prices FILE --series CODE --unit UNIT``, ``announce DATE EVENT TARIFF...`` and
    ``import-urdb FILE [--out PATH] [--without FIELD ...]``.
    """

    help = "Check tariff documents with their test vectors, compare them, load them into the price book, export them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        check = actions.add_parser("check", help="Read documents and compute their vectors; nothing is written.")
        check.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        diff = actions.add_parser("diff", help="Tell what changes from one version to another, as a change of law.")
        for name in ("before", "after"):
            diff.add_argument(name, help="A file; or CODE@YYYY-MM-DD of the price book, CODE alone: today.")
        export = actions.add_parser("export", help="Print the document of the version that holds on a date.")
        export.add_argument("code", metavar="CODE")
        export.add_argument("--on", type=date.fromisoformat, metavar="YYYY-MM-DD", help="Default: today.")
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
        taken = actions.add_parser("import-urdb", help="Turn a rate of the OpenEI URDB into tariff documents.")
        urdb_options.add_arguments(taken)

    def handle(self, *, action: str, **options: Any) -> None:
        deeds = {
            "check": self._check,
            "diff": self._diff,
            "export": self._export,
            "load": self._load_paths,
            "load-prices": self._load_prices,
            "announce": self._announce,
            "import-urdb": self._import_urdb,
        }
        try:
            deeds[action](options)
        except Refused as refusal:
            raise CommandError(f"{refusal.message} {refusal.advice}".strip()) from refusal

    def _check(self, options: dict[str, Any]) -> None:
        files = [file for path in options["paths"] for file in tariffs.documents_of(path)]
        red = [file for file in files if not self._is_green(file)]
        if red:
            raise CommandError(f"{len(red)} of {len(files)} tariff documents have findings.")
        self.stdout.write(f"All {len(files)} tariff documents are green.")

    def _is_green(self, file: Path) -> bool:
        """Print what is found in a file, each finding at its line."""
        checked = tariffs.check(text=tariffs.text_of(file))
        if checked.read is not None:
            plan = checked.read.plan
            said = f"{plan.code} from {plan.valid_from}, {checked.vectors} vectors"
        else:
            said = "cannot be read"
        self.stdout.write(f"{'red  ' if checked.findings else 'green'} {file}: {said}")
        for line, finding in checked.findings:
            self.stdout.write(f"      {file.name}:{line}: {finding.where or 'document'}: {finding.message}")
            if finding.advice:
                self.stdout.write(f"          {finding.advice}")
        return not checked.findings

    def _diff(self, options: dict[str, Any]) -> None:
        before, after = (document.parse(text=self._text_of(options[name])) for name in ("before", "after"))
        changes = comparison.compare(before=before, after=after)
        for section, found in groupby(sorted(changes, key=wording.place_of), wording.section_of):
            self.stdout.write(f"{section}:")
            for change in found:
                self.stdout.write(f"  {wording.say(wording.sentence_of(change))}")
        if not changes:
            self.stdout.write("They say the same.")

    def _export(self, options: dict[str, Any]) -> None:
        self.stdout.write(self._of_code(options["code"], options["on"]), ending="")

    def _text_of(self, name: str) -> str:
        """Return the document of a file, or of the price book on a date."""
        if Path(name).is_file():
            return tariffs.text_of(Path(name))
        code, _at, day = name.partition("@")
        try:
            return self._of_code(code, date.fromisoformat(day) if day else None)
        except ValueError:
            raise CommandError(f"{name}: write the date as YYYY-MM-DD.") from None

    @staticmethod
    def _of_code(code: str, day: date | None) -> str:
        tariff_id = plans.tariff_id(code)
        return plans.text_of(plans.version_on(tariff_id=tariff_id, day=day or timezone.localdate()).version_id)

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

    def _import_urdb(self, options: dict[str, Any]) -> None:
        choices = urdb_options.choices_of(options)
        converted = urdb.convert(path=options["file"], choices=choices, on=options["on"])
        for line in urdb_options.told(converted.notes):
            self.stderr.write(line)
        if options["out"] is None:
            for text in converted.texts.values():
                self.stdout.write(text)
            return
        for path in urdb.write(converted=converted, to=options["out"]):
            self.stdout.write(f"written {path}")

    def _load(self, files: list[Path], *, is_published: bool) -> None:
        texts = [tariffs.text_of(file) for file in files]
        for kept in tariffs.load(texts=texts, is_published=is_published, actor=SYSTEM):
            state = "published" if kept.is_published else "draft"
            self.stdout.write(
                f"{kept.code} from {kept.start_date}: version {kept.version_id}, "
                f"{'new' if kept.is_new else 'known'}, {state}"
            )
