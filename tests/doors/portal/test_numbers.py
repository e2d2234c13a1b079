"""The customer proves a number in the portal; another's number is not there."""

import pytest

from accounts.models.notice import Notice
from tests.factories import accounts

pytestmark = pytest.mark.django_db


def text(answer):
    return answer.content.decode()


def test_a_customer_proves_an_own_number_only(client, settings):
    settings.LANGUAGE_CODE = "en"
    accounts.supplier()
    customer, other = accounts.customer(), accounts.customer()
    point, theirs = accounts.contact_point(of=customer), accounts.contact_point(of=other)
    client.force_login(accounts.portal_user(of=customer, language="en"))
    url = f"/portal/numbers/{point.id}"
    assert url in text(client.get("/portal/details"))
    client.post(url, {"do": "send"})
    sent = Notice.objects.get(event="one_time_code")
    assert sent.address == point.value
    client.post(url, {"do": "try", "code": "x"})
    point.refresh_from_db()
    assert point.verified_at is None
    client.post(url, {"do": "try", "code": sent.secret})
    point.refresh_from_db()
    assert point.verified_way == "code"
    assert url not in text(client.get("/portal/details"))
    assert client.get(f"/portal/numbers/{theirs.id}").status_code == 404
    assert client.post(f"/portal/numbers/{theirs.id}", {"do": "send"}).status_code == 404
    assert Notice.objects.filter(event="one_time_code").count() == 1
