"""
Holds: the register of life support and vulnerable customers, disputes, complaints, plans, money under way.

A hold is placed under the lock of the account's ledger, as a disconnection is dispatched: one of both comes first, and
where that is the hold, nothing is dispatched.
"""

from datetime import datetime

from arrears.domain.cut_facts import HoldKind
from arrears.models.collection import Hold
from arrears.operations import cutting
from arrears.queries.cuts import debts
from billing.operations import ledger
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction

TEXT_MOST = 300
HOLDERS: frozenset[Role | ActorKind] = frozenset((Role.CLERK, Role.BILLING, Role.SUPERVISOR, ActorKind.SYSTEM))
LIFTERS: frozenset[Role | ActorKind] = frozenset((Role.BILLING, Role.SUPERVISOR, ActorKind.SYSTEM))


class BadHold(Refused):
    """The hold cannot be as it is said: no evidence, an end before its beginning, or a bill that is not open."""

    code = "bad_hold"


class UnknownHold(Refused):
    """There is no such hold."""

    code = "unknown_hold"


@opens_transaction
def place(
    *, account_id: int, kind: HoldKind, evidence: str, at: datetime, actor: Actor, bill_id: int | None = None,
    until_at: datetime | None = None,
) -> int:  # fmt: skip
    """
    Place a hold at the desk; see ``place_step``.

    :raises NotAllowed: the actor has no role for it.
    """
    return place_step(
        account_id=account_id, kind=kind, evidence=evidence, at=at, actor=actor, bill_id=bill_id, until_at=until_at
    )


@joins_transaction
def place_step(
    *, account_id: int, kind: HoldKind, evidence: str, at: datetime, actor: Actor, bill_id: int | None = None,
    until_at: datetime | None = None,
) -> int:  # fmt: skip
    """
    Place a hold on an account, or on one open bill of it, from now on. One for life support undoes what was dispatched.

    :param evidence: what shows it, as the number of a certificate or complaint.
    :param until_at: None: until it is lifted.
    :returns: id of the hold.
    :raises NotAllowed: the actor has no role for it.
    :raises BadHold: nothing shows it, it ends before it begins, or the bill is not open on this account.
    """
    if not actor.is_one_of(HOLDERS):
        raise NotAllowed(f"{actor.name} may not place holds.", advice="Ask a clerk.")
    if not evidence.strip():
        raise BadHold("Nothing shows the hold.", advice="Name certificate, complaint or agreement.", field="evidence")
    if until_at is not None and until_at <= at:
        raise BadHold("The hold ends before it begins.", field="until")
    ledger.lock_customers(account_ids=[account_id])
    if bill_id is not None and bill_id not in {debt.bill_id for debt in debts(account_id=account_id)}:
        raise BadHold("The bill is not open on this account.", advice="Choose an open bill.", field="bill")
    row = Hold.objects.create(
        account_id=account_id, kind=kind.value, bill_id=bill_id, since_at=at, until_at=until_at,
        evidence=evidence.strip()[:TEXT_MOST], actor_id=actor.id, actor_name=actor.name[:150],
    )  # fmt: skip
    audit.record(actor, "hold", "account", account_id, hold_id=row.id, kind=kind, bill_id=bill_id, evidence=evidence)
    if kind is HoldKind.LIFE_SUPPORT:
        cutting.protect_step(account_id=account_id, reason=kind.value, at=at, actor=actor)
    return row.id


@opens_transaction
def lift(*, hold_id: int, reason: str, at: datetime, actor: Actor) -> None:
    """
    End a hold. One that ended stays as it is.

    :raises UnknownHold: there is none; NotAllowed: the actor has no role for it; BadHold: nobody says why.
    """
    if not actor.is_one_of(LIFTERS):
        raise NotAllowed(f"{actor.name} may not lift holds.", advice=f"Ask {Role.BILLING} or {Role.SUPERVISOR}.")
    if not reason.strip():
        raise BadHold("A reason is needed.", advice="Say why it holds no more.", field="reason")
    row = Hold.objects.filter(id=hold_id).first()
    if row is None:
        raise UnknownHold(f"There is no hold {hold_id}.", hold_id=hold_id)
    ledger.lock_customers(account_ids=[row.account_id])
    row.refresh_from_db()
    if row.until_at is not None and row.until_at <= at:
        return
    row.until_at, row.lift_reason = max(at, row.since_at), reason.strip()[:TEXT_MOST]
    row.save(update_fields=["until_at", "lift_reason"])
    audit.record(actor, "lift_hold", "account", row.account_id, hold_id=hold_id, reason=row.lift_reason)
