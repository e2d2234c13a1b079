"""Usage inspections, and why each is made."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from contracts.domain.usage_inspection import LOOKING, Source, UsageFinding, UsageState

_FOUND = (UsageState.FOUND.value, UsageState.DISPUTED.value)


class UsageInspection(models.Model):
    """
    An inspection of what is used at a place, from the suspicion on; one at a time while nobody knows what is wrong.

    ``agreement`` is who was supplied there when it was suspected; empty: nobody, and somebody may use energy all the
    same. What is wrong stands in the case of breach or in the correction, never here.
    """

    service_point = models.ForeignKey(
        "metering.ServicePoint", on_delete=models.PROTECT, related_name="usage_inspections", db_index=False
    )
    agreement = models.ForeignKey(
        "contracts.ServiceAgreement", on_delete=models.PROTECT, null=True, related_name="usage_inspections"
    )
    state = Code(choices=choices_of(UsageState), default=UsageState.SUSPECTED.value)
    work_order = models.ForeignKey("metering.WorkOrder", on_delete=models.PROTECT, null=True, related_name="+")
    visited_date = models.DateField(null=True)
    finding = Code(choices=choices_of(UsageFinding), default="", blank=True)
    breach = models.OneToOneField(
        "contracts.BreachCase", on_delete=models.PROTECT, null=True, related_name="usage_inspection"
    )
    correction = models.OneToOneField(
        "metering.UsageCorrection", on_delete=models.PROTECT, null=True, related_name="usage_inspection"
    )
    dispute = models.CharField(max_length=500, default="", blank=True, help_text="What the customer says.")
    reason = models.CharField(max_length=300, default="", blank=True, help_text="Why it was closed, or upheld.")
    opened_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of(name="usage_inspection_state_is_known", column="state", values=UsageState),
            models.UniqueConstraint(
                name="place_is_inspected_once_at_a_time",
                fields=["service_point"],
                condition=Q(state__in=[state.value for state in LOOKING]),
            ),
            models.CheckConstraint(
                name="what_was_found_has_its_case",
                condition=~Q(state__in=_FOUND)
                | Q(finding=UsageFinding.BREACH.value, breach__isnull=False, correction=None)
                | Q(finding=UsageFinding.WIRING.value, breach=None, correction__isnull=False),
            ),
            models.CheckConstraint(
                name="usage_inspection_ends",
                condition=Q(state__in=[UsageState.NOTHING.value, UsageState.CLOSED.value], ended_at__isnull=False)
                | ~Q(state__in=[UsageState.NOTHING.value, UsageState.CLOSED.value]) & Q(ended_at=None),
            ),
        ]
        indexes = [
            models.Index(name="usage_inspections_of_place", fields=["service_point", "opened_at"]),
            models.Index(name="usage_inspections_by_state", fields=["state", "opened_at"]),
        ]


class UsageSuspicion(models.Model):
    """
    A reason to inspect; an inspection may have several. ``reference`` names what it comes from, once.

    Nothing is kept of who told: of a tip ``reference`` is its case, which the one door to cases shows or does not.
    """

    inspection = models.ForeignKey(UsageInspection, on_delete=models.PROTECT, related_name="suspicions")
    source = Code(choices=choices_of(Source))
    alarm = models.OneToOneField("metering.MeterAlarm", on_delete=models.PROTECT, null=True, related_name="suspicion")
    words = models.CharField(max_length=500, default="", blank=True)
    reference = models.CharField(max_length=40, default="", blank=True)
    at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="", blank=True)

    class Meta:
        constraints = [
            one_of(name="suspicion_source_is_known", column="source", values=Source),
            models.UniqueConstraint(
                name="suspicion_counts_once", fields=["source", "reference"], condition=~Q(reference="")
            ),
            models.CheckConstraint(
                name="tip_keeps_no_words", condition=~Q(source=Source.TIP.value) | Q(words="") & ~Q(reference="")
            ),
        ]
