"""Equipment that is leased or sold, the schedule by which it is paid, and who finances it."""

from django.db import models
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from contracts.domain.financing import FinancingState


class EquipmentLease(models.Model):
    """A device at the customer's, leased or sold by instalments."""

    enrollment = models.OneToOneField("contracts.Enrollment", on_delete=models.PROTECT, related_name="equipment")
    device = models.CharField(max_length=200)
    serial = models.CharField(max_length=60, default="", blank=True, help_text="Empty: not handed over yet.")
    handed_over_date = models.DateField(null=True)
    returned_date = models.DateField(null=True)


class ScheduleRow(models.Model):
    """One amount of a schedule; when it is due it becomes one charge. [minor unit]"""

    enrollment = models.ForeignKey("contracts.Enrollment", on_delete=models.PROTECT, related_name="rows")
    seq = models.SmallIntegerField(help_text="From 1; 0: the down payment.")
    start_date = models.DateField()
    end_date = models.DateField()
    due_date = models.DateField()
    principal_minor = models.BigIntegerField()
    interest_minor = models.BigIntegerField(default=0)
    is_ours = models.BooleanField(default=True, help_text="False: it is paid to the partner bank.")
    is_waived = models.BooleanField(default=False, help_text="It is never owed: settled, ended or cancelled before.")
    charge = models.OneToOneField(
        "contracts.OneOffCharge", on_delete=models.PROTECT, null=True, related_name="schedule_row"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(name="schedule_has_one_row_a_place", fields=["enrollment", "seq"]),
            models.CheckConstraint(
                name="schedule_row_is_an_amount",
                condition=models.Q(principal_minor__gte=0, interest_minor__gte=0)
                & (models.Q(principal_minor__gt=0) | models.Q(interest_minor__gt=0)),
            ),
            models.CheckConstraint(
                name="a_charge_is_of_what_is_ours", condition=models.Q(is_ours=True) | models.Q(charge=None)
            ),
        ]
        indexes = [
            models.Index(
                name="schedule_row_to_charge",
                fields=["due_date", "id"],
                condition=models.Q(charge=None, is_waived=False, is_ours=True),
            )
        ]


class Financing(models.Model):
    """A sale that a partner bank is asked to pay for: we get the price, it gets the instalments."""

    enrollment = models.OneToOneField("contracts.Enrollment", on_delete=models.PROTECT, related_name="financing")
    state = Code(choices=choices_of(FinancingState), default=FinancingState.ASKED.value)
    amount_minor = models.BigIntegerField(help_text="Price less down payment, with tax: what the bank pays us.")
    tax_minor = models.BigIntegerField(default=0, help_text="VAT contained in it.")
    reference = models.CharField(max_length=100, default="", blank=True, help_text="The bank's name for it.")
    reason = models.CharField(max_length=200, default="", blank=True, help_text="Why the bank refused.")
    asked_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True)
    paid_date = models.DateField(null=True)

    class Meta:
        constraints = [
            one_of(name="financing_state_is_known", column="state", values=FinancingState),
            models.CheckConstraint(
                name="financing_is_an_amount",
                condition=models.Q(amount_minor__gt=0, tax_minor__gte=0, tax_minor__lt=models.F("amount_minor")),
            ),
            models.CheckConstraint(
                name="what_a_bank_paid_has_a_day",
                condition=models.Q(paid_date__isnull=False) | ~models.Q(state=FinancingState.PAID.value),
            ),
        ]


class SandboxBankAnswer(models.Model):
    """What the sandbox bank will say, and whether we have confirmed it."""

    reference = models.CharField(max_length=100)
    action = Code()
    place = models.SmallIntegerField()
    reason = models.CharField(max_length=200, default="", blank=True)
    due_at = models.DateTimeField()
    is_confirmed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="sandbox_bank_plans_once", fields=["reference", "place"]),
        ]
