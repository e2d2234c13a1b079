"""Set-up names what is missing, installs only what the lock files say, and does nothing twice."""

import ast
import importlib.util
import json
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bootstrap(tmp_path, monkeypatch):
    """Set-up in an empty project; its commands are recorded, not run."""
    spec = importlib.util.spec_from_file_location("bootstrap", PROJECT / "tools" / "bootstrap.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("uv.lock", "package-lock.json"):
        (tmp_path / name).write_text(name)
    for name, folder in (("PROJECT", ""), ("VENV", ".venv"), ("CACHE", ".cache"), ("VAR", "var")):
        monkeypatch.setattr(module, name, tmp_path / folder)
    monkeypatch.setattr(module, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    module.commands = []

    def run(command, **_):
        module.commands.append(command)
        for made in (
            (".venv/bin/python",) if "venv" in command else ("var/static/x",) if "collectstatic" in command else ()
        ):
            (tmp_path / made).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / made).touch()

    monkeypatch.setattr(module, "run", run)
    monkeypatch.setattr(module, "missing_packages", lambda _: [])
    monkeypatch.setattr(module, "machine_has_node", lambda: True)
    monkeypatch.setattr(module, "succeeds", lambda _: True)
    return module


def words(bootstrap):
    return [" ".join(command) for command in bootstrap.commands]


@pytest.mark.parametrize("purpose", ["demo", "test", "bench"])
def test_a_second_run_does_nothing(bootstrap, purpose):
    bootstrap.set_up(purpose)
    assert bootstrap.commands
    bootstrap.commands.clear()
    bootstrap.set_up(purpose)
    assert bootstrap.commands == []


def test_a_changed_lock_file_is_installed(bootstrap):
    bootstrap.set_up("demo")
    for name, wanted in (("uv.lock", "uv sync"), ("package-lock.json", "npm ci")):
        bootstrap.commands.clear()
        (bootstrap.PROJECT / name).write_text("changed")
        bootstrap.set_up("demo")
        assert any(wanted in line for line in words(bootstrap))


def test_the_lock_files_alone_choose_versions(bootstrap):
    bootstrap.set_up("test")
    sync = next(line for line in words(bootstrap) if "uv sync" in line)
    assert "--frozen" in sync
    assert "--inexact" in sync
    npm = next(line for line in words(bootstrap) if "npm" in line)
    assert "npm ci --ignore-scripts" in npm
    assert not any(re.search(r"uv (lock|add|pip)|--upgrade|npm (install|update)", line) for line in words(bootstrap))


def test_the_demo_after_the_tests_keeps_the_tools_of_the_tests(bootstrap):
    bootstrap.set_up("test")
    (bootstrap.PROJECT / "uv.lock").write_text("changed")
    bootstrap.sync_python("test", with_node=False)
    bootstrap.commands.clear()
    bootstrap.set_up("demo")
    assert not any("uv sync" in line for line in words(bootstrap))


def test_peers_are_installed_for_benchmarks_alone(bootstrap):
    bootstrap.set_up("test")
    assert not any("--group bench" in line for line in words(bootstrap))
    bootstrap.commands.clear()
    bootstrap.set_up("bench")
    assert any("--group bench --group dev" in line for line in words(bootstrap))


def test_where_there_is_no_node_the_wheel_brings_it(bootstrap, monkeypatch):
    monkeypatch.setattr(bootstrap, "machine_has_node", lambda: False)
    bootstrap.set_up("demo")
    assert any("--extra node" in line for line in words(bootstrap))
    assert any(line.startswith(f"{bootstrap.VENV}/bin/npm ci") for line in words(bootstrap))


def test_the_image_ends_without_the_tools_of_set_up(bootstrap, monkeypatch):
    monkeypatch.setattr(bootstrap, "machine_has_node", lambda: False)
    bootstrap.set_up("image")
    last = words(bootstrap)[-1]
    assert last.endswith("uv sync --frozen --no-dev")
    assert not any("embedded" in line or "--group dev" in line for line in words(bootstrap))


def test_an_unprivileged_user_is_told_the_exact_command(bootstrap, monkeypatch):
    monkeypatch.setattr(bootstrap, "missing_packages", lambda _: ["libpango-1.0-0", "fonts-noto-cjk"])
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(bootstrap.Stop) as stop:
        bootstrap.set_up("demo")
    wanted = "apt-get install -y --no-install-recommends libpango-1.0-0 fonts-noto-cjk"
    assert f"sudo apt-get update && sudo {wanted}" in str(stop.value)
    assert bootstrap.commands == []


def test_root_installs_what_is_missing_and_looks_again(bootstrap, monkeypatch):
    answers = iter([["gettext"], []])
    monkeypatch.setattr(bootstrap, "missing_packages", lambda _: next(answers))
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 0)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: f"/usr/bin/{name}")
    bootstrap.install_packages("demo")
    assert words(bootstrap) == ["apt-get install -y --no-install-recommends gettext"]


def test_what_is_missing_is_found_by_what_works(monkeypatch):
    spec = importlib.util.spec_from_file_location("bootstrap", PROJECT / "tools" / "bootstrap.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "loads", lambda library: library != "libpangoft2-1.0.so.0")
    monkeypatch.setattr(module, "has_cjk_font", lambda: False)
    monkeypatch.setattr(module.shutil, "which", lambda name: name if name in {"google-chrome", "pdftoppm"} else None)
    assert module.missing_packages("demo") == ["libpangoft2-1.0-0", "fonts-noto-cjk", "gettext"]
    assert module.missing_packages("test")[3:] == ["poppler-utils"]


def test_an_older_python_can_at_least_read_the_script():
    source = (PROJECT / "tools" / "bootstrap.py").read_text()
    assert "from __future__ import annotations" in source
    ast.parse(source, feature_version=(3, 8))


def test_the_front_end_lock_names_no_registry():
    lock = json.loads((PROJECT / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert not any("resolved" in entry for entry in packages.values())
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
