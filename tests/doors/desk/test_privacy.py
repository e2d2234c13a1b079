"""Personal data at the desk: who looked at whom, exports for customers, and what a concealed case led to."""

from datetime import UTC, date, datetime

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.domain.privacy import LookPurpose
from accounts.models.customer import Customer
from accounts.models.privacy import DataExport, Erasure
from accounts.operations import accounts as account_operations
from accounts.operations import customers, data_exports, erasures
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform import concealed, personal
from tests.factories import accounts, cases, contracts

CLERK = Actor(ActorKind.STAFF, 11, "Clerk Li", frozenset({Role.CLERK}))


@pytest.fixture
def world(supplier):
    return contracts.world()


def signed_in(client, *roles):
    user = accounts.staff(*roles)
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return user


def test_auditors_see_who_looked_filter_it_and_take_it_as_a_file(client, world):
    customers.record_look(customer_id=world.customer.id, actor=CLERK, purpose=LookPurpose.BILLING)
    customers.record_look(customer_id=accounts.customer(name="别人").id, actor=CLERK, purpose=LookPurpose.FIELD)
    signed_in(client, Role.AUDITOR)
    page = reverse("desk:access_log")
    whole = client.get(page).content.decode()
    assert "Clerk Li" in whole
    assert "别人" in whole
    narrowed = client.get(page, {"account": world.account.number}).content.decode()
    assert world.customer.name in narrowed
    assert "别人" not in narrowed
    assert "别人" not in client.get(page, {"purpose": "billing"}).content.decode()
    assert "Nobody" not in client.get(page, {"account": "1"}).content.decode()
    file = b"".join(client.get(reverse("desk:access_log_file"), {"purpose": "billing"}).streaming_content).decode()
    assert file.count("Clerk Li") == 1


def test_only_auditors_see_the_log(client, world):
    signed_in(client, Role.CLERK, Role.SUPERVISOR, Role.ADMIN)
    assert client.get(reverse("desk:access_log")).status_code == 403


def test_what_a_concealed_case_led_to_is_kept_from_whom_it_names(client, world):
    user = signed_in(client, Role.AUDITOR)
    case = cases.taken(customer_id=world.customer.id, account_id=world.account.id, about_user_id=user.id)
    customers.record_look(
        customer_id=world.customer.id, actor=CLERK, purpose=LookPurpose.CASE, about=("case", case.id)
    )  # fmt: skip
    assert "Clerk Li" not in client.get(reverse("desk:access_log")).content.decode()
    signed_in(client, Role.AUDITOR)
    assert "Clerk Li" in client.get(reverse("desk:access_log")).content.decode()


def test_what_is_kept_from_a_clerk_is_not_in_the_export_of_that_clerk(client, world):
    user = accounts.staff(Role.CLERK)
    actor = Actor(ActorKind.STAFF, user.id, "x", frozenset({Role.CLERK}))
    case = cases.taken(customer_id=world.customer.id, account_id=world.account.id, about_user_id=user.id)
    plain = cases.taken(customer_id=world.customer.id, account_id=world.account.id)
    hidden = {kind: list(ids) for kind, ids in concealed.hidden_from(actor).items()}
    mine = data_exports.contents(customer_id=world.customer.id, hidden=hidden)
    theirs = data_exports.contents(customer_id=world.customer.id, hidden={})
    assert [one["id"] for one in mine["complaints_case"]] == [plain.id]
    assert [one["id"] for one in theirs["complaints_case"]] == [case.id, plain.id]
    assert personal.documents_of(customer_id=world.customer.id, hidden=hidden) == {}


def test_a_clerk_makes_an_export_that_no_other_fetches(client, world, settings):
    signed_in(client, Role.CLERK)
    page = reverse("desk:customer_data", args=[world.account.id])
    assert "An account is still open." in client.get(page).content.decode()
    client.post(reverse("desk:act_on_customer_data", args=[world.account.id]), {"action": "export"})
    data_exports.work(timezone.now())
    file = reverse("desk:customer_data_file", args=[world.account.id, DataExport.objects.get().id])
    assert client.get(file).status_code == 200
    signed_in(client, Role.CLERK)
    assert client.get(file).status_code == 404


def test_a_supervisor_releases_what_the_night_found(client, supplier):
    world = contracts.world(start_date=date(2010, 1, 1))
    Customer.objects.update(created_at=datetime(2010, 1, 1, tzinfo=UTC))
    with transaction.atomic():
        account_operations.close(account_id=world.account.id, closed_date=date(2014, 1, 1), actor=SYSTEM)
    assert erasures.find(today=date(2026, 3, 10)).due == 1
    row = Erasure.objects.get()
    signed_in(client, Role.CLERK)
    assert client.post(reverse("desk:decide_erasure", args=[row.id]), {"action": "release"}).status_code == 403
    signed_in(client, Role.SUPERVISOR)
    assert world.customer.name in client.get(reverse("desk:erasures")).content.decode()
    client.post(reverse("desk:decide_erasure", args=[row.id]), {"action": "release"})
    erasures.work(timezone.now())
    row.refresh_from_db()
    assert row.state == "done"
    assert world.customer.name not in client.get(reverse("desk:erasures"), {"state": "done"}).content.decode()
