"""What a place is billed on, where it is not simply what its own meters count."""

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from cis.platform.fields import Code, choices_of, no_overlap, one_of
from metering.domain.shares import ONE_E6, Excess
from metering.domain.usage_rules import RuleKind, Span

# A comparison with an empty column is neither true nor false, and lets a row pass: so each is asked for first.
_NONE = Q(share_e6=None, quantity_wh=None, per="", excess="")
_QUANTITY = Q(share_e6=None, quantity_wh__isnull=False, quantity_wh__gt=0, per__in=[str(span) for span in Span])
_SHARE = Q(share_e6__isnull=False, share_e6__gt=0, share_e6__lte=ONE_E6, quantity_wh=None, per="", excess="")
_TAKES = Q(source__isnull=False, meter=None)
_WHAT_EACH_KIND_HAS = (
    (Q(kind="share") & _SHARE & _TAKES)
    | (Q(kind="quantity", excess__in=[str(excess) for excess in Excess]) & _QUANTITY & _TAKES)
    | (Q(kind="submeter") & _NONE & _TAKES)
    | (Q(kind="left_out", source=None, meter__isnull=False) & _NONE)
    | (Q(kind="unmetered", meter=None, excess="") & _QUANTITY)
)


class UsageRule(models.Model):
    """
    One rule of what a service point is billed on; its kinds are told in ``metering.domain.usage_rules``.

    Shares over 100 %, circles and shares of shares are refused by the operations, which write one at a time.

    A row is never changed or deleted, so that proofs of bills made earlier find the rule as it was then: one that is
    cut short is retired, and what stays of it is a new row. Whoever holds a rule knows it by the id of its first row.
    """

    service_point = models.ForeignKey("metering.ServicePoint", on_delete=models.PROTECT, related_name="usage_rules")
    kind = Code(choices=choices_of(RuleKind))
    source = models.ForeignKey(
        "metering.ServicePoint", on_delete=models.PROTECT, null=True, related_name="rules_of_others",
        help_text="Whose meters count the energy; for unmetered supply, whose interval values are the load profile.",
    )  # fmt: skip
    meter = models.ForeignKey("metering.Meter", on_delete=models.PROTECT, null=True, related_name="usage_rules")
    share_e6 = models.IntegerField(null=True, help_text="0.3 = 300000. [10^-6]")
    quantity_wh = models.BigIntegerField(null=True, help_text="A day or a month. [Wh]")
    per = Code(choices=choices_of(Span), default="", blank=True)
    excess = Code(choices=choices_of(Excess), default="", blank=True)
    period = DateRangeField(help_text="Local dates, half-open; no end: until further notice.")
    first = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="later",
        help_text="The row by which the rule was begun, whose id is that of the rule; none: this one.",
    )  # fmt: skip
    created_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, help_text="From when on this row no longer says what holds.")
    retirer_id = models.BigIntegerField(null=True, help_text="Who changed or ended the rule then; none: the machine.")

    class Meta:
        constraints = [
            one_of(name="usage_rule_kind_is_known", column="kind", values=RuleKind),
            models.CheckConstraint(name="usage_rule_has_what_its_kind_needs", condition=_WHAT_EACH_KIND_HAS),
            models.CheckConstraint(name="place_takes_nothing_of_itself", condition=~Q(service_point=F("source"))),
            no_overlap(
                name="place_has_one_rule_for_a_source",
                owner=("service_point_id", "source_id"),
                condition=Q(kind__in=["share", "quantity", "submeter"], retired_at=None),
            ),
            no_overlap(name="meter_is_left_out_once", owner="meter_id", condition=Q(kind="left_out", retired_at=None)),
            no_overlap(
                name="place_has_one_unmetered_load",
                owner="service_point_id",
                condition=Q(kind="unmetered", retired_at=None),
            ),
            models.UniqueConstraint(
                Coalesce("first_id", "id"), name="usage_rule_has_one_row_in_force", condition=Q(retired_at=None)
            ),
            models.CheckConstraint(
                name="usage_rule_is_retired_after_it_came",
                condition=Q(retired_at=None) | Q(retired_at__gte=F("created_at")),
            ),
        ]
