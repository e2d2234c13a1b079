"""The register of protections, for pages and for those who ask before they act."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from accounts.domain.protections import ProtectionKind, ProtectionState, state_of
from accounts.models.care import Protection
from cis.kernel.errors import Refused
from cis.kernel.text import like
from cis.platform.db import fetch


class UnknownProtection(Refused):
    """There is no such protection."""

    code = "unknown_protection"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectionCard:
    """
    A protection.

    account_id     None: it is about the customer; then ``account_number`` is that of one account that they hold
    asked_reason   why somebody asks to end it, "" where nobody does; ``asker_id``: who
    """

    id: int
    customer_id: int
    name: str
    account_id: int | None
    shown_account_id: int | None
    account_number: str
    kind: str
    person: str
    told: str
    since_date: date
    until_date: date | None
    evidence: str
    evidence_text: str
    proven_date: date | None
    review_date: date | None
    review_asked_date: date | None
    end_reason: str
    asked_reason: str
    asker_id: int | None
    actor_name: str
    is_held: bool
    today: date

    @property
    def state(self) -> ProtectionState:
        """Return how it stands today."""
        return state_of(
            until_date=self.until_date, evidence=self.evidence, review_asked_date=self.review_asked_date,
            today=self.today,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class WantedProtections:
    """
    Which protections.

    text   part of the customer's name, or the number of an account
    state  "": those that hold; "all"; a state
    """

    text: str = ""
    kind: str = ""
    state: str = ""
    customer_id: int | None = None
    account_id: int | None = None


_STATE = """CASE WHEN p.until_date <= %(today)s THEN 'ended' WHEN p.evidence = '' THEN 'unproven'
                 WHEN p.review_asked_date IS NULL THEN 'proven' ELSE 'review' END"""
_CARD = f"""
    SELECT p.id, p.customer_id, c.name, p.account_id, a.id, coalesce(a.number, ''), p.kind, p.person, p.told,
           p.since_date, p.until_date, p.evidence, p.evidence_text, p.proven_date, p.review_date, p.review_asked_date,
           p.end_reason, p.asked_reason, p.asker_id, p.actor_name, cardinality(p.hold_ids) > 0, %(today)s::date
    FROM accounts_protection p
    JOIN accounts_customer c ON c.id = p.customer_id
    LEFT JOIN LATERAL (
        SELECT a.id, a.number FROM accounts_account a
        WHERE a.id = coalesce(p.account_id, (
            SELECT h.account_id FROM accounts_accountholder h WHERE h.customer_id = p.customer_id
            ORDER BY upper_inf(h.period) DESC, h.account_id LIMIT 1))) a ON true
    WHERE (%(id)s::bigint IS NULL OR p.id = %(id)s)
      AND (%(customer)s::bigint IS NULL OR p.customer_id = %(customer)s)
      AND (%(account)s::bigint IS NULL OR p.account_id IS NULL OR p.account_id = %(account)s)
      AND (%(text)s = '' OR c.name ILIKE %(like)s OR a.number = %(text)s)
      AND (%(kind)s = '' OR p.kind = %(kind)s)
      AND (%(state)s = 'all' OR CASE %(state)s WHEN '' THEN {_STATE} <> 'ended' ELSE {_STATE} = %(state)s END)
    ORDER BY p.id DESC LIMIT %(most)s OFFSET %(offset)s
"""  # noqa: S608 (made of constants)


def listed(*, wanted: WantedProtections, today: date, offset: int = 0, most: int = 50) -> tuple[ProtectionCard, ...]:
    """Return protections, the latest first; one statement."""
    return _cards(wanted, today, offset=offset, most=most)


def one(*, protection_id: int, today: date) -> ProtectionCard:
    """
    Return a protection; one statement.

    :raises UnknownProtection: there is none.
    """
    found = _cards(WantedProtections(state="all"), today, protection_id=protection_id)
    if not found:
        raise UnknownProtection(f"There is no protection {protection_id}.", protection_id=protection_id)
    return found[0]


def names_of(*, protection_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Return kind and customer's name of protections, by id; one statement."""
    rows = Protection.objects.filter(id__in=list(protection_ids)).values_list("id", "kind", "customer__name")
    return {row_id: (kind, name) for row_id, kind, name in rows}


def of_hold(*, hold_id: int) -> int | None:
    """Return the protection that a hold was placed for; None: it stands alone. One statement."""
    return Protection.objects.filter(hold_ids__contains=[hold_id]).values_list("id", flat=True).first()


def holds_of(*, protection_id: int) -> tuple[int, ...]:
    """Return the holds that were placed for a protection; one statement."""
    return tuple(Protection.objects.values_list("hold_ids", flat=True).get(id=protection_id))


def kinds_of_customers(*, customer_ids: Sequence[int], today: date) -> dict[int, frozenset[ProtectionKind]]:
    """Return the kinds of protection that hold for customers on a day; those without are left out; one statement."""
    rows = fetch(
        """SELECT customer_id, array_agg(DISTINCT kind) FROM accounts_protection
           WHERE customer_id = ANY(%s) AND since_date <= %s AND (until_date IS NULL OR until_date > %s)
           GROUP BY customer_id""",
        [list(customer_ids), today, today],
    )
    return {customer_id: frozenset(ProtectionKind(kind) for kind in kinds) for customer_id, kinds in rows}


def _cards(
    wanted: WantedProtections, today: date, *, protection_id: int | None = None, offset: int = 0, most: int = 1
) -> tuple[ProtectionCard, ...]:
    text = wanted.text.strip()
    params = {
        "id": protection_id, "customer": wanted.customer_id, "account": wanted.account_id, "text": text,
        "like": like(text), "kind": wanted.kind, "state": wanted.state, "today": today, "most": most,
        "offset": offset,
    }  # fmt: skip
    return tuple(
        ProtectionCard(**dict(zip(ProtectionCard.__dataclass_fields__, row, strict=True)))
        for row in fetch(_CARD, params)
    )
