"""Signing in: who lands where, and what happens after too many wrong tries."""

import pytest
from django.conf import settings

from cis.kernel.enums import Role
from tests.factories import accounts

pytestmark = pytest.mark.django_db


def _sign_in(client, username, password):
    return client.post("/accounts/login/", {"login": username, "password": password})


def test_staff_land_on_the_desk_and_customers_in_the_portal(client):
    clerk, customer = accounts.staff(Role.CLERK), accounts.portal_user()
    assert _sign_in(client, clerk.username, accounts.PASSWORD).headers["Location"] == "/"
    client.logout()
    assert _sign_in(client, customer.username, accounts.PASSWORD).headers["Location"] == "/portal/"


def test_the_session_is_a_new_one_after_signing_in(client):
    client.get("/accounts/login/")
    client.session.save()
    before = client.session.session_key
    clerk = accounts.staff(Role.CLERK)
    _sign_in(client, clerk.username, accounts.PASSWORD)
    assert client.session.session_key != before


def test_wrong_name_and_wrong_password_look_the_same(client):
    clerk = accounts.staff(Role.CLERK)
    wrong_password = _sign_in(client, clerk.username, "not the password")
    wrong_name = _sign_in(client, "nobody-of-this-name", "not the password")
    assert wrong_password.status_code == wrong_name.status_code == 200
    assert wrong_password.context["form"].errors == wrong_name.context["form"].errors


def test_after_too_many_tries_even_the_right_password_waits(client):
    clerk = accounts.staff(Role.CLERK)
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = _sign_in(client, clerk.username, "not the password")
    assert answer.status_code == 429
    _sign_in(client, clerk.username, accounts.PASSWORD)
    assert client.get("/").status_code == 302  # still not signed in
    assert b"429" in answer.content  # our page, not the library's
    other = accounts.staff(Role.CLERK)
    assert _sign_in(client, other.username, accounts.PASSWORD).status_code == 302


@pytest.mark.parametrize("path", ["/accounts/signup/", "/accounts/email/", "/accounts/social/login/cancelled/"])
def test_nobody_signs_up_by_themselves(client, path):
    assert client.get(path).status_code == 404
