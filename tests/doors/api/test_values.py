"""Interval values and approved energy for other programs."""

from datetime import UTC, date, datetime

import pytest
from lxml import etree

from metering.models.behaviour import BehaviourMonth
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import accounts, metering

pytestmark = pytest.mark.django_db
READ = "values:read"


@pytest.fixture
def point():
    accounts.supplier()
    found = metering.service_point(external_id="SP1")
    (register,) = metering.metered(at=found, registers=("E1",), is_interval=True)
    metering.curve(of=register, start_date=date(2026, 7, 1), end_date=date(2026, 7, 3), value_of=lambda _: 250)
    return found


def _get(query, *, scope=READ):
    return Caller(scope).get(f"service-points/SP1/intervals?{query}")


@pytest.mark.parametrize(
    ("form", "media_type", "begins"),
    [
        ("", "application/atom+xml", b"<?xml"),
        ("nem12", "text/csv; charset=utf-8", b"100,NEM12,"),
        ("csv", "text/csv; charset=utf-8", b"service_point,meter,register,start_at"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK"),
    ],
)
def test_values_are_given_in_each_form(point, form, media_type, begins):
    answer = _get("from_date=2026-07-01&until_date=2026-07-02" + (f"&form={form}" if form else ""))
    data = b"".join(answer.streaming_content)
    assert (answer.status_code, answer["Content-Type"]) == (200, media_type)
    assert data.startswith(begins)
    assert "SP1-2026-07-01." in answer["Content-Disposition"]
    if not form:
        assert len(etree.fromstring(data).findall(".//{*}IntervalReading")) == 96


def test_what_cannot_be_given_is_told(point):
    assert_problem(_get("from_date=2026-07-02&until_date=2026-07-02"), 422, "span_too_long")
    assert_problem(_get("from_date=2020-07-02&until_date=2020-07-03"), 422, "no_interval_values")
    assert _get("from_date=x&until_date=2026-07-02").status_code in (400, 422)
    assert _get("from_date=2026-07-01&until_date=2026-07-02&form=pdf").status_code in (400, 422)
    assert_problem(_get("from_date=2026-07-01&until_date=2026-07-02", scope="bills:read"), 403, "permission_denied")


def test_approved_energy_is_given_by_month(point):
    register = point.installations.get().meter.registers.get()
    metering.usage(of=register, start_date=date(2026, 7, 1), end_date=date(2026, 8, 1), kwh=120, at=point)
    body = Caller(READ).get("service-points/SP1/usage?until_date=2026-07-31").json()
    (month,) = body["months"]
    assert (body["service_point"], month["month"], month["energy_kwh"]) == ("SP1", "2026-07-01", "120.000")


def test_how_it_is_used_is_given_by_month(point):
    hours = list(range(100, 124))
    BehaviourMonth.objects.create(
        service_point=point, month_date=date(2026, 6, 1), known_days=30, working_wh=hours, off_wh=None, day_wh=2_676,
        base_w=101, evening_e4=1_786, night_e4=1_905, shape="flat", peers="residential/p1-2",
        computed_at=datetime(2026, 7, 1, tzinfo=UTC),
    )  # fmt: skip
    (month,) = Caller(READ).get("service-points/SP1/behaviour").json()["months"]
    assert (month["month"], month["working_wh"], month["off_wh"], month["shape"]) == ("2026-06-01", hours, None, "flat")
    assert (month["base_w"], month["similar"]) == (101, None)
