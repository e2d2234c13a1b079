"""The parts of a serving installation start, come back, and end together."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from cis import serving
from cis.embedded import processes

PROJECT = Path(__file__).resolve().parents[3]
# Each part is a shell with a child of its own; it reports both numbers and, as the web server, opens the port.
DRIVER = """
import pathlib, sys
from cis import serving

folder, port, body = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]

def command_of(part, address, *, processes_each):
    body_of_part = body if part == "web" else "sleep 90 & echo $$ $! >> %s/pids; wait"
    return ["sh", "-c", body_of_part.replace("%s", str(folder)).replace("PORT", str(port))]

serving.command_of = command_of
say = lambda line: print(line, flush=True)
beside = {"head_end": command_of("head_end", None, processes_each=1)} if "beside" in sys.argv else {}
sys.exit(serving.serve(serving.Address("127.0.0.1", port), logs=folder / "log", announce=say, beside=beside))
"""
WEB = f"{sys.executable} -m http.server PORT --bind 127.0.0.1 & echo $$ $! >> %s/pids; wait"


@contextmanager
def start(folder, body=WEB, *more):
    """Serve at a port that no other worker of the test run has; a test that fails leaves nothing to wait for."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-c", DRIVER, str(folder), str(port), body, *more]
    running = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def pids(folder):
    return [int(pid) for pid in (folder / "pids").read_text().split()]


def wait_until(condition, seconds=15.0):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_all_parts_and_their_children_end_with_it(tmp_path, ending):
    with start(tmp_path) as running:
        assert running.stdout.readline().startswith("serving on http://127.0.0.1:")
        assert wait_until(lambda: len(pids(tmp_path)) == 6)
        started = pids(tmp_path)
        assert all(processes.is_alive(pid) for pid in started)
        running.send_signal(ending)
        assert running.wait(20) == 0
    assert wait_until(lambda: not any(processes.is_alive(pid) for pid in started))


def test_what_is_served_beside_comes_back_and_ends_with_the_parts(tmp_path):
    with start(tmp_path, WEB, "beside") as running:
        assert running.stdout.readline().startswith("serving on http://127.0.0.1:")
        assert wait_until(lambda: len(pids(tmp_path)) == 8)
        os.kill(pids(tmp_path)[0], signal.SIGKILL)
        assert wait_until(lambda: len(pids(tmp_path)) == 10)
        started = pids(tmp_path)
        assert (tmp_path / "log" / "head_end.log").exists()
        running.send_signal(signal.SIGTERM)
        assert running.wait(20) == 0
    assert wait_until(lambda: not any(processes.is_alive(pid) for pid in started))


def test_the_parts_get_a_signal_when_it_is_killed(tmp_path):
    with start(tmp_path) as running:
        running.stdout.readline()
        assert wait_until(lambda: len(pids(tmp_path)) == 6)
        leaders = pids(tmp_path)[::2]
        children = pids(tmp_path)[1::2]
        running.kill()
    gone = wait_until(lambda: not any(processes.is_alive(pid) for pid in leaders))
    for child in children:
        os.kill(child, signal.SIGKILL)
    assert gone


def test_a_killed_part_is_started_again_and_its_children_are_not_left(tmp_path):
    with start(tmp_path) as running:
        running.stdout.readline()
        assert wait_until(lambda: len(pids(tmp_path)) == 6)
        leader, child = pids(tmp_path)[:2]
        os.kill(leader, signal.SIGKILL)
        assert wait_until(lambda: len(pids(tmp_path)) == 8)
        assert not processes.is_alive(child)
        running.terminate()
        assert running.wait(20) == 0


def test_a_part_that_dies_again_and_again_ends_the_whole_with_an_error(tmp_path):
    with start(tmp_path, "echo no module named nonsense; exit 3") as running:
        printed = running.stdout.read()
        assert running.wait(30) == 1
    assert "web ended 5 times" in printed
    assert (tmp_path / "log" / "web.log").read_text().count("nonsense") == 5
    assert not any(processes.is_alive(pid) for pid in pids(tmp_path))


@pytest.mark.parametrize("part", ["beat", "worker"])
def test_a_beat_that_was_killed_while_it_wrote_starts_again(tmp_path, monkeypatch, part):
    torn = tmp_path / "beat-schedule.db"
    torn.write_bytes(b"")
    monkeypatch.setenv("WATTLINE_VAR", str(tmp_path))
    monkeypatch.setattr(os, "execv", lambda _, command: sys.exit(" ".join(command)))
    with pytest.raises(SystemExit, match=f"--quiet {part}"):
        serving.main([part])
    assert torn.exists() is (part == "worker")


def test_the_next_free_port_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert serving.free_address(port=port).port > port


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000/"),
        ("0.0.0.0", "http://localhost:8000/"),
        ("::1", "http://[::1]:8000/"),
    ],
)
def test_the_address_is_one_for_a_browser(host, url):
    assert serving.Address(host, 8000).url == url


def test_commands_carry_no_secret_and_name_the_applications():
    lines = [
        " ".join(serving.command_of(part, serving.Address("127.0.0.1", 8000), processes_each=2))
        for part in serving.PARTS
    ]
    assert "cis.wsgi:application" in lines[0]
    assert all("--app cis.celery:app" in line for line in lines[1:])
    assert not any(word in " ".join(lines).lower() for word in ("password", "secret", "redis://", "postgresql://"))
