"""
Made-up customers who pay before they use: switched at the beginning of the month, read and rated each day since.

One has enough, one is warned, one has used up its balance, one has paid again, one waits for a person.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from django.conf import settings

from accounts.domain.receipts import Outcome, Receipt
from accounts.operations import notice_receipts
from accounts.queries import notices, users
from accounts.queries.notices import Wanted
from arrears.operations import prepaid_cuts
from billing.domain.channels import PaymentChannel
from billing.operations import payments, prepaid, prepaid_nights
from billing.queries import balances, bills
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.calendar import local_clock
from cis.kernel.enums import Role
from cis.kernel.periods import month_of
from cis.platform import outbox
from contracts.queries import agreements
from metering.operations import reads
from metering.queries import places
from metering.queries.places import MeterCard

DAY = timedelta(days=1)
NIGHT, MORNING = time(2, 40), time(9, 0)
TOP_UPS = (60_000, 14_000, 3_000, 3_000, 40_000)
"""What each pays on the first day. [minor unit]"""
PAYS_AGAIN, JUMPS = 3, 4
WH_A_DAY = 6_400


def build(*, run_id: int, today: date) -> None:
    """Let some homes with a counter of all hours pay before they use since the first of the month."""
    clerk_id = next(one.id for one in users.staff() if one.username == "clerk")
    clerk = Actor(ActorKind.STAFF, clerk_id, "clerk", frozenset({Role.CLERK}))
    since = month_of(today).start
    homes = _homes(run_id, today)
    if not homes or since == today:
        return
    for place, (account_id, _) in enumerate(homes):
        _pay(account_id, TOP_UPS[place], since, f"YF-{account_id}-1")
        prepaid.switch_on(
            account_id=account_id, since_date=since, agreement_reference=f"YF-{since:%Y}-{place + 1:04d}", today=since,
            actor=clerk,
        )  # fmt: skip
    for back in range((today - since).days, -1, -1):
        _a_day(homes, today - back * DAY, since, today)


def _homes(run_id: int, today: date) -> list[tuple[int, MeterCard]]:
    """Return accounts that owe nothing, with one supply whose only counter was read on the first of the month."""
    found: list[tuple[int, MeterCard]] = []
    for card in bills.of_run(run_id=run_id, state="issued", most=400):
        supplies = agreements.of_account(account_id=card.account_id)
        owed = balances.of_account(account_id=card.account_id, today=today).balance_minor
        if owed or len(supplies) != 1 or card.end_date != month_of(today).start:
            continue
        (place,) = places.overview(service_point_ids=[supplies[0].service_point_id], at_date=today)
        hung = [meter for meter in place.meters if meter.hangs(today)]
        if len(hung) != 1 or len(hung[0].registers) != 1:
            continue
        register = hung[0].registers[0]
        if register.is_interval or register.latest is None or register.latest.read_date != card.end_date:
            continue
        found.append((card.account_id, hung[0]))
        if len(found) == len(TOP_UPS):
            break
    return found


def _a_day(homes: Sequence[tuple[int, MeterCard]], day: date, since: date, today: date) -> None:
    """Let one day pass: reads at midnight, the night, texts that arrive, and what may be cut off."""
    for place, (account_id, meter) in enumerate(homes):
        first = meter.registers[0].latest
        count = (day - since).days
        if first is not None and count:
            used = sum(WH_A_DAY * (70 + (account_id * 7 + one * 13) % 60) // 100 for one in range(count))
            if place == JUMPS and day == today:
                used += 40 * WH_A_DAY
            reads.enter(
                serial=meter.serial, read_date=day, reading_wh=first.reading_wh + used, actor=SYSTEM, today=today
            )
    prepaid_nights.night(_at(day, NIGHT))
    outbox.deliver_due()
    told = notices.listed(wanted=Wanted(event="prepaid_pending", channel="sms", state="sent"), most=500)
    notice_receipts.take(found=[Receipt(Outcome.DELIVERED, notice_id=one.id, proof=f"demo-{one.id}") for one in told])
    prepaid_cuts.work(_at(day, MORNING))
    outbox.deliver_due()
    account_id = homes[-1][0] if len(homes) <= PAYS_AGAIN else homes[PAYS_AGAIN][0]
    if day == today:
        _pay(account_id, TOP_UPS[1], today, f"YF-{account_id}-2")
        outbox.deliver_due()


def _pay(account_id: int, amount_minor: int, on: date, reference: str) -> None:
    payments.receive(
        account_id=account_id, amount_minor=amount_minor, channel=PaymentChannel.API, reference=reference,
        received_date=on, today=on, actor=SYSTEM,
    )  # fmt: skip


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, tzinfo=local_clock(settings.TIME_ZONE).zone)
