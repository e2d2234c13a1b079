"""
Applications from filing to energizing: filed by API with their papers, then walked through all five steps.

W workers share the applications. Filing, papers, confirming, ordering and reporting the survey go through the API, with
all that a request costs (key, idempotency, JSON); offer, signature, meter and energizing are the steps that their own
use cases call. A move counts as one: filing, confirming, ordering the survey, and the five steps; papers do not count,
but their time does. With clocks, history, audit trail, notices and conflict rules of the real thing. Each worker has
walked one before the clock runs, as a server has that is up.

The floor of the same run is bare psycopg: as many workers write the rows that one application leaves in the database,
in as many transactions, into tables without indexes, checks and keys; it reads nothing and changes nothing.

    .venv/bin/python benchmarks/applications.py --applications 10000
"""

import multiprocessing
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import _report  # first: makes the project importable

from cis.embedded import Embedded

WORKERS = 4
"""As many as answer at once on two cores (``cis.serving`` starts more threads than that): each waits for the disk."""
APPLICATIONS, QUICK = 10_000, 400
GOAL = 150
MOVES = 8
TRANSACTIONS = 10
"""Of one application: filing, two papers, and seven moves."""
FLOOR_ROUNDS, FLOOR_APPLICATIONS = 3, 300
BANKS = 100
"""Transformers, so that not all applications wait for one."""

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ROOMS = frozenset(("accounts", "metering", "contracts", "platform"))
SCOPES = ("applications:read", "applications:write")


def main() -> None:
    parser = _report.parser(__doc__)
    parser.add_argument("--applications", type=int)
    parser.add_argument("--workers", type=int, default=WORKERS)
    given = parser.parse_args()
    count = given.applications or (QUICK if given.quick else APPLICATIONS)
    folder = Path(tempfile.mkdtemp(prefix="wattline-bench-"))
    folder.chmod(0o755)
    try:
        with Embedded(folder / "var", durable=True) as services:
            urls = services.urls()
            os.environ.update(
                WATTLINE_VAR=str(folder / "var"),
                DATABASE_URL=urls.database_url,
                REDIS_URL=urls.redis_url,
                ALLOWED_HOSTS="testserver",
                DATABASE_KEEPS_PLANS="on",  # as the web processes have it that answer the API
                HEAD_END_GATEWAY="sandbox",
            )
            measure(count, given.workers)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(count: int, workers: int) -> None:
    bearer = prepare()
    # One more is walked for its rows (serial ``count``), and one by each worker before the clock runs.
    taken_s, peaks = together(
        work, [(bearer, range(place, count, workers), count + 1 + place) for place in range(workers)]
    )
    check(count + workers)
    value = count * MOVES / taken_s
    rows = rows_of_one(bearer, count)
    each = [(rows, FLOOR_APPLICATIONS // workers)] * workers
    floor_s = statistics.median(together(write_bare, each)[0] for _ in range(FLOOR_ROUNDS))
    floor = FLOOR_APPLICATIONS // workers * workers * MOVES / floor_s
    _report.finish(
        name="applications",
        value=round(value),
        unit="moves/s",
        goal=f">= {GOAL} moves/s",
        holds=value >= GOAL,
        reference={"name": "bare psycopg writing the same rows", "value": round(floor), "unit": "moves/s"},
        ratio=value / floor,
        n=count,
        taken_s=taken_s,
        workers=workers,
        worker_rss_mb=max(peaks),
        applications_per_s=round(count / taken_s, 1),
    )


def together(target: Callable[..., None], arguments: Sequence[tuple[Any, ...]]) -> tuple[float, list[float]]:
    """Let workers get ready, then start at once; return how long they took, and what each told at its end."""
    context = multiprocessing.get_context("spawn")
    pipes: list[Connection] = []
    for given in arguments:
        ours, theirs = context.Pipe()
        context.Process(target=target, args=(theirs, *given), daemon=True).start()
        pipes.append(ours)
    for pipe in pipes:
        pipe.recv()
    start = time.perf_counter()
    for pipe in pipes:
        pipe.send("go")
    told = [pipe.recv() for pipe in pipes]
    return time.perf_counter() - start, told


def rows_of_one(bearer: str, serial: int) -> list[tuple[str, tuple[str | None, ...]]]:
    """Walk one more application; make a bare table for each that it wrote to; return INSERTs with its rows as text."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'id'"
        )
        tables = [name for (name,) in cursor.fetchall() if name.partition("_")[0] in ROOMS]
        last = {}
        for table in tables:
            cursor.execute(f'SELECT coalesce(max(id), 0) FROM "{table}"')
            last[table] = cursor.fetchone()[0]
        walk(client_of(bearer), serial)
        found: list[tuple[str, tuple[str | None, ...]]] = []
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}" LIMIT 0')
            names = ", ".join(f'"{column.name}"' for column in cursor.description)
            texts = ", ".join(f'"{column.name}"::text' for column in cursor.description)
            cursor.execute(f'SELECT {texts} FROM "{table}" WHERE id > %s ORDER BY id', [last[table]])
            rows = cursor.fetchall()
            if rows:
                cursor.execute(f'CREATE TABLE "floor_{table}" (LIKE "{table}")')
            places = ", ".join(["%s"] * names.count('", "') + ["%s"])
            found += [(f'INSERT INTO "floor_{table}" ({names}) VALUES ({places})', row) for row in rows]
    connection.close()
    return found


def write_bare(pipe: Connection, rows: list[tuple[str, tuple[str | None, ...]]], count: int) -> None:
    """Write the rows of some applications, once told to, in as many transactions as they take."""
    import psycopg

    set_up()
    from django.db import connection as known

    given = known.get_connection_params()
    own = {"cursor_factory", "context"}
    with psycopg.connect(**{key: value for key, value in given.items() if key not in own}) as connection:
        pipe.send("ready")
        pipe.recv()
        for _ in range(count):
            for part in range(TRANSACTIONS):
                for sql, row in rows[part::TRANSACTIONS]:
                    connection.execute(sql, row)
                connection.commit()
        pipe.send(_report.peak_rss_mb())


def set_up() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cis.settings")
    import django

    django.setup()


def prepare() -> str:
    """Make tables, supplier and a key; return the key."""
    set_up()
    from django.core.management import call_command
    from django.db import connection

    from cis.api import router  # noqa: F401 (names the scopes)
    from cis.kernel.actors import SYSTEM
    from cis.platform import api, keys
    from tests.factories import accounts, metering

    call_command("migrate", verbosity=0, interactive=False)
    accounts.supplier()
    above = metering.feeder()
    for bank in range(BANKS):
        metering.transformer(at=above, external_id=f"T{bank:03d}", capacity_va=10_000_000_000)
    bearer = keys.create(name="benchmark", scopes=SCOPES, known_scopes=api.SCOPES, actor=SYSTEM)
    connection.close()
    return bearer


def work(pipe: Connection, bearer: str, serials: range, first: int) -> None:
    """Walk one application; then, once told to, some more, and tell the largest memory."""
    set_up()
    client = client_of(bearer)
    walk(client, first)
    pipe.send("ready")
    pipe.recv()
    for done, serial in enumerate(serials, start=1):
        walk(client, serial)
        if done % 500 == 0:
            _report.progress(f"{done} of {len(serials)} applications")
    pipe.send(_report.peak_rss_mb())


def client_of(bearer: str) -> Any:
    """Return a client of the API with its key."""
    from django.test import Client

    from cis.api import router  # noqa: F401 (loaded before the clock runs)

    return Client(headers={"Authorization": f"Bearer {bearer}"})


def walk(client: Any, serial: int) -> None:
    """File one application and walk it to flowing current."""
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.db import transaction
    from django.utils import timezone

    from contracts.operations import applications as steps
    from contracts.queries import applications
    from tests.factories.applications import STAFF

    number = post(client, "applications", application(serial), key=f"{serial}")["number"]
    for kind in ("identity", "premises_right"):
        scan = SimpleUploadedFile("scan.pdf", f"%PDF-1.7 {serial} {kind} %%EOF".encode())
        reply = client.post(f"/api/v1/applications/{number}/papers", {"kind": kind, "file": scan})
        assert reply.status_code == 200, reply.content
    for action in ("confirm_documents", "assign_survey", "report_survey"):
        body: dict[str, Any] = {"action": action}
        if action == "report_survey":
            body["points"] = [{"seq": 0, "service_point": planned(number)}]
        post(client, f"applications/{number}/moves", body, key=f"{serial} {action}".replace(" ", "-"))
    case = {"application_id": applications.id_of_number(number), "actor": STAFF}
    for step, more in (
        (steps.offer_step, {}),
        (steps.sign_step, {"contract_number": f"C{serial}"}),
        (steps.install_meter_step, {}),
        (steps.energize_step, {"inspection_passed": True}),
    ):
        with transaction.atomic():
            step(**case, **more, at=timezone.now())


def planned(number: str) -> str:
    """Plan the service point of an application on one of the transformers; return its external id."""
    from django.db import transaction

    from metering.domain.places import NewPlace
    from metering.operations import network
    from tests.factories.applications import STAFF

    place = NewPlace(
        service_point=f"{number}-1", premises=f"{number}-P", address=number, voltage="220V", capacity_w=8000,
        transformer=f"T{int(number[1:]) % BANKS:03d}",
    )  # fmt: skip
    with transaction.atomic():
        network.plan_points_step(new=[place], actor=STAFF)
    return place.service_point


def post(client: Any, path: str, body: dict[str, Any], *, key: str) -> dict[str, Any]:
    reply = client.post(f"/api/v1/{path}", body, content_type="application/json", headers={"Idempotency-Key": key})
    assert reply.status_code in {200, 201}, reply.content
    found: dict[str, Any] = reply.json()
    return found


def application(serial: int) -> dict[str, Any]:
    """Return an application of a person who can be, but is nobody."""
    born = f"{1940 + serial // 28_000 % 60}{1 + serial // 28 % 12:02d}{1 + serial % 28:02d}"
    digits = f"310101{born}{serial // 336 % 1000:03d}"
    check = "10X98765432"[sum(int(digit) * weight for digit, weight in zip(digits, WEIGHTS, strict=True)) % 11]
    return {
        "applicant": {
            "kind": "resident", "name": f"客户{serial}", "id_number": digits + check,
            "phone": f"138{serial:08d}",
        },
        "address": f"幸福路 {serial + 1} 号",
        "district": "静安",
        "items": [{"unit": "", "capacity_w": 8000}],
        "loads": [{"name": "空调", "power_w": 1500, "count": 2}, {"name": "电磁炉", "power_w": 2000}],
    }  # fmt: skip


def check(count: int) -> None:
    """Compare what is there with what was walked."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM contracts_serviceapplication WHERE state = 'energized'")
        assert cursor.fetchone()[0] == count
        cursor.execute("SELECT count(*) FROM contracts_applicationmove")
        assert cursor.fetchone()[0] == count * MOVES
        cursor.execute("SELECT count(*) FROM platform_deadline WHERE ended_at IS NULL AND subject = 'application'")
        assert cursor.fetchone()[0] == 0


if __name__ == "__main__":
    main()
