"""Money that is booked by hand."""

import pytest

from billing.models.payment import Payment
from billing.operations import proof

pytestmark = pytest.mark.django_db


def _form(**values):
    return {"amount": "123.40", "channel": "bank", "received_date": "2026-03-10", "reference": "R-1", **values}


def test_a_payment_clears_what_is_owed(desk, billed):
    url = f"/desk/customers/{billed.account.id}/payment/"
    assert 'value="123.40"' in desk.get(url).content.decode()
    answer = desk.post(url, _form(), follow=True)
    page = answer.content.decode()
    assert "¥123.40 received." in page
    assert "nothing is due" in page
    assert proof.verify() == ()


def test_the_same_form_sent_twice_is_booked_once(desk, billed):
    url = f"/desk/customers/{billed.account.id}/payment/"
    desk.post(url, _form())
    page = desk.post(url, _form(), follow=True).content.decode()
    assert "was booked before" in page
    assert Payment.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"amount": "0"}, "more than 0"),
        ({"amount": "1e3"}, "is not a number"),
        ({"amount": "１２"}, "is not a number"),
        ({"amount": ""}, "required"),
        ({"received_date": "2026-03-11"}, "still to come"),
    ],
)
def test_a_wrong_field_is_answered_beside_it_and_nothing_typed_is_lost(desk, billed, wrong, text):
    page = desk.post(f"/desk/customers/{billed.account.id}/payment/", _form(**wrong)).content.decode()
    assert text in page
    assert 'value="R-1"' in page
    assert "is-invalid" in page
    assert Payment.objects.count() == 0
