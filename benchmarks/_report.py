"""
What all benchmarks share: options, progress on stderr, and one JSON object as the last line of stdout.

Import it first: it makes the project importable from a script that is run by its path.
"""

import argparse
import json
import resource
import shlex
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))
STARTED = time.perf_counter()


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the option that all scripts have."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--quick", action="store_true", help="smaller numbers, done within 50 s")
    return made


def progress(text: str) -> None:
    print(f"[{time.perf_counter() - STARTED:6.1f} s] {text}", file=sys.stderr, flush=True)


def seconds(work: Callable[[], Any], *, clock: Callable[[], float] = time.perf_counter) -> float:
    start = clock()
    work()
    return clock() - start


def alternate(
    ours: Callable[[], Any],
    reference: Callable[[], Any],
    *,
    rounds: int = 3,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[float, float]:
    """
    Run both by turns; return the median seconds of each.

    clock  time.perf_counter, or time.process_time for work on one core that others must not slow down by taking it
    """
    taken = []
    for turn in range(rounds):
        taken.append((seconds(ours, clock=clock), seconds(reference, clock=clock)))
        progress(f"round {turn + 1} of {rounds}: {taken[-1][0]:.3f} s, reference {taken[-1][1]:.3f} s")
    return statistics.median(ours for ours, _ in taken), statistics.median(theirs for _, theirs in taken)


def peak_rss_mb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def sql(statement: str, params: dict[str, int] | None = None) -> list[tuple[Any, ...]]:
    """Run a statement on the project's connection; return its rows, if it has any."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchall() if cursor.description else []


def copy_floor(tables: Sequence[str]) -> float:
    """Return the seconds that COPY takes for the rows of tables, into empty ones of the same columns and indexes."""
    from django.db import connection, transaction

    blocks = {}
    for table in tables:
        with (
            connection.connection.cursor() as cursor,
            cursor.copy(f"COPY {table} TO STDOUT (FORMAT BINARY)") as copy,
        ):
            blocks[table] = b"".join(bytes(block) for block in copy)
        sql(f"CREATE TABLE floor_{table} (LIKE {table} INCLUDING ALL EXCLUDING IDENTITY)")

    def load() -> None:
        with transaction.atomic():
            for table, rows in blocks.items():
                statement = f"COPY floor_{table} FROM STDIN (FORMAT BINARY)"
                with connection.connection.cursor() as cursor, cursor.copy(statement) as copy:
                    copy.write(rows)

    return seconds(load)


def finish(
    *,
    name: str,
    value: float,
    unit: str,
    goal: str,
    holds: bool,
    reference: dict[str, Any] | None,
    ratio: float | None,
    n: int,
    taken_s: float,
    **more: Any,
) -> None:
    """Print the result and exit, with 1 if the goal is missed."""
    result = {
        "name": name,
        "value": value,
        "unit": unit,
        "goal": goal,
        "holds": holds,
        "reference": reference,
        "ratio": ratio,
        "n": n,
        "seconds": round(taken_s, 3),
        "peak_rss_mb": peak_rss_mb(),
        "command": shlex.join(["python", *sys.argv]),
        **more,
    }
    print(json.dumps(result, ensure_ascii=False), flush=True)
    sys.exit(0 if holds else 1)
