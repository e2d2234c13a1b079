"""What the endpoints of e-invoices and of the buyer's tax data take and give."""

from rest_framework import serializers

from billing.domain.e_invoices import InvoiceKind, InvoiceState, RedReason
from cis.platform.api import PAGE_SIZE_MOST
from cis.platform.api_fields import MoneyField, Strict, WholeNumber

CURSOR = r"^[0-9]{1,18}$"
MONTH = r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])$"
TEXT_MOST = 200
AMOUNT_MOST = 10**13


class InvoiceQuery(Strict):
    """Which invoices."""

    state = serializers.ChoiceField([str(one) for one in InvoiceState], required=False)
    kind = serializers.ChoiceField([str(one) for one in InvoiceKind], required=False)
    colour = serializers.ChoiceField(["blue", "red"], required=False)
    month = serializers.RegexField(MONTH, required=False, help_text="Issued in it, as 2026-11.")
    cursor = serializers.RegexField(CURSOR, required=False, help_text="From next.")
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=PAGE_SIZE_MOST)


class InvoiceShown(serializers.Serializer):
    """An e-invoice in a list."""

    id = serializers.IntegerField()
    number = serializers.CharField(help_text="20 digits; empty: not issued.")
    kind = serializers.ChoiceField([str(one) for one in InvoiceKind])
    state = serializers.ChoiceField([str(one) for one in InvoiceState])
    account = serializers.CharField()
    bill = serializers.CharField()
    reverses = serializers.IntegerField(allow_null=True, help_text="Of a red one: the invoice that it takes back.")
    buyer = serializers.CharField()
    buyer_tax_number = serializers.CharField()
    net = MoneyField()
    tax = MoneyField()
    total = MoneyField()
    issued_at = serializers.DateTimeField(allow_null=True)
    is_specimen = serializers.BooleanField(help_text="A sandbox issued it: it is no tax document.")
    failure = serializers.CharField(help_text="Why it failed; empty: it did not.")


class InvoicePage(serializers.Serializer):
    """A page of e-invoices, the latest first."""

    next = serializers.CharField(allow_null=True)
    results = InvoiceShown(many=True)


class InvoiceLineShown(serializers.Serializer):
    """A line of an e-invoice; decimal texts in major units."""

    seq = serializers.IntegerField()
    blue_seq = serializers.IntegerField(help_text="Of a red line: the line of the blue invoice; else 0.")
    name = serializers.CharField()
    category = serializers.CharField()
    nature = serializers.ChoiceField(["normal", "discount", "discounted"])
    unit = serializers.CharField()
    quantity = serializers.CharField()
    price = serializers.CharField(help_text="Without tax.")
    net = serializers.CharField()
    rate = serializers.CharField()
    percent = serializers.CharField()
    taxed = serializers.BooleanField()
    tax = serializers.CharField()


class InvoiceDetailShown(InvoiceShown):
    """An e-invoice with its lines."""

    total_in_capitals = serializers.CharField()
    remark = serializers.CharField()
    confirmation = serializers.CharField(help_text="Of a red one: number of its form.")
    lines = InvoiceLineShown(many=True)


class InvoicesOfBill(serializers.Serializer):
    """The invoices of a bill."""

    invoices = InvoiceShown(many=True)


class RedNew(Strict):
    """An invoice is taken back."""

    reason = serializers.ChoiceField([str(one) for one in RedReason], help_text="An error is taken back whole.")
    amount_minor = WholeNumber(
        min_value=1, max_value=AMOUNT_MOST, required=False, help_text="Tax included; left out: all that is left."
    )
    text = serializers.CharField(max_length=TEXT_MOST)
    anew = serializers.BooleanField(required=False, help_text="Issue it anew to the buyer as he is now.")


class TaxProfileNew(Strict):
    """The buyer on the invoices of an account, from today on."""

    name = serializers.CharField(max_length=100)
    tax_number = serializers.CharField(max_length=24, required=False, allow_blank=True)
    address = serializers.CharField(max_length=200, required=False, allow_blank=True)
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True)
    bank_name = serializers.CharField(max_length=100, required=False, allow_blank=True)
    bank_account = serializers.CharField(max_length=50, required=False, allow_blank=True)
    wants_special = serializers.BooleanField(required=False)
    consent_by = serializers.CharField(
        max_length=100, required=False, allow_blank=True, help_text="Who asked for special invoices for the buyer."
    )


class TaxProfileShown(serializers.Serializer):
    """The buyer on the invoices of an account."""

    account = serializers.CharField()
    is_entered = serializers.BooleanField(help_text="False: nobody gave tax data; the holder is the buyer.")
    name = serializers.CharField()
    tax_number = serializers.CharField()
    address = serializers.CharField()
    phone = serializers.CharField()
    bank_name = serializers.CharField()
    bank_account = serializers.CharField()
    wants_special = serializers.BooleanField()
