"""Whether a counter value that somebody types in is likely, by the group of its place and what was used there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from cis.kernel.periods import month_of
from metering.domain import vee_entry
from metering.domain.places import Quantity
from metering.domain.vee import Group, group_of
from metering.domain.vee_entry import Dial, EntryDoubt, Shown, Used
from metering.queries import vee_facts
from metering.queries.places import MeterCard, RegisterCard, ServicePointOverview
from metering.queries.usage import MonthUsage


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What says to which group a place belongs; ``capacity_w``: agreed [W]."""

    id: int
    voltage: str
    capacity_w: int


def groups_of(*, places: Iterable[Place], on: date) -> Mapping[int, Group | None]:
    """Return the group by which counters of some places are judged, by place; one statement, none without a rule."""
    wanted = {place.id: place for place in places}
    groups = vee_facts.groups(at=on)
    asks = any(group.classes for group in groups) and wanted
    uses = vee_facts.classes(service_point_ids=wanted, on=on) if asks else {}
    return {
        place.id: group_of(
            groups=groups, use=uses.get(place.id, ""), voltage=place.voltage, capacity_w=place.capacity_w,
            is_interval=False,
        )
        for place in wanted.values()
    }  # fmt: skip


def past_of(months: Iterable[MonthUsage], *, period_of_use: str) -> tuple[Used, ...]:
    """Return the months that were measured, of one period of use or, for "", of all hours."""
    found = []
    for one in months:
        energy = one.by_period.get(period_of_use) if period_of_use else one.energy_wh
        if energy is not None and not one.is_estimated:
            period = month_of(one.month)
            found.append(Used(start_date=period.start, end_date=period.end, energy_wh=energy))
    return tuple(found)


def doubt_of(
    *, place: ServicePointOverview, meter: MeterCard, register: RegisterCard, group: Group | None, given: Shown
) -> EntryDoubt | None:
    """Return why a reading is unlikely; None if it is not, is of no active energy, or the first one."""
    last = register.latest
    if last is None or group is None or register.quantity != Quantity.ACTIVE:
        return None
    return vee_entry.of_read(
        group=group,
        dial=Dial(digits=register.digits, multiplier=meter.multiplier, capacity_w=place.capacity_w),
        last=Shown(day=last.read_date, reading_wh=last.reading_wh),
        given=given,
        past=past_of(place.months, period_of_use=register.period_of_use),
    )
