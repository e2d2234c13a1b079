"""One-off charges agreed by hand, by staff or a program, within the bounds of the place; by two above its limit."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Sum

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, db, events
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain.announcements import ChargeAgreed
from contracts.domain.charge_kinds import ChargeKind
from contracts.domain.charge_workflow import AGREERS, CHARGE_WORKFLOW, ChargeAction, ChargeState
from contracts.models.charge import OneOffCharge
from contracts.operations import charges
from contracts.queries import charge_rules
from contracts.queries.charges import BY_HAND, UnknownCharge


class OwnCharge(Refused):
    """Who entered a charge does not agree to it."""

    code = "own_proposal"


class NotByHand(Refused):
    """The place does not let staff charge this kind by hand, or so much."""

    code = "charge_not_by_hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandCharge:
    """
    A charge to agree by hand. [minor unit]

    amount_minor  before a tax that comes on top
    agreement_id  the supply that it is for; None: the account
    key           the same key twice is one charge
    """

    account_id: int
    kind: ChargeKind
    amount_minor: int
    reason: str
    key: str
    agreement_id: int | None = None


@opens_transaction
def agree(*, new: HandCharge, today: date, actor: Actor) -> int:
    """
    Agree a charge by hand; above what one person agrees alone it is proposed, and a second person decides.

    What was agreed alone on the account within the days that the place names counts with it, so that slices do not
    pass the limit one by one.

    :returns: id of the charge.
    :raises NotAllowed: the actor may not charge.
    :raises NotByHand: the place does not let staff charge this kind, or so much.
    :raises BadCharge, UnknownAccount, UnknownAgreement, ChargeKeyTaken, MissingRule: as ``charges.agree_step``.
    """
    if not actor.is_one_of(AGREERS):
        raise NotAllowed(f"{actor.name} may not charge by hand.", advice="Ask a clerk or billing.")
    rule = charge_rules.by_hand(at=today)
    if new.kind not in rule.kinds:
        known = ", ".join(rule.kinds)
        raise NotByHand(f"A charge of kind {new.kind} is not agreed by hand.", advice=f"Kinds: {known}.", field="kind")
    owed_minor = charge_rules.taxed(kind=new.kind, amount_minor=new.amount_minor, at=today).amount_minor
    if owed_minor > rule.most_minor:
        raise NotByHand(
            "The amount is above the largest that is charged by hand here.", advice="Make an offer.", field="amount"
        )
    db.fetch("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"charges by hand {new.account_id}"])
    known_charge = OneOffCharge.objects.filter(key=new.key).first()
    alone_minor = owed_minor + _agreed_alone(new.account_id, since=today - timedelta(days=rule.within_days))
    return charges.agree_step(
        account_id=new.account_id,
        agreement_id=new.agreement_id,
        kind=new.kind,
        amount_minor=new.amount_minor,
        reason=new.reason,
        subject=BY_HAND,
        subject_id=new.account_id,
        key=new.key,
        today=today,
        actor=actor,
        is_for_two=known_charge is None and alone_minor > rule.alone_most_minor,
        proposer_id=actor.id if actor.kind is ActorKind.STAFF else None,
    )


@opens_transaction
def decide(*, charge_id: int, action: ChargeAction, today: date, actor: Actor) -> None:
    """
    Agree to a charge that was proposed, or drop it. Agreed, it is announced: the next bill carries it.

    :raises UnknownCharge: there is none that was proposed by hand.
    :raises IllegalMove, NotAllowed: it is decided already, or the actor may not.
    :raises OwnCharge: who entered it does not agree to it.
    """
    charge = _lock(charge_id)
    move = CHARGE_WORKFLOW.step(ChargeState(charge.state), action, actor)
    if action is ChargeAction.AGREE and charge.proposer_id is not None and charge.proposer_id == actor.id:
        raise OwnCharge("Who entered a charge does not agree to it.", advice="Ask somebody else of billing.")
    charge.state, charge.decider_id = move.to.value, actor.id
    if action is ChargeAction.AGREE:
        charge.agreed_date = today
        events.announce(
            ChargeAgreed(charge_id=charge.id, agreement_id=charge.agreement_id, account_id=charge.account_id)
        )
    charge.save(update_fields=["state", "decider_id", "agreed_date"])
    audit.record(actor, action.value, "charge", charge.id, amount_minor=charge.amount_minor)


@joins_transaction
def _lock(charge_id: int) -> OneOffCharge:
    charge = OneOffCharge.objects.select_for_update().filter(id=charge_id, is_for_two=True).first()
    if charge is None:
        raise UnknownCharge(f"There is no charge {charge_id} that waits for a second person.")
    return charge


def _agreed_alone(account_id: int, *, since: date) -> int:
    """Return what single persons agreed by hand on an account since a day, and still stands. [minor unit]"""
    rows = OneOffCharge.objects.filter(
        account_id=account_id, subject=BY_HAND, is_for_two=False, state=ChargeState.AGREED.value, agreed_date__gt=since
    )
    return rows.aggregate(sum=Sum("amount_minor"))["sum"] or 0
