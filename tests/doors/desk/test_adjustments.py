"""Adjustments and moved money at the desk: entered, decided by a second person, taken back, listed."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.models.adjustment import Adjustment, MoneyMove
from billing.queries import balances
from cis.kernel.enums import Role
from tests.doors.desk.conftest import TODAY, make_billed, sign_in
from tests.factories.refunds import paid_in

pytestmark = pytest.mark.django_db


def text(answer):
    return answer.content.decode()


@pytest.fixture
def clerk(supplier):
    return sign_in(Client(), Role.CLERK)


def _owed(billed):
    return balances.of_account(account_id=billed.account.id, today=TODAY).balance_minor


def _adjust(client, billed, amount="20.00", **changes):
    typed = {"reason": "goodwill", "side": "credit", "amount": amount, "text": "outage", "request_key": "k1"}
    return client.post(f"/desk/customers/{billed.account.id}/adjust/", {**typed, **changes}, follow=True)


def test_a_small_one_is_posted_at_once_with_a_note_of_its_own(clerk, desk, billed):
    assert "¥50.00" in text(clerk.get(f"/desk/customers/{billed.account.id}/adjust/"))
    assert "posted, by a note of its own" in text(_adjust(clerk, billed))
    made = Adjustment.objects.get()
    assert _owed(billed) == 2 * 6_170 - 2_000
    page = text(desk.get(f"/desk/bills/{made.note_id}/"))
    assert "outage" in page
    assert "−¥20.00" in page or "-20.00" in page or "−20.00" in page
    act = f"/desk/refunds/adjustments/{made.id}/act/"
    assert text(desk.post(act, {"action": "reverse", "reason": ""})).count("is-invalid")
    desk.post(act, {"action": "reverse", "reason": "wrong account"})
    assert _owed(billed) == 2 * 6_170
    csv = b"".join(desk.get("/desk/refunds/adjustments.csv?state=reversed").streaming_content).decode()
    assert csv.count("\n") == 2


def test_a_large_one_waits_for_somebody_else(clerk, desk, billed):
    assert "second person decides" in text(_adjust(clerk, billed, "50.01"))
    made = Adjustment.objects.get()
    assert _owed(billed) == 2 * 6_170
    assert "Agree" not in text(clerk.get(f"/desk/refunds/adjustments/{made.id}/")).split("Decide")[1].split("<form")[-1]
    desk.post(f"/desk/refunds/adjustments/{made.id}/act/", {"action": "agree"})
    assert _owed(billed) == 2 * 6_170 - 5_001
    assert desk.post(f"/desk/refunds/adjustments/{made.id}/act/", {"action": "nonsense"}).status_code == 404


def test_what_the_reason_is_not_for_is_said_beside_its_field(clerk, billed):
    assert "reason" in text(_adjust(clerk, billed, side="debit")).lower()
    assert not Adjustment.objects.exists()


def test_a_payment_is_moved_to_the_account_that_is_typed(clerk, desk, billed):
    other = make_billed(name="李四光")
    payment_id = paid_in(billed.account.id, 6_170, on=TODAY)
    assert f"/desk/payments/{payment_id}/move/" in text(clerk.get(f"/desk/customers/{billed.account.id}/"))
    move = f"/desk/payments/{payment_id}/move/"
    assert "It has paid" in text(clerk.get(move))
    typed = {"to_account": "nothing", "reason": "typed wrongly", "request_key": "m"}
    assert clerk.post(move, typed).status_code == 200
    clerk.post(move, {**typed, "to_account": other.account.number})
    assert (_owed(billed), _owed(other)) == (2 * 6_170, 6_170)
    made = MoneyMove.objects.get()
    assert "typed wrongly" in text(desk.get(f"/desk/refunds/moves/{made.id}/"))
    desk.post(f"/desk/refunds/moves/{made.id}/act/", {"action": "reverse", "reason": "right after all"})
    assert (_owed(billed), _owed(other)) == (6_170, 2 * 6_170)
    csv = b"".join(desk.get("/desk/refunds/moves.csv").streaming_content).decode()
    assert csv.count("\n") == 2


@pytest.mark.parametrize("address", ["/desk/refunds/adjustments/", "/desk/refunds/moves/", "/desk/refunds/credit/"])
def test_lists_take_as_many_statements_for_many_as_for_one(clerk, desk, billed, address):
    counts = []
    for number in range(3):
        other = make_billed(name=f"李四{number}")
        _adjust(clerk, billed, "1.00", request_key=f"a{number}")
        payment_id = paid_in(billed.account.id, 50_000, on=TODAY, reference=f"p{number}")
        typed = {"to_account": other.account.number, "reason": "x", "request_key": f"m{number}"}
        clerk.post(f"/desk/payments/{payment_id}/move/", typed)
        with CaptureQueriesContext(connection) as asked:
            assert desk.get(address).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[2] <= 8
