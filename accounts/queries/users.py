"""Who signs in: names for histories, members of staff, customers' logins."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from accounts.models.user import User
from cis.kernel.enums import Role
from cis.kernel.errors import Refused


class UnknownUser(Refused):
    """There is no such user."""

    code = "unknown_user"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginCard:
    """
    A login as a page shows it; never its password.

    last_login  None: never used
    """

    id: int
    username: str
    name: str
    email: str
    roles: tuple[str, ...]
    language: str
    is_active: bool
    created_at: datetime
    last_login: datetime | None


def names(user_ids: Iterable[int | None]) -> dict[int, str]:
    """Return how histories call some users, by id; one statement."""
    wanted = [user_id for user_id in user_ids if user_id is not None]
    rows = User.objects.filter(id__in=wanted).only("id", "first_name", "last_name", "username")
    return {row.id: row.get_full_name() or row.username for row in rows}


def staff(*, offset: int = 0, most: int = 50) -> tuple[LoginCard, ...]:
    """Return some members of staff, those who may sign in first, by name of the login; one statement."""
    return _cards(_staff().order_by("-is_active", "username")[offset : offset + most])


def one_of_staff(*, user_id: int) -> LoginCard:
    """
    Return a member of staff; one statement.

    :raises UnknownUser: there is none; customers' logins are no staff.
    """
    found = _cards(_staff().filter(id=user_id))
    if not found:
        raise UnknownUser(f"There is no member of staff {user_id}.", user_id=user_id)
    return found[0]


def with_role(*, role: Role) -> tuple[LoginCard, ...]:
    """Return the members of staff who may sign in and have a role, by name of the login; one statement."""
    return _cards(_staff().filter(is_active=True, roles__contains=[str(role)]).order_by("username"))


def with_mailbox() -> tuple[LoginCard, ...]:
    """Return the members of staff who may sign in and have a mailbox, by name of the login; one statement."""
    return _cards(_staff().filter(is_active=True).exclude(email="").order_by("username"))


def of_customer(*, customer_id: int) -> tuple[LoginCard, ...]:
    """Return a customer's logins for the portal, those that are open first; one statement."""
    return _cards(User.objects.filter(customer_id=customer_id).order_by("-is_active", "username"))


def _staff() -> QuerySet[User]:
    return User.objects.exclude(roles__contains=[str(Role.CUSTOMER)])


def _cards(rows: QuerySet[User]) -> tuple[LoginCard, ...]:
    return tuple(
        LoginCard(
            id=row.id,
            username=row.username,
            name=row.get_full_name(),
            email=row.email,
            roles=tuple(row.roles),
            language=row.language,
            is_active=row.is_active,
            created_at=row.date_joined,
            last_login=row.last_login,
        )
        for row in rows
    )
