"""Tariff advice on the desk: what each tariff would cost, and the way to change to it."""

from datetime import date
from itertools import pairwise

import pytest

from cis.kernel.enums import Role
from cis.platform.models import AuditEvent
from tests.doors.desk.conftest import make_billed, sign_in
from tests.doors.desk.test_statements import _statements
from tests.factories import metering, tariffs

pytestmark = pytest.mark.django_db
CHOICE = '[choice]\nkinds = ["resident"]\n\n[labels.energy]'
MONTHS = [date(2025, month, 1) for month in range(1, 13)] + [date(2026, 1, 1)]


def offer(code, price):
    source = tariffs.FLAT.replace('"flat"', f'"{code}"').replace("0.617", price).replace("[labels.energy]", CHOICE, 1)
    return tariffs.version(of=tariffs.tariff(code=code), source=source.replace("One price", f"Price {code}"))


def year(billed):
    """Use of 2025 before the two months that were billed."""
    place = billed.agreement.service_point
    for start, end in pairwise(MONTHS):
        metering.usage(of=billed.register, start_date=start, end_date=end, kwh=100, at=place)
    return billed


@pytest.fixture
def home(supplier):
    return year(make_billed())


def test_each_tariff_is_listed_with_its_cost_and_a_way_to_it(desk, home):
    cheap = offer("cheap", "0.5")
    page = desk.get(f"/desk/customers/{home.account.id}/advice/").content.decode()
    for text in ("Price cheap", "¥600.00", "¥740.40", "¥140.40", "Saving a year", "1,200 kWh"):
        assert text in page
    link = f"/desk/customers/{home.account.id}/supply/{home.agreement.id}/?tariff={cheap.tariff_id}"
    assert link in page
    assert f'<option value="{cheap.tariff_id}" selected' in desk.get(link).content.decode()
    assert (
        f"/desk/customers/{home.account.id}/advice/" in desk.get(f"/desk/customers/{home.account.id}/").content.decode()
    )


def test_who_may_not_change_the_tariff_sees_no_button(client, home):
    offer("cheap", "0.5")
    sign_in(client, Role.AUDITOR)
    page = client.get(f"/desk/customers/{home.account.id}/advice/").content.decode()
    assert "Price cheap" in page
    assert "Change to it" not in page


def test_too_short_a_history_says_what_is_missing(desk, supplier):
    billed = make_billed()
    page = desk.get(f"/desk/customers/{billed.account.id}/advice/").content.decode()
    assert "2 of 12 months of use are known." in page
    assert "1 Jan 2027" in page


def test_an_account_that_does_not_exist_is_not_found(desk, supplier):
    assert desk.get("/desk/customers/999999/advice/").status_code == 404


def test_looking_is_recorded(desk, home):
    before = AuditEvent.objects.count()
    desk.get(f"/desk/customers/{home.account.id}/advice/")
    assert AuditEvent.objects.count() == before + 1


def test_many_tariffs_cost_as_many_statements_as_one(desk, home):
    url, row = f"/desk/customers/{home.account.id}/advice/", "Change to it"
    offer("x0", "0.5")
    one = _statements(desk, url, row, 1)
    for number in range(1, 10):
        offer(f"x{number}", f"0.5{number}")
    assert _statements(desk, url, row, 10) == one <= 22
