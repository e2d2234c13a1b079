"""What is unusual about loads, and the meters that transformers are balanced with."""

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cis.platform.fields import Code, choices_of, no_overlap, one_of
from metering.domain.anomalies import AnomalyKind, AnomalyState


class Anomaly(models.Model):
    """
    Something unusual about a place or a transformer, told once until a person decides.

    The night brings score, reasons and ``seen_date`` up to date while it is open. What began before somebody decided is
    not told again.
    """

    service_point = models.ForeignKey(
        "metering.ServicePoint", on_delete=models.PROTECT, null=True, related_name="anomalies"
    )
    transformer = models.ForeignKey(
        "metering.Transformer", on_delete=models.PROTECT, null=True, related_name="anomalies"
    )
    kind = Code(choices=choices_of(AnomalyKind))
    state = Code(choices=choices_of(AnomalyState), default=AnomalyState.OPEN.value)
    score_e4 = models.IntegerField(help_text="The weakest of its grounds. [10^-4]")
    since_date = models.DateField(help_text="First day on which it shows.")
    seen_date = models.DateField(help_text="Last day that was looked at when it was seen.")
    reasons = models.JSONField(help_text="Its grounds: code and whole numbers of each.")
    other_point = models.ForeignKey(
        "metering.ServicePoint", on_delete=models.PROTECT, null=True, db_index=False, related_name="+",
        help_text="The neighbour it was swapped with.",
    )  # fmt: skip
    work_order = models.ForeignKey(
        "metering.WorkOrder", on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    opened_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True)
    decider_id = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        verbose_name_plural = "anomalies"
        constraints = [
            one_of(name="anomaly_kind_is_known", column="kind", values=AnomalyKind),
            one_of(name="anomaly_state_is_known", column="state", values=AnomalyState),
            models.CheckConstraint(
                name="anomaly_is_of_one_thing",
                condition=Q(service_point__isnull=False, transformer=None)
                | Q(service_point=None, transformer__isnull=False),
            ),
            models.CheckConstraint(name="anomaly_score_is_a_share", condition=Q(score_e4__gte=0, score_e4__lte=10_000)),
            models.CheckConstraint(
                name="decided_anomaly_says_by_whom",
                condition=Q(state=AnomalyState.OPEN.value) | (Q(decider_id__isnull=False, decided_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="followed_anomaly_has_its_order",
                condition=~Q(state=AnomalyState.FOLLOWED.value) | Q(work_order__isnull=False),
            ),
            models.CheckConstraint(
                name="dismissed_anomaly_says_why", condition=~Q(state=AnomalyState.DISMISSED.value) | ~Q(reason="")
            ),
            models.UniqueConstraint(
                name="anomaly_is_told_once",
                fields=["service_point", "transformer", "kind"],
                condition=Q(state=AnomalyState.OPEN.value),
                nulls_distinct=False,
            ),
        ]
        indexes = [models.Index(name="anomaly_by_state", fields=["state", "-score_e4", "-id"])]


class MasterMeter(models.Model):
    """
    The meter of all that a transformer or a feeder gives, for a time.

    It hangs at a service point of its own, at which nobody is supplied; the multiplier is that of its installation.
    """

    transformer = models.ForeignKey(
        "metering.Transformer", on_delete=models.PROTECT, null=True, related_name="master_meters"
    )
    feeder = models.ForeignKey("metering.Feeder", on_delete=models.PROTECT, null=True, related_name="master_meters")
    meter = models.ForeignKey("metering.Meter", on_delete=models.PROTECT, related_name="masters")
    is_high_side = models.BooleanField(
        default=False, help_text="It counts before the transformer, whose own losses are among what it gives."
    )
    period = DateRangeField(help_text="Local dates, half-open; no end: until further notice.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="master_meter_is_of_one_asset",
                condition=Q(transformer__isnull=False, feeder=None) | Q(transformer=None, feeder__isnull=False),
            ),
            no_overlap(
                name="transformer_has_one_master_meter", owner="transformer_id", condition=Q(transformer__isnull=False)
            ),
            no_overlap(name="feeder_has_one_master_meter", owner="feeder_id", condition=Q(feeder__isnull=False)),
            no_overlap(name="master_meter_counts_once", owner="meter_id"),
        ]


class TransformerDay(models.Model):
    """
    What a transformer gave on a local day, and what the meters that it supplies took.

    Only of days of which both are wholly known; written each night for twelve weeks back, as values are corrected.
    """

    transformer = models.ForeignKey(
        "metering.Transformer", on_delete=models.PROTECT, db_index=False, related_name="balances"
    )
    day_date = models.DateField()
    given_wh = models.BigIntegerField()
    taken_wh = models.BigIntegerField()
    technical_wh = models.BigIntegerField(null=True, help_text="What is lost by nature; empty: no rule says how much.")
    places = models.IntegerField(help_text="How many places with a meter it supplied.")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="transformer_is_balanced_once_a_day", fields=["transformer", "day_date"])
        ]
        indexes = [models.Index(name="transformer_days", fields=["day_date"])]
