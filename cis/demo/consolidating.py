"""
Companies with many places that get one bill a month: the first one paid, the second overdue in part, the last one new.

A second company, if the made-up supplier is large enough for it, has paid a part of its last one.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from accounts.queries import accounts as account_queries
from accounts.queries import search
from billing.domain.channels import PaymentChannel
from billing.operations import consolidated_payments, consolidated_telling, consolidations
from billing.operations import consolidating as operations
from billing.operations.consolidations import Terms
from billing.queries import consolidated
from billing.queries import consolidations as queries
from billing.queries.bills import BillCard
from billing.queries.consolidated import ConsolidatedCard, Wanted
from cis.demo import files, world
from cis.demo.building import Billed
from cis.demo.world import Scale
from cis.kernel.actors import SYSTEM
from cis.kernel.periods import Period

MONTHS = 3
"""So many months are asked for together."""
DAYS = 3
"""So long after its end the consolidated bill of a past month is made; that of the last month today."""
PAID_AFTER = timedelta(days=8)
PAID_PERCENT = ((100,), (60,), (0, 40))
"""What is paid of each month's bill, by the first company and by the others."""


def agree(*, month: Period, scale: Scale) -> None:
    """Agree one bill with each company of many places, from the first of the months that are billed together."""
    if month != scale.months[-min(MONTHS, len(scale.months))]:
        return
    for numbers in _chains(scale):
        hits = [hit for number in numbers for hit in search.find(text=files.account_of(number), at_date=month.start)]
        overview = account_queries.overview(account_id=hits[0].account_id, at_date=month.start)
        ids = tuple(hit.account_id for hit in hits if hit.customer_id == hits[0].customer_id)
        terms = Terms(
            customer_id=hits[0].customer_id, name=overview.holder.name, lead_account_id=ids[0], account_ids=ids
        )
        if not queries.listed(customer_id=terms.customer_id):  # else the demo was cut off, and goes on
            consolidations.agree(terms=terms, from_date=month.start, today=month.start, actor=SYSTEM)


def month_over(*, billed: Billed, scale: Scale, today: date) -> None:
    """Make the consolidated bills of a month, tell of them, and let some be paid."""
    place = scale.months.index(billed.month) - len(scale.months) + MONTHS
    if place < 0:
        return
    on = today if place == MONTHS - 1 else min(today, billed.month.end + timedelta(days=DAYS))
    operations.work(datetime.combine(on, time(4), tzinfo=ZoneInfo(settings.TIME_ZONE)))
    made = consolidated.listed(wanted=Wanted(month=billed.month.start), today=today)
    for company, card in enumerate(sorted(made, key=lambda one: one.consolidation_id)):
        consolidated_telling.tell_bill(consolidated_bill_id=card.id)
        percent = PAID_PERCENT[place][min(company, len(PAID_PERCENT[place]) - 1)]
        _pay(card, card.to_pay_minor * percent // 100, on=min(today, on + PAID_AFTER), today=today)


def accounts() -> frozenset[int]:
    """Return the accounts whose bills are asked for together."""
    found = [one for card in queries.listed() for one in queries.members(consolidation_id=card.id)]
    return frozenset(one.account_id for one in found)


def customer_id() -> int | None:
    """Return the first company; None: there is none."""
    return next((card.customer_id for card in sorted(queries.listed(), key=lambda one: one.id)), None)


def alone(cards: Sequence[BillCard]) -> list[BillCard]:
    """Return the bills that are asked for on their own."""
    together = consolidated.of_bills(bill_ids=[card.id for card in cards])
    return [card for card in cards if card.id not in together]


def _chains(scale: Scale) -> Iterator[range]:
    """Yield the numbers of the accounts of each company that the made-up supplier has as a whole."""
    end = world.FIRST_NUMBER + scale.accounts
    for first in range(world.CHAIN_FIRST, end - world.CHAIN_ACCOUNTS + 1, world.CHAIN_EVERY):
        yield range(first, first + world.CHAIN_ACCOUNTS)


def _pay(card: ConsolidatedCard, amount_minor: int, *, on: date, today: date) -> None:
    if amount_minor <= 0:
        return
    with transaction.atomic():
        booked = consolidated_payments.book_step(
            consolidated_bill_id=card.id, amount_minor=amount_minor, channel=PaymentChannel.BANK,
            reference=f"BANK-{card.number}", received_date=on, today=today, actor=SYSTEM,
        )  # fmt: skip
    consolidated_telling.tell_payment(consolidated_payment_id=booked.consolidated_payment_id)
