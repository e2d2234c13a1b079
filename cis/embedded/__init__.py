"""
Private PostgreSQL and private Valkey for `make demo` and for tests.

    with Embedded(Path("var")) as services:
        services.database_url()

Whoever uses the services holds a lease on them; the first one starts them, the last one stops them, however it ends.
Nothing listens on the network: both serve on unix sockets in a folder that only their owner may enter.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import quote, urlsplit

from cis.embedded import places, state
from cis.embedded.errors import EmbeddedError
from cis.embedded.places import Place
from cis.embedded.servers import DATABASE, VALKEY_SOCKET
from cis.embedded.state import Lock

__all__ = ["Embedded", "EmbeddedError", "Urls", "broker_url", "find_urls", "var_folder"]

PROJECT = Path(__file__).resolve().parents[2]
START_SECONDS = 120.0
STOP_SECONDS = 75.0
_held: dict[Path, "Embedded"] = {}


@dataclass(frozen=True, slots=True)
class Urls:
    """Addresses of the private services."""

    database_url: str
    redis_url: str


class Embedded:
    """One private installation under a folder; several processes may use it at once."""

    def __init__(self, var: Path, *, durable: bool | None = None) -> None:
        """
        Name the installation; nothing is started yet.

        :param durable: False makes a throwaway: a crash of the machine may lose its data, and it is faster. Without
            it the variable WATTLINE_DURABLE decides, and once the installation is made, what was chosen then.
        """
        if durable is None:
            durable = os.environ.get("WATTLINE_DURABLE", "1") != "0"
        self.place: Place = places.find(Path(var), durable=durable)
        self._lease: Lock | None = None
        self._keeper: subprocess.Popen[bytes] | None = None  # where we started it

    def start(self, *, seconds: float = START_SECONDS) -> Urls:
        """
        Hold a lease and return when both services serve.

        :param seconds: patience. [s]
        :raises EmbeddedError: they cannot be started; the message carries the end of the log.
        """
        self.place = places.make(places.find(self.place.var, durable=self.place.durable))
        until = time.monotonic() + seconds
        if self._lease is None:
            lease = Lock(self.place, state.LEASE)
            if not lease.take(shared=True, seconds=seconds):
                lease.close()
                raise EmbeddedError(f"the services under {self.place.var} are still stopping")
            self._lease = lease
        try:
            self._wait(until)
        except BaseException:
            self._let_go()
            raise
        return self.urls()

    def stop(self) -> None:
        """Give the lease back; wait for the end of the services when nobody else uses them."""
        if self._lease is None:
            return
        self._let_go()
        impatient_at = time.monotonic() + 1.0
        until = time.monotonic() + STOP_SECONDS
        while time.monotonic() < until and self._keeper_lives():
            if state.read(self.place).state == "ready" and time.monotonic() > impatient_at:
                return  # somebody else uses them
            time.sleep(0.05)

    def shut_down(self) -> None:
        """Stop the services, whoever uses them."""
        if not places.is_made(self.place.var):
            return
        state.stay_path(self.place).unlink(missing_ok=True)
        self._let_go()
        asked = 0
        until = time.monotonic() + STOP_SECONDS
        while time.monotonic() < until and self._keeper_lives():
            report = state.read(self.place)
            if report.is_current and report.keeper != asked:
                asked = report.keeper
                os.kill(asked, signal.SIGTERM)
            time.sleep(0.05)

    def stay(self) -> None:
        """Start the services and let them run without users, until shut_down()."""
        self.start()
        state.stay_path(self.place).touch()

    def remove(self) -> None:
        """Stop the services and delete their data, logs and record."""
        self.shut_down()
        place = self.place
        for folder in (place.postgres, place.valkey, place.sockets, place.home / "programs", place.run, place.log):
            shutil.rmtree(folder, ignore_errors=True)
        (place.var / places.RECORD).unlink(missing_ok=True)
        for folder in {place.home, place.var}:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    def urls(self) -> Urls:
        """Return the addresses, whether the services run or not."""
        sockets = self.place.sockets
        return Urls(
            database_url=f"postgresql://{DATABASE}@/{quote(str(sockets))}/{DATABASE}",
            redis_url=f"unix://{quote(str(sockets / VALKEY_SOCKET))}",
        )

    def database_url(self) -> str:
        """Return the address of the database as django-environ reads it: postgresql://user@//folder/name."""
        return self.urls().database_url

    def redis_url(self) -> str:
        """Return the address of Valkey as redis-py reads it: unix:///folder/socket."""
        return self.urls().redis_url

    def status(self) -> state.State:
        """Return what the keeper reported last: state, message, process ids by name."""
        report = state.read(self.place)
        return report if report.is_current else state.State()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _let_go(self) -> None:
        if self._lease is not None:
            self._lease.close()
            self._lease = None

    def _keeper_lives(self) -> bool:
        if self._keeper is not None:
            self._keeper.poll()  # collect it
        return state.keeper_runs(self.place) or state.read(self.place).is_current

    def _wait(self, until: float) -> None:
        """Start a keeper where there is none, and wait for its report."""
        child = None
        while time.monotonic() < until:
            report = state.read(self.place)
            if state.keeper_runs(self.place):
                if report.state == "ready" and report.is_current:
                    return
            elif child is None:
                child = self._keeper = _start_keeper(self.place)
            elif child.poll() == 0:
                child = None  # another keeper came first, and has ended since
            elif child.returncode is not None:
                message = report.message if report.keeper == child.pid else f"see {self.place.log / 'keeper.log'}"
                raise EmbeddedError(f"the private services did not start: {message}")
            time.sleep(0.02)
        raise EmbeddedError(f"the private services did not start in time; see {self.place.log}")


def var_folder() -> Path:
    """Return the folder of the private services: WATTLINE_VAR, or var/ in the project."""
    return Path(os.environ.get("WATTLINE_VAR") or PROJECT / "var")


def find_urls(var: Path) -> Urls:
    """
    Return the addresses of the private services under var; where they were made before, start them and hold a lease.

    So any command works after `make demo` has run once, also when nothing runs now. Nothing is started when
    DATABASE_URL and REDIS_URL name other services, or when nothing was made yet.

    :raises EmbeddedError: they were made but cannot be started.
    """
    database_url, redis_url = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    if database_url and redis_url:
        return Urls(database_url, redis_url)
    services = _held.get(var) or Embedded(var)
    if places.is_made(services.place.var) and var not in _held:
        services.start()
        _held[var] = services  # until this process ends
    return services.urls()


def broker_url(redis_url: str) -> str:
    """Return the address as Celery reads it: redis-py and Celery name unix sockets differently."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    number = parts.query.removeprefix("db=") if parts.query.startswith("db=") else "0"
    return f"redis+socket://{parts.path}?virtual_host={number}"


def _start_keeper(place: Place) -> subprocess.Popen[bytes]:
    with (place.log / "keeper.log").open("ab") as output:
        return subprocess.Popen(  # noqa: S603 (our own module)
            [sys.executable, "-m", "cis.embedded.keeper", str(place.var)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=PROJECT,
            start_new_session=True,
        )
