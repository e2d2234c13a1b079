"""
Web server, Celery worker and Celery beat as children of one process in the foreground.

`make demo` ends in serve(); under another supervisor `python -m cis.serving web` (worker, beat) is one part alone.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import MappingProxyType

from cis.embedded import PROJECT, processes, var_folder

PARTS = ("web", "worker", "beat")
HEALTH_PATH = "/health/ready"
ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
TERM_SECONDS = 12.0  # a task ends, or the next worker does it again: PostgreSQL knows what is to be done
QUIT_SECONDS = 3.0
DEATHS = 5  # of one part ...
DEATHS_SECONDS = 60.0  # ... within this time end the whole
PORTS_TRIED = 20


@dataclass(frozen=True, slots=True)
class Address:
    """Where the web server listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """Return the address for a browser."""
        host = {"0.0.0.0": "localhost", "::": "localhost"}.get(self.host, self.host)  # noqa: S104 (compared, not bound)
        return f"http://[{host}]:{self.port}/" if ":" in host else f"http://{host}:{self.port}/"

    @property
    def is_open(self) -> bool:
        """Return whether somebody listens there."""
        with suppress(OSError), socket.create_connection((self.host, self.port), timeout=1.0):
            return True
        return False


def command_of(part: str, address: Address, *, processes_each: int) -> list[str]:
    """Return the command line of web, worker or beat."""
    if part == "web":
        listen = ["--host", address.host, "--port", str(address.port), "--workers", str(processes_each)]
        options = ["--interface", "wsgi", "--no-ws", "--blocking-threads", "4", "--log-level", "warning"]
        return [sys.executable, "-m", "granian", *options, *listen, "cis.wsgi:application"]
    celery = [sys.executable, "-m", "celery", "--app", "cis.celery:app", "--quiet", part, "--loglevel", "WARNING"]
    if part == "worker":
        return [*celery, "--concurrency", str(processes_each), "--without-gossip", "--without-mingle"]
    return [*celery, "--pidfile="]


def forget_schedule(part: str) -> None:
    """
    Take away what the beat before this one kept: a kill may have left it half written, and beat would not start again.

    Nothing is lost: PostgreSQL knows what is due. Beat's health is told by the age of the file it makes.
    """
    if part == "beat":
        for path in var_folder().glob("beat-schedule*"):
            path.unlink(missing_ok=True)


def free_address(host: str = "127.0.0.1", port: int = 8000) -> Address:
    """
    Return this address, or the next one whose port is free.

    :raises OSError: there is none, or the host is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, port + PORTS_TRIED):
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, candidate))
            except OSError:
                if candidate == port + PORTS_TRIED - 1:
                    raise
            else:
                return Address(host, candidate)
    raise AssertionError("unreachable")


class Supervisor:
    """Starts the parts, restarts a dead one, ends all."""

    def __init__(
        self, address: Address, *, logs: Path, processes_each: int, beside: Mapping[str, Sequence[str]]
    ) -> None:
        self.address = address
        self.logs = logs
        self.processes_each = processes_each
        self.beside = beside
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.deaths: dict[str, deque[float]] = {part: deque(maxlen=DEATHS) for part in (*beside, *PARTS)}

    def start(self, part: str) -> None:
        """Start one part in its own session, its output appended to its log."""
        forget_schedule(part)
        with (self.logs / f"{part}.log").open("ab") as output:
            self.running[part] = subprocess.Popen(  # noqa: S603 (our own commands)
                self.beside.get(part) or command_of(part, self.address, processes_each=self.processes_each),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=PROJECT,
                start_new_session=True,
                preexec_fn=processes.tied_to_parent(signal.SIGTERM),  # noqa: PLW1509 (serve() is called without threads)
            )

    def replace_dead(self) -> str:
        """Restart what died; return the name of a part that dies again and again, else an empty string."""
        for part, process in list(self.running.items()):
            if process.poll() is None:
                continue
            end_group(process.pid)
            deaths = self.deaths[part]
            deaths.append(time.monotonic())
            if len(deaths) == DEATHS and deaths[-1] - deaths[0] < DEATHS_SECONDS:
                return part
            time.sleep(0.2 * len(deaths))
            self.start(part)
        return ""

    def stop(self) -> None:
        """End all parts and their children."""
        pids = [process.pid for process in self.running.values()]
        calls = ((signal.SIGTERM, TERM_SECONDS), (signal.SIGQUIT, QUIT_SECONDS), (signal.SIGKILL, 2.0))
        processes.end(pids, *calls, poll=self._collect)
        for pid in pids:
            end_group(pid)
        self.running.clear()

    def _collect(self) -> None:
        for process in self.running.values():
            process.poll()


def end_group(leader: int) -> None:
    """Kill what a dead leader of a session left behind."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def forget_signals() -> None:
    """Drop what came while everything was ending: a second Ctrl-C is no error."""
    while signal.sigtimedwait(ENDING, 0) is not None:
        pass


def serve(
    address: Address,
    *,
    logs: Path,
    announce: Callable[[str], None] = print,
    processes_each: int = 2,
    beside: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> int:
    """
    Serve until Ctrl-C or SIGTERM; return the exit code: 0 when asked to end, 1 when a part dies again and again.

    :param logs: folder of web.log, worker.log and beat.log; it is made.
    :param announce: called once, with a line that names the address, when the web server answers.
    :param processes_each: processes of the web server and of the worker.
    :param beside: command lines of other parts by their names, which are started first.
    """
    logs.mkdir(parents=True, exist_ok=True)
    supervisor = Supervisor(address, logs=logs, processes_each=processes_each, beside=beside)
    processes.adopt_orphans()
    with ExitStack() as undo:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING | {signal.SIGCHLD})
        undo.callback(signal.pthread_sigmask, signal.SIG_SETMASK, before)
        undo.callback(forget_signals)
        undo.callback(supervisor.stop)
        for part in (*beside, *PARTS):
            supervisor.start(part)
        announced = False
        while True:
            caught = signal.sigtimedwait(ENDING | {signal.SIGCHLD}, 1.0 if announced else 0.1)
            if caught is not None and caught.si_signo in ENDING:
                announce("stopping ...")
                return 0
            failing = supervisor.replace_dead()
            if failing:
                announce(f"error: {failing} ended {DEATHS} times; see {logs / failing}.log")
                return 1
            if not announced and address.is_open:
                announced = True
                announce(f"serving on {address.url} (logs: {logs}; Ctrl-C stops)")


def is_healthy(address: Address, *, host_name: str = "localhost") -> bool:
    """
    Return whether the web server here answers its health page.

    :param host_name: a name that the installation serves; it is asked as the proxy in front asks.
    """
    connection = HTTPConnection("127.0.0.1", address.port, timeout=5)
    with closing(connection), suppress(OSError, HTTPException):
        connection.request("GET", HEALTH_PATH, headers={"Host": host_name, "X-Forwarded-Proto": "https"})
        return connection.getresponse().status == HTTPStatus.OK
    return False


def main(arguments: Sequence[str]) -> int:
    """
    Serve at WATTLINE_HOST and WATTLINE_PORT, or the next free port, with WATTLINE_PROCESSES each.

    With an argument (web, worker or beat) this process becomes that part, for a host with its own supervisor; with
    check it asks whether the web server here is healthy.
    """
    host, port = os.environ.get("WATTLINE_HOST") or "127.0.0.1", int(os.environ.get("WATTLINE_PORT") or 8000)
    each = int(os.environ.get("WATTLINE_PROCESSES") or 2)
    if arguments == ["check"]:
        name = (os.environ.get("ALLOWED_HOSTS") or "localhost").split(",")[0].strip()
        return 0 if is_healthy(Address(host, port), host_name=name) else 1
    if arguments:
        forget_schedule(arguments[0])
        command = command_of(arguments[0], Address(host, port), processes_each=each)
        os.execv(command[0], command)  # noqa: S606 (our own commands)
    logs = var_folder() / "log"
    say = partial(print, flush=True)
    return serve(free_address(host, port), logs=logs, announce=say, processes_each=each)


if __name__ == "__main__":
    if set(sys.argv[1:]) - {*PARTS, "check"} or len(sys.argv) > 2:  # noqa: PLR2004 (one part at most)
        sys.exit(f"usage: python -m cis.serving [{' | '.join(PARTS)} | check]")
    sys.exit(main(sys.argv[1:]))
