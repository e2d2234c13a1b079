"""Ways to reach a customer, each in one canonical form, so that the same number is found however it was typed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from cis.kernel.errors import Refused

MAILBOX = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}", re.ASCII)
MAILBOX_MOST = 254
ADDRESS_MOST = 300
TEXTABLE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


class ContactKind(StrEnum):
    """By which way a customer is reached."""

    MOBILE = "mobile"
    PHONE = "phone"
    EMAIL = "email"
    POST = "post"


class BadContact(Refused):
    """The text is no number or address at which anybody could be reached."""

    code = "bad_contact"


def telephone(text: str, *, country: str) -> tuple[ContactKind, str]:
    """
    Return the kind of a telephone number and its international form, as "+8613812345678".

    A number that cannot take a text message is ``PHONE``. An extension follows as ";ext=801".
    [source: ITU-T E.164; RFC 3966 for the extension]

    :param country: ISO 3166 code in small letters, for numbers written without one.
    :raises BadContact: no such number can exist.
    """
    try:
        number = phonenumbers.parse(text, country.upper())
    except NumberParseException:
        number = None
    sort = PhoneNumberType.UNKNOWN if number is None else phonenumbers.number_type(number)
    if number is None or sort == PhoneNumberType.UNKNOWN:
        raise BadContact(
            f"{text!r} is no telephone number.", advice="Write it with its area code, or abroad with + and the country."
        )
    kind = ContactKind.MOBILE if sort in TEXTABLE else ContactKind.PHONE
    plain = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return kind, f"{plain};ext={number.extension}" if number.extension else plain


def email(text: str) -> str:
    """
    Return an e-mail address with its domain in small letters.

    :raises BadContact: it is not of the form name@domain.
    """
    given = text.strip()
    if len(given) > MAILBOX_MOST or not MAILBOX.fullmatch(given):
        raise BadContact(f"{text!r} is no e-mail address.", advice="Write it as name@example.com.")
    name, _, domain = given.rpartition("@")
    return f"{name}@{domain.lower()}"


def address(text: str) -> str:
    """
    Return a postal address on one line.

    :raises BadContact: nothing is written, or more than fits a label.
    """
    given = " ".join(text.split())
    if not given or len(given) > ADDRESS_MOST:
        raise BadContact(f"A postal address has 1 to {ADDRESS_MOST} characters.")
    return given


def contact(text: str, *, kind: ContactKind, country: str) -> tuple[ContactKind, str]:
    """
    Return the kind and the canonical form of a contact point.

    :param kind: what the customer named; of ``MOBILE`` and ``PHONE`` the number itself decides.
    :raises BadContact: the text is no contact of that kind.
    """
    if kind is ContactKind.EMAIL:
        return kind, email(text)
    if kind is ContactKind.POST:
        return kind, address(text)
    return telephone(text, country=country)


@dataclass(frozen=True, slots=True)
class Shown:
    """The contact points that stand on a form and a letter: one number, one mailbox, one address; "" = none."""

    phone: str = ""
    email: str = ""
    postal_address: str = ""


def shown(preferred: Mapping[ContactKind, str]) -> Shown:
    """Return what is shown of the preferred contact of each kind: a mobile goes before a landline."""
    return Shown(
        phone=preferred.get(ContactKind.MOBILE) or preferred.get(ContactKind.PHONE, ""),
        email=preferred.get(ContactKind.EMAIL, ""),
        postal_address=preferred.get(ContactKind.POST, ""),
    )


def dialled(text: str, *, country: str) -> str | None:
    """Return the international form of what may be a telephone number typed into a search, None if it is none."""
    try:
        return telephone(text, country=country)[1]
    except BadContact:
        return None
