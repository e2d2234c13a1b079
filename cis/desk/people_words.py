"""Words for customers who are one: in what they are alike, how a merge stands, what moves with it; and of numbers."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

LIKENESSES: Mapping[str, Any] = {
    "same_identity": _("Same identity number"),
    "same_name_phone": _("Same name and telephone"),
    "same_name_email": _("Same name and e-mail"),
    "same_name_address": _("Same name and address"),
    "similar_name_phone": _("Similar name, same telephone"),
    "similar_name_email": _("Similar name, same e-mail"),
    "similar_name_address": _("Similar name, same address"),
    "same_company_name": _("Same name of a company"),
    "by_hand": _("Named by somebody"),
}
PAIR_STATES: Mapping[str, Any] = {
    "open": _("To be looked at"),
    "different": _("Not the same"),
    "merged": _("Merged"),
    "gone": _("Alike no more"),
}
MERGE_STATES: Mapping[str, Any] = {
    "asked": _("Waits for a second person"),
    "done": _("Merged"),
    "refused": _("Refused"),
    "undone": _("Parted again"),
}
FIELDS: Mapping[str, Any] = {
    "name": _("Name"),
    "kind": _("Kind"),
    "id_number": _("ID number"),
    "language": _("Language"),
    "note": _("Note"),
    "mobile": _("Mobile"),
    "phone": _("Telephone"),
    "email": _("E-mail"),
    "post": _("Postal address"),
}
MOVED: Mapping[str, Any] = {
    "accounts_accountholder": _("Accounts that were held"),
    "accounts_contactpoint": _("Contacts"),
    "accounts_taxprofile": _("Tax data"),
    "accounts_protection": _("Protections"),
    "accounts_pointsredemption": _("Redeemed points"),
    "accounts_pointsentry": _("Entries of points"),
    "accounts_followupvisit": _("Follow-up visits"),
    "accounts_careplan": _("Service plans"),
    "accounts_consent": _("Choices of ways"),
    "accounts_notice": _("Notices"),
    "accounts_survey": _("Questions after something happened"),
    "accounts_mailingtarget": _("Mailings"),
    "accounts_telephonepin": _("Telephone PINs"),
    "accounts_user": _("Logins"),
    "accounts_customer": _("Customers merged before"),
    "arrears_instalmentplan": _("Instalment plans"),
    "billing_consolidation": _("Consolidated bills"),
    "billing_prepayment": _("Prepayments"),
    "cashiering_mandate": _("Mandates"),
    "complaints_case": _("Cases"),
    "complaints_casemail": _("Mails"),
    "complaints_callrequest": _("Calls back"),
    "complaints_callercheck": _("Checks of callers"),
    "contracts_supplycontract": _("Contracts"),
    "contracts_offer": _("Offers"),
    "contracts_changeset": _("Changes of use"),
    "contracts_changepart": _("Parts of changes"),
    "contracts_serviceapplication": _("Applications"),
    "contracts_enrollment": _("Programmes"),
}
NUMBER_STATES: Mapping[str, Any] = {
    "own": _("proven"),
    "unproven": _("not proven"),
    "others": _("another customer proved it"),
    "ended": _("does not work"),
}
PROVEN_BY: Mapping[str, Any] = {"code": _("by a code"), "call": _("by a call")}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "likeness": LIKENESSES,
    "pair": PAIR_STATES,
    "merge": MERGE_STATES,
    "merge_field": FIELDS,
    "moved": MOVED,
    "number": NUMBER_STATES,
    "proven_by": PROVEN_BY,
}
TONES: Mapping[tuple[str, str], str] = {
    ("pair", "open"): "warn",
    ("pair", "different"): "",
    ("pair", "merged"): "ok",
    ("pair", "gone"): "",
    ("merge", "asked"): "warn",
    ("merge", "done"): "ok",
    ("merge", "refused"): "",
    ("merge", "undone"): "",
    ("number", "own"): "ok",
    ("number", "unproven"): "warn",
    ("number", "others"): "bad",
    ("number", "ended"): "bad",
}
EVENTS: Mapping[tuple[str, str], Any] = {
    ("customer", "ask_merge"): _("Somebody asks to merge"),
    ("customer", "refuse_merge"): _("Merging refused"),
    ("customer", "merge"): _("Another customer was merged into this one"),
    ("customer", "merge_into"): _("Merged into another customer"),
    ("customer", "part"): _("Parted again"),
    ("customer", "follow"): _("What came late followed"),
    ("customer", "name_pair"): _("Compared with another customer"),
    ("customer", "tell_apart"): _("Another one than somebody alike"),
    ("customer", "send_number_code"): _("Code sent to a number"),
    ("customer", "wrong_number_code"): _("A wrong code was given for a number"),
    ("customer", "verify_number"): _("Number proven"),
    ("customer", "end_number"): _("A number is the customer's no more"),
}
"""Sentences of timelines."""
