"""Signing in: by user name or e-mail, telling nothing to strangers, stopping who guesses."""

import re

import pytest
from django.core import mail
from django.core.cache import cache
from django.urls import reverse

from tests.factories import accounts
from tests.factories.accounts import PASSWORD

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"
RESET = "/accounts/password/reset/"


@pytest.fixture(autouse=True)
def fresh(settings):
    """No count of earlier tests; a quick hash, since these tests guess by the dozen."""
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ]
    cache.clear()
    accounts.supplier()


@pytest.fixture
def user():
    made = accounts.portal_user(username="zhangsan", email="zhang@example.com")
    made.set_password(PASSWORD)
    made.save()
    return made


def _sign_in(client, login, password=PASSWORD, **more):
    return client.post(LOGIN, {"login": login, "password": password, **more})


def _errors(reply):
    return re.findall(r'role="alert">(.*?)</div>', reply.content.decode(), re.DOTALL)


@pytest.mark.parametrize("login", ["zhangsan", "zhang@example.com", "ZHANGSAN"])
def test_customers_sign_in_by_name_or_mail_and_land_in_the_portal(user, client, login):
    reply = _sign_in(client, login)
    assert (reply.status_code, reply.url) == (302, reverse("portal:bills"))


def test_staff_land_on_the_desk(client):
    accounts.staff(username="wang")
    assert _sign_in(client, "wang").url == reverse("home")


def test_the_session_is_a_new_one_after_signing_in(user, client):
    client.get(LOGIN)
    session = client.session
    session["planted"] = "yes"
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = before
    _sign_in(client, "zhangsan")
    assert client.session.session_key != before


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(user, client):
    wrong, unknown = _sign_in(client, "zhangsan", "x" * 12), _sign_in(client, "nobody", "x" * 12)
    assert wrong.status_code == unknown.status_code == 200
    assert _errors(wrong) == _errors(unknown) != []


def test_the_mail_for_a_new_password_is_promised_alike_to_known_and_unknown(user, client):
    known, unknown = (client.post(RESET, {"email": email}) for email in ("zhang@example.com", "no@example.com"))
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    to = [address for message in mail.outbox for address in message.to]
    assert "zhang@example.com" in to


def test_the_link_of_the_mail_lets_one_choose_a_new_password_once(user, client):
    client.post(RESET, {"email": "zhang@example.com"})
    link = re.search(r"http://\S+", mail.outbox[0].body).group()
    path = link.split("testserver", 1)[1]
    form = client.get(path, follow=True)
    assert form.status_code == 200
    new = "another long pass phrase"
    done = client.post(form.request["PATH_INFO"], {"password1": new, "password2": new}, follow=True)
    assert done.status_code == 200
    client.logout()
    assert _sign_in(client, "zhangsan", new).status_code == 302
    client.logout()
    again = client.get(path, follow=True).content.decode()
    assert "password1" not in again


@pytest.mark.parametrize("login", ["zhangsan", "zhang@example.com"])
def test_who_guesses_is_stopped_also_with_the_right_password_afterwards(user, client, login):
    for _ in range(12):
        cache.clear()  # the count in PostgreSQL alone must stop them: it is shared by all processes
        last = _sign_in(client, login, "wrong guess 1")
    assert last.status_code in {200, 403, 429}
    cache.clear()
    assert _sign_in(client, login).status_code != 302


def test_quick_guesses_are_slowed_down(user, client):
    for _ in range(6):
        _sign_in(client, "zhangsan", "wrong guess 1")
    assert _sign_in(client, "zhangsan").status_code != 302


def test_a_guesser_does_not_shut_others_out(user, client):
    accounts.portal_user(username="lisi")
    for _ in range(12):
        _sign_in(client, "zhangsan", "wrong guess 1")
    cache.clear()
    assert client.post(LOGIN, {"login": "lisi", "password": PASSWORD}, REMOTE_ADDR="10.0.0.9").status_code == 302


def test_nobody_signs_up(client):
    assert client.get("/accounts/signup/").status_code == 404
    assert client.post("/accounts/signup/", {"email": "a@example.com"}).status_code == 404
    assert "signup" not in client.get(LOGIN).content.decode()


@pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_sends_nobody_elsewhere(user, client, url):
    assert _sign_in(client, "zhangsan", next=url).url == reverse("portal:bills")


def test_after_signing_in_one_comes_back_to_the_page_asked_for(user, client):
    assert _sign_in(client, "zhangsan", next="/portal/payments").url == "/portal/payments"


def test_signing_out_needs_a_post_and_ends_the_session(user, client):
    client.force_login(user)
    assert client.get("/accounts/logout/").status_code == 200
    assert client.get(reverse("portal:bills")).status_code == 200
    client.post("/accounts/logout/")
    assert client.get(reverse("portal:bills")).status_code == 302


@pytest.mark.parametrize(
    "url", [LOGIN, RESET, "/accounts/password/reset/done/", "/accounts/password/reset/key/done/", "/accounts/inactive/"]
)
def test_pages_before_sign_in_open(client, url):
    assert client.get(url).status_code == 200


@pytest.mark.parametrize("url", ["/accounts/password/change/", "/accounts/2fa/", "/accounts/reauthenticate/"])
def test_pages_of_the_sign_in_open_to_who_is_signed_in(user, client, url):
    _sign_in(client, "zhangsan")
    assert client.get(url, follow=True).status_code == 200
