"""Waivers of late fees: alone up to the limit of a role, above it by a second person."""

from datetime import date, timedelta

from django.db.models import Sum

from arrears.domain.charged_days import FeeState
from arrears.models.late_fee import LateFee, LateFeeWaiver, WaiverState
from arrears.operations import late_fees
from arrears.queries import late_fee_rules
from arrears.queries.late_fees import UnknownLateFee
from billing.operations import ledger
from cis.kernel.actors import Actor
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction

DECIDERS = frozenset((Role.BILLING, Role.SUPERVISOR))
REMARK_MOST = 200


class BadWaiver(Refused):
    """The late fee is owed no more, is being waived, or the reason is none of the place."""

    code = "bad_waiver"


class OwnWaiver(Refused):
    """Who proposed a waiver does not agree to it."""

    code = "own_proposal"


@opens_transaction
def propose(*, fee_id: int, reason: str, remark: str, today: date, actor: Actor) -> bool:
    """
    Waive a charged late fee; above what the actor's role waives alone it is proposed, and a second person decides.

    What was waived alone on the account within the days that the place names counts with it.

    :param reason: code of the pack rule ``late_fee_waiver``.
    :returns: whether it is waived now.
    :raises NotAllowed: the actor may not waive.
    :raises UnknownLateFee, BadWaiver, MissingRule: as they say.
    """
    rule = late_fee_rules.waiver(at=today)
    most_minor = rule.most_minor(actor.roles)
    if most_minor is None or actor.id is None:
        raise NotAllowed(f"{actor.name} may not waive late fees.", advice="Ask a clerk or billing.")
    if reason not in rule.reasons:
        raise BadWaiver("This is no reason for a waiver here.", advice=f"Known: {', '.join(rule.reasons)}.")
    fee = _lock(fee_id)
    if fee.state != FeeState.CHARGED.value or fee.waivers.filter(state=WaiverState.PROPOSED.value).exists():
        raise BadWaiver("The late fee is owed no more, or waits for a second person.", advice="Look at the account.")
    alone_minor = fee.amount_minor + _waived_alone(fee.account_id, since=today - timedelta(days=rule.within_days))
    is_for_two = alone_minor > most_minor
    waiver = LateFeeWaiver.objects.create(
        fee=fee,
        reason=reason,
        remark=remark.strip()[:REMARK_MOST],
        is_for_two=is_for_two,
        proposer_id=actor.id,
    )
    audit.record(
        actor, "propose_waiver", "account", fee.account_id, late_fee=fee.id, reason=reason, is_for_two=is_for_two
    )
    if not is_for_two:
        _agree(waiver, today=today, actor=actor)
    return not is_for_two


@opens_transaction
def decide(*, waiver_id: int, is_agreed: bool, today: date, actor: Actor) -> None:
    """
    Agree to a waiver that was proposed, or drop it.

    :raises UnknownLateFee: there is none that waits.
    :raises NotAllowed: the actor neither bills nor supervises.
    :raises OwnWaiver: who proposed it does not agree to it.
    """
    if not actor.is_one_of(DECIDERS) or actor.id is None:
        raise NotAllowed(f"{actor.name} may not decide on waivers.", advice="Ask billing or a supervisor.")
    found = LateFeeWaiver.objects.filter(id=waiver_id).values_list("fee_id", flat=True).first()
    if found is not None:
        _lock(found)
    waiver = LateFeeWaiver.objects.select_for_update().filter(id=waiver_id, state=WaiverState.PROPOSED.value).first()
    if waiver is None:
        raise UnknownLateFee("There is no waiver that waits for a second person.")
    if is_agreed and waiver.proposer_id == actor.id:
        raise OwnWaiver("Who proposed a waiver does not agree to it.", advice="Ask somebody else of billing.")
    waiver.decider_id = actor.id
    if is_agreed:
        _agree(waiver, today=today, actor=actor)
        return
    waiver.state = WaiverState.DROPPED.value
    waiver.save(update_fields=["state", "decider_id"])
    audit.record(actor, "drop_waiver", "account", waiver.fee.account_id, late_fee=waiver.fee_id)


@joins_transaction
def _lock(fee_id: int) -> LateFee:
    """Lock the customer's books, as all that moves them does first, then the late fee."""
    account_id = LateFee.objects.filter(id=fee_id).values_list("account_id", flat=True).first()
    if account_id is None:
        raise UnknownLateFee(f"There is no late fee {fee_id}.")
    ledger.lock_customers(account_ids=[account_id])
    return LateFee.objects.select_for_update().get(id=fee_id)


@joins_transaction
def _agree(waiver: LateFeeWaiver, *, today: date, actor: Actor) -> None:
    waiver.state, waiver.agreed_date = WaiverState.AGREED.value, today
    waiver.save(update_fields=["state", "agreed_date", "decider_id"])
    late_fees.take_back_step(
        fee_id=waiver.fee_id,
        state=FeeState.WAIVED,
        reason=f"Waived: {waiver.reason}" + (f", {waiver.remark}" if waiver.remark else ""),
        as_of_date=today,
        actor=actor,
    )
    audit.record(actor, "waive", "account", waiver.fee.account_id, late_fee=waiver.fee_id, reason=waiver.reason)


def _waived_alone(account_id: int, *, since: date) -> int:
    rows = LateFeeWaiver.objects.filter(
        fee__account_id=account_id, is_for_two=False, state=WaiverState.AGREED.value, agreed_date__gt=since
    )
    return rows.aggregate(sum=Sum("fee__amount_minor"))["sum"] or 0
