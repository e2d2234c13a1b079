"""
A pytest plugin, loaded before Django's settings: the tests' own private services.

Without DATABASE_URL and REDIS_URL they run under var/test, apart from those of `make demo`; every pytest process
holds a lease, and the last one stops them.
"""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

from cis.embedded import Embedded

VAR = Path(__file__).resolve().parents[1] / "var" / "test"
FAILURE_SIGNS = 3_000

# The tests find static files where they lie; the web server's folder of collected ones is only looked for.
(VAR / "static").mkdir(parents=True, exist_ok=True)
os.environ["WATTLINE_VAR"] = str(VAR)
os.environ["WATTLINE_DURABLE"] = "0"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cis.settings")

os.environ.setdefault("DATABASE_KEEPS_PLANS", "on")
os.environ["PAYMENT_PROVIDERS"] = "sandbox,sandbox_alipay,sandbox_wechat"
os.environ["HEAD_END_GATEWAY"] = os.environ["PARTNER_BANK"] = os.environ["DEBIT_BANK"] = "sandbox"
os.environ["E_INVOICE_PLATFORM"] = "sandbox"
os.environ["DEBIT_CREDITOR_NAME"], os.environ["DEBIT_CREDITOR_ID"] = "Example Power", "CN98ZZZ09999999999"
os.environ["DEBIT_CREDITOR_ACCOUNT"], os.environ["DEBIT_CREDITOR_BANK_CODE"] = "6222020000001234567", "102290000001"
os.environ.setdefault("STATICFILES_STORAGE", "django.contrib.staticfiles.storage.StaticFilesStorage")

if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
    SERVICES = Embedded(VAR, durable=False)
    SERVICES.start()

_common = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]}
settings.register_profile("default", max_examples=25, **_common)
settings.register_profile("proof", max_examples=3_000, **_common)
# A change of the code is found when a test fails; it need not be told with the smallest example.
settings.register_profile(
    "mutation", max_examples=15, derandomize=True, database=None, phases=(Phase.explicit, Phase.generate), **_common
)
settings.load_profile(
    "proof" if os.environ.get("WATTLINE_PROOF") else "mutation" if os.environ.get("WATTLINE_MUTATION") else "default"
)

gc.disable()  # while tests are collected nothing is garbage, and to look for it takes a third of the time


def pytest_collection_finish() -> None:
    """Let garbage be looked for in what the tests make, not in what was loaded for them."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let the one who counts the results tell each failure at once."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Teller(config), "failures at once")


class _Teller:
    """Tells a failure when it comes: a run that its time limit ends would keep it for itself."""

    def __init__(self, config: pytest.Config) -> None:
        self._screen = config.get_terminal_writer()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._screen.line(f"\nFAILED {report.nodeid} ({report.when})\n{report.longreprtext[-FAILURE_SIGNS:]}")
