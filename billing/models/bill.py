"""
Bills: document, one agreement's part, one price line.

Parent and child are written by the same chunk, so the keys between them have ``db_constraint=False``; a set-based
check in the chunk and the nightly ``verify_ledger`` stand in for them. Keys to other rooms are real.
"""

from enum import StrEnum

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of


class BillState(StrEnum):
    """States of a bill. Only a draft may vanish."""

    DRAFT = "draft"
    HELD = "held"
    ISSUED = "issued"
    CANCELLED = "cancelled"


class BillKind(StrEnum):
    """
    What a bill is.

    REGULAR   the bill for a run's period
    CREDIT    a credit note that cancels one bill whole
    NOTE      charges or credits that do not wait for the next run
    LATE_FEE  a note of late fees, which bears none itself
    """

    REGULAR = "regular"
    CREDIT = "credit"
    NOTE = "note"
    LATE_FEE = "late_fee"


OWED_KINDS = (BillKind.REGULAR, BillKind.NOTE, BillKind.LATE_FEE)
"""Kinds that are owed while they are issued; a credit note takes back a bill that is cancelled, and so is neither."""


class Bill(models.Model):
    """
    What one account owes for a period; a draft owes nothing and has no number.

    ``amount_minor`` is the sum of its lines; negative for a credit.
    """

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="bills")
    run = models.ForeignKey("billing.BillRun", on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False)
    chunk = models.ForeignKey(
        "billing.RunChunk", on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False
    )
    kind = Code(choices=choices_of(BillKind), default=BillKind.REGULAR.value)
    state = Code(choices=choices_of(BillState), default=BillState.DRAFT.value)
    number = models.CharField(max_length=20, null=True, unique=True)  # noqa: DJ001 (a draft has none)
    start_date = models.DateField()
    end_date = models.DateField()
    issue_date = models.DateField(null=True)
    due_date = models.DateField(null=True)
    energy_wh = models.BigIntegerField(default=0)
    amount_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField(default=0, help_text="VAT contained in the amount.")
    balance_before_minor = models.BigIntegerField(default=0, help_text="Owed before this bill, when it was issued.")
    cancels = models.OneToOneField(
        "billing.Bill", on_delete=models.PROTECT, null=True, related_name="credit_note", db_constraint=False
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            one_of(name="bill_state_is_known", column="state", values=BillState),
            one_of(name="bill_kind_is_known", column="kind", values=BillKind),
            models.CheckConstraint(
                name="only_an_issued_bill_has_a_number",
                condition=models.Q(number__isnull=True, state__in=["draft", "held"])
                | models.Q(number__isnull=False, issue_date__isnull=False, state__in=["issued", "cancelled"]),
            ),
        ]
        indexes = [
            models.Index(name="bill_by_chunk", fields=["run", "chunk"]),
            models.Index(
                name="bill_by_due_date",
                fields=["due_date", "id"],
                condition=models.Q(state="issued") & ~models.Q(kind="credit"),
            ),
        ]


class BillSegment(models.Model):
    """
    One agreement's part of a bill, at one tariff version, over [start_date, end_date).

    Frozen once its bill is issued. ``cancels`` names the segment that this one takes back: its lines are the
    negatives. A segment is in force while its bill is issued and no issued segment cancels it.
    """

    bill = models.ForeignKey("billing.Bill", on_delete=models.PROTECT, related_name="segments", db_constraint=False)
    agreement = models.ForeignKey(
        "contracts.ServiceAgreement", on_delete=models.PROTECT, related_name="segments", db_index=False
    )
    tariff_version = models.ForeignKey(
        "tariffs.TariffVersion", on_delete=models.PROTECT, related_name="segments", db_index=False
    )
    start_date = models.DateField()
    end_date = models.DateField()
    period_start_date = models.DateField(help_text="First day of the billed period that this is a piece of.")
    period_end_date = models.DateField()
    used_wh = models.BigIntegerField()
    before_wh = models.BigIntegerField(help_text="Used since the tier year began, before this segment. [Wh]")
    household = models.SmallIntegerField()
    is_estimated = models.BooleanField(default=False)
    amount_minor = models.BigIntegerField()
    redelivered = models.IntegerField(
        default=0,
        db_default=0,
        help_text="Newer versions of interval days that were known when its energy was split; more: split again.",
    )
    inputs = ArrayField(
        models.BigIntegerField(),
        null=True,
        help_text="What it was rated by, in the order of its tariff version; none where it takes back another.",
    )
    handed_on = ArrayField(
        models.BigIntegerField(),
        null=True,
        help_text="What the segments after it read of it, in the order of its tariff version; none: nothing.",
    )
    cancels = models.OneToOneField(
        "billing.BillSegment", on_delete=models.PROTECT, null=True, related_name="cancelled_by", db_constraint=False
    )

    class Meta:
        indexes = [models.Index(name="segment_by_agreement", fields=["agreement", "start_date"])]


class BillLine(models.Model):
    """
    One printed price line.

    quantity x price / unit = amount, rounded once. For energy the quantity is in Wh and the price per kWh; for days
    and months the quantity is in 10^-9 of the unit.
    """

    pk = models.CompositePrimaryKey("bill_id", "seq")
    bill = models.ForeignKey(
        "billing.Bill", on_delete=models.PROTECT, related_name="lines", db_constraint=False, db_index=False
    )  # the primary key begins with it
    seq = models.IntegerField()
    segment = models.ForeignKey(
        "billing.BillSegment", on_delete=models.PROTECT, related_name="lines", db_constraint=False, db_index=False
    )
    code = models.CharField(max_length=40, help_text="Component of the tariff.")
    step = models.SmallIntegerField(default=0, help_text="Step of use, from 1; 0: none.")
    period_of_use = models.CharField(max_length=20, default="")
    unit = models.CharField(max_length=10)
    quantity = models.BigIntegerField()
    price_e6 = models.BigIntegerField()
    amount_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField(default=0, help_text="VAT contained in the amount; posted as tax.")
    ledger_class = models.CharField(max_length=20)


class PrintedBill(models.Model):
    """A PDF of a bill that was made: one for each content that it ever had."""

    bill = models.ForeignKey(
        "billing.Bill", on_delete=models.PROTECT, related_name="printings", db_constraint=False, db_index=False
    )
    content_sha256 = models.CharField(max_length=64, help_text="Hash of all that the PDF depends on.")
    document = models.ForeignKey("platform.Document", on_delete=models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(name="content_printed_once", fields=["bill", "content_sha256"])]
