"""What people decide about the money of an account: adjustments, and money that is moved to another account."""

from django.db import models
from django.utils import timezone

from billing.domain.adjustments import AdjustmentState, MovedThing
from cis.platform.fields import Code, choices_of, one_of

_MADE = [AdjustmentState.MADE.value, AdjustmentState.REVERSED.value]


def _decided_by_two(name: str) -> models.CheckConstraint:
    """Return the rule that another person has agreed to what one alone may not do."""
    return models.CheckConstraint(
        name=name,
        condition=~models.Q(state__in=_MADE)
        | models.Q(is_for_two=False)
        | models.Q(decider_id__isnull=False) & ~models.Q(decider_id=models.F("proposer_id")),
    )


class Adjustment(models.Model):
    """
    An amount that is owed (above 0) or credited (below 0) for a reason of the place, by a note of its own.

    credit_note  takes it back
    """

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="adjustments")
    reason = Code(help_text="Code of the pack rule adjustments.")
    amount_minor = models.BigIntegerField(help_text="With its tax.")
    tax_minor = models.BigIntegerField(default=0)
    ledger_class = models.CharField(max_length=20)
    text = models.CharField(max_length=200, help_text="What it is for, as the note prints it.")
    state = Code(choices=choices_of(AdjustmentState), default=AdjustmentState.PROPOSED.value)
    is_for_two = models.BooleanField(default=False)
    key = models.CharField(max_length=100, unique=True, help_text="The same key twice is one adjustment.")
    note = models.OneToOneField("billing.Bill", on_delete=models.PROTECT, null=True, related_name="adjustment")
    credit_note = models.OneToOneField("billing.Bill", on_delete=models.PROTECT, null=True, related_name="+")
    made_date = models.DateField(null=True)
    proposer_id = models.BigIntegerField()
    decider_id = models.BigIntegerField(null=True)
    reverser_id = models.BigIntegerField(null=True)
    reverse_reason = models.CharField(max_length=200, default="", blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            one_of(name="adjustment_state_is_known", column="state", values=AdjustmentState),
            models.CheckConstraint(name="adjustment_is_an_amount", condition=~models.Q(amount_minor=0)),
            models.CheckConstraint(
                name="adjustment_that_was_made_has_its_note",
                condition=models.Q(state__in=_MADE, note__isnull=False, made_date__isnull=False)
                | ~models.Q(state__in=_MADE) & models.Q(note=None),
            ),
            _decided_by_two("adjustment_above_the_limit_is_agreed_by_two"),
        ]


class MoneyMove(models.Model):
    """
    Money that was on the wrong account: a payment booked there anew, or credit moved by a note on each side.

    payment, moved_payment, back_payment  the payment as it came; on the right account; on the first one again
    from_note, to_note                    of moved credit
    """

    thing = Code(choices=choices_of(MovedThing))
    from_account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="money_moved_out")
    to_account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="money_moved_in")
    amount_minor = models.BigIntegerField()
    reason = models.CharField(max_length=200)
    state = Code(choices=choices_of(AdjustmentState), default=AdjustmentState.PROPOSED.value)
    is_for_two = models.BooleanField(default=False)
    key = models.CharField(max_length=100, unique=True, help_text="The same key twice is one move.")
    payment = models.ForeignKey("billing.Payment", on_delete=models.PROTECT, null=True, related_name="moves")
    moved_payment = models.OneToOneField("billing.Payment", on_delete=models.PROTECT, null=True, related_name="+")
    back_payment = models.OneToOneField("billing.Payment", on_delete=models.PROTECT, null=True, related_name="+")
    from_note = models.OneToOneField("billing.Bill", on_delete=models.PROTECT, null=True, related_name="+")
    to_note = models.OneToOneField("billing.Bill", on_delete=models.PROTECT, null=True, related_name="+")
    made_date = models.DateField(null=True)
    proposer_id = models.BigIntegerField()
    decider_id = models.BigIntegerField(null=True)
    reverser_id = models.BigIntegerField(null=True)
    reverse_reason = models.CharField(max_length=200, default="", blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            one_of(name="money_move_state_is_known", column="state", values=AdjustmentState),
            one_of(name="moved_thing_is_known", column="thing", values=MovedThing),
            models.CheckConstraint(name="money_move_is_an_amount", condition=models.Q(amount_minor__gt=0)),
            models.CheckConstraint(
                name="money_moves_to_another_account", condition=~models.Q(from_account=models.F("to_account"))
            ),
            models.CheckConstraint(
                name="money_move_is_of_its_thing",
                condition=models.Q(thing=MovedThing.PAYMENT.value, payment__isnull=False, from_note=None, to_note=None)
                | models.Q(thing=MovedThing.CREDIT.value, payment=None, moved_payment=None),
            ),
            models.UniqueConstraint(
                name="payment_is_moved_once", fields=["payment"], condition=models.Q(state__in=["proposed", "made"])
            ),
            _decided_by_two("money_move_above_the_limit_is_agreed_by_two"),
        ]
