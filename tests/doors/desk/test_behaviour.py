"""How a place is used, on the desk: what its customer sees, and that somebody looked."""

from datetime import UTC, date, datetime

import pytest

from cis.platform.models import AuditEvent
from metering.models.behaviour import BehaviourMonth
from tests.factories import metering

pytestmark = pytest.mark.django_db


def test_a_place_shows_its_use_and_the_look_is_recorded(desk, billed):
    point = billed.agreement.service_point
    where = f"/desk/places/{point.id}/behaviour/"
    hours = [50] * 24
    BehaviourMonth.objects.create(
        service_point=point, month_date=date(2026, 2, 1), known_days=28, working_wh=hours, off_wh=hours, day_wh=1_200,
        base_w=50, evening_e4=1_666, night_e4=2_083, off_e4=10_000, shape="flat", computed_at=datetime.now(tz=UTC),
    )  # fmt: skip
    page = desk.get(where).content.decode()
    assert "Always the same" in page
    assert "50 W run all the year" in page
    assert where in desk.get(f"/desk/customers/{billed.account.id}/").content.decode()
    looks = AuditEvent.objects.filter(action="look", subject="customer")
    assert looks.exists()


def test_a_place_where_nobody_was_supplied_says_so(desk):
    point = metering.service_point()
    assert "Nobody was ever supplied here" in desk.get(f"/desk/places/{point.id}/behaviour/").content.decode()
    assert desk.get("/desk/places/999999/behaviour/").status_code == 404
