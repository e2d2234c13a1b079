"""Interval values of a place on the desk: what is held, and days of it as a file."""

from datetime import date

import pytest

from tests.factories import metering

pytestmark = pytest.mark.django_db


def test_days_of_a_place_are_shown_and_given_as_a_file(desk, billed):
    point = billed.agreement.service_point
    where = f"/desk/places/{point.id}/readings/"
    assert "No register here is read in intervals" in desk.get(where).content.decode()
    (register,) = metering.metered(at=point, registers=("E1",), is_interval=True, start_date=date(2026, 1, 1))
    metering.curve(of=register, start_date=date(2026, 2, 1), end_date=date(2026, 2, 3), value_of=lambda _: 250)
    page = desk.get(where).content.decode()
    assert register.meter.serial in page
    assert where in desk.get(f"/desk/customers/{billed.account.id}/").content.decode()
    answer = desk.get(f"{where}?since=2026-02-01&until=2026-02-01&form=csv")
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert len(lines) == 97
    assert lines[1].split(",")[-3:] == ["kWh", "0.250", "A"]
    wrong = desk.get(f"{where}?since=2026-02-02&until=2026-02-01&form=csv").content.decode()
    assert "is no span of" in wrong
    assert (
        "No interval values are held"
        in desk.get(f"{where}?since=2025-02-01&until=2025-02-01&form=csv").content.decode()
    )
    assert desk.get("/desk/places/999999/readings/").status_code == 404
