"""Fees of an offer: owed when its contract is signed, reversed when that ends before they are earned."""

from datetime import date

from cis.kernel.actors import SYSTEM, Actor
from cis.platform.db import joins_transaction
from contracts.domain.announcements import ContractEnded
from contracts.domain.application_workflow import SUBJECT as APPLICATION
from contracts.domain.charge_kinds import ChargeKind
from contracts.domain.charge_workflow import ChargeState
from contracts.models.charge import OneOffCharge
from contracts.models.offer import OfferFee
from contracts.models.supply_contract import SupplyContract
from contracts.operations import charges
from contracts.queries import application_supplies

SUBJECT = "offer"


@joins_transaction
def agree_step(row: SupplyContract, *, today: date, actor: Actor) -> None:
    """Agree the fees of the offer from which a signed contract follows; the same contract again agrees nothing."""
    if row.offer_id is None or row.account_id is None:
        return
    for fee in OfferFee.objects.filter(offer_id=row.offer_id).order_by("seq"):
        charges.agree_step(
            account_id=row.account_id,
            kind=ChargeKind(fee.kind),
            amount_minor=fee.amount_minor,
            reason=fee.reason,
            subject=SUBJECT,
            subject_id=row.offer_id,
            key=f"offer {row.offer_id} fee {fee.seq}",
            today=today,
            actor=actor,
        )


@joins_transaction
def reverse_unearned(told: ContractEnded) -> None:
    """
    Reverse the fees of a contract that ended before they were earned; a listener.

    Fees of an application are earned once current flows at one of its supplies, others with the contract's first day.
    """
    rows = SupplyContract.objects.filter(number=told.number).order_by("version")
    for row in rows.exclude(offer=None).exclude(signed_at=None):
        if row.subject == APPLICATION and row.subject_id is not None:
            is_earned = application_supplies.has_current(application_id=row.subject_id)
        else:
            is_earned = told.end_date > row.start_date
        if is_earned:
            continue
        owed = OneOffCharge.objects.filter(subject=SUBJECT, subject_id=row.offer_id, state=ChargeState.AGREED.value)
        for charge_id in owed.order_by("id").values_list("id", flat=True):
            charges.reverse_step(charge_id=charge_id, reason=told.reason, actor=SYSTEM)
