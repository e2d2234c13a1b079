"""What people decide about the money of an account: adjustments, and money that is moved to another account."""

from django.db import models

from billing.domain.adjustments import AdjustmentState, MovedThing
from billing.models.second_person import MADE, Decision, decided_by_two
from cis.platform.fields import Code, choices_of, one_of


class Adjustment(Decision):
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
    note = models.OneToOneField("billing.Bill", on_delete=models.PROTECT, null=True, related_name="adjustment")
    credit_note = models.OneToOneField("billing.Bill", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            one_of(name="adjustment_state_is_known", column="state", values=AdjustmentState),
            models.CheckConstraint(name="adjustment_is_an_amount", condition=~models.Q(amount_minor=0)),
            models.CheckConstraint(
                name="adjustment_that_was_made_has_its_note",
                condition=models.Q(state__in=MADE, note__isnull=False, made_date__isnull=False)
                | ~models.Q(state__in=MADE) & models.Q(note=None),
            ),
            decided_by_two("adjustment_above_the_limit_is_agreed_by_two"),
        ]


class MoneyMove(Decision):
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
    payment = models.ForeignKey("billing.Payment", on_delete=models.PROTECT, null=True, related_name="moves")
    moved_payment = models.OneToOneField("billing.Payment", on_delete=models.PROTECT, null=True, related_name="+")
    back_payment = models.OneToOneField("billing.Payment", on_delete=models.PROTECT, null=True, related_name="+")
    from_note = models.OneToOneField("billing.Bill", on_delete=models.PROTECT, null=True, related_name="+")
    to_note = models.OneToOneField("billing.Bill", on_delete=models.PROTECT, null=True, related_name="+")

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
            decided_by_two("money_move_above_the_limit_is_agreed_by_two"),
        ]
