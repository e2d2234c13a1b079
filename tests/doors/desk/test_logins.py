"""Who may sign in: staff by administrators, customers by clerks; the password is shown once."""

import re

import pytest

from accounts.models.user import User
from cis.kernel.enums import Role
from cis.platform.models import AuditEvent
from tests.doors.desk.conftest import make_billed, sign_in
from tests.factories import accounts

pytestmark = pytest.mark.django_db
NEW = {"username": "li.hua", "name": "李华", "email": "li@example.com", "roles": ["clerk", "cashier"]}


@pytest.fixture
def admin(supplier, client):
    return sign_in(client, Role.ADMIN, username="boss")


def _password(answer):
    [password] = re.findall(r'class="secret">([^<]+)<', answer.content.decode())
    return password


class TestStaff:
    def test_somebody_new_signs_in_with_the_password_that_is_shown_once(self, admin, client):
        answer = admin.post("/desk/staff/new/", NEW)
        assert answer["Cache-Control"] == "private, no-store"
        made = User.objects.get(username="li.hua")
        assert made.check_password(_password(answer))
        assert (made.roles, made.first_name, made.email) == (["cashier", "clerk"], "李华", "li@example.com")
        event = AuditEvent.objects.get(subject="user", subject_id=made.id)
        assert (event.action, event.actor_name, event.detail["roles"]) == ("create", "王敏", ["cashier", "clerk"])
        assert _password(answer) not in str(event.detail)
        assert "李华" in admin.get("/desk/staff/").content.decode()

    def test_sent_again_no_second_login_is_made(self, admin):
        admin.post("/desk/staff/new/", NEW)
        page = admin.post("/desk/staff/new/", NEW).content.decode()
        assert "is in use" in page
        assert 'class="secret"' not in page
        assert User.objects.filter(username="li.hua").count() == 1

    @pytest.mark.parametrize(
        "wrong",
        [{"username": ""}, {"username": "a b"}, {"email": "x"}, {"roles": []}, {"roles": ["customer"]}, {"name": ""}],
    )
    def test_wrong_fields_are_answered_and_nobody_is_let_in(self, admin, wrong):
        page = admin.post("/desk/staff/new/", {**NEW, **wrong}).content.decode()
        assert "error-summary" in page
        assert User.objects.count() == 1

    def test_roles_are_changed_and_hold_at_once(self, admin):
        clerk = accounts.staff(username="wang")
        admin.post(f"/desk/staff/{clerk.id}/", {"do": "roles", "roles": ["auditor"]})
        assert User.objects.get(id=clerk.id).roles == ["auditor"]
        assert AuditEvent.objects.get(action="change_roles").detail == {"before": ["clerk"], "after": ["auditor"]}

    def test_a_closed_login_opens_nothing_from_then_on_until_it_is_opened_again(self, admin, django_user_model):
        from django.test import Client

        clerk, theirs = accounts.staff(username="wang"), Client()
        theirs.force_login(clerk, backend="django.contrib.auth.backends.ModelBackend")
        assert theirs.get("/desk/customers/").status_code == 200
        admin.post(f"/desk/staff/{clerk.id}/", {"do": "close"})
        assert theirs.get("/desk/customers/").status_code == 302
        admin.post(f"/desk/staff/{clerk.id}/", {"do": "open"})
        assert theirs.get("/desk/customers/").status_code == 200
        actions = AuditEvent.objects.filter(subject="user", subject_id=clerk.id).order_by("id")
        assert [event.action for event in actions] == ["deactivate", "reactivate"]

    def test_nobody_shuts_themselves_out(self, admin):
        me = User.objects.get(username="boss")
        page = admin.post(f"/desk/staff/{me.id}/", {"do": "close"}, follow=True).content.decode()
        assert "cannot close your own login" in page
        page = admin.post(f"/desk/staff/{me.id}/", {"do": "roles", "roles": ["clerk"]}).content.decode()
        assert "cannot take the role admin from yourself" in page
        kept = User.objects.get(username="boss")
        assert (kept.is_active, kept.roles) == (True, ["admin"])

    def test_a_customers_login_is_no_staff(self, admin):
        customer = accounts.portal_user(username="zhangsan")
        assert admin.get(f"/desk/staff/{customer.id}/").status_code == 404
        assert admin.post(f"/desk/staff/{customer.id}/", {"do": "close"}).status_code == 404
        assert "zhangsan" not in admin.get("/desk/staff/").content.decode()

    def test_the_list_is_paged(self, admin):
        for _ in range(55):
            accounts.staff()
        assert "page=2" in admin.get("/desk/staff/").content.decode()
        assert admin.get("/desk/staff/?page=2").content.decode().count('class="state state-ok"') == 6

    def test_the_place_is_in_the_navigation_of_administrators_alone(self, admin):
        assert 'href="/desk/staff/"' in admin.get("/").content.decode()
        sign_in(admin, Role.SUPERVISOR)
        assert 'href="/desk/staff/"' not in admin.get("/").content.decode()


class TestPortal:
    def _url(self, billed):
        return f"/desk/customers/{billed.account.id}/login/"

    def test_a_customer_gets_a_login_that_shows_their_bills(self, desk, billed):
        from django.test import Client

        assert "no login" in desk.get(f"/desk/customers/{billed.account.id}/").content.decode()
        answer = desk.post(self._url(billed), {"username": "zhangsan", "email": ""})
        made = User.objects.get(username="zhangsan")
        assert (made.customer_id, made.roles) == (billed.customer.id, ["customer"])
        theirs = Client()
        assert theirs.login(request=answer.wsgi_request, username="zhangsan", password=_password(answer))
        assert billed.bills[0].number in theirs.get("/portal/").content.decode()
        page = desk.get(f"/desk/customers/{billed.account.id}/").content.decode()
        assert "zhangsan" in page
        assert "Login for the portal given" in page

    def test_a_name_in_use_is_refused_beside_its_field(self, desk, billed):
        accounts.staff(username="taken")
        page = desk.post(self._url(billed), {"username": "Taken", "email": ""}).content.decode()
        assert "is in use" in page
        assert 'id="id_username_error"' in page
        assert not User.objects.filter(customer=billed.customer).exists()

    def test_a_login_is_closed(self, desk, billed):
        login = accounts.portal_user(of=billed.customer)
        page = desk.post(self._url(billed), {"do": "close", "login": login.id}, follow=True).content.decode()
        assert "The login is closed" in page
        assert not User.objects.get(id=login.id).is_active

    def test_a_login_of_somebody_else_is_not_found_and_stays_open(self, desk, billed):
        other = accounts.portal_user(of=make_billed(name="别人").customer)
        staff = accounts.staff()
        for foreign in (other.id, staff.id, 999_999, "x", ""):
            assert desk.post(self._url(billed), {"do": "close", "login": foreign}).status_code == 404
        assert User.objects.get(id=other.id).is_active
        assert User.objects.get(id=staff.id).is_active
