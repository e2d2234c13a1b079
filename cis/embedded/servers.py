"""The two servers: how each is prepared, started, asked whether it serves, and stopped."""

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from cis.embedded import programs
from cis.embedded.errors import EmbeddedError
from cis.embedded.places import Place
from cis.embedded.processes import end, is_alive, program_of, tied_to_parent

DATABASE = "wattline"
POSTGRES_SOCKET = ".s.PGSQL.5432"
VALKEY_SOCKET = "valkey.sock"
READY_LINE = 7  # of postmaster.pid, counted from 0: starting, ready or stopping
LOG_LIMIT = 20_000_000  # bytes of a log before it is put aside


class Server(Protocol):
    """One private server."""

    name: str
    stop_signal: signal.Signals

    def prepare(self) -> None:
        """Create the data if there are none and remove what a killed predecessor left."""

    def command(self) -> list[str]:
        """Return the command that serves in the foreground."""

    def is_ready(self, pid: int) -> bool:
        """Return whether the process serves."""


class Postgres:
    """PostgreSQL on a unix socket, without a network address."""

    name = "postgres"
    stop_signal = signal.SIGINT  # fast shutdown: sessions are rolled back, data are written

    def __init__(self, place: Place) -> None:
        self.place = place
        self.data = place.postgres / "data"
        self.programs = programs.postgres_folder(place)

    def prepare(self) -> None:
        """
        Create the cluster and its database, or clear the locks of a killed predecessor.

        :raises EmbeddedError: initdb failed, or the data are of another major version.
        """
        if self.data.exists():
            self._check_version()
            self._end_predecessor()
        else:
            self._create()
        for stale in (self.data / "postmaster.pid", *self.place.sockets.glob(f"{POSTGRES_SOCKET}*")):
            stale.unlink(missing_ok=True)

    def command(self) -> list[str]:
        """Return the command that serves in the foreground."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.place.sockets),
            "unix_socket_permissions": "0700",
            "max_connections": "120",
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "max_wal_size": "2GB",
            "checkpoint_timeout": "15min",
            "shared_buffers": "256MB",
            "work_mem": "32MB",
            "maintenance_work_mem": "128MB",
            "random_page_cost": "1.1",
            "jit": "off",
            "log_min_messages": "warning",
            "log_line_prefix": "%m [%p] ",
            "timezone": "UTC",
        }
        if not self.place.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return [str(self.programs / "postgres"), "-D", str(self.data), *options]

    def is_ready(self, pid: int) -> bool:
        """Return whether the process serves, by the line that pg_ctl reads."""
        with suppress(OSError, IndexError, ValueError):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return int(lines[0]) == pid and lines[READY_LINE].strip() == "ready"
        return False

    def _create(self) -> None:
        """Run initdb beside the final place, so that a killed one leaves nothing half done."""
        part = self.place.postgres / "data.part"
        shutil.rmtree(part, ignore_errors=True)
        initdb = [str(self.programs / "initdb"), "-D", str(part), "-U", DATABASE, "-A", "trust", "-E", "UTF8"]
        locale = ["--locale=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
        run_to_end([*initdb, *locale, *([] if self.place.durable else ["--no-sync"])], self.place)
        single = [str(self.programs / "postgres"), "--single", "-j", "-D", str(part), "postgres"]
        run_to_end(single, self.place, text=f"CREATE DATABASE {DATABASE};\n\n")
        part.replace(self.data)

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        reported = run_to_end([str(self.programs / "postgres"), "-V"], self.place)
        ours = reported.split()[2].partition(".")[0]
        if made_by != ours:
            raise EmbeddedError(
                f"{self.data} was made by PostgreSQL {made_by}, here is {ours}: dump it there, load it here"
            )

    def _end_predecessor(self) -> None:
        """End a server that outlived its keeper: the caller holds the keeper's lock, so nobody else watches it."""
        with suppress(OSError, IndexError, ValueError):
            pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
            if is_alive(pid) and program_of(pid) == "postgres":
                end([pid], (signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 1.0))


class Valkey:
    """Valkey (or Redis) on a unix socket; it keeps an append-only file and refuses writes when memory is full."""

    name = "valkey"
    stop_signal = signal.SIGTERM

    def __init__(self, place: Place) -> None:
        self.place = place
        self.socket = place.sockets / VALKEY_SOCKET
        self.program = programs.valkey_server(place)
        self.failures = 0

    def prepare(self) -> None:
        """
        Remove a stale socket; after repeated failures put the data aside.

        Nothing is lost by that: PostgreSQL is the record of what is to be done, messages only wake workers.
        """
        self.socket.unlink(missing_ok=True)
        self.failures += 1
        if self.failures > 2 and any(self.place.valkey.iterdir()):  # noqa: PLR2004 (two honest tries)
            broken = self.place.valkey / f"broken-{int(time.time())}"
            broken.mkdir()
            for path in self.place.valkey.iterdir():
                if not path.name.startswith("broken-"):
                    path.rename(broken / path.name)

    def command(self) -> list[str]:
        """Return the command that serves in the foreground."""
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.place.valkey),
            "appendonly": "yes",
            "appendfsync": "everysec" if self.place.durable else "no",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "loglevel": "warning",
        }
        pairs = [part for key, value in options.items() for part in (f"--{key}", value)]
        return [str(self.program), *pairs, "--save", ""]

    def is_ready(self, pid: int) -> bool:  # noqa: ARG002 (same shape as PostgreSQL)
        """Return whether it answers and has read its data."""
        with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1.0)
            client.connect(os.fspath(self.socket))
            client.sendall(b"PING\r\n")
            if client.recv(16).startswith(b"+PONG"):
                self.failures = 0
                return True
        return False


def environment() -> dict[str, str]:
    """Return the environment of the servers: nothing of ours, for it may hold secrets."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def drop(place: Place) -> dict[str, object]:
    """Return the Popen arguments that make a child run as the services' user."""
    if os.geteuid() == place.owner.uid:
        return {}
    return {"user": place.owner.uid, "group": place.owner.gid, "extra_groups": []}


def start(server: Server, place: Place) -> subprocess.Popen[bytes]:
    """Start a server as a child in its own session, its output appended to its log."""
    log = place.log / f"{server.name}.log"
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))
    with log.open("ab") as output:
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]  # noqa: S603 (the servers alone)
            server.command(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=environment(),
            start_new_session=True,
            preexec_fn=tied_to_parent(server.stop_signal),  # noqa: PLW1509 (the keeper has one thread)
            **drop(place),
        )


def run_to_end(command: list[str], place: Place, *, text: str = "") -> str:
    """
    Run a program as the services' user and return what it printed.

    :raises EmbeddedError: it ended non-zero; the message carries the end of its output.
    """
    done: subprocess.CompletedProcess[str] = subprocess.run(  # type: ignore[call-overload]  # noqa: S603 (their tools)
        command,
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        cwd="/",
        env=environment(),
        timeout=120,
        preexec_fn=tied_to_parent(signal.SIGTERM),
        **drop(place),
    )
    if done.returncode:
        raise EmbeddedError(f"{Path(command[0]).name} failed:\n{done.stdout[-2000:]}")
    return done.stdout
