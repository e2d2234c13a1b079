"""Statements of the bank: files, statements, their lines, and what became of each."""

from django.db import models
from django.utils import timezone

from cashiering.domain.bank_lines import LineState
from cashiering.domain.statements import StatementFormat
from cis.platform.fields import Code, SealedText, choices_of, one_of


class StatementFile(models.Model):
    """A file of a bank, kept by SHA-256: the same file twice is the same result."""

    sha256 = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=255)
    document_id = models.BigIntegerField(help_text="platform.Document")
    known = models.IntegerField(default=0, help_text="Statements in it that came in an earlier file.")
    imported_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)


class BankStatement(models.Model):
    """One statement or notification of one account at the bank; a file may hold several."""

    file = models.ForeignKey("cashiering.StatementFile", on_delete=models.PROTECT, related_name="statements")
    format = Code(choices=choices_of(StatementFormat))
    reference = models.CharField(max_length=140, help_text="As the bank names it.")
    bank_account = models.CharField(max_length=140)
    currency = models.CharField(max_length=3)
    opening_minor = models.BigIntegerField(null=True, help_text="None: a notification has no balances.")
    closing_minor = models.BigIntegerField(null=True)
    moved_minor = models.BigIntegerField(help_text="Sum of its lines.")
    statement_date = models.DateField(null=True, help_text="Of its closing balance, else of its last line.")
    line_count = models.IntegerField()
    pending = models.IntegerField(default=0, help_text="Entries that the bank had not booked yet; left out.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            one_of(name="statement_format_is_known", column="format", values=StatementFormat),
            models.UniqueConstraint(name="statement_counts_once", fields=["bank_account", "format", "reference"]),
        ]
        indexes = [models.Index(name="statement_by_date", fields=["statement_date", "id"])]


class StatementLine(models.Model):
    """
    One movement on an account at the bank.

    entry_minor     what all lines of its entry add up to, credits above 0 [minor unit]
    suspense_minor  part of it that stands in suspense [minor unit]
    reason, score   what was found when it was matched
    """

    statement = models.ForeignKey(
        "cashiering.BankStatement", on_delete=models.PROTECT, related_name="lines", db_index=False
    )
    line_no = models.IntegerField()
    bank_account = models.CharField(max_length=140)
    entry_reference = models.CharField(max_length=140, default="")
    entry_minor = models.BigIntegerField()
    bank_reference = models.CharField(max_length=140, default="")
    end_to_end_id = models.CharField(max_length=140, default="")
    is_credit = models.BooleanField()
    amount_minor = models.BigIntegerField()
    booking_date = models.DateField()
    value_date = models.DateField()
    payer_name = models.CharField(max_length=200, default="")
    payer_account = SealedText(default="")
    remittance = models.CharField(max_length=1000, default="")
    is_reversal = models.BooleanField(default=False)
    return_reason = models.CharField(max_length=200, default="")
    original = models.CharField(max_length=300, default="")
    charges_minor = models.BigIntegerField(default=0, db_default=0, help_text="The bank's fee, part of the amount.")
    state = Code(choices=choices_of(LineState), default=LineState.NEW.value)
    reason = Code(default="")
    score = models.SmallIntegerField(default=0)
    suspense_minor = models.BigIntegerField(default=0)
    earlier = models.ForeignKey(
        "cashiering.StatementLine",
        on_delete=models.PROTECT,
        null=True,
        help_text="The line that it repeats, takes back, or belongs to.",
    )

    class Meta:
        constraints = [
            one_of(name="line_state_is_known", column="state", values=LineState),
            models.CheckConstraint(name="line_moves_money", condition=models.Q(amount_minor__gt=0)),
            models.CheckConstraint(
                name="suspense_is_part_of_line",
                condition=models.Q(suspense_minor__gte=0, suspense_minor__lte=models.F("amount_minor")),
            ),
            models.UniqueConstraint(name="line_stands_once", fields=["statement", "line_no"]),
        ]
        indexes = [
            models.Index(name="line_by_entry", fields=["bank_account", "entry_reference"]),
            models.Index(name="line_by_end_to_end_id", fields=["end_to_end_id"], condition=~models.Q(end_to_end_id="")),
            models.Index(
                name="line_to_be_done",
                fields=["state", "id"],
                condition=models.Q(state__in=["new", "suspense", "proposed"]),
            ),
            # Many pay the same amount on a day: by these few columns lines are found that look the same.
            models.Index(name="line_by_look", fields=["amount_minor", "booking_date", "payer_name", "end_to_end_id"]),
        ]


class LinePart(models.Model):
    """What of a line went to an account, as a payment."""

    line = models.ForeignKey("cashiering.StatementLine", on_delete=models.PROTECT, related_name="parts")
    payment = models.OneToOneField("billing.Payment", on_delete=models.PROTECT, related_name="statement_part")
    amount_minor = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)


class LineSuggestion(models.Model):
    """An account that the money of a line in suspense may be for."""

    line = models.ForeignKey("cashiering.StatementLine", on_delete=models.PROTECT, related_name="suggestions")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    score = models.SmallIntegerField()
    evidence = Code()


class LineDecision(models.Model):
    """What a person decided on a line: its money goes back, or it is known for what it went out."""

    line = models.ForeignKey("cashiering.StatementLine", on_delete=models.PROTECT, related_name="decisions")
    kind = Code()
    amount_minor = models.BigIntegerField()
    reason = models.CharField(max_length=200)
    actor_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    agreed_by_id = models.BigIntegerField(null=True, help_text="The second person.")
    decided_at = models.DateTimeField(null=True, help_text="Empty: a second person has not decided yet.")
    is_dropped = models.BooleanField(default=False)
