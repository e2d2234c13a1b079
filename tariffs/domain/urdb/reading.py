"""Reading of URDB JSON into ``Rate``s; every field is billed, told as a remark, or refused by its name."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from cis.kernel.errors import Findings
from tariffs.domain.components.tiers import PER_KW
from tariffs.domain.urdb import charges
from tariffs.domain.urdb.fields import ALIASES, BILLED, KEPT, UNBILLABLE
from tariffs.domain.urdb.numbers import is_nothing
from tariffs.domain.urdb.rate import Choices, Rate
from tariffs.domain.urdb.reader import Reader
from tariffs.domain.urdb.schedules import ENERGY_UNITS, POWER_UNITS, SELL, ScheduleReader, check_tiers

LEFT_OUT = "left_out"
REMARK = "remark"
LONGEST = 96


@dataclass(slots=True)
class Rates:
    """
    What a file holds.

    rates     its versions in order of time; () if there are findings
    findings  what cannot be billed
    notes     what changes no bill, or was decided by whoever imports
    """

    rates: tuple[Rate, ...] = ()
    findings: Findings = field(default_factory=Findings)
    notes: Findings = field(default_factory=Findings)


def read(*, text: str, choices: Choices) -> Rates:
    """
    Return the rates that a URDB file holds, what cannot be billed in it, and remarks.

    text  JSON: one rate, a list of dated versions of one, or the answer of the database with its items
    """
    found = Rates()
    try:
        # Texts for numbers with decimals: no binary fraction ever stands for a price.
        document = json.loads(text, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        found.findings.add("", "not_json", f"The text is not JSON: {error}.")
        return found
    if isinstance(document, dict) and isinstance(document.get("items"), list):
        document = document["items"]
    versions = document if isinstance(document, list) else [document]
    if not versions or not all(isinstance(version, dict) for version in versions):
        found.findings.add("", "not_a_rate", "The file is neither a rate of the URDB nor a list of its versions.")
        return found
    rates = [_read_version(found, version, choices, at) for at, version in _numbered(versions)]
    fields = {_key_of(name) for version in versions for name in version}
    for key in sorted({_key_of(word) for word in choices.leave_out} - fields - {SELL}):
        found.notes.add(key, LEFT_OUT, f"There is no {key} in the file to be left out.")
    if not found.findings:
        found.rates = tuple(sorted((rate for rate in rates if rate is not None), key=_start))
        _check_order(found)
    return found


def _numbered(versions: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Return each version with its place in the file, "" where it is the only one."""
    if len(versions) == 1:
        return [("", versions[0])]
    return [(f"[{place}].", version) for place, version in enumerate(versions)]


def _start(rate: Rate) -> str:
    return str(rate.start_date or "")


def _check_order(found: Rates) -> None:
    """Refuse versions that overlap, are not dated, or are of different rates; tell days between them without prices."""
    rates = found.rates
    for before, after in pairwise(rates):
        if before.start_date is None or after.start_date is None:
            found.findings.add("startdate", "version_without_date", "One of several versions does not say its start.")
        elif before.start_date == after.start_date or (before.end_date and before.end_date > after.start_date):
            message = f"The version from {before.start_date} still holds when that from {after.start_date} begins."
            found.findings.add("startdate", "versions_overlap", message, "Correct the dates in the file.")
        elif before.end_date is not None and before.end_date < after.start_date:
            message = f"From {before.end_date} to {after.start_date} no version holds."
            found.notes.add("startdate", "gap", message)
    if len({rate.utility for rate in rates}) > 1:
        found.findings.add("utility", "different_rates", "The file holds rates of different utilities.")
    if found.findings:
        found.rates = ()


def _read_version(found: Rates, document: Mapping[str, Any], choices: Choices, where: str) -> Rate | None:
    """Return one version, None if it has findings."""
    reader = Reader(where=where, findings=Findings(), notes=found.notes)
    _sort(reader, document, choices)
    rate = _rate_of(reader, choices)
    found.findings.extend(reader.findings)
    return None if reader.findings else rate


def _key_of(name: str) -> str:
    """Return the usual spelling of a field."""
    return ALIASES.get(name.lower(), name.lower())


def _sort(reader: Reader, document: Mapping[str, Any], choices: Choices) -> None:
    """Take the fields that have a value, noting those that cannot be billed and those that need not."""
    leave_out = {_key_of(word) for word in choices.leave_out}
    for name, value in document.items():
        key = _key_of(name)
        if value is None or value == "":
            continue
        if key in leave_out:
            reader.leave_out(key, LEFT_OUT, f"{key} is left out, as was asked for: {_short(value)}.")
        elif key in reader.values:
            if reader.values[key] != value:
                reader.refuse(key, "field_twice", f"{key} stands twice, with different values.")
        elif key in KEPT:
            reader.note(key, REMARK, f"{key} changes no bill: {_short(value)}.")
        elif key in UNBILLABLE and is_nothing(value):
            reader.note(key, REMARK, f"{key} is 0.")
        elif key in UNBILLABLE:
            advice = f"Price it by hand, or leave it out knowingly: --without {key}."
            reader.refuse(key, "unbillable_field", f"{UNBILLABLE[key]} Its value is {_short(value)}.", advice)
        elif key not in BILLED:
            advice = f"If it has no price, leave it out: --without {key}."
            reader.refuse(key, "unknown_field", f"{key} is no field that is known here.", advice)
        else:
            reader.values[key] = value


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.replace('"', "").split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _rate_of(reader: Reader, choices: Choices) -> Rate:
    """Return the rate of the fields, noting every finding."""
    schedules = ScheduleReader(reader, choices)
    charges.check_power_units(reader=reader)
    flat = schedules.flat()
    energy, demand = schedules.schedule("energy", ENERGY_UNITS), schedules.schedule("demand", POWER_UNITS)
    for kind, schedule in (("energy", energy), ("demand", demand)):
        if schedule is not None:
            check_tiers(reader=reader, kind=kind, schedule=schedule, choices=choices)
    if energy is None and demand is None and flat is None and not reader.findings:
        reader.refuse("energyratestructure", "nothing_priced", "The file prices neither energy nor demand.")
    per_kw = energy is not None and any(tier.per in PER_KW for tiers in energy.structure for tier in tiers)
    minimum, yearly_cents = charges.read_minimum(reader=reader)
    start_date, end_date = charges.read_validity(reader=reader)
    return Rate(
        utility=reader.text("utility"),
        name=reader.text("name"),
        source=reader.text("source", "sourceparent", "uri", "label"),
        start_date=start_date,
        end_date=end_date,
        energy=energy,
        flat=flat,
        demand=demand,
        look_back=charges.read_look_back(reader=reader, is_billed=flat is not None or per_kw),
        fixed=charges.read_fixed(reader=reader),
        minimum=minimum,
        yearly_cents=yearly_cents,
        reactive_e6=charges.read_reactive(reader=reader, choices=choices),
        window=charges.read_window(reader=reader),
        told=tuple(reader.told),
    )
