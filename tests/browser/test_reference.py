"""The reference page of the API in a real browser."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PATIENCE_MS = 90_000
"""The renderer draws some hundred operations at once; on a busy machine that takes half a minute."""


def test_the_reference_is_drawn_without_a_word_on_the_console_and_without_asking_anybody_else(
    supplier, browser, live_server
):
    page = browser.new_context().new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{live_server.url}/api/v1/")
    expect(page.get_by_role("heading", name="Report a payment").first).to_be_visible(timeout=PATIENCE_MS)
    logo = page.locator("img[alt='redocly logo']")
    expect(logo).to_have_js_property("complete", value=True)
    assert logo.evaluate("one => one.naturalWidth") > 0
    assert said == []
    hosts = {urlsplit(url).netloc for url in asked if not url.startswith(("data:", "blob:"))}
    assert hosts == {urlsplit(live_server.url).netloc}
