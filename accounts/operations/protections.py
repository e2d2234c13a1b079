"""
Protections: registered from the call on, shown by papers, looked at again, ended.

Where the rule of the place says so, the account is held at once (``Holder``); who asks that such a protection ends is
followed by another person who ends it.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.domain.announcements import HolderChanged
from accounts.domain.protections import (
    EVIDENCE_STANDARD,
    KEEPERS,
    REVIEW_STANDARD,
    Evidence,
    Holder,
    Keeper,
    Lifter,
    ProtectionKind,
    ProtectionRule,
    Renewer,
)
from accounts.models.account import AccountHolder
from accounts.models.care import Protection
from accounts.queries import care_rules
from accounts.queries.accounts import UnknownAccount
from accounts.queries.protections import UnknownProtection
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, deadlines
from cis.platform.db import fetch, joins_transaction, opens_transaction

SUBJECT, WORK = "protection", "protection_reviews"
TEXT_MOST = 300
ENDERS: Final[frozenset[Role | ActorKind]] = frozenset(
    (Role.BILLING, Role.SUPERVISOR, ActorKind.CLIENT, ActorKind.SYSTEM)
)
"""Who ends a protection; a program none that keeps a supply on."""


class BadProtection(Refused):
    """The protection cannot be as it is said: nothing was said, or the paper does not show such a one."""

    code = "bad_protection"


class ProtectionExists(Refused):
    """The register has it already."""

    code = "protection_exists"


class ProtectionEnded(Refused):
    """The protection holds no more."""

    code = "protection_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProtection:
    """
    A protection to be registered.

    account_id  at whose page it was registered; a key account is one with all its accounts
    told        what was said on the telephone, or shown
    person      who is meant
    place_id    service point that is protected, whoever is supplied there
    until_at    None: until it is ended
    """

    account_id: int
    kind: ProtectionKind
    told: str
    person: str = ""
    place_id: int | None = None
    until_at: datetime | None = None


@dataclass(slots=True)
class _Bound:
    hold: Holder | None = None
    lift: Lifter | None = None
    keep: Keeper | None = None
    renew: Renewer | None = None


_bound = _Bound()


def hold_by(*, hold: Holder, lift: Lifter, keep: Keeper, renew: Renewer) -> None:
    """Bind who holds accounts that are protected; for ``cis.wiring`` only."""
    _bound.hold, _bound.lift, _bound.keep, _bound.renew = hold, lift, keep, renew


@opens_transaction
def register(*, new: NewProtection, at: datetime, actor: Actor) -> int:
    """Register a protection as a use case of its own; see ``register_step``."""
    return register_step(new=new, at=at, actor=actor)


@joins_transaction
def register_step(*, new: NewProtection, at: datetime, actor: Actor) -> int:
    """
    Register a protection from now on; its papers may still come. The account is held at once where the rule says so.

    :returns: id of the protection.
    :raises MissingRule: the place has no such register.
    :raises NotAllowed: the rule lets others register it.
    :raises BadProtection: nothing was said, it ends before it begins, or nobody holds the account.
    :raises ProtectionExists: see there.
    """
    today = timezone.localdate(at)
    rule = _rule(new.kind, today)
    if not rule.may_set(actor):
        raise NotAllowed(
            f"{actor.name} may not register {new.kind}.", advice=f"Ask: {', '.join(sorted(rule.setters))}."
        )
    if not new.told.strip():
        raise BadProtection("Nothing was said.", advice="Write down who said what.", field="told")
    if new.until_at is not None and new.until_at <= at:
        raise BadProtection("It ends before it begins.", field="until")
    holder = AccountHolder.objects.filter(account_id=new.account_id).order_by("-period").first()
    if holder is None:
        raise UnknownAccount(f"There is no account {new.account_id}.", account_id=new.account_id)
    row = Protection(
        customer_id=holder.customer_id, account_id=new.account_id if rule.holds else None, kind=new.kind.value,
        place_id=new.place_id, person=new.person.strip()[:120], told=new.told.strip()[:TEXT_MOST], since_date=today,
        until_date=None if new.until_at is None else _first_day_after(new.until_at), actor_id=actor.id,
        actor_name=actor.name[:150],
    )  # fmt: skip
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise ProtectionExists("The register has it already.", advice="Look at the register.") from error
    if rule.holds and _bound.hold is not None:
        row.hold_ids = [
            _bound.hold(
                account_id=new.account_id, kind=new.kind, evidence=row.told, at=at, actor=actor,
                place_id=new.place_id, until_at=new.until_at,
            )
        ]  # fmt: skip
        row.save(update_fields=["hold_ids"])
    deadlines.start(subject=SUBJECT, subject_id=row.id, standard=EVIDENCE_STANDARD, at=at)
    audit.record(actor, "protect", "account", new.account_id, protection=new.kind)
    audit.record(actor, "register", SUBJECT, row.id, protection=new.kind, account_id=new.account_id)
    return row.id


@opens_transaction
def prove(*, protection_id: int, evidence: Evidence, text: str, at: datetime, actor: Actor) -> None:
    """
    Keep which paper shows a protection, the first one or the one of its renewal; it is looked at again by the rule.

    It holds from now on until it is ended, whatever last day was said when it was registered; and whoever asked to end
    it before this paper was there has to ask anew.

    :raises UnknownProtection: there is none. :raises ProtectionEnded: it holds no more.
    :raises NotAllowed: the actor takes no papers in.
    :raises BadProtection: such a paper does not show it, or number and issuer are missing.
    :raises ProtectionExists: it had a last day, and was registered anew since.
    """
    today = timezone.localdate(at)
    row = _lock(protection_id, today)
    rule = _rule(ProtectionKind(row.kind), today)
    if not actor.roles & KEEPERS:
        raise NotAllowed(f"{actor.name} may not take papers in.", advice="Ask a clerk.")
    if evidence not in rule.evidence:
        raise BadProtection("Such a paper does not show it here.", advice="Look at the rule.", field="evidence")
    if not text.strip():
        raise BadProtection("Number and issuer are missing.", advice="Write what stands on it.", field="text")
    row.evidence, row.evidence_text, row.proven_date = evidence.value, text.strip()[:200], today
    row.review_date, row.review_asked_date = rule.review_date(today), None
    row.until_date, row.asked_reason, row.asker_id = None, "", None
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise ProtectionExists("It was registered anew since.", advice="Enter the paper there.") from error
    if row.hold_ids and _bound.renew is not None:
        _bound.renew(hold_ids=row.hold_ids, at=at, actor=actor)
    deadlines.meet(subject=SUBJECT, subject_id=row.id, at=at)
    audit.record(actor, "prove", SUBJECT, row.id, evidence=evidence, review_date=row.review_date)


@opens_transaction
def end(*, protection_id: int, reason: str, at: datetime, actor: Actor) -> bool:
    """End a protection as a use case of its own; see ``end_step``."""
    return end_step(protection_id=protection_id, reason=reason, at=at, actor=actor)


@joins_transaction
def end_step(*, protection_id: int, reason: str, at: datetime, actor: Actor) -> bool:
    """
    End a protection. One that holds an account is asked for by the first, and ended by another person.

    :returns: False: it waits for another person.
    :raises UnknownProtection: there is none. :raises ProtectionEnded: it holds no more.
    :raises NotAllowed: the actor has no role for it. :raises BadProtection: nobody says why.
    """
    today = timezone.localdate(at)
    row = _lock(protection_id, today)
    if not actor.is_one_of(ENDERS):
        raise NotAllowed(f"{actor.name} may not end protections.", advice=f"Ask {Role.BILLING} or {Role.SUPERVISOR}.")
    if row.hold_ids and actor.kind is ActorKind.CLIENT:
        raise NotAllowed("It keeps a supply on.", advice="People end it, on the desk: one asks, another one does.")
    if not reason.strip():
        raise BadProtection("A reason is needed.", advice="Say why it holds no more.", field="reason")
    if (
        row.hold_ids
        and _bound.lift is not None
        and not _bound.lift(hold_ids=row.hold_ids, reason=reason, at=at, actor=actor)
    ):
        row.asked_reason, row.asker_id = reason.strip()[:TEXT_MOST], actor.id
        row.save(update_fields=["asked_reason", "asker_id"])
        audit.record(actor, "ask_to_end", SUBJECT, row.id, reason=reason)
        return False
    row.until_date, row.end_reason, row.ender_id = max(today, row.since_date), reason.strip()[:TEXT_MOST], actor.id
    row.save(update_fields=["until_date", "end_reason", "ender_id"])
    deadlines.drop(subject=SUBJECT, subject_id=row.id, at=at)
    audit.record(actor, "end", SUBJECT, row.id, reason=reason)
    return True


@opens_transaction
def keep(*, protection_id: int, at: datetime, actor: Actor) -> None:
    """Let a protection stand as a use case of its own; see ``keep_step``."""
    keep_step(protection_id=protection_id, at=at, actor=actor)


@joins_transaction
def keep_step(*, protection_id: int, at: datetime, actor: Actor) -> None:
    """
    Let a protection stand that somebody asked to end.

    :raises UnknownProtection: there is none. :raises ProtectionEnded: it holds no more.
    :raises NotAllowed: the actor has no role for it.
    """
    row = _lock(protection_id, timezone.localdate(at))
    if not actor.is_one_of(ENDERS) or actor.kind is ActorKind.CLIENT:
        raise NotAllowed(f"{actor.name} may not decide.", advice=f"Ask {Role.BILLING} or {Role.SUPERVISOR}.")
    row.asked_reason, row.asker_id = "", None
    row.save(update_fields=["asked_reason", "asker_id"])
    if row.hold_ids and _bound.keep is not None:
        _bound.keep(hold_ids=row.hold_ids, actor=actor)
    audit.record(actor, "keep", SUBJECT, row.id)


_DUE = """
    UPDATE accounts_protection SET review_asked_date = %(today)s
    WHERE id IN (SELECT id FROM accounts_protection
                 WHERE review_asked_date IS NULL AND kind = %(kind)s AND review_date <= %(until)s
                   AND (until_date IS NULL OR until_date > %(today)s) FOR UPDATE)
    RETURNING id
"""
_LEFT = """
    UPDATE accounts_protection SET review_asked_date = %(today)s
    WHERE account_id = %(account)s AND customer_id = %(customer)s AND review_asked_date IS NULL AND evidence <> ''
      AND (until_date IS NULL OR until_date > %(today)s)
    RETURNING id
"""
_OVER = """
    SELECT DISTINCT d.subject_id FROM platform_deadline d JOIN accounts_protection p ON p.id = d.subject_id
    WHERE d.subject = 'protection' AND d.state IN ('running', 'stopped') AND p.until_date <= %(today)s
"""


@opens_transaction
def review(*, at: datetime) -> int:
    """
    Ask that protections are looked at again whose day comes near, each once; return how many.

    Three statements for each kind. Those that ended by their date wait for nobody any more.
    """
    today, asked = timezone.localdate(at), 0
    for rule in care_rules.protections_or_none(at=today).values():
        found = fetch(_DUE, {"today": today, "kind": rule.kind.value, "until": today + timedelta(days=rule.ahead_days)})
        if found:
            _ask([row[0] for row in found], at)
            asked += len(found)
    for (row_id,) in fetch(_OVER, {"today": today}):
        deadlines.drop(subject=SUBJECT, subject_id=row_id, at=at)
    return asked


def night(at: datetime) -> None:
    """Ask for reviews; each night."""
    review(at=at)


@joins_transaction
def note_holder(changed: HolderChanged) -> None:
    """Ask that protections of who leaves an account are looked at; nothing ends by itself. Listens to HolderChanged."""
    given = {"today": changed.from_date, "account": changed.account_id, "customer": changed.old_customer_id}
    found = fetch(_LEFT, given)
    if found:
        _ask([row[0] for row in found], timezone.now())


@joins_transaction
def _ask(ids: list[int], at: datetime) -> None:
    deadlines.start_many(subject=SUBJECT, subject_ids=ids, standard=REVIEW_STANDARD, at=at)
    audit.record_many(SYSTEM, "review", SUBJECT, ids)


def _rule(kind: ProtectionKind, today: date) -> ProtectionRule:
    rule = care_rules.protections(at=today).get(kind)
    if rule is None:
        raise BadProtection("This place has no such register.", advice="Look at the rules.", field="kind")
    return rule


def _first_day_after(at: datetime) -> date:
    local = timezone.localtime(at)
    return local.date() if local.time() == time(0) else local.date() + timedelta(days=1)


def _lock(protection_id: int, today: date) -> Protection:
    row = Protection.objects.select_for_update().filter(id=protection_id).first()
    if row is None:
        raise UnknownProtection(f"There is no protection {protection_id}.", protection_id=protection_id)
    if row.until_date is not None and row.until_date <= today:
        raise ProtectionEnded("It holds no more.", advice="Register it anew.")
    return row
