"""Advice by the API: what each tariff would have cost, in whole minor units."""

from datetime import date
from itertools import pairwise

import pytest
import time_machine

from tests.doors.api.calls import Caller, assert_problem
from tests.factories import metering, tariffs

pytestmark = pytest.mark.django_db
CHOICE = '[choice]\nkinds = ["resident"]\n\n[labels.energy]'
MONTHS = [date(2025, month, 1) for month in range(1, 13)] + [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]


@pytest.fixture(autouse=True)
def day():
    with time_machine.travel("2026-03-10T12:00:00+08:00", tick=False):
        yield


@pytest.fixture
def home(world):
    (register,) = metering.metered(at=world.service_point)
    for start, end in pairwise(MONTHS):
        metering.usage(of=register, start_date=start, end_date=end, kwh=100, at=world.service_point)
    source = tariffs.FLAT.replace('"flat"', '"cheap"').replace("0.617", "0.5").replace("[labels.energy]", CHOICE, 1)
    tariffs.version(of=tariffs.tariff(code="cheap"), source=source)
    return world


def get(world):
    return Caller("advice:read").get(f"accounts/{world.account.number}/advice").json()


def test_tariffs_come_cheapest_first_with_their_saving(home):
    body = get(home)
    assert (body["account"], body["on_date"]) == (home.account.number, "2026-03-10")
    [supply] = body["supplies"]
    assert (supply["agreement"], supply["months"], supply["months_needed"]) == (home.agreement.external_id, 12, 12)
    assert (supply["start_date"], supply["end_date"], supply["energy_wh"]) == ("2025-03-01", "2026-03-01", 1_200_000)
    cheap, own = supply["tariffs"]
    assert (cheap["tariff"], cheap["is_current"], cheap["reason"]) == ("cheap", False, None)
    assert cheap["cost"] == {"amount_minor": 60_000, "currency": "CNY", "text": "600.00"}
    assert cheap["saving"]["amount_minor"] == 14_040
    assert (own["is_current"], own["saving"]) == (True, None)


def test_too_short_a_history_has_no_tariffs_but_a_day(home):
    home.service_point.usages.filter(start_date__lt=date(2025, 10, 1)).delete()
    [supply] = get(home)["supplies"]
    assert (supply["tariffs"], supply["months"], supply["ready_date"]) == ([], 5, "2026-10-01")


def test_what_cannot_be_computed_has_its_reason(home):
    home.service_point.usages.filter(start_date=date(2025, 7, 1)).delete()
    [supply] = get(home)["supplies"]
    assert {one["reason"] for one in supply["tariffs"]} == {"missing_read"}
    assert {one["cost"] for one in supply["tariffs"]} == {None}


@pytest.mark.parametrize("number", ["1", "%00", "abc", "9" * 30])
def test_an_account_that_is_not_there_is_404(world, number):
    assert_problem(Caller("advice:read").get(f"accounts/{number}/advice"), 404, "unknown_account")


def test_another_scope_does_not_open_it(world):
    assert_problem(Caller("balances:read").get("accounts/1/advice"), 403, "permission_denied")
