"""The portal in a real browser: on a phone and on a screen, in both themes, by hand and by key."""

from datetime import date
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accounts.models.notice import Consent, Notice
from billing.operations import telling
from cis.kernel.actors import SYSTEM
from contracts.operations import supply_contracts
from tests.factories import accounts, billing, contracts, papers_signed
from tests.factories.accounts import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE, SCREEN = {"width": 390, "height": 844}, {"width": 1366, "height": 768}
TARGET_PX = 40
INPUT = "[name=login]"


@pytest.fixture
def bill(settings, tmp_path, monkeypatch):
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # playwright keeps an event loop in this thread
    settings.DOCUMENTS_DIR = tmp_path
    accounts.supplier()
    world = contracts.world()
    accounts.portal_user(of=world.customer, username="zhangsan")
    for month in range(1, 9):
        last = billing.issued(
            world=world, kwh=100 + 40 * month, start_date=date(2026, month, 1), end_date=date(2026, month + 1, 1)
        )
    return last


class Visit:
    """A page that remembers what the browser complained of."""

    def __init__(self, browser, server, *, viewport=PHONE, **context) -> None:
        self.page = browser.new_context(viewport=viewport, locale="en-GB", **context).new_page()
        self.page.set_default_timeout(30_000)
        self.server = server
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type in {"error", "warning"} else None
        )

    def open(self, path):
        self.page.goto(f"{self.server.url}{path}")

    def sign_in(self, path):
        self.open(path)
        self.page.fill(INPUT, "zhangsan")
        self.page.fill("[name=password]", PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(lambda url: urlsplit(url).path == path)


@pytest.mark.parametrize("viewport", [PHONE, SCREEN], ids=["phone", "screen"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_bills_are_found_understood_and_downloaded(bill, live_server, browser, viewport, scheme):
    visit = Visit(browser, live_server, viewport=viewport, color_scheme=scheme)
    visit.sign_in(reverse("portal:bills"))
    page = visit.page
    page.wait_for_selector("#usage-chart svg path", state="attached")
    assert page.get_attribute("html", "data-bs-theme") == scheme
    width = "document.documentElement.scrollWidth <= innerWidth"
    assert page.evaluate(width)
    page.click("text=See why")
    page.wait_for_selector("text=How it is computed")
    assert page.evaluate(width)
    pdf = page.context.request.get(f"{live_server.url}{reverse('portal:bill_pdf', args=[bill.number])}")
    assert pdf.body().startswith(b"%PDF")
    assert visit.complaints == []


def test_targets_on_a_phone_are_large_enough_for_a_thumb(bill, live_server, browser, monkeypatch):
    monkeypatch.setattr("cis.portal.bills.ROWS", 3)
    visit = Visit(browser, live_server)
    home = reverse("portal:bills")
    for path in (home, f"{home}?page=2", reverse("portal:payments"), reverse("portal:profile")):
        visit.sign_in(path) if path == home else visit.open(path)
        small = visit.page.evaluate(
            """(least) => [...document.querySelectorAll("a, button, summary")]
               .filter((one) => one.offsetParent !== null && !one.closest(".facts, .footer, .card-foot, .btn-close, .skip-link"))
               .map((one) => [one.textContent.trim(), one.getBoundingClientRect().height])
               .filter(([words, height]) => height > 0 && height < least)""",
            TARGET_PX,
        )
        assert small == [], path


def test_the_theme_is_switched_by_hand_and_the_chart_follows(bill, live_server, browser):
    visit = Visit(browser, live_server, color_scheme="light")
    visit.sign_in(reverse("portal:bills"))
    visit.page.wait_for_selector("#usage-chart svg path", state="attached")
    before = visit.page.inner_html("#usage-chart")
    visit.page.click("[data-theme-switch]")
    assert visit.page.get_attribute("html", "data-bs-theme") == "dark"
    visit.page.wait_for_function("(was) => document.querySelector('#usage-chart').innerHTML !== was", arg=before)
    visit.page.reload()
    assert visit.page.get_attribute("html", "data-bs-theme") == "dark"


def test_the_language_is_switched_and_kept(bill, live_server, browser):
    visit = Visit(browser, live_server)
    visit.sign_in(reverse("portal:bills"))
    visit.page.click("button[value='zh-hans']")
    visit.page.wait_for_selector("html[lang='zh-hans']")
    visit.open(reverse("portal:payments"))
    assert visit.page.get_attribute("html", "lang") == "zh-hans"


def test_the_chart_has_words_for_who_does_not_see_it(bill, live_server, browser):
    visit = Visit(browser, live_server)
    visit.sign_in(reverse("portal:bills"))
    visit.page.wait_for_selector("#usage-chart[aria-label]")
    assert "Aug 2026 420" in visit.page.get_attribute("#usage-chart", "aria-label")
    visit.page.click(".chart-table summary")
    assert "420" in visit.page.inner_text(".chart-table table")


def test_the_page_can_be_walked_by_key_from_the_skip_link_on(bill, live_server, browser):
    visit = Visit(browser, live_server, viewport=SCREEN)
    visit.sign_in(reverse("portal:bills"))
    visit.open(reverse("portal:bills"))
    visit.page.keyboard.press("Tab")
    assert "skip-link" in visit.page.evaluate("document.activeElement.className")
    visit.page.keyboard.press("Enter")
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate("document.activeElement.closest('main') !== null")


def test_without_scripts_the_bills_are_there_too(bill, live_server, browser):
    visit = Visit(browser, live_server, java_script_enabled=False)
    visit.sign_in(reverse("portal:bills"))
    assert "420 kWh" in visit.page.inner_text("main")
    assert visit.page.inner_text(".owed-sum").startswith("¥")


@pytest.mark.parametrize("viewport", [PHONE, SCREEN], ids=["phone", "screen"])
def test_a_message_is_read_and_its_ways_are_chosen_by_key(bill, live_server, browser, viewport):
    telling.tell_bills(bill_ids=[bill.id])
    visit = Visit(browser, live_server, viewport=viewport)
    visit.sign_in(reverse("portal:notices"))
    page = visit.page
    page.locator(".bill-list a").first.click()
    page.wait_for_url("**/portal/notices/*")
    assert bill.number in page.locator("article").inner_text()
    assert Notice.objects.get(channel="inbox").read_at is not None
    page.locator(f"article a[href='/portal/bills/{bill.number}']").click()
    page.wait_for_url(f"**/portal/bills/{bill.number}")
    visit.open(reverse("portal:notice_ways"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#id_money_sms").focus()
    page.keyboard.press("Space")
    page.locator("form .btn-primary").last.press("Enter")
    page.locator(".messages .alert").wait_for()
    assert not page.locator("#id_money_sms").is_checked()
    assert Consent.objects.values_list("notice_class", "channel", "is_given").get() == ("money", "sms", False)
    assert visit.complaints == []


@pytest.fixture
def contract(bill):
    row = papers_signed.issued(contracts.world())
    supply_contracts.paper(contract_id=row.id, actor=SYSTEM)
    row.refresh_from_db()
    return row


def test_a_paper_is_compared_by_who_scanned_its_code(browser, live_server, contract, tmp_path):
    visit = Visit(browser, live_server)
    place = f"/verify/{contract.verify_token}"
    visit.open(f"{place}?h={contract.content_sha256}")
    expect(visit.page.locator(".notice-ok")).to_contain_text("The hash fits.")
    kept = supply_contracts.paper(contract_id=contract.id, actor=SYSTEM)
    for name, content, said in (("same", kept, "byte by byte"), ("other", kept + b"%", "is not the one")):
        file = tmp_path / f"{name}.pdf"
        file.write_bytes(content)
        visit.open(place)
        visit.page.set_input_files("#paper", str(file))
        visit.page.get_by_role("button", name="Compare", exact=True).click()
        expect(visit.page.locator(".notice").first).to_contain_text(said)
    visit.open(f"{place}?h={'0' * 64}")
    expect(visit.page.locator(".notice-bad")).to_contain_text("The hash does not fit.")
    assert visit.complaints == []
