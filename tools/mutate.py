"""
Prove the tests: change the code of rating in small ways, one at a time, and count how many changes the tests notice.

    .venv/bin/python tools/mutate.py [--sample 300] [--seed 1] [--goal 90] [MODULE ...]

Without modules all of ``[tool.mutmut]`` in pyproject.toml. A change that no test notices is a survivor; those that
change nothing that can be seen are listed with the reason in tests/mutation/accepted.csv and do not count. The last
line is the score; below the goal the command fails. Needs the dependency group ``proof`` (mutmut).
"""

import argparse
import csv
import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
MUTANTS = PROJECT / "mutants"
ACCEPTED = PROJECT / "tests" / "mutation" / "accepted.csv"
PYTHON = str(PROJECT / ".venv" / "bin" / "python")
NOBODY = "no_such_mutant*"
# The tests of the domain ask no database: these addresses keep the private services from being started.
ALONE = {
    "DATABASE_URL": "postgresql://none@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1",
    "SECRET_KEY": "none",
    "WATTLINE_MUTATION": "1",
}
SURVIVED, NO_TESTS, NOT_RUN = 0, 33, None


def mutmut(*arguments: str, quiet: bool = False) -> subprocess.CompletedProcess[str]:
    """Run mutmut in the project."""
    output = subprocess.PIPE if quiet else sys.stderr
    return subprocess.run(
        [PYTHON, "-m", "mutmut", *arguments], cwd=PROJECT, env={**os.environ, **ALONE}, stdin=subprocess.DEVNULL,
        stdout=output, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip


def exit_codes() -> dict[str, int | None]:
    """Return how the tests of each mutant ended, by its name; None = they were not run."""
    codes: dict[str, int | None] = {}
    for meta in sorted(MUTANTS.rglob("*.py.meta")):
        codes.update(json.loads(meta.read_text())["exit_code_by_key"])
    return codes


def chosen(names: list[str], modules: list[str], sample: int, seed: int) -> list[str]:
    """Return the mutants to be tried: of the modules asked for, and as many of them as the sample has."""
    mine = [name for name in names if not modules or any(name.startswith(f"{module}.") for module in modules)]
    if not sample or sample >= len(mine):
        return mine
    return sorted(random.Random(seed).sample(mine, sample))


def change_of(name: str) -> tuple[str, str, str, str]:
    """Return module, function, and the lines that a mutant takes away and puts in their place."""
    shown = mutmut("show", name, quiet=True).stdout
    lines = [line for line in shown.splitlines() if not line.startswith(("---", "+++", "#"))]
    old, new = (" ".join(line[1:].strip() for line in lines if line.startswith(mark)) for mark in "-+")
    path, _, function = re.sub(r"__mutmut_\d+$", "", name).rpartition(".")
    return path, function.removeprefix("x_").replace("xǁ", "").replace("ǁ", "."), old, new


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
    asked = parser.parse_args()
    mutmut("run", NOBODY)  # makes the mutants and learns which test runs which function; tries none
    names = chosen(list(exit_codes()), asked.modules, asked.sample, asked.seed)
    if not names:
        print("No mutant was made: see what mutmut says above.", file=sys.stderr)
        return 1
    mutmut("run", *names)
    codes = exit_codes()
    return report({name: codes[name] for name in names}, asked.goal)


def report(codes: dict[str, int | None], goal: float) -> int:
    """Print the survivors that nobody has accepted, the score of each module, and the score."""
    known, found, tried = accepted(), Counter[str](), Counter[str]()
    for name, code in codes.items():
        if code is NOT_RUN:
            continue
        module = name.rpartition(".")[0]
        if code in (SURVIVED, NO_TESTS):
            change = change_of(name)
            if change in known:
                continue
            print(f"survived {change[0]} {change[1]}\n  - {change[2]}\n  + {change[3]}")
        else:
            found[module] += 1
        tried[module] += 1
    for module in sorted(tried):
        print(f"{100 * found[module] / tried[module]:6.1f} % of {tried[module]:4} {module}")
    total = sum(tried.values())
    score = 100 * sum(found.values()) / total if total else 0.0
    print(f"mutation score {score:.1f} % of {total} changes, goal {goal:g} %")
    return int(score < goal)


if __name__ == "__main__":
    sys.exit(main())
