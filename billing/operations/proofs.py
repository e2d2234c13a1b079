"""Proofs of bills are shown to somebody, and that is kept."""

from billing.queries import proofs
from cis.kernel.actors import Actor
from cis.platform import audit
from cis.platform.db import opens_transaction
from tariffs.domain.telling import Plain


@opens_transaction
def show(*, bill_id: int, actor: Actor, with_staff: bool = False) -> Plain:
    """
    Return the proof of a bill, and note who looked at it.

    :param with_staff: whether the number of a member of staff who typed in a reading stands in it.
    :raises UnknownBill: there is none.
    """
    told = proofs.of_bill(bill_id=bill_id, with_staff=with_staff)
    audit.record(actor, "look", "bill_proof", bill_id)
    return told
