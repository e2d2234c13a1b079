"""Who holds an account: the change from one customer to the next (过户)."""

from datetime import date

from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.domain.announcements import HolderChanged
from accounts.models.account import AccountHolder, AccountState
from accounts.operations.accounts import lock_account
from accounts.operations.contacts import lock_customer
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit, events
from cis.platform.db import opens_transaction


class AccountClosed(Refused):
    """The account is closed."""

    code = "account_closed"


class SameHolder(Refused):
    """The customer holds the account already."""

    code = "same_holder"


class ChangeTooEarly(Refused):
    """On that date somebody else held the account, or nobody."""

    code = "change_too_early"


@opens_transaction
def change(*, account_id: int, customer_id: int, from_date: date, actor: Actor) -> None:
    """
    Give an account to another customer from a local date on: ends the holder's time and begins the next one's.

    Announces HolderChanged.

    :raises UnknownAccount: there is no such account.
    :raises UnknownCustomer: there is no such customer.
    :raises AccountClosed: the account is closed.
    :raises SameHolder: the customer holds it already.
    :raises ChangeTooEarly: the date is not after the last holder's first day.
    """
    account = lock_account(account_id=account_id)
    if account.state != AccountState.OPEN:
        raise AccountClosed(f"Account {account.number} is closed.", account_id=account_id)
    customer = lock_customer(customer_id=customer_id)
    last = AccountHolder.objects.filter(account=account).order_by("-period")[0]
    if last.customer_id == customer.id:
        raise SameHolder(f"{customer.name} holds account {account.number} already.", account_id=account_id)
    since = last.period.lower
    if from_date <= since:
        raise ChangeTooEarly(
            f"Account {account.number} has its holder since {since}.",
            advice=f"Choose a date after {since}.",
            account_id=account_id,
        )
    last.period = DateRange(since, from_date)
    last.save(update_fields=["period"])
    AccountHolder.objects.create(account=account, customer=customer, period=DateRange(from_date, None))
    events.announce(
        HolderChanged(
            account_id=account_id,
            old_customer_id=last.customer_id,
            new_customer_id=customer.id,
            from_date=from_date,
        )
    )
    audit.record(
        actor,
        "change_holder",
        "account",
        account_id,
        old_customer_id=last.customer_id,
        new_customer_id=customer.id,
        from_date=from_date.isoformat(),
    )
