"""Deposits as pages, other programs and notices show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from accounts.queries import users
from billing.domain.deposits import (
    Stretch,
    Verdict,
    earned_minor,
    standing,
    stretches,
)
from billing.models.deposit import Deposit, DepositMove, DepositRequest
from billing.queries import deposit_facts, deposit_rules
from billing.queries.deposit_facts import FACTS
from cis.kernel.errors import Refused
from cis.platform.db import fetch

DUE = "due"
"""Filter for deposits that it will be looked at next, because their months of good payment are over."""


class UnknownDeposit(Refused):
    """There is no such deposit, or it is over."""

    code = "unknown_deposit"


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositCard:
    """
    One deposit in a list. [minor unit]

    standing  what an open one is; else its state
    due_date  on which its first demand is due
    """

    id: int
    account_id: int
    account_number: str
    holder: str
    cause: str
    customer_class: str
    state: str
    standing: str
    amount_minor: int
    held_minor: int
    open_minor: int
    returned_minor: int
    interest_minor: int
    demanded_date: date
    due_date: date | None
    interest_date: date
    look_date: date | None
    ended_date: date | None
    is_paid_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveCard:
    """Something that happened to a deposit. [minor unit]"""

    kind: str
    amount_minor: int
    note_id: int | None
    note_number: str
    day: date
    due_date: date | None
    reason: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCard:
    """What somebody asks to be done with a deposit. [minor unit]"""

    id: int
    kind: str
    amount_minor: int
    reason: str
    state: str
    is_for_two: bool
    proposer_id: int | None
    proposer: str
    decider: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositDetail:
    """
    One deposit with all that is known of it. [minor unit]

    money         days on which money came (above 0) or went
    since         it is held since then; None: it is not
    stretches     days that earned interest, up to today
    accrued_minor earned up to today and not credited yet; below 0: more was credited
    verdict       on good payment; None: it is not held, or does not go back for it here
    """

    card: DepositCard
    method: str
    months: int
    month_minor: int | None
    computed_minor: int
    reason: str
    refund_id: int | None
    money: tuple[tuple[date, int], ...]
    moves: tuple[MoveCard, ...]
    requests: tuple[RequestCard, ...]
    since: date | None
    stretches: tuple[Stretch, ...]
    accrued_minor: int
    verdict: Verdict | None

    @property
    def waiting(self) -> RequestCard | None:
        """Return the request that waits for a second person."""
        return next((one for one in self.requests if one.state == "proposed"), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedDeposits:
    """
    Filters of the list; "": all.

    standing  one of Standing or of DepositState, or DUE
    """

    text: str = ""
    standing: str = ""
    cause: str = ""


_LIST = f"""
    SELECT d.id, d.account_id, a.number, coalesce(k.name, ''), d.cause, d.customer_class, d.state,
           d.amount_minor, f.held::bigint, f.open::bigint, d.returned_minor, f.interest::bigint, d.demanded_date,
           f.due_date, d.interest_date, d.look_date, d.ended_date, d.is_paid_out
    FROM ({FACTS}) f JOIN billing_deposit d ON d.id = f.deposit_id JOIN accounts_account a ON a.id = d.account_id
    LEFT JOIN LATERAL (
        SELECT k.name FROM accounts_accountholder h JOIN accounts_customer k ON k.id = h.customer_id
        WHERE h.account_id = a.id AND lower(h.period) <= greatest(%(today)s, d.demanded_date)
        ORDER BY lower(h.period) DESC LIMIT 1
    ) k ON true
    WHERE (%(id)s::bigint IS NULL OR d.id = %(id)s) AND (%(account)s::bigint IS NULL OR d.account_id = %(account)s)
      AND (%(before)s::bigint IS NULL OR d.id < %(before)s)
      AND (%(cause)s = '' OR d.cause = %(cause)s)
      AND (%(text)s = '' OR starts_with(a.number, %(text)s) OR strpos(lower(coalesce(k.name, '')), lower(%(text)s)) > 0)
      AND CASE %(standing)s
          WHEN '' THEN true
          WHEN 'demanded' THEN d.state = 'open' AND f.held <= 0
          WHEN 'partly_held' THEN d.state = 'open' AND f.held > 0 AND f.open > 0
          WHEN 'held' THEN d.state = 'open' AND f.held > 0 AND f.open <= 0
          WHEN 'due' THEN d.state = 'open' AND f.held > 0 AND f.open <= 0 AND d.look_date <= %(today)s
          ELSE d.state = %(standing)s END
    ORDER BY d.id DESC LIMIT %(most)s OFFSET %(offset)s
"""  # noqa: S608 (no value of anybody's is in it)


def listed(
    *, wanted: WantedDeposits, today: date, account_id: int | None = None, before: int | None = None, offset: int = 0,
    most: int = 50,
) -> tuple[DepositCard, ...]:  # fmt: skip
    """Return deposits, the latest first; one statement. ``before``: those with smaller ids, for a page that follows."""
    return _cards(
        today=today, account=account_id, text=wanted.text, standing=wanted.standing, cause=wanted.cause, before=before,
        offset=offset, most=most,
    )  # fmt: skip


def of_account(*, account_id: int, today: date, most: int = 20) -> tuple[DepositCard, ...]:
    """Return the deposits of an account, the latest first; one statement."""
    return _cards(today=today, account=account_id, most=most)


def card(*, deposit_id: int, today: date) -> DepositCard:
    """
    Return one deposit; one statement.

    :raises UnknownDeposit: there is none.
    """
    found = _cards(today=today, id=deposit_id, most=1)
    if not found:
        raise UnknownDeposit(f"There is no deposit {deposit_id}.", deposit_id=deposit_id)
    return found[0]


def one(*, deposit_id: int, today: date) -> DepositDetail:
    """
    Return all that is known of one deposit; a constant number of statements.

    :raises UnknownDeposit: there is none.
    :raises MissingRule: the place has no rule on deposits any more.
    """
    found, row = card(deposit_id=deposit_id, today=today), Deposit.objects.get(id=deposit_id)
    rule = deposit_rules.rule(at=today)
    facts = deposit_facts.of_deposits(deposit_ids=[deposit_id])[deposit_id]
    money = deposit_facts.money_of(deposit_ids=[deposit_id]).get(deposit_id, ())
    is_open = found.state == "open"
    since = deposit_facts.since_of(row, facts, money) if is_open else None
    earned = stretches(moves=money, terms=rule.interest, until=today) if is_open else ()
    verdict = None
    if since is not None and rule.good.months and is_open:
        verdict = deposit_facts.verdicts(
            since={deposit_id: since}, account_of={deposit_id: row.account_id}, terms=rule.good, today=today
        )[deposit_id]
    moves = list(DepositMove.objects.filter(deposit_id=deposit_id).select_related("note").order_by("id"))
    asked = list(DepositRequest.objects.filter(deposit_id=deposit_id).order_by("-id"))
    names = users.names(
        [*(move.actor_id for move in moves), *(one for row in asked for one in (row.proposer_id, row.decider_id))]
    )
    return DepositDetail(
        card=found,
        method=row.method,
        months=row.months,
        month_minor=row.month_minor,
        computed_minor=row.computed_minor,
        reason=row.reason,
        refund_id=row.refund_id,
        money=money,
        moves=tuple(_move(move, names) for move in moves),
        requests=tuple(_request(request, names) for request in asked),
        since=since,
        stretches=earned,
        accrued_minor=earned_minor(earned) - found.interest_minor if is_open else 0,
        verdict=verdict,
    )


def _cards(*, today: date, **given: Any) -> tuple[DepositCard, ...]:
    values = {
        "today": today, "id": None, "account": None, "before": None, "text": "", "standing": "", "cause": "",
        "offset": 0, "most": 50,
    }  # fmt: skip
    return tuple(_card(row) for row in fetch(_LIST, values | given))


def _card(row: Sequence[Any]) -> DepositCard:
    state, held, still_open = row[6], row[8], row[9]
    return DepositCard(
        id=row[0],
        account_id=row[1],
        account_number=row[2],
        holder=row[3],
        cause=row[4],
        customer_class=row[5],
        state=state,
        standing=standing(held_minor=held, open_minor=still_open).value if state == "open" else state,
        amount_minor=row[7],
        held_minor=max(0, held),
        open_minor=still_open,
        returned_minor=row[10],
        interest_minor=row[11],
        demanded_date=row[12],
        due_date=row[13],
        interest_date=row[14],
        look_date=row[15],
        ended_date=row[16],
        is_paid_out=row[17],
    )


def _move(row: DepositMove, names: Any) -> MoveCard:
    return MoveCard(
        kind=row.kind,
        amount_minor=row.amount_minor,
        note_id=row.note_id,
        note_number=row.note.number or "" if row.note is not None else "",
        day=row.day,
        due_date=row.due_date,
        reason=row.reason,
        by=names.get(row.actor_id, "") if row.actor_id else "",
    )


def _request(row: DepositRequest, names: Any) -> RequestCard:
    return RequestCard(
        id=row.id,
        kind=row.kind,
        amount_minor=row.amount_minor,
        reason=row.reason,
        state=row.state,
        is_for_two=row.is_for_two,
        proposer_id=row.proposer_id,
        proposer=names.get(row.proposer_id, "") if row.proposer_id else "",
        decider=names.get(row.decider_id, "") if row.decider_id else "",
        created_at=row.created_at,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositToTell:
    """A movement, or a deposit that is held in full, with the holder of that day. [minor unit]"""

    id: int
    kind: str
    account_id: int
    customer_id: int
    amount_minor: int
    day: date
    number: str
    due_date: date | None


_MOVES_TO_TELL = """
    SELECT m.id, m.kind, d.account_id, h.customer_id, m.amount_minor, m.day, coalesce(b.number, ''), b.due_date
    FROM billing_depositmove m JOIN billing_deposit d ON d.id = m.deposit_id
    JOIN accounts_accountholder h ON h.account_id = d.account_id AND h.period @> m.day
    LEFT JOIN billing_bill b ON b.id = m.note_id
    WHERE m.id = ANY(%s) AND m.kind IN ('demand', 'increase', 'interest', 'return') ORDER BY m.id
"""
_HELD_TO_TELL = f"""
    SELECT d.id, 'held', d.account_id, h.customer_id, f.held::bigint, since.day, '', NULL::date
    FROM ({FACTS} WHERE d.id = ANY(%(deposits)s)) f JOIN billing_deposit d ON d.id = f.deposit_id
    CROSS JOIN LATERAL (
        SELECT max(greatest(coalesce(p.received_date, c.issue_date), b.issue_date)) AS day
        FROM billing_depositmove m JOIN billing_bill b ON b.id = m.note_id AND b.state = 'issued'
        JOIN billing_allocation a ON a.bill_id = b.id
        LEFT JOIN billing_payment p ON p.id = a.payment_id LEFT JOIN billing_bill c ON c.id = a.credit_id
        WHERE m.deposit_id = d.id AND m.kind IN ('demand', 'increase')
    ) since
    JOIN accounts_accountholder h ON h.account_id = d.account_id AND h.period @> since.day
    WHERE d.state = 'open' AND f.held > 0 AND f.open <= 0 ORDER BY d.id
"""  # noqa: S608 (no value of anybody's is in it)


def moves_to_tell(*, move_ids: Sequence[int]) -> tuple[DepositToTell, ...]:
    """Return movements of which customers are told; one statement."""
    return _to_tell(fetch(_MOVES_TO_TELL, [list(move_ids)]))


def held_to_tell(*, deposit_ids: Sequence[int]) -> tuple[DepositToTell, ...]:
    """Return those deposits that are held in full, with the day on which the last money came; one statement."""
    return _to_tell(fetch(_HELD_TO_TELL, {"deposits": list(deposit_ids)}))


def _to_tell(rows: Sequence[Sequence[Any]]) -> tuple[DepositToTell, ...]:
    return tuple(
        DepositToTell(
            id=row[0],
            kind=row[1],
            account_id=row[2],
            customer_id=row[3],
            amount_minor=row[4],
            day=row[5],
            number=row[6],
            due_date=row[7],
        )
        for row in rows
    )
