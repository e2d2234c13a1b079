"""Asking by telephone: who proves himself hears what he owes, everybody else the same answer, a bounded time."""

from datetime import date

import pytest
import time_machine
from django.test import Client

from accounts.models.telephone import TelephonePin
from accounts.operations import holders, telephone_pins
from arrears.operations import enquiries
from cis.kernel.actors import SYSTEM
from cis.platform.models import AuditEvent
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import accounts, metering

pytestmark = pytest.mark.django_db
PIN = "480213"


@pytest.fixture(autouse=True)
def quick(settings):
    """A PIN is hashed slowly on purpose."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    enquiries._nobody.cache_clear()
    yield
    enquiries._nobody.cache_clear()


@pytest.fixture
def asker(bills):
    with time_machine.travel("2026-03-10T02:00:00Z", tick=False):
        yield Caller("enquiries:ask")


@pytest.fixture
def known(world):
    telephone_pins.set_pin(
        account_id=world.account.id, customer_id=world.customer.id, pin=PIN, digits=6, actor=SYSTEM
    )  # fmt: skip
    return world


def _ask(asker, number, **proof):
    return asker.post("enquiries", {"account": number, **(proof or {"pin": PIN})})


def test_a_pin_tells_what_is_owed_and_the_look_is_recorded(asker, known):
    reply = _ask(asker, known.account.number)
    found = reply.json()
    assert reply["Cache-Control"] == "no-store"
    assert (found["owed_minor"], found["last_bill_minor"]) == (18_510, 12_340)
    assert found["sentences_zh"][1].startswith("您目前应缴电费一百八十五元一角")
    assert "one hundred eighty-five yuan and ten fen" in found["sentences_en"][1]
    look = AuditEvent.objects.get(action="look", subject_id=known.customer.id)
    assert look.actor_kind == "client"
    assert PIN not in TelephonePin.objects.get().hash


def test_the_number_that_calls_and_the_meter_prove_as_well(asker, known):
    point = accounts.contact_point(of=known.customer)
    meter = metering.meter(serial="X-00420077")
    metering.installation(of=meter, at=known.service_point)
    asked = {"caller": point.value.removeprefix("+86"), "meter_digits": "0077"}
    assert_problem(_ask(asker, known.account.number, **asked), 422, "enquiry_not_proven")  # not proven to be his
    point.verified_at = point.customer.created_at
    point.save()
    assert _ask(asker, known.account.number, **asked).status_code == 200
    assert_problem(_ask(asker, known.account.number, **{**asked, "meter_digits": "0078"}), 422, "enquiry_not_proven")
    assert_problem(_ask(asker, known.account.number, caller="13800001111"), 422, "invalid_request")
    assert_problem(_ask(asker, known.account.number, **asked, pin=PIN), 422, "invalid_request")


def test_a_number_that_is_nobodys_answers_as_a_wrong_proof_and_is_locked_as_soon(asker, known):
    answers = []
    for number in (known.account.number, "3199999999"):
        replies = [_ask(asker, number, pin="111112").json() for _ in range(7)]
        answers.append([(one["code"], one["status"], one["detail"]) for one in replies])
        assert [one["code"] for one in replies] == ["enquiry_not_proven"] * 5 + ["enquiry_locked"] * 2
    assert answers[0] == answers[1]
    assert_problem(_ask(asker, known.account.number), 422, "enquiry_locked")
    with time_machine.travel("2026-03-11T02:00:00Z", tick=False):
        assert _ask(asker, known.account.number).status_code == 200


def test_a_right_proof_counts_anew(asker, known):
    for _ in range(3):
        assert [_ask(asker, known.account.number, pin="111112").status_code for _ in range(4)] == [422] * 4
        assert _ask(asker, known.account.number).status_code == 200


def test_a_pin_ends_with_its_holder(asker, known):
    holders.change(
        account_id=known.account.id, customer_id=accounts.customer().id, from_date=date(2026, 3, 1), actor=SYSTEM
    )  # fmt: skip
    assert_problem(_ask(asker, known.account.number), 422, "enquiry_not_proven")


def test_the_scope_is_its_own(known):
    assert Caller("balances:read").post("enquiries", {"account": "1", "pin": PIN}).status_code == 403


def test_customers_set_and_remove_it_themselves_and_clerks_do(world, bills):
    with time_machine.travel("2026-03-10T02:00:00Z", tick=False):
        own = Client()
        own.force_login(accounts.portal_user(of=world.customer))
        assert own.get("/portal/details").status_code == 200
        page = "/portal/telephone-pin"
        for bad in ("111111", "345678", "12", world.account.number[:6]):
            assert own.post(page, {"pin": bad, "again": bad}).status_code == 200
        assert own.post(page, {"pin": PIN, "again": "480214"}).status_code == 200
        assert not TelephonePin.objects.exists()
        assert own.post(page, {"pin": PIN, "again": PIN}).status_code == 302
        assert own.get(page).status_code == 200
        assert TelephonePin.objects.get().customer_id == world.customer.id
        assert own.post(page, {"do": "remove"}).status_code == 302
        assert not TelephonePin.objects.exists()
        desk = Client()
        desk.force_login(accounts.staff())
        page = f"/desk/customers/{world.account.id}/telephone-pin/"
        assert desk.get(page).status_code == 200
        assert desk.post(page, {"pin": PIN, "again": PIN}).status_code == 302
        assert TelephonePin.objects.exists()
