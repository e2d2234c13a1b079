"""Suggested classes in a real browser: they come while somebody types, and one key takes the first."""

import re

import pytest
from playwright.sync_api import expect

from cis.kernel.enums import Role
from complaints.domain.suggestions import Verdict
from complaints.models.suggestion import CaseSuggestion
from tests.factories import accounts, cases, class_texts

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AREA = "supply/outage/area"


def test_f2_takes_the_first_class_while_the_text_is_typed(supplier, open_page):
    class_texts.model()
    cases.team(cases.person(), skills=("supply",))
    page = open_page(accounts.staff(Role.CLERK, first_name="王敏"), language="zh-hans")
    page.goto("/desk/cases/new/?caller=13812345678")
    page.locator("#id_text").press_sequentially("整条街都没电了，", delay=5)
    first = page.locator("[data-class]").first
    expect(first).to_have_attribute("data-class", AREA)
    page.locator("#id_text").press("F2")
    expect(page.locator("#id_class_code")).to_have_value(AREA)
    expect(first).to_have_attribute("aria-pressed", "true")
    page.locator("#id_text").press_sequentially("什么时候来电", delay=5)
    expect(page.locator("[data-class][aria-pressed=true]")).to_have_attribute("data-class", AREA)
    page.get_by_role("button", name="受理").first.click()
    expect(page).to_have_url(re.compile(r"/desk/cases/\d+/"))
    assert CaseSuggestion.objects.get().verdict == Verdict.ACCEPTED
