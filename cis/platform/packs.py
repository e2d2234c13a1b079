"""
Jurisdiction packs: the rules of a place as data, each with its legal source and the date from which it holds.

The format is described in cis/packs/README.md. ``Rules`` below names every rule there is, with the type of its value: a
rule that nobody can read is as bad as a rule that is missing. There is no default: what a pack does not say is an
error that names it.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_type_hints

from django.conf import settings

from cis.kernel.calendar import LocalClock, UnknownZone
from cis.kernel.errors import Findings, Refused
from cis.kernel.fixed import NotANumber, parse

SCHEMA = 1
HEAD = frozenset({"schema", "code", "name_zh", "name_en", "inherits", "rule"})
TEXT_KEYS = frozenset({"value", "source", "valid_from"})
RULE_KEYS = TEXT_KEYS | {"note", "earlier", "test"}
CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
Kind = tuple[type, Mapping[str, Any]]
"""The type of a value and its limits."""


class BadPack(Refused):
    """A pack's file cannot be used; ``detail["findings"]`` names every fault."""

    code = "bad_pack"


class MissingRule(Refused):
    """The pack has no rule of this key in force on the date."""

    code = "missing_rule"


def _like(pattern: str) -> dict[str, Any]:
    return {"pattern": re.compile(pattern)}


@dataclass(frozen=True, slots=True)
class LargerBounds:
    """When a bill of an account is held that has agreed on a capacity of at least ``from_kva``."""

    from_kva: str = field(metadata={"decimals": 3})
    zero_kwh_bills: int = field(default=0, metadata={"least": 1})
    above_percent: int = field(default=0, metadata={"least": 100})
    below_percent: int = field(default=0, metadata={"least": 0, "most": 100})
    max_load_percent: int = field(default=0, metadata={"least": 1})
    max_total: str = field(default="", metadata={"decimals": 3})
    negative_total: bool = False


@dataclass(frozen=True, slots=True)
class Bounds:
    """When a bill is held for a person to look at; a bound that is left out is not checked."""

    zero_kwh_bills: int = field(default=0, metadata={"least": 1})
    above_percent: int = field(default=0, metadata={"least": 100})
    below_percent: int = field(default=0, metadata={"least": 0, "most": 100})
    max_kwh_per_day: str = field(default="", metadata={"decimals": 3})
    max_total: str = field(default="", metadata={"decimals": 3})
    negative_total: bool = False
    larger: LargerBounds = field(default=LargerBounds(from_kva=""))


@dataclass(frozen=True, slots=True)
class Shadow:
    """When a shadow run calls a bill an outlier: its amount a day in percent of that of an earlier bill."""

    above_percent: int = field(metadata={"least": 101})
    below_percent: int = field(metadata={"least": 0, "most": 99})
    min_difference: str = field(metadata={"decimals": 3})


_PERCENT = {"least": 1, "most": 100}
_TIMES = {"least": 0, "most": 10}
_HOURS = {"least": 1, "most": 24}
_MONEY = {"decimals": 3}
_LOCAL = {"is_local": True}


@dataclass(frozen=True, slots=True)
class Backbill:
    """How much of the time from the first wrong day until it was mended is corrected: its last part, in percent."""

    period_percent: int = field(metadata=_PERCENT)


@dataclass(frozen=True, slots=True)
class BackbillDrop:
    """The same for voltage lost in leads, and the loss that is allowed."""

    period_percent: int = field(metadata=_PERCENT)
    allowed_percent: str = field(metadata={"decimals": 4})


@dataclass(frozen=True, slots=True)
class BackbillCap:
    """So many months before the day of the correction may still be billed to a customer; 0: all. See ``spares``."""

    months: int = field(metadata={"least": 0, "most": 240})
    spares: str = field(metadata=_like("everybody|blameless"))


@dataclass(frozen=True, slots=True)
class BackbillLimit:
    """
    Energy above which a second person decides on a correction, either way, together with what others moved at the same
    meter or place: on the same months, or proposed so many months before.
    """

    above_kwh: str = field(metadata={"decimals": 3})
    within_months: int = field(metadata={"least": 1, "most": 240})


@dataclass(frozen=True, slots=True)
class BreachCategory:
    """Cheap supply used for what is dearer: so many times the difference, and what is taken if nobody knows."""

    times: int = field(metadata=_TIMES)
    unknown_months: int = field(metadata={"least": 1, "most": 60})
    days_in_month: int = field(metadata={"least": 28, "most": 31})
    power_hours: int = field(metadata=_HOURS)
    light_hours: int = field(metadata=_HOURS)


@dataclass(frozen=True, slots=True)
class BreachCapacity:
    """Capacity that was not agreed: so many times its capacity fee, or an amount for each kW (kVA)."""

    times: int = field(metadata=_TIMES)
    per_kw: str = field(metadata=_MONEY)


@dataclass(frozen=True, slots=True)
class BreachTheft:
    """Theft: so many times what is owed, on the exact or the rounded amount, and what is taken if nobody knows."""

    times: int = field(metadata=_TIMES)
    penalty_on: str = field(metadata=_like("exact|rounded"))
    unknown_days: int = field(metadata={"least": 1, "most": 3_660})
    power_hours: int = field(metadata=_HOURS)
    light_hours: int = field(metadata=_HOURS)


@dataclass(frozen=True, slots=True)
class BreachTampering:
    """An amount each time that a meter or its seal was touched."""

    home: str = field(metadata=_MONEY)
    other: str = field(metadata=_MONEY)


@dataclass(frozen=True, slots=True)
class BreachOwnSupply:
    """An amount for each kW (kVA) of a source that was connected without leave."""

    per_kw: str = field(metadata=_MONEY)


@dataclass(frozen=True, slots=True)
class ChargeTax:
    """The tax on a one-off charge: its rate, "0" for none; contained in the agreed amount, or put on top of it."""

    vat_rate: str = field(metadata={"decimals": 6})
    vat_mode: str = field(metadata=_like("inside|on_top"))


@dataclass(frozen=True, slots=True)
class Rules:
    """
    Every rule that a pack may hold, with the type of its value. A new rule is named here and in the README.

    A rule that ``is_local`` is one that not every place has: whoever needs it there is refused by its name.
    """

    currency: str = field(metadata=_like("[A-Z]{3}"))
    decimals: int = field(metadata={"least": 0, "most": 3})
    time_zone: str = field(metadata={"zone": True})
    holiday_country: str = field(metadata=_like("[A-Z]{2}"))
    vat_rate: str = field(metadata={"decimals": 6})
    vat_mode: str = field(metadata=_like("inside|on_top"))
    bill_due_days: int = field(metadata={"least": 0, "most": 366})
    bounds: Bounds
    shadow: Shadow
    advice_least_months: int = field(metadata={"least": 1, "most": 12})
    backbill_meter_error: Backbill = field(metadata=_LOCAL)
    backbill_transformer_error: Backbill = field(metadata=_LOCAL)
    backbill_voltage_drop: BackbillDrop = field(metadata=_LOCAL)
    backbill_wiring: Backbill = field(metadata=_LOCAL)
    backbill_multiplier: Backbill = field(metadata=_LOCAL)
    backbill_fuse: Backbill = field(metadata=_LOCAL)
    backbill_other: Backbill = field(metadata=_LOCAL)
    backbill_theft: Backbill = field(metadata=_LOCAL)
    backbill_cap: BackbillCap = field(metadata=_LOCAL)
    backbill_second_person: BackbillLimit = field(metadata=_LOCAL)
    breach_category: BreachCategory = field(metadata=_LOCAL)
    breach_capacity: BreachCapacity = field(metadata=_LOCAL)
    breach_suspended: BreachCapacity = field(metadata=_LOCAL)
    breach_theft: BreachTheft = field(metadata=_LOCAL)
    breach_tampering: BreachTampering = field(metadata=_LOCAL)
    breach_own_supply: BreachOwnSupply = field(metadata=_LOCAL)
    penalty_taxed: bool = field(metadata=_LOCAL)
    charge_connection: ChargeTax = field(metadata=_LOCAL)
    charge_works: ChargeTax = field(metadata=_LOCAL)
    charge_meter_work: ChargeTax = field(metadata=_LOCAL)
    charge_relocation: ChargeTax = field(metadata=_LOCAL)
    charge_reconnection: ChargeTax = field(metadata=_LOCAL)
    charge_temporary_supply: ChargeTax = field(metadata=_LOCAL)
    charge_service: ChargeTax = field(metadata=_LOCAL)
    charge_green_package: ChargeTax = field(metadata=_LOCAL)
    charge_lease_rent: ChargeTax = field(metadata=_LOCAL)
    charge_instalment: ChargeTax = field(metadata=_LOCAL)
    charge_early_settlement: ChargeTax = field(metadata=_LOCAL)
    charge_early_termination: ChargeTax = field(metadata=_LOCAL)


@dataclass(frozen=True, slots=True)
class RuleText:
    """One text of a rule, from its date on."""

    value: Any
    source: str
    valid_from: date


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack with what it inherits; ``rules`` holds the texts of each key, latest first."""

    code: str
    name_zh: str
    name_en: str
    rules: Mapping[str, tuple[RuleText, ...]]

    def text(self, key: str, *, at: date) -> RuleText:
        """
        Return the text of a rule that is in force on a date.

        :raises MissingRule: there is none.
        """
        for text in self.rules.get(key, ()):
            if text.valid_from <= at:
                return text
        raise MissingRule(
            f"The pack {self.code} has no rule {key} in force on {at}.",
            advice=f"Add [rule.{key}] with its legal source to cis/packs/{self.code}/pack.toml.",
            key=key,
            at=at.isoformat(),
        )


def rule(key: str, *, at: date) -> Any:
    """
    Return the value of a rule of this installation's pack on a date: int, bool, str, or a mapping of such.

    :raises MissingRule: there is none; nothing is assumed in its place.
    """
    return text_of(key, at=at).value


def text_of(key: str, *, at: date) -> RuleText:
    """
    Return the text of a rule of this installation's pack on a date, with its legal source.

    :raises MissingRule: there is none.
    """
    return load(settings.PACK).text(key, at=at)


@cache
def load(name: str) -> Pack:
    """
    Return a pack, read once per process.

    :raises BadPack: the file is missing or has faults.
    """
    return read(folder(name) / "pack.toml")


def folder(name: str) -> Path:
    """Return where a pack lies."""
    return Path(settings.BASE_DIR) / "cis" / "packs" / name


def read(path: Path, *, heirs: tuple[str, ...] = ()) -> Pack:
    """
    Read a pack file with what it inherits.

    :param heirs: codes of the packs that inherit from it, down to the one asked for.
    :raises BadPack: every fault at once.
    """
    findings = Findings()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        findings.add(f"{path.parent.name}/{path.name}", "unreadable", str(error), advice="Correct the file.")
        raise BadPack(str(next(iter(findings))), findings=tuple(findings)) from error
    _check_head(document, heirs=(*heirs, path.parent.name), findings=findings)
    kinds = _kinds_of(Rules)
    stated = document.get("rule", {})
    rules = {key: _texts(key, table, kinds, findings) for key, table in stated.items()}
    findings.raise_if_any(BadPack)
    parent = document.get("inherits")
    inherited: Mapping[str, tuple[RuleText, ...]] = {}
    if parent is not None:
        inherited = read(path.parent.parent / parent / "pack.toml", heirs=(*heirs, path.parent.name)).rules
    rules = {**inherited, **rules}
    return Pack(document["code"], document["name_zh"], document["name_en"], MappingProxyType(rules))


def _kinds_of(schema: Any) -> dict[str, Kind]:
    hints = get_type_hints(schema)
    return {one.name: (hints[one.name], one.metadata) for one in fields(schema)}


def _check_head(document: Mapping[str, Any], *, heirs: tuple[str, ...], findings: Findings) -> None:
    for key in sorted(document.keys() - HEAD):
        findings.add(key, "unknown_key", f"{key} is no key of a pack.", advice=f"Known: {', '.join(sorted(HEAD))}.")
    if document.get("schema") != SCHEMA:
        findings.add("schema", "unknown_schema", f"schema must be {SCHEMA}.")
    if document.get("code") != heirs[-1]:
        findings.add("code", "wrong_code", f"code must be the folder's name, {heirs[-1]}.")
    for key in ("name_zh", "name_en"):
        if not isinstance(document.get(key), str) or not document[key].strip():
            findings.add(key, "missing_key", f"{key} must be a text.")
    if not isinstance(document.get("rule", {}), dict):
        findings.add("rule", "wrong_type", "Rules are tables, [rule.<key>].")
        findings.raise_if_any(BadPack)
    parent = document.get("inherits")
    if parent is not None and not (isinstance(parent, str) and CODE.fullmatch(parent)):
        findings.add("inherits", "wrong_code", "inherits must be the code of a pack.")
    elif parent in heirs:
        findings.add("inherits", "cycle", f"{parent} would inherit from itself.")


def _texts(key: str, table: Any, kinds: Mapping[str, Kind], findings: Findings) -> tuple[RuleText, ...]:
    """Return the texts of a rule, latest first."""
    where = f"rule.{key}"
    if key not in kinds:
        findings.add(where, "unknown_rule", f"{key} is no known rule.", advice="Name it in cis/platform/packs.py.")
        return ()
    earlier = table.get("earlier", []) if isinstance(table, dict) else None
    if not isinstance(earlier, list) or not all(isinstance(part, dict) for part in earlier):
        findings.add(where, "wrong_type", "A rule is a table, its earlier texts are tables in a list.")
        return ()
    for extra in sorted(table.keys() - RULE_KEYS):
        findings.add(f"{where}.{extra}", "unknown_key", f"{extra} is no key of a rule.")
    parts = [(where, {name: one for name, one in table.items() if name in TEXT_KEYS})]
    parts += [(f"{where}.earlier[{place}]", part) for place, part in enumerate(earlier)]
    texts = [_text(place, part, kinds[key], findings) for place, part in parts]
    dates = [text.valid_from for text in texts if text is not None]
    if len(set(dates)) < len(dates) or any(day > dates[0] for day in dates):
        findings.add(where, "wrong_order", "An earlier text holds from the same date as another one, or a later one.")
    return tuple(sorted((text for text in texts if text is not None), key=lambda text: text.valid_from, reverse=True))


def _text(where: str, table: Mapping[str, Any], kind: Kind, findings: Findings) -> RuleText | None:
    missing = sorted(TEXT_KEYS - table.keys())
    for key in missing:
        findings.add(f"{where}.{key}", "missing_key", "Each text says its value, source and date.")
    for extra in sorted(table.keys() - TEXT_KEYS):
        findings.add(f"{where}.{extra}", "unknown_key", f"{extra} is no key of an earlier text.")
    if missing:
        return None
    source, valid_from = table["source"], table["valid_from"]
    if not isinstance(source, str) or not source.strip():
        findings.add(f"{where}.source", "no_source", "source must name the law, order or notice.")
    if type(valid_from) is not date:
        findings.add(f"{where}.valid_from", "wrong_date", "valid_from must be a date.")
        return None
    value = _checked(f"{where}.value", table["value"], kind, findings)
    return RuleText(value=value, source=str(source), valid_from=valid_from)


def _checked(where: str, value: Any, kind: Kind, findings: Findings) -> Any:
    """Note what is wrong with a value; return it, a table as a read-only mapping."""
    wanted, limits = kind
    if is_dataclass(wanted):
        return _checked_table(where, value, wanted, findings)
    is_right = type(value) is wanted  # a truth is no integer here
    if not is_right:
        findings.add(where, "wrong_type", f"The value must be of type {wanted.__name__}.")
        return value
    if ("least" in limits and value < limits["least"]) or ("most" in limits and value > limits["most"]):
        findings.add(where, "out_of_range", f"{value} is out of range.")
    if "pattern" in limits and not limits["pattern"].fullmatch(value):
        findings.add(where, "wrong_form", f"{value!r} is not of the form {limits['pattern'].pattern}.")
    try:
        if "decimals" in limits:
            parse(value, places=limits["decimals"])
        if "zone" in limits:
            LocalClock(value)
    except (NotANumber, UnknownZone) as error:
        findings.add(where, error.code, error.message)
    return value


def _checked_table(where: str, value: Any, schema: Any, findings: Findings) -> Any:
    if not isinstance(value, dict):
        findings.add(where, "wrong_type", "The value must be a table.")
        return value
    kinds = _kinds_of(schema)
    for key in sorted(value.keys() - kinds.keys()):
        findings.add(f"{where}.{key}", "unknown_key", f"There is no key {key}.", advice=f"Known: {', '.join(kinds)}.")
    for key in sorted({one.name for one in fields(schema) if one.default is MISSING} - value.keys()):
        findings.add(f"{where}.{key}", "missing_key", f"{key} is missing.")
    known = {key: one for key, one in value.items() if key in kinds}
    return MappingProxyType({key: _checked(f"{where}.{key}", one, kinds[key], findings) for key, one in known.items()})
