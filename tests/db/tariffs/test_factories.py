import pytest

from tests import factories


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["residential-tiered", "residential-tiered-tou", "residential-non-household"])
def test_a_version_is_made_from_the_pack(code):
    version = factories.tariffs.from_pack(code)

    assert version.tariff.code == code
    assert version.state == "published"
