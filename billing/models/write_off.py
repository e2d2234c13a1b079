"""Debts that were given up: of which bills, who decided, and what of it came back."""

from django.db import models
from django.utils import timezone

from billing.domain.adjustments import AdjustmentState
from billing.domain.write_offs import Back, BatchState
from billing.models.second_person import MADE, Decision, decided_by_two
from cis.platform.fields import Code, choices_of, one_of


class WriteOffBatch(models.Model):
    """Write-offs that one person proposes together, out of the list of the night, and a second one lets go."""

    state = Code(choices=choices_of(BatchState), default=BatchState.PROPOSED.value)
    reason = Code(default="", help_text="Of the pack rule write_offs; empty: of every one.")
    count = models.IntegerField(default=0)
    amount_minor = models.BigIntegerField(default=0)
    key = models.CharField(max_length=100, unique=True, help_text="The same key twice is one batch.")
    proposer_id = models.BigIntegerField()
    decider_id = models.BigIntegerField(null=True)
    decider_name = models.CharField(max_length=150, default="", blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of(name="write_off_batch_state_is_known", column="state", values=BatchState),
            models.CheckConstraint(
                name="write_off_batch_is_decided_by_two",
                condition=~models.Q(state__in=[BatchState.DECIDED.value, BatchState.DONE.value])
                | models.Q(decider_id__isnull=False) & ~models.Q(decider_id=models.F("proposer_id")),
            ),
        ]


class WriteOff(Decision):
    """
    A debt that is given up, by a note below 0 that pays its bills.

    amount_minor  what is proposed; once made, what was open of it on that day
    back_minor    what of it came back since; the rest is still known of the customer
    """

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="write_offs")
    batch = models.ForeignKey(WriteOffBatch, on_delete=models.PROTECT, null=True, related_name="write_offs")
    reason = Code(help_text="Code of the pack rule write_offs.")
    amount_minor = models.BigIntegerField()
    back_minor = models.BigIntegerField(default=0)
    evidence = models.CharField(max_length=300, help_text="What shows that it will not be paid.")
    paper = models.ForeignKey("platform.Document", on_delete=models.PROTECT, null=True, related_name="+")
    note = models.OneToOneField("billing.Bill", on_delete=models.PROTECT, null=True, related_name="write_off")
    credit_note = models.OneToOneField("billing.Bill", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            one_of(name="write_off_state_is_known", column="state", values=AdjustmentState),
            models.CheckConstraint(name="write_off_is_an_amount", condition=models.Q(amount_minor__gt=0)),
            models.CheckConstraint(
                name="no_more_comes_back_than_was_written_off",
                condition=models.Q(back_minor__gte=0, back_minor__lte=models.F("amount_minor")),
            ),
            models.CheckConstraint(
                name="write_off_that_was_made_has_its_note",
                condition=models.Q(state__in=MADE, note__isnull=False, made_date__isnull=False)
                | ~models.Q(state__in=MADE) & models.Q(note=None, back_minor=0),
            ),
            models.CheckConstraint(name="write_off_is_for_two", condition=models.Q(is_for_two=True)),
            models.UniqueConstraint(
                name="account_has_one_write_off_proposed",
                fields=["account"],
                condition=models.Q(state=AdjustmentState.PROPOSED.value),
            ),
            decided_by_two("write_off_is_agreed_by_two"),
        ]
        indexes = [
            models.Index(
                name="write_offs_not_come_back",
                fields=["account", "id"],
                condition=models.Q(state=AdjustmentState.MADE.value, back_minor__lt=models.F("amount_minor")),
            )
        ]


class WriteOffPart(models.Model):
    """What of a write-off is of one bill."""

    write_off = models.ForeignKey(WriteOff, on_delete=models.PROTECT, related_name="parts")
    bill = models.ForeignKey(
        "billing.Bill", on_delete=models.PROTECT, related_name="write_off_parts", db_constraint=False
    )
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="bill_is_in_a_write_off_once", fields=["write_off", "bill"]),
            models.CheckConstraint(name="write_off_part_is_an_amount", condition=models.Q(amount_minor__gt=0)),
        ]


class WriteOffReturn(models.Model):
    """
    A part of a write-off that stands no more, by a note above 0.

    undone_date  its note was taken back: the bill that it had come in for was cancelled
    """

    write_off = models.ForeignKey(WriteOff, on_delete=models.PROTECT, related_name="returns")
    why = Code(choices=choices_of(Back))
    amount_minor = models.BigIntegerField()
    note = models.OneToOneField("billing.Bill", on_delete=models.PROTECT, related_name="write_off_return")
    made_date = models.DateField()
    undone_date = models.DateField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            one_of(name="write_off_return_is_known", column="why", values=Back),
            models.CheckConstraint(name="write_off_return_is_an_amount", condition=models.Q(amount_minor__gt=0)),
        ]


class WriteOffCandidate(models.Model):
    """What might be written off, as the last night found it: one row an account."""

    account = models.OneToOneField(
        "accounts.Account", on_delete=models.PROTECT, primary_key=True, related_name="write_off_candidate"
    )
    reason = Code()
    amount_minor = models.BigIntegerField()
    bills = models.IntegerField()
    oldest_due_date = models.DateField()
    listed_date = models.DateField()
