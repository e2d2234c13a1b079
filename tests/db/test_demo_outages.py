"""The demo has an outage that goes on, one that ended and counts, and one that is planned."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cis.demo import darkening
from cis.kernel.enums import Role
from cis.kernel.periods import month_of
from cis.platform import jobs
from metering.models.outage import PlannedOutage
from metering.queries import outages, reliability
from tests.factories import accounts, metering
from tests.factories.outages import street

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_demo_has_an_outage_of_each_kind(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    accounts.supplier()
    accounts.staff(Role.CLERK, username="clerk")
    accounts.staff(Role.METERING, username="metering")
    for _ in range(3):
        for point in street(transformers=1).all_points:
            metering.installation(at=point)
    today, at = timezone.localdate(), timezone.now()
    assert darkening.build(today=today, at=at) == 3
    going, ended = (outages.listed(wanted=outages.Wanted(state=state)) for state in ("open", "restored"))
    assert [(one.scope, one.supplies, one.meters, one.reports, one.state) for one in going] == [
        ("transformer", 3, 2, 1, "confirmed")
    ]
    assert [(one.supplies, one.dark, one.meters) for one in ended] == [(3, 0, 3)]
    month = month_of((at - timedelta(hours=4)).date()).start
    found = reliability.of_months(since=month, months=2, zone_name="Asia/Shanghai")
    assert (found.total.interruptions, found.total.seconds) == (3, 3 * 2 * 3_600)
    assert PlannedOutage.objects.get().state == "announced"
