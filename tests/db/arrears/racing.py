"""Two or three who do something at the same moment, each with a session of their own, again and again."""

import os
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Barrier
from typing import Self

from django.db import connection

from arrears.operations.disconnections import NotToBeCut
from cis.kernel.workflow import IllegalMove

TURNS = 5_000 if os.environ.get("WATTLINE_PROOF") else 500
"""Of each of the two races with a dispatch; ``make proof`` runs 10,000 in all. A turn takes 50 ms of a core."""
HEAD_START_S = 0.004
"""The most by which one is ahead of the other: about what either does before it takes its first lock."""


@contextmanager
def kept(broom) -> Iterator[Callable[[], None]]:
    """
    Keep all rows as they are now; yield what brings them back, for many turns from the same start.

    One function of the database does it, which keeps its plans. It takes no locks beforehand, as the broom does: all who
    race have ended by then.
    """
    names = broom.filled()
    for place, name in enumerate(names):
        broom.session.execute(f"CREATE TEMP TABLE start_{place} AS TABLE {name}")
    filled = "".join(f"INSERT INTO {name} TABLE start_{place}; " for place, name in enumerate(names))
    emptied = f"FOR one IN {broom.question} LOOP EXECUTE 'DELETE FROM ' || one; END LOOP; "
    body = f"DECLARE one text; BEGIN {emptied}{filled}END"
    broom.session.execute(f"CREATE FUNCTION pg_temp.bring_back() RETURNS void LANGUAGE plpgsql AS $$ {body} $$")
    try:
        yield lambda: broom.session.execute("SELECT pg_temp.bring_back()")
    finally:
        broom.session.execute("DISCARD TEMP")


class Racers:
    """Threads that keep their sessions and plans, so that a race takes no longer than what is done in it."""

    def __init__(self, count: int = 2) -> None:
        self._pool = ThreadPoolExecutor(count)
        self._barrier = Barrier(count)
        self._rng = random.Random(count)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._do([lambda: connection.close()] * self._barrier.parties)  # noqa: PLW0108 (each thread its own)
        self._pool.shutdown()

    def race(self, *deeds: Callable[[], object]) -> None:
        """Do all at once, one of two a little ahead; who is too late may be refused, and nothing else may go wrong."""
        waits = [0.0] * len(deeds)
        waits[self._rng.randrange(len(deeds))] = self._rng.uniform(0, HEAD_START_S)
        self._do([lambda deed=deed, wait=wait: _try(deed, wait) for deed, wait in zip(deeds, waits, strict=True)])

    def _do(self, deeds: list[Callable[[], object]]) -> None:
        def run(deed: Callable[[], object]) -> None:
            self._barrier.wait(timeout=60)
            deed()

        for done in [self._pool.submit(run, deed) for deed in deeds]:
            done.result()


def _try(deed: Callable[[], object], wait_s: float) -> None:
    time.sleep(wait_s)
    with suppress(NotToBeCut, IllegalMove):
        deed()
