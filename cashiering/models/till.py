"""Tills: who had which one open, what came in, and what was counted."""

from django.db import models
from django.utils import timezone

from cashiering.domain.tills import CashMove, Means, ReceiptState, SessionState
from cis.platform.fields import Code, choices_of, one_of

NOT_CLOSED = models.Q(state__in=[SessionState.OPEN.value, SessionState.COUNTED.value])


class Till(models.Model):
    """A drawer for money at a counter."""

    code = Code(unique=True)
    name = models.CharField(max_length=100)
    place = models.CharField(max_length=200, default="")
    is_active = models.BooleanField(default=True)


class TillSession(models.Model):
    """
    One person at one till, from the count of the float to the close.

    expected_minor, counted_minor  at the close [minor unit]
    deposit_minor                  what of the counted cash goes to the bank; the rest goes to the safe [minor unit]
    """

    till = models.ForeignKey("cashiering.Till", on_delete=models.PROTECT, related_name="sessions")
    cashier_id = models.BigIntegerField(help_text="accounts.User")
    opened_date = models.DateField()
    opened_at = models.DateTimeField(default=timezone.now)
    float_minor = models.BigIntegerField()
    state = Code(choices=choices_of(SessionState), default=SessionState.OPEN.value)
    expected_minor = models.BigIntegerField(null=True)
    counted_minor = models.BigIntegerField(null=True)
    deposit_minor = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=200, default="", help_text="How a difference is explained.")
    counted_at = models.DateTimeField(null=True)
    counted_by_id = models.BigIntegerField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_date = models.DateField(null=True)
    confirmed_by_id = models.BigIntegerField(null=True, help_text="The second person.")

    class Meta:
        constraints = [
            one_of(name="session_state_is_known", column="state", values=SessionState),
            models.CheckConstraint(name="float_is_not_negative", condition=models.Q(float_minor__gte=0)),
            models.CheckConstraint(
                name="session_is_closed_when_counted",
                condition=models.Q(state=SessionState.OPEN.value)
                | models.Q(counted_minor__gte=0, deposit_minor__gte=0, deposit_minor__lte=models.F("counted_minor")),
            ),
            models.UniqueConstraint(name="till_is_open_once", fields=["till"], condition=NOT_CLOSED),
            models.UniqueConstraint(name="cashier_has_one_till_open", fields=["cashier_id"], condition=NOT_CLOSED),
        ]
        indexes = [models.Index(name="session_by_date", fields=["opened_date", "id"])]


class TillCount(models.Model):
    """How many of a note or coin were counted; ``is_closing`` False: when the till was opened."""

    session = models.ForeignKey("cashiering.TillSession", on_delete=models.PROTECT, related_name="counts")
    is_closing = models.BooleanField()
    face_minor = models.BigIntegerField()
    pieces = models.IntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="pieces_are_counted", condition=models.Q(pieces__gt=0, face_minor__gt=0)),
            models.UniqueConstraint(name="face_is_counted_once", fields=["session", "is_closing", "face_minor"]),
        ]


class Receipt(models.Model):
    """
    Money that was taken at a till, with what was given and given back.

    form       name of the form that it was sent with: the same form twice is the same receipt
    reference  of the slip of a card, a cheque, or a purse
    """

    number = models.CharField(max_length=20, unique=True)
    session = models.ForeignKey("cashiering.TillSession", on_delete=models.PROTECT, related_name="receipts")
    form = models.CharField(max_length=64, unique=True)
    means = Code(choices=choices_of(Means))
    amount_minor = models.BigIntegerField()
    change_minor = models.BigIntegerField()
    reference = models.CharField(max_length=100, default="")
    taken_date = models.DateField()
    taken_at = models.DateTimeField(default=timezone.now)
    state = Code(choices=choices_of(ReceiptState), default=ReceiptState.TAKEN.value)
    reason = models.CharField(max_length=200, default="", help_text="Why it is to be cancelled.")
    asked_by_id = models.BigIntegerField(null=True)
    decided_by_id = models.BigIntegerField(null=True)
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of(name="receipt_means_are_known", column="means", values=Means),
            one_of(name="receipt_state_is_known", column="state", values=ReceiptState),
            models.CheckConstraint(
                name="receipt_is_positive", condition=models.Q(amount_minor__gt=0, change_minor__gte=0)
            ),
        ]


class ReceiptPart(models.Model):
    """What of a receipt went to an account, as a payment."""

    receipt = models.ForeignKey("cashiering.Receipt", on_delete=models.PROTECT, related_name="parts")
    payment = models.OneToOneField("billing.Payment", on_delete=models.PROTECT, related_name="receipt_part")
    amount_minor = models.BigIntegerField()


class ReceiptPrint(models.Model):
    """A print of a receipt; number 1 is the original, each later one is marked as a copy."""

    receipt = models.ForeignKey("cashiering.Receipt", on_delete=models.PROTECT, related_name="prints")
    number = models.IntegerField()
    printed_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="receipt_print_is_numbered", fields=["receipt", "number"])]


class CashMovement(models.Model):
    """Cash that was brought to an open till or taken from it, beside payments."""

    session = models.ForeignKey("cashiering.TillSession", on_delete=models.PROTECT, related_name="movements")
    form = models.CharField(max_length=64, unique=True)
    kind = Code(choices=choices_of(CashMove))
    amount_minor = models.BigIntegerField()
    reason = models.CharField(max_length=200)
    moved_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            one_of(name="cash_move_is_known", column="kind", values=CashMove),
            models.CheckConstraint(name="cash_movement_is_positive", condition=models.Q(amount_minor__gt=0)),
        ]


class BankDeposit(models.Model):
    """
    Money of a till that is on its way to our account at the bank, until a statement says that it came.

    means        CARD, WALLET: who runs them pays it to us
    line         the line of the statement
    fee_minor    what was kept of it on the way, or what the bank counted less (below 0: more) [minor unit]
    """

    session = models.ForeignKey("cashiering.TillSession", on_delete=models.PROTECT, related_name="deposits")
    means = Code(choices=choices_of(Means))
    amount_minor = models.BigIntegerField()
    sent_date = models.DateField()
    line = models.OneToOneField("cashiering.StatementLine", on_delete=models.PROTECT, null=True, related_name="deposit")
    arrived_date = models.DateField(null=True)
    fee_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            one_of(name="deposit_means_are_known", column="means", values=Means),
            models.CheckConstraint(name="deposit_is_positive", condition=models.Q(amount_minor__gt=0)),
        ]
        indexes = [
            models.Index(
                name="deposit_on_its_way", fields=["amount_minor"], condition=models.Q(arrived_date__isnull=True)
            )
        ]
