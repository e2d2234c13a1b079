"""Two or three who do something at the same moment, each with a session of their own, again and again."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier
from typing import Self

from django.db import connection

from arrears.operations.disconnections import NotToBeCut
from cis.kernel.workflow import IllegalMove

MANY = 1_000
"""Of so many races each side wins some."""
TURNS = 5 * MANY if os.environ.get("WATTLINE_PROOF") else 60
"""Of each of the two races with a dispatch; ``make proof`` runs 10,000 in all."""


class Racers:
    """Threads that keep their sessions and plans, so that a race takes no longer than what is done in it."""

    def __init__(self, count: int = 2) -> None:
        self._pool = ThreadPoolExecutor(count)
        self._barrier = Barrier(count)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._do([lambda: connection.close()] * self._barrier.parties)  # noqa: PLW0108 (each thread its own)
        self._pool.shutdown()

    def race(self, *deeds: Callable[[], object]) -> None:
        """Do all at once; who comes too late may be refused, and nothing else may go wrong."""
        self._do([lambda deed=deed: _try(deed) for deed in deeds])

    def _do(self, deeds: list[Callable[[], object]]) -> None:
        def run(deed: Callable[[], object]) -> None:
            self._barrier.wait(timeout=60)
            deed()

        for done in [self._pool.submit(run, deed) for deed in deeds]:
            done.result()


def _try(deed: Callable[[], object]) -> None:
    with suppress(NotToBeCut, IllegalMove):
        deed()
