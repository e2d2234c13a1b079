"""The price book on the command line: check documents, load them."""

from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cis.kernel.actors import SYSTEM
from cis.kernel.errors import Refused
from tariffs.operations import tariffs


class Command(BaseCommand):
    """``manage.py tariffs check PATH...`` and ``manage.py tariffs load [--pack NAME] [PATH...] [--publish]``."""

    help = "Check tariff documents with their test vectors, or load them into the price book."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        check = actions.add_parser("check", help="Read documents and compute their vectors; nothing is written.")
        check.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        load = actions.add_parser("load", help="Take documents into the price book; the same one counts once.")
        load.add_argument("paths", nargs="*", type=Path, metavar="PATH")
        load.add_argument("--pack", help=f"All tariffs of a pack; without it and without PATH: {settings.PACK}.")
        load.add_argument("--publish", action="store_true", help="Put them in force; their vectors must pass.")

    def handle(self, *, action: str, paths: list[Path], **options: object) -> None:
        try:
            files = [file for path in paths for file in tariffs.documents_of(path)]
            if action == "check":
                self._check(files)
            else:
                pack = options["pack"]
                if pack or not files:
                    files += tariffs.documents_of_pack(str(pack or settings.PACK))
                self._load(files, is_published=bool(options["publish"]))
        except Refused as refusal:
            raise CommandError(f"{refusal.message} {refusal.advice}".strip()) from refusal

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
