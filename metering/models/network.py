"""The network: feeders, transformers, and capacity that is reserved on them."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from cis.platform.fields import Code, ExternalId, choices_of, one_of
from metering.domain.network import ReservationState
from metering.domain.places import Voltage


class Feeder(models.Model):
    """A line out of a substation."""

    external_id = ExternalId()
    name = models.CharField(max_length=100)
    substation = models.CharField(max_length=100, default="", blank=True)
    voltage = Code(choices=choices_of(Voltage), default=Voltage.KV10.value)
    capacity_va = models.BigIntegerField()
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            one_of(name="feeder_voltage_is_known", column="voltage", values=Voltage),
            models.CheckConstraint(name="feeder_has_capacity", condition=Q(capacity_va__gt=0)),
        ]


class Transformer(models.Model):
    """A transformer of the network, with the highest voltage that it supplies."""

    external_id = ExternalId()
    name = models.CharField(max_length=100)
    feeder = models.ForeignKey("metering.Feeder", on_delete=models.PROTECT, related_name="transformers")
    district = models.CharField(max_length=100, default="", blank=True)
    address = models.CharField(max_length=300, default="", blank=True)
    voltage = Code(choices=choices_of(Voltage), default=Voltage.V380.value)
    capacity_va = models.BigIntegerField()
    iron_w = models.PositiveIntegerField(null=True, help_text="What it loses without load; empty: as is typical. [W]")
    copper_w = models.PositiveIntegerField(
        null=True, help_text="What load adds at its rating; empty: as is typical. [W]"
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            one_of(name="transformer_voltage_is_known", column="voltage", values=Voltage),
            models.CheckConstraint(name="transformer_has_capacity", condition=Q(capacity_va__gt=0)),
        ]
        indexes = [models.Index(name="transformer_by_district", fields=["district"])]


class PastHanging(models.Model):
    """
    What a service point hung on until the day on which it was moved; that day itself is of neither.

    Before the first of these it hung there always. Where it hangs now is said by the service point; what was not
    recorded before leaves no row, since it is found out late.
    """

    service_point = models.ForeignKey(
        "metering.ServicePoint", on_delete=models.PROTECT, db_index=False, related_name="past_hangings"
    )
    transformer = models.ForeignKey(
        "metering.Transformer", on_delete=models.PROTECT, null=True, related_name="past_hangings"
    )
    feeder = models.ForeignKey("metering.Feeder", on_delete=models.PROTECT, null=True, related_name="past_hangings")
    until_date = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="place_is_moved_once_a_day", fields=["service_point", "until_date"]),
            models.CheckConstraint(
                name="place_hung_on_one_asset",
                condition=Q(transformer__isnull=False, feeder=None) | Q(transformer=None, feeder__isnull=False),
            ),
        ]


class CapacityReservation(models.Model):
    """
    Capacity of a transformer or a feeder that a case holds until a day.

    ``capacity_w`` is what is agreed beyond what the service point has; ``counted_va`` is what of it counts there. It is
    written under the lock of the asset (``operations.capacity``), so that nobody reserves the same kVA.
    """

    transformer = models.ForeignKey(
        "metering.Transformer", on_delete=models.PROTECT, null=True, related_name="reservations"
    )
    feeder = models.ForeignKey("metering.Feeder", on_delete=models.PROTECT, null=True, related_name="reservations")
    service_point = models.ForeignKey(
        "metering.ServicePoint", on_delete=models.PROTECT, null=True, related_name="reservations"
    )
    subject = Code()
    subject_id = models.BigIntegerField()
    state = Code(choices=choices_of(ReservationState), default=ReservationState.HELD.value)
    capacity_w = models.BigIntegerField()
    counted_va = models.BigIntegerField()
    until_date = models.DateField(help_text="Last day on which it holds.")
    made_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of(name="reservation_state_is_known", column="state", values=ReservationState),
            models.CheckConstraint(
                name="reservation_is_on_one_asset",
                condition=Q(transformer__isnull=False, feeder=None) | Q(transformer=None, feeder__isnull=False),
            ),
            models.CheckConstraint(name="reservation_has_capacity", condition=Q(capacity_w__gt=0, counted_va__gt=0)),
            models.CheckConstraint(
                name="ended_reservation_says_when",
                condition=Q(state=ReservationState.HELD.value, ended_at=None)
                | (~Q(state=ReservationState.HELD.value) & Q(ended_at__gte=F("made_at"))),
            ),
            models.UniqueConstraint(
                name="case_reserves_once",
                fields=["subject", "subject_id", "service_point"],
                condition=Q(state=ReservationState.HELD.value),
                nulls_distinct=False,
            ),
        ]
