"""Customers: create one with an account, edit, record a look, load many."""

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from accounts.domain import account as account_rules
from accounts.domain import customer as customer_rules
from accounts.domain import names
from accounts.domain.account import NewAccount
from accounts.domain.contact import ContactKind
from accounts.domain.customer import CheckedCustomer, NewCustomer
from accounts.domain.identity import CustomerKind, masked
from accounts.domain.privacy import LookPurpose
from accounts.models.customer import Customer
from accounts.operations import accounts as account_steps
from accounts.operations import contacts
from accounts.queries import accounts as account_queries
from accounts.queries import customers as customer_queries
from accounts.queries import supplier
from cis.kernel.actors import Actor
from cis.kernel.errors import Findings, Refused
from cis.platform import audit
from cis.platform.db import copy_rows, execute, joins_transaction, opens_transaction, take_ids

EDITED = ("kind", "name", "name_pinyin", "id_number", "language", "note")


class InvalidCustomer(Refused):
    """Fields of the customer are wrong; ``detail["findings"]`` has one entry per field."""

    code = "invalid_customer"


class StaleEdit(Refused):
    """Somebody else changed the customer meanwhile."""

    code = "stale_edit"


class InvalidLoad(Refused):
    """The delivery has findings; nothing of it was written."""

    code = "invalid_load"


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """What a new customer got."""

    customer_id: int
    account_id: int
    account_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedLoad:
    """A delivery in canonical form with everything found in it; only one without findings can be loaded."""

    customers: tuple[CheckedCustomer, ...]
    accounts: tuple[NewAccount, ...]
    findings: Findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Ids of what was loaded, by external id."""

    customer_ids: dict[str, int]
    account_ids: dict[str, int]


@opens_transaction
def create(*, customer: NewCustomer, opened_date: date, paper_bill: bool = False, actor: Actor) -> Created:
    """
    Create a customer with its contact points and an account that it holds from ``opened_date`` on.

    :raises InvalidCustomer: fields are wrong, or the external id is taken.
    """
    return add(customer=customer, opened_date=opened_date, paper_bill=paper_bill, actor=actor)


@joins_transaction
def add(*, customer: NewCustomer, opened_date: date, paper_bill: bool = False, actor: Actor) -> Created:
    """Create a customer as a step of a larger use case; see ``create``."""
    customer_id = enroll(customer=customer, actor=actor)
    account = account_steps.add_account(customer_id=customer_id, opened_date=opened_date, paper_bill=paper_bill)
    audit.record(actor, "open", "account", account.id, number=account.number, customer_id=customer_id)
    return Created(customer_id=customer_id, account_id=account.id, account_number=account.number)


@joins_transaction
def enroll(*, customer: NewCustomer, actor: Actor) -> int:
    """
    Create a customer who has no account yet; return the id.

    :raises InvalidCustomer: fields are wrong, or the external id is taken.
    """
    checked = _checked(customer)
    if checked.external_id and customer_queries.ids_by_external_id([checked.external_id]):
        findings = Findings()
        findings.add("external_id", "external_id_taken", f"The external id {checked.external_id} is taken.")
        findings.raise_if_any(InvalidCustomer)
    row = Customer.objects.create(
        external_id=checked.external_id or uuid.uuid4().hex,
        search_grams=list(checked.search_grams),
        **{field: getattr(checked, field) for field in EDITED},
    )
    kinds, values = [str(kind) for kind, _ in checked.contacts], [value for _, value in checked.contacts]
    told = audit.parameters(actor, "create", "customer", [row.id], name=row.name)
    execute(f"WITH {_KEEP_CONTACTS} {audit.INSERT}", [row.id, kinds, values, *told])
    return row.id


_KEEP_CONTACTS = """
    contacts AS (
        INSERT INTO accounts_contactpoint (customer_id, kind, value, is_preferred)
        SELECT %s, one.kind, one.value, true FROM unnest(%s::text[], %s::text[]) AS one (kind, value)
    )
"""


@opens_transaction
def edit(*, customer_id: int, version: int, customer: NewCustomer, actor: Actor) -> None:
    """
    Put what a form says in place of what is kept; its external id never changes.

    The form's phone, e-mail and address replace the preferred ones that it showed; other contact points stay.

    :param version: the version that the form was filled from.
    :raises UnknownCustomer: there is no such customer.
    :raises StaleEdit: the customer was changed since; nothing is written.
    :raises InvalidCustomer: fields are wrong.
    """
    row = contacts.lock_customer(customer_id=customer_id)
    if row.version != version:
        raise StaleEdit(
            f"{row.name} was changed by somebody else meanwhile.",
            advice="Look at the customer again, then repeat your change.",
            customer_id=customer_id,
        )
    checked = _checked(customer)
    old = customer_queries.card(customer_id=customer_id)
    changes = {}
    for field in EDITED:
        before, after = getattr(row, field), getattr(checked, field)
        if before != after:
            changes[field] = [masked(before), masked(after)] if field == "id_number" else [before, str(after)]
            setattr(row, field, after)
    contacts.show(customer=row, old=old.shown, contacts=checked.contacts)
    contacts.touch(customer=row)
    new = customer_queries.card(customer_id=customer_id)
    for field in ("phone", "email", "postal_address"):
        before, after = getattr(old.shown, field), getattr(new.shown, field)
        if before != after:
            changes[field] = [before, after]
    audit.record(actor, "edit", "customer", customer_id, changes=changes)


@joins_transaction
def rename(*, customer_id: int, name: str, actor: Actor) -> str:
    """
    Call a customer otherwise (更名); return the name before.

    :raises UnknownCustomer: there is no such customer.
    :raises BadName: it cannot be a name.
    """
    row = contacts.lock_customer(customer_id=customer_id)
    before = row.name
    row.name = names.plain_name(name)
    row.name_pinyin = names.pinyin(row.name, is_person=row.kind == CustomerKind.RESIDENT)
    contacts.touch(customer=row)
    audit.record(actor, "edit", "customer", customer_id, changes={"name": [before, row.name]})
    return before


@opens_transaction
def record_look(
    *, customer_id: int, actor: Actor, purpose: LookPurpose = LookPurpose.SERVICE, about: tuple[str, int] | None = None
) -> None:
    """
    Record that somebody looked at a customer's personal data, and why; the customer can read it.

    :param about: kind and id of what led there, where that may be kept from somebody, as a case.

    [source: 个人信息保护法 (2021) art 51 and 54, access is controlled and audited]
    """
    look_step(customer_id=customer_id, actor=actor, purpose=purpose, about=about)


@joins_transaction
def look_step(*, customer_id: int, actor: Actor, purpose: LookPurpose, about: tuple[str, int] | None = None) -> None:
    """Record a look as a step of a larger use case; see ``record_look``."""
    led = {} if about is None else {"about": about[0], "about_id": about[1]}
    audit.record(actor, "look", "customer", customer_id, purpose=purpose, roles=actor.roles, **led)


def prepare(*, customers: Sequence[NewCustomer], accounts: Sequence[NewAccount]) -> PreparedLoad:
    """
    Check a whole delivery of customers and their accounts; three statements, nothing is written.

    :returns: the delivery in canonical form, with every finding (``where`` names file and line).
    """
    findings = Findings()
    country = supplier.country()
    checked = [customer_rules.check(new, country=country, findings=findings) for new in customers]
    for new in customers:
        if not new.external_id.strip():
            findings.add(f"{new.where}: external_id", "missing_external_id", "The external id is missing.")
    for account in accounts:
        account_rules.check(account, findings=findings)
    _check_once("external_id", [(new.where, new.external_id.strip()) for new in customers], findings)
    _check_once("external_id", [(new.where, new.external_id) for new in accounts], findings)
    _check_once("number", [(new.where, new.number) for new in accounts], findings)
    _check_against_kept(customers, accounts, findings)
    return PreparedLoad(customers=tuple(new for new in checked if new), accounts=tuple(accounts), findings=findings)


@joins_transaction
def load(*, prepared: PreparedLoad, actor: Actor) -> Loaded:
    """
    Write a prepared delivery by COPY; the use case that loads all rooms' data stands above it.

    :raises InvalidLoad: the delivery has findings; nothing is written.
    """
    prepared.findings.raise_if_any(InvalidLoad)
    ids = take_ids("accounts_customer", len(prepared.customers))
    customer_ids = {new.external_id: new_id for new, new_id in zip(prepared.customers, ids, strict=True)}
    now = timezone.now()
    copy_rows(
        table="accounts_customer",
        columns=("id", "external_id", *EDITED, "search_grams", "created_at", "version"),
        rows=(
            (new_id, new.external_id, *(getattr(new, field) for field in EDITED), list(new.search_grams), now, 1)
            for new, new_id in zip(prepared.customers, ids, strict=True)
        ),
    )
    copy_rows(
        table="accounts_contactpoint",
        columns=("customer_id", "kind", "value", "is_preferred"),
        rows=_contact_rows(prepared.customers, ids),
    )
    wanted = {new.customer for new in prepared.accounts} - customer_ids.keys()
    holders = customer_ids | (customer_queries.ids_by_external_id(wanted) if wanted else {})
    account_ids = _load_accounts(prepared.accounts, holders)
    audit.record(actor, "load", "customer", None, customers=len(customer_ids), accounts=len(account_ids))
    return Loaded(customer_ids=customer_ids, account_ids=account_ids)


def _checked(customer: NewCustomer) -> CheckedCustomer:
    findings = Findings()
    checked = customer_rules.check(customer, country=supplier.country(), findings=findings)
    findings.raise_if_any(InvalidCustomer)
    if checked is None:
        raise InvalidCustomer("The customer cannot be kept.")
    return checked


def _check_once(field: str, given: list[tuple[str, str]], findings: Findings) -> None:
    """Note each value that stands in the delivery more than once; a blank one is no value."""
    counts = Counter(value for _, value in given if value)
    for where, value in given:
        if counts[value] > 1:
            findings.add(
                f"{where}: {field}", f"{field}_twice", f"{value} stands {counts[value]} times in the delivery."
            )


def _check_against_kept(customers: Sequence[NewCustomer], accounts: Sequence[NewAccount], findings: Findings) -> None:
    """Note what is taken already, and accounts whose customer nobody knows."""
    delivered = {new.external_id.strip() for new in customers}
    kept = customer_queries.ids_by_external_id(delivered | {new.customer for new in accounts})
    kept_accounts = account_queries.ids_by_external_id(new.external_id for new in accounts)
    kept_numbers = account_queries.numbers_taken(new.number for new in accounts if new.number)
    for new in customers:
        if new.external_id.strip() in kept:
            message = f"The customer {new.external_id} exists already."
            findings.add(f"{new.where}: external_id", "external_id_taken", message)
    for account in accounts:
        if account.external_id in kept_accounts:
            message = f"The account {account.external_id} exists already."
            findings.add(f"{account.where}: external_id", "external_id_taken", message)
        if account.number in kept_numbers:
            findings.add(f"{account.where}: number", "number_taken", f"The number {account.number} is taken.")
        if account.customer not in delivered and account.customer not in kept:
            message = f"There is no customer {account.customer}."
            findings.add(f"{account.where}: customer", "unknown_customer", message, "Deliver the customer too.")


def _contact_rows(
    customers: Sequence[CheckedCustomer], ids: Sequence[int]
) -> Iterator[tuple[int, ContactKind, str, bool]]:
    for new, new_id in zip(customers, ids, strict=True):
        for kind, value in new.contacts:
            yield new_id, kind, value, True


def _load_accounts(accounts: Sequence[NewAccount], customer_ids: dict[str, int]) -> dict[str, int]:
    ids = take_ids("accounts_account", len(accounts))
    given = {new.number for new in accounts if new.number}
    numbers = iter(account_steps.take_numbers(count=len(accounts) - len(given), reserved=given))
    now = timezone.now()
    copy_rows(
        table="accounts_account",
        columns=("id", "number", "external_id", "state", "paper_bill", "opened_date", "created_at"),
        rows=(
            (new_id, new.number or next(numbers), new.external_id, "open", new.paper_bill, new.opened_date, now)
            for new, new_id in zip(accounts, ids, strict=True)
        ),
    )
    copy_rows(
        table="accounts_accountholder",
        columns=("account_id", "customer_id", "period"),
        rows=(
            (new_id, customer_ids[new.customer], DateRange(new.opened_date, None))
            for new, new_id in zip(accounts, ids, strict=True)
        ),
    )
    return {new.external_id: new_id for new, new_id in zip(accounts, ids, strict=True)}
