"""The daily work of programmes: each amount becomes one charge, however often it runs and wherever it dies."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models.notice import Notice
from contracts.models.charge import OneOffCharge
from contracts.models.lease import ScheduleRow
from contracts.models.program import Enrollment
from contracts.operations import charges, program_nights, programs
from contracts.operations.enrollment_offers import OfferOver
from tests.factories import accounts
from tests.factories.programs import CLERK, LEASE, SALE, joined, published

pytestmark = pytest.mark.django_db
START = date(2026, 1, 31)


@pytest.fixture(autouse=True)
def _supplier():
    accounts.supplier()


def many(card, count, start=START):
    return [joined(card, account_id=accounts.account().id, start=start) for _ in range(count)]


def charged():
    return list(OneOffCharge.objects.filter(state="agreed").order_by("id").values_list("kind", "amount_minor"))


def test_each_amount_becomes_one_charge_in_its_month_and_stays_one():
    [made] = many(published(SALE), 1)
    rows = SALE.rows(START)
    for day, count in [(START, 1), (date(2026, 2, 27), 1), (date(2026, 2, 28), 2), (date(2026, 3, 31), 3)]:
        for _ in range(3):
            program_nights.day(today=day)
        assert charged() == [("instalment", row.amount_minor) for row in rows[:count]]
    program_nights.night(datetime(2028, 1, 1, 12, tzinfo=UTC))
    assert charged() == [("instalment", row.amount_minor) for row in rows]
    assert OneOffCharge.objects.order_by("id").last().reason == "示范项目 12/12"
    assert Enrollment.objects.get(id=made).state == "ended"


def test_a_worker_that_dies_half_way_leaves_nothing_half_done(monkeypatch):
    many(published(LEASE), 3)

    class Dead(Exception):
        """The worker was killed."""

    real = program_nights.db.execute
    monkeypatch.setattr(program_nights.db, "execute", lambda *_: (_ for _ in ()).throw(Dead))
    with pytest.raises(Dead):
        program_nights.charge_due(today=START)
    monkeypatch.setattr(program_nights.db, "execute", real)
    assert ScheduleRow.objects.filter(charge__isnull=False).count() == OneOffCharge.objects.count() == 0
    assert program_nights.day(today=START) == 3
    assert program_nights.day(today=START) == 0
    assert len(charged()) == 3


def test_a_charge_whose_row_was_not_marked_is_found_by_its_key():
    """Restored from a copy that lacks the mark, the row takes the charge that is there."""
    many(published(LEASE), 2)
    program_nights.day(today=START)
    ScheduleRow.objects.update(charge=None)
    program_nights.day(today=START)
    assert len(charged()) == 2
    assert ScheduleRow.objects.filter(charge__isnull=False).count() == 2


def test_batches_cover_all_and_statements_do_not_grow(monkeypatch):
    card = published(LEASE)

    def statements(count):
        many(card, count)
        with CaptureQueriesContext(connection) as taken:
            assert program_nights.charge_due(today=START) == count
        return len(taken)

    one = statements(1)
    assert statements(12) == one <= 12
    many(card, 5)
    while program_nights.charge_due(today=START, most=2):
        pass
    assert len(charged()) == 18


def test_what_begins_later_begins_then():
    card = published(LEASE)
    made = joined(card, account_id=accounts.account().id, start=date(2026, 3, 1), today=START)
    program_nights.day(today=date(2026, 2, 28))
    assert (Enrollment.objects.get(id=made).state, charged()) == ("signed", [])
    program_nights.day(today=date(2026, 3, 1))
    assert (Enrollment.objects.get(id=made).state, charged()) == ("running", [("lease_rent", 19_900)])


def test_many_charges_at_once_are_those_that_would_be_made_one_by_one():
    account = accounts.account()
    new = charges.NewCharge(account_id=account.id, amount_minor=11_300, reason="rent", subject_id=1, key="k")
    given = {"kind": charges.ChargeKind.LEASE_RENT, "subject": "enrollment", "today": START, "actor": None}
    given["actor"] = program_nights.SYSTEM
    made = charges.agree_many_step(charges=[new], **given)
    assert charges.agree_many_step(charges=[new], **given) == made
    row = OneOffCharge.objects.get()
    alone = charges.agree_step(
        account_id=account.id, kind=given["kind"], amount_minor=11_300, reason="rent", subject="enrollment",
        subject_id=1, key="k", today=START, actor=program_nights.SYSTEM,
    )  # fmt: skip
    assert (alone, row.tax_minor, row.ledger_class) == (row.id, 1_300, "equipment")
    with pytest.raises(charges.ChargeKeyTaken):
        charges.agree_many_step(
            charges=[charges.NewCharge(account_id=account.id, amount_minor=5, reason="x", subject_id=1, key="k")],
            **given,
        )


def test_an_offer_that_nobody_signs_in_time_ends_by_night():
    card, account = published(LEASE), accounts.account(holder=accounts.customer())
    far = START + timedelta(days=200)
    given = {"program_id": card.id, "account_id": account.id, "today": START, "actor": CLERK}
    soon = programs.offer(start_date=START + timedelta(days=5), request_key="soon", **given)
    late = programs.offer(start_date=far, request_key="late", **given)
    # By the pack 30 days, and not after the day on which it begins.
    assert [one.valid_until for one in Enrollment.objects.order_by("id")] == [
        START + timedelta(days=5), START + timedelta(days=30),
    ]  # fmt: skip
    told = Notice.objects.filter(channel="inbox", customer=account.holders.get().customer)
    assert list(told.values_list("event", flat=True)) == ["program_offered"] * 2
    program_nights.day(today=START + timedelta(days=5))
    assert set(Enrollment.objects.values_list("state", flat=True)) == {"offered"}
    program_nights.day(today=START + timedelta(days=6))
    assert Enrollment.objects.get(id=soon).state == "cancelled"
    [over] = told.filter(event="program_offer_over")
    assert "2026年2月5日" in over.body
    program_nights.day(today=START + timedelta(days=6))
    assert told.count() == 3
    with pytest.raises(OfferOver):
        programs.sign(
            enrollment_id=late, accepted_sha256=card.sha256, signed_name="张三", signed_by="api",
            today=START + timedelta(days=31), actor=CLERK,
        )  # fmt: skip
    program_nights.day(today=START + timedelta(days=31))
    assert "not signed in time" in Enrollment.objects.get(id=late).reason
