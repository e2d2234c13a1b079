"""
From files to bills: what `make demo` shows.

The made-up supplier goes the way of a real one: its CSV files are loaded, its meter files imported, usage approved,
each past month billed by a run, and most bills paid.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from time import perf_counter

from billing.domain.channels import PaymentChannel
from billing.operations import documents, held, payments, runs, telling
from billing.operations.payments import NewPayment
from billing.queries import bills, budgets, cycles
from billing.queries import runs as run_queries
from billing.queries.runs import RunTotals
from cis.demo import files
from cis.demo.world import Scale
from cis.kernel.actors import SYSTEM
from cis.kernel.periods import Period, add_months, month_of
from cis.loading import supplier
from metering.operations import arrivals, reads
from tariffs.operations import tariffs

Say = Callable[[str], None]
Bar = Callable[[str, int, int], None]
SOON, LATE, NEVER = 12, 45, None
COMMERCIAL_PACK = "cn-commercial"


@dataclass(frozen=True, slots=True)
class Imported:
    """What the meter files brought."""

    reads: int
    interval_values: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Billed:
    """What one run brought, and how long it took. [s]"""

    run_id: int
    month: Period
    totals: RunTotals
    seconds: float


def past_months(*, today: date, count: int) -> tuple[Period, ...]:
    """Return the last complete months before today, oldest first."""
    first = month_of(today).start
    return tuple(month_of(add_months(first, -n)) for n in range(count, 0, -1))


def seed(*, scale: Scale, folder: Path, today: date, say: Say, bar: Bar) -> Imported:
    """Write the supplier's files, load them, import its meter files and approve the usage of all months."""
    with _timed(say, f"writing the files of {scale.accounts:,} accounts over {len(scale.months)} months"):
        written = files.write(folder, scale)
    with _timed(say, "loading the supplier"):
        # Each step may be repeated, so a demo that was cut off goes on where it stopped.
        if not supplier.is_loaded():
            load_commercial_prices()
            supplier.load(folder=written.supplier, actor=SYSTEM)
    counted = [0, 0, 0]
    imported: list[int] = []
    with _timed(say, f"importing {len(written.read_files)} meter files"):
        for n, path in enumerate(written.read_files, start=1):
            result = reads.import_file(source=path, name=path.name, actor=SYSTEM, today=today)
            for place, number in enumerate((result.reads, result.interval_values, result.rejected)):
                counted[place] += number
            imported.append(result.read_file_id)
            bar("meter files", n, len(written.read_files))
    with _timed(say, "approving usage"):
        for n, read_file_id in enumerate(imported, start=1):
            arrivals.approve_file(read_file_id=read_file_id, today=today)
            bar("usage", n, len(imported))
    return Imported(reads=counted[0], interval_values=counted[1], rejected=counted[2])


def load_commercial_prices() -> None:
    """Put the tariffs of works in force, which the supplier has beside those of its pack."""
    texts = [tariffs.text_of(path) for path in tariffs.documents_of_pack(COMMERCIAL_PACK)]
    tariffs.load(texts=texts, is_published=True, actor=SYSTEM)


def bill(*, month: Period, bar: Bar) -> Billed:
    """Bill all accounts for a month: open, rate, approve and issue one run, or go on with one that was cut off."""
    began = perf_counter()
    run = next((run for run in run_queries.latest(most=1) if run.start_date == month.start), None)
    run_id = run.id if run else runs.open(period=month, as_of_date=month.end, cycle_id=_cycle_id(), actor=SYSTEM)
    more = True
    while more:
        more = runs.rate_chunk(run_id=run_id)
        _show(bar, "rating", run_id)
    if run_queries.one(run_id=run_id).state == "rated":
        runs.approve(run_id=run_id, actor=SYSTEM)
    more = True
    while more:
        more = runs.issue_chunk(run_id=run_id)
        _show(bar, "issuing", run_id)
    billed = Billed(
        run_id=run_id, month=month, totals=run_queries.totals(run_id=run_id), seconds=perf_counter() - began
    )
    _tell(billed)
    return billed


def _tell(billed: Billed) -> None:
    """Tell the customers of a run's bills at once, while nothing of them is paid: no worker runs yet."""
    for offset in range(0, billed.totals.bills, telling.CHUNK):
        told = bills.of_run(run_id=billed.run_id, state="issued", offset=offset, most=telling.CHUNK)
        telling.tell_bills(bill_ids=[card.id for card in told])


def release_held(*, billed: Billed, today: date) -> None:
    """Let the bills of a past month that were out of bounds go out, as if staff had looked at them then."""
    for found in run_queries.held(run_id=billed.run_id, most=billed.totals.accounts):
        if found.bill_id is not None:
            held.release(held_id=found.id, today=min(today, billed.month.end), actor=SYSTEM)


def pay(*, billed: Billed, today: date, but: Collection[int] = ()) -> None:
    """Let the customers pay a run's bills by bank: most soon, some late, a few not at all; ``but``: who is debited."""
    new = []
    cards = bills.of_run(run_id=billed.run_id, state="issued", most=billed.totals.bills)
    levelled = budgets.on_bills(bill_ids=[card.id for card in cards])
    for card in cards:
        after, budget = _days_until_paid(card.account_id), levelled.get(card.id)
        is_left_out = budget is None and (card.open_minor <= 0 or bool(card.paid_minor))
        to_pay_minor = card.amount_minor if budget is None else budget.to_pay_minor
        if after is None or card.account_id in but or is_left_out or to_pay_minor <= 0 or card.issue_date is None:
            continue
        on = card.issue_date + timedelta(days=after)
        if on <= today:
            new.append(NewPayment(card.account_id, to_pay_minor, f"BANK-{card.number}", on))
    if new:
        payments.book_new(payments=new, channel=PaymentChannel.BANK, today=today, actor=SYSTEM)


def one_pdf(*, billed: Billed, folder: Path) -> Path:
    """Write one bill of a run as PDF and return where it lies."""
    [card] = bills.of_run(run_id=billed.run_id, state="issued", most=1)
    path = folder / f"bill-{card.number}.pdf"
    path.write_bytes(documents.pdf(bill_id=card.id))
    return path


def _cycle_id() -> int:
    """Return the id of the cycle of all made-up accounts; so the night finds the month billed."""
    return next(cycle.id for cycle in cycles.listed() if cycle.code == files.CYCLE)


def _days_until_paid(account_id: int) -> int | None:
    remainder = account_id % 120
    if remainder == 0:
        return NEVER
    return LATE if remainder in {40, 80} else SOON


def _show(bar: Bar, words: str, run_id: int) -> None:
    done = run_queries.totals(run_id=run_id)
    bar(words, done.accounts_rated if words == "rating" else done.accounts_issued, done.accounts)


@contextmanager
def _timed(say: Say, words: str) -> Iterator[None]:
    began = perf_counter()
    yield
    say(f"{words}: {perf_counter() - began:.1f} s")
