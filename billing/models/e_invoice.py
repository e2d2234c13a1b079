"""E-invoices, blue and red, with their lines; and what the sandbox platform knows."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from billing.domain.e_invoices import InvoiceKind, InvoiceState, Nature, RedReason
from cis.platform.fields import Code, SealedText, choices_of, one_of

_NOT_FINAL = [InvoiceState.PROPOSED, InvoiceState.DUE, InvoiceState.ASKED, InvoiceState.FAILED]


class EInvoice(models.Model):
    """
    One e-invoice (数电发票) that says a sale of a bill, or takes one back.

    ``bill`` is the bill whose sale it says: of a red one the credit note or the correction that takes the sale back. A
    red one names its blue one by ``reverses``. ``waits_for`` has to be issued before it is asked for.
    """

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="e_invoices")
    bill = models.ForeignKey("billing.Bill", on_delete=models.PROTECT, related_name="e_invoices")
    reverses = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="reds")
    waits_for = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    round = models.SmallIntegerField(default=1, help_text="Issued anew so many times for the same bill.")
    part = models.SmallIntegerField(default=1, help_text="Where the lines of a bill need more than one.")
    kind = Code(choices=choices_of(InvoiceKind))
    state = Code(choices=choices_of(InvoiceState), default=InvoiceState.DUE.value)
    request_id = models.CharField(max_length=40, unique=True, help_text="The same one is the same invoice.")
    attempt = models.SmallIntegerField(default=1, help_text="Counts on after each refusal.")
    buyer_name = models.CharField(max_length=200)
    buyer_is_person = models.BooleanField(default=False)
    buyer_tax_number = models.CharField(max_length=20, default="", blank=True)
    buyer_address = models.CharField(max_length=300, default="", blank=True)
    buyer_phone = models.CharField(max_length=60, default="", blank=True)
    buyer_bank_name = models.CharField(max_length=120, default="", blank=True)
    buyer_bank_account = SealedText(default="", blank=True)
    net_minor = models.BigIntegerField(help_text="Without tax; below 0 of a red one.")
    tax_minor = models.BigIntegerField()
    remark = models.CharField(max_length=230, default="", blank=True)
    red_reason = Code(choices=choices_of(RedReason), default="", blank=True)
    is_by_hand = models.BooleanField(default=False)
    number = models.CharField(max_length=20, null=True, unique=True)  # noqa: DJ001 (only an issued one has it)
    confirmation = models.CharField(max_length=20, default="", blank=True, help_text="Number of the red form.")
    is_specimen = models.BooleanField(default=False, help_text="A sandbox issued it: it is no tax document.")
    issued_at = models.DateTimeField(null=True)
    issued_date = models.DateField(null=True)
    asked_at = models.DateTimeField(null=True)
    tries = models.IntegerField(default=0)
    fail_code = Code(default="", blank=True)
    fail_text = models.CharField(max_length=300, default="", blank=True)
    failed_at = models.DateTimeField(null=True)
    document_id = models.BigIntegerField(null=True, help_text="platform.Document: the platform's own file.")
    proposer_id = models.BigIntegerField(null=True)
    decider_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            one_of(name="e_invoice_kind_is_known", column="kind", values=InvoiceKind),
            one_of(name="e_invoice_state_is_known", column="state", values=InvoiceState),
            models.UniqueConstraint(
                name="e_invoice_stands_once", fields=["bill", "reverses", "round", "part"], nulls_distinct=False
            ),
            models.CheckConstraint(
                name="issued_e_invoice_has_a_number",
                condition=Q(number__isnull=True, issued_at__isnull=True, issued_date__isnull=True)
                & ~Q(state=InvoiceState.ISSUED.value)
                | Q(
                    number__isnull=False,
                    issued_at__isnull=False,
                    issued_date__isnull=False,
                    state=InvoiceState.ISSUED.value,
                ),
            ),
            models.CheckConstraint(
                name="red_e_invoice_is_below_zero",
                condition=Q(reverses__isnull=True) | Q(net_minor__lte=0, tax_minor__lte=0) & ~Q(red_reason=""),
            ),
            models.CheckConstraint(
                name="nobody_takes_an_e_invoice_back_alone",
                condition=Q(proposer_id__isnull=True)
                | Q(decider_id__isnull=True)
                | ~Q(decider_id=models.F("proposer_id")),
            ),
        ]
        indexes = [
            models.Index(
                name="e_invoice_under_way", fields=["state", "id"], condition=Q(state__in=[str(s) for s in _NOT_FINAL])
            ),
            models.Index(name="e_invoice_by_issued_date", fields=["issued_date", "id"]),
        ]


class EInvoiceLine(models.Model):
    """One line of an e-invoice; see ``billing.domain.e_invoices.Line``."""

    invoice = models.ForeignKey(EInvoice, on_delete=models.PROTECT, related_name="lines")
    seq = models.IntegerField()
    key = models.CharField(max_length=100)
    name = models.CharField(max_length=200)
    category = models.CharField(max_length=19)
    unit = models.CharField(max_length=20, default="", blank=True)
    quantity = models.BigIntegerField(default=0)
    places = models.SmallIntegerField(default=0, help_text="Decimals of the quantity.")
    price_e10 = models.BigIntegerField(null=True, help_text="Of one unit, without tax. [10^-10 major unit]")
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    rate_e6 = models.IntegerField(help_text="0: not taxed.")
    nature = Code(choices=choices_of(Nature))
    blue_seq = models.IntegerField(default=0)

    class Meta:
        constraints = [
            one_of(name="e_invoice_nature_is_known", column="nature", values=Nature),
            models.UniqueConstraint(name="e_invoice_line_stands_once", fields=["invoice", "seq"]),
        ]


class SandboxInvoice(models.Model):
    """What the sandbox platform knows of an invoice, by the id of its request."""

    request_id = models.CharField(max_length=40, unique=True)
    is_red = models.BooleanField()
    blue_number = models.CharField(max_length=20, default="", blank=True)
    seller = models.CharField(max_length=40, default="", blank=True)
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    number = models.CharField(max_length=20, default="", blank=True)
    confirmation = models.CharField(max_length=20, default="", blank=True)
    refusal = Code(default="", blank=True)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text="From when on it says so.")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="sandbox_number_is_given_once", fields=["number"], condition=~Q(number="")),
        ]
        indexes = [models.Index(name="sandbox_invoice_by_day", fields=["asked_at"])]
