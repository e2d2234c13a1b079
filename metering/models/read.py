"""Measurements in versions: files, what was refused of them, counter values, interval days."""

from enum import StrEnum

from django.db import models
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from metering.domain.estimation import Method
from metering.domain.formats.batches import Format


class ReadFile(models.Model):
    """A delivered file, kept by SHA-256: the same file twice is the same result."""

    sha256 = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=255)
    format = Code(choices=choices_of(Format))
    document_id = models.BigIntegerField(null=True, help_text="platform.Document")
    taken_date = models.DateField(null=True, help_text="Of values without a time, as whoever brought it said.")
    reads = models.BigIntegerField(default=0, help_text="Counter values loaded.")
    interval_days = models.BigIntegerField(default=0)
    interval_values = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    unchanged = models.BigIntegerField(default=0, help_text="Rows known before with the same value.")
    imported_at = models.DateTimeField(default=timezone.now)
    usage_approved_at = models.DateTimeField(null=True, help_text="Empty: usage of what it brought is to be approved.")
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [one_of(name="read_format_is_known", column="format", values=Format)]


class ReadRejection(models.Model):
    """One line that was not loaded: where, why, and how to mend it."""

    read_file = models.ForeignKey("metering.ReadFile", on_delete=models.PROTECT, related_name="rejections")
    line_no = models.BigIntegerField()
    code = Code()
    message = models.TextField()
    advice = models.TextField(default="")
    text = models.TextField(default="", help_text="The line, cut to 500 characters.")

    class Meta:
        indexes = [models.Index(name="rejection_by_line", fields=["read_file", "line_no"])]


class ReadKind(StrEnum):
    """Where a counter value comes from."""

    ACTUAL = "actual"
    ESTIMATED = "estimated"
    CUSTOMER = "customer"
    INITIAL = "initial"
    FINAL = "final"


class RegisterRead(models.Model):
    """
    One counter value at the start of a local day.

    The highest version of (register, date) holds; earlier versions stay.
    """

    register = models.ForeignKey("metering.Register", on_delete=models.PROTECT, related_name="reads")
    read_date = models.DateField(help_text="Value at 00:00 local time of this date.")
    reading_wh = models.BigIntegerField(help_text="Counter value before the multiplier. [Wh, varh or W]")
    kind = Code(choices=choices_of(ReadKind), default=ReadKind.ACTUAL.value)
    method = Code(
        choices=choices_of(Method), default="", blank=True, help_text="How it was estimated; empty: it was not."
    )
    version = models.SmallIntegerField(default=1)
    read_file = models.ForeignKey("metering.ReadFile", on_delete=models.PROTECT, null=True)
    received_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="read_version_kept_once", fields=["register", "read_date", "version"]),
            one_of(name="read_kind_is_known", column="kind", values=ReadKind),
            models.CheckConstraint(name="reading_is_not_negative", condition=models.Q(reading_wh__gte=0)),
            models.CheckConstraint(
                name="estimated_read_says_how",
                condition=models.Q(kind="estimated", method__in=[one.value for one in Method])
                | (~models.Q(kind="estimated") & models.Q(method="")),
            ),
        ]
        indexes = [
            models.Index(name="self_reads_by_day", fields=["received_at"], condition=models.Q(kind="customer")),
        ]


class IntervalDay(models.Model):
    """
    One metering-clock day of interval values of one register, one row a version.

    ``values`` holds the day's values as little-endian int32 [10^exponent Wh or varh]; ``start_at`` is the first
    interval's start in UTC, since meter files keep their own clock (NEM12: UTC+10 all year). ``quality`` is one
    letter for the day, or one letter a value. Partitioned by month of ``day_date``; made in SQL by the migration.
    """

    pk = models.CompositePrimaryKey("register_id", "day_date", "version")
    register = models.ForeignKey("metering.Register", on_delete=models.PROTECT, related_name="interval_days")
    day_date = models.DateField(help_text="Date on the metering clock.")
    version = models.SmallIntegerField(default=1)
    start_at = models.DateTimeField()
    interval_minutes = models.SmallIntegerField()
    exponent = models.SmallIntegerField(default=0)
    values = models.BinaryField()
    total_wh = models.BigIntegerField(help_text="Sum of the values, rounded half away from zero. [Wh or varh]")
    quality = models.TextField(default="A")
    method = models.TextField(default="", help_text="How its estimated values were found, by us; empty: none was.")
    updated_at = models.DateTimeField(null=True, help_text="When the meter data provider wrote this version.")
    read_file = models.ForeignKey("metering.ReadFile", on_delete=models.PROTECT, null=True)
    correction = models.ForeignKey(
        "metering.UsageCorrection", on_delete=models.PROTECT, null=True, help_text="That made this version; else empty."
    )

    class Meta:
        managed = False
        db_table = "metering_intervalday"
