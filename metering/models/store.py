"""The store of meters: deliveries, seals, and the photos of counters that crews took."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from metering.domain.meter_store import SealState


class MeterDelivery(models.Model):
    """A delivered file of new meters, kept by SHA-256: the same file twice is the same result."""

    sha256 = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=255)
    meters = models.IntegerField()
    delivered_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)


class Seal(models.Model):
    """
    A seal with its number. It is put on one meter, once; ``replaced_by`` is the seal that took its place.

    Numbers that came together are one range; a crew is named while it has the seal.
    """

    number = models.CharField(max_length=30, unique=True)
    state = Code(choices=choices_of(SealState), default=SealState.IN_STORE.value)
    crew = models.ForeignKey("metering.Crew", on_delete=models.PROTECT, null=True, related_name="seals")
    meter = models.ForeignKey("metering.Meter", on_delete=models.PROTECT, null=True, related_name="seals")
    replaced_by = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="replaces")
    set_at = models.DateTimeField(null=True)
    broken_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, default="", blank=True, help_text="Why it was broken or is lost.")

    class Meta:
        constraints = [
            one_of(name="seal_state_is_known", column="state", values=SealState),
            models.CheckConstraint(
                name="seal_is_with_a_crew_or_on_a_meter",
                condition=Q(state=SealState.GIVEN_OUT.value, crew__isnull=False, meter=None)
                | Q(state=SealState.SET.value, crew=None, meter__isnull=False, set_at__isnull=False)
                | Q(state=SealState.BROKEN.value, crew=None, broken_at__isnull=False)
                | Q(state__in=[SealState.IN_STORE.value, SealState.LOST.value], crew=None, meter=None),
            ),
        ]
        indexes = [
            models.Index(name="seal_of_meter", fields=["meter"]),
            models.Index(name="seal_by_state", fields=["state", "number"]),
        ]


class ReadPhoto(models.Model):
    """A photo of what a register showed on a local date, taken by a crew."""

    register = models.ForeignKey("metering.Register", on_delete=models.PROTECT, related_name="photos")
    read_date = models.DateField()
    document = models.ForeignKey("platform.Document", on_delete=models.PROTECT, related_name="+", db_index=False)
    work_order = models.ForeignKey("metering.WorkOrder", on_delete=models.PROTECT, null=True, related_name="+")
    taken_at = models.DateTimeField(null=True, help_text="As the camera says; empty: it does not.")
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="read_photo_is_kept_once", fields=["register", "read_date", "document"]),
        ]
