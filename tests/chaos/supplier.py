"""
What the chaos test does in other processes: a supplier with a run under way, pokes, and the proof at the end.

    python -m tests.chaos.supplier open 600      make accounts and open an unattended run in small chunks
    python -m tests.chaos.supplier poke          do what beat does, every half second, whatever fails
    python -m tests.chaos.supplier prove 600     print what is wrong, one line a fault
"""

import os
import sys
import time
from datetime import date

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cis.settings")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import close_old_connections, connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from billing.models.bill import Bill, BillLine  # noqa: E402
from billing.models.run import BillRun, HeldBill, RunChunk  # noqa: E402
from billing.operations import proof, runs  # noqa: E402
from cis.kernel.actors import SYSTEM  # noqa: E402
from cis.kernel.periods import Period  # noqa: E402
from cis.platform import tasks  # noqa: E402
from cis.platform.models import Job  # noqa: E402
from tests.factories import mass  # noqa: E402

JANUARY = Period(date(2025, 1, 1), date(2025, 2, 1))
CHUNK = 10
POKE_SECONDS = 0.5


def open_run(count: int) -> None:
    call_command("migrate", verbosity=0, interactive=False)
    mass.supply(count=count, months=[JANUARY])
    mass.analyze()
    runs.AGREEMENTS_IN_CHUNK = CHUNK
    runs.open(period=JANUARY, as_of_date=JANUARY.end, actor=SYSTEM, is_unattended=True)


def poke() -> None:
    while True:
        try:
            close_old_connections()
            tasks.jobs.open_due(timezone.now())
            tasks.jobs.wake_unfinished(expires_seconds=30)
        except Exception as error:  # noqa: BLE001 - a server was just killed
            print(f"poke: {error}", flush=True)  # noqa: T201
            connection.close()
        time.sleep(POKE_SECONDS)


def prove(count: int) -> None:
    run = BillRun.objects.get()
    _expect("state of the run", run.state, "issued")
    bills = list(Bill.objects.order_by("id").values_list("account_id", "state", "number"))
    _expect("accounts billed", sorted(account for account, _, _ in bills), list(range(1, count + 1)))
    _expect("states", {state for _, state, _ in bills}, {"issued"})
    _expect("numbers", sorted(int(number) for _, _, number in bills), list(range(1, count + 1)))
    _expect("lines", BillLine.objects.count(), 6 * count)
    _expect("held", HeldBill.objects.count(), 0)
    _expect("chunks", set(RunChunk.objects.values_list("state", flat=True)), {"issued"})
    _expect("unfinished jobs", Job.objects.filter(name="billing", state__in=["waiting", "running"]).count(), 0)
    for breach in proof.verify():
        print(f"{breach.law.name}: {breach.count} rows, as {breach.examples}")  # noqa: T201


def _expect(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        print(f"{what}: {str(found)[:200]} instead of {str(wanted)[:200]}")  # noqa: T201


if __name__ == "__main__":
    {"open": open_run, "poke": poke, "prove": prove}[sys.argv[1]](*map(int, sys.argv[2:]))
