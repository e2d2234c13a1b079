"""The demo has an application in each state."""

import pytest

from cis.demo import applying
from contracts.models.application import ApplicationItem, ServiceApplication
from metering.models.place import ServicePoint
from tests.factories import accounts, metering, tariffs

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_demo_has_applications_in_each_state_and_makes_them_once():
    accounts.supplier()
    metering.transformer()
    tariff = tariffs.version().tariff
    assert applying.build(tariff=tariff.code) == 12
    assert applying.build(tariff=tariff.code) == 0
    states = set(ServiceApplication.objects.values_list("state", flat=True))
    assert states == {
        "applied", "documented", "surveying", "surveyed", "offered", "contracted", "metered", "energized", "rejected",
    }  # fmt: skip
    supplied = ApplicationItem.objects.filter(application__state="energized")
    assert {item.agreement.service_point_id for item in supplied} == {item.service_point_id for item in supplied}
    assert max(one.items.count() for one in ServiceApplication.objects.all()) == 40
    surveyed = ServicePoint.objects.filter(application_items__isnull=False)
    assert surveyed.exists()
    assert not surveyed.filter(transformer=None).exists()
