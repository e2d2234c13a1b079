"""The log of looks by the API, for auditors' programs."""

import pytest

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers
from cis.kernel.actors import SYSTEM
from tests.doors.api import calls
from tests.factories import accounts, cases

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_program_of_auditors_reads_looks_but_none_that_a_concealed_case_led_to(client):
    accounts.supplier()
    account = accounts.account()
    who = account.holders.get().customer_id
    customers.record_look(customer_id=who, actor=SYSTEM, purpose=LookPurpose.BILLING)
    named = accounts.staff()
    case = cases.taken(customer_id=who, about_user_id=named.id)
    customers.record_look(customer_id=who, actor=SYSTEM, purpose=LookPurpose.CASE, about=("case", case.id))
    key = calls.key("access_log:read")
    bearer = {"Authorization": f"Bearer {key}"}
    found = client.get("/api/v1/access-log", {"account": account.number}, headers=bearer).json()["results"]
    assert [(one["customer_id"], one["purpose"]) for one in found] == [(who, "billing")]
    assert (
        client.get("/api/v1/access-log", headers={"Authorization": f"Bearer {calls.key('bills:read')}"}).status_code
        == 403
    )
