"""Asking by telephone: who proves himself hears what he owes, everybody else the same answer, a bounded time."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models.telephone import TelephonePin
from accounts.operations import holders, telephone_pins
from arrears.models.collection import DisconnectionOrder
from arrears.operations import enquiries
from billing.domain.channels import PaymentChannel, ReturnKind
from billing.models.bill import Bill
from billing.operations import bills as bill_operations
from billing.operations import payments
from cis.kernel.actors import SYSTEM
from cis.platform.db import door_transaction
from cis.platform.models import AuditEvent
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import accounts, billing, metering

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
    assert (found["last_bill_date"], found["due_date"], found["overdue_minor"]) == ("2026-03-01", "2026-03-21", 6_170)
    assert (found["last_payment_minor"], found["last_payment_date"]) == (None, None)
    assert (found["disconnection_date"], found["is_disconnected"]) == (None, False)
    assert found["sentences_zh"][1].startswith("您目前应缴电费一百八十五元一角")
    assert "one hundred eighty-five yuan and ten fen" in found["sentences_en"][1]
    look = AuditEvent.objects.get(action="look", subject_id=known.customer.id)
    assert look.actor_kind == "client"
    assert PIN not in TelephonePin.objects.get().hash


def _pay(world, amount_minor, day, reference):
    with door_transaction():
        return payments.book(
            account_id=world.account.id, amount_minor=amount_minor, channel=PaymentChannel.BANK, reference=reference,
            received_date=day, today=day, actor=SYSTEM,
        ).payment_id  # fmt: skip


def _back(payment_id, kind):
    with door_transaction():
        payments.take_back_step(
            payment_id=payment_id, kind=kind, returned_date=date(2026, 3, 9), reason="AC04", actor=SYSTEM
        )


def _order(world, state):
    at = datetime(2026, 3, 12, 2, tzinfo=UTC)
    return DisconnectionOrder.objects.create(
        account=world.account, service_point=world.service_point, way="remote", reason="unpaid",
        customer_class="residential", state=state, proposed_at=at, expires_at=at, slot_start_at=at, slot_end_at=at,
    )  # fmt: skip


def test_the_last_payment_that_stands_and_a_disconnection_are_told(asker, known):
    _pay(known, 1_000, date(2026, 3, 2), "A")
    for day in range(3, 9):  # what went back, in however many ways, is no payment
        _back(_pay(known, 50, date(2026, 3, day), f"B{day}"), list(ReturnKind)[day % 3])
    order = _order(known, "noticed")
    found = _ask(asker, known.account.number).json()
    assert (found["last_payment_minor"], found["last_payment_date"]) == (1_000, "2026-03-02")
    assert (found["disconnection_date"], found["is_disconnected"]) == ("2026-03-12", False)
    assert found["sentences_en"][-1].endswith("cut off on March twelfth.")
    order.state = "cut"
    order.save()
    found = _ask(asker, known.account.number).json()
    assert (found["disconnection_date"], found["is_disconnected"]) == (None, True)
    assert found["sentences_zh"][-1].startswith("您的用电已因欠费中止")


def test_the_last_bills_are_listed_and_said_one_after_another(asker, known):
    _pay(known, 6_170, date(2026, 3, 2), "A")
    reply = asker.post("enquiries/bills", {"account": known.account.number, "pin": PIN})
    found = reply.json()
    assert (reply.status_code, reply["Cache-Control"]) == (200, "no-store")
    numbers = list(Bill.objects.order_by("-start_date").values_list("number", flat=True))
    assert found["bills"] == [
        {"number": numbers[0], "date": "2026-03-01", "due_date": "2026-03-21", "amount_minor": 12_340,
         "open_minor": 12_340},
        {"number": numbers[1], "date": "2026-02-01", "due_date": "2026-02-21", "amount_minor": 6_170, "open_minor": 0},
    ]  # fmt: skip
    owed = "one hundred twenty-three yuan and forty fen"
    assert found["sentences_en"][1:] == [
        f"Bill of March first: {owed}, of which {owed} is to be paid.",
        "Bill of February first: sixty-one yuan and seventy fen, paid.",
    ]
    assert found["sentences_zh"][2] == "二月一日的账单，金额六十一元七角，已付清。"
    assert known.customer.name not in reply.content.decode()
    assert AuditEvent.objects.filter(action="look", subject_id=known.customer.id).count() == 1
    bill_operations.cancel(bill_id=Bill.objects.latest("start_date").id, reason="x", as_of_date=date(2026, 3, 9),
                           actor=SYSTEM)  # fmt: skip
    found = asker.post("enquiries/bills", {"account": known.account.number, "pin": PIN}).json()
    assert [one["number"] for one in found["bills"]] == numbers[1:]  # neither it nor its credit note


def test_the_last_payments_are_listed_with_their_year_and_what_was_taken_back(asker, known):
    _pay(known, 2_000, date(2025, 12, 31), "A")
    back = _pay(known, 300, date(2026, 3, 2), "B")
    for kind in (ReturnKind.MOVED, ReturnKind.CORRECTED):
        _back(_pay(known, 100, date(2026, 3, 3), kind.value), kind)
    _back(back, ReturnKind.BOUNCED)
    found = asker.post("enquiries/payments", {"account": known.account.number, "pin": PIN}).json()
    assert found["payments"] == [
        {"date": "2026-03-02", "amount_minor": 300, "was_taken_back": True},
        {"date": "2025-12-31", "amount_minor": 2_000, "was_taken_back": False},
    ]
    assert found["sentences_en"][1:] == [
        "On March second you paid three yuan, which was taken back.",
        "On December thirty-first, two thousand twenty-five you paid twenty yuan.",
    ]
    assert found["sentences_zh"][2] == "二零二五年十二月三十一日缴费二十元。"


def test_lists_have_twelve_rows_at_most_and_take_the_same_statements_for_any_number(asker, known):
    def counted(path):
        with CaptureQueriesContext(connection) as asked:
            reply = asker.post(path, {"account": known.account.number, "pin": PIN})
        return len(asked), reply.json()

    assert counted("enquiries/payments")[1]["sentences_zh"][1:] == ["没有缴费记录。"]
    _pay(known, 1, date(2026, 3, 1), "first")
    few = [counted(path)[0] for path in ("enquiries/bills", "enquiries/payments", "enquiries")]
    for number in range(13):
        _pay(known, 1 + number, date(2026, 3, 2), f"R{number}")
        start = date(2024 + number // 12, number % 12 + 1, 1)
        billing.issued(world=known, kwh=1, start_date=start, end_date=start + timedelta(days=27))
    (bills_, first), (payments_, second), (all_, _told) = [
        counted(path) for path in ("enquiries/bills", "enquiries/payments", "enquiries")
    ]
    assert [bills_, payments_, all_] == few
    assert (len(first["bills"]), len(second["payments"])) == (12, 12)
    assert [one["amount_minor"] for one in second["payments"]] == list(range(13, 1, -1))


@pytest.mark.parametrize("path", ["enquiries/bills", "enquiries/payments"])
def test_lists_ask_for_the_same_proof_and_count_the_same_tries(asker, known, path):
    assert Caller("balances:read").post(path, {"account": known.account.number, "pin": PIN}).status_code == 403
    for number in (known.account.number, "3199999999"):
        for _ in range(5):
            assert_problem(asker.post(path, {"account": number, "pin": "111112"}), 422, "enquiry_not_proven")
        assert_problem(_ask(asker, number), 422, "enquiry_locked")


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


def test_who_took_an_account_over_hears_nothing_of_who_had_it_before(asker, known):
    _pay(known, 2_000, date(2026, 2, 28), "theirs")
    _pay(known, 300, date(2026, 3, 2), "own")
    heir = accounts.customer()
    holders.change(account_id=known.account.id, customer_id=heir.id, from_date=date(2026, 3, 1), actor=SYSTEM)
    telephone_pins.set_pin(account_id=known.account.id, customer_id=heir.id, pin=PIN, digits=6, actor=SYSTEM)
    given = {"account": known.account.number, "pin": PIN}
    assert asker.post("enquiries/bills", given).json()["bills"] == []
    assert [one["amount_minor"] for one in asker.post("enquiries/payments", given).json()["payments"]] == [300]
    whole = asker.post("enquiries", given).json()
    assert (whole["last_bill"], whole["last_payment_minor"]) == ("", 300)


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
