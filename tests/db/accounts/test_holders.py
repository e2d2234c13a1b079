"""The change of an account's holder."""

from datetime import date

import pytest

from accounts.domain.announcements import HolderChanged
from accounts.operations import holders
from accounts.operations.holders import AccountClosed, ChangeTooEarly, SameHolder
from accounts.queries import accounts
from accounts.queries.accounts import UnknownAccount
from accounts.queries.customers import UnknownCustomer
from cis.kernel.actors import SYSTEM
from cis.platform import events
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
OPENED, CHANGED = date(2023, 1, 1), date(2024, 5, 1)


HEARD = []


@pytest.fixture
def announced():
    events.listen(HolderChanged, HEARD.append)
    HEARD.clear()
    return HEARD


def test_the_next_holder_follows_the_last_without_gap_or_overlap(announced):
    old, new = factories.accounts.customer(), factories.accounts.customer()
    account = factories.accounts.account(holder=old, opened_date=OPENED)

    holders.change(account_id=account.id, customer_id=new.id, from_date=CHANGED, actor=SYSTEM)

    spans = accounts.holders(account_ids=[account.id])
    assert [(span.customer_id, span.start_date, span.end_date) for span in spans] == [
        (new.id, CHANGED, None),
        (old.id, OPENED, CHANGED),
    ]
    assert announced == [
        HolderChanged(account_id=account.id, old_customer_id=old.id, new_customer_id=new.id, from_date=CHANGED)
    ]


@pytest.mark.parametrize("day", [OPENED, date(2022, 12, 31)])
def test_a_change_into_the_past_of_the_last_holder_is_refused(announced, day):
    account = factories.accounts.account(opened_date=OPENED)
    with pytest.raises(ChangeTooEarly):
        holders.change(account_id=account.id, customer_id=factories.accounts.customer().id, from_date=day, actor=SYSTEM)
    assert announced == []
    assert len(accounts.holders(account_ids=[account.id])) == 1


def test_a_change_to_nobody_new_is_refused(announced):
    holder = factories.accounts.customer()
    account = factories.accounts.account(holder=holder)
    with pytest.raises(SameHolder):
        holders.change(account_id=account.id, customer_id=holder.id, from_date=CHANGED, actor=SYSTEM)
    with pytest.raises(UnknownCustomer):
        holders.change(account_id=account.id, customer_id=999_999, from_date=CHANGED, actor=SYSTEM)
    with pytest.raises(UnknownAccount):
        holders.change(account_id=999_999, customer_id=holder.id, from_date=CHANGED, actor=SYSTEM)
    assert announced == []


def test_a_closed_account_has_no_next_holder(announced):
    account = factories.accounts.account(opened_date=OPENED, closed_date=date(2024, 1, 1))
    with pytest.raises(AccountClosed):
        holders.change(
            account_id=account.id, customer_id=factories.accounts.customer().id, from_date=CHANGED, actor=SYSTEM
        )
    assert announced == []
