"""Customers who let their bills be debited: the batch of the last month with what its bank said, and unusual debits."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from accounts.queries import accounts
from billing.queries import bills
from billing.queries.bills import BillCard
from cashiering.gateways import debit_bank
from cashiering.operations import debit_batches, debit_follow_ups, debit_reports, debits, mandates, posting
from cashiering.operations.mandates import NewMandate
from cashiering.queries import debits as queries
from cis.demo.consolidating import alone
from cis.kernel.actors import SYSTEM
from cis.platform import outbox

PLAIN_MOST = 8
TOLD_BY_CENTS = (1, 2, 5)
"""Amounts that end so: the sandbox bank rejects them, or they come back."""
BANK_CODE = "102290000001"
USUAL_LIMIT_MINOR, LARGE_LIMIT_MINOR, SMALL_LIMIT_MINOR = 100_000, 10_000_000, 2_000
SIGNED_BEFORE = timedelta(days=14)
CARDS_MOST = 5_000
FILES_AT_ONCE_MOST = 5
"""So many hundreds of files the bank may have to say."""
NIGHT = time(3, 20)


def build(*, run_id: int, today: date) -> frozenset[int]:
    """Let some accounts of a run give mandates, debit their bills until today, and return them."""
    cards = alone(bills.of_run(run_id=run_id, state="issued", most=CARDS_MOST))
    owing = [card for card in cards if card.open_minor > 0]
    if not owing or debit_bank.current() is None or owing[0].issue_date is None:
        return frozenset()
    chosen = _chosen(owing)
    issued = owing[0].issue_date
    for place, card in enumerate(chosen):
        _sign(card, limit_minor=_limit(card, place), on=issued - SIGNED_BEFORE)
    for days in range((today - issued).days + 1):
        _night(issued + timedelta(days=days))
    now = timezone.now()
    for _ in range(FILES_AT_ONCE_MOST):
        debit_reports.take_files(now)
    posting.work(now)
    debit_follow_ups.work(now)
    return frozenset(card.account_id for card in chosen)


def _chosen(owing: Sequence[BillCard]) -> list[BillCard]:
    """Return the bills of who has a mandate: some, one for each thing that a bank may say, and the largest."""
    said = [next((one for one in owing if one.open_minor % 100 == cents), None) for cents in TOLD_BY_CENTS]
    largest = max(owing, key=lambda one: one.open_minor)
    plain = [one for one in owing if one.open_minor % 100 > max(TOLD_BY_CENTS)][1 : PLAIN_MOST + 1]
    return list({one.account_id: one for one in (*plain, *filter(None, said), largest)}.values())


def _limit(card: BillCard, place: int) -> int:
    if place == 0:
        return SMALL_LIMIT_MINOR
    return USUAL_LIMIT_MINOR if card.open_minor <= USUAL_LIMIT_MINOR else LARGE_LIMIT_MINOR


def _sign(card: BillCard, *, limit_minor: int, on: date) -> None:
    holder = accounts.overview(account_id=card.account_id, at_date=on).holder
    new = NewMandate(
        account_id=card.account_id,
        holder_name=holder.name[:70],
        bank_account=f"622202{card.account_id:013d}",
        bank_code=BANK_CODE,
        limit_minor=limit_minor,
        key=f"demo-{card.account_id}",
    )
    mandates.enter_signed(new=new, signed_date=on, evidence="demo", today=on, actor=SYSTEM)


def _night(day: date) -> None:
    at = datetime.combine(day, NIGHT, tzinfo=ZoneInfo(settings.TIME_ZONE))
    debits.plan(at)
    debit_batches.work(at)
    for batch in queries.batches(state="released", most=CARDS_MOST):
        debit_batches.send(outbox.Message(0, debit_batches.SEND, batch.reference, {"batch_id": batch.id}, 1))
