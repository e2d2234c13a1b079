"""Load profiles by which usage of registers is split; read only where a tariff says so and something is to be split."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from accounts.queries import supplier
from billing.domain import daily, measured, prorated
from billing.domain.daily import LocalDays, Windows
from billing.domain.findings import Obstacles
from billing.domain.measured import ALL_HOURS
from billing.domain.pieces import NOWHERE, Pieces, PlanVersion
from billing.domain.prorated import Profile
from billing.domain.sharing import Drawn
from billing.queries import reading
from cis.kernel.calendar import local_clock
from cis.kernel.fixed import Int64
from metering.domain.places import Quantity
from metering.queries import places, registers


def split(*, drawn: Drawn, pieces: Pieces, versions: Sequence[PlanVersion], obstacles: Obstacles) -> Drawn:
    """
    Return usage with spans of registers cut at the edges of pieces, as ``prorated.split``.

    Statements: where something is split by load profiles, two, and one for each month of their interval days.
    """
    asked = prorated.asked(drawn=drawn, pieces=pieces, versions=versions)
    profiles = _profiles(asked, pieces) if asked else {}
    return prorated.split(drawn=drawn, pieces=pieces, versions=versions, obstacles=obstacles, profiles=profiles)


def _profiles(asked: dict[str, tuple[int, int]], pieces: Pieces) -> dict[str, Profile]:
    """Return the profiles that are there: places with one counter of intervals that hangs there all the time."""
    points = places.ids_by_external_id(asked)
    first, last = min(start for start, _ in asked.values()), max(end for _, end in asked.values())
    hung = registers.hung(
        service_point_ids=np.array(sorted(points.values()), dtype=np.int64),
        start_date=date.fromordinal(first),
        end_date=date.fromordinal(last),
        quantities=(Quantity.ACTIVE,),
    )
    all_hours = np.array([code == ALL_HOURS for code in hung.period_codes], dtype=np.bool_)
    found: list[tuple[str, int, int, int]] = []
    for name, (start, end) in asked.items():
        mine = hung.is_interval & (hung.service_point_id == points.get(name, NOWHERE))
        mine &= all_hours[hung.period_of_use] & (hung.start_day <= start) & (hung.end_day >= end)
        if np.count_nonzero(mine) == 1:
            found.append((name, int(hung.register_id[mine][0]), start, end))
    return _daily(found, pieces)


def _daily(found: list[tuple[str, int, int, int]], pieces: Pieces) -> dict[str, Profile]:
    """Return the energy of registers by local day, from (name, register, first day, end day); a statement a month."""
    lengths = [end - start for _, _, start, end in found]
    begins = np.cumsum([0, *lengths])
    row = np.repeat(np.arange(len(found), dtype=np.int64), lengths)
    day = np.concatenate([np.arange(start, end, dtype=np.int64) for _, _, start, end in found] or [row])
    register = np.array([one for _, one, _, _ in found], dtype=np.int64)[row]
    windows = Windows(
        row=row, piece=np.full(len(row), NOWHERE, dtype=np.int64), register_id=register, start_day=day, end_day=day + 1
    )
    local = LocalDays(clock=local_clock(supplier.current().time_zone))
    energy, is_known = _sums(windows, pieces, local)
    return {
        name: Profile(first_day=start, energy=energy[low:high], is_known=is_known[low:high])
        for (name, _, start, _), low, high in zip(found, begins[:-1].tolist(), begins[1:].tolist(), strict=True)
    }


def _sums(windows: Windows, pieces: Pieces, local: LocalDays) -> tuple[Int64, np.ndarray]:
    """Return the sum of interval values of each window, in one unit, and whether all are known, (w,) each."""
    lanes = measured.lanes_of(period_codes=(ALL_HOURS,), versions=())
    sums, exponent = daily.no_sums(windows=windows, lanes=lanes), 0
    for month, blocks in reading.months(reading=(windows.register_id, windows.start_day, windows.end_day)):
        for block in blocks:
            exponent = daily.align(sums=sums, exponent=exponent, block=block)
            daily.add_block(
                sums=sums,
                exponent=exponent,
                block=block,
                windows=windows,
                pieces=pieces,
                lanes=lanes,
                versions=(),
                local=local,
                within=month,
            )
    return sums.values[:, lanes.total], daily.is_complete(windows=windows, sums=sums, clock=local.clock)
