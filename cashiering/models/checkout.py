"""Online payments: what was asked of a provider, what it said, and how its money came to the bank."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from cashiering.domain.checkouts import CheckoutState, Need, Origin, Word
from cashiering.domain.settlements import LineKind, LineState, PayoutState
from cis.platform.fields import Code, choices_of, one_of


class Checkout(models.Model):
    """
    One online payment that somebody was sent to a provider with.

    reference      our name of it; cannot be guessed, since it opens its page
    payment        the account's payment that the money became; of a consolidated bill the first of them
    consolidated_bill  what is paid as a whole; its account is the one that gets what is too much
    said_minor, said_currency  what the provider has, where that is not what was asked for [minor unit]
    suspense_minor part of it that stands in suspense [minor unit]
    need           why a person has to look at it; "" for nothing
    """

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="checkouts")
    consolidated_bill = models.ForeignKey(
        "billing.ConsolidatedBill", on_delete=models.PROTECT, null=True, related_name="checkouts"
    )
    provider = Code()
    reference = models.CharField(max_length=40, unique=True)
    provider_reference = models.CharField(max_length=100, default="", blank=True)
    payment_reference = models.CharField(max_length=100, default="", blank=True, help_text="The provider's, of money.")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = Code(choices=choices_of(CheckoutState), default=CheckoutState.CREATED.value)
    origin = Code(choices=choices_of(Origin))
    page_url = models.CharField(max_length=500, default="", blank=True)
    qr = models.CharField(max_length=500, default="", blank=True, help_text="What a wallet scans.")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True, help_text="When the provider was last asked what became of it.")
    settled_at = models.DateTimeField(null=True, help_text="When it was paid, failed, expired or went back.")
    payment = models.OneToOneField("billing.Payment", on_delete=models.PROTECT, null=True, related_name="checkout")
    said_minor = models.BigIntegerField(null=True)
    said_currency = models.CharField(max_length=3, default="", blank=True)
    suspense_minor = models.BigIntegerField(default=0)
    reason = models.CharField(max_length=200, default="", blank=True)
    need = Code(choices=choices_of(Need), default="", blank=True)
    proposed_by_id = models.BigIntegerField(null=True, help_text="Who wants held money to go back.")
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            one_of(name="checkout_state_is_known", column="state", values=CheckoutState),
            one_of(name="checkout_origin_is_known", column="origin", values=Origin),
            models.CheckConstraint(name="checkout_asks_for_money", condition=Q(amount_minor__gt=0)),
            models.CheckConstraint(
                name="paid_checkout_has_its_payment",
                condition=~Q(state=CheckoutState.PAID.value) | Q(payment__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="checkout_under_way", fields=["account", "state"], condition=Q(state__in=["created", "pending"])
            ),
            models.Index(name="checkout_in_need", fields=["id"], condition=~Q(need="")),
        ]


class CheckoutBill(models.Model):
    """What of a checkout is meant for a bill. [minor unit]"""

    checkout = models.ForeignKey(Checkout, on_delete=models.PROTECT, related_name="parts")
    bill = models.ForeignKey("billing.Bill", on_delete=models.PROTECT, related_name="+", db_constraint=False)
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="checkout_names_bill_once", fields=["checkout", "bill"]),
            models.CheckConstraint(name="checkout_part_is_money", condition=Q(amount_minor__gt=0)),
        ]


class CheckoutEvent(models.Model):
    """
    A message of a provider, kept as it came; the same name of a provider counts once.

    checkout  None: it names none of ours
    body      as it came; "" where the provider was asked
    """

    provider = Code()
    event_id = models.CharField(max_length=200)
    checkout = models.ForeignKey(Checkout, on_delete=models.PROTECT, null=True, related_name="events")
    reference = models.CharField(max_length=100)
    word = Code(choices=choices_of(Word))
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    payment = models.CharField(max_length=100, default="", blank=True)
    reason = models.CharField(max_length=200, default="", blank=True)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)
    body = models.TextField(default="", blank=True)
    outcome = Code(default="", blank=True, help_text="The action that followed; none: it changed nothing.")
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of(name="checkout_event_word_is_known", column="word", values=Word),
            models.UniqueConstraint(name="checkout_event_counts_once", fields=["provider", "event_id"]),
        ]
        indexes = [models.Index(name="checkout_event_of_nobody", fields=["id"], condition=Q(checkout=None))]


class Payout(models.Model):
    """
    A report of a provider on money that it brought to our bank at once: payments less what went back and its fees.

    net_minor  what the bank's statement must show, below 0 if the provider takes it [minor unit]
    line       the bank's line
    from_date, until_date  days of the payments in it, both included; None: its report names none
    """

    provider = Code()
    reference = models.CharField(max_length=100)
    paid_date = models.DateField()
    from_date = models.DateField(null=True)
    until_date = models.DateField(null=True)
    gross_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField()
    net_minor = models.BigIntegerField()
    state = Code(choices=choices_of(PayoutState), default=PayoutState.WAITING.value)
    document_id = models.BigIntegerField(help_text="platform.Document")
    sha256 = models.CharField(max_length=64)
    line = models.OneToOneField("cashiering.StatementLine", on_delete=models.PROTECT, null=True, related_name="payout")
    created_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            one_of(name="payout_state_is_known", column="state", values=PayoutState),
            models.UniqueConstraint(name="payout_counts_once", fields=["provider", "reference"]),
            models.CheckConstraint(name="payout_adds_up", condition=Q(net_minor=F("gross_minor") - F("fee_minor"))),
        ]


class PayoutLine(models.Model):
    """
    One line of a payout; gross above 0 came from a payer, below 0 went back to one. [minor unit]

    payment_reference  the provider's own name of the payment
    """

    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="lines")
    line_no = models.IntegerField()
    reference = models.CharField(max_length=100, default="", blank=True)
    payment_reference = models.CharField(max_length=100, default="", blank=True)
    kind = Code(choices=choices_of(LineKind), default=LineKind.PAYMENT.value)
    paid_date = models.DateField(null=True, help_text="When the payer paid, as the report says.")
    gross_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField()
    checkout = models.ForeignKey(Checkout, on_delete=models.PROTECT, null=True, related_name="payout_lines")
    state = Code(choices=choices_of(LineState))

    class Meta:
        constraints = [
            one_of(name="payout_line_state_is_known", column="state", values=LineState),
            one_of(name="payout_line_kind_is_known", column="kind", values=LineKind),
            models.UniqueConstraint(name="payout_line_stands_once", fields=["payout", "line_no"]),
        ]


class SandboxCheckout(models.Model):
    """What the sandbox provider knows of a checkout; ``token`` opens its hosted page."""

    provider = Code()
    reference = models.CharField(max_length=40, unique=True)
    token = models.CharField(max_length=40, unique=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    subject = models.CharField(max_length=200)
    return_url = models.CharField(max_length=500)
    expires_at = models.DateTimeField()
    state = Code(default="open")
    created_at = models.DateTimeField(default=timezone.now)


class SandboxSaying(models.Model):
    """
    One thing that the sandbox provider says of a checkout, from ``due_at`` on.

    flaw  how its message is spoiled: forged, late, lost; "" for a good one
    """

    checkout = models.ForeignKey(SandboxCheckout, on_delete=models.PROTECT, related_name="sayings")
    event_id = models.CharField(max_length=60)
    word = Code(choices=choices_of(Word))
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    payment = models.CharField(max_length=60, default="", blank=True)
    reason = models.CharField(max_length=200, default="", blank=True)
    occurred_at = models.DateTimeField()
    due_at = models.DateTimeField()
    flaw = Code(default="", blank=True)
    is_sent = models.BooleanField(default=False)
    is_paid_out = models.BooleanField(default=False, help_text="It stands in a report of a payout.")

    class Meta:
        indexes = [models.Index(name="sandbox_saying_due", fields=["due_at"], condition=Q(is_sent=False))]
