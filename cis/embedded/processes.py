"""Start, watch and end child processes so that none is left behind."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of each descendant whose own parent dies."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def tied_to_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """
    Return a function for subprocess.Popen(preexec_fn=...): the child gets death_signal when this thread's process dies.

    It also clears the signal mask, which a child would inherit. The kernel drops the wish when a process changes its
    user, so it is made after that; Popen calls preexec_fn last.
    """
    parent = os.getpid()

    def tie() -> None:
        _prctl(PR_SET_PDEATHSIG, death_signal)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        if os.getppid() != parent:
            os._exit(1)

    return tie


def is_alive(pid: int) -> bool:
    """Return whether a process exists and is no zombie."""
    with suppress(OSError, IndexError):
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state not in {"Z", "X"}
    return False


def program_of(pid: int) -> str:
    """Return the name of the program that a process runs, or an empty string."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def children_of(parent: int) -> list[int]:
    """Return the direct children of a process."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, IndexError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[1]) == parent and fields[0] != "Z":
                    found.append(int(entry.name))
    return found


def end(pids: Iterable[int], *signals: tuple[signal.Signals, float], poll: Callable[[], object] = lambda: None) -> bool:
    """
    Send each signal in turn and wait its time [s] until all processes are gone.

    :param poll: called while waiting, to reap children.
    :returns: whether all are gone.
    """
    left = [pid for pid in pids if is_alive(pid)]
    for number, seconds in signals:
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        until = time.monotonic() + seconds
        while left and time.monotonic() < until:
            time.sleep(0.02)
            poll()
            left = [pid for pid in left if is_alive(pid)]
        if not left:
            break
    return not left


def follow_parent() -> None:
    """Get SIGTERM when the parent process dies."""
    parent = os.getppid()
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)
