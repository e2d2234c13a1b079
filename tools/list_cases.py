"""
Write docs/cases.md: every collected case of a bill, a problem, a proration or a tariff, and the test that covers it.

    .venv/bin/python tools/list_cases.py

The cases are those of ../shared/data. Which test covers a set says tests/golden/sets.csv (``ids`` names what the test
is run for; without it each case is named in the file of the test); a problem is covered by a vector of its name, or by
a test that names it, unless tests/golden/tariffs/problems.csv says what it waits for.
"""

import csv
import importlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
GOLDEN = ROOT / "tests" / "golden"
PAGE = ROOT / "docs" / "cases.md"
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

HEAD = """# Cases

Every collected case of a bill, a problem, a proration or a tariff, and the test that covers it. The collection
(`../shared/data`, with its own notes) is not part of the project; what its licences allow is copied to `tests/data`.

Do not edit this page: `.venv/bin/python tools/list_cases.py` writes it from `tests/golden/sets.csv` and
`tests/golden/tariffs/problems.csv`, and a house test compares it. A case that no test covers says what it waits for.
"""


@dataclass(frozen=True, slots=True)
class Case:
    """
    One collected case.

    test   path of the file that covers it, and of the function where one does; "" = none
    waits  what it waits for, "" where a test covers it
    """

    id: str
    about: str
    test: str
    waits: str


class Uncovered(Exception):
    """A case has neither a test nor a reason."""


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def problems() -> list[Case]:
    """Return the cases of the problems, each with where it is computed."""
    vectors = {}
    for path in sorted(GOLDEN.glob("*/*.toml")):
        for name in re.findall(r'^name = "([a-z]{2}-\d{3})\b', path.read_text("utf-8"), re.MULTILINE):
            vectors.setdefault(name, str(path.relative_to(ROOT)))
    tests = {
        str(path.relative_to(ROOT)): path.read_text("utf-8") for path in sorted((ROOT / "tests").rglob("test_*.py"))
    }
    tests |= {str(p.relative_to(ROOT)): p.read_text("utf-8") for p in sorted((ROOT / "tests").rglob("*.csv"))}
    del tests["tests/golden/tariffs/problems.csv"]
    found = []
    for row in rows_of(GOLDEN / "tariffs" / "problems.csv"):
        test = (
            ""
            if row["waits_for"]
            else vectors.get(row["id"]) or next((at for at, text in tests.items() if row["id"] in text), "")
        )
        if not test and not row["waits_for"]:
            raise Uncovered(f"{row['id']}: no vector and no test has its name, and problems.csv says no reason.")
        found.append(Case(row["id"], f"{row['kind']}, {row['verdict']}", test, row["waits_for"]))
    return found


def sets() -> dict[str, list[dict[str, str]]]:
    """Return the rows of sets.csv by set."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in rows_of(GOLDEN / "sets.csv"):
        found.setdefault(row["set"], []).append(row)
    return found


def collected(name: str) -> Iterator[tuple[str, str]]:
    """Yield (id, what it is about) of each case of a set; files without ids in them are called by their stems."""
    path = DATA / name
    if path.is_dir():
        for file in sorted(one for one in path.iterdir() if one.name.split(".")[0] not in {"summary", "README"}):
            case = json.loads(file.read_text("utf-8")) if "ssc" in name else {}
            yield case.get("id", file.name.split(".")[0]), case.get("kind", "")
        return
    document = json.loads(path.read_text("utf-8"))
    cases = document if isinstance(document, list) else next(one for one in document.values() if isinstance(one, list))
    for case in cases:
        about = (case.get("kind"), case.get("model"), case.get("mode"), case.get("billing_period"))
        yield case["id"], next((word for word in about if word), "")


def ids_of(row: dict[str, str], names: list[str]) -> set[str]:
    """Return the cases that the test of a row is run for."""
    if row["ids"]:
        module, _, attribute = row["ids"].partition(":")
        return set(getattr(importlib.import_module(module), attribute))
    text = (ROOT / row["test"].partition("::")[0]).read_text("utf-8") if row["test"] else ""
    return {name for name in names if f'"{name}"' in text}


def cases_of(name: str, rows: list[dict[str, str]]) -> list[Case]:
    """Return the cases of one set, each with the first test that is run for it."""
    cases = list(collected(name))
    covered = [(row["test"], ids_of(row, [one for one, _ in cases])) for row in rows if row["test"]]
    waits = next((row["waits_for"] for row in rows if row["waits_for"]), "")
    found = []
    for case, about in cases:
        test = next((at for at, ids in covered if case in ids), "")
        if not test and not waits:
            raise Uncovered(f"{name}: no test is run for {case}, and sets.csv says no reason.")
        found.append(Case(case, about, test, "" if test else waits))
    return found


def table(cases: list[Case]) -> list[str]:
    """Return a table of cases; those that one test covers one after another share a row."""
    lines = ["| cases | about | covered by |", "|---|---|---|"]
    groups: list[tuple[Case, list[str]]] = []
    for case in cases:
        if groups and (groups[-1][0].about, groups[-1][0].test, groups[-1][0].waits) == (
            case.about,
            case.test,
            case.waits,
        ):
            groups[-1][1].append(case.id)
        else:
            groups.append((case, [case.id]))
    for case, ids in groups:
        covered = f"`{case.test}`" if case.test else f"not yet: {case.waits}"
        covered = covered.replace("not yet: nothing: ", "no test: ")
        lines.append(f"| {', '.join(ids)} | {case.about} | {covered} |")
    return lines


def page() -> str:
    """Return the text of the page."""
    parts = [("problems", problems()), *((name, cases_of(name, rows)) for name, rows in sets().items())]
    lines = [HEAD, "| set | cases | covered |", "|---|---:|---:|"]
    lines += [f"| {name} | {len(cases)} | {sum(bool(case.test) for case in cases)} |" for name, cases in parts]
    for name, cases in parts:
        lines += ["", f"## {name}", "", *table(cases)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if not DATA.is_dir():
        sys.exit("The collection of cases is not beside the project.")
    PAGE.write_text(page(), encoding="utf-8")
