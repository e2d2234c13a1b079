"""
Site surveys: what the surveyor found, whether and how a place can be supplied, and on which assets its supplies hang.

[source: 供电营业规则 (国家发展改革委令2024年第14号): the supplier looks at the place and tells the plan of supply]
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cis.kernel.errors import Findings, Refused
from metering.domain.network import LOW, MODES, Asset, LoadRule, SupplyMode
from metering.domain.places import Voltage
from metering.domain.work_orders import Outcome

WORKS_MOST = 1_000
SURVEY_OUTCOMES = (Outcome.FEASIBLE, Outcome.WITH_WORKS, Outcome.NOT_FEASIBLE)


class SurveyReason(StrEnum):
    """Why a place cannot be supplied, or not without works."""

    NO_CAPACITY = "no_capacity"
    LINE_NEEDED = "line_needed"
    NO_WAY = "no_way"
    ROOM_MISSING = "room_missing"
    WIRING_UNSAFE = "wiring_unsafe"
    USE_DIFFERS = "use_differs"
    NO_RIGHT = "no_right"
    OTHER = "other"


class InvalidSurvey(Refused):
    """The report says too little, or contradicts itself; ``detail["findings"]`` has one entry for each fault."""

    code = "invalid_survey"


class RoomMissing(Refused):
    """The chosen supply points have no room for all supplies; ``detail["lacking_va"]`` says how much lacks."""

    code = "room_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """
    One supply that is asked for.

    item_id           key of the application's item
    present_w         agreed capacity of the service point that it has; 0: none is connected
    asset, asset_id   where that service point hangs; None: nowhere, or it has none
    """

    item_id: int
    seq: int
    unit: str
    voltage: str
    capacity_w: int
    service_point_id: int | None = None
    present_w: int = 0
    asset: Asset | None = None
    asset_id: int = 0

    @property
    def more_w(self) -> int:
        """Return the capacity that it needs beyond what is connected."""
        return max(0, self.capacity_w - self.present_w)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A transformer or feeder that the surveyor chose, with what is free on it. [VA]"""

    asset: Asset
    asset_id: int
    external_id: str
    voltage: str
    free_va: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReport:
    """
    A report as the surveyor gives it.

    voltage      at which it can be supplied; "" = as it was asked for
    assets       chosen supply points in the order in which they are filled
    works        what must be built, by whom
    """

    verdict: Outcome
    reasons: tuple[SurveyReason, ...] = ()
    works: str = ""
    voltage: str = ""
    mode: str = ""
    assets: tuple[tuple[Asset, int], ...] = ()


def check(new: NewReport, *, voltages: Sequence[str]) -> None:
    """
    Do nothing if a report is whole.

    :param voltages: at which the supplies would be.
    :raises InvalidSurvey: every fault at once.
    """
    findings = Findings()
    if new.verdict not in SURVEY_OUTCOMES:
        findings.add("verdict", "wrong_outcome", "Say whether it can be supplied.")
    elif new.verdict is not Outcome.FEASIBLE and not new.reasons:
        findings.add("reasons", "reasons_missing", "Say why: choose a reason.")
    if new.verdict is Outcome.WITH_WORKS and not new.works.strip():
        findings.add("works", "works_missing", "Say what must be built.")
    if len(new.works) > WORKS_MOST:
        findings.add("works", "too_long", f"It has up to {WORKS_MOST} characters.")
    if new.verdict in {Outcome.FEASIBLE, Outcome.WITH_WORKS}:
        if not new.assets:
            findings.add("assets", "assets_missing", "Choose where the supply hangs.")
        _check_mode(new, voltages, findings)
    findings.raise_if_any(InvalidSurvey)


def _check_mode(new: NewReport, voltages: Sequence[str], findings: Findings) -> None:
    if new.voltage and new.voltage not in set(Voltage):
        findings.add("voltage", "unknown_voltage", f"{new.voltage!r} is no voltage level.")
        return
    for voltage in sorted({new.voltage} if new.voltage else set(voltages)):
        possible = MODES[Voltage(voltage)]
        if new.mode and new.mode not in possible:
            findings.add("mode", "wrong_mode", f"At {voltage} a supply is {' or '.join(possible)}.")


def mode_of(*, voltage: str, chosen: str) -> SupplyMode:
    """Return how a supply is metered: as chosen, else the usual way at its voltage."""
    return SupplyMode(chosen) if chosen else MODES[Voltage(voltage)][0]


def phases_of(voltage: str) -> int:
    """Return the phases of a supply: one at 220 V, three above."""
    return 1 if voltage == Voltage.V220 else 3


def spread(*, supplies: Sequence[Supply], rooms: Sequence[Room], rule: LoadRule) -> Mapping[int, Room]:
    """
    Return on which of the chosen assets each supply hangs, by its item: the largest first, each on the first with room.

    A supply that needs no more than it has takes no room. Low voltage hangs on transformers, high voltage on feeders.

    :raises RoomMissing: some do not fit.
    """
    free = {(room.asset, room.asset_id): room.free_va for room in rooms}
    found: dict[int, Room] = {}
    lacking = 0
    ordered = sorted(supplies, key=lambda one: (-rule.counted_va(capacity_w=one.more_w, voltage=one.voltage), one.seq))
    for one in ordered:
        needed = rule.counted_va(capacity_w=one.more_w, voltage=one.voltage)
        asset = Asset.TRANSFORMER if one.voltage in LOW else Asset.FEEDER
        place = next((r for r in rooms if r.asset is asset and free[r.asset, r.asset_id] >= needed), None)
        if place is None:
            lacking += needed
            continue
        free[place.asset, place.asset_id] -= needed
        found[one.item_id] = place
    if lacking:
        raise RoomMissing(
            "The chosen supply points have no room for all supplies.", advice="Choose more, or others.",
            lacking_va=lacking, field="assets",
        )  # fmt: skip
    return found
