"""A round read on a phone: the net is cut, an answer is lost, and each value counts once."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from cis.kernel.enums import Role
from metering.models.read import RegisterRead
from metering.models.route import PhoneRead
from metering.models.store import ReadPhoto
from metering.operations import read_rounds, routes
from tests.browser import conftest
from tests.factories import accounts, metering
from tests.factories.routes import WALKER, new
from tests.factories.work import photo

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
STOPS, WITH_PHOTO, WITH_POSITION = 10, 3, 5
ONLINE = "() => { window.dispatchEvent(new Event('online')); }"
CUT = "() => { self.fetch = () => Promise.reject(new TypeError('the net is cut')); }"


@pytest.fixture
def walked(supplier):
    """A route past ten meters and its round of today."""
    today = timezone.localdate()
    route_id = routes.create(new=new(), actor=WALKER)
    places = [metering.service_point() for _ in range(STOPS)]
    registers = [metering.metered(at=place)[0] for place in places]
    for register in registers:
        metering.read(of=register, on=today - timedelta(days=30), kwh=1_000)
    routes.add_stops(route_id=route_id, external_ids=[one.external_id for one in places], actor=WALKER)
    return read_rounds.open_round(route_id=route_id, planned_date=today, actor=WALKER, today=today), registers


@pytest.fixture
def phone(browser, live_server, supplier):
    """A phone of somebody of the field that may be asked where it is; what is lost is no error here."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, base_url=live_server.url, has_touch=True,
        geolocation={"latitude": 31.23456, "longitude": 121.47654}, permissions=["geolocation"],
    )  # fmt: skip
    session = conftest._session(accounts.staff(Role.FIELD, first_name="王敏"))
    cookies = {"django_language": "en", "sessionid": session}
    context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()])
    return context


def keep(page, register, value):
    form = page.locator(f'form[data-register="{register.id}"]')
    form.locator("[name=reading]").fill(str(value))
    form.get_by_role("button", name="Keep").click()
    return form


def read_all(page, registers):
    """Type a value at each stop, one with a photo and one with the position."""
    for place, register in enumerate(registers):
        if place == WITH_PHOTO:
            form = page.locator(f'form[data-register="{register.id}"]')
            picture = {"name": "meter.jpg", "mimeType": "image/jpeg", "buffer": photo().getvalue()}
            form.locator("[name=photo]").set_input_files(picture)
            expect(form.locator(".field-camera")).to_contain_text("Photo taken")
        page.locator("#round-position").set_checked(place == WITH_POSITION)
        if place == WITH_POSITION:
            expect(page.locator("#round-place")).to_contain_text("31.235, 121.477")
        expect(keep(page, register, 1_050 + place).locator(".state")).to_have_text("Kept on this phone")
        if place + 1 < STOPS:
            page.get_by_role("button", name="Next stop").click()


def lose_first_answer(page):
    """Let the server keep what is sent first, and its answer never arrive; return how much it kept then."""
    lost = []

    def lose(route):
        if lost:
            route.continue_()
        else:
            route.fetch()
            lost.append(PhoneRead.objects.count())
            route.abort()

    page.route("**/sync/", lose)
    return lost


def test_ten_values_typed_without_net_count_once_though_an_answer_is_lost(walked, phone):
    round_id, registers = walked
    page = phone.new_page()
    page.set_default_timeout(30_000)
    page.goto(f"/desk/field/rounds/{round_id}/")
    told = page.locator("#round-net")
    expect(page.locator("#round-ready")).to_have_text("This page also opens without net.")
    phone.set_offline(True)
    phone.service_workers[0].evaluate(CUT)
    page.reload()
    read_all(page, registers)
    expect(told).to_contain_text("10 wait on this phone until there is net again")
    assert not PhoneRead.objects.exists()
    lost = lose_first_answer(page)
    with page.expect_event("requestfailed"):
        phone.set_offline(False)
        page.evaluate(ONLINE)
    page.evaluate(ONLINE)
    expect(told).to_contain_text("Everything is sent.")
    assert lost[0] > 0, "the answer that was lost was one of values that were kept"
    expect(page.locator("#round-progress")).to_have_text("10 of 10 read, 0 missed")
    kept = RegisterRead.objects.filter(read_date=timezone.localdate()).order_by("register_id")
    assert list(kept.values_list("reading_wh", flat=True)) == [(1_050 + place) * 1_000 for place in range(STOPS)]
    assert (PhoneRead.objects.count(), ReadPhoto.objects.get().register_id) == (STOPS, registers[WITH_PHOTO].id)
    placed = PhoneRead.objects.exclude(latitude_e3=None).values_list("register_id", "latitude_e3", "longitude_e3")
    assert list(placed) == [(registers[WITH_POSITION].id, 31_235, 121_477)]

    session = next(one for one in phone.cookies() if one["name"] == "sessionid")
    phone.clear_cookies(name="sessionid")
    keep(page, registers[-1], 1_061)
    expect(told).to_contain_text("1 wait on this phone. Sign in again")
    expect(page.locator("#round-sign-in")).to_be_visible()
    phone.add_cookies([session])
    page.evaluate(ONLINE)
    expect(told).to_contain_text("Everything is sent.")
    assert RegisterRead.objects.filter(register=registers[-1]).latest("version").reading_wh == 1_061_000


PUT = """entry => new Promise((resolve, reject) => {
  const asked = indexedDB.open("wattline-field", 1);
  asked.onsuccess = () => {
    const made = asked.result.transaction("entries", "readwrite");
    made.objectStore("entries").put(entry);
    made.oncomplete = () => { asked.result.close(); resolve(); };
    made.onerror = () => reject(made.error);
  };
})"""
KEPT_PAGES = "async () => (await caches.keys()).filter((name) => name.startsWith('wattline-field-')).length"


def test_what_is_being_typed_stays_and_an_entry_that_cannot_be_read_holds_no_other_back(walked, phone):
    round_id, registers = walked
    page = phone.new_page()
    page.set_default_timeout(30_000)
    address = f"/desk/field/rounds/{round_id}/"
    page.goto(address)
    expect(page.locator("#round-ready")).to_have_text("This page also opens without net.")
    told = page.locator("#round-net")
    expect(keep(page, registers[0], 1_050).locator(".state")).to_have_text("Sent and kept")
    field = page.locator(f'form[data-register="{registers[0].id}"] [name=reading]')
    field.fill("1055")
    page.locator("h1").click()
    page.evaluate("document.activeElement.blur()")
    user = page.locator("#round").get_attribute("data-user")
    wrong = {
        "key": "0" * 32, "user": user, "round": str(round_id), "sync": f"{address}sync/", "date": "", "value": "1060",
        "register": str(registers[1].id), "position": None, "state": "waits", "photo": None, "seen": None,
    }  # fmt: skip
    page.evaluate(PUT, wrong)
    elsewhere = {**wrong, "key": "1" * 32, "round": "999", "sync": "/desk/field/rounds/999/sync/"}
    page.evaluate(PUT, {**elsewhere, "date": str(timezone.localdate())})
    page.evaluate(ONLINE)
    expect(page.locator(f'form[data-register="{registers[1].id}"] .state')).to_have_text("Not taken")
    expect(told).to_contain_text("1 wait on this phone: the server did not take them.")
    expect(field).to_have_value("1055")
    page.locator("#round-date").fill("")
    page.locator(f'form[data-register="{registers[0].id}"]').get_by_role("button", name="Keep").click()
    page.get_by_role("button", name="Next stop").click()
    page.get_by_role("button", name="Next stop").click()
    expect(keep(page, registers[2], 1_070).locator(".state")).to_have_text("Sent and kept")
    latest = RegisterRead.objects.filter(register=registers[0]).latest("version")
    assert (latest.reading_wh, PhoneRead.objects.count()) == (1_055_000, 3)

    page.goto("/desk/field/")
    expect(page.locator("#rounds-waiting a").last).to_have_attribute("href", "/desk/field/rounds/999/")
    assert page.evaluate(KEPT_PAGES) == 1
    phone.clear_cookies(name="sessionid")
    page.goto("/accounts/login/")
    page.wait_for_function(f"async () => !(await ({KEPT_PAGES})())")
