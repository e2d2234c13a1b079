"""An application for three supplies with an agent and papers, on a phone: rows by a button, a bad file named in place."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from contracts.models.application import ServiceApplication
from tests.factories import work
from tests.factories.applications import resident_id

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AUDIT = (Path(__file__).parent / "audit.js").read_text(encoding="utf-8")
PHONE = {"width": 390, "height": 844}
PICTURES = os.environ.get("PICTURES", "")


def look(page, name):
    faults = page.evaluate(AUDIT)
    assert not faults, f"{name}: {faults}"
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


@pytest.fixture
def files(tmp_path):
    """Two papers, a photo, and a file that is none of these."""
    found = {"word": tmp_path / "letter.pdf", "photo": tmp_path / "front.jpg"}
    found["word"].write_bytes(b"PK\x03\x04 a document of another kind")
    found["photo"].write_bytes(work.photo(size=(640, 480)).read())
    for name in ("deed", "power"):
        found[name] = tmp_path / f"{name}.pdf"
        found[name].write_bytes(b"%PDF-1.7 " + name.encode() + b" %%EOF")
    return {name: str(path) for name, path in found.items()}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_three_supplies_an_agent_and_papers_from_a_phone(supplier, open_page, files, language):
    page = open_page(None, **PHONE, language=language)
    page.goto("/apply/")
    look(page, f"{language}-1-empty")
    page.set_input_files("#id_paper_identity", files["photo"])
    for name, value in (("name", "王芳"), ("id_number", resident_id(7)), ("phone", "13812345678")):
        page.fill(f"#id_{name}", value)
    page.fill("#id_address", "上海市静安区愚园路1号")
    for place in range(3):
        if place:
            page.click("#add-supply")
        page.fill(f"#id_unit_{place}", f"3-{place + 1}01")
        page.fill(f"#id_capacity_{place}", "8")
    page.click("#agent summary")
    page.fill("#id_agent_name", "李强")
    page.select_option("#id_agent_scope", "sign")
    page.set_input_files("#id_paper_power_of_attorney", files["power"])
    page.set_input_files("#id_paper_premises_right", files["word"])
    look(page, f"{language}-2-filled")
    page.click(".form-foot .btn-primary")
    expect(page.locator(".error-summary")).to_be_focused()
    # What was typed and the files that are not at fault are there yet; the bad one is named and chosen anew.
    expect(page.locator("#id_unit_2")).to_have_value("3-301")
    expect(page.locator("#id_paper_premises_right_error")).to_contain_text("letter.pdf")
    expect(page.locator("#id_agent_id_number_error")).to_be_visible()
    chosen = "input => [...input.files].map(file => file.name)"
    assert page.locator("#id_paper_identity").evaluate(chosen) == ["front.jpg"]
    assert page.locator("#id_paper_power_of_attorney").evaluate(chosen) == ["power.pdf"]
    assert page.locator("#id_paper_premises_right").evaluate(chosen) == []
    look(page, f"{language}-3-faults")
    page.set_input_files("#id_paper_premises_right", files["deed"])
    page.fill("#id_agent_id_number", resident_id(8))
    page.fill("#id_phone", "")
    page.click(".form-foot .btn-primary")
    expect(page.locator("#id_phone_error")).to_be_visible()
    expect(page.locator(".error-summary")).to_be_focused()  # the last that the page does when the answer is there
    look(page, f"{language}-4-phone-fault")  # nothing is said any more of the file that was at fault before
    page.fill("#id_phone", "13812345678")
    page.click(".form-foot .btn-primary")
    page.wait_for_url("**/apply/mine/*/")
    look(page, f"{language}-5-mine")
    row = ServiceApplication.objects.get()
    assert (row.items.count(), row.agent_scope) == (3, "sign")
    assert sorted(row.papers.values_list("kind", flat=True)) == ["identity", "power_of_attorney", "premises_right"]
