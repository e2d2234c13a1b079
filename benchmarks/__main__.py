"""
Run all benchmarks, or those named, and print their results as one table.

    .venv/bin/python -m benchmarks [--quick] [NAME ...]

Each script prints progress to stderr and, as the last line of stdout, one JSON object. The exit code is non-zero when
a script fails or a goal is missed.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
COLUMNS = ("name", "value", "unit", "goal", "holds", "reference", "ratio", "n", "seconds", "peak_rss_mb")
NUMERIC = {"value", "ratio", "n", "seconds", "peak_rss_mb"}


def scripts(names: list[str]) -> list[Path]:
    """Return the scripts asked for, all without a name."""
    found = {path.stem: path for path in sorted(FOLDER.glob("*.py")) if not path.stem.startswith("_")}
    unknown = sorted(set(names) - set(found))
    if unknown:
        sys.exit(f"no benchmark {', '.join(unknown)}; there are: {', '.join(found)}")
    return [found[name] for name in names or found]


def measure(script: Path, options: list[str]) -> dict[str, object]:
    """Run one script; return its result, or one that says that it failed."""
    command = [sys.executable, str(script), *options]
    done = subprocess.run(command, cwd=FOLDER.parent, stdout=subprocess.PIPE, text=True, check=False)
    lines = done.stdout.strip().splitlines()
    try:
        result = json.loads(lines[-1])
    except (IndexError, ValueError):
        result = None
    if done.returncode or not isinstance(result, dict):
        return {"name": script.stem, "value": None, "unit": f"failed with {done.returncode}", "holds": False}
    return result


def cell(result: dict[str, object], column: str) -> str:
    value = result.get(column)
    if column == "reference" and isinstance(value, dict):
        return f"{value['name']}: {show(value['value'])} {value['unit']}"
    return show(value)


def show(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


def table(results: list[dict[str, object]]) -> str:
    """Return the results as a table that Markdown reads too."""
    rows = [list(COLUMNS), *([cell(result, column) for column in COLUMNS] for result in results)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    rows.insert(1, ["-" * (width - 1) + (":" if COLUMNS[i] in NUMERIC else "-") for i, width in enumerate(widths)])
    align = [str.rjust if column in NUMERIC else str.ljust for column in COLUMNS]
    return "\n".join("| " + " | ".join(align[i](text, widths[i]) for i, text in enumerate(row)) + " |" for row in rows)


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the benchmarks and print a table.")
    parser.add_argument("--quick", action="store_true", help="smaller numbers, each script within 50 s")
    parser.add_argument("names", nargs="*")
    asked = parser.parse_args()
    results = []
    for script in scripts(asked.names):
        print(f"--- {script.stem}", file=sys.stderr, flush=True)
        results.append(measure(script, ["--quick"] if asked.quick else []))
    print(table(results))
    return 0 if all(result.get("holds") for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
