"""Counter values into their table: what fits, what is unchanged, which version."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from cis.platform import db
from cis.platform.db import copy_rows, joins_transaction
from metering.domain.demand import fits_dial
from metering.domain.estimation import Method
from metering.domain.places import Quantity
from metering.domain.reads import FITS, GivenReads, HeldReads, ReadFault, fault_of, fit
from metering.domain.registers import SpanCode
from metering.domain.resolving import Hanging
from metering.operations import true_ups
from metering.operations.true_ups import ESTIMATED, Held

_SAID = {
    ReadFault.OUT_OF_ORDER: "The reading {kwh} does not fit between the readings before and after {day}.",
    ReadFault.OFF_DIAL: "The reading {kwh} has more digits than the register.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """
    One counter value that belongs to a known register.

    day         local date, ``date.toordinal``
    reading_wh  before the multiplier [Wh, varh or W]
    line        line of the file; 0 for a single entry
    method      how we estimated it; "" = we did not
    """

    hanging: Hanging
    day: int
    reading_wh: int
    kind: str
    line: int = 0
    method: str = ""

    @property
    def key(self) -> tuple[int, int]:
        """Return register and day."""
        return self.hanging.register_id, self.day

    @property
    def told_method(self) -> str:
        """Return how it was estimated, as it is kept; "" = it was not."""
        return (self.method or Method.GIVEN.value) if self.kind == ESTIMATED else ""


@dataclass(frozen=True, slots=True)
class Misfit:
    """A value that is not taken, by its place among those given."""

    place: int
    fault: ReadFault
    message: str


@dataclass(frozen=True, slots=True)
class StoredReads:
    """
    What came of some counter values.

    versions  one for each given, 0 = unchanged or not taken
    anew      register and day of estimates of ours that were dealt anew
    """

    reads: int
    unchanged: int
    misfits: tuple[Misfit, ...]
    versions: tuple[int, ...]
    anew: tuple[tuple[int, int], ...] = ()


@joins_transaction
def store(
    given: Sequence[Given], *, read_file_id: int | None, actor_id: int | None, received_at: datetime
) -> StoredReads:
    """
    Load counter values that fit; the registers are locked by the caller. Two statements, one more beside an estimate,
    one more where a delivery says otherwise than a later version.

    A value that is held already is unchanged; another value of a date is a new version. A measured value takes the
    place of an equal estimate, an estimate never that of an equal measured value. What we estimated beside a measured
    value does not speak against it: it is dealt anew (``domain.true_up``). Of a delivery, what a value was set from on
    the page of its exception is unchanged, too: what persons decided is not undone by the same bytes.
    """
    if not given:
        return StoredReads(0, 0, (), ())
    held = _held(given)
    near = true_ups.near(measured=[read.key for read in given if read.kind != ESTIMATED], held=held)
    decided = _decided(given, held) if read_file_id is not None else frozenset()
    open_ = [place for place, read in enumerate(given) if (*read.key, read.reading_wh) not in decided]
    codes = np.zeros(len(given), dtype=np.int64)
    codes[open_] = _fit([given[place] for place in open_], _certain(held, near))
    misfits = [
        _misfit(place, given[place], fault_of(code)) for place, code in enumerate(codes.tolist()) if code != FITS
    ]
    versions = [0] * len(given)
    rows, stored = [], {}
    unchanged = 0
    # Values of one date follow each other in the order in which they came.
    for place, read in enumerate(given):
        if codes[place] != FITS:
            continue
        before = held.get(read.key)
        if before is not None and (_is_same(before, read) or (*read.key, read.reading_wh) in decided):
            unchanged += 1
            continue
        versions[place] = before.version + 1 if before else 1
        held[read.key] = Held(read.reading_wh, read.kind, versions[place], read.told_method)
        stored[read.key] = held[read.key]
        rows.append((*read.key, held[read.key]))
    anew = true_ups.deal(stored=stored, before=near)
    source = read_file_id, received_at, actor_id
    columns = [(key, date.fromordinal(day), *one, *source) for key, day, one in (*rows, *anew)]
    copy_rows(table="metering_registerread", columns=_COLUMNS, rows=columns)
    dealt = tuple((one.register_id, one.day) for one in anew)
    return StoredReads(len(rows), unchanged, tuple(misfits), tuple(versions), dealt)


def _decided(given: Sequence[Given], held: dict[tuple[int, int], Held]) -> frozenset[tuple[int, int, int]]:
    """
    Return register, day and value that somebody set another value in the place of, which holds since.

    One statement, none where all is new or as it is held.
    """
    keys = {
        read.key
        for read in given
        if (before := held.get(read.key)) is not None and before.version > 1 and not _is_same(before, read)
    }
    if not keys:
        return frozenset()
    registers, days = zip(*sorted(keys), strict=True)
    found = db.fetch(_DECIDED, {"registers": list(registers), "days": list(days)})
    return frozenset((register, day, before_wh) for register, day, before_wh in found)


def _certain(held: dict[tuple[int, int], Held], near: dict[tuple[int, int], Held]) -> dict[tuple[int, int], Held]:
    """Return what values are held against: where measured ones meet estimates of ours, what is not of ours."""
    known = {key[0] for key in near}
    kept = {key: one for key, one in held.items() if key[0] not in known}
    return kept | {key: one for key, one in near.items() if not one.is_ours}


def _fit(given: Sequence[Given], held: dict[tuple[int, int], Held]) -> np.ndarray:
    """Return which values do not fit; one of demand begins anew, so it must only be one that its dial can show."""
    codes = np.zeros(len(given), dtype=np.int64)
    is_demand = np.array([read.hanging.quantity == Quantity.DEMAND for read in given], dtype=np.bool_)
    facts = _columns(given)
    counters, demands = np.flatnonzero(~is_demand), facts.take(is_demand)
    shown = fits_dial(reading_w=demands.reading_wh, digits=demands.digits)
    codes[is_demand] = np.where(shown, FITS, int(SpanCode.OFF_DIAL))
    ids = set(facts.register_id[counters].tolist())
    kept = {key: row for key, row in held.items() if key[0] in ids}
    codes[counters] = fit(given=facts.take(counters), held=_held_columns(kept))
    return codes


_COLUMNS = (
    "register_id", "read_date", "reading_wh", "kind", "version", "method", "read_file_id", "received_at", "actor_id",
)  # fmt: skip


def _is_same(before: Held, read: Given) -> bool:
    return before.reading_wh == read.reading_wh and (before.kind != ESTIMATED or read.kind == ESTIMATED)


def _misfit(place: int, read: Given, fault: ReadFault) -> Misfit:
    whole, thousandths = divmod(read.reading_wh, 1_000)
    message = _SAID[fault].format(kwh=f"{whole}.{thousandths:03d} kWh", day=date.fromordinal(read.day))
    return Misfit(place, fault, message)


def _columns(given: Sequence[Given]) -> GivenReads:
    def column(values: list[int]) -> np.ndarray:
        return np.array(values, dtype=np.int64)

    return GivenReads(
        register_id=column([read.hanging.register_id for read in given]),
        day=column([read.day for read in given]),
        reading_wh=column([read.reading_wh for read in given]),
        digits=column([read.hanging.digits for read in given]),
        capacity_w=column([read.hanging.capacity_w for read in given]),
        multiplier=column([read.hanging.multiplier for read in given]),
        may_run_backward=np.array([read.hanging.direction == "export" for read in given], dtype=np.bool_),
    )


def _held(given: Sequence[Given]) -> dict[tuple[int, int], Held]:
    """Return the values that hold between the given ones, and the next before and after them; one statement."""
    spans: dict[int, tuple[int, int]] = {}
    for read in given:
        low, high = spans.get(read.hanging.register_id, (read.day, read.day))
        spans[read.hanging.register_id] = min(low, read.day), max(high, read.day)
    found = db.fetch(
        _AROUND,
        {
            "registers": list(spans),
            "lows": [low for low, _ in spans.values()],
            "highs": [high for _, high in spans.values()],
        },
    )
    return {(register, day): Held(*row) for register, day, *row in found}


def _held_columns(held: dict[tuple[int, int], Held]) -> HeldReads:
    keys = np.array(list(held), dtype=np.int64).reshape(-1, 2)
    return HeldReads(
        register_id=keys[:, 0].copy(),
        day=keys[:, 1].copy(),
        reading_wh=np.array([row.reading_wh for row in held.values()], dtype=np.int64),
    )


# What was measured after a decision is news. What we estimate or deal anew goes back to the decision.
_DECIDED = """
SELECT c.register_id, n.day, c.before_wh
FROM unnest(%(registers)s::bigint[], %(days)s::int[]) AS n(register_id, day)
JOIN metering_readchange c ON c.register_id = n.register_id AND c.read_date = DATE '0001-01-01' + n.day - 1
WHERE c.state = 'applied' AND c.before_wh IS NOT NULL
  AND NOT EXISTS (SELECT FROM metering_registerread r
                  WHERE r.register_id = c.register_id AND r.read_date = c.read_date AND r.received_at > c.decided_at
                    AND r.method IN ('', 'given')
                    AND r.reading_wh NOT IN (SELECT o.after_wh FROM metering_readchange o
                                             WHERE o.register_id = c.register_id AND o.read_date = c.read_date
                                               AND o.state = 'applied'))
"""
_AROUND = """
WITH wanted AS (
    SELECT register_id, DATE '0001-01-01' + low - 1 AS low, DATE '0001-01-01' + high - 1 AS high
    FROM unnest(%(registers)s::bigint[], %(lows)s::int[], %(highs)s::int[]) AS w(register_id, low, high)
)
SELECT r.register_id, r.read_date - DATE '0001-01-01' + 1, r.reading_wh, r.kind, r.version, r.method
FROM wanted w
CROSS JOIN LATERAL (
    (SELECT DISTINCT ON (read_date) * FROM metering_registerread x
     WHERE x.register_id = w.register_id AND x.read_date BETWEEN w.low AND w.high
     ORDER BY read_date, version DESC)
    UNION ALL
    (SELECT * FROM metering_registerread x WHERE x.register_id = w.register_id AND x.read_date < w.low
     ORDER BY read_date DESC, version DESC LIMIT 1)
    UNION ALL
    (SELECT * FROM metering_registerread x WHERE x.register_id = w.register_id AND x.read_date > w.high
     ORDER BY read_date, version DESC LIMIT 1)
) r
"""
