"""My data: who looked and why, all of it as a file after the password once more, never those of another customer."""

import io
import json
import re
import zipfile

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from accounts.domain.privacy import LookPurpose
from accounts.models.privacy import DataExport, Erasure
from accounts.operations import customers, data_exports
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform.models import AuditEvent
from tests.doors.portal.test_pages import _words
from tests.factories import accounts, billing, contracts

pytestmark = pytest.mark.django_db
CLERK = Actor(ActorKind.STAFF, 11, "Secret Clerk", frozenset({Role.CLERK}))


@pytest.fixture
def world(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path
    with time_machine.travel("2026-03-10T12:00:00+08:00", tick=False):
        accounts.supplier()
        yield contracts.world()


@pytest.fixture
def visitor(world, client):
    client.post(reverse("account_login"), {
        "login": accounts.portal_user(of=world.customer).username, "password": accounts.PASSWORD,
    })  # fmt: skip
    client.post(reverse("account_reauthenticate"), {"password": accounts.PASSWORD})
    client.cookies["django_language"] = "en"
    return client


def test_the_customer_sees_dates_and_reasons_and_not_who_it_was(visitor, world):
    customers.record_look(customer_id=world.customer.id, actor=CLERK, purpose=LookPurpose.ARREARS)
    customers.record_look(customer_id=accounts.customer().id, actor=CLERK, purpose=LookPurpose.FIELD)
    words = _words(visitor.get(reverse("portal:my_data")))
    assert "Overdue payments" in words
    assert "Clerk" in words
    assert "Secret" not in words
    assert "Safety and work" not in words


def test_all_of_it_comes_as_a_file_for_who_asked(visitor, world, client):
    billing.issued(world=world)
    assert visitor.post(reverse("portal:ask_my_data"), {"action": "export"}).status_code == 302
    data_exports.work(timezone.now())
    row = DataExport.objects.get()
    answer = visitor.get(reverse("portal:my_data_file", args=[row.id]))
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        told = json.loads(archive.read("data.json"))
        index = archive.read("index.html").decode()
    assert told["tables"]["accounts_customer"][0]["name"] == world.customer.name
    assert len(told["tables"]["billing_bill"]) == 1
    assert "password" not in json.dumps(told)
    assert world.customer.name in index
    assert re.findall(r"<th>([a-z_]+)</th>", index) == [], "columns have names that people use"
    assert "61.70" in index, "amounts are those of people, too"
    assert AuditEvent.objects.filter(subject="data_export", action="fetch", subject_id=row.id).exists()
    other = accounts.portal_user()
    client.logout()
    client.post(reverse("account_login"), {"login": other.username, "password": accounts.PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": accounts.PASSWORD})
    assert client.get(reverse("portal:my_data_file", args=[row.id])).status_code == 404


def test_it_is_asked_for_so_often_a_day_and_the_file_goes_after_its_time(visitor, world):
    for _time in range(4):
        visitor.post(reverse("portal:ask_my_data"), {"action": "export"})
    assert DataExport.objects.count() == 3
    data_exports.work(timezone.now())
    with time_machine.travel("2026-03-18T12:00:00+08:00", tick=False):
        data_exports.forget(timezone.now())
    assert set(DataExport.objects.values_list("state", flat=True)) == {"over"}


def test_who_did_not_type_the_password_just_now_types_it_once_more(world, client):
    client.force_login(accounts.portal_user(of=world.customer))
    answer = client.post(reverse("portal:ask_my_data"), {"action": "export"})
    assert answer.status_code == 302
    assert "reauthenticate" in answer["Location"]
    assert not DataExport.objects.exists()


def test_a_customer_with_an_open_account_reads_what_stands_against_it(visitor, world):
    assert "An account is still open." in _words(visitor.get(reverse("portal:my_data")))
    visitor.post(reverse("portal:ask_my_data"), {"action": "erase"})
    assert not Erasure.objects.exists()
