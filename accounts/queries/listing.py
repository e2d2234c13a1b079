"""Lists of accounts with their holders, for a page or a file."""

from dataclasses import dataclass
from datetime import date

from accounts.queries.search import CUSTOMER_FITS, patterns
from cis.platform import db

ORDERS = {
    "name": "c.name_pinyin, a.number",
    "number": "a.number",
    "opened": "a.opened_date DESC, a.number",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """One account with its holder; of a closed account the last one."""

    account_id: int
    number: str
    state: str
    opened_date: date
    customer_id: int
    name: str
    kind: str
    phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    Which accounts are listed, and how.

    text   part of name, number or telephone; "" = all
    kind   of the customer; "" = all
    state  of the account; "" = all
    segment  of the customer, as the last night gave it; "" = all
    order  a key of ORDERS
    """

    text: str = ""
    kind: str = ""
    state: str = ""
    segment: str = ""
    order: str = "name"


def accounts(*, wanted: Wanted, at_date: date, offset: int = 0, most: int = 50) -> tuple[AccountRow, ...]:
    """Return accounts in the order asked for; one statement."""
    conditions = ["(h.period @> %(at)s::date OR upper(h.period) = a.closed_date OR lower(h.period) > %(at)s)"]
    params: dict[str, object] = {"at": at_date, "offset": offset, "most": most}
    if wanted.kind:
        conditions.append("c.kind = %(kind)s")
        params["kind"] = wanted.kind
    if wanted.state:
        conditions.append("a.state = %(state)s")
        params["state"] = wanted.state
    if wanted.segment:
        conditions.append(_SEGMENT)
        params["segment"] = wanted.segment
    if wanted.text.strip():
        conditions.append(_TEXT)
        params |= patterns(wanted.text)
    statement = _LIST.format(
        conditions=" AND ".join(conditions),
        order=ORDERS.get(wanted.order, ORDERS["name"]),
    )
    return tuple(
        AccountRow(**dict(zip(AccountRow.__dataclass_fields__, row, strict=True)))
        for row in db.fetch(statement, params)
    )


_TEXT = f"(a.number LIKE %(number)s OR {CUSTOMER_FITS})"
_SEGMENT = "EXISTS (SELECT 1 FROM accounts_customersegment e WHERE e.customer_id = c.id AND e.segment = %(segment)s)"
_LIST = """
SELECT a.id, a.number, a.state, a.opened_date, c.id, c.name, c.kind,
       coalesce((SELECT p.value FROM accounts_contactpoint p
                 WHERE p.customer_id = c.id AND p.is_preferred AND p.kind IN ('mobile', 'phone')
                 ORDER BY p.kind LIMIT 1), '')
FROM accounts_account a
JOIN accounts_accountholder h ON h.account_id = a.id
JOIN accounts_customer c ON c.id = h.customer_id
WHERE {conditions}
ORDER BY {order}
LIMIT %(most)s OFFSET %(offset)s
"""
