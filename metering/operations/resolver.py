"""Registers that a delivery names: looked up in bulk, locked against other writers, remembered for the next batch."""

from collections.abc import Callable, Collection, Iterable

from cis.platform import db
from cis.platform.db import joins_transaction
from metering.domain.resolving import Hanging
from metering.domain.stream_names import NAMED_FORMATS
from metering.queries import registers

NAMES_KEPT = 20_000

Lookup = Callable[[Iterable[str]], dict[str, tuple[Hanging, ...]]]


class Names:
    """What some names mean; at most NAMES_KEPT are remembered, so that memory stays flat."""

    def __init__(self, lookup: Lookup, *, locks: bool = True) -> None:
        self._lookup = lookup
        self._locks = locks
        self._known: dict[str, tuple[Hanging, ...] | None] = {}

    def learn(self, names: Iterable[str]) -> None:
        """Look up those names that are not known yet, and lock their registers if asked; three statements at most."""
        wanted = set(names)
        new = wanted - self._known.keys()
        if not new:
            return
        if len(self._known) + len(new) > NAMES_KEPT:
            self._known.clear()
            new = wanted
        found = self._lookup(new)
        if self._locks:
            lock(hanging.register_id for group in found.values() for hanging in group)
        self._known.update({name: found.get(name) for name in new})

    def get(self, name: str) -> tuple[Hanging, ...] | None:
        """Return what hung under a name that was learnt; None: there is no such name."""
        return self._known[name]


class NamesByFormat:
    """What formats call service points and meters; without locks for who writes no reads."""

    def __init__(self, *, locks: bool = True) -> None:
        self._locks = locks
        self._known: dict[str, tuple[Names, Names]] = {}

    def of(self, file_format: str) -> tuple[Names, Names]:
        """Return the names of service points, and those of meters."""
        if file_format not in self._known:
            named = file_format if file_format in NAMED_FORMATS else ""
            self._known[file_format] = (
                by_service_point(file_format=named, locks=self._locks), by_meter(file_format=named, locks=self._locks),
            )  # fmt: skip
        return self._known[file_format]


def by_service_point(*, file_format: str = "", locks: bool = True) -> Names:
    """Return the names of service points (NMI), and what a format calls them; without locks for who writes no reads."""
    return Names(_named_besides(registers.at_service_points, file_format), locks=locks)


def by_meter(*, file_format: str = "", locks: bool = True) -> Names:
    """Return the names of meters (serial numbers), and what a format calls them; without locks as above."""
    return Names(_named_besides(registers.on_meters, file_format), locks=locks)


def _named_besides(lookup: Lookup, file_format: str) -> Lookup:
    if not file_format:
        return lookup

    def both(names: Iterable[str]) -> dict[str, tuple[Hanging, ...]]:
        wanted = list(names)
        found = lookup(wanted)
        for place, hung in registers.of_streams(wanted, file_format=file_format).items():
            found[place] = found.get(place, ()) + hung
        return found

    return both


@joins_transaction
def lock_meters(serials: Collection[str], *, service_point_ids: Collection[int] = ()) -> None:
    """
    Keep others from writing reads of some meters, and from approving usage where they hang or hung; two statements.

    The order of locks of all who write reads and let usage follow: places by id, then registers by id, before anything
    is read that they go by. So nobody decides on a value that another one is about to replace, nor waits crosswise.

    :param service_point_ids: further places that are locked with them.
    """
    db.fetch(_LOCK_PLACES, {"serials": list(serials), "points": list(service_point_ids)})
    db.fetch(_LOCK_REGISTERS, {"serials": list(serials)})


_LOCK_PLACES = """
SELECT id FROM metering_servicepoint
WHERE id IN (SELECT i.service_point_id FROM metering_installation i JOIN metering_meter m ON m.id = i.meter_id
             WHERE m.serial = ANY(%(serials)s)
             UNION ALL SELECT unnest(%(points)s::bigint[]))
ORDER BY id FOR NO KEY UPDATE
"""
_LOCK_REGISTERS = """
SELECT id FROM metering_register
WHERE meter_id IN (SELECT id FROM metering_meter WHERE serial = ANY(%(serials)s))
ORDER BY id FOR NO KEY UPDATE
"""


@joins_transaction
def lock(register_ids: Iterable[int]) -> None:
    """Keep others from writing reads of some registers until the use case ends; it approves no usage itself."""
    ids = sorted(set(register_ids))
    if ids:
        db.fetch("SELECT id FROM metering_register WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [ids])
