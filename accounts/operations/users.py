"""Who may sign in: staff with roles, customers in the portal."""

import secrets
from collections.abc import Collection

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.models.user import User
from accounts.operations.contacts import lock_customer
from accounts.queries.users import UnknownUser
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction

PASSWORD_BYTES = 12
NAME_MOST = 150
STAFF_ROLES = frozenset(Role) - {Role.CUSTOMER}


class UsernameTaken(Refused):
    """Somebody else signs in by this name."""

    code = "username_taken"


class WeakPassword(Refused):
    """The password is too easy to guess."""

    code = "weak_password"


class UnknownRole(Refused):
    """There is no such role for staff."""

    code = "unknown_role"


class OwnLogin(Refused):
    """Nobody shuts themselves out, so that there is always somebody left who may let others in."""

    code = "own_login"


@opens_transaction
def create_staff(
    *, username: str, roles: Collection[str], password: str, name: str = "", email: str = "", actor: Actor
) -> int:
    """
    Create a login for a member of staff; the role admin also opens the reference-data pages (read-only).

    :returns: id of the user.
    :raises UnknownRole: a role does not exist, or none is given.
    :raises UsernameTaken: the name is in use.
    :raises WeakPassword: the password is too easy to guess.
    """
    checked = check_roles(roles)
    user = _create(username, password, email)
    user.first_name = name
    _give_roles(user, checked)
    audit.record(actor, "create", "user", user.id, username=username, roles=sorted(checked))
    return user.id


@opens_transaction
def create_portal_user(*, customer_id: int, username: str, password: str, email: str = "", actor: Actor) -> int:
    """
    Create a customer's login for the portal.

    :returns: id of the user.
    :raises UnknownCustomer: there is no such customer.
    :raises UsernameTaken: the name is in use.
    :raises WeakPassword: the password is too easy to guess.
    """
    customer = lock_customer(customer_id=customer_id)
    user = _create(username, password, email)
    user.first_name = customer.name[:NAME_MOST]
    user.language = customer.language
    user.customer = customer
    user.roles = [str(Role.CUSTOMER)]
    user.save()
    audit.record(actor, "create", "user", user.id, username=username, customer_id=customer_id)
    return user.id


@opens_transaction
def change_roles(*, user_id: int, roles: Collection[str], actor: Actor) -> None:
    """
    Give a member of staff these roles instead of those before.

    :raises UnknownUser: there is no such member of staff.
    :raises UnknownRole: a role does not exist, or none is given.
    :raises OwnLogin: an administrator would be one no longer by their own hand.
    """
    checked = check_roles(roles)
    user = _lock_user(user_id)
    if _is_own(user, actor) and Role.ADMIN in user.roles and Role.ADMIN not in checked:
        raise OwnLogin("You cannot take the role admin from yourself.", advice="Ask another administrator.")
    if user.customer_id is not None:
        raise UnknownUser("A portal user has no staff roles.", user_id=user_id)
    before = sorted(user.roles)
    _give_roles(user, checked)
    audit.record(actor, "change_roles", "user", user_id, before=before, after=sorted(checked))


@opens_transaction
def deactivate(*, user_id: int, actor: Actor) -> None:
    """
    Let a user sign in no longer; the row stays, since histories name it.

    :raises UnknownUser: there is no such user.
    :raises OwnLogin: it is the user's own login.
    """
    user = _lock_user(user_id)
    if _is_own(user, actor):
        raise OwnLogin("You cannot close your own login.", advice="Ask another administrator.")
    user.is_active = False
    user.save(update_fields=["is_active"])
    audit.record(actor, "deactivate", "user", user_id, username=user.username)


@opens_transaction
def reactivate(*, user_id: int, actor: Actor) -> None:
    """
    Let a user sign in again, with the password and the roles of before.

    :raises UnknownUser: there is no such user.
    """
    user = _lock_user(user_id)
    user.is_active = True
    user.save(update_fields=["is_active"])
    audit.record(actor, "reactivate", "user", user_id, username=user.username)


def new_password() -> str:
    """Return a random password of 96 bits."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def check_roles(roles: Collection[str]) -> frozenset[Role]:
    """
    Return staff roles by their words.

    :raises UnknownRole: a word is no role of staff, or there is none.
    """
    wrong = sorted(set(roles) - {str(role) for role in STAFF_ROLES})
    if wrong or not roles:
        raise UnknownRole(
            f"No role of staff: {', '.join(wrong)}." if wrong else "A member of staff has at least one role.",
            advice=f"Use some of {', '.join(sorted(STAFF_ROLES))}.",
        )
    return frozenset(Role(role) for role in roles)


@joins_transaction
def _create(username: str, password: str, email: str) -> User:
    if User.objects.filter(username__iexact=username).exists():
        raise UsernameTaken(f"The name {username} is in use.", advice="Choose another one.", username=username)
    user = User(username=username, email=email)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise WeakPassword(" ".join(error.messages), advice="Choose a longer one.") from None
    user.set_password(password)
    user.save()
    return user


def _give_roles(user: User, roles: frozenset[Role]) -> None:
    user.roles = sorted(str(role) for role in roles)
    user.is_staff = Role.ADMIN in roles
    user.save()


def _is_own(user: User, actor: Actor) -> bool:
    return actor.kind is ActorKind.STAFF and actor.id == user.id


def _lock_user(user_id: int) -> User:
    user = User.objects.select_for_update().filter(id=user_id).first()
    if user is None:
        raise UnknownUser(f"There is no user {user_id}.", user_id=user_id)
    return user
