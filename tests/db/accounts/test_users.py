"""Logins of staff and of portal customers."""

import pytest
from django.core.management import CommandError, call_command

from accounts.models.user import User
from accounts.operations import users
from accounts.operations.users import UnknownRole, UnknownUser, UsernameTaken, WeakPassword
from accounts.queries.customers import UnknownCustomer
from cis.kernel.actors import SYSTEM
from cis.platform.models import AuditEvent
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
GOOD = "correct horse battery staple"


def create(username="wang", roles=("clerk",), password=GOOD):
    return users.create_staff(username=username, roles=roles, password=password, actor=SYSTEM)


def test_staff_sign_in_with_their_roles_and_no_more():
    user = User.objects.get(id=create(roles=["clerk", "cashier"]))

    assert user.check_password(GOOD)
    assert user.roles == ["cashier", "clerk"]
    assert (user.is_staff, user.is_superuser, user.customer) == (False, False, None)
    assert GOOD not in str(list(AuditEvent.objects.values()))


def test_only_the_role_admin_opens_the_reference_pages():
    assert User.objects.get(id=create(roles=["admin"])).is_staff


@pytest.mark.parametrize("roles", [[], ["boss"], ["customer"], ["clerk", "customer"]])
def test_a_role_that_staff_cannot_have_is_refused(roles):
    with pytest.raises(UnknownRole):
        create(roles=roles)
    assert not User.objects.exists()


def test_a_name_is_given_once_whatever_its_case():
    create()
    with pytest.raises(UsernameTaken):
        create(username="Wang")


@pytest.mark.parametrize("password", ["short", "password", "12345678901"])
def test_a_weak_password_is_refused(password):
    with pytest.raises(WeakPassword):
        create(password=password)


def test_roles_are_replaced_and_the_change_is_on_record():
    user_id = create(roles=["clerk", "admin"])
    users.change_roles(user_id=user_id, roles=["billing"], actor=SYSTEM)

    user = User.objects.get(id=user_id)
    assert (user.roles, user.is_staff) == (["billing"], False)
    assert AuditEvent.objects.get(action="change_roles").detail == {"before": ["admin", "clerk"], "after": ["billing"]}


def test_a_portal_user_belongs_to_a_customer_and_gets_no_staff_roles():
    customer = factories.accounts.customer(name="李四", language="en")
    user_id = users.create_portal_user(customer_id=customer.id, username="lisi", password=GOOD, actor=SYSTEM)

    user = User.objects.get(id=user_id)
    assert (user.roles, user.customer, user.language, user.is_staff) == (["customer"], customer, "en", False)
    with pytest.raises(UnknownUser):
        users.change_roles(user_id=user_id, roles=["clerk"], actor=SYSTEM)
    with pytest.raises(UnknownCustomer):
        users.create_portal_user(customer_id=999_999, username="nobody", password=GOOD, actor=SYSTEM)


def test_a_deactivated_user_cannot_sign_in():
    user_id = create()
    users.deactivate(user_id=user_id, actor=SYSTEM)
    assert not User.objects.get(id=user_id).is_active


def test_the_command_prints_a_made_password_once(capsys):
    call_command("create_staff", "--username", "li", "--roles", "metering, field", "--generate")

    password = capsys.readouterr().out.rsplit(": ", 1)[1].strip()
    user = User.objects.get(username="li")
    assert user.check_password(password)
    assert user.roles == ["field", "metering"]


def test_the_command_says_what_is_wrong():
    with pytest.raises(CommandError, match=r"No role of staff: boss.*clerk"):
        call_command("create_staff", "--username", "li", "--roles", "boss", "--generate")


def test_a_customer_gets_a_login_by_the_number_of_an_account_with_a_password_printed_once(capsys):
    holder = factories.accounts.customer(name="张三丰", language="en")
    number = factories.accounts.account(holder=holder).number
    call_command("create_portal_user", "--account", number, "--username", "zhang", "--email", "zhang@example.cn")

    out = capsys.readouterr().out
    user = User.objects.get(username="zhang")
    assert user.check_password(out.rsplit(": ", 1)[1].strip())
    assert (user.customer, user.roles, user.email, user.language) == (holder, ["customer"], "zhang@example.cn", "en")
    assert f"zhang for 张三丰, who holds account {number}" in out


def test_a_login_for_an_account_that_does_not_exist_or_a_name_that_is_taken_is_refused():
    create("zhang")
    number = factories.accounts.account().number
    with pytest.raises(CommandError, match="no account 404"):
        call_command("create_portal_user", "--account", "404", "--username", "lisi")
    with pytest.raises(CommandError, match="in use"):
        call_command("create_portal_user", "--account", number, "--username", "Zhang")
    assert User.objects.count() == 1
