"""
What a supply contract must say: its key points, the clauses that cover them, and what is filled into them.

[source: 电力供应与使用条例 第三十三条; 民法典 第六百四十九条, 第六百五十条: supply mode, quality and time; capacity,
address and nature of use; metering, price and settlement; maintenance split; validity; liability]
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum

from cis.kernel.errors import Findings, Refused

HOLE = re.compile(r"\{([a-z_]+)\}")
BRACE = re.compile(r"[{}]")
VA_PLACES = 3
Words = Mapping[str, str]
"""A text in both languages: ``zh`` and ``en``."""
LANGUAGES = ("zh", "en")


class KeyPoint(StrEnum):
    """
    What must be said.

    QUALIFICATION  who the parties are, and that they may sign
    PLACE          address, nature of use and capacity
    VOLTAGE        voltage level
    SUPPLY_MODE    from which side, in which way
    QUALITY        standard of quality, and time of supply
    METERING       what is metered where
    METHOD         price and method of settlement
    CYCLE          how often it is settled
    PAYMENT        until when and how it is paid
    BOUNDARY       where the property of one ends and that of the other begins, and who maintains what
    LIABILITY      breach and compensation
    CHANGE         how the contract is changed
    TERMINATION    how it ends
    VALIDITY       from when and how long it holds
    """

    QUALIFICATION = "qualification"
    PLACE = "place"
    VOLTAGE = "voltage"
    SUPPLY_MODE = "supply_mode"
    QUALITY = "quality"
    METERING = "metering"
    METHOD = "method"
    CYCLE = "cycle"
    PAYMENT = "payment"
    BOUNDARY = "boundary"
    LIABILITY = "liability"
    CHANGE = "change"
    TERMINATION = "termination"
    VALIDITY = "validity"


class UseClass(StrEnum):
    """Nature of the use, as the contract names it."""

    RESIDENTIAL = "residential"
    COMMERCIAL = "commercial"
    INDUSTRIAL = "industrial"
    AGRICULTURAL = "agricultural"


class SupplyMode(StrEnum):
    """From which side and in which way a supply is fed."""

    LOW_SINGLE_PHASE = "low_single_phase"
    LOW_THREE_PHASE = "low_three_phase"
    HIGH_SINGLE_SOURCE = "high_single_source"
    HIGH_DUAL_SOURCE = "high_dual_source"
    TEMPORARY = "temporary"


class MeteringSide(StrEnum):
    """On which side of the transformer energy is fed and metered (高供高计, 高供低计, 低供低计)."""

    HIGH_HIGH = "high_high"
    HIGH_LOW = "high_low"
    LOW_LOW = "low_low"


SAID: Mapping[StrEnum, Words] = {
    UseClass.RESIDENTIAL: {"zh": "居民生活用电", "en": "residential use"},
    UseClass.COMMERCIAL: {"zh": "一般工商业用电", "en": "commercial use"},
    UseClass.INDUSTRIAL: {"zh": "大工业用电", "en": "industrial use"},
    UseClass.AGRICULTURAL: {"zh": "农业生产用电", "en": "agricultural use"},
    SupplyMode.LOW_SINGLE_PHASE: {"zh": "低压单相供电", "en": "low voltage, single phase"},
    SupplyMode.LOW_THREE_PHASE: {"zh": "低压三相供电", "en": "low voltage, three phases"},
    SupplyMode.HIGH_SINGLE_SOURCE: {"zh": "高压单电源供电", "en": "high voltage, one source"},
    SupplyMode.HIGH_DUAL_SOURCE: {"zh": "高压双电源供电", "en": "high voltage, two sources"},
    SupplyMode.TEMPORARY: {"zh": "临时供电", "en": "temporary supply"},
    MeteringSide.HIGH_HIGH: {"zh": "高供高计", "en": "fed and metered at high voltage"},
    MeteringSide.HIGH_LOW: {"zh": "高供低计", "en": "fed at high, metered at low voltage"},
    MeteringSide.LOW_LOW: {"zh": "低供低计", "en": "fed and metered at low voltage"},
}
HIGH_VOLTAGE = frozenset({"10kV", "35kV"})
HIGH_MODES = frozenset({SupplyMode.HIGH_SINGLE_SOURCE, SupplyMode.HIGH_DUAL_SOURCE})


class IncompleteContract(Refused):
    """Something that a contract must say is missing; ``detail["findings"]`` names each."""

    code = "incomplete_contract"


class BadTerms(Refused):
    """What is to be agreed contradicts itself or cannot be; ``detail["findings"]`` names each."""

    code = "bad_terms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """
    One clause of the library.

    covers   key points that it settles
    classes  natures of use that it is for; empty = every one
    bodies   its text in both languages, with holes as ``{customer}``
    source_status  how sure the source is: read, reported, choice, unverified
    """

    code: str
    version: int
    valid_from: date
    place: int
    covers: tuple[KeyPoint, ...]
    classes: frozenset[UseClass]
    titles: Words
    bodies: Words
    source: str
    source_status: str = "unverified"

    def is_for(self, use_class: UseClass) -> bool:
        """Return whether it stands in contracts for this nature of use."""
        return not self.classes or use_class in self.classes


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """
    What is filled into clauses, one field a hole; nothing else can be named there.

    customer_kind  in words; id_number already masked
    quality        standard of quality for the voltage, in words
    boundary       where property ends, in words
    capacity_va    None = none is agreed [VA]
    end_date       first day on which it holds no more; None = until further notice
    renew_months   months by which it goes on each time nobody objects; 0 = it ends
    fees_minor     one-off charges agreed with it [minor unit]
    special        what is agreed besides, as typed; "" = nothing
    """

    supplier: Words
    supplier_number: str
    supplier_address: str
    customer: str
    customer_kind: Words
    id_number: str
    address: str
    use_class: UseClass | None
    capacity_va: int | None
    voltage: str
    supply_mode: SupplyMode | None
    metering_side: MeteringSide | None
    quality: Words
    tariff: Words
    price_source: str
    cycle_months: int
    payment_days: int
    boundary: Words
    start_date: date | None
    end_date: date | None
    renew_months: int
    notice_days: int
    special: str = ""


FIELDS = tuple(one.name for one in fields(Facts))
"""Names of all holes that a clause may have."""
MAY_BE_EMPTY = frozenset({"end_date", "renew_months", "capacity_va", "special", "id_number", "supplier_number"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledClause:
    """A clause as it stands in a contract; ``number`` counts from 1 without gaps."""

    number: int
    code: str
    version: int
    covers: tuple[KeyPoint, ...]
    titles: Words
    bodies: Words
    source: str


def in_force(*, clauses: Sequence[Clause], use_class: UseClass, at: date) -> tuple[Clause, ...]:
    """Return the clauses for a nature of use on a day, in their order: of each code the latest that holds."""
    latest: dict[str, Clause] = {}
    for clause in clauses:
        known = latest.get(clause.code)
        if clause.valid_from <= at and (known is None or known.valid_from < clause.valid_from):
            latest[clause.code] = clause
    found = [clause for clause in latest.values() if clause.is_for(use_class)]
    return tuple(sorted(found, key=lambda clause: (clause.place, clause.code)))


def check(*, clauses: Sequence[Clause], facts: Facts) -> Findings:
    """
    Return what is missing before a contract may be signed: key points without a clause, holes without a value.

    Each finding names the key point or the field.
    """
    findings = Findings()
    covered = {point for clause in clauses for point in clause.covers}
    for point in KeyPoint:
        if point not in covered:
            findings.add(
                point.value, "key_point_missing", f"No clause covers {point}.", advice="Add a clause to the library."
            )
    named = {name for clause in clauses for body in clause.bodies.values() for name in HOLE.findall(body)}
    for name in FIELDS:
        if name in named and name not in MAY_BE_EMPTY and _is_empty(getattr(facts, name)):
            findings.add(name, "term_missing", f"{name} is not known.", advice="Give it before the contract is issued.")
    return findings


def check_terms(*, facts: Facts) -> Findings:
    """Return what contradicts itself in what is to be agreed."""
    findings = Findings()
    is_high = facts.voltage in HIGH_VOLTAGE
    has_mode = facts.supply_mode is not None and facts.supply_mode is not SupplyMode.TEMPORARY
    if has_mode and (facts.supply_mode in HIGH_MODES) != is_high:
        findings.add("supply_mode", "mode_and_voltage", "Supply mode and voltage do not fit each other.")
    if facts.metering_side is not None and (facts.metering_side is not MeteringSide.LOW_LOW) != is_high:
        findings.add("metering_side", "side_and_voltage", "Metering side and voltage do not fit each other.")
    if facts.capacity_va is not None and facts.capacity_va <= 0:
        findings.add("capacity_va", "out_of_range", "An agreed capacity is above 0.")
    if facts.start_date is not None and facts.end_date is not None and facts.end_date <= facts.start_date:
        findings.add("end_date", "end_before_start", "The contract ends before it begins.")
    if facts.renew_months and facts.end_date is None:
        findings.add("renew_months", "nothing_to_renew", "A contract until further notice is not renewed.")
    return findings


def fill(*, clauses: Sequence[Clause], facts: Facts) -> tuple[FilledClause, ...]:
    """
    Return the clauses with everything filled in, numbered from 1.

    What was filled in is not looked at again: a name with braces stays a name.

    :raises IncompleteContract: a key point or a value is missing.
    """
    check(clauses=clauses, facts=facts).raise_if_any(IncompleteContract)
    said = {language: say(facts=facts, language=language) for language in LANGUAGES}
    return tuple(
        FilledClause(
            number=number,
            code=clause.code,
            version=clause.version,
            covers=clause.covers,
            titles=clause.titles,
            bodies={language: _filled(clause.bodies[language], said[language]) for language in LANGUAGES},
            source=clause.source,
        )
        for number, clause in enumerate(clauses, start=1)
    )


def say(*, facts: Facts, language: str) -> dict[str, str]:
    """Return each field as a contract writes it in a language."""
    said = {}
    for name in FIELDS:
        value = getattr(facts, name)
        if isinstance(value, StrEnum):
            said[name] = SAID[value][language]
        elif isinstance(value, Mapping):
            said[name] = value[language]
        elif isinstance(value, date):
            said[name] = value.isoformat()
        else:
            said[name] = "" if value is None else str(value)
    said["capacity_va"] = _capacity(facts.capacity_va, language)
    if facts.end_date is None:
        said["end_date"] = {"zh": "长期", "en": "further notice"}[language]
    said["renew_months"] = _renewal(facts.renew_months, language)
    said["special"] = facts.special or {"zh": "无", "en": "None."}[language]
    said["id_number"] = facts.id_number or "–"
    said["supplier_number"] = facts.supplier_number or "–"
    return said


def capacity_text(*, capacity_va: int) -> str:
    """Return a capacity as "630 kVA"."""
    whole, rest = divmod(capacity_va, 10**VA_PLACES)
    decimals = f".{rest:0{VA_PLACES}d}".rstrip("0") if rest else ""
    return f"{whole:,}{decimals} kVA"


def content_sha256(*, head: Sequence[str], clauses: Sequence[FilledClause]) -> str:
    """Return the SHA-256 of what is agreed: it stands on the paper, and whoever has the paper can compare it."""
    digest = hashlib.sha256()
    parts = [*head]
    for clause in clauses:
        parts += [str(clause.number), clause.code, str(clause.version)]
        parts += [texts[language] for texts in (clause.titles, clause.bodies) for language in LANGUAGES]
    for part in parts:
        raw = part.encode()
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.hexdigest()


def _filled(body: str, said: Mapping[str, str]) -> str:
    return HOLE.sub(lambda found: said[found[1]], body)


def _is_empty(value: object) -> bool:
    if isinstance(value, Mapping):
        return not all(str(value.get(language, "")).strip() for language in LANGUAGES)
    return value is None or value == 0 or (isinstance(value, str) and not value.strip())


def _capacity(capacity_va: int | None, language: str) -> str:
    if capacity_va is None:
        return {"zh": "未约定", "en": "not agreed"}[language]
    return capacity_text(capacity_va=capacity_va)


def _renewal(months: int, language: str) -> str:
    if not months:
        return {"zh": "不自动续期", "en": "it is not renewed by itself"}[language]
    return {"zh": f"每次自动续期 {months} 个月", "en": f"it is renewed by {months} months each time"}[language]
