"""Late fees that were charged, and their waivers."""

from enum import StrEnum

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.utils import timezone

from arrears.domain.charged_days import FeeState
from cis.platform.fields import Code, choices_of, no_overlap, one_of


class LateFee(models.Model):
    """
    The late fee of some days of one bill, by a note of its own; no day of a bill is charged twice.

    ``bill`` is what was not paid in time, ``note`` the bill of kind late_fee that charges it.
    """

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="late_fees")
    bill = models.ForeignKey("billing.Bill", on_delete=models.PROTECT, related_name="late_fees")
    note = models.OneToOneField("billing.Bill", on_delete=models.PROTECT, related_name="late_fee")
    period = DateRangeField(help_text="Local dates, half-open.")
    amount_minor = models.BigIntegerField(help_text="Before a tax that comes on top.")
    state = Code(choices=choices_of(FeeState), default=FeeState.CHARGED.value)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, help_text="When it was waived or taken back.")

    class Meta:
        constraints = [
            one_of(name="late_fee_state_is_known", column="state", values=FeeState),
            models.CheckConstraint(name="late_fee_is_an_amount", condition=models.Q(amount_minor__gt=0)),
            no_overlap(
                name="a_day_of_a_debt_is_charged_once",
                owner="bill_id",
                condition=models.Q(state__in=[FeeState.CHARGED.value, FeeState.WAIVED.value]),
            ),
        ]


class WaiverState(StrEnum):
    """States of a waiver; PROPOSED waits for a second person."""

    PROPOSED = "proposed"
    AGREED = "agreed"
    DROPPED = "dropped"


class LateFeeWaiver(models.Model):
    """A late fee that is not to be owed, why, and who says so; above the limit of his role two persons."""

    fee = models.ForeignKey("arrears.LateFee", on_delete=models.PROTECT, related_name="waivers")
    state = Code(choices=choices_of(WaiverState), default=WaiverState.PROPOSED.value)
    reason = Code(help_text="Code of the pack rule late_fee_waiver.")
    remark = models.CharField(max_length=200, default="", blank=True)
    is_for_two = models.BooleanField(default=False)
    proposer_id = models.BigIntegerField()
    decider_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    agreed_date = models.DateField(null=True)

    class Meta:
        constraints = [
            one_of(name="waiver_state_is_known", column="state", values=WaiverState),
            models.UniqueConstraint(
                name="late_fee_is_waived_once", fields=["fee"], condition=models.Q(state__in=["proposed", "agreed"])
            ),
            models.CheckConstraint(
                name="waiver_above_the_limit_is_agreed_by_two",
                condition=~models.Q(state=WaiverState.AGREED.value)
                | models.Q(is_for_two=False, agreed_date__isnull=False)
                | models.Q(decider_id__isnull=False, agreed_date__isnull=False)
                & ~models.Q(decider_id=models.F("proposer_id")),
            ),
        ]


class LateFeeNight(models.Model):
    """
    One look through all debts that was finished; the next one need not look at money that paid before.

    allocation_id  no allocation up to it can be new at the next look
    """

    day = models.DateField(unique=True)
    allocation_id = models.BigIntegerField(default=0)
    accounts = models.IntegerField(default=0)
    notes = models.IntegerField(default=0)
    finished_at = models.DateTimeField(default=timezone.now)
