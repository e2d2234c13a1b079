"""manage.py approve_usage."""

import io
from datetime import date

import pytest
from django.core.management import CommandError, call_command

from metering.models.usage import Usage
from tests import factories

pytestmark = pytest.mark.django_db
JAN, FEB = date(2026, 1, 1), date(2026, 2, 1)


@pytest.fixture(autouse=True)
def _world():
    factories.accounts.supplier()
    for number, ends in (("S1", True), ("S2", False)):
        meter = factories.metering.meter(serial=f"M-{number}")
        factories.metering.installation(of=meter, at=factories.metering.service_point(external_id=number))
        factories.metering.read(of=meter.registers.get(), on=JAN, kwh=0)
        if ends:
            factories.metering.read(of=meter.registers.get(), on=FEB, kwh=7)


def _run(*arguments):
    out = io.StringIO()
    call_command("approve_usage", *arguments, stdout=out)
    return out.getvalue()


def test_a_month_is_approved_and_what_is_missing_is_told_with_advice():
    first, second = _run("--month", "2026-01"), _run("--month", "2026-01")
    assert "2026-01: 1 spans approved, 0 unchanged, 0 replaced, 1 findings" in first
    assert "S2, meter M-S2, total: read_missing: There is no read of 2026-02-01. Enter or import the read" in first
    assert "0 spans approved, 1 unchanged" in second
    assert Usage.objects.get().energy_wh == 7_000


def test_one_service_point_alone_can_be_approved():
    assert "1 spans approved, 0 unchanged, 0 replaced, 0 findings" in _run(
        "--month", "2026-01", "--service-point", "S1", "--strict"
    )


def test_strict_fails_when_something_is_missing_but_approves_the_rest():
    with pytest.raises(CommandError, match=r"1 finding\(s\)"):
        _run("--month", "2026-01", "--strict")
    assert Usage.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--month", "2026-13"), "not a month"),
        (("--month", "2026-01", "--service-point", "S9"), "no service point S9"),
    ],
)
def test_what_does_not_exist_is_named(arguments, text):
    with pytest.raises(CommandError, match=text):
        _run(*arguments)
