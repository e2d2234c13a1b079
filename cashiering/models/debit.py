"""Mandates, debits by them, and the batches in which debits go to a bank."""

from django.db import models
from django.utils import timezone

from cashiering.domain.bank_accounts import AccountKind
from cashiering.domain.debit_batches import BatchState
from cashiering.domain.debits import UNDER_WAY, DebitState, DropReason, SequenceType
from cashiering.domain.mandates import EndReason, MandateState, MandateWay
from cis.platform.fields import Code, SealedText, choices_of, one_of


class Mandate(models.Model):
    """
    A customer's leave to debit an account at a bank; an account has one that holds, or none.

    bank_account  the whole number: shown by its end alone, and each look at it is recorded
    scan_id       platform.Document of what was signed on paper
    evidence      what another program has of the signature
    key           name of the request that made it; the same again is the same mandate
    """

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="mandates")
    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="mandates")
    reference = models.CharField(max_length=35, unique=True)
    state = Code(choices=choices_of(MandateState), default=MandateState.ASKED.value)
    way = Code(choices=choices_of(MandateWay))
    holder_name = models.CharField(max_length=70)
    is_of_other = models.BooleanField(default=False, help_text="The account at the bank is not the customer's.")
    account_kind = Code(choices=choices_of(AccountKind))
    bank_account = SealedText()
    bank_code = models.CharField(max_length=12, default="")
    limit_minor = models.BigIntegerField(help_text="The most that one debit may be.")
    is_one_off = models.BooleanField(default=False)
    signed_date = models.DateField(null=True)
    signed_by = models.CharField(max_length=200, default="")
    scan_id = models.BigIntegerField(null=True)
    evidence = models.CharField(max_length=200, default="")
    last_used_date = models.DateField(null=True)
    suspend_reason = models.CharField(max_length=200, default="")
    end_reason = Code(choices=choices_of(EndReason), default="")
    ended_date = models.DateField(null=True)
    key = models.CharField(max_length=100, unique=True, null=True)  # noqa: DJ001 (no key is no name)
    created_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            one_of(name="mandate_state_is_known", column="state", values=MandateState),
            models.CheckConstraint(name="mandate_has_a_limit", condition=models.Q(limit_minor__gt=0)),
            models.CheckConstraint(
                name="mandate_that_holds_is_signed",
                condition=~models.Q(state__in=["active", "suspended"]) | models.Q(signed_date__isnull=False),
            ),
            models.UniqueConstraint(
                name="account_has_one_mandate",
                fields=["account"],
                condition=models.Q(state__in=["active", "suspended"]),
            ),
        ]


class DebitBatch(models.Model):
    """Debits that go to a bank in one file. ``created_at`` stands in the file, so it never changes."""

    reference = models.CharField(max_length=20, unique=True)
    state = Code(choices=choices_of(BatchState), default=BatchState.MADE.value)
    made_date = models.DateField()
    debit_count = models.IntegerField()
    amount_minor = models.BigIntegerField()
    document_id = models.BigIntegerField(null=True, help_text="platform.Document: the file.")
    sha256 = models.CharField(max_length=64, default="")
    proposer_id = models.BigIntegerField(null=True)
    released_by_id = models.BigIntegerField(null=True)
    released_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    bank_says = models.CharField(max_length=200, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            one_of(name="debit_batch_state_is_known", column="state", values=BatchState),
            models.CheckConstraint(
                name="sent_batch_has_a_file",
                condition=models.Q(state__in=["made", "proposed", "dropped"]) | models.Q(document_id__isnull=False),
            ),
        ]


class Debit(models.Model):
    """
    What is taken of an account at a bank for one bill; a second try is a debit of its own.

    held_reasons  codes of ``HeldReason``, by blanks
    handled_at    what follows from its return was done; ``problem``: why it could not be
    note          the note that charges the bank's fee on
    decided_at    when a debit that was held was let go, or dropped
    """

    mandate = models.ForeignKey("cashiering.Mandate", on_delete=models.PROTECT, related_name="debits")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="debits")
    bill = models.ForeignKey("billing.Bill", on_delete=models.PROTECT, related_name="debits")
    attempt = models.SmallIntegerField(default=1)
    state = Code(choices=choices_of(DebitState), default=DebitState.PLANNED.value)
    amount_minor = models.BigIntegerField()
    collection_date = models.DateField()
    sequence = models.CharField(max_length=4, choices=choices_of(SequenceType), default="")
    batch = models.ForeignKey("cashiering.DebitBatch", on_delete=models.PROTECT, null=True, related_name="debits")
    held_reasons = models.CharField(max_length=120, default="")
    usual_minor = models.BigIntegerField(null=True, help_text="Median of the last debits, when it was planned.")
    proposer_id = models.BigIntegerField(null=True)
    released_by_id = models.BigIntegerField(null=True)
    payment = models.OneToOneField("billing.Payment", on_delete=models.PROTECT, null=True, related_name="debit")
    collected_date = models.DateField(null=True)
    returned_date = models.DateField(null=True)
    return_code = models.CharField(max_length=10, default="")
    return_reason = models.CharField(max_length=200, default="")
    bank_fee_minor = models.BigIntegerField(default=0)
    note = models.OneToOneField("billing.Bill", on_delete=models.PROTECT, null=True, related_name="debit_fee")
    handled_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, default="")
    drop_reason = Code(choices=choices_of(DropReason), default="")
    decided_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            one_of(name="debit_state_is_known", column="state", values=DebitState),
            models.CheckConstraint(name="debit_is_an_amount", condition=models.Q(amount_minor__gt=0)),
            models.CheckConstraint(
                name="collected_debit_has_a_payment",
                condition=~models.Q(state__in=["collected", "returned"]) | models.Q(payment__isnull=False),
            ),
            models.UniqueConstraint(
                name="bill_has_one_debit_under_way",
                fields=["bill"],
                condition=models.Q(state__in=[state.value for state in UNDER_WAY]),
            ),
        ]
        indexes = [
            models.Index(name="debit_by_state", fields=["state", "collection_date", "id"]),
            models.Index(name="debit_by_account", fields=["account", "-collection_date"]),
        ]


class SandboxDebitAnswer(models.Model):
    """What the sandbox bank has to say of debits: a file, and from when on."""

    key = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=100)
    content = models.BinaryField()
    due_at = models.DateTimeField()
    is_confirmed = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(name="debit_answer_due", fields=["due_at", "id"], condition=models.Q(is_confirmed=False))
        ]
