"""Corrections of usage: why, by how much, who said so, and what each span was before."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from metering.domain.correction_workflow import CorrectionState
from metering.domain.corrections import Cause

# A comparison with an empty column is neither true nor false, and lets a row pass: so each is asked for first.
_APPLIED_BY_TWO = (
    Q(needs_two=False)
    | Q(state__in=["proposed", "dropped"])
    | (Q(proposer_id__isnull=False, decider_id__isnull=False) & ~Q(decider_id=F("proposer_id")))
)
_UNDONE_BY_TWO = (
    ~Q(state="undone")
    | Q(needs_two=False, undo_proposer_id=None)
    | Q(cause="theft")
    | (Q(undo_proposer_id__isnull=False, undoer_id__isnull=False) & ~Q(undoer_id=F("undo_proposer_id")))
)


class UsageCorrection(models.Model):
    """
    One finding at one meter, by which its usage over [start_date, end_date) is corrected.

    What it makes of a register is one of three: a ``factor``, the use of a normal time (``normal_start_date`` to
    ``normal_end_date``) in place of what was recorded, or energy that no register saw (``added_wh``). The energy it
    changed stands in its parts. It is undone by versions that hold what held before, never deleted.

    Four eyes, where ``needs_two``: ``proposer_id`` entered it and ``decider_id`` applied it, ``undo_proposer_id`` asked
    that it be undone and ``undoer_id`` did it; that of a theft is undone by its case.
    """

    service_point = models.ForeignKey("metering.ServicePoint", on_delete=models.PROTECT, related_name="corrections")
    meter = models.ForeignKey("metering.Meter", on_delete=models.PROTECT, related_name="corrections")
    cause = Code(choices=choices_of(Cause))
    state = Code(choices=choices_of(CorrectionState), default=CorrectionState.PROPOSED.value)
    since_date = models.DateField(help_text="First day that may be wrong: of the last test, of the installation.")
    start_date = models.DateField(help_text="First day that is corrected.")
    first_share = models.CharField(max_length=20, default="1", help_text="Part of the first day that is corrected.")
    end_date = models.DateField(help_text="Day on which it was mended.")
    factor = models.CharField(max_length=200, default="", help_text="A fraction, 9/8; empty: no factor.")
    reactive_factor = models.CharField(
        max_length=200, default="", help_text="Of reactive energy; empty: the same factor, or none, as the cause says."
    )
    normal_start_date = models.DateField(null=True)
    normal_end_date = models.DateField(null=True)
    added_wh = models.BigIntegerField(null=True)
    given = models.JSONField(default=dict, help_text="What was typed in, by name, as text.")
    evidence = models.TextField(help_text="Report, photo, order: what shows it.")
    is_customer_fault = models.BooleanField(default=False)
    change_wh = models.BigIntegerField(help_text="Active energy drawn: what is added, below 0 taken off. [Wh]")
    moved_wh = models.BigIntegerField(default=0, help_text="What changes most, both ways added up. [Wh or varh]")
    needs_two = models.BooleanField(default=False, help_text="A second person decides on it.")
    request_key = models.CharField(max_length=64, unique=True, help_text="The same request twice is one correction.")
    proposed_at = models.DateTimeField(default=timezone.now)
    proposer_id = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField(null=True)
    decider_id = models.BigIntegerField(null=True, help_text="Who applied or dropped it.")
    undo_proposed_at = models.DateTimeField(null=True)
    undo_proposer_id = models.BigIntegerField(null=True, help_text="Who asked a second person to undo it.")
    undone_at = models.DateTimeField(null=True)
    undoer_id = models.BigIntegerField(null=True)
    undo_reason = models.CharField(max_length=300, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(name="nobody_applies_their_own_correction", condition=_APPLIED_BY_TWO),
            models.CheckConstraint(name="nobody_undoes_a_correction_alone", condition=_UNDONE_BY_TWO),
            one_of(name="correction_cause_is_known", column="cause", values=Cause),
            one_of(name="correction_state_is_known", column="state", values=CorrectionState),
            models.CheckConstraint(
                name="correction_has_days",
                condition=Q(end_date__gt=F("start_date"), start_date__gte=F("since_date")),
            ),
            models.CheckConstraint(
                name="correction_has_one_effect",
                condition=Q(~Q(factor=""), normal_start_date=None, normal_end_date=None, added_wh=None)
                | Q(factor="", reactive_factor="", normal_start_date__lt=F("normal_end_date"), added_wh=None)
                | Q(factor="", reactive_factor="", normal_start_date=None, normal_end_date=None, added_wh__gt=0),
            ),
        ]
        indexes = [models.Index(name="correction_by_meter", fields=["meter", "start_date"])]


class CorrectionPart(models.Model):
    """What a correction makes of one register over one span, or over the days of a month for interval values."""

    correction = models.ForeignKey("metering.UsageCorrection", on_delete=models.PROTECT, related_name="parts")
    register = models.ForeignKey("metering.Register", on_delete=models.PROTECT, related_name="+", db_index=False)
    start_date = models.DateField()
    end_date = models.DateField()
    before_wh = models.BigIntegerField()
    after_wh = models.BigIntegerField()
    replaced = models.ForeignKey(
        "metering.Usage",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="The version that held before; empty for interval values.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(name="span_is_corrected_once", fields=["correction", "register", "start_date"]),
        ]
