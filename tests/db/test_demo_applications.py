"""The demo has an application in each state."""

import pytest

from cis.demo import applying
from contracts.models.application import ServiceApplication
from tests.factories import accounts

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_demo_has_applications_in_each_state_and_makes_them_once():
    accounts.supplier()
    assert applying.build() == 12
    assert applying.build() == 0
    states = set(ServiceApplication.objects.values_list("state", flat=True))
    assert states == {
        "applied", "documented", "surveying", "surveyed", "offered", "contracted", "metered", "energized", "rejected",
    }  # fmt: skip
    assert max(one.items.count() for one in ServiceApplication.objects.all()) == 40
