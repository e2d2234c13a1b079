"""
Command line of the private services.

    python -m cis.embedded start | stop | status | remove
    python -m cis.embedded run [--with-parent] -- COMMAND...
"""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from cis.embedded import Embedded, EmbeddedError, processes, var_folder

FORWARDED = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
SENT_BY_TERMINAL = 128  # si_code SI_KERNEL: the terminal sent it to the command as well


def run(services: Embedded, command: Sequence[str]) -> int:
    """Run a command with the services; return its exit code, 128 + number when a signal ended it."""
    watched = FORWARDED | {signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    services.start()
    try:
        tie = processes.tied_to_parent(signal.SIGTERM)
        with subprocess.Popen(command, preexec_fn=tie) as child:  # noqa: PLW1509, S603 (one thread; the caller's command)
            while child.poll() is None:
                caught = signal.sigtimedwait(watched, 1.0)
                if caught is None:
                    services.start()  # a killed keeper is replaced
                elif caught.si_signo in FORWARDED and caught.si_code != SENT_BY_TERMINAL:
                    child.send_signal(caught.si_signo)
    except FileNotFoundError as error:
        raise EmbeddedError(f"no such command: {error.filename}") from error
    finally:
        services.stop()
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def show(services: Embedded) -> int:
    """Print state, process ids and addresses; return 0 when the services serve, else 3."""
    report = services.status()
    pids = " ".join(f"{name}={pid}" for name, pid in sorted(report.pids.items()))
    print(f"{report.state} keeper={report.keeper} {pids}".rstrip())  # noqa: T201
    print(f"DATABASE_URL={services.database_url()}\nREDIS_URL={services.redis_url()}")  # noqa: T201
    return 0 if report.state == "ready" else 3


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m cis.embedded", description="Private PostgreSQL and Valkey.")
    parser.add_argument("--var", type=Path, default=var_folder(), help="folder of the installation [%(default)s]")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("start", help="start them and let them run")
    verbs.add_parser("stop", help="stop them, whoever uses them")
    verbs.add_parser("status", help="print state, process ids and addresses")
    verbs.add_parser("remove", help="stop them and delete their data")
    runs = verbs.add_parser("run", help="run a command with them; stop what was started for it")
    runs.add_argument("--with-parent", action="store_true", help="end when the calling process ends")
    runs.add_argument("command", nargs="+")
    asked = parser.parse_args(arguments)
    if asked.verb == "run" and asked.with_parent:
        processes.follow_parent()
    if asked.verb == "run" and os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        os.execvp(asked.command[0], asked.command)  # noqa: S606 (the command is the caller's)
    os.environ["WATTLINE_VAR"] = str(asked.var.absolute())
    services = Embedded(asked.var)
    if asked.verb == "run":
        return run(services, asked.command)
    if asked.verb == "status":
        return show(services)
    {"start": services.stay, "stop": services.shut_down, "remove": services.remove}[asked.verb]()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except EmbeddedError as error:
        sys.exit(f"error: {error}")
