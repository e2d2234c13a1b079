"""``__in`` is asked by one array, whatever the number of values; what cannot be is asked as Django does."""

from datetime import date

import pytest
from django.db import connection
from django.db.models import F, Value
from django.test.utils import CaptureQueriesContext

from accounts.models.account import Account, AccountHolder
from billing.domain.channels import PaymentChannel
from billing.models.bill import Bill
from billing.models.payment import Payment

pytestmark = pytest.mark.django_db


def asked(rows) -> str:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        list(rows)
    return seen.captured_queries[0]["sql"] if seen.captured_queries else ""


def test_ids_foreign_keys_words_and_days_are_one_array_each():
    assert '"accounts_account"."id" = ANY(' in asked(Account.objects.filter(id__in=[1, 2]))
    assert '"accounts_accountholder"."account_id" = ANY(' in asked(AccountHolder.objects.filter(account_id__in={1, 2}))
    assert '"accounts_accountholder"."account_id" = ANY(' in asked(
        AccountHolder.objects.filter(account__in=[Account(id=3)])
    )
    assert '"accounts_account"."number" = ANY(' in asked(Account.objects.filter(number__in=["1"]))
    assert '"billing_bill"."due_date" = ANY(' in asked(Bill.objects.filter(due_date__in=[date(2026, 1, 1)]))


def test_nothing_is_among_no_values_and_none_is_among_none():
    assert not asked(Account.objects.filter(id__in=[]))
    assert not asked(Account.objects.filter(id__in=[None]))
    assert asked(Account.objects.exclude(id__in=[]))


def test_a_subquery_and_an_expression_are_asked_as_before():
    assert '"account_id" IN (SELECT' in asked(AccountHolder.objects.filter(account_id__in=Account.objects.values("id")))
    assert " IN (" in asked(Bill.objects.filter(due_date__in=[F("issue_date"), Value(date(2026, 1, 1))]))


def test_long_words_are_not_cut_off_and_enumerations_are_their_words():
    account = Account.objects.create(number="1" * 10, external_id="A", opened_date=date(2026, 1, 1))
    Payment.objects.create(
        account=account, channel="bank", reference="R", amount_minor=1, received_date=date(2026, 1, 1)
    )
    assert Account.objects.filter(number__in=["1" * 10]).count() == 1
    assert Account.objects.filter(number__in=["1" * 60]).count() == 0
    assert Payment.objects.filter(channel__in=[PaymentChannel.BANK]).count() == 1
    assert Payment.objects.filter(channel__in=PaymentChannel).exclude(channel__in=["bank", None]).count() == 0
