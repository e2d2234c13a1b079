"""
A billing run is done by real Celery workers while workers and PostgreSQL are killed and Redis is emptied.

The order and the moments of the strikes come from a seed; WATTLINE_PROOF=1 tries more of them.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
import pytest
import redis

from cis.embedded import PROJECT, Embedded, state

pytestmark = pytest.mark.chaos

SEEDS = range(1, 13 if os.environ.get("WATTLINE_PROOF") else 2)
ACCOUNTS = 150
WORKERS = 2
PATIENCE_S = 400
PAUSES_S = (0.3, 1.2)


class Scene:
    """Services of its own, workers that are started again when they die, and one who pokes."""

    def __init__(self, folder: Path) -> None:
        self.services = Embedded(folder / "var", durable=True)
        self.services.start()
        hidden = {"DATABASE_URL", "REDIS_URL", "WATTLINE_DURABLE"}
        self.environment = {name: value for name, value in os.environ.items() if name not in hidden}
        self.environment |= {"WATTLINE_VAR": str(folder / "var"), "LOG_LEVEL": "ERROR"}
        self.log = (folder / "log").open("ab")
        self.crew: dict[str, subprocess.Popen] = {}

    def call(self, *command: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "tests.chaos.supplier", *command],
            cwd=PROJECT,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=PATIENCE_S,
        ).stdout

    def keep_crew(self) -> None:
        """Start whoever is not there."""
        celery = ["celery", "--app", "cis.celery:app", "--quiet", "worker", "--concurrency", "1", "--loglevel", "ERROR"]
        roles = {f"worker{place}": [*celery, "--hostname", f"w{place}@%h"] for place in range(WORKERS)}
        roles["poker"] = ["tests.chaos.supplier", "poke"]
        for name, command in roles.items():
            if name not in self.crew or self.crew[name].poll() is not None:
                self.crew[name] = subprocess.Popen(
                    [sys.executable, "-m", *command],
                    cwd=PROJECT,
                    env=self.environment,
                    stdout=self.log,
                    stderr=self.log,
                    start_new_session=True,
                )

    def kill_worker(self, name: str) -> None:
        """Kill a worker with the children that do its tasks."""
        with suppress(ProcessLookupError):
            os.killpg(self.crew[name].pid, signal.SIGKILL)
        self.crew[name].wait()

    def kill_postgres(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(state.read(self.services.place).pids["postgres"], signal.SIGKILL)

    def flush_redis(self) -> None:
        with suppress(redis.RedisError):
            redis.Redis.from_url(self.services.redis_url()).flushall()

    def ask(self, sql: str) -> list[tuple]:
        """Return the rows, or none while PostgreSQL comes back."""
        folder, _, name = unquote(urlsplit(self.services.database_url()).path)[1:].rpartition("/")
        try:
            with psycopg.connect(host=folder, user="wattline", dbname=name, connect_timeout=3) as connection:
                return connection.execute(sql).fetchall()
        except psycopg.Error:
            return []

    def close(self) -> None:
        for name in self.crew:
            self.kill_worker(name)
        self.services.remove()
        self.log.close()


@pytest.fixture
def folder():
    made = Path(tempfile.mkdtemp(prefix="wl-chaos-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def scene(folder):
    made = Scene(folder)
    yield made
    made.close()


def strikes_of(scene, rng):
    """Each kind at least once and early, in random order, then more of them as long as the run lasts."""
    first = [scene.kill_postgres, scene.flush_redis, lambda: scene.kill_worker("worker0")]
    rng.shuffle(first)
    yield from first
    while True:
        yield rng.choice([*first, lambda: scene.kill_worker("worker1"), lambda: scene.kill_worker("poker")])


def under_way(scene):
    return scene.ask("SELECT 1 FROM billing_runchunk WHERE state <> 'waiting'")


@pytest.mark.xdist_group("chaos")  # two at once would starve each other
@pytest.mark.parametrize("seed", SEEDS)
def test_each_account_is_billed_exactly_once_whatever_dies(scene, seed):
    rng = random.Random(seed)
    scene.call("open", str(ACCOUNTS))
    scene.keep_crew()
    until = time.monotonic() + PATIENCE_S
    while not under_way(scene) and time.monotonic() < until:
        time.sleep(0.05)
    struck = 0
    for strike in strikes_of(scene, rng):
        if scene.ask("SELECT 1 FROM billing_billrun WHERE state = 'issued'") or time.monotonic() > until:
            break
        # Enough have been struck in the middle; later strikes come further apart, so that the run may end.
        time.sleep(rng.uniform(*PAUSES_S) * (0.2 if struck < 3 else 1 if struck < 8 else 12))
        strike()
        struck += 1
        scene.keep_crew()
    assert struck >= 3, "the run was over before it was struck"
    while scene.ask("SELECT count(*) FROM platform_job WHERE state = 'done'") == [] and time.monotonic() < until:
        time.sleep(0.2)
    time.sleep(1)
    assert scene.call("prove", str(ACCOUNTS)) == ""
