"""
Try changes in one process that has collected the tests once.

    cd mutants; python ../tools/mutation/loop.py RESULTS TEST... < names, one a line

Each test is run once as the code is, to learn which function it runs and how long it takes. Then each change is tried
in a fork that runs the tests of its function, the fastest first, up to the first that fails. What became of it is
written to RESULTS at once, so that a run that was cut short tells what it has tried.
"""

import contextlib
import functools
import gc
import os
import re
import resource
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TextIO

import pytest
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state

CACHED = type(functools.cache(len))
SURVIVED, FOUND = 0, 1
MOST_BYTES = 4 * 2**30
"""A change may ask for a huge array: it gets an error instead of the machine."""
PLAINLY = ("--rootdir=.", "-q", "--tb=no", "--capture=no", "--no-header", "-p", "no:cacheprovider", "-p", "no:xdist")
MOST_SECONDS = 3
"""What the tests of one change may take when nothing is changed; slower ones are left out, and find nothing."""
STOPPED_AFTER = 20
"""A change may run for ever: it is stopped after so many seconds of the processor."""


class Loop:
    """A pytest plugin that tries changes in place of running the tests."""

    def __init__(self, names: Sequence[str], results: TextIO) -> None:
        self.names, self.results = names, results

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Learn which tests run which function, then try each change."""
        tests, seconds = learned(session)
        if session.testsfailed:
            raise session.Failed("The tests fail on the code as it is.")
        gc.collect()
        gc.freeze()
        start = time.monotonic()
        for number, name in enumerate(self.names, 1):
            places = fastest(tests[re.sub(r"__mutmut_\d+$", "", name)], seconds)
            outcome = tried(session, name, places) if places else "no tests"
            self.results.write(f"{name}\t{outcome}\n")
            self.results.flush()
            if number % 50 == 0 or number == len(self.names):
                each = (time.monotonic() - start) / number
                print(f"{number} of {len(self.names)} tried, {each:.2f} s each", file=sys.stderr, flush=True)
        return True


def learned(session: pytest.Session) -> tuple[dict[str, set[int]], list[float]]:
    """Return the places of the tests that run each function, and how long each test takes."""
    tests: dict[str, set[int]] = defaultdict(set)
    seconds = []
    functions = state()._stats  # noqa: SLF001 (mutmut tells by no other way which functions were run)
    set_mutant_under_test("stats")
    for place in range(len(session.items)):
        functions.clear()
        start = time.process_time()
        run(session, place, None)
        seconds.append(time.process_time() - start)
        for function in functions:
            tests[function].add(place)
    for made in gc.get_objects():
        if isinstance(made, CACHED):
            made.cache_clear()  # what was made by the code as it is must not hide a change
    return tests, seconds


def fastest(places: Iterable[int], seconds: Sequence[float]) -> list[int]:
    """Return the tests that a change is tried on, the fastest first, as many as fit into the time for one."""
    ordered = sorted(places, key=seconds.__getitem__)
    until = accumulate(seconds[place] for place in ordered)
    return [place for place, end in zip(ordered, until, strict=True) if end <= MOST_SECONDS]


def run(session: pytest.Session, place: int, following: int | None) -> None:
    """Run one test; fixtures that the following one shares are kept."""
    item = session.items[place]
    nextitem = None if following is None else session.items[following]
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=nextitem)


def tried(session: pytest.Session, name: str, places: Sequence[int]) -> str:
    """Return what became of one change: found, survived or stopped."""
    child = os.fork()
    if child == 0:
        code = FOUND
        with contextlib.suppress(BaseException):
            code = in_fork(session, name, places)
        os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "stopped"
    return "survived" if os.WEXITSTATUS(status) == SURVIVED else "found"


def in_fork(session: pytest.Session, name: str, places: Sequence[int]) -> int:
    """Run the tests of a change up to the first that fails."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CPU, (STOPPED_AFTER, STOPPED_AFTER + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    signal.alarm(10 * STOPPED_AFTER)
    set_mutant_under_test(name)
    for at, place in enumerate(places):
        run(session, place, places[at + 1] if at + 1 < len(places) else None)
        if session.testsfailed:
            return FOUND
    return SURVIVED


def main() -> int:
    results, *tests = sys.argv[1:]
    names = sys.stdin.read().split()
    with Path(results).open("a", encoding="utf-8") as file:
        return int(pytest.main([*PLAINLY, *tests], plugins=[Loop(names, file)]))


if __name__ == "__main__":
    sys.exit(main())
