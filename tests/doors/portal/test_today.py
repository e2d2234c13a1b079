"""My day: what my meters counted today, and nobody else's."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.urls import reverse

from cis.kernel.actors import SYSTEM
from metering.operations import head_end_messages
from tests.factories import accounts, contracts, metering

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 3, 9, 16, tzinfo=UTC)


@pytest.fixture
def visitor(client):
    with time_machine.travel("2026-03-10T12:00:00+08:00", tick=False):
        accounts.supplier()
        mine, other = contracts.world(), contracts.world()
        for serial, world, value in (("MINE", mine, "1.111"), ("OTHER", other, "2.222")):
            meter = metering.meter(registers=("E1",), is_interval=True, serial=serial)
            metering.installation(of=meter, at=world.service_point, start_date=date(2026, 1, 1))
            run = {"meter": serial, "start_at": DAY.isoformat(), "minutes": "60", "values": [value]}
            head_end_messages.take(messages=[run], actor=SYSTEM)
        client.force_login(accounts.portal_user(of=mine.customer))
        client.cookies["django_language"] = "en"
        yield client


def test_i_see_my_day_and_nobody_elses(visitor):
    page = visitor.get(reverse("portal:today")).content.decode()
    assert ("1.111" in page, "MINE" in page, "OTHER" in page, "2.222" in page) == (True, True, False, False)
    again = visitor.get(reverse("portal:today"), headers={"HX-Request": "true"}).content.decode()
    assert ("1.111" in again, "<html" in again) == (True, False)
    assert reverse("portal:today") in visitor.get(reverse("portal:changes")).content.decode()
