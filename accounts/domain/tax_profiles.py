"""The buyer on an invoice: what is checked of the tax data that somebody gives."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from accounts.domain import identity
from accounts.domain.identity import BadIdNumber, CustomerKind
from cis.kernel.errors import Refused

NAME_BYTES_MOST = 100
FIELD_MOST = {"address": 200, "phone": 40, "bank_name": 100, "bank_account": 50, "consent_by": 100}
FORBIDDEN = frozenset("<>")
OLD_LENGTHS = (15, 17, 18, 20)
"""Lengths of taxpayer numbers that are older than the unified code, or of persons."""


class ConsentWay(StrEnum):
    """By which way somebody for the buyer asked for special invoices."""

    PORTAL = "portal"
    PAPER = "paper"
    DESK = "desk"
    API = "api"


class BadTaxProfile(Refused):
    """The tax data cannot stand on an invoice."""

    code = "bad_tax_profile"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxData:
    """
    The buyer as an invoice names it; "" = not given.

    tax_number     unified social credit code, or taxpayer number
    wants_special  special VAT invoices (专票), which companies deduct; ``consent_by`` is who said so for the buyer
    """

    name: str
    tax_number: str = ""
    address: str = ""
    phone: str = ""
    bank_name: str = ""
    bank_account: str = ""
    wants_special: bool = False
    consent_by: str = ""


def checked(data: TaxData, *, kind: CustomerKind, country: str) -> TaxData:
    """
    Return tax data in its plain form.

    The name has at most 100 bytes as GBK and no angle brackets, as providers of the platform publish it; the unified
    code is checked by its check character. [source: GB 32100-2015 by python-stdnum]

    :raises BadTaxProfile: something is missing, too long, or of another form; ``field`` says which.
    """
    texts: dict[str, Any] = {name: " ".join(getattr(data, name).split()) for name in ("name", *FIELD_MOST)}
    plain = replace(data, **texts, tax_number="".join(data.tax_number.split()).upper())
    if not plain.name:
        raise BadTaxProfile("The name of the buyer is missing.", advice="Write it as it is registered.", field="name")
    if len(plain.name.encode("gb18030")) > NAME_BYTES_MOST:
        raise BadTaxProfile("The name is longer than an invoice takes.", advice="50 Chinese signs.", field="name")
    for name in ("name", *FIELD_MOST):
        _check_text(name, getattr(plain, name))
    if plain.tax_number:
        _check_number(plain.tax_number, kind=kind, country=country)
    elif kind is not CustomerKind.RESIDENT or plain.wants_special:
        raise BadTaxProfile(
            "The taxpayer number of the buyer is missing.",
            advice="A company's invoice bears its unified social credit code.",
            field="tax_number",
        )
    if plain.wants_special and kind is CustomerKind.RESIDENT:
        raise BadTaxProfile("A person gets no special invoice.", advice="Leave it out.", field="wants_special")
    if plain.wants_special and not plain.consent_by:
        raise BadTaxProfile(
            "Who asked for special invoices?", advice="Write who said so for the buyer.", field="consent_by"
        )
    return plain


def _check_text(name: str, text: str) -> None:
    most = FIELD_MOST.get(name)
    if most is not None and len(text) > most:
        raise BadTaxProfile(f"{name} is longer than {most} characters.", advice="Shorten it.", field=name)
    if FORBIDDEN & set(text) or not text.isprintable():
        raise BadTaxProfile(f"{name} has a sign that no invoice takes.", advice="Leave < and > out.", field=name)


def _check_number(number: str, *, kind: CustomerKind, country: str) -> None:
    if country != "cn":
        return
    if not (number.isascii() and number.isalnum() and len(number) in OLD_LENGTHS):
        raise BadTaxProfile(
            "This is no taxpayer number.", advice="Compare it with the licence, sign by sign.", field="tax_number"
        )
    check = identity.resident_id if kind is CustomerKind.RESIDENT else identity.company_code
    if len(number) == identity.LENGTH:
        try:
            check(number)
        except BadIdNumber as error:
            raise BadTaxProfile(error.message, advice=error.advice, field="tax_number") from error
