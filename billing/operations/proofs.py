"""Proofs of bills are shown to somebody, and that is kept."""

from datetime import date

from billing.queries import proofs
from cis.kernel.actors import Actor
from cis.platform import audit
from cis.platform.db import opens_transaction
from tariffs.domain.telling import Plain


@opens_transaction
def show(*, bill_id: int, actor: Actor, with_staff: bool = False, since_date: date | None = None) -> Plain:
    """
    Return the proof of a bill, and note who looked at it.

    :param with_staff: whether the number of a member of staff who typed in a reading stands in it.
    :param since_date: day on which the reader took the account over: no bill of others is compared with theirs.
    :raises UnknownBill: there is none.
    """
    told = proofs.of_bill(bill_id=bill_id, with_staff=with_staff, since_date=since_date)
    audit.record(actor, "look", "bill_proof", bill_id)
    return told
