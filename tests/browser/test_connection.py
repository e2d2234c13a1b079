"""A new flat in a real browser: the applicant's page, the desk, and the crew's phone, each on its own screen."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from accounts.models.notice import Notice
from billing.models.energizing import Energizing
from contracts.models.application import ServiceApplication
from metering.models.work import WorkOrder
from tests.factories import connection, metering, tariffs, work
from tests.factories.applications import resident_id

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AUDIT = (Path(__file__).parent / "audit.js").read_text(encoding="utf-8")
PHONE = {"width": 390, "height": 844}
PICTURES = os.environ.get("PICTURES", "")
"""A folder: each page is kept there as a picture, for people to look at."""


class Screens:
    """Three screens on one house: of the applicant, of the desk, and of a crew."""

    def __init__(self, open_page, house) -> None:
        self.house = house
        self.desk = open_page(house.clerk)
        self.phone = open_page(house.worker, **PHONE)
        self.visitor = open_page(None, **PHONE)
        self.seen = 0

    def look(self, page, name) -> None:
        """A page has names, contrast and no sideways scroll; keep its picture if wanted."""
        page.wait_for_load_state()  # a click waits for the next page to begin, not to be there
        faults = page.evaluate(AUDIT)
        assert not faults, f"{name}: {faults}"
        self.seen += 1
        if PICTURES:
            page.screenshot(path=f"{PICTURES}/{self.seen:02d}-{name}.png", full_page=True)

    def begin(self, kind, name):
        """Give an order to the crew, which opens it on the phone and starts it."""
        order = WorkOrder.objects.get(kind=kind, state="open")
        self.desk.goto(f"/desk/work/{order.id}/")
        self.desk.get_by_label("Crew").select_option(str(self.house.crew.id))
        self.desk.get_by_label("Day").fill(self.house.today)
        self.desk.get_by_role("button", name="Give it to the crew").click()
        self.phone.goto("/desk/field/")
        self.look(self.phone, f"{name}-day")
        self.phone.locator(f"a[href*='/desk/field/{order.id}/']").first.click()
        self.phone.get_by_role("button", name="Start").click()
        return order

    def photo(self, item, file) -> None:
        """Take a photo on the phone, and wait until it is kept."""
        with self.phone.expect_response(f"**/photos/{item}/"):
            self.phone.locator(f"input[type=file][name=photo_{item}]").set_input_files(file)


@pytest.fixture
def picture(tmp_path):
    file = tmp_path / "photo.jpg"
    file.write_bytes(work.photo(size=(640, 480)).read())
    return str(file)


@pytest.fixture
def screens(supplier, open_page):
    metering.transformer(name="Bank 7", district="静安区")
    tariffs.from_pack()
    return Screens(open_page, connection.house())


def test_a_new_flat_from_the_applicants_phone_to_flowing_current(screens, picture, tmp_path):
    applies(screens, tmp_path)
    is_confirmed_and_surveyed(screens, picture)
    is_offered_and_signed(screens)
    gets_a_meter(screens, picture)
    is_inspected(screens, picture)
    is_switched_on(screens)


def application():
    return ServiceApplication.objects.get()


def applies(screens, tmp_path):
    page = screens.visitor
    page.goto("/apply/")
    page.get_by_label("Name").first.fill("王芳")
    page.locator("[name=id_number]").fill(resident_id(7))
    page.locator("[name=phone]").fill("13812345678")
    page.locator("[name=address]").fill("上海市静安区愚园路1号")
    page.locator("[name=district]").fill("静安区")
    page.locator("[name=capacity_0]").fill("8")
    screens.look(page, "apply")
    page.locator("main form .btn-primary").last.click()
    page.wait_for_url("**/apply/mine/*/")
    screens.look(page, "mine-lacking")
    for kind in ("identity", "premises_right"):
        file = tmp_path / f"{kind}.pdf"
        file.write_bytes(b"%PDF-1.7 " + kind.encode() + b" %%EOF")
        page.locator("[name=kind]").select_option(kind)
        page.set_input_files("[name=file]", str(file))
        page.get_by_role("button", name="Add the paper").click()
    expect(page.locator("main")).to_contain_text("It is our turn")


def desk_page(screens, name):
    screens.desk.goto(f"/desk/applications/{application().id}/")
    screens.look(screens.desk, f"desk-{name}")
    return screens.desk


def is_confirmed_and_surveyed(screens, picture):
    desk = desk_page(screens, "filed")
    desk.get_by_role("button", name="Confirm the papers").click()
    desk.get_by_role("button", name="Order the survey").click()
    desk_page(screens, "surveying")
    screens.begin("survey", "survey")
    phone = screens.phone
    phone.locator("[name=item_identity_seen][value=yes]").check()
    phone.locator("[name=item_use_as_applied][value=as_applied]").check()
    phone.locator("[name=item_load_found]").fill("6.5")
    phone.locator("[name=item_distance_to_supply]").fill("25")
    phone.locator("[name=item_meter_place][value=stairwell]").check()
    phone.locator("[name=item_earthing_present][value=yes]").check()
    screens.photo("photo_building", picture)
    phone.locator("[name=assets]").first.check()
    phone.locator("[name=verdict][value=feasible]").check()
    screens.look(phone, "phone-survey")
    phone.get_by_role("button", name="Report the survey").click()
    phone.wait_for_url("**/desk/field/")
    assert application().state == "surveyed"


def is_offered_and_signed(screens):
    desk = desk_page(screens, "surveyed")
    desk.get_by_role("link", name="Write the offer").click()
    desk.locator("[name=month_kwh]").fill("150")
    desk.locator("[name=kind_0]").select_option("connection")
    desk.locator("[name=amount_0]").fill("113.00")
    desk.locator("[name=reason_0]").fill("8 kVA")
    screens.look(desk, "desk-offer-new")
    desk.locator("main form .btn-primary").last.click()
    desk.wait_for_url("**/desk/offers/*/")
    desk.locator("button[value=send]").click()
    desk_page(screens, "offered")
    page = screens.visitor
    page.reload()
    screens.look(page, "mine-offered")
    page.get_by_role("link", name="Look at our offer and choose").click()
    screens.look(page, "mine-offer")
    page.get_by_role("button", name="Accept the offer").click()
    page.wait_for_url("**/contract/")
    screens.look(page, "mine-contract")
    with page.expect_navigation():  # else what is ticked while the page is still coming is lost with it
        page.get_by_role("button", name="Send me a code").click()
    page.locator("[name=code]").fill(
        re.search(r"\d{6}", Notice.objects.filter(event="one_time_code").latest("id").body)[0]
    )
    page.locator("[name=read]").check()
    screens.look(page, "mine-sign")
    page.get_by_role("button", name="Sign the contract").click()
    expect(page.locator("main")).to_contain_text("Signed")
    assert application().state == "contracted"


def gets_a_meter(screens, picture):
    desk_page(screens, "contracted")
    screens.house.stock(serial="DD0042", kind="total", seals=("F001", "F002"))
    screens.begin("meter_install", "meter")
    phone = screens.phone
    phone.locator("[name=serial]").fill("DD0042")
    phone.get_by_role("button", name="Take this meter").click()
    phone.locator("[name=new_total]").fill("3.2")
    screens.photo("new_total", picture)
    phone.locator("[name=seals]").fill("F001 F002")
    phone.locator("[name=item_no_voltage][value=yes]").check()
    phone.locator("[name=item_wiring_right][value=yes]").check()
    screens.photo("photo_meter", picture)
    screens.look(phone, "phone-meter")
    phone.get_by_role("button", name="Finish").click()
    phone.wait_for_url(re.compile(r"/desk/field/(\?.*)?$"))
    assert application().state == "metered"


def is_inspected(screens, picture):
    desk_page(screens, "metered")
    screens.begin("inspection", "inspection")
    phone = screens.phone
    for box in phone.locator("input[type=radio][value=yes]").all():
        box.check()
    screens.photo("photo_room", picture)
    phone.locator("[name=outcome][value=passed]").check()
    screens.look(phone, "phone-inspection")
    phone.get_by_role("button", name="Finish").click()
    phone.wait_for_url("**/hand-over/")
    screens.look(phone, "phone-hand-over")


def is_switched_on(screens):
    desk = desk_page(screens, "inspected")
    desk.get_by_role("link", name="Energize", exact=True).first.click()
    screens.look(desk, "desk-energize")
    desk.get_by_role("button", name="Switch on").click()
    desk.wait_for_url("**/desk/energizing/")
    connection.obey()
    assert (application().state, Energizing.objects.get().state) == ("energized", "started")
    desk_page(screens, "energized")
    screens.visitor.goto(f"/apply/mine/{application().id}/")
    expect(screens.visitor.locator(".steps-line .is-done").last).to_have_text("Energized")
    screens.look(screens.visitor, "mine-energized")
