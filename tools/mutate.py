"""
Prove the tests: change the code of rating in small ways, one at a time, and count how many changes the tests notice.

    .venv/bin/python tools/mutate.py [--sample 300] [--seed 1] [--goal 90] [--again | --told] [MODULE ...]

Without modules all of ``[tool.mutmut]`` in pyproject.toml. A change that no test notices is a survivor; those that
change nothing that can be seen are listed with the reason in tests/mutation/accepted.csv and do not count. Neither do
changes of the message or advice of a refusal, as a text is no money, and of keywords that change no value
(tools/mutation/changes.py). The last line is the score; below the goal the command fails. Needs the dependency group
``proof`` (mutmut).
"""

import argparse
import csv
import os
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from itertools import takewhile
from math import sqrt
from pathlib import Path

from mutation.changes import Change, changes

PROJECT = Path(__file__).resolve().parents[1]
MUTANTS = PROJECT / "mutants"
RESULTS = MUTANTS / "tried.tsv"
ACCEPTED = PROJECT / "tests" / "mutation" / "accepted.csv"
PYTHON = str(PROJECT / ".venv" / "bin" / "python")
# The tests of the domain ask no database: these addresses keep the private services from being started.
ALONE = {
    "DATABASE_URL": "postgresql://none@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1",
    "SECRET_KEY": "none",
    "WATTLINE_MUTATION": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
MAKE = """
import shutil
from pathlib import Path
from mutmut.configuration import config
from mutmut.__main__ import CatchOutput, copy_also_copy_files, copy_src_dir, create_mutants, walk_mutatable_files
Path("mutants").mkdir(exist_ok=True)
# A file that was only copied before is to be changed now.
for path in walk_mutatable_files():
    if not Path(f"mutants/{path}.meta").exists():
        Path("mutants", path).unlink(missing_ok=True)
with CatchOutput():
    copy_src_dir()
    copy_also_copy_files()
    create_mutants(1)
# mutmut copies anew what has changed of the code, but not the packs and what else lies beside it.
for path in config().source_paths:
    shutil.copytree(path, Path("mutants") / path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.py", "*.pyc"))
"""
SURVIVORS = ("survived", "no tests")
WILSON = 1.959964
"""Of the normal distribution, for 95 %."""


def make() -> list[Change]:
    """Make the changes with mutmut, and copy the tests beside them."""
    shutil.rmtree(MUTANTS / "tests", ignore_errors=True)
    subprocess.run([PYTHON, "-c", MAKE], cwd=PROJECT, env={**os.environ, **ALONE}, check=True)
    return [change for change in changes(MUTANTS) if not change.excuse]


def attempt(names: Sequence[str]) -> None:
    """Try changes; what becomes of them is added to the results."""
    with (PROJECT / "pyproject.toml").open("rb") as file:
        tests = tomllib.load(file)["tool"]["mutmut"]["pytest_add_cli_args_test_selection"]
    loop = [PYTHON, str(PROJECT / "tools" / "mutation" / "loop.py"), str(RESULTS), *tests]
    subprocess.run(
        loop, cwd=MUTANTS, env={**os.environ, **ALONE}, input="\n".join(names), text=True, stdout=sys.stderr, check=True
    )


def outcomes() -> dict[str, str]:
    """Return what became of each change that was tried, by its name; the last try counts."""
    if not RESULTS.exists():
        return {}
    rows = (line.split("\t") for line in RESULTS.read_text().splitlines())
    return dict(rows)


def chosen(made: Sequence[Change], modules: Sequence[str], sample: int, seed: int) -> list[Change]:
    """Return the changes of the modules asked for in an order of chance; of a sample, the first of them."""
    mine = [change for change in made if not modules or change.module in modules]
    # By a hash of the name, so that a change that is made anew elsewhere leaves the order of the others.
    mine.sort(key=lambda change: sha256(f"{seed} {change.name}".encode()).digest())
    return mine[: sample or None]


def accepted() -> set[tuple[str, str, str, str]]:
    """Return the changes that nothing can notice, as they are listed."""
    with ACCEPTED.open(encoding="utf-8", newline="") as file:
        return {(row["module"], row["function"], row["old"], row["new"]) for row in csv.DictReader(file)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("modules", nargs="*", metavar="MODULE")
    parser.add_argument("--sample", type=int, default=0, help="try so many, drawn by chance; 0 = all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--goal", type=float, default=90.0, help="least percent of changes that tests must notice")
    parser.add_argument("--told", action="store_true", help="try nothing, tell what became of those tried before")
    parser.add_argument("--again", action="store_true", help="try only what survived or was not tried the last time")
    asked = parser.parse_args()
    wanted = chosen(make(), asked.modules, asked.sample, asked.seed)
    if not wanted:
        print("No change was made: is the module in [tool.mutmut]?", file=sys.stderr)
        return 1
    if not (asked.again or asked.told):
        RESULTS.unlink(missing_ok=True)
    before = outcomes()
    if not asked.told:
        attempt([change.name for change in wanted if before.get(change.name, "survived") in SURVIVORS])
    became = outcomes()
    # A run that was cut short has tried the first of an order of chance: those are a sample of all.
    tried = list(takewhile(lambda change: change.name in became, wanted))
    return report(tried, became, asked.goal)


def report(tried: Sequence[Change], became: Mapping[str, str], goal: float) -> int:
    """Print the survivors that nobody has accepted, the score of each module, and the score."""
    known, found, counted = accepted(), Counter[str](), Counter[str]()
    alike = 0
    for change in sorted(tried, key=lambda change: change.name):
        survives = became[change.name] in SURVIVORS
        if survives and change.key in known:
            alike += 1
            continue
        counted[change.module] += 1
        found[change.module] += not survives
        if survives:
            print(f"survived {change.module} {change.function}\n  - {change.old}\n  + {change.new}")
    for module in sorted(counted):
        print(f"{100 * found[module] / counted[module]:6.1f} % of {counted[module]:4} {module}")
    total, noticed = counted.total(), found.total()
    score = 100 * noticed / total
    low, high = interval(noticed, total)
    print(
        f"mutation score {score:.1f} % of {total} changes ({low:.1f} to {high:.1f} % of all that could be made, were "
        f"these a sample), goal {goal:g} %; {alike} that change nothing are accepted"
    )
    return int(score < goal)


def interval(found: int, total: int) -> tuple[float, float]:
    """Return the bounds of Wilson's interval of 95 %, in percent."""
    part, square = found / total, WILSON**2
    middle = (part + square / (2 * total)) / (1 + square / total)
    half = WILSON / (1 + square / total) * sqrt(part * (1 - part) / total + square / (4 * total**2))
    return 100 * (middle - half), 100 * (middle + half)


if __name__ == "__main__":
    sys.exit(main())
