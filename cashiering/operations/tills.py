"""Tills: opened with a counted float, emptied on the way, counted and closed."""

from collections.abc import Mapping
from datetime import date

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone

from billing.domain.entries import Entry, TransferKind
from billing.operations import ledger
from cashiering.domain import tills as domain
from cashiering.domain.tills import CashMove, Means, NotEnoughCash, ReceiptState, SessionState
from cashiering.models.till import BankDeposit, CashMovement, Receipt, Till, TillCount, TillSession
from cashiering.operations.suspense import ReasonMissing, SamePerson
from cashiering.queries import till_rules, tills
from cashiering.queries.tills import UnknownSession, UnknownTill
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction

CODE_MOST = 20
NAME_MOST = 100


class TillTaken(Refused):
    """The till is open already, or the person has another one open."""

    code = "till_taken"


class TillClosed(Refused):
    """The session takes no money: it is counted or closed, or it is another person's."""

    code = "till_closed"


class CancelWaits(Refused):
    """A receipt of the session waits for a second person."""

    code = "cancel_waits"


@opens_transaction
def add(*, code: str, name: str, place: str, actor: Actor) -> int:
    """
    Add a till; return its id.

    :raises BadTill: code or name are missing or too long, or the code is another till's.
    """
    if not 0 < len(code.strip()) <= CODE_MOST or not 0 < len(name.strip()) <= NAME_MOST:
        raise domain.BadTill("A till has a short code and a name.", advice="Write both.", field="code")
    if Till.objects.filter(code=code.strip()).exists():
        raise domain.BadTill("Another till has this code.", advice="Choose another code.", field="code")
    made = Till.objects.create(code=code.strip(), name=name.strip(), place=place.strip())
    audit.record(actor, "create", "till", made.id, code=made.code)
    return made.id


@opens_transaction
def open_session(*, till_id: int, pieces: Mapping[int, int], today: date, actor: Actor) -> int:
    """
    Open a till with the float that was counted in it, which comes from the safe; return the id of the session.

    :param pieces: how many of each note and coin, by its face value. [minor unit]
    :raises UnknownTill: there is none in use.
    :raises TillTaken: it is open, or the person has a till open.
    :raises BadCount: it cannot have been counted like that.
    """
    till = Till.objects.select_for_update().filter(id=till_id, is_active=True).first()
    if till is None:
        raise UnknownTill(f"There is no till {till_id}.")
    if actor.id is None:
        raise domain.BadTill("A person opens a till.", advice="Sign in.")
    float_minor = domain.counted_minor(pieces=pieces, faces=till_rules.of(today).faces)
    try:
        with transaction.atomic():
            made = TillSession.objects.create(
                till=till, cashier_id=actor.id, opened_date=today, float_minor=float_minor
            )
    except IntegrityError as error:
        raise TillTaken(
            "The till is open, or you have another one open.", advice="Close that one first, or take another."
        ) from error
    _keep_count(made, pieces, is_closing=False)
    if float_minor:
        _post([_entry(made.id, "float", domain.TILL_CASH, domain.SAFE, float_minor, today)], actor)
    audit.record(actor, "open", "till_session", made.id, till=till.code, float=float_minor)
    return made.id


@opens_transaction
def move(
    *, session_id: int, kind: CashMove, amount_minor: int, reason: str, form: str, today: date, actor: Actor
) -> int:
    """
    Bring cash to an open till or take it away, to the safe or the bank; return the id of the movement.

    :param form: name of the form that it was sent with: the same form twice is the same movement.
    :raises TillClosed: the session takes no money, or is another person's.
    :raises ReasonMissing: it is not said why.
    :raises NotEnoughCash: the till does not hold so much.
    """
    session = lock_step(session_id=session_id)
    known = CashMovement.objects.filter(form=form).first()
    if known is not None:
        return known.id
    if kind not in domain.MOVES_BY_HAND:
        raise domain.BadTill("Money of an agent is taken on the agent's page.", advice="Open the agent.", field="kind")
    return move_step(
        session=session, kind=kind, amount_minor=amount_minor, reason=reason, form=form, today=today, actor=actor
    ).id


@joins_transaction
def move_step(
    *,
    session: TillSession,
    kind: CashMove,
    amount_minor: int,
    reason: str,
    form: str,
    today: date,
    actor: Actor,
) -> CashMovement:
    """Move cash of a session that is locked; see ``move``."""
    check_open(session, actor)
    if not reason.strip():
        raise ReasonMissing("It must be said why.", advice="Write a few words.", field="reason")
    if amount_minor <= 0:
        raise domain.BadTill("The amount must be more than 0.", advice="Enter what was moved.", field="amount")
    if not kind.is_in:
        _check_holds(session, amount_minor)
    made = CashMovement.objects.create(
        session=session,
        form=form,
        kind=kind.value,
        amount_minor=amount_minor,
        reason=reason.strip()[: domain.REASON_MOST],
        actor_id=actor.id,
    )
    sides = (domain.TILL_CASH, domain.OTHER_SIDE[kind])
    debit, credit = sides if kind.is_in else sides[::-1]
    _post([_entry(made.id, "movement", debit, credit, amount_minor, today, reason)], actor)
    if kind is CashMove.TO_BANK:
        _deposit(session, Means.CASH, amount_minor, today)
    audit.record(actor, "move_cash", "till_session", session.id, kind=kind.value, amount=amount_minor)
    return made


@opens_transaction
def count(
    *, session_id: int, pieces: Mapping[int, int], deposit_minor: int, reason: str, today: date, actor: Actor
) -> bool:
    """
    Count a till at the end: it is closed, or waits for a second person if too much or too little is in it.

    The cashier counts, or another person in his place.

    :param deposit_minor: what goes to the bank; the rest goes to the safe. [minor unit]
    :returns: False: a second person has to confirm the difference.
    :raises TillClosed: it was counted before.
    :raises CancelWaits: a receipt waits for a second person.
    :raises ReasonMissing: there is a difference, and nobody explains it.
    :raises BadCount: it cannot have been counted like that, or less is there than is to go to the bank.
    """
    session = lock_step(session_id=session_id)
    if session.state != SessionState.OPEN:
        raise TillClosed("The till was counted before.", advice="Look at the session.")
    if session.receipts.filter(state=ReceiptState.CANCEL_ASKED.value).exists():
        raise CancelWaits("A receipt waits for a second person.", advice="Have it decided first.")
    rules = till_rules.of(today)
    found = domain.counted_minor(pieces=pieces, faces=rules.faces)
    if not 0 <= deposit_minor <= found:
        raise domain.BadCount("So much is not in the till.", advice="Bring less to the bank.", field="deposit")
    session.expected_minor = tills.flow(session_id=session_id).expected_minor
    difference = found - session.expected_minor
    if difference and not reason.strip():
        raise ReasonMissing("The difference must be explained.", advice="Write a few words.", field="reason")
    session.counted_minor, session.deposit_minor = found, deposit_minor
    session.reason = reason.strip()[: domain.REASON_MOST]
    session.counted_at, session.counted_by_id = timezone.now(), actor.id
    session.state = SessionState.COUNTED.value
    session.save()
    _keep_count(session, pieces, is_closing=True)
    audit.record(actor, "count", "till_session", session_id, counted=found, difference=difference)
    is_small = abs(difference) < rules.second_person_from
    if is_small:
        _close(session, today, actor)
    return is_small


@opens_transaction
def confirm(*, session_id: int, today: date, actor: Actor) -> None:
    """
    Confirm the difference of a till as the second person: it is posted, and the session is closed.

    :raises TillClosed: it does not wait for it.
    :raises SamePerson: it is the cashier, or the one who counted.
    """
    session = lock_step(session_id=session_id)
    if session.state != SessionState.COUNTED:
        raise TillClosed("The till does not wait for a second person.", advice="Look at the session.")
    if actor.id in {session.cashier_id, session.counted_by_id}:
        raise SamePerson("You counted this yourself.", advice="Another person confirms it.")
    session.confirmed_by_id = actor.id
    _close(session, today, actor)


@opens_transaction
def count_again(*, session_id: int, actor: Actor) -> None:
    """
    Open a till again that waits for a second person: it is counted anew.

    :raises TillClosed: it does not wait for one.
    """
    session = lock_step(session_id=session_id)
    if session.state != SessionState.COUNTED:
        raise TillClosed("The till does not wait for a second person.", advice="Look at the session.")
    session.counts.filter(is_closing=True).delete()
    session.state = SessionState.OPEN.value
    session.save(update_fields=["state"])
    audit.record(actor, "count_again", "till_session", session_id, counted=session.counted_minor)


@joins_transaction
def lock_step(*, session_id: int) -> TillSession:
    """
    Return a session whose money nobody else can move now.

    :raises UnknownSession: there is none.
    """
    found = TillSession.objects.select_for_update().filter(id=session_id).first()
    if found is None:
        raise UnknownSession(f"There is no session {session_id}.")
    return found


def check_open(session: TillSession, actor: Actor) -> None:
    """
    Check that a session takes money of this person.

    :raises TillClosed: it was counted, or it is another person's.
    """
    if session.state != SessionState.OPEN or session.cashier_id != actor.id:
        raise TillClosed("This till takes no money of yours.", advice="Open a till of your own.")


@joins_transaction
def give_back_step(*, session: TillSession, amount_minor: int) -> None:
    """
    Check that the till holds what is to be given back of it.

    :raises NotEnoughCash: it does not.
    """
    _check_holds(session, amount_minor)


def _check_holds(session: TillSession, amount_minor: int) -> None:
    if tills.flow(session_id=session.id).expected_minor < amount_minor:
        raise NotEnoughCash("The till does not hold so much.", advice="Bring cash from the safe.", field="amount")


@joins_transaction
def _close(session: TillSession, today: date, actor: Actor) -> None:
    """Post what was counted, and send the money of all means on its way; the session is closed."""
    found, expected, deposit = session.counted_minor or 0, session.expected_minor or 0, session.deposit_minor or 0
    others = _by_other_means(session)
    entries = domain.closing_entries(
        session_id=session.id, expected_minor=expected, found_minor=found, deposit_minor=deposit, others_minor=others,
        on=today, reason=session.reason,
    )  # fmt: skip
    _post(entries, actor)
    for means, amount in {Means.CASH: deposit, **others}.items():
        if amount:
            _deposit(session, means, amount, today)
    session.state, session.closed_at, session.closed_date = SessionState.CLOSED.value, timezone.now(), today
    session.save()
    audit.record(actor, "close", "till_session", session.id, difference=found - expected, deposit=deposit)


def _by_other_means(session: TillSession) -> dict[Means, int]:
    rows = (
        Receipt.objects.filter(session=session)
        .exclude(means=Means.CASH.value)
        .exclude(state=ReceiptState.CANCELLED.value)
        .values_list("means")
        .annotate(sum=Sum("amount_minor"))
        .order_by("means")
    )
    return {Means(means): amount for means, amount in rows}


def _deposit(session: TillSession, means: Means, amount_minor: int, today: date) -> None:
    BankDeposit.objects.create(session=session, means=means.value, amount_minor=amount_minor, sent_date=today)


def _keep_count(session: TillSession, pieces: Mapping[int, int], *, is_closing: bool) -> None:
    TillCount.objects.bulk_create(
        TillCount(session=session, is_closing=is_closing, face_minor=face, pieces=number)
        for face, number in pieces.items()
        if number
    )


def _entry(source_id: int, part: str, debit: str, credit: str, amount_minor: int, on: date, reason: str = "") -> Entry:
    return Entry(
        source_id=source_id, part=part, debit=debit, credit=credit, account_id=None, amount_minor=amount_minor,
        occurred_date=on, reason=reason,
    )  # fmt: skip


def _post(entries: list[Entry], actor: Actor) -> None:
    ledger.post(kind=TransferKind.TILL, entries=entries, actor=actor)
