"""Registers that a delivery names: looked up in bulk, locked against other writers, remembered for the next batch."""

from collections.abc import Callable, Iterable

from cis.platform import db
from cis.platform.db import joins_transaction
from metering.domain.resolving import Hanging
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
        """Look up those names that are not known yet, and lock their registers if asked to; two statements at most."""
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


def by_service_point(*, locks: bool = True) -> Names:
    """Return the names of service points (NMI); without locks for who writes no reads."""
    return Names(registers.at_service_points, locks=locks)


def by_meter(*, locks: bool = True) -> Names:
    """Return the names of meters (serial numbers); without locks for who writes no reads."""
    return Names(registers.on_meters, locks=locks)


@joins_transaction
def lock(register_ids: Iterable[int]) -> None:
    """Keep others from writing reads of some registers until the use case ends."""
    ids = sorted(set(register_ids))
    if ids:
        db.fetch("SELECT id FROM metering_register WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [ids])
