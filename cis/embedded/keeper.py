"""
The keeper: one process for each installation that starts both servers, restarts them, and ends with their last user.

Users hold a shared lock on a file; the kernel drops it when a user ends, also by kill -9. When the keeper gets that
lock alone nobody is left and it stops the servers. When the keeper itself is killed the servers get their stop signal
from the kernel. So no server outlives its users.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from cis.embedded import places, processes, servers, state
from cis.embedded.errors import EmbeddedError
from cis.embedded.places import Place
from cis.embedded.servers import Server
from cis.embedded.state import Lock, State

POLL_SECONDS = 0.2
TRIES = 5
ENDING = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
STOP_SECONDS = 60.0  # PostgreSQL writes its last checkpoint in this time


class Keeper:
    """Starts the servers of one place and keeps them serving."""

    def __init__(self, place: Place, servers: list[Server]) -> None:
        self.place = place
        self.servers = servers
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.tries = dict.fromkeys((server.name for server in servers), 0)
        self.ready: set[str] = set()
        self.dead: set[int] = set()

    def serve(self, lease: Lock) -> None:
        """
        Keep the servers running until a signal comes or nobody uses them.

        :raises EmbeddedError: a server does not start.
        """
        while True:
            for server in self.servers:
                self._keep(server)
            self._report()
            waits_short = len(self.ready) < len(self.servers)
            caught = signal.sigtimedwait(ENDING | {signal.SIGCHLD}, 0.02 if waits_short else POLL_SECONDS)
            if caught is not None and caught.si_signo in ENDING:
                return
            self._reap()
            if not state.may_stay(self.place) and lease.take():
                return

    def stop(self) -> None:
        """Stop the servers, the message queue first."""
        state.write(self.place, State(os.getpid(), "stopping"))
        for server in reversed(self.servers):
            process = self.running.pop(server.name, None)
            if process is not None:
                calls = ((server.stop_signal, STOP_SECONDS), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
                processes.end([process.pid], *calls, poll=self._reap)
        self._end_orphans()

    def _keep(self, server: Server) -> None:
        process = self.running.get(server.name)
        if process is not None and process.pid in self.dead:
            process.returncode = -1
            del self.running[server.name]
            self.ready.discard(server.name)
            process = None
        if process is None:
            self._start(server)
        elif server.name not in self.ready and server.is_ready(process.pid):
            self.ready.add(server.name)
            self.tries[server.name] = 0

    def _start(self, server: Server) -> None:
        self._report()
        self._end_orphans()
        self.tries[server.name] += 1
        if self.tries[server.name] > TRIES:
            raise EmbeddedError(f"{server.name} does not start:\n{end_of_log(self.place, server.name)}")
        if self.tries[server.name] > 1:
            time.sleep(0.1 * self.tries[server.name])
        server.prepare()
        self.running[server.name] = servers.start(server, self.place)

    def _reap(self) -> None:
        """Collect ended children, orphans that we adopted included."""
        with suppress(ChildProcessError):
            while (pid := os.waitpid(-1, os.WNOHANG)[0]) != 0:
                self.dead.add(pid)

    def _end_orphans(self) -> None:
        """End what a killed server left: PostgreSQL does not start while a session of its predecessor lives."""
        known = {process.pid for process in self.running.values()}
        orphans = [pid for pid in processes.children_of(os.getpid()) if pid not in known]
        processes.end(orphans, (signal.SIGQUIT, 1.0), (signal.SIGKILL, 5.0), poll=self._reap)

    def _report(self) -> None:
        pids = {name: process.pid for name, process in self.running.items()}
        word = "ready" if len(self.ready) == len(self.servers) else "starting"
        report = State(os.getpid(), word, "", pids)
        if report != state.read(self.place):
            state.write(self.place, report)


def end_of_log(place: Place, name: str, length: int = 2000) -> str:
    """Return the end of a server's log."""
    with suppress(OSError):
        return (place.log / f"{name}.log").read_text(errors="replace")[-length:]
    return ""


def keep(var: Path) -> int:
    """Keep the services of var until nobody uses them; return the exit code."""
    place = places.find(var)
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING | {signal.SIGCHLD})
    processes.adopt_orphans()
    with Lock(place, state.KEEPER) as own, Lock(place, state.LEASE) as lease:
        if not own.take(seconds=3.0):
            return 0  # another keeper came first
        state.write(place, State(os.getpid(), "starting"))
        final = State(os.getpid(), "stopped")
        keeper = Keeper(place, [])
        try:
            keeper = Keeper(place, [servers.Postgres(place), servers.Valkey(place)])
            keeper.serve(lease)
        except (EmbeddedError, OSError, subprocess.SubprocessError) as error:
            final = State(os.getpid(), "failed", str(error))
        keeper.stop()
        state.write(place, final)
    return 1 if final.message else 0


if __name__ == "__main__":
    sys.exit(keep(Path(sys.argv[1])))
