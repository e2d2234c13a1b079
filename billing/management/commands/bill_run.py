"""Bill a month in this process: open a run, rate it, and issue what is within bounds if asked to."""

import time
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.operations import runs, shadows
from billing.queries import cycles
from billing.queries import runs as found
from billing.queries import shadows as compared
from cis.kernel.actors import SYSTEM
from cis.kernel.errors import Refused
from cis.kernel.periods import month_of

OUTLIERS_SHOWN = 20


class Command(BaseCommand):
    help = "Bill a month: open a run, rate it, and with --issue approve and issue what is within bounds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--month", default="", help="the month to bill, as 2025-01")
        what.add_argument(
            "--retry", type=int, metavar="RUN", help="rate anew the chunks of a run that failed as a whole"
        )
        what.add_argument("--promote", type=int, metavar="RUN", help="bill and issue what a shadow run came to")
        parser.add_argument("--cycle", default="", help="code of the bill cycle; without it all accounts")
        parser.add_argument("--as-of", type=date.fromisoformat, help="day of knowledge and of issue; default: today")
        then = parser.add_mutually_exclusive_group()
        then.add_argument("--issue", action="store_true", help="approve and issue too")
        then.add_argument("--shadow", action="store_true", help="only compare with earlier bills; makes no bill")

    def handle(
        self,
        *,
        month: str,
        retry: int | None,
        promote: int | None,
        cycle: str,
        as_of: date | None,
        issue: bool,
        shadow: bool,
        **_: Any,
    ) -> None:
        start = time.perf_counter()
        try:
            if promote is not None:
                run_id = shadows.promote(run_id=promote, today=as_of or timezone.localdate(), actor=SYSTEM)
            elif retry is not None:
                run_id = self._retry(retry)
            else:
                run_id = self._open(month, cycle, as_of, is_shadow=shadow)
            self._work("rated", runs.rate_chunk, run_id)
            if issue or promote is not None:
                runs.approve(run_id=run_id, actor=SYSTEM)
                self._work("issued", runs.issue_chunk, run_id)
        except (Refused, ValueError) as refusal:
            raise CommandError(str(refusal)) from refusal
        self._report(run_id, time.perf_counter() - start)
        if shadow:
            self._compare(run_id)

    def _open(self, month: str, cycle: str, as_of: date | None, *, is_shadow: bool) -> int:
        return runs.open(
            period=month_of(date.fromisoformat(f"{month}-01")),
            as_of_date=as_of or timezone.localdate(),
            actor=SYSTEM,
            cycle_id=self._cycle(cycle) if cycle else None,
            is_shadow=is_shadow,
        )

    def _retry(self, run_id: int) -> int:
        if not runs.retry(run_id=run_id, actor=SYSTEM):
            raise CommandError(f"No chunk of run {run_id} failed as a whole.")
        return run_id

    def _compare(self, run_id: int) -> None:
        summary = compared.summary(run_id=run_id)
        self.stdout.write(
            f"would bill {summary.amount_minor} minor units, {summary.energy_wh // 1000} kWh; "
            + ", ".join(f"{count} {state}" for state, count in summary.by_state.items())
        )
        for name, side in (("last bill", summary.last), ("a year ago", summary.year)):
            self.stdout.write(f"{name}: {side.accounts} accounts, {side.then_minor} then, {side.now_minor} now")
        for card in compared.bills(run_id=run_id, state="open", most=OUTLIERS_SHOWN):
            self.stdout.write(f"outlier {card.account_number}: {card.own_minor}: {card.message}")

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
