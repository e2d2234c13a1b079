"""Sentences on e-invoices, for ``cis.platform.phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "bad_tax_profile": _("These tax data cannot stand on an invoice: compare them with the licence."),
    "no_e_invoice_for_bill": _("For this bill there is no invoice."),
    "unknown_e_invoice": _("There is no such invoice."),
    "not_invoiceable": _("What the bill says cannot stand on an invoice as it is."),
    "e_invoice_not_reversible": _("This invoice cannot be taken back like that."),
    "e_invoice_red_too_much": _("So much is not left of the invoice."),
    "no_e_invoice_file": _("There is no file of this invoice now."),
    "own_e_invoice_red": _("Who proposed to take an invoice back does not agree to it: ask somebody else."),
}
