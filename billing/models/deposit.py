"""Deposits of customers: each with what happened to it, and what people ask to be done with it."""

from django.db import models
from django.utils import timezone

from billing.domain.adjustments import AdjustmentState
from billing.domain.deposit_requests import RequestKind
from billing.domain.deposits import DepositState, MoveKind, SizeMethod
from cis.platform.fields import Code, choices_of, one_of


class Deposit(models.Model):
    """
    A deposit of a customer (保证金). What is held of it is what was paid of its notes, less what went back.

    amount_minor    demanded in all: increases are in it, what was reduced is not
    returned_minor  went back, or was used
    interest_date   next day on which interest is credited
    look_date       next day on which it is looked whether it goes back; None: not for good payment
    is_paid_out     the customer wishes to have it paid out; else it stays as credit of the account
    refund          by which it was paid out
    """

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="deposits")
    cause = Code(help_text="Code of the pack rule deposits.")
    customer_class = Code()
    state = Code(choices=choices_of(DepositState), default=DepositState.OPEN.value)
    amount_minor = models.BigIntegerField()
    returned_minor = models.BigIntegerField(default=0)
    method = Code(choices=choices_of(SizeMethod))
    months = models.SmallIntegerField(default=0)
    month_minor = models.BigIntegerField(null=True, help_text="Average month that the size comes from.")
    computed_minor = models.BigIntegerField(help_text="What the rule of the place comes to; the most it may be.")
    reason = models.CharField(max_length=200, default="", blank=True)
    demanded_date = models.DateField()
    interest_date = models.DateField()
    look_date = models.DateField(null=True)
    is_paid_out = models.BooleanField(default=False)
    refund = models.OneToOneField("billing.Refund", on_delete=models.PROTECT, null=True, related_name="deposit")
    ended_date = models.DateField(null=True)
    key = models.CharField(max_length=100, unique=True, help_text="The same key twice is one deposit.")
    created_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            one_of(name="deposit_state_is_known", column="state", values=DepositState),
            one_of(name="deposit_method_is_known", column="method", values=SizeMethod),
            models.UniqueConstraint(
                name="account_has_one_open_deposit",
                fields=["account"],
                condition=models.Q(state=DepositState.OPEN.value),
            ),
            models.CheckConstraint(
                name="no_more_of_a_deposit_goes_back_than_was_demanded",
                condition=models.Q(returned_minor__gte=0, returned_minor__lte=models.F("amount_minor")),
            ),
            models.CheckConstraint(
                name="deposit_that_ended_has_its_day",
                condition=models.Q(state=DepositState.OPEN.value, ended_date=None)
                | ~models.Q(state=DepositState.OPEN.value) & models.Q(ended_date__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="deposits_with_interest_due",
                fields=["interest_date"],
                condition=models.Q(state=DepositState.OPEN.value),
            ),
            models.Index(
                name="deposits_to_look_at", fields=["look_date"], condition=models.Q(state=DepositState.OPEN.value)
            ),
        ]


class DepositMove(models.Model):
    """
    Something that happened to a deposit; its money is on the note.

    due_date  of interest that falls due by the calendar: credited once
    is_final  the deposit ends by it
    """

    deposit = models.ForeignKey("billing.Deposit", on_delete=models.PROTECT, related_name="moves")
    kind = Code(choices=choices_of(MoveKind))
    amount_minor = models.BigIntegerField(help_text="Above 0; interest that is taken back is below.")
    note = models.ForeignKey(
        "billing.Bill", on_delete=models.PROTECT, null=True, related_name="deposit_moves", db_constraint=False
    )
    day = models.DateField()
    due_date = models.DateField(null=True)
    is_final = models.BooleanField(default=False)
    reason = models.CharField(max_length=200, default="", blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            one_of(name="deposit_move_kind_is_known", column="kind", values=MoveKind),
            models.CheckConstraint(
                name="deposit_move_is_an_amount",
                condition=models.Q(amount_minor__gt=0) | models.Q(kind=MoveKind.INTEREST.value),
            ),
            models.CheckConstraint(
                name="deposit_move_of_money_has_its_note",
                condition=models.Q(note__isnull=False)
                | models.Q(kind=MoveKind.INTEREST.value, amount_minor=0)
                | models.Q(kind=MoveKind.CANCEL.value),
            ),
            models.UniqueConstraint(
                name="deposit_interest_is_credited_once_a_due_date",
                fields=["deposit", "due_date"],
                condition=models.Q(kind=MoveKind.INTEREST.value),
            ),
            models.UniqueConstraint(name="deposit_ends_once", fields=["deposit"], condition=models.Q(is_final=True)),
        ]


class DepositRequest(models.Model):
    """What somebody asks to be done with a deposit; above the limit of a role a second person decides."""

    deposit = models.ForeignKey("billing.Deposit", on_delete=models.PROTECT, related_name="requests")
    kind = Code(choices=choices_of(RequestKind))
    amount_minor = models.BigIntegerField(help_text="What is asked to go back, or to be waived.")
    reason = models.CharField(max_length=200)
    state = Code(choices=choices_of(AdjustmentState), default=AdjustmentState.PROPOSED.value)
    is_for_two = models.BooleanField(default=True)
    key = models.CharField(max_length=100, unique=True, help_text="The same key twice is one request.")
    proposer_id = models.BigIntegerField(null=True, help_text="Of the staff; None: a program asked.")
    decider_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of(name="deposit_request_kind_is_known", column="kind", values=RequestKind),
            one_of(name="deposit_request_state_is_known", column="state", values=AdjustmentState),
            models.CheckConstraint(name="deposit_request_is_an_amount", condition=models.Q(amount_minor__gt=0)),
            models.UniqueConstraint(
                name="deposit_has_one_open_request",
                fields=["deposit"],
                condition=models.Q(state=AdjustmentState.PROPOSED.value),
            ),
            models.CheckConstraint(
                name="deposit_request_above_the_limit_is_agreed_by_two",
                condition=~models.Q(state=AdjustmentState.MADE.value)
                | models.Q(is_for_two=False)
                | models.Q(decider_id__isnull=False) & ~models.Q(decider_id=models.F("proposer_id")),
            ),
        ]
