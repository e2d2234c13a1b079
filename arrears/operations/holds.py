"""
Holds: disputes, complaints, plans, money under way, and what the register of protections holds.

People are protected by that register (``accounts.operations.protections``): a hold for life support or for a vulnerable
customer is placed and lifted through it, from whichever door.

A hold is placed under the lock of the account's ledger, as a disconnection is dispatched: one of both comes first, and
where that is the hold, nothing is dispatched.
"""

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from accounts.domain.protections import ProtectionKind
from accounts.operations import protections
from accounts.operations.protections import NewProtection
from accounts.queries import protections as register
from arrears.domain.cut_facts import HoldKind
from arrears.domain.disconnection import UNDER_WAY
from arrears.models.collection import DisconnectionOrder, Hold
from arrears.models.plan import PlanDebt
from arrears.operations import cases, cutting
from arrears.queries.cuts import debts
from billing.operations import ledger
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction

TEXT_MOST = 300
HOLDERS: frozenset[Role | ActorKind] = frozenset(
    (Role.CLERK, Role.BILLING, Role.SUPERVISOR, ActorKind.CLIENT, ActorKind.SYSTEM)
)
PROTECTING = frozenset({HoldKind.LIFE_SUPPORT, HoldKind.VULNERABLE})
"""Kinds that keep a person from harm: one person asks that such a hold is lifted, another one lifts it."""
LIFTERS: frozenset[Role | ActorKind] = frozenset((Role.BILLING, Role.SUPERVISOR, ActorKind.SYSTEM))


class BadHold(Refused):
    """The hold cannot be as it is said: no evidence, an end before its beginning, or a bill that is not open."""

    code = "bad_hold"


class UnknownHold(Refused):
    """There is no such hold."""

    code = "unknown_hold"


class NeedsAnother(Refused):
    """Who asked that a hold is lifted does not lift it."""

    code = "lift_needs_another"


class HoldOfPlan(Refused):
    """The hold belongs to a plan of instalments, which is cancelled instead."""

    code = "hold_of_plan"


@opens_transaction
def place(
    *, account_id: int, kind: HoldKind, evidence: str, at: datetime, actor: Actor, bill_id: int | None = None,
    until_at: datetime | None = None, service_point_id: int | None = None,
) -> int:  # fmt: skip
    """
    Place a hold as a use case of its own; see ``place_step``. One that protects a person is a row of the register.

    :raises NotAllowed: the actor has no role for it. :raises ProtectionExists: the register has the person already.
    """
    if kind not in PROTECTING:
        return place_step(
            account_id=account_id, kind=kind, evidence=evidence, at=at, actor=actor, bill_id=bill_id,
            until_at=until_at, service_point_id=service_point_id,
        )  # fmt: skip
    _check(kind=kind, evidence=evidence, at=at, until_at=until_at, service_point_id=service_point_id)
    if bill_id is not None:
        raise BadHold("A person is protected for all bills.", advice="Choose no bill.", field="bill")
    new = NewProtection(
        account_id=account_id, kind=ProtectionKind(kind.value), told=evidence, place_id=service_point_id,
        until_at=until_at,
    )  # fmt: skip
    made = protections.register_step(new=new, at=at, actor=actor)
    return Hold.objects.filter(id__in=register.holds_of(protection_id=made)).latest("id").id


@joins_transaction
def place_step(
    *, account_id: int, kind: HoldKind, evidence: str, at: datetime, actor: Actor, bill_id: int | None = None,
    until_at: datetime | None = None, service_point_id: int | None = None,
) -> int:  # fmt: skip
    """
    Place a hold on an account, or on one open bill of it, from now on. One for life support undoes what was dispatched.

    :param evidence: what shows it, as the number of a certificate or complaint.
    :param until_at: None: until it is lifted.
    :param service_point_id: the place that it protects too, whichever account is supplied there.
    :returns: id of the hold.
    :raises NotAllowed: the actor has no role for it.
    :raises BadHold: nothing shows it, it ends before it begins, the bill is not open on this account, or a place is
        named for a hold that protects nobody.
    """
    if not actor.is_one_of(HOLDERS):
        raise NotAllowed(f"{actor.name} may not place holds.", advice="Ask a clerk.")
    _check(kind=kind, evidence=evidence, at=at, until_at=until_at, service_point_id=service_point_id)
    return _place(
        account_id=account_id, kind=kind, evidence=evidence, at=at, actor=actor, bill_id=bill_id, until_at=until_at,
        service_point_id=service_point_id,
    )  # fmt: skip


@joins_transaction
def protect_step(
    *, account_id: int, kind: ProtectionKind, evidence: str, at: datetime, actor: Actor, place_id: int | None,
    until_at: datetime | None,
) -> int:  # fmt: skip
    """Hold an account for a protection that the register let the actor make; return the id of the hold."""
    return _place(
        account_id=account_id, kind=HoldKind(kind.value), evidence=evidence, at=at, actor=actor, bill_id=None,
        until_at=until_at, service_point_id=place_id,
    )  # fmt: skip


@joins_transaction
def unprotect_step(*, hold_ids: Sequence[int], reason: str, at: datetime, actor: Actor) -> bool:
    """
    Lift the holds of a protection that ends; the second person does, and gives the reason again.

    :returns: False: it waits for another person.
    :raises NotAllowed: the actor has no role for it. :raises NeedsAnother: this person has asked for it already.
    """
    lifted = [_lift(hold_id, reason, at, actor) for hold_id in hold_ids]
    return all(lifted)


@joins_transaction
def keep_step(*, hold_ids: Sequence[int], actor: Actor) -> None:
    """Let the holds of a protection stand."""
    for hold_id in hold_ids:
        _keep(hold_id, actor)


@joins_transaction
def renew_step(*, hold_ids: Sequence[int], at: datetime, actor: Actor) -> None:
    """Let the holds of a protection that was shown hold until it is ended; nobody has asked to lift them any more."""
    for hold_id in hold_ids:
        row = _lock(hold_id, SYSTEM)
        row.until_at, row.lift_asked_reason, row.lift_asker_id = None, "", None
        row.save(update_fields=["until_at", "lift_asked_reason", "lift_asker_id"])
        audit.record(actor, "renew_hold", "account", row.account_id, hold_id=hold_id)
        cases.note_step(account_ids=[row.account_id], at=at)


def _check(
    *, kind: HoldKind, evidence: str, at: datetime, until_at: datetime | None, service_point_id: int | None
) -> None:
    if not evidence.strip():
        raise BadHold("Nothing shows the hold.", advice="Name certificate, complaint or agreement.", field="evidence")
    if until_at is not None and until_at <= at:
        raise BadHold("The hold ends before it begins.", field="until")
    if service_point_id is not None and kind not in PROTECTING:
        raise BadHold("Only people are protected at a place, whoever is supplied there.", field="service_point")


@joins_transaction
def _place(
    *, account_id: int, kind: HoldKind, evidence: str, at: datetime, actor: Actor, bill_id: int | None,
    until_at: datetime | None, service_point_id: int | None,
) -> int:  # fmt: skip
    ledger.lock_customers(account_ids=sorted({account_id, *_ordered_at(service_point_id)}))
    if bill_id is not None and bill_id not in {debt.bill_id for debt in debts(account_id=account_id)}:
        raise BadHold("The bill is not open on this account.", advice="Choose an open bill.", field="bill")
    row = Hold.objects.create(
        account_id=account_id, kind=kind.value, bill_id=bill_id, since_at=at, until_at=until_at,
        evidence=evidence.strip()[:TEXT_MOST], actor_id=actor.id, actor_name=actor.name[:150],
        service_point_id=service_point_id,
    )  # fmt: skip
    audit.record(actor, "hold", "account", account_id, hold_id=row.id, kind=kind, bill_id=bill_id, evidence=evidence)
    if kind is HoldKind.LIFE_SUPPORT:
        cutting.protect_step(
            account_id=account_id, service_point_id=service_point_id, reason=kind.value, at=at, actor=actor
        )
    cases.note_step(account_ids=[account_id], at=at)
    return row.id


def _ordered_at(service_point_id: int | None) -> set[int]:
    """Return the accounts for whose debts a place is to be cut off: their ledgers are what a dispatch locks."""
    if service_point_id is None:
        return set()
    rows = DisconnectionOrder.objects.filter(service_point_id=service_point_id, state__in=UNDER_WAY)
    return set(rows.values_list("account_id", flat=True))


@opens_transaction
def lift(*, hold_id: int, reason: str, at: datetime, actor: Actor) -> bool:
    """
    End a hold. One that ended stays as it is.

    One that protects a person is asked for by the first, and ended by another person who gives the reason again.

    :returns: False: it waits for another person.
    :raises UnknownHold: there is none; NotAllowed: the actor has no role for it; BadHold: nobody says why.
    :raises NeedsAnother: this person has asked for it already. :raises HoldOfPlan: see there.
    """
    protection_id = register.of_hold(hold_id=hold_id)
    if protection_id is None or Hold.objects.filter(id=hold_id, until_at__lte=at).exists():
        return _lift(hold_id, reason, at, actor)
    return protections.end_step(protection_id=protection_id, reason=reason, at=at, actor=actor)


@joins_transaction
def _lift(hold_id: int, reason: str, at: datetime, actor: Actor) -> bool:
    row = _lock(hold_id, actor)
    if not reason.strip():
        raise BadHold("A reason is needed.", advice="Say why it holds no more.", field="reason")
    if row.until_at is not None and row.until_at <= at:
        return True
    if PlanDebt.objects.filter(hold_id=hold_id).exists():
        raise HoldOfPlan("The hold is that of a plan of instalments.", advice="Cancel the plan.")
    if HoldKind(row.kind) in PROTECTING:
        if row.lift_asked_reason == "":
            row.lift_asked_reason, row.lift_asker_id = reason.strip()[:TEXT_MOST], actor.id
            row.save(update_fields=["lift_asked_reason", "lift_asker_id"])
            audit.record(actor, "ask_to_lift_hold", "account", row.account_id, hold_id=hold_id, reason=reason)
            return False
        if actor.id is None or actor.id == row.lift_asker_id:
            raise NeedsAnother("Another person lifts it.", advice="Ask somebody of billing, or a supervisor.")
    row.until_at, row.lift_reason, row.lifter_id = max(at, row.since_at), reason.strip()[:TEXT_MOST], actor.id
    row.save(update_fields=["until_at", "lift_reason", "lifter_id"])
    audit.record(actor, "lift_hold", "account", row.account_id, hold_id=hold_id, reason=row.lift_reason)
    cases.note_step(account_ids=[row.account_id], at=at)
    return True


@joins_transaction
def end_step(*, hold_id: int, reason: str, at: datetime, actor: Actor) -> None:
    """
    End a hold with what it was placed for, as a step of that; one that protects a person, or has ended, stays.

    :raises UnknownHold: there is none.
    """
    row = _lock(hold_id, SYSTEM)
    if HoldKind(row.kind) in PROTECTING or (row.until_at is not None and row.until_at <= at):
        return
    row.until_at, row.lift_reason, row.lifter_id = max(at, row.since_at), reason[:TEXT_MOST], actor.id
    row.save(update_fields=["until_at", "lift_reason", "lifter_id"])
    audit.record(actor, "lift_hold", "account", row.account_id, hold_id=hold_id, reason=row.lift_reason)
    cases.note_step(account_ids=[row.account_id], at=at)


@joins_transaction
def show_step(*, hold_ids: Sequence[int], evidence: str) -> None:
    """Let holds, ended ones too, show something else, where what they were placed for is not to be named any more."""
    Hold.objects.filter(id__in=hold_ids).update(evidence=evidence[:TEXT_MOST])


@opens_transaction
def keep(*, hold_id: int, actor: Actor) -> None:
    """
    Let a hold stand that somebody asked to lift.

    :raises UnknownHold: there is none; NotAllowed: the actor has no role for it.
    """
    protection_id = register.of_hold(hold_id=hold_id)
    if protection_id is None:
        _keep(hold_id, actor)
    else:
        protections.keep_step(protection_id=protection_id, at=timezone.now(), actor=actor)


@joins_transaction
def _keep(hold_id: int, actor: Actor) -> None:
    row = _lock(hold_id, actor)
    row.lift_asked_reason, row.lift_asker_id = "", None
    row.save(update_fields=["lift_asked_reason", "lift_asker_id"])
    audit.record(actor, "keep_hold", "account", row.account_id, hold_id=hold_id)


@joins_transaction
def _lock(hold_id: int, actor: Actor) -> Hold:
    if not actor.is_one_of(LIFTERS):
        raise NotAllowed(f"{actor.name} may not lift holds.", advice=f"Ask {Role.BILLING} or {Role.SUPERVISOR}.")
    row = Hold.objects.filter(id=hold_id).first()
    if row is None:
        raise UnknownHold(f"There is no hold {hold_id}.", hold_id=hold_id)
    ledger.lock_customers(account_ids=[row.account_id])
    return Hold.objects.select_for_update().get(id=hold_id)
