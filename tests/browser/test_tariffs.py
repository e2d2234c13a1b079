"""Tariffs in a real browser: a draft by keyboard, published by a second person; maps by arrow keys; names and contrast."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from cis.kernel.enums import Role
from tests.factories import accounts, tariffs

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AUDIT = (Path(__file__).parent / "audit.js").read_text(encoding="utf-8")


def press(page, role, name):
    """Go to a link or button as a keyboard does, and press it."""
    target = page.get_by_role(role, name=name)
    target.focus()
    page.keyboard.press("Enter")


def test_a_draft_is_written_checked_and_published_by_a_second_person(supplier, open_page):
    page = open_page(accounts.staff(Role.BILLING, first_name="王敏"))
    page.goto("/desk/tariffs/")
    page.keyboard.press("n")
    page.wait_for_url("**/desk/tariffs/new/")
    text = page.locator("#id_text")
    text.focus()
    written = text.input_value()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(written.replace('"0.617"', "0.617"))
    press(page, "button", "Check")
    expect(page.locator("#found")).to_contain_text("A number is given as text.")
    press(page, "button", "Go to line")
    selected = "document.getElementById('id_text')"
    chosen = page.evaluate(f"{selected}.value.slice({selected}.selectionStart, {selected}.selectionEnd)")
    assert chosen == "price = 0.617"
    page.keyboard.insert_text('price = "0.617"')
    press(page, "button", "Save as draft")
    expect(page.locator("h1 .state")).to_have_text("Draft")
    address = page.url
    press(page, "link", "Look and take back")
    expect(page.get_by_role("button", name="Publish", exact=True)).to_be_disabled()

    page = open_page(accounts.staff(Role.SUPERVISOR, first_name="李华"))
    page.goto(address)
    press(page, "link", "Publish or reject")
    press(page, "button", "Publish")
    expect(page.locator("h1 .state")).to_have_text("In force")


def test_a_map_of_hours_is_read_with_the_arrow_keys(supplier, open_page):
    version = tariffs.from_pack("commercial-tou", pack="cn-guangdong")
    page = open_page(accounts.staff(Role.CLERK))
    page.goto(f"/desk/tariffs/{version.tariff_id}/")
    page.locator("svg.heat").first.focus()
    tip = page.locator("output.heat-tip").first
    expect(tip).to_have_text("Jan, 00:00–08:00: Valley 0.209 CNY/kWh")
    page.keyboard.press("ArrowRight")
    expect(tip).to_contain_text("Jan, 08:00–10:00: Flat")
    for _ in range(6):
        page.keyboard.press("ArrowDown")
    expect(tip).to_contain_text("Jul, 08:00–10:00: Flat")


@pytest.mark.parametrize(("width", "theme", "language"), [(1366, "light", "en"), (390, "dark", "zh-hans")])
def test_pages_of_tariffs_have_names_contrast_and_no_sideways_scroll(supplier, open_page, width, theme, language):
    version = tariffs.from_pack("commercial-tou", pack="cn-guangdong")
    draft = tariffs.version(source=tariffs.FLAT.replace('"61.70"', '"61.71"'), state="draft")
    page = open_page(accounts.staff(Role.BILLING), width=width, height=844, theme=theme, language=language)
    faults = {}
    for url in (
        "/desk/tariffs/", f"/desk/tariffs/{version.tariff_id}/", f"/desk/tariffs/compare/?before={version.id}&after={draft.id}",
        "/desk/tariffs/new/", f"/desk/tariffs/versions/{draft.id}/edit/", f"/desk/tariffs/versions/{version.id}/prices/",
        f"/desk/tariffs/versions/{draft.id}/decide/", f"/desk/tariffs/check/?version={version.id}",
        f"/desk/tariffs/check/?version={version.id}&from_date=2026-03-01&to_date=2026-04-01&spread_kwh=100",
        "/desk/tariffs/calendar/", "/desk/tariffs/events/", "/desk/tariffs/events/announce/", "/desk/tariffs/series/",
        "/desk/tariffs/series/load/",
    ):  # fmt: skip
        page.goto(url)
        found = page.evaluate(AUDIT)
        if found:
            faults[url] = found
    assert faults == {}
