"""
Calls that people asked for: taken in, claimed, made, tried again; one number waits for one call.

Who asks again while a call is owed is not called twice: how often they asked is counted, and the wait is the first's.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.domain import contact
from accounts.queries import accounts, customers, supplier
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.errors import Findings, Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, db
from cis.platform.db import joins_transaction, opens_transaction
from complaints.domain import calls as domain
from complaints.domain.calls import (
    ABOUT_MOST,
    ASKERS,
    LIVE,
    NOTE_MOST,
    SUBJECT,
    WORKFLOW,
    CallAction,
    CallResult,
    CallSource,
    CallState,
)
from complaints.domain.intake import NAME_MOST, REFERENCE_MOST
from complaints.models.call import CallAttempt, CallReference, CallRequest
from complaints.queries import call_rules, calls
from complaints.queries.calls import UnknownCall
from complaints.queries.sight import id_of_number

_A = CallAction


class BadCall(Refused):
    """What was asked for cannot be kept: no number that could be called, or too much said."""

    code = "bad_call_request"


class CallTaken(Refused):
    """Somebody else calls already."""

    code = "call_taken"


class StillToTry(Refused):
    """The number is to be called a few times more before it is given up."""

    code = "still_to_try"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCall:
    """
    A call as it is asked for.

    phone           however it was typed
    from_at, until_at  when they want to be called; None: as soon as may be
    customer_id     who asked in the portal; of others nobody knows who they are
    reference       number of it where it comes from; the same one of a sender counts once
    """

    phone: str
    source: CallSource
    name: str = ""
    about: str = ""
    language: str = "zh-hans"
    customer_id: int | None = None
    account_id: int | None = None
    from_at: datetime | None = None
    until_at: datetime | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """The answer to who asked: by when they are called; ``is_new`` False: they waited already."""

    request_id: int
    due_at: datetime
    is_new: bool


@opens_transaction
def ask(*, new: NewCall, at: datetime, actor: Actor) -> Asked:
    """
    Keep that somebody waits for a call; a number that waits already goes on waiting, for one call.

    :raises MissingRule: nobody is called back here. :raises NotAllowed: the actor may not ask for it.
    :raises BadCall: no such number can be called, or too much is said. :raises BadWindow: see ``calls.Hours.check``.
    :raises UnknownAccount, UnknownCustomer: there is none.
    """
    if not actor.is_one_of(ASKERS):
        raise NotAllowed(f"{actor.name} asks for no calls.", advice="Ask a clerk.")
    hours, phone = call_rules.hours(at=at), _checked(new)
    sender = f"client:{actor.id}" if actor.kind is ActorKind.CLIENT else "desk"
    known = _known(sender, new.reference)
    if known is not None:
        return Asked(known.id, known.due_at, is_new=False)
    # Whoever asks for the same number at the same instant waits here for the first.
    db.fetch("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"call {phone}"])
    hours.check(at=at, from_at=new.from_at, until_at=new.until_at)
    waiting = CallRequest.objects.select_for_update().filter(phone=phone, state__in=LIVE).first()
    if waiting is not None:
        if new.reference:
            CallReference.objects.create(request=waiting, sender=sender, reference=new.reference, at=at)
        return _again(waiting, new, hours, at=at, actor=actor)
    due_at = hours.due_at(asked_at=at, from_at=new.from_at, until_at=new.until_at)
    row = CallRequest.objects.create(
        phone=phone, name=new.name.strip(), about=new.about.strip(), source=new.source.value, language=new.language,
        customer_id=new.customer_id, account_id=new.account_id, asked_at=at, last_asked_at=at, from_at=new.from_at,
        until_at=new.until_at, due_at=due_at, next_at=hours.open_at(max(at, new.from_at or at)), sender=sender,
        reference=new.reference, taker_id=actor.id, taker_kind=actor.kind.value, taker_name=actor.name[:150],
    )  # fmt: skip
    audit.record(actor, "ask", SUBJECT, row.id, due_at=due_at.isoformat())
    return Asked(row.id, due_at, is_new=True)


@opens_transaction
def claim(*, request_id: int, at: datetime, actor: Actor) -> None:
    """
    Say that one calls now. Who claimed it and noted nothing for long has lost it.

    :raises UnknownCall, IllegalMove, NotAllowed: see there. :raises CallTaken: somebody else calls now.
    """
    row = _lock(request_id, actor)
    WORKFLOW.step(CallState(row.state), _A.CLAIM, actor)
    held = timedelta(minutes=call_rules.hours(at=at).rules.claim_minutes)
    if row.owner_id not in {None, actor.id} and row.claimed_at is not None and row.claimed_at + held > at:
        raise CallTaken("Somebody else calls already.", advice="Take the next one.")
    row.state, row.owner_id, row.claimed_at = CallState.CLAIMED.value, actor.id, at
    row.save(update_fields=["state", "owner", "claimed_at"])
    audit.record(actor, _A.CLAIM, SUBJECT, row.id)


@opens_transaction
def release(*, request_id: int, at: datetime, actor: Actor) -> None:
    """
    Give a call back that one claimed.

    :raises UnknownCall, IllegalMove, NotAllowed, CallTaken: see ``claim``.
    """
    row = _lock(request_id, actor)
    _go(row, _A.RELEASE, actor, at=at)


@opens_transaction
def note(
    *, request_id: int, result: CallResult, at: datetime, actor: Actor, text: str = "", case_number: str = "",
    next_at: datetime | None = None, key: str = "",
) -> CallState:  # fmt: skip
    """
    Note how a call went, and return what follows: done, or tried again later.

    :param next_at: when they want to be called instead; None: after the time of the place.
    :param case_number: of the case that came of it.
    :param key: of the request; what came with it before is not noted again.
    :raises UnknownCall, IllegalMove, NotAllowed, CallTaken: see ``claim``. :raises UnknownCase: there is none such.
    :raises BadCall: too much is said. :raises BadWindow: nobody is called then.
    """
    row = _lock(request_id, actor)
    if key and row.attempts.filter(key=key).exists():
        return CallState(row.state)
    if len(text.strip()) > NOTE_MOST:
        raise BadCall(f"At most {NOTE_MOST} characters.", field="text")
    case_id = id_of_number(case_number.strip(), actor) if case_number.strip() else row.case_id
    hours = call_rules.hours(at=at)
    action = {CallResult.REACHED: _A.SPEAK, CallResult.WRONG_NUMBER: _A.GIVE_UP}.get(result, _A.MISS)
    again_at = _again_at(hours, result, at=at, next_at=next_at) if action is _A.MISS else row.next_at
    tries = row.tries + (result is not CallResult.CALL_LATER)
    CallAttempt.objects.create(
        request=row, at=at, result=result.value, note=text.strip(), key=key, actor_id=actor.id,
        actor_name=actor.name[:150],
    )  # fmt: skip
    due_at = hours.after(again_at, hours.rules.within_minutes) if result is CallResult.CALL_LATER else row.due_at
    _go(row, action, actor, at=at, tries=tries, next_at=again_at, due_at=due_at, case_id=case_id)
    return CallState(row.state)


@opens_transaction
def give_up(*, request_id: int, at: datetime, actor: Actor) -> None:
    """
    Give a number up that was called as often as the place asks, and nobody answered.

    :raises UnknownCall, IllegalMove, NotAllowed, CallTaken: see ``claim``.
    :raises StillToTry: it was called less often.
    """
    row = _lock(request_id, actor)
    if row.tries < (least := call_rules.hours(at=at).rules.tries):
        raise StillToTry(f"It was called {row.tries} times.", advice=f"Call {least} times.")
    _go(row, _A.GIVE_UP, actor, at=at)


@opens_transaction
def withdraw(*, request_id: int, at: datetime, actor: Actor, customer_id: int | None = None) -> None:
    """
    Take a call back that nobody wants any more; ``customer_id``: the customer does, in the portal.

    :raises UnknownCall, IllegalMove, NotAllowed: see ``claim``.
    """
    row = _lock(request_id, actor, customer_id=customer_id)
    _go(row, _A.WITHDRAW, actor, at=at)


@joins_transaction
def _known(sender: str, reference: str) -> CallRequest | None:
    """Return the call that was asked for under a reference; who brings it at the same instant waits for the first."""
    if not reference:
        return None
    db.fetch("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"call {sender} {reference}"])
    named = CallRequest.objects.filter(sender=sender, reference=reference).first()
    if named is not None:
        return named
    further = CallReference.objects.select_related("request").filter(sender=sender, reference=reference).first()
    return None if further is None else further.request


def _checked(new: NewCall) -> str:
    """Return the number in international form."""
    faults = Findings()
    phone = contact.dialled(new.phone.strip(), country=supplier.country())
    if phone is None:
        faults.add("phone", "bad_contact", "No such number can be called.", "Write it with its area code.")
    for name, value, most in (
        ("name", new.name, NAME_MOST), ("about", new.about, ABOUT_MOST), ("reference", new.reference, REFERENCE_MOST),
    ):  # fmt: skip
        if len(value.strip()) > most:
            faults.add(name, "too_long", f"At most {most} characters are kept.", "Say it shorter.")
    faults.raise_if_any(BadCall)
    if new.account_id is not None:
        accounts.card(account_id=new.account_id)
    if new.customer_id is not None:
        customers.card(customer_id=new.customer_id)
    return phone or ""


@joins_transaction
def _again(row: CallRequest, new: NewCall, hours: domain.Hours, *, at: datetime, actor: Actor) -> Asked:
    """
    Count that somebody asked again while they wait; another time that they name is the one that counts.

    A number that somebody types in the portal is not theirs by that: the call of another one stays as it was.
    """
    row.times, row.last_asked_at = row.times + 1, at
    said = new.about.strip()
    if said and said not in row.about:
        row.about = f"{row.about}\n{said}".strip()[:ABOUT_MOST]
    row.name = row.name or new.name.strip()
    is_theirs = actor.kind is not ActorKind.CUSTOMER or _is_of(row, new.customer_id)
    if is_theirs and row.customer_id is None and new.customer_id is not None:
        row.customer_id, row.account_id = new.customer_id, new.account_id
    elif is_theirs and row.account_id is None and new.customer_id == row.customer_id:
        row.account_id = new.account_id
    if is_theirs and new.until_at is not None:
        row.from_at, row.until_at = new.from_at, new.until_at
        row.due_at = hours.due_at(asked_at=at, from_at=new.from_at, until_at=new.until_at)
        row.next_at = hours.open_at(max(at, new.from_at or at))
    row.save()
    audit.record(actor, "ask_again", SUBJECT, row.id, times=row.times)
    return Asked(row.id, row.due_at, is_new=False)


def _is_of(row: CallRequest, customer_id: int | None) -> bool:
    """Return whether a call is a customer's: theirs, or of nobody and to a number that is on their file alone."""
    if row.customer_id is not None:
        return row.customer_id == customer_id
    return calls.owners_of(row.phone) == (customer_id,)


def _again_at(hours: domain.Hours, result: CallResult, *, at: datetime, next_at: datetime | None) -> datetime:
    if result is CallResult.CALL_LATER and next_at is not None:
        hours.check(at=at, from_at=next_at, until_at=next_at + domain.WINDOW_LEAST)
        return next_at
    return hours.after(at, hours.rules.retry_minutes)


@joins_transaction
def _lock(request_id: int, actor: Actor, *, customer_id: int | None = None) -> CallRequest:
    among = calls.visible_to(actor) if customer_id is None else calls.own(customer_id)
    row = among.select_for_update(of=("self",)).filter(id=request_id).first()
    if row is None:
        raise UnknownCall(f"There is no call {request_id}.", request_id=request_id)
    return row


@joins_transaction
def _go(row: CallRequest, action: CallAction, actor: Actor, *, at: datetime, **changed: object) -> None:
    """Move a locked call on; what somebody else claimed only they move."""
    state = WORKFLOW.step(CallState(row.state), action, actor).to
    if row.state == CallState.CLAIMED and row.owner_id != actor.id:
        raise CallTaken("Somebody else calls already.", advice="Take the next one.")
    row.state = state.value
    row.ended_at = None if state in LIVE else at
    if state is CallState.WAITING:
        row.owner_id = row.claimed_at = None
    for name, value in changed.items():
        setattr(row, name, value)
    row.save()
    audit.record(actor, action, SUBJECT, row.id, after=row.state)
