"""Denied unless declared: pages let in whom they name, send strangers to the sign-in page, and refuse the rest."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform import access, keys
from tests.factories import accounts as factories

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.doors.platform.pages")]
PASSWORD = "eleven long words"


def user(*roles, name="li", **values):
    return get_user_model().objects.create_user(name, password=PASSWORD, roles=[str(role) for role in roles], **values)


def signed_in(*roles, **values):
    client = Client()
    client.force_login(user(*roles, **values), backend="django.contrib.auth.backends.ModelBackend")
    return client


def customer():
    return signed_in(Role.CUSTOMER, name="kunde", customer=factories.customer())


def statuses(client):
    pages = ("public", "signed-in", "clerk", "staff", "portal", "class", "bare", "nowhere", "admin/")
    return {page: client.get(f"/{page}").status_code for page in pages}


def test_a_stranger_sees_public_pages_and_is_sent_to_sign_in():
    assert statuses(Client()) == {
        "public": 200, "signed-in": 302, "clerk": 302, "staff": 302, "portal": 302, "class": 302,
        "bare": 404, "nowhere": 404, "admin/": 302,
    }  # fmt: skip


def test_a_clerk_sees_what_names_clerks():
    assert statuses(signed_in(Role.CLERK)) == {
        "public": 200, "signed-in": 200, "clerk": 200, "staff": 200, "portal": 403, "class": 403,
        "bare": 404, "nowhere": 404, "admin/": 403,
    }  # fmt: skip


def test_a_cashier_sees_what_names_cashiers():
    found = statuses(signed_in(Role.CASHIER))
    assert (found["clerk"], found["class"], found["staff"]) == (403, 200, 200)


def test_a_customer_sees_the_portal_and_nothing_of_the_desk():
    assert statuses(customer()) == {
        "public": 200, "signed-in": 200, "clerk": 403, "staff": 403, "portal": 200, "class": 403,
        "bare": 404, "nowhere": 404, "admin/": 403,
    }  # fmt: skip


def test_somebody_without_a_role_sees_nothing():
    found = statuses(signed_in())
    assert (found["clerk"], found["staff"], found["portal"]) == (403, 403, 403)


def test_superuser_is_no_role():
    assert statuses(signed_in(is_superuser=True, is_staff=True))["clerk"] == 403


def test_a_deactivated_user_is_a_stranger_at_once():
    client = signed_in(Role.CLERK)
    get_user_model().objects.update(is_active=False)
    assert client.get("/clerk").status_code == 302


def test_whoever_is_sent_to_sign_in_comes_back_to_their_page():
    answer = Client().get("/clerk?tab=2")
    place = urlsplit(answer["Location"])
    assert place.path == "/accounts/login/"
    assert parse_qs(place.query) == {"next": ["/clerk?tab=2"]}


def test_a_piece_of_a_page_sends_the_whole_page_to_sign_in():
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/desk/accounts/7?tab=2"}
    answer = Client().get("/clerk", headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert parse_qs(urlsplit(answer["HX-Redirect"]).query) == {"next": ["/desk/accounts/7?tab=2"]}
    evil = Client().get("/clerk", headers={"HX-Request": "true", "HX-Current-URL": "https://evil.example/x"})
    assert "evil" not in evil["HX-Redirect"]


def test_everything_of_a_rule_holds_for_writing_too():
    assert Client().post("/clerk").status_code == 302
    assert signed_in(Role.FIELD).post("/clerk").status_code == 403


def test_nobody_signs_up_by_themselves():
    assert Client().get("/accounts/signup/").status_code == 404
    assert Client().post("/accounts/signup/", {"username": "x", "email": "x@y.z"}).status_code == 404
    assert not access.AccountAdapter().is_open_for_signup(RequestFactory().get("/"))


@pytest.mark.parametrize("page", ["email/", "login/code/confirm/"])
def test_what_the_product_does_not_have_answers_404(page):
    assert signed_in(Role.CLERK).get(f"/accounts/{page}").status_code == 404


def test_after_signing_in_staff_land_on_the_desk_and_customers_in_the_portal():
    for found, place in ((user(Role.CLERK), "/home"), (customer_user(), "/p/bills")):
        request = RequestFactory().get("/")
        request.user = found
        assert access.AccountAdapter().get_login_redirect_url(request) == place


def customer_user():
    return user(Role.CUSTOMER, name="kunde", customer=factories.customer())


def test_the_actor_is_who_is_signed_in():
    text = signed_in(Role.CLERK, Role.AUDITOR, first_name="Lei", last_name="Li").get("/who").text
    assert text == "staff Lei Li [<Role.AUDITOR: 'auditor'>, <Role.CLERK: 'clerk'>]"


def test_a_program_acts_as_a_client_and_nobody_acts_as_none():
    request = RequestFactory().get("/")
    request.user = keys.Client(id=3, name="kiosk", scopes=frozenset())
    assert access.actor_of(request) == Actor(ActorKind.CLIENT, 3, "kiosk")
    for nobody in (AnonymousUser(), None):
        request.user = nobody
        with pytest.raises(PermissionDenied):
            access.actor_of(request)
