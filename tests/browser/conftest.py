"""Headless Chromium against a live server; any error on the console, also of the security policy, fails the test."""

import os
import threading
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.signals import request_finished, request_started
from playwright.sync_api import expect, sync_playwright

from tests.factories import accounts

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
ANSWER_SECONDS = 20
# What is waited for comes late on a loaded machine; waiting for it costs nothing where it is there.
expect.set_options(timeout=30_000)
# Playwright runs an event loop in this thread; the tests use the database beside it, one after the other.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session")
def chromium():
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    if not (settings.BASE_DIR / "node_modules" / "echarts").is_dir():
        pytest.skip("front-end packages are not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


class UnderWay:
    """Counts the requests that the live server has begun and not ended."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    def begin(self, **_signal) -> None:
        with self._changed:
            self._count += 1

    def end(self, **_signal) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def wait_for_none(self) -> None:
        """Wait until all are answered, so that none is at the tables while they are emptied for the next test."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._count == 0, ANSWER_SECONDS), f"{self._count} requests hang"


@pytest.fixture
def under_way():
    counter = UnderWay()
    request_started.connect(counter.begin, weak=False)
    request_finished.connect(counter.end, weak=False)
    yield counter
    request_started.disconnect(counter.begin)
    request_finished.disconnect(counter.end)


@pytest.fixture
def browser(chromium, live_server, under_way):
    """The one browser of the session; what a test opened in it is closed after it, and what it asked for is answered."""
    yield chromium
    for context in chromium.contexts:
        context.close()
    under_way.wait_for_none()


@pytest.fixture
def open_page(browser, live_server):
    """Return a function that opens a page as somebody: open_page(user, width=..., ...); None: nobody."""
    faults = []

    def opened(user, *, width=1366, height=768, theme="light", language="en"):
        context = browser.new_context(viewport={"width": width, "height": height}, base_url=live_server.url)
        cookies = {"theme": theme, "django_language": language}
        if user is not None:
            cookies["sessionid"] = _session(user)
        context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()])
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        return page

    yield opened
    assert faults == []


def _session(user):
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session.session_key


@pytest.fixture
def supplier(transactional_db, settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    return accounts.supplier()
