"""Approved energy of a span: what is billed."""

from enum import StrEnum

from django.db import models
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from metering.domain.estimation import Method


class UsageBasis(StrEnum):
    """What the energy was computed from."""

    REGISTER = "register"
    INTERVAL = "interval"


class Usage(models.Model):
    """
    Approved energy of one register at one service point over [start_date, end_date).

    A newer version of the same span replaces the older one: ``is_current`` marks the one that holds. For a register
    basis the two counter values stay visible, since the bill prints them. Of a register of demand it is the largest
    mean power in the span.
    """

    service_point = models.ForeignKey("metering.ServicePoint", on_delete=models.PROTECT, related_name="usages")
    register = models.ForeignKey("metering.Register", on_delete=models.PROTECT, related_name="usages")
    period_of_use = Code(max_length=20, default="", help_text="Copied from the register; empty: all hours.")
    start_date = models.DateField()
    end_date = models.DateField()
    basis = Code(choices=choices_of(UsageBasis))
    start_reading_wh = models.BigIntegerField(null=True)
    end_reading_wh = models.BigIntegerField(null=True)
    multiplier = models.IntegerField(default=1)
    energy_wh = models.BigIntegerField(help_text="After the multiplier; import positive. [Wh, varh or W]")
    recorded_wh = models.BigIntegerField(null=True, help_text="What the counter values say; empty: the energy itself.")
    correction = models.ForeignKey(
        "metering.UsageCorrection",
        on_delete=models.PROTECT,
        null=True,
        related_name="usages",
        db_constraint=False,
        db_index=False,
        help_text="The last correction that the energy holds; empty: none.",
    )
    is_estimated = models.BooleanField(default=False)
    method = Code(
        choices=choices_of(Method), default="", blank=True, help_text="How most of it was estimated; empty: not by us."
    )
    version = models.SmallIntegerField(default=1)
    is_current = models.BooleanField(default=True)
    approved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            one_of(name="usage_basis_is_known", column="basis", values=UsageBasis),
            models.CheckConstraint(
                name="usage_span_is_not_empty", condition=models.Q(end_date__gt=models.F("start_date"))
            ),
            models.CheckConstraint(
                name="corrected_usage_says_what_was_recorded",
                condition=models.Q(correction=None, recorded_wh=None)
                | models.Q(correction__isnull=False, recorded_wh__isnull=False),
            ),
            models.CheckConstraint(
                name="measured_usage_has_no_method", condition=models.Q(is_estimated=True) | models.Q(method="")
            ),
            models.UniqueConstraint(
                name="usage_of_a_span_counts_once",
                fields=["service_point", "register", "start_date"],
                condition=models.Q(is_current=True),
            ),
        ]
        verbose_name_plural = "usage"
