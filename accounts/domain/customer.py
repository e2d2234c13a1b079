"""A customer as typed on the desk or delivered in a file, and what of it is kept."""

from dataclasses import dataclass

from accounts.domain import contact, identity, names
from accounts.domain.contact import ContactKind
from accounts.domain.identity import CustomerKind
from cis.kernel import text
from cis.kernel.errors import Findings, Refused

LANGUAGES = ("zh-hans", "en")
EXTERNAL_ID_MOST = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCustomer:
    """
    What is known of a customer to be.

    external_id     name in the supplier's other systems; "" = one is made
    kind            a CustomerKind
    id_number       resident identity number or company code; "" = not known
    language        of letters and bills
    phone           mobile or landline, in any usual form; "" = none
    email           "" = none
    postal_address  "" = none
    where           where it stands in its file ("customers.csv line 3"), for findings; "" = on a form
    """

    name: str
    kind: str = CustomerKind.RESIDENT.value
    external_id: str = ""
    id_number: str = ""
    language: str = LANGUAGES[0]
    note: str = ""
    phone: str = ""
    email: str = ""
    postal_address: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedCustomer:
    """
    A customer in canonical form; only ``check`` makes it.

    contacts      (kind, value) of each contact point; the first of each kind is preferred
    search_grams  two-character pieces of name, pinyin and telephone numbers
    """

    external_id: str
    kind: CustomerKind
    name: str
    name_pinyin: str
    id_number: str
    language: str
    note: str
    contacts: tuple[tuple[ContactKind, str], ...]
    search_grams: tuple[str, ...]


def check(new: NewCustomer, *, country: str, findings: Findings) -> CheckedCustomer | None:
    """
    Return the customer in canonical form, None if anything is wrong; every wrong field is noted.

    :param country: ISO 3166 code in small letters: decides the form of numbers.
    """
    notes = _Notes(new.where, findings)
    if new.kind not in {kind.value for kind in CustomerKind}:
        notes.add("kind", "unknown_kind", f"{new.kind!r} is no kind of customer.", f"Use {', '.join(CustomerKind)}.")
        return None
    kind = CustomerKind(new.kind)
    if new.language not in LANGUAGES:
        notes.add("language", "unknown_language", f"{new.language!r} is not offered.", f"Use {', '.join(LANGUAGES)}.")
    if len(new.external_id) > EXTERNAL_ID_MOST:
        notes.add("external_id", "too_long", f"An external id has at most {EXTERNAL_ID_MOST} characters.")
    name = id_number = ""
    try:
        name = names.plain_name(new.name)
    except Refused as refusal:
        notes.keep("name", refusal)
    try:
        id_number = identity.id_number(new.id_number, kind=kind, country=country)
    except Refused as refusal:
        notes.keep("id_number", refusal)
    contacts = _contacts(new, country, notes)
    if notes.any:
        return None
    name_pinyin = names.pinyin(name, is_person=kind is CustomerKind.RESIDENT)
    return CheckedCustomer(
        external_id=new.external_id.strip(),
        kind=kind,
        name=name,
        name_pinyin=name_pinyin,
        id_number=id_number,
        language=new.language,
        note=new.note.strip(),
        contacts=contacts,
        search_grams=search_grams(name=name, name_pinyin=name_pinyin, contacts=contacts),
    )


def search_grams(*, name: str, name_pinyin: str, contacts: tuple[tuple[ContactKind, str], ...]) -> tuple[str, ...]:
    """
    Return the two-character pieces by which a customer is found: of name, pinyin and telephone numbers.

    The identity number has no pieces here: a clerk who knows a fragment of one must not be able to find its owner.
    [source: 个人信息保护法 (2021) art 6, collect and use no more than the purpose needs]
    """
    numbers = [value for kind, value in contacts if kind in {ContactKind.MOBILE, ContactKind.PHONE}]
    return tuple(text.bigrams(name, name_pinyin.replace(" ", ""), *numbers))


class _Notes:
    """Findings of one customer."""

    def __init__(self, where: str, findings: Findings) -> None:
        self.where = where
        self.findings = findings
        self.any = False

    def add(self, field: str, code: str, message: str, advice: str = "") -> None:
        self.any = True
        self.findings.add(f"{self.where}: {field}" if self.where else field, code, message, advice)

    def keep(self, field: str, refusal: Refused) -> None:
        self.add(field, refusal.code, refusal.message, refusal.advice)


def _contacts(new: NewCustomer, country: str, notes: _Notes) -> tuple[tuple[ContactKind, str], ...]:
    given = (
        ("phone", ContactKind.MOBILE, new.phone),
        ("email", ContactKind.EMAIL, new.email),
        ("postal_address", ContactKind.POST, new.postal_address),
    )
    found = []
    for field, kind, value in given:
        if value.strip():
            try:
                found.append(contact.contact(value, kind=kind, country=country))
            except Refused as refusal:
                notes.keep(field, refusal)
    return tuple(found)
