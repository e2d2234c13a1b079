"""Capacity that is suspended for a time: what is billed of it, over months, and when it ends earlier than agreed."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from billing.models.bill import BillLine
from billing.models.run import HeldBill
from cis.kernel.actors import SYSTEM
from contracts.domain.agreements import Agreed
from contracts.operations import agreements
from tests.db.billing.night import FEBRUARY, JANUARY, bill, prove
from tests.factories import accounts, contracts, metering, tariffs

pytestmark = pytest.mark.django_db

CAPACITY = tariffs.FLAT.replace('"flat"', '"capacity"').replace(
    "[[vector]]",
    '[labels.capacity]\nzh = "容量"\nen = "Capacity"\n[[component]]\nkind = "capacity"\ncode = "capacity"\n'
    'unit = "yuan/kVA"\nprice = "30"\nproration = "thirtieths"\n[[vector]]\ninputs = { capacity_kva = "0" }',
)
RULED = CAPACITY.replace("[labels.energy]", '[suspension]\nleast_days = 15\nsource = "made for tests"\n[labels.energy]')
WHOLE = Agreed(capacity_va=1_000_000)


@pytest.fixture(autouse=True)
def _supplier():
    accounts.supplier()


def supplied(source=RULED):
    """A supply with 1,000 kVA whose meter is read at both ends of January and February, and in between."""
    version = tariffs.version(
        source=source.replace("[labels.energy]", '[proration]\nusage = "days"\nsource = "x"\n[labels.energy]')
    )
    point = metering.service_point()
    (register,) = metering.metered(at=point)
    agreement = contracts.agreement(service_point=point, tariff=version.tariff, start_date=JANUARY.start)
    agreement.terms.update(capacity_va=1_000_000)
    for month in (JANUARY, FEBRUARY):
        metering.usage(of=register, at=point, start_date=month.start, end_date=month.end, kwh=100)
    return agreement


def suspend(agreement, start, end=None, kva=400):
    part = Agreed(capacity_va=1_000_000, suspended_va=kva * 1_000)
    agreements.change_term(agreement_id=agreement.id, from_date=start, agreed=part, actor=SYSTEM)
    if end:
        agreements.change_term(agreement_id=agreement.id, from_date=end, agreed=WHOLE, actor=SYSTEM)


def capacity(month=None):
    """(first day, kVA, fen) of the lines in force."""
    rows = BillLine.objects.filter(code="capacity", segment__cancels=None, segment__cancelled_by=None)
    if month:
        rows = rows.filter(segment__start_date__gte=month.start, segment__start_date__lt=month.end)
    found = rows.order_by("segment__start_date").values_list("segment__start_date", "quantity", "amount_minor")
    return [(day.isoformat(), quantity // 1_000, amount) for day, quantity, amount in found]


def test_fifteen_days_are_not_paid_for_and_fourteen_are():
    agreement = supplied()
    suspend(agreement, date(2025, 1, 6), date(2025, 1, 21))
    bill()
    assert capacity() == [
        ("2025-01-01", 1_000, 500_000),
        ("2025-01-06", 600, 900_000),
        ("2025-01-21", 1_000, 1_100_000),
    ]
    short = supplied()
    suspend(short, date(2025, 1, 6), date(2025, 1, 20))
    bill(account_ids=[short.account_id])
    rows = BillLine.objects.filter(code="capacity", segment__agreement=short).order_by("segment__start_date")
    assert list(rows.values_list("quantity", "amount_minor")) == [
        (1_000_000, 500_000), (1_000_000, 1_400_000), (1_000_000, 1_200_000),
    ]  # fmt: skip
    prove()


def test_days_count_over_the_end_of_the_month():
    agreement = supplied()
    suspend(agreement, date(2025, 1, 25), date(2025, 2, 9))
    bill()
    bill(FEBRUARY)
    assert [row[1] for row in capacity()] == [1_000, 600, 600, 1_000]
    prove()


def test_a_suspension_that_ends_too_early_is_billed_after_all():
    agreement = supplied()
    suspend(agreement, date(2025, 1, 25))
    bill()
    assert [row[1] for row in capacity(JANUARY)] == [1_000, 600]
    agreements.change_term(agreement_id=agreement.id, from_date=date(2025, 2, 3), agreed=WHOLE, actor=SYSTEM)
    bill(FEBRUARY)
    assert [row[1] for row in capacity(JANUARY)] == [1_000, 1_000]
    assert [row[1] for row in capacity(FEBRUARY)] == [1_000, 1_000]
    prove()


def test_all_of_it_may_be_suspended_and_then_nothing_is_paid():
    agreement = supplied()
    suspend(agreement, JANUARY.start, kva=1_000)
    bill()
    # A line of 0 kVA is not printed; the energy is billed.
    assert capacity() == []
    assert BillLine.objects.get().code == "energy"
    prove()


def test_a_tariff_that_does_not_say_what_becomes_of_it_holds_the_account():
    agreement = supplied(CAPACITY)
    suspend(agreement, date(2025, 1, 6), date(2025, 1, 26))
    bill()
    assert HeldBill.objects.get().code == "suspension_undeclared"


def test_more_cannot_be_suspended_than_is_agreed():
    agreement = supplied()
    with pytest.raises(agreements.BadFacts, match="No more is suspended"):
        suspend(agreement, JANUARY.start, kva=1_001)
    with pytest.raises(IntegrityError), transaction.atomic():
        agreement.terms.update(suspended_va=1_000_001)
    with pytest.raises(IntegrityError), transaction.atomic():
        agreement.terms.update(capacity_va=None, suspended_va=1)
