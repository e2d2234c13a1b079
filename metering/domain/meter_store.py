"""Where a meter is when it does not count: store, van, retired; deliveries of new ones; seals and their numbers."""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Findings, Refused
from cis.kernel.workflow import ANYONE, Move, Workflow
from metering.domain.device_tests import Accuracy
from metering.domain.places import Direction, NewRegister, Quantity, Reset, check_serial

DELIVERY_MOST = 20_000
DELIVERY_BYTES_MOST = 4 * 2**20
CERTIFICATE_MOST = 60
SEALS_MOST = 10_000
SEAL_MOST = 30
SEAL = re.compile(r"([A-Z0-9-]*?)([0-9]{1,12})", re.ASCII)
COLUMNS = ("serial", "model", "kind", "certificate", "certified_date", "certified_until")
"""Of a delivery; ``accuracy``, the class of each meter, may stand beside them."""


class BadDelivery(Refused):
    """Lines of the delivery are wrong; ``detail["findings"]`` has one entry for each fault."""

    code = "bad_delivery"


class BadSealNumbers(Refused):
    """The numbers are no range of seals."""

    code = "bad_seal_numbers"


class MeterState(StrEnum):
    """
    Where a meter is.

    IN_STORE   ready to be hung up
    ON_VAN     a crew has it
    INSTALLED  it hangs at a service point, or is planned to
    RETIRED    taken down; it has to be tested before it is used again
    SCRAPPED   for good
    """

    IN_STORE = "in_store"
    ON_VAN = "on_van"
    INSTALLED = "installed"
    RETIRED = "retired"
    SCRAPPED = "scrapped"


class MeterAction(StrEnum):
    """
    What moves a meter.

    TAKE_IN  a meter that was taken down is tested anew and goes back to the store
    """

    ISSUE = "issue"
    GIVE_BACK = "give_back"
    INSTALL = "install"
    REMOVE = "remove"
    TAKE_IN = "take_in"
    SCRAP = "scrap"


KEEPERS: frozenset[Role | ActorKind] = frozenset((Role.METERING, Role.SUPERVISOR, ActorKind.CLIENT))
"""Who keeps the store."""
_M, _D = MeterState, MeterAction
_USABLE = (_M.IN_STORE, _M.ON_VAN, _M.INSTALLED, _M.RETIRED)
METER_WORKFLOW = Workflow(
    "meter",
    {
        (_M.IN_STORE, _D.ISSUE): Move(_M.ON_VAN, KEEPERS),
        (_M.ON_VAN, _D.ISSUE): Move(_M.ON_VAN, KEEPERS),
        (_M.ON_VAN, _D.GIVE_BACK): Move(_M.IN_STORE, KEEPERS),
        **{(state, _D.INSTALL): Move(_M.INSTALLED, ANYONE) for state in _USABLE},
        (_M.INSTALLED, _D.REMOVE): Move(_M.RETIRED, ANYONE),
        (_M.RETIRED, _D.TAKE_IN): Move(_M.IN_STORE, KEEPERS),
        (_M.IN_STORE, _D.SCRAP): Move(_M.SCRAPPED, KEEPERS),
        (_M.RETIRED, _D.SCRAP): Move(_M.SCRAPPED, KEEPERS),
    },
)
"""The life of a meter. Where it hangs when is said by its installations; this says where it is now."""


class SealState(StrEnum):
    """
    States of a seal.

    GIVEN_OUT  a crew has it
    SET        it is on a meter
    BROKEN     it was taken off, or found broken; it is never used again
    """

    IN_STORE = "in_store"
    GIVEN_OUT = "given_out"
    SET = "set"
    BROKEN = "broken"
    LOST = "lost"


class SealAction(StrEnum):
    """What moves a seal."""

    GIVE_OUT = "give_out"
    GIVE_BACK = "give_back"
    PUT_ON = "put_on"
    BREAK = "break"
    LOSE = "lose"


_L, _T = SealState, SealAction
SEAL_WORKFLOW = Workflow(
    "seal",
    {
        (_L.IN_STORE, _T.GIVE_OUT): Move(_L.GIVEN_OUT, KEEPERS),
        (_L.GIVEN_OUT, _T.GIVE_BACK): Move(_L.IN_STORE, KEEPERS),
        (_L.GIVEN_OUT, _T.PUT_ON): Move(_L.SET, KEEPERS | {Role.FIELD}),
        (_L.IN_STORE, _T.PUT_ON): Move(_L.SET, KEEPERS),
        (_L.SET, _T.BREAK): Move(_L.BROKEN, KEEPERS | {Role.FIELD}),
        (_L.GIVEN_OUT, _T.BREAK): Move(_L.BROKEN, KEEPERS | {Role.FIELD}),
        (_L.IN_STORE, _T.LOSE): Move(_L.LOST, KEEPERS),
        (_L.GIVEN_OUT, _T.LOSE): Move(_L.LOST, KEEPERS),
    },
)
"""The life of a seal: it is put on one meter, once."""


class MeterKind(StrEnum):
    """
    What counters a delivered meter has.

    TOTAL         one counter
    PEAK_VALLEY   two counters: peak and valley
    FOUR_PERIODS  counters of sharp, peak, flat and valley
    INDUSTRY      one counter, reactive energy, and the largest demand of the month
    INDUSTRY_PERIODS  counters of peak, flat and valley, reactive energy, and the largest demand of the month
    INTERVAL      values by the hour or finer, by meter files
    """

    TOTAL = "total"
    PEAK_VALLEY = "peak_valley"
    FOUR_PERIODS = "four_periods"
    INDUSTRY = "industry"
    INDUSTRY_PERIODS = "industry_periods"
    INTERVAL = "interval"


def _periods(*codes: str) -> tuple[NewRegister, ...]:
    return tuple(NewRegister(code=code, period_of_use=code) for code in codes)


_REACTIVE_AND_DEMAND = (
    NewRegister(code="reactive", quantity=Quantity.REACTIVE.value),
    NewRegister(code="demand", quantity=Quantity.DEMAND.value, resets=Reset.MONTH.value),
)
REGISTERS: Mapping[MeterKind, tuple[NewRegister, ...]] = MappingProxyType(
    {
        MeterKind.TOTAL: (NewRegister(code="total"),),
        MeterKind.PEAK_VALLEY: _periods("peak", "valley"),
        MeterKind.FOUR_PERIODS: _periods("sharp", "peak", "flat", "valley"),
        MeterKind.INDUSTRY: (NewRegister(code="total"), *_REACTIVE_AND_DEMAND),
        MeterKind.INDUSTRY_PERIODS: (*_periods("peak", "flat", "valley"), *_REACTIVE_AND_DEMAND),
        MeterKind.INTERVAL: (NewRegister(code="E1", is_interval=True, direction=Direction.IMPORT.value),),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredMeter:
    """
    A line of a delivery.

    certificate      number of the test certificate (检定证书)
    certified_until  last day on which it holds; a meter beyond that is not hung up
    accuracy         its class, "" = the file does not say
    where            where it stands in its file ("line 3"), for findings
    """

    serial: str
    model: str
    kind: MeterKind
    certificate: str
    certified_date: date
    certified_until: date
    where: str
    accuracy: str = ""


def read_delivery(data: bytes) -> tuple[DeliveredMeter, ...]:
    """
    Return the meters of a delivery: CSV in UTF-8 with the columns ``COLUMNS``, in any order, a line for each meter.

    :raises BadDelivery: a column or a field is missing or wrong, a meter stands twice, or there are too many.
    """
    findings = Findings()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
        findings.add("", "not_utf8", "The file is no text in UTF-8.", "Save it as CSV in UTF-8.")
    rows = csv.DictReader(io.StringIO(text))
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing and not findings:
        findings.add("line 1", "missing_column", f"Columns are missing: {', '.join(missing)}.")
    found: list[DeliveredMeter] = []
    seen: dict[str, str] = {}
    for number, row in enumerate(rows if not findings else (), start=2):
        if number > DELIVERY_MOST + 1:
            findings.add(f"line {number}", "too_many_lines", f"A delivery has up to {DELIVERY_MOST} meters.")
            break
        line = _line(row, f"line {number}", findings)
        if line is None:
            continue
        if line.serial in seen:
            findings.add(f"{line.where}: serial", "serial_twice", f"{line.serial} stands at {seen[line.serial]} too.")
        seen[line.serial] = line.where
        found.append(line)
    if not found and not findings:
        findings.add("", "empty_delivery", "The file has no meter.")
    findings.raise_if_any(BadDelivery)
    return tuple(found)


def _line(row: Mapping[str, str | None], where: str, findings: Findings) -> DeliveredMeter | None:
    before = len(findings)
    given = {name: (row.get(name) or "").strip() for name in (*COLUMNS, "accuracy")}
    check_serial(serial=given["serial"], model=given["model"], where=where, findings=findings)
    if given["kind"] not in set(MeterKind):
        advice = f"Use one of {', '.join(MeterKind)}."
        findings.add(f"{where}: kind", "unknown_meter_kind", f"{given['kind']!r} is no kind of meter.", advice)
    if not 1 <= len(given["certificate"]) <= CERTIFICATE_MOST:
        findings.add(f"{where}: certificate", "no_certificate", "The number of the test certificate is missing.")
    if given["accuracy"] and given["accuracy"] not in set(Accuracy):
        advice = f"Use one of {', '.join(Accuracy)}."
        findings.add(f"{where}: accuracy", "unknown_accuracy", f"{given['accuracy']!r} is no class.", advice)
    days = {name: _day(given[name], f"{where}: {name}", findings) for name in ("certified_date", "certified_until")}
    tested, until = days["certified_date"], days["certified_until"]
    if tested and until and until <= tested:
        findings.add(f"{where}: certified_until", "empty_period", "The certificate ends before it begins.")
    if len(findings) > before or tested is None or until is None:
        return None
    return DeliveredMeter(
        serial=given["serial"], model=given["model"], kind=MeterKind(given["kind"]), certificate=given["certificate"],
        certified_date=tested, certified_until=until, where=where, accuracy=given["accuracy"],
    )  # fmt: skip


def _day(text: str, where: str, findings: Findings) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        findings.add(where, "bad_date", f"{text!r} is no date.", "Write it as 2026-11-28.")
        return None


def seal_numbers(*, first: str, last: str) -> tuple[str, ...]:
    """
    Return the numbers of a range of seals: a common beginning, then a count of the same width.

    :raises BadSealNumbers: the ends do not fit together, or there are more than ``SEALS_MOST``.
    """
    begin, end = (SEAL.fullmatch(text.strip().upper()) for text in (first, last or first))
    if begin is None or end is None or max(len(first), len(last)) > SEAL_MOST:
        raise BadSealNumbers(
            "A number of a seal is letters, digits and dashes, and ends with digits.", field="first_number"
        )
    (prefix, low), (other, high) = begin.groups(), end.groups()
    if prefix != other or len(low) != len(high) or not 0 <= int(high) - int(low) < SEALS_MOST:
        raise BadSealNumbers(
            f"{first} to {last} is no range of seals.",
            advice=f"Both begin alike and have as many digits; up to {SEALS_MOST} numbers.",
            field="last_number",
        )
    return tuple(f"{prefix}{number:0{len(low)}d}" for number in range(int(low), int(high) + 1))
