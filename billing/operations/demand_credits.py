"""
What energy saved in events of demand response is worth: one credit note an event and account, at the supplier's cost.

The ledger of the accounts is locked first, then the event with its parts. A note is taken back by another person than
who settled by hand, with the loyalty points that it earned, and the part may be settled anew.
"""

from collections.abc import Sequence
from datetime import datetime

import structlog
from django.utils import timezone

from accounts.operations import points
from billing.models.bill import BillKind
from billing.operations import issuing, ledger, notes
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Refused
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain import breaches
from contracts.domain.charge_kinds import ChargeKind
from contracts.domain.demand_response import PART
from contracts.operations import demand_settling, signed_charges
from contracts.operations.demand_settling import Credit
from contracts.operations.signed_charges import SignedCharge
from contracts.queries import demand_events
from tariffs.domain.components.basic import TaxMode

WORK = "demand_settling"
"""Name of the nightly work."""
LEDGER_CODE = "expense.demand"
log = structlog.get_logger(__name__)


def night(at: datetime) -> None:
    """Settle events that have ended and whose parts are all measured; one that cannot be keeps none of the others."""
    for event_id in demand_events.ended():
        try:
            settle(event_id=event_id, at=at, actor=SYSTEM)
        except Refused as refusal:
            log.warning("event_not_settled", event_id=event_id, code=refusal.code, message=refusal.message)


@opens_transaction
def settle(*, event_id: int, at: datetime, actor: Actor) -> int:
    """
    Measure an event, and credit what was delivered once all of its parts are measured or waited for long enough.

    :returns: how many parts wait for values; then nothing is credited.
    :raises UnknownEvent, IllegalMove, NotAllowed: there is none; it has not ended, or is settled; the actor may not.
    :raises MissingRule: the pack has no rule ``demand_response``.
    """
    ledger.lock_customers(account_ids=demand_events.accounts_in(event_id=event_id))
    found = demand_settling.settle_step(event_id=event_id, at=at, actor=actor)
    _credit(found.credits, at=at, actor=actor)
    return found.waits


@opens_transaction
def settle_again(*, part_id: int, at: datetime, actor: Actor) -> None:
    """
    Measure and credit one part anew that was taken back, or whose values came late.

    :raises UnknownPart, IllegalMove, NotAllowed: there is none; it is settled, or was never; the actor may not.
    :raises NotMeasured: values are still missing.
    """
    ledger.lock_customers(account_ids=[demand_events.account_of(part_id=part_id)])
    _credit([demand_settling.settle_again_step(part_id=part_id, at=at, actor=actor)], at=at, actor=actor)


@opens_transaction
def take_back(*, part_id: int, reason: str, at: datetime, actor: Actor) -> None:
    """
    Take the settlement of a part back by a credit note, with the points that it earned.

    :raises UnknownPart, IllegalMove, NotAllowed: there is none; it is not settled; the actor may not.
    :raises OwnSettlement: the actor settled it. :raises NoReasonToTakeBack: nobody said why.
    :raises BillNotCancellable: a later bill corrects the note.
    """
    ledger.lock_customers(account_ids=[demand_events.account_of(part_id=part_id)])
    part = demand_settling.take_back_step(part_id=part_id, reason=reason, at=at, actor=actor)
    today = timezone.localdate(at)
    if part.note_id is not None:
        notes.take_back_step(note_id=part.note_id, reason=reason, as_of_date=today, actor=actor)
    points.look_again_step(account_id=part.account_id, day=today)


@joins_transaction
def _credit(credits_: Sequence[Credit], *, at: datetime, actor: Actor) -> None:
    """Write a note for each part that is worth something; a constant number of statements."""
    today, worth = timezone.localdate(at), [one for one in credits_ if one.amount_minor]
    made: dict[int, int] = {}
    if worth:
        charge_ids = signed_charges.agree_many_step(
            subject=PART, charges=[_charge(one) for one in worth], today=today, actor=actor
        )
        made = notes.bill_many_step(
            charge_ids={one.account_id: [charge_id] for one, charge_id in zip(worth, charge_ids, strict=True)},
            kind=BillKind.NOTE, issue_date=today, due_date=None, actor=actor, is_told=False,
        )  # fmt: skip
        issuing.queue_paper_step(bill_ids=sorted(made.values()))
    demand_settling.keep_notes_step(credits_=credits_, notes=made, actor=actor)


def _charge(one: Credit) -> SignedCharge:
    tax = breaches.tax_of(amount_minor=one.amount_minor, rate_e6=one.vat_e6, mode=TaxMode.INSIDE) if one.vat_e6 else 0
    return SignedCharge(
        account_id=one.account_id, kind=ChargeKind.DEMAND_RESPONSE, amount_minor=-one.amount_minor, tax_minor=-tax,
        ledger_class=LEDGER_CODE, reason=one.text, source=one.source, subject_id=one.part_id,
        key=f"{PART}:{one.part_id}:{one.turn}",
    )  # fmt: skip
