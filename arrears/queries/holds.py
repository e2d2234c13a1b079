"""Holds as lists and pages show them, those of people whom the register protects among them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cis.platform.db import fetch


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldCard:
    """
    A hold.

    bill_number      "" where it is about the account
    address          of the place that it protects, "" for none
    asked_reason     why somebody asks to lift it, "" where nobody does; ``asker_id``: who
    is_on            it holds now
    """

    id: int
    account_id: int
    account_number: str
    name: str
    kind: str
    bill_id: int | None
    bill_number: str
    address: str
    since_at: datetime
    until_at: datetime | None
    evidence: str
    lift_reason: str
    asked_reason: str
    asker_id: int | None
    actor_name: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class WantedHolds:
    """
    Which holds.

    text   number of an account
    kind   "": all
    state  "": those that hold now; "asked": somebody asks to lift it; "ending": it ends within 14 days; "all"
    """

    text: str = ""
    kind: str = ""
    state: str = ""
    account_id: int | None = None


_CARD = """
    SELECT h.id, h.account_id, a.number, coalesce(k.name, ''), h.kind, h.bill_id, coalesce(b.number, ''),
           coalesce(p.address, ''), h.since_at, h.until_at, h.evidence, h.lift_reason, h.lift_asked_reason,
           h.lift_asker_id, h.actor_name, h.since_at <= %(at)s AND (h.until_at IS NULL OR %(at)s < h.until_at)
    FROM arrears_hold h
    JOIN accounts_account a ON a.id = h.account_id
    LEFT JOIN billing_bill b ON b.id = h.bill_id
    LEFT JOIN metering_servicepoint s ON s.id = h.service_point_id
    LEFT JOIN metering_premises p ON p.id = s.premises_id
    LEFT JOIN LATERAL (
        SELECT k.name FROM accounts_accountholder x JOIN accounts_customer k ON k.id = x.customer_id
        WHERE x.account_id = h.account_id ORDER BY lower(x.period) DESC LIMIT 1) k ON true
    WHERE (%(account)s::bigint IS NULL OR h.account_id = %(account)s) AND (%(text)s = '' OR a.number = %(text)s)
      AND (%(kind)s = '' OR h.kind = %(kind)s)
      AND (%(state)s = 'all' OR (h.until_at IS NULL OR %(at)s < h.until_at) AND (%(state)s = ''
           OR %(state)s = 'asked' AND h.lift_asked_reason <> ''
           OR %(state)s = 'ending' AND h.until_at < %(at)s::timestamptz + interval '14 days'))
    ORDER BY h.id DESC LIMIT %(most)s OFFSET %(offset)s
"""


def listed(*, wanted: WantedHolds, at: datetime, offset: int = 0, most: int = 50) -> tuple[HoldCard, ...]:
    """Return holds, the latest first; one statement."""
    params = {
        "at": at, "account": wanted.account_id, "text": wanted.text.strip(), "kind": wanted.kind, "state": wanted.state,
        "most": most, "offset": offset,
    }  # fmt: skip
    return tuple(_card(row) for row in fetch(_CARD, params))


def _card(row: Sequence[object]) -> HoldCard:
    return HoldCard(**dict(zip(HoldCard.__dataclass_fields__, row, strict=True)))  # type: ignore[arg-type]
