"""Applications for a supply as they are filed, and what is checked of them before they are kept."""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from accounts.domain import contact, identity, names
from accounts.domain.contact import BadContact, ContactKind
from accounts.domain.customer import LANGUAGES
from accounts.domain.identity import BadIdNumber, CustomerKind
from accounts.domain.names import BadName
from cis.kernel.errors import Findings
from contracts.domain.application_workflow import StandardClass
from contracts.domain.terms import UseClass
from metering.domain.places import ADDRESS_MOST, CAPACITY_MOST_W, DISTRICT_MOST, POSTCODE_MOST, Voltage

ITEMS_MOST = 5_000
LOADS_MOST = 200
COUNT_MOST = 100_000
NAME_MOST = 100
UNIT_MOST = 60
NOTE_MOST = 2_000
KW_W = 1_000
LOW_VOLTAGES: Final = frozenset((Voltage.V220.value, Voltage.V380.value))


class ApplicationKind(StrEnum):
    """
    What is applied for.

    NEW_POINT       supply where none is: the survey makes the service point
    EXISTING_POINT  supply at a service point that is there and free
    TEMPORARY       supply for a time, as for a building site, beside whatever else is applied for there
    """

    NEW_POINT = "new_point"
    EXISTING_POINT = "existing_point"
    TEMPORARY = "temporary"


class ApplicationChannel(StrEnum):
    """By which door it came."""

    DESK = "desk"
    PORTAL = "portal"
    API = "api"


class PaperKind(StrEnum):
    """What a paper proves."""

    IDENTITY = "identity"
    PREMISES_RIGHT = "premises_right"
    BUSINESS_LICENCE = "business_licence"
    AGENT_IDENTITY = "agent_identity"
    POWER_OF_ATTORNEY = "power_of_attorney"
    OTHER = "other"


class AgentScope(StrEnum):
    """What an agent may do for the applicant: file and bring papers, or sign the contract too."""

    FILE = "file"
    SIGN = "sign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """Who applies, as typed; ``id_number`` resident ID or company code."""

    kind: str
    name: str
    id_number: str
    phone: str = ""
    email: str = ""
    language: str = LANGUAGES[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Who acts for the applicant, and how far."""

    name: str
    id_number: str
    phone: str = ""
    scope: str = AgentScope.FILE.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Appliances or machines of one kind: their power each, and how many. [W]"""

    name: str
    power_w: int
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """
    One supply of an application.

    unit           flat, shop, building: what tells it from others at the same address; "" = the whole
    service_point  external id of the service point that is there; "" = the survey makes it
    where          where it stands in its file, for findings
    """

    unit: str = ""
    capacity_w: int = 0
    voltage: str = Voltage.V220.value
    use_class: str = UseClass.RESIDENTIAL.value
    service_point: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApplication:
    """
    An application to be, as typed or delivered.

    premises       external id of premises that are known; "" = ``address`` names new ones
    customer_id    the applicant is signed in as this customer
    is_dual        fed from two sources
    documents      (PaperKind, id of the kept document) of each paper that came along
    external_id    name in the applicant's system; "" = none
    """

    kind: str = ApplicationKind.NEW_POINT.value
    applicant: Applicant
    agent: Agent | None = None
    premises: str = ""
    address: str = ""
    district: str = ""
    postcode: str = ""
    customer_id: int | None = None
    is_dual: bool = False
    items: tuple[Item, ...]
    loads: tuple[Load, ...] = ()
    documents: tuple[tuple[str, int], ...] = ()
    note: str = ""
    external_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPerson:
    """An applicant or agent in canonical form."""

    kind: CustomerKind
    name: str
    id_number: str
    phone: str
    is_mobile: bool
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityRule:
    """How a capacity follows from a load list: so many percent of it at once, and the sizes that are offered. [W]"""

    residential_percent: int
    other_percent: int
    sizes_w: tuple[int, ...]


def check(
    new: NewApplication, *, country: str, findings: Findings
) -> tuple[CheckedPerson | None, CheckedPerson | None]:
    """Note what is wrong with an application by itself; return applicant and agent in canonical form."""
    applicant = _person(new.applicant, where="applicant", country=country, findings=findings)
    agent = None
    if new.agent is not None:
        given = Applicant(
            kind=CustomerKind.RESIDENT.value, name=new.agent.name, id_number=new.agent.id_number, phone=new.agent.phone
        )
        agent = _person(given, where="agent", country=country, findings=findings)
        if new.agent.scope not in set(AgentScope):
            findings.add("agent.scope", "unknown_kind", f"An agent's scope is one of {', '.join(AgentScope)}.")
    elif new.applicant.kind != CustomerKind.RESIDENT.value and not (new.applicant.phone or new.applicant.email):
        findings.add("applicant.phone", "bad_contact", "A company is reached by a telephone number or e-mail.")
    _check_place(new, findings)
    _check_items(new, findings)
    _check_loads(new.loads, findings)
    return applicant, agent


def missing_papers(
    *, required: Mapping[str, Sequence[str]], kind: CustomerKind, has_agent: bool, given: Collection[str]
) -> tuple[PaperKind, ...]:
    """
    Return the papers that are lacking, by the kind of the applicant and whether somebody acts for him.

    :param required: papers by ``resident``, ``company``, ``agency`` and ``agent``, as the pack says.
    """
    wanted = [*required[kind.value], *(required["agent"] if has_agent else ())]
    return tuple(PaperKind(name) for name in dict.fromkeys(wanted) if name not in given)


def standard_class(*, use_classes: Collection[str], voltages: Collection[str], is_dual: bool) -> StandardClass:
    """Return by which row of service standards an application is measured: that of its most demanding item."""
    if not LOW_VOLTAGES.issuperset(voltages):
        return StandardClass.HIGH_DUAL if is_dual else StandardClass.HIGH
    return StandardClass.HOME if set(use_classes) <= {UseClass.RESIDENTIAL.value} else StandardClass.LOW


def suggested_w(*, loads: Collection[Load], use_class: str, rule: CapacityRule) -> int:
    """
    Return the capacity that fits a load list: what runs at once, rounded up to a size that is offered. [W]

    Above the largest size it is rounded up to whole kW. 0: the list is empty.
    """
    total_w = sum(one.power_w * one.count for one in loads)
    percent = rule.residential_percent if use_class == UseClass.RESIDENTIAL.value else rule.other_percent
    needed_w = -(-total_w * percent // 100)
    if not needed_w:
        return 0
    return next((size for size in rule.sizes_w if size >= needed_w), -(-needed_w // KW_W) * KW_W)


def conflict_key(*, kind: str, place: str, item: Item) -> str:
    """
    Return what may have one open application at a time.

    A service point that is there is taken by its number. Where the survey makes it, the place and its unit are taken:
    a building of 400 flats is 400 keys. A temporary supply is beside whatever else is applied for at the place.

    :param place: the premises, or the address where none are known.
    """
    if item.service_point:
        return f"point {item.service_point}"
    words = " ".join(f"{place} {item.unit}".casefold().split())
    return f"temporary {words}" if kind == ApplicationKind.TEMPORARY.value else f"place {words}"


def plain_address(text: str) -> str:
    """Return an address as it is compared: without blanks and punctuation, in small letters."""
    return re.sub(r"[\s,，.。、;；#\-－—()（）]+", "", text.casefold())


def _person(given: Applicant, *, where: str, country: str, findings: Findings) -> CheckedPerson | None:
    if given.kind not in set(CustomerKind):
        findings.add(f"{where}.kind", "unknown_kind", f"{given.kind!r} is none of {', '.join(CustomerKind)}.")
        return None
    kind = CustomerKind(given.kind)
    name, number, phone, email, is_mobile = "", "", "", "", False
    try:
        name = names.plain_name(given.name)
    except BadName as error:
        findings.add(f"{where}.name", error.code, error.message, error.advice)
    try:
        number = identity.id_number(given.id_number, kind=kind, country=country)
        if not number:
            findings.add(f"{where}.id_number", "id_number_missing", "An application names the number of its applicant.")
    except BadIdNumber as error:
        findings.add(f"{where}.id_number", error.code, error.message, error.advice)
    try:
        if given.phone.strip():
            sort, phone = contact.telephone(given.phone, country=country)
            is_mobile = sort is ContactKind.MOBILE
    except BadContact as error:
        findings.add(f"{where}.phone", error.code, error.message, error.advice)
    try:
        email = contact.email(given.email) if given.email.strip() else ""
    except BadContact as error:
        findings.add(f"{where}.email", error.code, error.message, error.advice)
    if given.language not in LANGUAGES:
        findings.add(f"{where}.language", "unknown_language", f"{given.language!r} is not offered.")
    return CheckedPerson(kind=kind, name=name, id_number=number, phone=phone, is_mobile=is_mobile, email=email)


def _check_place(new: NewApplication, findings: Findings) -> None:
    if new.kind not in set(ApplicationKind):
        findings.add("kind", "unknown_kind", f"{new.kind!r} is none of {', '.join(ApplicationKind)}.")
    if not new.premises and not new.address.strip():
        findings.add("address", "bad_address", "An application names its place.", "Give the address.")
    for field, most in (("address", ADDRESS_MOST), ("district", DISTRICT_MOST), ("postcode", POSTCODE_MOST)):
        if len(getattr(new, field)) > most:
            findings.add(field, "too_long", f"It has more than {most} characters.")
    if len(new.note) > NOTE_MOST:
        findings.add("note", "too_long", f"It has more than {NOTE_MOST} characters.")


def _check_items(new: NewApplication, findings: Findings) -> None:
    if not 1 <= len(new.items) <= ITEMS_MOST:
        findings.add("items", "bad_items", f"An application has 1 to {ITEMS_MOST} supplies.")
    is_existing = new.kind == ApplicationKind.EXISTING_POINT.value
    seen: dict[str, str] = {}
    for place, item in enumerate(new.items):
        where = item.where or f"items[{place}]"
        if item.voltage not in set(Voltage):
            findings.add(f"{where}.voltage", "unknown_voltage", f"{item.voltage!r} is none of {', '.join(Voltage)}.")
        if item.use_class not in set(UseClass):
            findings.add(f"{where}.use_class", "unknown_kind", f"{item.use_class!r} is none of {', '.join(UseClass)}.")
        if not 0 < item.capacity_w <= CAPACITY_MOST_W:
            findings.add(f"{where}.capacity", "bad_capacity", "The capacity is above 0.", "Give it in kW.")
        if len(item.unit) > UNIT_MOST:
            findings.add(f"{where}.unit", "too_long", f"It has more than {UNIT_MOST} characters.")
        if is_existing and not item.service_point:
            findings.add(f"{where}.service_point", "service_point_missing", "Name the service point that is there.")
        if not is_existing and item.service_point:
            findings.add(f"{where}.service_point", "service_point_given", "The survey makes the service point.")
        key = conflict_key(kind=new.kind, place="", item=item)
        if key in seen:
            findings.add(where, "item_twice", f"It is the same as {seen[key]}.", "Name the flat or shop of each.")
        seen.setdefault(key, where)


def _check_loads(loads: Sequence[Load], findings: Findings) -> None:
    if len(loads) > LOADS_MOST:
        findings.add("loads", "too_long", f"A load list has at most {LOADS_MOST} lines.")
    for place, load in enumerate(loads):
        if not load.name.strip() or len(load.name) > NAME_MOST:
            findings.add(f"loads[{place}].name", "bad_name", f"A name has 1 to {NAME_MOST} characters.")
        if not 0 < load.power_w <= CAPACITY_MOST_W:
            findings.add(f"loads[{place}].power", "bad_capacity", "The power is above 0.", "Give it in kW.")
        if not 1 <= load.count <= COUNT_MOST:
            findings.add(f"loads[{place}].count", "bad_count", f"The count is 1 to {COUNT_MOST}.")


def is_same_name(*, one: str, other: str) -> bool:
    """Return whether two names are the same: blanks, full-width forms and case apart."""
    return _bare_name(one) == _bare_name(other)


def _bare_name(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()
