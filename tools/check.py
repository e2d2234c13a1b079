"""
Run everything that CI runs, also when a step fails; print the seconds of each and end non-zero if any failed.

    .venv/bin/python tools/check.py [--only lint|pytest] [pytest arguments]

The last line is plain: "N passed, N failed", tests and steps counted together.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from xml.etree import ElementTree as ET

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from cis.embedded import Embedded, processes  # noqa: E402 (after the path)

BIN = PROJECT / ".venv" / "bin"
VAR = PROJECT / "var" / "test"
REPORT = VAR / "junit.xml"
STEP_SECONDS = 900
TEMPLATE = "database of the tests"
PYTEST_SECONDS = 40 * 60
PROOF_SECONDS = 12 * 3600
WORKERS = os.environ.get("PYTEST_WORKERS") or "2"


@dataclass(frozen=True, slots=True)
class Result:
    """How one step ended."""

    name: str
    seconds: float
    passed: int
    failed: int
    skipped: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Running:
    """A step under way, and the file into which it prints."""

    name: str
    process: subprocess.Popen[str]
    output: IO[str]
    started: float

    def is_over(self) -> bool:
        """Return whether it has ended, or is to be stopped."""
        return self.process.poll() is not None or time.monotonic() > self.started + STEP_SECONDS


def steps() -> dict[str, list[str]]:
    """Return the commands besides pytest: those that fail fastest first, then the longest, so that none ends alone."""
    python = str(BIN / "python")
    rooms = sorted(path.parent.name for path in PROJECT.glob("*/apps.py"))
    return {
        "ruff check": [str(BIN / "ruff"), "check", "--quiet", "."],
        "ruff format": [str(BIN / "ruff"), "format", "--check", "--quiet", "."],
        "lint-imports": [str(BIN / "lint-imports")],
        TEMPLATE: [python, "-m", "tests.template"],
        "migrations linted": [python, "tools/lint_migrations.py"],
        "mypy": [str(BIN / "mypy"), *rooms],
        "migrations complete": [python, "manage.py", "makemigrations", "--check", "--dry-run"],
    }


def begin(command: list[str], *, env: dict[str, str], output: IO[str] | int | None) -> subprocess.Popen[str]:
    """Start a command that ends with this process."""
    return subprocess.Popen(
        command,
        cwd=PROJECT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        text=True,
        start_new_session=True,
        preexec_fn=processes.tied_to_parent(signal.SIGTERM),  # noqa: PLW1509 (one thread)
    )


def run(command: list[str], *, seconds: float, env: dict[str, str], shown: bool) -> tuple[int, str]:
    """Run a command to its end or its time limit; return its exit code and what it printed (unless shown at once)."""
    process = begin(command, env=env, output=None if shown else subprocess.PIPE)
    try:
        printed, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return 124, end(process) + f"\nstopped after {seconds:.0f} s"
    except BaseException:
        end(process)
        raise
    return process.returncode, printed or ""


def end(process: subprocess.Popen[str]) -> str:
    """End a command and its children; return what it had printed."""
    for number, patience in ((signal.SIGTERM, 10.0), (signal.SIGKILL, 10.0)):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=patience)[0] or ""
    return ""


def run_steps(commands: dict[str, list[str]], env: dict[str, str]) -> list[Result]:
    """Run commands, so many at once as there are workers for the tests; tell of each when it ends."""
    waiting, running, results = list(commands.items()), list[Running](), list[Result]()
    try:
        while waiting or running:
            while waiting and len(running) < max(1, int(WORKERS)):
                name, command = waiting.pop(0)
                output = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed when its step has ended)
                running.append(Running(name, begin(command, env=env, output=output), output, time.monotonic()))
            time.sleep(0.02)
            for step in [one for one in running if one.is_over()]:
                running.remove(step)
                results.append(ended(step))
    finally:
        for step in running:
            end(step.process)
    return results


def ended(step: Running) -> Result:
    """Tell how a step ended; one that is over its time is stopped."""
    took = time.monotonic() - step.started
    is_stopped = step.process.poll() is None
    if is_stopped:
        end(step.process)
    code = step.process.returncode
    print(f"{'ok  ' if code == 0 else 'FAIL'} {step.name} ({took:.0f} s)", flush=True)
    with step.output as output:
        output.seek(0)
        if code != 0:
            print(output.read().rstrip()[-20_000:], flush=True)
    if is_stopped:
        print(f"stopped after {took:.0f} s", flush=True)
    return Result(step.name, took, int(code == 0), int(code != 0))


def run_pytest(arguments: list[str], env: dict[str, str]) -> Result:
    started = time.monotonic()
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.unlink(missing_ok=True)
    seconds = PROOF_SECONDS if env.get("WATTLINE_PROOF") else PYTEST_SECONDS
    options = ["-n", WORKERS, "--dist", "loadgroup", "-q", "--durations=15", f"--junitxml={REPORT}"]
    command = [str(BIN / "python"), "-m", "pytest", *options, "-o", "faulthandler_timeout=600", *arguments]
    code, printed = run(command, seconds=seconds, env=env, shown=True)
    print(printed, end="", flush=True)
    took = time.monotonic() - started
    if not REPORT.exists():
        return Result("pytest", took, 0, 1)
    suites = list(ET.parse(REPORT).getroot().iter("testsuite"))
    total, failures, errors, skipped = (
        sum(int(suite.get(key, "0")) for suite in suites) for key in ("tests", "failures", "errors", "skipped")
    )
    failed = failures + errors
    return Result("pytest", took, total - failed - skipped, max(failed, int(code != 0)), skipped)


def summarise(results: list[Result]) -> int:
    """Print the seconds of each step and the last line; return the exit code."""
    print("\nseconds  step")
    for result in results:
        skipped = f", {result.skipped} skipped" if result.skipped else ""
        print(f"{result.seconds:7.1f}  {result.name}: {result.passed} passed, {result.failed} failed{skipped}")
    passed, failed = sum(result.passed for result in results), sum(result.failed for result in results)
    print(f"{sum(result.seconds for result in results):7.1f}  together\n{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--only", choices=["lint", "pytest"])
    asked, pytest_arguments = parser.parse_known_args()
    env = {**os.environ, "WATTLINE_VAR": str(VAR), "WATTLINE_DURABLE": "0"}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # else each of the tests' many processes compiles all libraries again
    replaced = os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")
    results = []
    with nullcontext() if replaced else Embedded(VAR, durable=False):
        if asked.only != "pytest":
            commands = steps()
            if asked.only == "lint":
                del commands[TEMPLATE]
            results += run_steps(commands, env)
        if asked.only != "lint":
            results.append(run_pytest(pytest_arguments, env))
    return summarise(results)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background ignores it; tests send it
    sys.exit(main())
