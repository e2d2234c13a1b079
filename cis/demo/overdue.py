"""
Made-up customers who did not pay: their debits came back, and the ladder climbed since, with what came back of it.

One account has its supply proposed to be cut off, others are held: a dispute, a plan of hardship, life support.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.domain.receipts import Outcome, Receipt
from accounts.operations import letters, notice_receipts
from accounts.queries import notices, users
from accounts.queries.notices import Wanted
from arrears.domain.cut_facts import HoldKind
from arrears.operations import demands, disconnections, dunning, forecasts, holds
from arrears.operations.demands import CallResult
from arrears.queries import dunning as queries
from arrears.queries import orders
from arrears.queries.dunning import WantedCases
from billing.domain.channels import ReturnKind
from billing.operations import payments
from billing.queries import bills
from cis.demo import instalments
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.calendar import local_clock
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.platform import outbox

DEBTORS = 9
DAYS = 50
"""So far the nights are looked back."""
MORNING = time(8, 30)
HELD = {1: HoldKind.LIFE_SUPPORT, 3: HoldKind.DISPUTE, 5: HoldKind.HARDSHIP}
EVIDENCE = {
    HoldKind.LIFE_SUPPORT: "呼吸机证明 2026-114", HoldKind.DISPUTE: "来信 0417", HoldKind.HARDSHIP: "街道办证明 88",
}  # fmt: skip
COLD, WARM = 31, 164
NOBODY_LOOKED = 4
DAY, STAFF = timedelta(days=1), {"billing": Role.BILLING, "clerk": Role.CLERK}


def build(*, run_id: int, today: date) -> None:
    """Let debits of some customers come back, and the ladder climb from then until today."""
    staff = {one.username: one.id for one in users.staff()}
    biller, clerk = (Actor(ActorKind.STAFF, staff[name], name, frozenset({role})) for name, role in STAFF.items())
    cards = bills.of_run(run_id=run_id, state="issued", most=200)
    debtors = [card.account_id for card in cards[3::3]][:DEBTORS]
    for place, account_id in enumerate(debtors):
        _come_back(account_id, count=2 + place % 3)
    for back in range(DAYS, -1, -1):
        _day(_at(today - back * DAY), clerk)
    held = [case for account_id in debtors if (case := queries.open_of_account(account_id=account_id))]
    for place, case in enumerate(held):
        if place in HELD:
            kind = HELD[place]
            holds.place(account_id=case.account_id, kind=kind, evidence=EVIDENCE[kind], at=timezone.now(), actor=clerk)
    forecasts.enter(
        made_at=timezone.now() - timedelta(hours=2), until_at=timezone.now() + 5 * DAY, coldest_tenths=COLD,
        hottest_tenths=WARM, source="上海市气象局", at=timezone.now(), actor=biller,
    )  # fmt: skip
    _propose([case.account_id for case in held], today, biller)
    instalments.build(today=today, at=timezone.now(), clerk=clerk)


def _at(day: date) -> datetime:
    return datetime.combine(day, MORNING, tzinfo=local_clock(settings.TIME_ZONE).zone)


def _come_back(account_id: int, *, count: int) -> None:
    """Let the bank take back the latest payments of an account that stand."""
    stand = [one for one in bills.payments_of(account_id=account_id) if not one.return_kind]
    for payment in stand[:count]:
        with transaction.atomic():
            payments.take_back_step(
                payment_id=payment.id, kind=ReturnKind.BOUNCED, returned_date=payment.received_date,
                reason="AC04 account closed", actor=SYSTEM,
            )  # fmt: skip


def _day(at: datetime, clerk: Actor) -> None:
    """Let one day pass: demands go out, texts arrive, letters are posted, the clerk makes the calls."""
    dunning.night(at)
    outbox.deliver_due()
    told = notices.listed(wanted=Wanted(event="debt_reminder", channel="sms", state="sent"), most=500)
    notice_receipts.take(found=[Receipt(Outcome.DELIVERED, notice_id=one.id, proof=f"demo-{one.id}") for one in told])
    _post(clerk)
    demands.prove(at)
    _hand_over(at, clerk)
    for call in queries.to_make(most=500)[1:]:
        demands.call(
            move_id=call.id, result=CallResult.ANSWERED, note="says that it will be paid 答应缴费",
            at=at + timedelta(hours=2), actor=clerk,
        )  # fmt: skip


def _hand_over(at: datetime, clerk: Actor) -> None:
    """Let the clerk send letters to the supply address where no other is known, but for some that nobody looked at."""
    wanted = WantedCases(held="proof", step="letter")
    for case in queries.listed(wanted=wanted, today=at.date(), most=100):
        letter = queries.demands(account_id=case.account_id)[0]
        if case.account_id % NOBODY_LOOKED and letter.made_at <= at:
            demands.record_proof(
                move_id=letter.id,
                proof=f"EMS 10{letter.id:06d} 寄用电地址",
                proven_at=letter.made_at,
                at=at,
                actor=clerk,
            )


def _post(clerk: Actor) -> None:
    try:
        batch_id = letters.make_batch(actor=clerk)
    except letters.NothingToPrint:
        return
    outbox.deliver_due()
    letters.hand_over(batch_id=batch_id, actor=clerk)


def _propose(account_ids: Sequence[int], today: date, biller: Actor) -> None:
    """Propose that the first place is cut off that nothing keeps from being proposed."""
    for account_id in account_ids:
        for point_id, _address in orders.supplies(account_id=account_id, on=today):
            try:
                disconnections.propose(
                    account_id=account_id, service_point_id=point_id, at=timezone.now(), actor=biller,
                    reason="demanded several times, promised to pay and did not 多次催缴未缴",
                )  # fmt: skip
            except Refused:
                continue
            return
