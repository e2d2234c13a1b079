"""`make bench` runs each script, shows what it measured, and fails when a script fails or misses its goal."""

import importlib
import json

import pytest

bench = importlib.import_module("benchmarks.__main__")
RESULT = {
    "name": "rating",
    "value": 51_000_000.0,
    "unit": "lines/s",
    "goal": ">= 40,000,000",
    "holds": True,
    "reference": {"name": "Decimal", "value": 210_000.5, "unit": "lines/s"},
    "ratio": 242.857,
    "n": 1_000_000,
    "seconds": 1.25,
    "peak_rss_mb": 310,
    "command": "benchmarks/rating.py",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "FOLDER", tmp_path)
    return tmp_path


def write(folder, name, result, code=0):
    body = f"import sys\nprint('progress', file=sys.stderr)\nprint('noise')\nprint({json.dumps(result)!r})\nsys.exit({code})\n"
    (folder / f"{name}.py").write_text(body)


def run(monkeypatch, *arguments):
    monkeypatch.setattr(bench.sys, "argv", ["benchmarks", *arguments])
    return bench.main()


def test_the_table_has_a_line_for_each_script(folder, monkeypatch, capsys):
    write(folder, "rating", RESULT)
    write(folder, "billing_run", RESULT | {"name": "billing_run", "reference": None, "ratio": None})
    assert run(monkeypatch) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert len({len(line) for line in lines}) == 1
    assert "51,000,000" in lines[3]
    assert "Decimal: 210,000 lines/s" in lines[3]


@pytest.mark.parametrize(("change", "code"), [({"holds": False}, 0), ({}, 3)])
def test_a_missed_goal_or_a_failed_script_fails_the_whole(folder, monkeypatch, capsys, change, code):
    write(folder, "good", RESULT)
    write(folder, "bad", RESULT | change, code)
    assert run(monkeypatch) == 1
    assert "NO" in capsys.readouterr().out


def test_a_script_without_a_result_fails(folder, monkeypatch, capsys):
    (folder / "silent.py").write_text("")
    assert run(monkeypatch, "silent") == 1
    assert "failed with 0" in capsys.readouterr().out


def test_an_unknown_name_is_refused_with_those_there_are(folder, monkeypatch):
    write(folder, "rating", RESULT)
    with pytest.raises(SystemExit, match="there are: rating"):
        run(monkeypatch, "raiting")
