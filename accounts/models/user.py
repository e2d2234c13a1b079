"""Who may sign in, and as what."""

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.crypto import salted_hmac

from cis.kernel.enums import Role
from cis.platform.fields import choices_of

SALT = "accounts.sessions"


class User(AbstractUser):
    """
    A person who signs in: staff with one or more roles, or a customer in the portal.

    ``customer`` is set for portal users only; it is what the portal's guard asks.
    """

    roles = ArrayField(models.CharField(max_length=20, choices=choices_of(Role)), default=list, blank=True)
    language = models.CharField(max_length=10, default="zh-hans")
    customer = models.ForeignKey(
        "accounts.Customer", on_delete=models.PROTECT, null=True, blank=True, related_name="users"
    )
    session_turn = models.IntegerField(default=0, db_default=0, help_text="Raised, it ends all sessions of this user.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="portal_user_has_a_customer",
                condition=~models.Q(roles__contains=[str(Role.CUSTOMER)]) | models.Q(customer__isnull=False),
            ),
        ]

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Return what a session holds of its user; with another turn no older session serves."""
        found: str = super()._get_session_auth_hash(secret=secret)  # type: ignore[misc]
        return found if not self.session_turn else salted_hmac(SALT, f"{found}:{self.session_turn}").hexdigest()
