"""Offers end by themselves: their time is over, what they answer is over, or their contract is withdrawn unsigned."""

from datetime import date

from cis.kernel.actors import SYSTEM
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain.announcements import ContractWithdrawn
from contracts.domain.offer_workflow import OfferAction, OfferState
from contracts.models.offer import Offer
from contracts.operations.offers import close_row, lock


@joins_transaction
def drop_step(*, subject: str, subject_id: int) -> None:
    """Withdraw the drafted and sent offers for what needs none any more; accepted ones follow their contract."""
    rows = Offer.objects.select_for_update(of=("self",)).filter(subject=subject, subject_id=subject_id)
    for row in rows.order_by("id"):
        if row.state in {OfferState.DRAFT, OfferState.SENT}:
            close_row(row, OfferAction.WITHDRAW, SYSTEM)


@joins_transaction
def take_back_accepted_step(*, subject: str, subject_id: int) -> None:
    """Withdraw accepted offers whose contract holds no more: a later one is decided on by itself."""
    rows = Offer.objects.select_for_update(of=("self",)).filter(subject=subject, subject_id=subject_id)
    for row in rows.filter(state=OfferState.ACCEPTED.value).order_by("id"):
        close_row(row, OfferAction.WITHDRAW, SYSTEM)


@joins_transaction
def contract_withdrawn(told: ContractWithdrawn) -> None:
    """Withdraw an accepted offer with its contract that nobody signed: another one may be made; a listener."""
    if told.offer_id is not None:
        row = lock(told.offer_id)
        if row.state == OfferState.ACCEPTED:
            close_row(row, OfferAction.WITHDRAW, SYSTEM)


def expire(*, today: date) -> int:
    """End the offers whose last day has passed, each in a transaction with what follows it; return how many."""
    rows = Offer.objects.filter(state=OfferState.SENT.value, valid_until__lt=today).order_by("id")
    return sum(_expire(offer_id) for offer_id in list(rows.values_list("id", flat=True)))


@opens_transaction
def _expire(offer_id: int) -> bool:
    row = lock(offer_id)
    if row.state != OfferState.SENT:
        return False  # decided meanwhile
    close_row(row, OfferAction.EXPIRE, SYSTEM)
    return True
