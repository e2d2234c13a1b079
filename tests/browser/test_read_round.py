"""The round of a reading route typed in by keyboard alone."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from cis.kernel.periods import add_months
from metering.models.read import RegisterRead
from metering.models.route import MissedRead
from metering.operations import read_rounds, routes
from tests.doors.desk.conftest import ALL
from tests.factories import accounts, metering
from tests.factories.routes import WALKER, new

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AUDIT = (Path(__file__).parent / "audit.js").read_text(encoding="utf-8")


@pytest.fixture
def walked(supplier):
    """A route past four meters of which the first place uses 100 kWh a month, and its round of today."""
    today = timezone.localdate()
    route_id = routes.create(new=new(), actor=WALKER)
    places = [metering.service_point() for _ in range(4)]
    registers = [metering.metered(at=place)[0] for place in places]
    for register in registers:
        metering.read(of=register, on=today - timedelta(days=30), kwh=1_000)
    for month in range(1, 4):
        start = add_months(today.replace(day=1), -month)
        metering.usage(of=registers[0], start_date=start, end_date=add_months(start, 1), kwh=100, at=places[0])
    routes.add_stops(route_id=route_id, external_ids=[one.external_id for one in places], actor=WALKER)
    round_id = read_rounds.open_round(route_id=route_id, planned_date=today, actor=WALKER, today=today)
    return route_id, round_id, registers


def test_a_round_is_typed_down_with_enter_and_each_row_is_kept_by_itself(walked, open_page):
    _route_id, round_id, registers = walked
    page = open_page(accounts.staff(*ALL, first_name="王敏"))
    page.goto(f"/desk/routes/rounds/{round_id}/")
    rows = [page.locator(f"#row-{register.id}") for register in registers]
    rows[0].locator("[data-grid]").focus()
    for typed in ("50000", "1101", "g broken", "1103"):
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
    for row in (rows[1], rows[3]):
        expect(row.locator(".state-ok")).to_be_visible()
    expect(rows[2]).to_contain_text("broken")
    expect(rows[0]).to_contain_text("Is this right?")
    kept = RegisterRead.objects.filter(read_date=timezone.localdate()).order_by("register_id")
    assert kept.count() == 2
    rows[0].locator("[data-grid]").focus()
    page.keyboard.press("Enter")
    expect(rows[0].locator(".state-ok")).to_be_visible()
    expect(page.locator("#round-progress")).to_contain_text("3 of 4 read, 1 missed, 0 left")
    assert list(kept.values_list("reading_wh", flat=True)) == [50_000_000, 1_101_000, 1_103_000]
    assert MissedRead.objects.get().note == "broken"


def test_pages_of_routes_have_names_contrast_and_no_sideways_scroll(walked, open_page):
    route_id, round_id, _registers = walked
    pages = ("", "new/", f"{route_id}/", f"{route_id}/edit/", f"rounds/{round_id}/")
    boss, faults = accounts.staff(*ALL, first_name="王敏"), {}
    for look in ({"language": "zh-hans"}, {"width": 390, "height": 844, "theme": "dark"}):
        page = open_page(boss, **look)
        for url in pages:
            page.goto(f"/desk/routes/{url}")
            faults |= {(url, look.get("width")): found for found in [page.evaluate(AUDIT)] if found}
    assert faults == {}
