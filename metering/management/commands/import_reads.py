"""Import meter files."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cis.kernel.actors import SYSTEM
from cis.kernel.errors import Refused
from metering.operations import arrivals, reads, usage_findings
from metering.operations.usage import Approved
from metering.queries.reads import rejections

SHOWN = 20
MEGABYTE = 2**20


class Command(BaseCommand):
    """``manage.py import_reads PATH...``: files, or folders of files; each file is one transaction, then its usage."""

    help = (
        "Import meter files of any format of docs/guide/read-files.md, plain, zip or gz, and approve the usage that"
        " they bring. Exit code 1: a file was refused or is not there."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="A file, or a folder of files.")
        parser.add_argument("--again", action="store_true", help="Load known files once more, for lines rejected then.")
        parser.add_argument(
            "--taken-date", type=date.fromisoformat, help="Local date of values without a time, as 2026-07-31."
        )
        parser.add_argument("--strict", action="store_true", help="Exit code 1 also when lines were rejected.")

    def handle(
        self, *, paths: list[Path], again: bool, strict: bool, taken_date: date | None = None, **_options: object
    ) -> None:
        refused = rejected = 0
        for path in _files(paths):
            done = self._import(path, again=again, taken_date=taken_date)
            if done is None:
                refused += 1
                continue
            rejected += done.rejected
            self._show(done)
            # Also for a known file: whoever imported it may have died before its usage was approved.
            self._show_usage(arrivals.approve_file(read_file_id=done.read_file_id, today=timezone.localdate()))
        if refused:
            raise CommandError(f"{refused} file(s) refused; nothing of them was loaded.")
        if strict and rejected:
            raise CommandError(f"{rejected} line(s) rejected.")

    def _import(self, path: Path, *, again: bool, taken_date: date | None) -> reads.Imported | None:
        try:
            return reads.import_file(
                source=path,
                name=path.name,
                actor=SYSTEM,
                today=timezone.localdate(),
                again=again,
                taken_date=taken_date,
                progress=_Progress(path) if sys.stderr.isatty() else None,
            )
        except Refused as refusal:
            self.stderr.write(f"{path}: refused ({refusal.code}): {refusal} {refusal.advice}")
        except OSError as error:
            self.stderr.write(f"{path}: {error.strerror or error}")
        return None

    def _show(self, done: reads.Imported) -> None:
        known = ", known before" if done.is_known else ""
        self.stdout.write(
            f"{done.name}: {done.format}{known}: {done.reads:,} reads, {done.interval_days:,} interval days"
            f" ({done.interval_values:,} values), {done.unchanged:,} unchanged, {done.rejected:,} rejected"
        )
        for remark in done.remarks[:SHOWN]:
            self.stdout.write(f"  line {remark.line}: {remark.message}")
        for row in rejections(read_file_id=done.read_file_id, count=SHOWN):
            self.stdout.write(f"  line {row.line_no}: {row.code}: {row.message} {row.advice}")
        if done.rejected > SHOWN:
            self.stdout.write(f"  ... and {done.rejected - SHOWN:,} more")

    def _show_usage(self, usage: Approved) -> None:
        self.stdout.write(
            f"  usage: {usage.approved:,} spans approved, {usage.unchanged:,} unchanged, {usage.superseded:,} replaced,"
            f" {len(usage.findings):,} findings"
        )
        for line in usage_findings.told(usage.findings[:SHOWN]):
            self.stdout.write(f"  {line}")
        if len(usage.findings) > SHOWN:
            self.stdout.write(f"  ... and {len(usage.findings) - SHOWN:,} more; approve_usage lists all of a month")


class _Progress:
    """Shows on a terminal how much of a file is done."""

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self._shown = 0

    def __call__(self, bytes_read: int) -> None:
        if bytes_read // MEGABYTE > self._shown:
            self._shown = bytes_read // MEGABYTE
            sys.stderr.write(f"\r{self._name}: {self._shown:,} MB")
            sys.stderr.flush()


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(each for each in path.iterdir() if each.is_file() and not each.name.startswith("."))
        else:
            yield path
