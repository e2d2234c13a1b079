"""Accounts, who holds them, and where their bills go."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from accounts.domain.contact import ContactKind, shown
from accounts.models.account import Account, AccountHolder
from accounts.queries.customers import CustomerCard, cards
from cis.kernel.errors import Refused
from cis.platform import db


class UnknownAccount(Refused):
    """There is no such account."""

    code = "unknown_account"


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderSpan:
    """Who held an account over [start_date, end_date); end_date None = until further notice."""

    account_id: int
    account_number: str
    customer_id: int
    customer_name: str
    start_date: date
    end_date: date | None

    def holds(self, on: date) -> bool:
        """Return whether the customer held the account on a date."""
        return self.start_date <= on and (self.end_date is None or on < self.end_date)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCard:
    """An account alone."""

    id: int
    number: str
    state: str
    opened_date: date
    closed_date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOverview:
    """
    An account as a page shows it.

    holder   the customer who holds it on the date asked for; before the first holder, the first one
    holders  all of its history, latest first
    """

    id: int
    number: str
    external_id: str
    state: str
    paper_bill: bool
    opened_date: date
    closed_date: date | None
    holder: CustomerCard
    holders: tuple[HolderSpan, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """Whom a bill of an account is addressed to; "" = not known."""

    account_id: int
    account_number: str
    customer_id: int
    customer_kind: str
    name: str
    language: str
    paper_bill: bool
    phone: str
    email: str
    postal_address: str


def card(*, account_id: int) -> AccountCard:
    """
    Return one account without its holder; one statement.

    :raises UnknownAccount: there is none.
    """
    found = Account.objects.filter(id=account_id).values(*AccountCard.__dataclass_fields__).first()
    if found is None:
        raise UnknownAccount(f"There is no account {account_id}.", account_id=account_id)
    return AccountCard(**found)


def overview(*, account_id: int, at_date: date) -> AccountOverview:
    """
    Return one account; four statements.

    :raises UnknownAccount: there is none.
    """
    account = Account.objects.filter(id=account_id).first()
    history = holders(account_ids=[account_id])
    if account is None or not history:
        raise UnknownAccount(f"There is no account {account_id}.", account_id=account_id)
    # The last who began by then; the first one if nobody has yet.
    now = next((span for span in history if span.start_date <= at_date), history[-1])
    return AccountOverview(
        id=account.id,
        number=account.number,
        external_id=account.external_id,
        state=account.state,
        paper_bill=account.paper_bill,
        opened_date=account.opened_date,
        closed_date=account.closed_date,
        holder=cards(customer_ids=[now.customer_id])[now.customer_id],
        holders=history,
    )


def holders(*, account_ids: Iterable[int]) -> tuple[HolderSpan, ...]:
    """Return who held some accounts and when, by account, latest first; one statement."""
    return _spans(AccountHolder.objects.filter(account_id__in=list(account_ids)))


def kinds(*, account_ids: Collection[int], start_date: date, end_date: date) -> dict[int, str]:
    """Return what kind of customer last held each account in [start_date, end_date), by account; one statement."""
    rows = AccountHolder.objects.filter(account_id__in=account_ids, period__overlap=(start_date, end_date))
    return dict(rows.order_by("period").values_list("account_id", "customer__kind"))


def holder_changes(*, account_ids: Collection[int], start_date: date, end_date: date) -> list[tuple[int, date]]:
    """Return account and day of each change to another holder in [start_date, end_date); one statement."""
    given = {"accounts": list(account_ids), "start": start_date, "end": end_date}
    return db.fetch(_HOLDER_CHANGES, given)


_HOLDER_CHANGES = """
SELECT n.account_id, lower(n.period)
FROM accounts_accountholder n
JOIN accounts_accountholder o ON o.account_id = n.account_id AND o.customer_id <> n.customer_id
 AND upper(o.period) = lower(n.period)
WHERE n.account_id = ANY(%(accounts)s) AND lower(n.period) >= %(start)s AND lower(n.period) < %(end)s
ORDER BY 1, 2
"""


def held_by(*, customer_id: int) -> tuple[HolderSpan, ...]:
    """Return the accounts that a customer holds or held, with the time, by account, latest first; one statement."""
    return _spans(AccountHolder.objects.filter(customer_id=customer_id))


def id_of_number(number: str) -> int:
    """
    Return the id of the account with a number.

    :raises UnknownAccount: there is none.
    """
    # PostgreSQL takes no text with NUL in it, and a number has only signs that are seen.
    found = Account.objects.filter(number=number).values_list("id", flat=True).first() if number.isprintable() else None
    if found is None:
        raise UnknownAccount(f"There is no account {number}.", number=number)
    return found


def ids_of_numbers(numbers: Iterable[str]) -> dict[str, int]:
    """
    Return the ids of accounts by their numbers; one statement.

    :raises UnknownAccount: one of them is no account's.
    """
    wanted = set(numbers)
    found = dict(Account.objects.filter(number__in=wanted).values_list("number", "id"))
    for number in sorted(wanted - found.keys()):
        raise UnknownAccount(f"There is no account {number}.", number=number)
    return found


def ids_by_external_id(external_ids: Iterable[str]) -> dict[str, int]:
    """Return the ids of those accounts that exist, by external id; one statement."""
    rows = Account.objects.filter(external_id__in=list(external_ids))
    return dict(rows.values_list("external_id", "id"))


def numbers_taken(numbers: Iterable[str]) -> set[str]:
    """Return those numbers that an account has already; one statement."""
    rows = db.fetch("SELECT number FROM accounts_account WHERE number = ANY(%s)", [list(numbers)])
    return {number for (number,) in rows}


def addressees(*, account_ids: Sequence[int], at_date: date) -> dict[int, Addressee]:
    """
    Return whom the bills of some accounts go to, by account id; one statement for any number.

    An account that nobody holds on the date is left out: the caller must not bill it.
    """
    found = {}
    for row in db.fetch(_ADDRESSEES, {"accounts": list(account_ids), "at": at_date}):
        account_id, number, customer_id, kind, name, language, paper_bill, kinds, values = row
        contact = shown({ContactKind(way): value for way, value in zip(kinds, values, strict=True)})
        found[account_id] = Addressee(
            account_id=account_id,
            account_number=number,
            customer_id=customer_id,
            customer_kind=kind,
            name=name,
            language=language,
            paper_bill=paper_bill,
            phone=contact.phone,
            email=contact.email,
            postal_address=contact.postal_address,
        )
    return found


_ADDRESSEES = """
SELECT a.id, a.number, c.id, c.kind, c.name, c.language, a.paper_bill,
       array_remove(array_agg(p.kind::text), NULL), array_remove(array_agg(p.value::text), NULL)
FROM accounts_account a
JOIN accounts_accountholder h ON h.account_id = a.id AND h.period @> %(at)s::date
JOIN accounts_customer c ON c.id = h.customer_id
LEFT JOIN accounts_contactpoint p ON p.customer_id = c.id AND p.is_preferred
WHERE a.id = ANY(%(accounts)s)
GROUP BY a.id, c.id
"""


def _spans(rows: QuerySet[AccountHolder]) -> tuple[HolderSpan, ...]:
    found = rows.order_by("account__number", "-period").values_list(
        "account_id", "account__number", "customer_id", "customer__name", "period"
    )
    return tuple(
        HolderSpan(
            account_id=account_id,
            account_number=number,
            customer_id=customer_id,
            customer_name=name,
            start_date=period.lower,
            end_date=period.upper,
        )
        for account_id, number, customer_id, name, period in found
    )
