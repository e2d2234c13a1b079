"""Days of transformers and feeders: what was given and taken behind each, by hour, in the network as it was then."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from cis.kernel.fixed import Int64
from metering.domain.hourly import Laid

Flags = NDArray[np.bool_]
NOWHERE = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Hung:
    """
    That a place hung behind a transformer, or directly on a feeder, for some days.

    place, asset  rows of the answer
    since, until  local dates, half-open; on both the place was moved, if it was: such a day is of neither transformer.
                  None: always, or until further notice
    """

    place: int
    asset: int
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """
    What flowed by the registers of n places, or of the master meters of t transformers.

    drawn  what they took; of a master meter: what came down
    back   what they fed in; of a master meter: what went up
    """

    drawn: Laid
    back: Laid


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkDays:
    """
    Days of t transformers; or of feeders, of which only places directly on them count here.

    given_wh     (t, d) what the master meter gave and the places fed in [Wh]
    taken_wh     (t, d) what the places took and the master meter saw go up [Wh]
    is_balanced  (t, d) both are known, of one place at least
    load_wh      (t, d, 24) what went down through it less what went up, by its master meter, else by its places [Wh].
                 A day of 25 hours has the mean of its last two, one of 23 hours its last one twice
    is_loaded    (t, d) that is known
    is_known     (t, d) all places with a meter are, as many as there are
    is_measured  (t, d) by the master meter
    places       (t, d) how many places with a meter hung behind it
    """

    given_wh: Int64
    taken_wh: Int64
    is_balanced: Flags
    load_wh: Int64
    is_loaded: Flags
    is_known: Flags
    is_measured: Flags
    places: Int64


def positions(*, hung: Sequence[Hung], days: Sequence[date], places: int, assets: int) -> tuple[Int64, Flags]:
    """
    Return behind what each place hung on each day, (n, d), and on which days something moved, (t, d).

    NOWHERE: behind none of those that are looked at, or it was moved on that day.
    """
    at = np.full((places, len(days)), NOWHERE, dtype=np.int64)
    moved = np.zeros((assets, len(days)), dtype=np.bool_)
    calendar = np.array(days, dtype="datetime64[D]")
    for one in hung:
        since = np.datetime64(one.since) if one.since else calendar[0] - 1
        until = np.datetime64(one.until) if one.until else calendar[-1] + 1
        at[one.place, (calendar > since) & (calendar < until)] = one.asset
        moved[one.asset, (calendar == since) | (calendar == until)] = True
    return at, moved


def of(*, places: Sides, masters: Sides, at: Int64, moved: Flags, long_days: Flags) -> NetworkDays:
    """
    Return the days of transformers out of what their places and master meters counted.

    at, moved  see ``positions``
    long_days  (d,) which days have 25 hours
    """
    shape = moved.shape
    place, day = np.nonzero(at != NOWHERE)
    to = at[place, day], day

    def summed(values: Int64 | Flags) -> Int64:
        found = np.zeros((*shape, *values.shape[2:]), dtype=np.int64)
        np.add.at(found, to, values[place, day])
        return found

    has_meter = places.drawn.hangs | places.back.hangs
    unknown = (places.drawn.hangs & ~places.drawn.is_whole) | (places.back.hangs & ~places.back.is_whole)
    count, is_known = summed(has_meter), (summed(unknown) == 0) & ~moved
    is_measured = masters.drawn.is_whole & (masters.back.is_whole | ~masters.back.hangs)
    by_master = masters.drawn.energy_wh - masters.back.energy_wh
    by_places = summed(places.drawn.energy_wh) - summed(places.back.energy_wh)
    load = np.where(is_measured[:, :, None], by_master, by_places)
    load[:, long_days, -1] //= 2
    return NetworkDays(
        given_wh=masters.drawn.day_wh + summed(places.back.day_wh),
        taken_wh=summed(places.drawn.day_wh) + masters.back.day_wh, is_balanced=is_measured & is_known & (count > 0),
        load_wh=load, is_loaded=is_measured | (is_known & (count > 0)),
        is_known=is_known, is_measured=is_measured, places=count,
    )  # fmt: skip
