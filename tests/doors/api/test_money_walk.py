"""The second walk of the guide, run as it stands: money that two keys decide about."""

import re
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from billing.operations import accruing
from cis.kernel.periods import month_of
from cis.platform import jobs
from tests.db.billing.night import prove
from tests.db.billing.test_accruals import JANUARY, home
from tests.doors.api.calls import Caller, assert_problem, key
from tests.factories import accounts, billing, contracts, tariffs

pytestmark = pytest.mark.django_db(transaction=True)
SCOPES = re.compile(r"`([a-z-]+:(?:read|write|decide))`")


def _section():
    text = Path(settings.BASE_DIR, "docs", "guide", "api.md").read_text(encoding="utf-8")
    return text.split("## Money that two decide about\n")[1].split("\n## ")[0]


@pytest.fixture
def supplier(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    monkeypatch.setattr(time, "sleep", lambda _seconds: accruing.work(timezone.now()))
    accounts.supplier()
    for _ in range(2):
        billing.issued(world=contracts.world())
    last = month_of(timezone.localdate().replace(day=1) - timedelta(days=1))
    home(tariffs.version(source=tariffs.TAXED), {JANUARY: 0, last.end: 100})


def test_a_day_of_money_is_walked_by_two_keys(supplier, live_server, monkeypatch, capsys):
    section = _section()
    scopes = sorted(set(SCOPES.findall(section)))
    monkeypatch.setenv("WATTLINE_URL", live_server.url)
    monkeypatch.setenv("WATTLINE_KEY", key(*scopes))
    monkeypatch.setenv("WATTLINE_SECOND_KEY", key(*scopes))
    exec(re.search(r"```python\n(.*?)```", section, re.DOTALL)[1], {"__name__": "walk"})
    assert capsys.readouterr().out.strip() == re.search(r"It prints:\n\n```\n(.*?)\n```", section, re.DOTALL)[1]
    prove()


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("mandates", "mandates:read"),
        ("instalment-plans", "plans:read"),
        ("holds", "holds:read"),
        ("tax-profile", "e-invoices:read"),
        ("prepayment", "prepayments:read"),
        ("budget", "budgets:read"),
        ("balance", "balances:read"),
    ],
)
def test_what_no_number_can_be_is_no_account(path, scope):
    """PostgreSQL refuses a text with NUL, which is no fault of the server's."""
    accounts.supplier()
    for number in ("1%00", "%E4%B8%AD", "1" * 30):
        assert_problem(Caller(scope).get(f"accounts/{number}/{path}"), 404, "unknown_account")
