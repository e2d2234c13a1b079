"""Bill a month in this process: open a run, rate it, and issue what is within bounds if asked to."""

import time
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.operations import runs
from billing.queries import cycles
from billing.queries import runs as found
from cis.kernel.actors import SYSTEM
from cis.kernel.errors import Refused
from cis.kernel.periods import month_of


class Command(BaseCommand):
    help = "Bill a month: open a run, rate it, and with --issue approve and issue what is within bounds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--month", default="", help="the month to bill, as 2025-01")
        what.add_argument(
            "--retry", type=int, metavar="RUN", help="rate anew the chunks of a run that failed as a whole"
        )
        parser.add_argument("--cycle", default="", help="code of the bill cycle; without it all accounts")
        parser.add_argument("--as-of", type=date.fromisoformat, help="day of knowledge and of issue; default: today")
        parser.add_argument("--issue", action="store_true", help="approve and issue too")

    def handle(self, *, month: str, retry: int | None, cycle: str, as_of: date | None, issue: bool, **_: Any) -> None:
        start = time.perf_counter()
        try:
            run_id = self._open(month, cycle, as_of) if retry is None else self._retry(retry)
        except (Refused, ValueError) as refusal:
            raise CommandError(str(refusal)) from refusal
        self._work("rated", runs.rate_chunk, run_id)
        if issue:
            runs.approve(run_id=run_id, actor=SYSTEM)
            self._work("issued", runs.issue_chunk, run_id)
        self._report(run_id, time.perf_counter() - start)

    def _open(self, month: str, cycle: str, as_of: date | None) -> int:
        return runs.open(
            period=month_of(date.fromisoformat(f"{month}-01")),
            as_of_date=as_of or timezone.localdate(),
            actor=SYSTEM,
            cycle_id=self._cycle(cycle) if cycle else None,
        )

    def _retry(self, run_id: int) -> int:
        if not runs.retry(run_id=run_id, actor=SYSTEM):
            raise CommandError(f"No chunk of run {run_id} failed as a whole.")
        return run_id

    def _cycle(self, code: str) -> int:
        for card in cycles.listed():
            if card.code == code:
                return card.id
        raise CommandError(f"There is no bill cycle {code}.")

    def _work(self, what: str, step: Callable[..., bool], run_id: int) -> None:
        while step(run_id=run_id):
            totals = found.totals(run_id=run_id)
            done = totals.accounts_rated if what == "rated" else totals.accounts_issued
            self.stdout.write(f"{what} {done} of {totals.accounts} accounts")

    def _report(self, run_id: int, seconds: float) -> None:
        totals = found.totals(run_id=run_id)
        self.stdout.write(
            f"Run {run_id} is {found.one(run_id=run_id).state}: {totals.accounts} accounts, {totals.bills} bills, "
            f"{totals.held} held, {totals.energy_wh // 1000} kWh, {totals.amount_minor} minor units; "
            f"{seconds:.1f} s, {totals.bills / seconds:.0f} bills/s"
        )
        for failure in found.failures(run_id=run_id):
            self.stdout.write(f"failed: {failure.accounts} accounts in {failure.chunks} chunks: {failure.error}")
        for card in found.held(run_id=run_id):
            self.stdout.write(f"held {card.account_number}: {card.code}: {card.message}")
