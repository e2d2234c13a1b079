"""`make test` ends non-zero when anything failed, and counts every test and step."""

import importlib.util
import os
import sys
import tempfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def check(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("check", PROJECT / "tools" / "check.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "check", module)  # its dataclass looks there
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "REPORT", tmp_path / "junit.xml")
    monkeypatch.setattr(module, "WORKERS", "0")
    return module


def run_on(check, tmp_path, source):
    (tmp_path / "test_sample.py").write_text(source)
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    alone = ["-p", "xdist", "-c", os.devnull, "--rootdir", str(tmp_path), "-p", "no:cacheprovider"]
    return check.run_pytest([*alone, str(tmp_path)], env)


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("def test_a(): pass\ndef test_b(): pass\n", (2, 0, 0)),
        ("def test_a(): pass\ndef test_b(): assert 0\n", (1, 1, 0)),
        ("import pytest\ndef test_a(): pytest.skip('x')\ndef test_b(): pass\n", (1, 0, 1)),
        ("import nonsense_that_is_not_there\n", (0, 1, 0)),
        ("import os\ndef test_a(): os._exit(0)\n", (0, 1, 0)),
    ],
)
def test_tests_are_counted(check, tmp_path, source, wanted):
    result = run_on(check, tmp_path, source)
    assert (result.passed, result.failed, result.skipped) == wanted


def test_a_failed_step_fails_the_whole_and_the_last_line_is_plain(check, capsys):
    steps = {name: ["sh", "-c", f"echo says {name}; exit {code}"] for name, code in (("a", 0), ("b", 3))}
    good, bad = check.run_steps(steps, dict(os.environ))
    assert (good.name, bad.name) == ("a", "b")
    assert check.summarise([good]) == 0
    assert check.summarise([good, bad]) == 1
    told = capsys.readouterr().out.splitlines()
    assert (told[-1], "says b" in told, "says a" in told) == ("1 passed, 1 failed", True, False)


def test_steps_are_run_together_and_one_that_hangs_is_stopped(check, monkeypatch):
    monkeypatch.setattr(check, "WORKERS", "2")
    monkeypatch.setattr(check, "STEP_SECONDS", 2.0)
    # Each waits for the other, so one after the other none would end.
    meet = "echo > {0}; until [ -e {1} ]; do sleep 0.02; done"
    with tempfile.TemporaryDirectory() as folder:
        one, other = (f"{folder}/{name}" for name in "ab")
        steps = {"a": meet.format(one, other), "b": meet.format(other, one), "c": "sleep 60"}
        found = check.run_steps({name: ["sh", "-c", does] for name, does in steps.items()}, dict(os.environ))
    assert {one.name: one.passed for one in found} == {"a": 1, "b": 1, "c": 0}


def test_nothing_run_is_a_failure(check):
    assert check.summarise([]) == 1


def test_a_step_that_hangs_is_stopped(check):
    code, printed = check.run(["sh", "-c", "echo before; sleep 60"], seconds=0.5, env=dict(os.environ), shown=False)
    assert code == 124
    assert printed.startswith("before")


def test_pytest_that_collects_nothing_fails(check, tmp_path):
    assert run_on(check, tmp_path, "").failed == 1
