"""Pairs of customers who look like one: those that wait for somebody, and one of them side by side."""

from dataclasses import dataclass
from datetime import date, datetime

from accounts.domain.identity import masked
from accounts.queries import customers, protections, users
from accounts.queries.customers import CustomerCard
from accounts.queries.users import LoginCard
from cis.kernel.errors import Refused
from cis.kernel.text import like
from cis.platform.db import fetch


class UnknownPair(Refused):
    """There is no such pair."""

    code = "unknown_pair"


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRow:
    """Two customers who look like one; ``score`` 0 to 100, ``accounts``: how many each of them holds today."""

    id: int
    first_id: int
    first_name: str
    second_id: int
    second_name: str
    score: int
    reasons: tuple[str, ...]
    state: str
    found_at: datetime
    decided_at: datetime | None
    decider_name: str
    note: str
    merge_id: int | None
    accounts: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """
    One of the two as it is compared.

    id_number  without its middle
    flags      kinds of protection that hold
    """

    card: CustomerCard
    id_number: str
    accounts: tuple[tuple[int, str], ...]
    flags: tuple[str, ...]
    logins: tuple[LoginCard, ...]


@dataclass(frozen=True, slots=True)
class WantedPairs:
    """
    Which pairs.

    text    part of a name
    state   "": those that wait; "all"; a state
    reason  in what they are alike
    """

    text: str = ""
    state: str = ""
    reason: str = ""


_ROW = """
    SELECT p.id, a.id, a.name, b.id, b.name, p.score, p.reasons, p.state, p.found_at, p.decided_at, p.decider_name,
           p.note, p.merge_id,
           (SELECT count(*) FROM accounts_accountholder h WHERE h.customer_id = a.id AND h.period @> %(today)s::date),
           (SELECT count(*) FROM accounts_accountholder h WHERE h.customer_id = b.id AND h.period @> %(today)s::date)
    FROM accounts_duplicatepair p
    JOIN accounts_customer a ON a.id = p.first_id
    JOIN accounts_customer b ON b.id = p.second_id
    WHERE (%(id)s::bigint IS NULL OR p.id = %(id)s)
      AND (%(text)s = '' OR a.name ILIKE %(like)s OR b.name ILIKE %(like)s)
      AND (%(reason)s = '' OR %(reason)s = ANY(p.reasons))
      AND CASE %(state)s WHEN '' THEN p.state = 'open' WHEN 'all' THEN true ELSE p.state = %(state)s END
    ORDER BY p.score DESC, p.id LIMIT %(most)s OFFSET %(offset)s
"""


def listed(*, wanted: WantedPairs, today: date, offset: int = 0, most: int = 50) -> tuple[PairRow, ...]:
    """Return pairs, the surest first; one statement."""
    return _rows(wanted, today, None, offset, most)


def one(*, pair_id: int, today: date) -> PairRow:
    """
    Return a pair; one statement.

    :raises UnknownPair: there is none.
    """
    found = _rows(WantedPairs(state="all"), today, pair_id, 0, 1)
    if not found:
        raise UnknownPair(f"There is no pair {pair_id}.", pair_id=pair_id)
    return found[0]


def sides(*, pair: PairRow, today: date) -> tuple[Side, Side]:
    """Return the two customers of a pair as they are compared; a constant number of statements."""
    ids = (pair.first_id, pair.second_id)
    cards = customers.cards(customer_ids=ids)
    flags = protections.kinds_of_customers(customer_ids=ids, today=today)
    held: dict[int, list[tuple[int, str]]] = {}
    for customer_id, account_id, number in fetch(
        """SELECT DISTINCT h.customer_id, a.id, a.number FROM accounts_accountholder h
           JOIN accounts_account a ON a.id = h.account_id WHERE h.customer_id = ANY(%s) ORDER BY a.number""",
        [list(ids)],
    ):
        held.setdefault(customer_id, []).append((account_id, number))
    first, second = (
        Side(
            card=cards[one_id], id_number=masked(cards[one_id].id_number), accounts=tuple(held.get(one_id, ())),
            flags=tuple(sorted(flag.value for flag in flags.get(one_id, ()))),
            logins=users.of_customer(customer_id=one_id),
        )
        for one_id in ids
    )  # fmt: skip
    return first, second


def _rows(wanted: WantedPairs, today: date, pair_id: int | None, offset: int, most: int) -> tuple[PairRow, ...]:
    text = wanted.text.strip()
    rows = fetch(
        _ROW,
        {
            "id": pair_id, "text": text, "like": like(text), "reason": wanted.reason, "state": wanted.state,
            "today": today, "offset": offset, "most": most,
        },
    )  # fmt: skip
    return tuple(
        PairRow(
            id=row[0], first_id=row[1], first_name=row[2], second_id=row[3], second_name=row[4], score=row[5],
            reasons=tuple(row[6]), state=row[7], found_at=row[8], decided_at=row[9], decider_name=row[10],
            note=row[11], merge_id=row[12], accounts=(row[13], row[14]),
        )
        for row in rows
    )  # fmt: skip
