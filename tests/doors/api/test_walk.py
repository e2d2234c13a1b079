"""The walk of the guide, run as it stands: one application from filing to the switch by API alone."""

import re
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from billing.models.run import BillCycle
from billing.operations import cycles
from cis.kernel.actors import SYSTEM
from cis.platform import jobs, outbox
from cis.platform.models import OutboxMessage
from contracts.models.agreement import ServiceAgreement
from contracts.models.charge import OneOffCharge
from tests.doors.api.calls import key
from tests.factories import accounts, metering, tariffs, work

pytestmark = pytest.mark.django_db(transaction=True)
OPEN = '[choice]\nkinds = ["resident"]\n\n[labels.energy]'
SCOPES = re.compile(r"`([a-z]+:(?:read|write))`")


def _section():
    text = Path(settings.BASE_DIR, "docs", "guide", "api.md").read_text(encoding="utf-8")
    return text.split("## From the application to the switch\n")[1].split("\n## ")[0]


def _meters_answer(_seconds):
    """Time passes: what waits for the head end is sent, and answers are taken."""
    waiting = OutboxMessage.objects.filter(state="waiting", kind__startswith="device")
    waiting.update(due_at=timezone.now() - timedelta(seconds=1))
    outbox.deliver_due()


@pytest.fixture
def supplier(settings, tmp_path, monkeypatch):
    settings.DOCUMENTS_DIR = tmp_path
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    accounts.supplier()
    tariffs.version(source=tariffs.FLAT.replace("[labels.energy]", OPEN, 1))
    BillCycle.objects.create(code="C1", name_zh="一", name_en="One", run_day=2)
    cycles.set_rule(district="", use_class="", cycle_code="C1", actor=SYSTEM)
    metering.transformer()
    work.crew()


def test_one_application_is_walked_from_filing_to_the_switch(supplier, live_server, monkeypatch, capsys):
    section = _section()
    monkeypatch.setattr(time, "sleep", _meters_answer)
    monkeypatch.setenv("WATTLINE_URL", live_server.url)
    monkeypatch.setenv("WATTLINE_KEY", key(*sorted(set(SCOPES.findall(section)))))
    exec(re.search(r"```python\n(.*?)```", section, re.DOTALL)[1], {"__name__": "walk"})
    states, moves, charge = capsys.readouterr().out.strip().splitlines()
    assert states == "energized started signed on"
    assert moves.count("energize") == 1
    assert charge == "Work at the meter 113.00 agreed offer"
    agreement = ServiceAgreement.objects.get()
    assert agreement.period.lower == timezone.localdate()
    assert OneOffCharge.objects.get().account_id == agreement.account_id
