"""Names of those who sign in."""

from collections.abc import Iterable

from accounts.models.user import User


def names(user_ids: Iterable[int | None]) -> dict[int, str]:
    """Return how histories call some users, by id; one statement."""
    wanted = [user_id for user_id in user_ids if user_id is not None]
    rows = User.objects.filter(id__in=wanted).only("id", "first_name", "last_name", "username")
    return {row.id: row.get_full_name() or row.username for row in rows}
