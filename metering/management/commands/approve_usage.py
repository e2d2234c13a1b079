"""Approve the usage of a month: what the night and each import do by themselves, and what is missing."""

from argparse import ArgumentParser
from datetime import date

from django.core.management.base import BaseCommand, CommandError

from cis.kernel.errors import Refused
from cis.kernel.periods import Period, month_of
from metering.operations import usage, usage_findings
from metering.queries import places


class Command(BaseCommand):
    """``manage.py approve_usage --month 2026-10``; approving again changes nothing."""

    help = "Approve the usage of a month and list what is missing or doubtful, with advice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--month", required=True, help="The month, as 2026-10.")
        parser.add_argument("--service-point", default="", help="Number of one service point; without it all.")
        parser.add_argument("--strict", action="store_true", help="Exit code 1 when anything is missing or doubtful.")

    def handle(self, *, month: str, service_point: str, strict: bool, **_options: object) -> None:
        period = _month(month)
        try:
            points = [places.id_of_external_id(service_point)] if service_point else None
            done = usage.approve(start_date=period.start, end_date=period.end, service_point_ids=points)
        except Refused as refusal:
            raise CommandError(f"{refusal.message} {refusal.advice}".strip()) from refusal
        self.stdout.write(
            f"{month}: {done.approved:,} spans approved, {done.unchanged:,} unchanged, {done.superseded:,} replaced,"
            f" {len(done.findings):,} findings"
        )
        for line in usage_findings.told(done.findings):
            self.stdout.write(f"  {line}")
        if strict and done.findings:
            raise CommandError(f"{len(done.findings)} finding(s).")


def _month(text: str) -> Period:
    try:
        return month_of(date.fromisoformat(f"{text}-01"))
    except ValueError as error:
        raise CommandError(f"{text} is not a month; write it as 2026-10.") from error
