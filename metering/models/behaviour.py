"""How places use electricity, month by month, and what is usual among places like them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from cis.platform.fields import Code, choices_of
from metering.domain.clusters import Shape

GROUP_MOST = 60


class BehaviourMonth(models.Model):
    """
    What is told of the use of a place in a calendar month; written anew while late values come.

    Of a place whose meters count by interval its hours, of others the mean day alone. What is empty is not known.
    """

    service_point = models.ForeignKey(
        "metering.ServicePoint", on_delete=models.PROTECT, db_index=False, related_name="behaviours"
    )
    month_date = models.DateField(help_text="First day of the month.")
    known_days = models.SmallIntegerField(help_text="Whole days of interval values.")
    working_wh = ArrayField(models.BigIntegerField(), null=True, help_text="Mean hours of working days. [Wh]")
    off_wh = ArrayField(models.BigIntegerField(), null=True, help_text="Mean hours of days off. [Wh]")
    day_wh = models.BigIntegerField(null=True, help_text="Mean day: of the intervals, else of approved energy. [Wh]")
    base_w = models.BigIntegerField(null=True, help_text="What always runs. [W]")
    evening_e4 = models.IntegerField(null=True, help_text="Share of 18:00 to 22:00. [10^-4]")
    night_e4 = models.IntegerField(null=True, help_text="Share of 0:00 to 5:00. [10^-4]")
    off_e4 = models.IntegerField(null=True, help_text="A day off in parts of a working day. [10^-4]")
    shape = Code(choices=choices_of(Shape), default="", blank=True)
    peers = Code(
        max_length=GROUP_MOST, default="", blank=True, help_text="Whom it is like: class and size; empty: nobody."
    )
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="behaviour_is_told_once_a_month", fields=["service_point", "month_date"]),
            models.CheckConstraint(
                name="behaviour_has_24_hours",
                condition=(Q(working_wh__isnull=True) | Q(working_wh__len=24))
                & (Q(off_wh__isnull=True) | Q(off_wh__len=24)),
            ),
        ]
        indexes = [models.Index(name="behaviour_of_month", fields=["month_date", "id"])]


class BehaviourPeers(models.Model):
    """
    What is usual in a month among places of one class and size; only where there are enough that none is seen.

    quiet_wh  the mean day of the place that four of five use more than
    """

    month_date = models.DateField(help_text="First day of the month.")
    peers = Code(max_length=GROUP_MOST)
    places = models.IntegerField(help_text="How many places are counted.")
    day_wh = models.BigIntegerField(help_text="The median of their mean days. [Wh]")
    quiet_wh = models.BigIntegerField(help_text="The first quintile of their mean days. [Wh]")
    base_w = models.BigIntegerField(null=True, help_text="The median of what always runs, of those that tell. [W]")

    class Meta:
        verbose_name_plural = "behaviour peers"
        constraints = [
            models.UniqueConstraint(name="peers_are_told_once_a_month", fields=["month_date", "peers"]),
            models.CheckConstraint(name="peers_are_many", condition=Q(places__gt=20)),
        ]
