"""Accounts: open one for a customer, change how its bills are sent."""

from collections.abc import Collection
from datetime import date

from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.domain.numbers import account_number
from accounts.models.account import Account, AccountHolder, AccountState
from accounts.operations.contacts import lock_customer
from accounts.queries.accounts import UnknownAccount, numbers_taken
from cis.kernel.actors import Actor
from cis.platform import audit, sequences
from cis.platform.db import fetch, joins_transaction, opens_transaction

SEQUENCE = "account_number"


@opens_transaction
def open_account(*, customer_id: int, opened_date: date, paper_bill: bool = False, actor: Actor) -> int:
    """
    Open one more account for a customer.

    :returns: id of the account.
    :raises UnknownCustomer: there is no such customer.
    """
    lock_customer(customer_id=customer_id)
    account = add_account(customer_id=customer_id, opened_date=opened_date, paper_bill=paper_bill)
    audit.record(actor, "open", "account", account.id, number=account.number, customer_id=customer_id)
    return account.id


@opens_transaction
def choose_paper(*, account_id: int, paper_bill: bool, actor: Actor) -> None:
    """
    Send the bills of an account on paper, or no longer.

    :raises UnknownAccount: there is no such account.
    """
    account = lock_account(account_id=account_id)
    account.paper_bill = paper_bill
    account.save(update_fields=["paper_bill"])
    audit.record(actor, "edit", "account", account_id, paper_bill=paper_bill)


@joins_transaction
def lock_account(*, account_id: int) -> Account:
    """
    Lock an account against other changes until the use case ends.

    :raises UnknownAccount: there is no such account.
    """
    account = Account.objects.select_for_update().filter(id=account_id).first()
    if account is None:
        raise UnknownAccount(f"There is no account {account_id}.", account_id=account_id)
    return account


@joins_transaction
def add_account(*, customer_id: int, opened_date: date, paper_bill: bool, external_id: str = "") -> Account:
    """
    Write an account and its holder; the number is taken as late as can be, since it queues all others.

    An account without an external id is known by its number.

    :raises NumbersExhausted: no number is left.
    """
    (number,) = take_numbers(count=1)
    account = Account(number=number, external_id=external_id or number, paper_bill=paper_bill, opened_date=opened_date)
    ((account.id,),) = fetch(
        _ADD,
        [
            account.number, account.external_id, account.state, paper_bill, opened_date, account.created_at,
            customer_id, opened_date,
        ],
    )  # fmt: skip
    account._state.adding = False  # noqa: SLF001 (it is kept now)
    return account


_ADD = """
    WITH made AS (
        INSERT INTO accounts_account (number, external_id, state, paper_bill, opened_date, created_at)
        VALUES (%s, %s, %s, %s, %s, %s) RETURNING id
    )
    INSERT INTO accounts_accountholder (account_id, customer_id, period)
    SELECT made.id, %s, daterange(%s, NULL) FROM made RETURNING account_id
"""


@joins_transaction
def take_numbers(*, count: int, reserved: Collection[str] = frozenset()) -> list[str]:
    """
    Return new account numbers; one that came with an older system is passed over.

    :param reserved: numbers that are about to be written.
    :raises NumbersExhausted: too few are left.
    """
    numbers: list[str] = []
    while len(numbers) < count:
        wanted = count - len(numbers)
        first = sequences.take(SEQUENCE, wanted)
        made = [account_number(serial=serial) for serial in range(first, first + wanted)]
        taken = numbers_taken(made).union(reserved)
        numbers += [number for number in made if number not in taken]
    return numbers


@joins_transaction
def close(*, account_id: int, closed_date: date, actor: Actor) -> None:
    """
    Close an account: nothing is supplied on it any more, and nothing is open. Its holder's time ends with it.

    :raises UnknownAccount: there is no such account.
    """
    account = lock_account(account_id=account_id)
    account.state, account.closed_date = AccountState.CLOSED.value, closed_date
    account.save(update_fields=["state", "closed_date"])
    last = AccountHolder.objects.filter(account=account).order_by("-period")[0]
    last.period = DateRange(last.period.lower, closed_date)
    last.save(update_fields=["period"])
    audit.record(actor, "close", "account", account_id, closed_date=closed_date)
