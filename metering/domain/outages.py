"""
Outages: where no current flows though it should, and the reports of faults of which they are made.

What is reported under one transformer within some minutes is one outage; where transformers of one feeder are reported,
it is the feeder. That is supposed: a person or the crew confirms it, splits it, or joins it with another.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Findings
from cis.kernel.workflow import ANYONE, Move, Workflow

SUBJECT = "outage"
"""The case of its work orders, clocks and audit events."""
NOTE_MOST = 500
NAME_MOST = 100
PHONE_MOST = 40
ADDRESS_MOST = 300


class Scope(StrEnum):
    """
    What is dark.

    PLACE        no supply that is known: a wire in the street
    SINGLE       one supply
    TRANSFORMER  all that hangs on a transformer
    FEEDER       all that hangs on a feeder, behind its transformers too
    """

    PLACE = "place"
    SINGLE = "single"
    TRANSFORMER = "transformer"
    FEEDER = "feeder"


class OutageState(StrEnum):
    """
    States of an outage.

    SUPPOSED   reports say so
    CONFIRMED  a person or the crew says so
    RESTORED   current flows again everywhere
    CANCELLED  there was none, or it goes on in another one
    """

    SUPPOSED = "supposed"
    CONFIRMED = "confirmed"
    RESTORED = "restored"
    CANCELLED = "cancelled"


class OutageAction(StrEnum):
    """
    What happens to an outage.

    WIDEN    more reports: it reaches further than was supposed
    DANGER   a report says that people are in danger
    CONFIRM  it is so
    EXPECT   it is said when current flows again
    ARRIVE   the crew is there
    PART     current flows again at a part of it
    RESTORE  current flows again everywhere
    SPLIT    a part of it becomes an outage of its own
    JOIN     it goes on in another one
    CANCEL   there is none
    """

    WIDEN = "widen"
    DANGER = "danger"
    CONFIRM = "confirm"
    EXPECT = "expect"
    ARRIVE = "arrive"
    PART = "part"
    RESTORE = "restore"
    SPLIT = "split"
    JOIN = "join"
    CANCEL = "cancel"


class FaultKind(StrEnum):
    """What somebody reports."""

    NO_POWER = "no_power"
    VOLTAGE = "voltage"
    DANGER = "danger"
    LINE_DOWN = "line_down"


class FaultChannel(StrEnum):
    """By which way a report came."""

    PHONE = "phone"
    DESK = "desk"
    PORTAL = "portal"
    API = "api"


class Answer(StrEnum):
    """
    What somebody who reports is told.

    NEW        nobody had reported it: somebody is sent
    KNOWN      it is known, and worked on
    PLANNED    an outage that was announced is on
    CUT        the supply was cut off because of a debt
    PREPAID    the supply was cut off because the prepaid balance is used up
    """

    NEW = "new"
    KNOWN = "known"
    PLANNED = "planned"
    CUT = "cut"
    PREPAID = "prepaid"


class Cause(StrEnum):
    """Why it was dark; ``CUSTOMER`` is the customer's own installation, which no index counts."""

    UNKNOWN = "unknown"
    EQUIPMENT = "equipment"
    CABLE = "cable"
    LINE = "line"
    WEATHER = "weather"
    THIRD_PARTY = "third_party"
    ANIMAL_TREE = "animal_tree"
    OVERLOAD = "overload"
    UPSTREAM = "upstream"
    CUSTOMER = "customer"
    WORKS = "works"


class Area(StrEnum):
    """How far it is, which decides how soon a crew must be there."""

    CITY = "city"
    RURAL = "rural"
    REMOTE = "remote"


DANGEROUS = frozenset({FaultKind.DANGER, FaultKind.LINE_DOWN})
DARK = frozenset({FaultKind.NO_POWER, FaultKind.LINE_DOWN})
"""Kinds that say that no current flows: of these, several make a wider outage."""
EXCUSES = frozenset({Answer.PLANNED, Answer.CUT, Answer.PREPAID})
"""Answers that explain why it is dark: nobody is sent."""
OPEN = (OutageState.SUPPOSED, OutageState.CONFIRMED)
KEEPERS: frozenset[Role | ActorKind] = frozenset(
    (Role.CLERK, Role.METERING, Role.FIELD, Role.SUPERVISOR, ActorKind.CLIENT)
)
REPORTERS: frozenset[Role | ActorKind] = KEEPERS | {
    Role.CASHIER, Role.BILLING, ActorKind.CUSTOMER, ActorKind.SYSTEM,
}  # fmt: skip
WORKERS = KEEPERS | {ActorKind.SYSTEM}
"""Who may say that it is so, and that current is back: meters do so by the system."""

_S, _A = OutageState, OutageAction
WORKFLOW = Workflow(
    "outage",
    {
        **{
            (state, action): Move(state, by)
            for state in OPEN
            for action, by in (
                (_A.WIDEN, ANYONE),
                (_A.DANGER, ANYONE),
                (_A.EXPECT, KEEPERS),
                (_A.ARRIVE, KEEPERS),
                (_A.PART, WORKERS),
                (_A.SPLIT, KEEPERS),
            )
        },
        (_S.SUPPOSED, _A.CONFIRM): Move(_S.CONFIRMED, WORKERS),
        **{(state, _A.RESTORE): Move(_S.RESTORED, WORKERS) for state in OPEN},
        **{(state, _A.JOIN): Move(_S.CANCELLED, ANYONE) for state in OPEN},
        **{(state, _A.CANCEL): Move(_S.CANCELLED, KEEPERS) for state in OPEN},
    },
)
"""The way of an outage; reports, whoever makes them, widen supposed ones and join them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageRule:
    """
    The pack's rule ``outages``.

    group_minutes     reports so near to one another are of one outage
    group_supplies    so many supplies under a transformer make it dark
    feeder_branches   so many branches of a feeder make it dark
    rural, remote     districts where a crew may take longer; all others are city
    momentary_minutes  up to so long an interruption is momentary, and no index counts it
    """

    group_minutes: int
    group_supplies: int
    feeder_branches: int
    rural: tuple[str, ...]
    remote: tuple[str, ...]
    momentary_minutes: int

    def area_of(self, district: str) -> Area:
        """Return how far a district is."""
        if district in self.remote:
            return Area.REMOTE
        return Area.RURAL if district in self.rural else Area.CITY


def arrival_standard(area: Area) -> str:
    """Return the service standard by which a crew is there."""
    return f"outage_arrival_{area}"


def restoration_standard(area: Area) -> str:
    """Return the service standard by which current flows again."""
    return f"outage_restoration_{area}"


STANDARDS = tuple(of(area) for of in (arrival_standard, restoration_standard) for area in Area)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A report, or an alarm, that it is dark at a supply; where it hangs None: not recorded."""

    id: int
    service_point_id: int
    transformer_id: int | None
    feeder_id: int | None
    at: datetime

    @property
    def branch(self) -> tuple[str, int]:
        """Return what of a feeder it is on: a transformer, or a supply of its own."""
        if self.transformer_id is not None:
            return "transformer", self.transformer_id
        return "supply", self.service_point_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Signals that are one outage, the earliest first, and what they say is dark."""

    scope: Scope
    asset_id: int
    signal_ids: tuple[int, ...]
    began_at: datetime


def gather(signals: Iterable[Signal], *, rule: OutageRule) -> tuple[Group, ...]:
    """
    Return the outages that signals say there are, the earliest first; each signal is in exactly one.

    Under one transformer a signal belongs to the one before it if it came at most ``group_minutes`` later. Where so
    near to one another ``feeder_branches`` branches of a feeder are signalled, the feeder is dark; else the
    transformer, where ``group_supplies`` of its supplies are; else each supply alone.
    """
    span = timedelta(minutes=rule.group_minutes)
    by_feeder: dict[tuple[str, int], list[Signal]] = {}
    for one in sorted(signals, key=lambda one: (one.at, one.id)):
        key = ("feeder", one.feeder_id) if one.feeder_id is not None else ("supply", one.service_point_id)
        by_feeder.setdefault(key, []).append(one)
    found = [group for chosen in by_feeder.values() for group in _of_feeder(chosen, rule, span)]
    return tuple(sorted(found, key=lambda group: (group.began_at, group.signal_ids)))


def _of_feeder(signals: Sequence[Signal], rule: OutageRule, span: timedelta) -> list[Group]:
    found: list[Group] = []
    for wave in _waves(signals, span):
        branches = {one.branch for one in wave}
        feeder_id = wave[0].feeder_id
        if feeder_id is not None and len(branches) >= rule.feeder_branches:
            found.append(_group(Scope.FEEDER, feeder_id, wave))
            continue
        for branch in sorted(branches):
            own = [one for one in wave if one.branch == branch]
            for part in _waves(own, span):
                found += _of_branch(part, rule)
    return found


def _of_branch(signals: Sequence[Signal], rule: OutageRule) -> list[Group]:
    supplies = sorted({one.service_point_id for one in signals})
    transformer_id = signals[0].transformer_id
    if transformer_id is not None and len(supplies) >= rule.group_supplies:
        return [_group(Scope.TRANSFORMER, transformer_id, signals)]
    return [
        _group(Scope.SINGLE, supply, [one for one in signals if one.service_point_id == supply]) for supply in supplies
    ]


def _waves(signals: Sequence[Signal], span: timedelta) -> list[list[Signal]]:
    """Return signals in stretches between which nothing was heard for longer than the span."""
    waves: list[list[Signal]] = []
    for one in signals:
        if waves and one.at - waves[-1][-1].at <= span:
            waves[-1].append(one)
        else:
            waves.append([one])
    return waves


def _group(scope: Scope, asset_id: int, signals: Sequence[Signal]) -> Group:
    return Group(scope=scope, asset_id=asset_id, signal_ids=tuple(one.id for one in signals), began_at=signals[0].at)


def started_at(*, began_at: datetime, times: Iterable[datetime], is_alone: bool, minutes: int) -> datetime:
    """
    Return when an outage began of which meters tell of earlier times, too: the first that hangs together with it.

    :param is_alone: it is one supply: then the first of all counts.
    :param minutes: so long after one another signals hang together, as in ``gather``.
    """
    first = began_at
    for one in sorted(times, reverse=True):
        if is_alone or first - one <= timedelta(minutes=minutes):
            first = min(first, one)
    return first


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReport:
    """
    A report of a fault, as it comes in.

    service_point_id  where; None: no supply that is known, then ``address`` says where
    account_id        of whom; None: of somebody passing by
    request_key       the same report sent twice is one; "" = it is not sent twice
    """

    kind: FaultKind
    channel: FaultChannel
    service_point_id: int | None = None
    account_id: int | None = None
    address: str = ""
    district: str = ""
    name: str = ""
    phone: str = ""
    note: str = ""
    request_key: str = ""


def check_report(new: NewReport, *, findings: Findings) -> None:
    """Note what is wrong with a report, looked at alone."""
    if new.service_point_id is None and not new.address.strip():
        findings.add("address", "no_fault_place", "The report names no place.", "Choose a supply, or say where.")
    most = {"name": NAME_MOST, "phone": PHONE_MOST, "note": NOTE_MOST, "address": ADDRESS_MOST, "district": NAME_MOST}
    for field, length in most.items():
        if len(getattr(new, field)) > length:
            findings.add(field, "long_text", f"It has at most {length} characters.")


ACTIONS_SHOWN: Mapping[OutageState, tuple[OutageAction, ...]] = MappingProxyType(
    {
        _S.SUPPOSED: (_A.CONFIRM, _A.EXPECT, _A.PART, _A.RESTORE, _A.SPLIT, _A.JOIN, _A.CANCEL),
        _S.CONFIRMED: (_A.EXPECT, _A.PART, _A.RESTORE, _A.SPLIT, _A.JOIN, _A.CANCEL),
    }
)
"""What pages offer; widening, danger and arrival happen by reports and by the crew."""
