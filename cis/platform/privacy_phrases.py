"""Sentences and words on personal data that desk and portal share; ``SENTENCES`` is for ``cis.platform.phrases``."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "cannot_unseal": _("What is kept encrypted cannot be read: tell whoever runs this installation."),
    "key_destroyed": _("The data of this customer were overwritten: nothing can be kept for them any more."),
    "document_erased": _("Nobody can read this document any more: its time is over."),
    "unknown_erasure": _("There is no such erasure."),
    "unknown_export": _("There is no such export."),
    "erasure_refused": _("The data cannot be overwritten yet: something is open, or they must be kept still."),
    "erasure_exists": _("It was asked for already."),
    "erasure_decided": _("Somebody decided on it meanwhile."),
    "customer_erased": _("The data of this customer were overwritten."),
    "export_not_ready": _("The file is not there: it is being made, or its time is over."),
}
PURPOSES: Mapping[str, Any] = {
    "service": gettext_lazy("Service at the desk"),
    "case": gettext_lazy("A complaint or question"),
    "contract": gettext_lazy("Applications and contracts"),
    "billing": gettext_lazy("Billing"),
    "payment": gettext_lazy("Payments and refunds"),
    "arrears": gettext_lazy("Overdue payments"),
    "field": gettext_lazy("Safety and work at the place"),
    "care": gettext_lazy("Customer care"),
    "notice": gettext_lazy("Notices"),
    "telephone": gettext_lazy("Enquiry by telephone"),
    "export": gettext_lazy("Export of the customer's data"),
    "erasure": gettext_lazy("Erasure of the customer's data"),
    "bank_account": gettext_lazy("Number of the bank account"),
}
OBSTACLES: Mapping[str, Any] = {
    "account_open": gettext_lazy("An account is still open."),
    "protection_holds": gettext_lazy("A protection still holds."),
    "application_open": gettext_lazy("An application or change of use is under way."),
    "programme_runs": gettext_lazy("A programme still runs."),
    "balance_open": gettext_lazy("Money is owed, or credit is left."),
    "deposit_open": gettext_lazy("A deposit is still held."),
    "refund_open": gettext_lazy("A refund is under way."),
    "bill_open": gettext_lazy("A final bill is not settled."),
    "mandate_holds": gettext_lazy("A direct debit mandate still holds."),
    "payment_under_way": gettext_lazy("A payment is under way."),
    "arrears_open": gettext_lazy("A case of arrears is open."),
    "plan_runs": gettext_lazy("A plan of instalments still runs."),
    "matter_open": gettext_lazy("A matter with the customer is still open."),
    "merged": gettext_lazy("The customer was merged into another one."),
    "retention": gettext_lazy("The data must be kept still."),
    "shared_files": gettext_lazy("Files of the bank or printed letters that name the customer are kept still."),
}
TABLE_TITLES: Mapping[str, Any] = {
    "accounts_customer": gettext_lazy("Who you are"),
    "accounts_contactpoint": gettext_lazy("How we reach you"),
    "accounts_account": gettext_lazy("Your accounts"),
    "accounts_user": gettext_lazy("Sign-in"),
    "accounts_notice": gettext_lazy("What we told you"),
    "accounts_consent": gettext_lazy("Ways of notices that you chose"),
    "accounts_taxprofile": gettext_lazy("Invoice data"),
    "contracts_serviceapplication": gettext_lazy("Applications"),
    "contracts_supplycontract": gettext_lazy("Contracts"),
    "contracts_serviceagreement": gettext_lazy("Supplies"),
    "billing_bill": gettext_lazy("Bills"),
    "billing_payment": gettext_lazy("Payments"),
    "billing_refund": gettext_lazy("Refunds"),
    "cashiering_mandate": gettext_lazy("Direct debit mandates"),
    "complaints_case": gettext_lazy("Complaints and questions"),
    "complaints_casereply": gettext_lazy("Our answers to them"),
}
"""What tables are called in the index of an export; others keep their own names."""
