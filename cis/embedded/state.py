"""What clients and the keeper tell each other: locks that the kernel releases with their process, and a state file."""

import fcntl
import json
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from cis.embedded.places import Place, write_whole
from cis.embedded.processes import is_alive

LEASE = "lease"  # shared by each process that uses the services; the keeper stops when it gets it alone
KEEPER = "keeper"  # held by the one keeper
STAY = "stay"  # a file that makes the keeper go on without users


class Lock:
    """A lock on a file, held by one open file: it ends with its process, however that ends."""

    def __init__(self, place: Place, name: str) -> None:
        self.descriptor = os.open(place.run / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def take(self, *, shared: bool = False, seconds: float = 0.0) -> bool:
        """Return whether the lock was taken within the time [s]."""
        until = time.monotonic() + seconds
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(self.descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
                return True
            if time.monotonic() >= until:
                return False
            time.sleep(0.02)

    def close(self) -> None:
        """Let the lock go."""
        os.close(self.descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(slots=True)
class State:
    """What the keeper reports."""

    keeper: int = 0
    state: str = "stopped"  # starting, ready, stopping, stopped, failed
    message: str = ""
    pids: dict[str, int] = field(default_factory=dict)

    @property
    def is_current(self) -> bool:
        """Return whether the keeper that wrote this is still there."""
        return self.keeper > 0 and is_alive(self.keeper)


def read(place: Place) -> State:
    """Return the last report."""
    with suppress(FileNotFoundError):
        return State(**json.loads(_path(place).read_text()))
    return State()


def write(place: Place, state: State) -> None:
    """Report."""
    write_whole(_path(place), json.dumps(asdict(state)))


def keeper_runs(place: Place) -> bool:
    """Return whether a keeper holds its lock."""
    with Lock(place, KEEPER) as lock:
        return not lock.take()


def may_stay(place: Place) -> bool:
    """Return whether the keeper is to go on without users."""
    return stay_path(place).exists()


def stay_path(place: Place) -> Path:
    """Return the file that makes the keeper go on without users."""
    return place.run / STAY


def _path(place: Place) -> Path:
    return place.run / "state.json"
