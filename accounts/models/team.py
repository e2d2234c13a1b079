"""Teams of staff: who works together, on what, and where."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from cis.platform.fields import Code


class Team(models.Model):
    """
    People who share their work.

    skills     codes of what the team knows, as the pack names them
    districts  where it works; none: everywhere
    """

    code = Code(unique=True)
    name = models.CharField(max_length=100)
    skills = ArrayField(Code(), default=list, blank=True)
    districts = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    is_active = models.BooleanField(default=True)


class TeamMember(models.Model):
    """Somebody belongs to a team from one instant to another; ``until_at`` None: still."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="members")
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="memberships")
    since_at = models.DateTimeField(default=timezone.now)
    until_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="member_is_in_a_team_once", fields=["team", "user"], condition=Q(until_at__isnull=True)
            ),
            models.CheckConstraint(
                name="membership_ends_after_it_begins", condition=Q(until_at=None) | Q(until_at__gte=F("since_at"))
            ),
        ]
        indexes = [models.Index(name="teams_of_user", fields=["user", "team"])]
