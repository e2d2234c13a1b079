"""The desk in a real browser: by keyboard, live, in both themes and widths."""

import os
import re
from datetime import date
from pathlib import Path

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone
from playwright.sync_api import expect

from accounts.domain.mailing import NewMailing, Words
from accounts.models.notice import Notice
from billing.models.run import BillCycle, BillRun
from billing.operations import mailings, runs, telling
from billing.queries.mailing_targets import Choice
from cashiering.operations import tills
from cis.desk.forms.correction_methods import METHODS
from cis.desk.words import RULE_KINDS
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.periods import add_months, month_of
from contracts.models.charge import BreachCase, OneOffCharge
from metering.models.rule import UsageRule
from metering.operations import uploads
from tests.doors.desk.conftest import ALL, make_billed
from tests.factories import accounts, corrections, metering

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AUDIT = (Path(__file__).parent / "audit.js").read_text(encoding="utf-8")
SEARCH = "**/desk/search/?q=*"


@pytest.fixture
def boss(supplier):
    return accounts.staff(*ALL, Role.ADMIN, first_name="王敏")


def test_an_account_is_opened_by_slash_a_name_and_enter(boss, open_page):
    billed = make_billed(name="欧阳修远")
    make_billed(name="张三")
    page = open_page(boss)
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("修远")
    expect(page.locator("#search-answers [role=option]")).to_have_count(1)
    expect(page.locator("#search-box")).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/desk/customers/{billed.account.id}/")
    expect(page.locator("[data-chart] svg")).to_be_visible()


def test_enter_before_the_answers_come_opens_a_whole_number(boss, open_page):
    billed = make_billed()
    page = open_page(boss)
    page.goto("/")
    page.keyboard.press("Control+k")
    page.keyboard.type(billed.account.number)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/desk/customers/{billed.account.id}/")


def test_arrows_choose_and_escape_leaves(boss, open_page):
    for name in ("钱一一", "钱一二", "钱一三"):
        make_billed(name=name)
    page = open_page(boss)
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("钱一")
    options = page.locator("#search-answers [role=option]")
    expect(page.locator("#search-answers")).to_have_attribute("data-of", "钱一")
    expect(options).to_have_count(3)
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)


def _hold_first_search(page):
    waiting = []
    page.route(SEARCH, lambda route: route.continue_() if waiting else waiting.append(route))
    return waiting


def test_a_slow_answer_to_an_older_question_is_not_shown(boss, open_page):
    for name in ("钱一一", "钱二二"):
        make_billed(name=name)
    page = open_page(boss)
    page.goto("/")
    waiting = _hold_first_search(page)
    page.keyboard.press("/")
    with page.expect_request(SEARCH):
        page.keyboard.type("钱")
    page.keyboard.type("一一")
    page.keyboard.press("Enter")
    waiting[0].continue_()
    page.wait_for_url("**/desk/customers/*/")
    expect(page.locator("h1")).to_contain_text("钱一一")


def test_answers_that_come_after_the_box_was_left_stay_away(boss, open_page):
    make_billed(name="钱一一")
    page = open_page(boss)
    page.goto("/")
    waiting = _hold_first_search(page)
    page.keyboard.press("/")
    with page.expect_request(SEARCH):
        page.keyboard.type("钱一")
    page.keyboard.press("Escape")
    with page.expect_event("requestfinished", lambda request: "/desk/search/" in request.url):
        waiting[0].continue_()
    page.keyboard.press("/")
    expect(page.locator("#search-answers [role=option]")).to_have_count(0)
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/customers/*/")


def test_theme_and_language_are_switched_and_stay(boss, open_page):
    page = open_page(boss)
    page.goto("/")
    page.locator("[data-theme-switch]").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.get_by_role("button", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(page.locator("h1")).to_contain_text("您好")


def test_money_is_taken_at_the_counter_by_keyboard_alone(boss, open_page):
    billed = make_billed()
    actor = Actor(ActorKind.STAFF, boss.id, "王敏", frozenset(ALL))
    till_id = tills.add(code="T1", name="Counter", place="", actor=actor)
    tills.open_session(till_id=till_id, pieces={}, today=timezone.localdate(), actor=actor)
    page = open_page(boss)
    page.goto("/desk/till/")
    expect(page.locator("#payer")).to_be_focused()
    page.keyboard.type(billed.account.number)
    page.keyboard.press("Enter")
    page.wait_for_url("**/till/take/?account=*")
    expect(page.locator(f"#id_amount_{billed.account.id}")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("200")
    expect(page.locator("[data-till-change]")).to_have_text("¥76.60")
    page.evaluate(
        "document.querySelector('form.card').requestSubmit(); document.querySelector('form.card').requestSubmit()"
    )
    page.wait_for_url("**/till/receipts/*/")
    expect(page.get_by_role("button", name="Print")).to_be_focused()
    assert billed.account.payments.count() == 1
    page.keyboard.press("n")
    page.wait_for_url("**/desk/till/")


def test_a_run_is_watched_live_from_start_to_issue(boss, open_page):
    last = add_months(month_of(timezone.localdate()).start, -1)
    billed = make_billed()
    metering.usage(of=billed.register, start_date=last, end_date=add_months(last, 1), kwh=100,
                   at=billed.agreement.service_point)  # fmt: skip
    page = open_page(boss)
    page.goto("/desk/runs/")
    page.keyboard.press("s")
    page.get_by_role("button", name="Show what would be billed").click()
    page.get_by_role("button", name="Start the run").click()
    page.wait_for_url("**/desk/runs/*/")
    run = BillRun.objects.get()
    while runs.rate_chunk(run_id=run.id):
        pass
    expect(page.get_by_role("link", name="Approve and issue")).to_be_visible()
    page.get_by_role("link", name="Approve and issue").click()
    page.get_by_role("button", name="Approve and issue").click()
    while runs.issue_chunk(run_id=run.id):
        pass
    expect(page.locator("h1 .state")).to_have_text("Issued")


def test_a_meter_file_is_brought_and_its_result_comes_by_itself(boss, open_page, tmp_path):
    billed = make_billed()
    file = tmp_path / "reads.csv"
    file.write_text(
        "meter,register,read_at,reading,kind\n"
        f"{billed.register.meter.serial},total,2026-03-05,1220,actual\nNOBODY,total,2026-03-05,1,actual\n"
    )
    page = open_page(boss)
    page.goto("/desk/files/upload/")
    page.set_input_files("input[type=file]", file)
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("#import-progress")).to_contain_text("waits for a worker")
    uploads.work(timezone.now())
    page.wait_for_url("**/desk/files/*/")
    expect(page.locator("table.list")).to_contain_text("unknown_meter")


PAGES_OF_MONEY = (
    "/desk/refunds/", "/desk/refunds/write-offs/candidates/", "/desk/overdue/", "/desk/bank/suspense/", "/desk/e-invoices/",
    "/desk/till/", "/desk/debits/", "/desk/online/", "/desk/books/accruals/",
)  # fmt: skip


def _pages(billed):
    cycle = BillCycle.objects.create(code="01", name_zh="浦东一段", name_en="Pudong 1")
    clerk = accounts.staff(username="li.hua", first_name="李华", email="li.hua@example.com")
    accounts.portal_user(of=billed.customer, username="zhangsan")
    account = f"/desk/customers/{billed.account.id}/"
    breach = f"{account}supply/{billed.agreement.id}/breach/"
    case = BreachCase.objects.create(
        agreement=billed.agreement, kind="tampering", found_date=date(2026, 3, 1), evidence="photo", request_key="k"
    )
    return [
        "/", "/desk/search/?q=张三", "/desk/customers/", "/desk/customers/new/", account,
        f"{account}holder/{billed.customer.id}/", f"{account}holder/{billed.customer.id}/contacts/", f"{account}supply/",
        f"{account}supply/{billed.agreement.id}/", f"{account}supply/{billed.agreement.id}/end/", f"{account}read/",
        f"{account}payment/", "/desk/bills/", f"/desk/bills/{billed.bills[0].id}/",
        f"/desk/bills/{billed.bills[0].id}/cancel/", "/desk/runs/", "/desk/runs/new/?cycle=all&month={month}",
        "/desk/files/", "/desk/files/upload/", "/desk/tariffs/", f"/desk/tariffs/{billed.tariff.id}/",
        f"{account}login/", "/desk/runs/cycles/", f"/desk/runs/cycles/{cycle.id}/", "/desk/staff/", "/desk/staff/new/",
        f"/desk/staff/{clerk.id}/", *_pages_of_usage(billed), "/desk/breaches/",
        f"/desk/breaches/{case.id}/", f"{breach}category/", f"{breach}theft/", f"{breach}tampering/",
        *_pages_of_notices(billed), *_pages_of_charges(billed), *PAGES_OF_MONEY,
    ]  # fmt: skip


def _pages_of_charges(billed):
    """A charge that waits for a second person, and the form of a new one."""
    charge = OneOffCharge.objects.create(
        account=billed.account, kind="works", state="proposed", amount_minor=300_000, ledger_class="service",
        reason="cable", key="k", subject="by_hand", subject_id=billed.account.id, is_for_two=True,
    )  # fmt: skip
    return ["/desk/charges/", f"/desk/charges/{charge.id}/", f"/desk/customers/{billed.account.id}/charges/new/"]


def _pages_of_notices(billed):
    """A bill that was told, an address that came back, a mailing that waits."""
    telling.tell_bills(bill_ids=[bill.id for bill in billed.bills])
    billed.customer.contact_points.update(bounced_at=timezone.now(), bounce_reason="unknown_number")
    words = Words("Subject {{ name }}", "Text of a mailing", "SMS")
    new = NewMailing(title="Mailing", event="announcement", words={"zh-hans": words, "en": words})
    author = Actor(ActorKind.STAFF, None, "author", frozenset({Role.CLERK}))
    mailing = mailings.propose(new=new, choice=Choice(), today=date(2026, 3, 10), actor=author)
    notice = Notice.objects.first()
    return [
        "/desk/notices/", f"/desk/notices/{notice.id}/", "/desk/notices/mend/", "/desk/notices/texts/",
        "/desk/notices/texts/bill_issued/email/en/", "/desk/notices/texts/bill_issued/sms/zh-hans/",
        "/desk/notices/mailings/", "/desk/notices/mailings/new/", f"/desk/notices/mailings/{mailing}/",
        "/desk/notices/letters/", f"/desk/customers/{billed.account.id}/holder/{billed.customer.id}/ways/",
    ]  # fmt: skip


def _pages_of_usage(billed):
    """Corrections and usage rules: a correction that two are undoing, a share that another place takes."""
    point = billed.agreement.service_point
    made = corrections.correction(
        meter_id=billed.register.meter_id, service_point_id=point.id, start_date=date(2026, 1, 1),
        end_date=date(2026, 2, 1), state="undoing", undo_reason="other meter",
    )  # fmt: skip
    other = metering.service_point()
    rule = UsageRule.objects.create(
        service_point=other, source=point, kind="share", share_e6=300_000, period=DateRange(date(2026, 1, 1), None)
    )
    rules = f"/desk/places/{other.id}/rules/"
    correct = f"/desk/customers/{billed.account.id}/supply/{billed.agreement.id}/correct/"
    return [
        "/desk/corrections/", f"/desk/corrections/{made.id}/", *(f"{correct}{way}/" for way in METHODS),
        f"/desk/places/{point.id}/rules/", *(f"{rules}begin/{kind}/" for kind in RULE_KINDS),
        f"{rules}{rule.id}/change/", f"{rules}{rule.id}/end/",
    ]  # fmt: skip


LOOKS = [(1366, 768, "light", "zh-hans"), (390, 844, "dark", "en")]
if os.environ.get("WATTLINE_PROOF"):
    LOOKS += [(1366, 768, "dark", "en"), (390, 844, "light", "zh-hans")]


@pytest.mark.parametrize(("width", "height", "theme", "language"), LOOKS)
def test_every_page_has_names_contrast_and_no_sideways_scroll(boss, open_page, width, height, theme, language):
    billed = make_billed()
    page = open_page(boss, width=width, height=height, theme=theme, language=language)
    month = month_of(date.today()).start  # noqa: DTZ011 (any month that the form offers)
    faults = {}
    for url in _pages(billed):
        page.goto(url.format(month=month.isoformat()))
        found = page.evaluate(AUDIT)
        if found:
            faults[url] = found
    assert faults == {}


def test_on_a_phone_a_section_of_the_rail_is_a_panel_that_shuts_again(boss, open_page):
    page = open_page(boss, width=390, height=844)
    page.goto("/desk/runs/")
    here = page.locator(".desk-nav a.is-here")
    expect(here).to_be_hidden()
    section = page.locator(".desk-nav summary.has-here")
    section.click()
    expect(here).to_be_visible()
    assert page.evaluate(AUDIT) == []
    page.keyboard.press("Escape")
    expect(here).to_be_hidden()
    section.click()
    page.locator("h1").click()
    expect(here).to_be_hidden()
    boxes = [one.bounding_box() for one in page.locator(".desk-nav > ul > li").all()]
    assert all(box["x"] > -1 and box["x"] + box["width"] < 391 for box in boxes)


def test_the_rail_opens_where_one_is_and_by_keys(boss, open_page):
    page = open_page(boss)
    page.goto("/desk/applications/")
    expect(page.locator(".desk-nav a.is-here")).to_be_visible()
    page.keyboard.press("Alt+4")
    assert page.evaluate("document.activeElement.closest('details').open")
    expect(page.locator(".desk-nav a.is-here")).to_be_hidden()
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/bills/")
    expect(page.locator(".desk-nav a.is-here")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_no_word_of_the_rail_is_wider_than_the_rail(boss, open_page, language):
    page = open_page(boss, language=language)
    page.goto("/desk/applications/")
    page.evaluate("document.querySelectorAll('.desk-nav details').forEach((one) => one.removeAttribute('name'))")
    page.evaluate("document.querySelectorAll('.desk-nav details').forEach((one) => { one.open = true; })")
    wide = page.evaluate(
        "[...document.querySelectorAll('.desk-nav a, .desk-nav summary')]"
        ".filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent)"
    )
    assert wide == []


def test_a_new_login_is_shown_once_with_its_password(boss, open_page):
    page = open_page(boss, width=390, height=844)
    page.goto("/desk/staff/new/")
    page.get_by_role("button", name="Create the login").click()
    expect(page.locator("[role=alert]").first).to_be_visible()
    assert page.evaluate(AUDIT) == []
    page.get_by_label("Login", exact=True).fill("li.hua")
    page.get_by_label("Full name").fill("李华")
    page.get_by_label("Cashier").check()
    page.get_by_role("button", name="Create the login").click()
    expect(page.locator(".secret")).to_have_text(re.compile(r"^\S{16,}$"))
    assert page.evaluate(AUDIT) == []


def test_a_form_with_faults_points_at_them(boss, open_page):
    page = open_page(boss)
    page.goto("/desk/customers/new/")
    page.get_by_role("button", name="Take on").click()
    expect(page.locator("[role=alert]").first).to_be_visible()
    focused = page.evaluate("document.activeElement.getAttribute('name')")
    assert focused == "name"
    assert page.locator("#id_name").get_attribute("aria-invalid") == "true"
    assert page.evaluate(AUDIT) == []
