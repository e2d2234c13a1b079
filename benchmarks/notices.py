"""
N notices queued by a mailing and sent through the sandbox by two workers that are killed (SIGKILL) again and again.

A: accounts.operations.mailings makes the notices and the outbox sends them, in two worker processes, from the moment
   the mailing is let go until the last receipt is written down. Workers die at random moments and others take their
   place; what was with a dead one is sent again under the same reference, as a gateway wants it. In the end each
   customer has one notice that arrived, and the sandbox knows one reference of each.
B: the sandbox alone, as a floor: it takes the same text and signs its receipt, which is opened; one process.
Durable settings. Accounts are seeded by SQL, which is not counted. The supplier lies where it is noon: by night nothing
is sent.

    .venv/bin/python benchmarks/notices.py --notices 100000
"""

import json
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import _report
import _seed

NOTICES, QUICK_NOTICES = 100_000, 5_000
GOAL_PER_S = 200
WORKERS = 2
KILLS, QUICK_KILLS = 12, 3
PAUSE_S, QUICK_PAUSE_S = (3.0, 9.0), (0.5, 1.5)
QUICK_WAIT_S = 3
"""After so long a message of a dead worker is taken up in a quick run; else after a minute, as always."""
FLOOR = 20_000
LOOK_S = 0.5
LIMIT_S = 1_800
TEXT = "尊敬的{{ name }}：您的户号 {{ account }} 所在区域下周检修线路，请留意停电通知。"
# No number of the sandbox that is refused or bounces: none ends in 0000 or 0001.
SEED = (
    """INSERT INTO accounts_contactpoint (customer_id, kind, value, is_preferred, bounce_reason)
       SELECT id, 'mobile', '+86138' || lpad(id::text, 7, '0') || '5', TRUE, '' FROM accounts_customer""",
)


def main() -> None:
    parser = _report.parser(__doc__)
    parser.add_argument("--notices", type=int)
    parser.add_argument("--worker", action="store_true", help="be one of the workers; for this script itself")
    parser.add_argument("--wait", type=int, default=0, help="of a worker: seconds until the first try again")
    given = parser.parse_args()
    if given.worker:
        work(given.wait)
        return
    count = given.notices or (QUICK_NOTICES if given.quick else NOTICES)
    with _seed.services() as folder:
        measure(count, folder, is_quick=given.quick)


def work(wait_s: int) -> None:
    """Make notices of mailings and send them until somebody kills this process."""
    _seed.django_here()
    from django.utils import timezone

    from accounts.operations import mailings
    from cis.platform import outbox

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    if wait_s:
        outbox.FIRST_WAIT = timedelta(seconds=wait_s)
    while True:
        mailings.work(timezone.now())
        if not outbox.deliver_due():
            time.sleep(LOOK_S / 2)


def measure(count: int, folder: Path, *, is_quick: bool) -> None:
    prepare(count)
    mailing_id = propose()
    workers = Workers(wait_s=QUICK_WAIT_S if is_quick else 0)
    start = time.perf_counter()
    approve(mailing_id)
    kills, pause = (QUICK_KILLS, QUICK_PAUSE_S) if is_quick else (KILLS, PAUSE_S)
    sent = folder / "var" / "sms" / "sent.jsonl"
    queued_s = run(mailing_id, workers, sent, kills=kills, pause=pause)
    taken = time.perf_counter() - start
    workers.end()
    repeated = check(count, mailing_id, sent)
    floor = FLOOR / alone(folder)
    rate = count / taken
    _report.finish(
        name="notices",
        value=round(rate, 1),
        unit="notices/s",
        goal=f">= {GOAL_PER_S} notices/s on 2 cores, none missing, none twice for a customer",
        holds=rate >= GOAL_PER_S,
        reference={"name": "the sandbox alone", "value": round(floor), "unit": "notices/s"},
        ratio=round(rate / floor, 3),
        n=count,
        taken_s=taken,
        killed=workers.killed,
        repeated_under_the_same_reference=repeated,
        queued_s=round(queued_s, 1),
    )


def prepare(count: int) -> None:
    _seed.owing_accounts(count, *SEED)
    hours = 12 - datetime.now(UTC).hour
    _report.sql(f"UPDATE accounts_supplier SET time_zone = 'Etc/GMT{-hours:+d}'" if hours else
                "UPDATE accounts_supplier SET time_zone = 'Etc/GMT'")  # fmt: skip


def propose() -> int:
    """Propose the mailing to all, as a step of the desk's own use case."""
    import numpy as np
    from django.db import transaction

    from accounts.domain.mailing import NewMailing, Words
    from accounts.operations import mailings

    holders = _report.sql("SELECT account_id, customer_id FROM accounts_accountholder ORDER BY id")
    ids = np.asarray(holders, dtype=np.int64)
    words = {language: Words("计划检修", TEXT, TEXT) for language in ("zh-hans", "en")}
    new = NewMailing(title="bench", event="announcement", words=words)
    with transaction.atomic():
        return mailings.propose_step(
            new=new, account_ids=ids[:, 0].copy(), customer_ids=ids[:, 1].copy(), chosen_by={}, actor=boss(1)
        )


def approve(mailing_id: int) -> None:
    from accounts.operations import mailings

    mailings.approve(mailing_id=mailing_id, actor=boss(2))


def boss(user_id: int):  # noqa: ANN201
    from cis.kernel.actors import Actor, ActorKind
    from cis.kernel.enums import Role

    return Actor(ActorKind.STAFF, user_id, "bench", frozenset({Role.SUPERVISOR}))


class Workers:
    """Two processes of this script, which are ready; one that is killed has a successor, which gets ready meanwhile."""

    def __init__(self, *, wait_s: int) -> None:
        self.command = [sys.executable, str(Path(__file__).resolve()), "--worker", f"--wait={wait_s}"]
        self.running = [self._started() for _ in range(WORKERS)]
        self.killed = 0
        for process in self.running:
            assert process.stdout is not None
            process.stdout.readline()

    def _started(self) -> subprocess.Popen[str]:
        return subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)

    def kill_one(self, place: int) -> None:
        """Kill a worker as the kernel would that needs its memory, and start another one."""
        self.running[place].send_signal(signal.SIGKILL)
        self.running[place].wait()
        self.running[place] = self._started()
        self.killed += 1

    def look(self) -> None:
        for process in self.running:
            if process.poll() is not None:
                raise SystemExit(f"a worker ended by itself with {process.returncode}")

    def end(self) -> None:
        for process in self.running:
            process.kill()
            process.wait()


def run(mailing_id: int, workers: Workers, sent: Path, *, kills: int, pause: tuple[float, float]) -> float:
    """Kill workers while they send, wait until all is sent; return the seconds until all was queued."""
    luck = random.Random(17)
    start = told = time.perf_counter()
    next_kill, queued_s = 0.0, 0.0
    while time.perf_counter() - start < LIMIT_S:
        time.sleep(LOOK_S / 5)
        now = time.perf_counter()
        workers.look()
        if not next_kill and sent.exists():
            next_kill = now + luck.uniform(*pause)
        if workers.killed < kills and 0 < next_kill <= now:
            workers.kill_one(luck.randrange(WORKERS))
            next_kill = now + luck.uniform(*pause)
        ((state, left),) = _report.sql(
            "SELECT state, EXISTS (SELECT FROM platform_outboxmessage WHERE state = 'waiting')"
            " FROM accounts_mailing WHERE id = %(id)s",
            {"id": mailing_id},
        )
        if state == "sent":
            queued_s = queued_s or now - start
            if not left:
                return queued_s
        if now - told > LOOK_S * 20:
            told = now
            ((done,),) = _report.sql("SELECT count(*) FROM platform_outboxmessage WHERE state = 'sent'")
            _report.progress(f"{done:,} sent, {workers.killed} workers killed")
    raise SystemExit(f"not done within {LIMIT_S} s")


def check(count: int, mailing_id: int, sent: Path) -> int:
    """Return how many messages the gateway got twice under one reference; stop if anybody is missing or doubled."""
    rows = _report.sql(
        "SELECT channel, state, count(*), count(DISTINCT customer_id) FROM accounts_notice WHERE mailing_id = %(id)s"
        " GROUP BY channel, state ORDER BY channel",
        {"id": mailing_id},
    )
    if rows != [("inbox", "sent", count, count), ("sms", "delivered", count, count)]:
        raise SystemExit(f"wrong result: {rows}")
    got = [json.loads(line) for line in sent.open(encoding="utf-8")]
    references = {one["reference"]: one["to"] for one in got}
    if len(references) != count or len(set(references.values())) != count:
        raise SystemExit(f"{len(references)} references to {len(set(references.values()))} numbers")
    return len(got) - count


def alone(folder: Path) -> float:
    """Return the seconds that the sandbox takes for so many texts, with their receipts."""
    from accounts.domain import receipts
    from accounts.gateways.sms import SandboxSms, receipt_key

    gateway, key = SandboxSms(folder / "floor"), receipt_key()

    def send() -> None:
        for number in range(FLOOR):
            reference = receipts.reference(notice_id=number, resent=0)
            taken = gateway.send(to="+8613800000005", text=TEXT, reference=reference)
            if taken.receipt is not None:
                receipts.opened(taken.receipt, key=key, now_seconds=int(time.time()))

    return _report.seconds(send)


if __name__ == "__main__":
    main()
