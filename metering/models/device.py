"""Devices: meters, their counters, and where they hang when."""

from django.contrib.postgres.fields import DateRangeField
from django.contrib.postgres.indexes import OpClass
from django.db import models

from cis.platform.fields import Code, ExternalId, choices_of, no_overlap, one_of
from metering.domain.device_commands import Switch
from metering.domain.device_tests import Accuracy
from metering.domain.instrument_transformers import TransformerKind
from metering.domain.meter_store import MeterState
from metering.domain.places import Direction, Quantity, Reset


class Meter(models.Model):
    """
    A device that counts energy.

    ``state`` says where it is now, ``crew`` who has it on the van; where it hung when is said by its installations.
    Of meters that came with a supplier's books no certificate is known.
    """

    external_id = ExternalId()
    serial = models.CharField(max_length=40, unique=True)
    model = models.CharField(max_length=60, default="", blank=True)
    accuracy = Code(
        choices=choices_of(Accuracy), default="", db_default="", blank=True, help_text="Class; empty: nobody said."
    )
    state = Code(
        choices=choices_of(MeterState), default=MeterState.IN_STORE.value, db_default=MeterState.IN_STORE.value
    )
    crew = models.ForeignKey("metering.Crew", on_delete=models.PROTECT, null=True, related_name="meters")
    delivery = models.ForeignKey("metering.MeterDelivery", on_delete=models.PROTECT, null=True, related_name="+")
    certificate = models.CharField(
        max_length=60, default="", db_default="", blank=True, help_text="Number of the test certificate."
    )
    certified_date = models.DateField(null=True)
    certified_until = models.DateField(null=True, help_text="Last day on which the certificate holds.")
    switch = Code(
        choices=choices_of(Switch), default=Switch.UNKNOWN.value, db_default=Switch.UNKNOWN.value,
        help_text="What its last answer to a command says.",
    )  # fmt: skip
    demand_limit_w = models.BigIntegerField(null=True, help_text="Limit of demand it keeps, by its last answer. [W]")
    demand_limit_until = models.DateTimeField(null=True, help_text="When it lifts the limit by itself.")
    clock_drift_s = models.IntegerField(
        null=True, help_text="How far its clock is ahead, as it said last; negative: behind. [s]"
    )
    clock_drift_at = models.DateTimeField(null=True, help_text="When it said so, or set its clock.")

    class Meta:
        constraints = [
            one_of(name="meter_switch_is_known", column="switch", values=Switch),
            one_of(name="meter_state_is_known", column="state", values=MeterState),
            models.CheckConstraint(
                name="meter_accuracy_is_known",
                condition=models.Q(accuracy="") | models.Q(accuracy__in=[one.value for one in Accuracy]),
            ),
            models.CheckConstraint(
                name="meter_on_a_van_has_a_crew",
                condition=models.Q(state=MeterState.ON_VAN.value, crew__isnull=False)
                | (~models.Q(state=MeterState.ON_VAN.value) & models.Q(crew=None)),
            ),
        ]
        indexes = [
            models.Index(OpClass("serial", name="text_pattern_ops"), name="meter_by_serial_prefix"),
            models.Index(name="meter_by_state", fields=["state", "serial"]),
            models.Index(
                name="meter_by_end_of_certificate",
                fields=["certified_until", "serial"],
                condition=models.Q(state=MeterState.INSTALLED.value),
            ),
        ]


class Register(models.Model):
    """
    One counter of a meter.

    ``code`` names it in files (``total``, ``peak``, ``valley``; NEM12 suffix ``E1``). ``period_of_use`` is empty
    for a counter of all hours. ``is_interval``: delivered as interval days, not as counter values. A register of demand
    shows the largest mean power since it was reset, and ``resets`` says when that is. ``utc_offset_minutes`` is the
    clock of its interval days, set by the first delivery that is not of market time and then fixed, since an hour on
    two clocks would count twice.
    """

    meter = models.ForeignKey("metering.Meter", on_delete=models.PROTECT, related_name="registers")
    code = Code(max_length=20)
    quantity = Code(choices=choices_of(Quantity), default=Quantity.ACTIVE.value)
    direction = Code(choices=choices_of(Direction), default=Direction.IMPORT.value)
    period_of_use = Code(max_length=20, default="", blank=True)
    digits = models.SmallIntegerField(default=6, help_text="Digits before the decimal point; then it rolls over.")
    is_interval = models.BooleanField(default=False)
    resets = Code(
        choices=choices_of(Reset),
        default="",
        db_default="",
        blank=True,
        help_text="Only of demand: when it begins anew.",
    )
    utc_offset_minutes = models.SmallIntegerField(
        null=True, help_text="Clock of its interval days, ahead of UTC; empty: market time, UTC+10. [min]"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(name="register_code_is_unique_on_its_meter", fields=["meter", "code"]),
            one_of(name="register_quantity_is_known", column="quantity", values=Quantity),
            one_of(name="register_direction_is_known", column="direction", values=Direction),
            models.CheckConstraint(name="register_digits_are_real", condition=models.Q(digits__range=(3, 12))),
            models.CheckConstraint(
                name="register_of_demand_resets",
                condition=models.Q(quantity=Quantity.DEMAND.value, resets__in=[one.value for one in Reset])
                | (~models.Q(quantity=Quantity.DEMAND.value) & models.Q(resets="")),
            ),
        ]


class Installation(models.Model):
    """A meter at a service point for a time, with the multiplier (CT x VT) that holds there."""

    service_point = models.ForeignKey("metering.ServicePoint", on_delete=models.PROTECT, related_name="installations")
    meter = models.ForeignKey("metering.Meter", on_delete=models.PROTECT, related_name="installations")
    multiplier = models.IntegerField(default=1)
    period = DateRangeField(help_text="Local dates, half-open; no end: until further notice.")

    class Meta:
        constraints = [
            no_overlap(name="meter_is_in_one_place", owner="meter_id"),
            models.CheckConstraint(name="multiplier_is_positive", condition=models.Q(multiplier__gt=0)),
        ]


class InstrumentTransformer(models.Model):
    """A current or voltage transformer before a meter: 200/5 A, 10000/100 V."""

    kind = Code(choices=choices_of(TransformerKind))
    serial = models.CharField(max_length=40)
    primary = models.IntegerField(help_text="[A or V]")
    secondary = models.IntegerField(help_text="[A or V]")
    accuracy = models.CharField(max_length=10, default="", blank=True, help_text="Class, as 0.2S.")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="transformer_serial_is_unique", fields=["kind", "serial"]),
            one_of(name="transformer_kind_is_known", column="kind", values=TransformerKind),
            models.CheckConstraint(name="transformer_has_a_ratio", condition=models.Q(primary__gt=0, secondary__gt=0)),
        ]


class TransformerPlace(models.Model):
    """An instrument transformer at a service point for a time; meters that hang there have their multiplier by it."""

    service_point = models.ForeignKey("metering.ServicePoint", on_delete=models.PROTECT, related_name="transformers")
    transformer = models.ForeignKey(
        "metering.InstrumentTransformer", on_delete=models.PROTECT, related_name="places", db_index=False
    )
    period = DateRangeField(help_text="Local dates, half-open; no end: until further notice.")

    class Meta:
        constraints = [no_overlap(name="transformer_is_in_one_place", owner="transformer_id")]
