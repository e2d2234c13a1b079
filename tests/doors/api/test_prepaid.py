"""Prepaid accounts by API: read, switched, switched back."""

import pytest
from django.utils import timezone

from billing.models.prepay import PrepaidDay, Prepayment
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import accounts, contracts

pytestmark = pytest.mark.django_db


def test_an_account_is_switched_read_and_switched_back():
    accounts.supplier()
    world, today = contracts.world(), timezone.localdate()
    caller, path = Caller("prepayments:read", "prepayments:write"), f"accounts/{world.account.number}/prepayment"
    assert_problem(caller.get(path), 422, "not_prepaid")
    wish = {"since_date": today.isoformat(), "agreement_reference": "YF-9"}
    assert_problem(Caller("prepayments:read").post(path, wish, idempotency_key="k"), 403, "permission_denied")
    for _ in range(2):
        assert caller.post(path, wish, idempotency_key="k1").status_code == 204
    assert_problem(caller.post(path, wish, idempotency_key="k2"), 422, "bad_prepay_switch")
    row = Prepayment.objects.get()
    PrepaidDay.objects.create(
        prepayment=row, day=today, billed_until=today, rated_until=today, unbilled_minor=250, cost_minor=250
    )
    found = caller.get(path).json()
    assert (found["balance"]["text"], found["unbilled"]["amount_minor"], found["level"], found["review"]) == (
        "-2.50", 250, "ok", "",
    )  # fmt: skip
    given = {"until_date": today.isoformat(), "reason": "asked"}
    assert caller.post(f"{path}/end", given, idempotency_key="k3").status_code == 204
    assert_problem(caller.get(path), 422, "not_prepaid")
