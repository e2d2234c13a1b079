"""
Take the pictures of the README from a running demo.

    make demo                                       in one terminal
    .venv/bin/python tools/screenshots.py           in another; writes docs/images/*.png
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

PROJECT = Path(__file__).resolve().parents[1]
VAR = Path(os.environ.get("WATTLINE_VAR") or PROJECT / "var")
BASE = os.environ.get("WATTLINE_URL", "http://127.0.0.1:8000")
IMAGES = PROJECT / "docs" / "images"
DESK = {"width": 1366, "height": 768}
PHONE = {"width": 390, "height": 844}
TARIFF = "Residential, one meter a household, peak and valley"
OTHER_PRICES = ("0.647", "0.707", "1.007", "0.207", "0.237", "0.387")


def page_of(browser: Browser, *, size: dict[str, int], username: str, password: str, language: str) -> Page:
    """Return a page that is signed in."""
    context = browser.new_context(viewport=size, device_scale_factor=1)
    context.add_cookies([{"name": "django_language", "value": language, "url": BASE}])
    page = context.new_page()
    page.goto(f"{BASE}/accounts/login/")
    page.fill("input[name=login]", username)
    page.fill("input[name=password]", password)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda url: "login" not in url)
    return page


def shoot(page: Page, path: str, name: str) -> None:
    page.goto(BASE + path)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(600)  # the chart draws itself in
    page.screenshot(path=IMAGES / f"{name}.png")
    print(IMAGES / f"{name}.png")


def simulate(page: Page) -> None:
    """Draft dearer peaks and cheaper nights of a tariff, as staff do it, and simulate them over the last months."""
    page.goto(f"{BASE}/desk/tariffs/")
    page.click(f"text={TARIFF}")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(600)
    page.evaluate("scrollTo(0, 240)")
    page.screenshot(path=IMAGES / "tariff.png")
    page.click("text=New prices")
    for number, price in enumerate(OTHER_PRICES):
        page.fill(f"#id_v{number}", price)
    page.fill("#id_legal_source", "none: drafted for a picture")
    page.click("text=Save as draft")
    page.wait_for_url("**version=*")
    page.goto(f"{BASE}/desk/simulations/new/?version={page.url.rpartition('=')[2]}")
    page.click("text=Simulate >> nth=-1")
    page.wait_for_selector(".tiles", timeout=120_000)
    page.wait_for_timeout(1_500)
    page.screenshot(path=IMAGES / "simulation.png")


def main() -> int:
    logins = json.loads((VAR / "demo" / "done.json").read_text(encoding="utf-8"))["logins"]
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        desk = page_of(browser, size=DESK, username="admin", password=logins["admin"], language="en")
        shoot(desk, "/desk/customers/7/", "account")
        desk.goto(f"{BASE}/desk/runs/")
        desk.click("table tbody tr:first-child a >> nth=0")
        desk.wait_for_load_state("networkidle")
        desk.screenshot(path=IMAGES / "run.png")
        simulate(desk)
        phone = page_of(browser, size=PHONE, username="customer", password=logins["customer"], language="zh-hans")
        shoot(phone, "/portal/", "portal")
        browser.close()
    [bill] = sorted((VAR / "demo").glob("bill-*.pdf"))[:1]
    subprocess.run(["pdftoppm", "-r", "80", "-png", "-singlefile", bill, IMAGES / "bill"], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
