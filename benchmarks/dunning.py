"""
The daily ladder over N accounts, 5 % of them overdue: every case opened or looked at, and every demand of the day made.

A: arrears.operations.dunning.night, the decision of a second person, and dunning.work until the batch is sent: notices
   are written and wait in the outbox. Half of the debtors are new and get a text, the others climb to their call.
B: COPY of the rows of cases, moves, targets and notices that A made into empty tables of the same columns and indexes,
   as a floor. Durable settings; one Python process and PostgreSQL. Accounts are seeded by SQL, which is not counted.

    .venv/bin/python benchmarks/dunning.py --accounts 1000000
"""

from datetime import UTC, datetime

import _report
import _seed

ACCOUNTS, QUICK_ACCOUNTS = 1_000_000, 50_000
GOAL_S = 120
AT = datetime(2026, 3, 10, 0, 30, tzinfo=UTC)
LATE_EVERY = 20
TABLES = ("arrears_collectioncase", "arrears_collectionmove", "arrears_dunningtarget", "accounts_notice")

# One in twenty bills was due on 20 February. Every second one of them has a case and a text that arrived on the 25th.
SEED = (
    """INSERT INTO accounts_contactpoint (customer_id, kind, value, is_preferred, bounce_reason)
       SELECT id, 'mobile', '+86138' || lpad(id::text, 8, '0'), TRUE, '' FROM accounts_customer""",
    """UPDATE billing_bill SET start_date = '2026-01-01', end_date = '2026-02-01', issue_date = '2026-02-01',
                               due_date = '2026-02-20' WHERE account_id %% %(every)s = 0""",
    """INSERT INTO arrears_collectioncase (account_id, customer_class, opened_date, overdue_minor, last_step, next_step,
                                           awaits, held_by)
       SELECT id, 'residential', '2026-02-21', %(amount)s, 'text', 'call', '', '' FROM accounts_account
       WHERE id %% (2 * %(every)s) = 0""",
    """INSERT INTO arrears_collectionmove (case_id, step, channel, wants, amount_minor, made_at, done_at, proven_at,
                                           proof, tries, actor_name)
       SELECT id, 'text', 'sms', 'delivered', %(amount)s, '2026-02-21', '2026-02-21', '2026-02-25', 'seed', 0, ''
       FROM arrears_collectioncase""",
)


def main() -> None:
    parser = _report.parser(__doc__)
    parser.add_argument("--accounts", type=int)
    given = parser.parse_args()
    with _seed.services():
        measure(given.accounts or (QUICK_ACCOUNTS if given.quick else ACCOUNTS))


def measure(count: int) -> None:
    prepare(count)
    planned = _report.seconds(plan)
    _report.progress(f"planned in {planned:.2f} s")
    sent = _report.seconds(send)
    _report.progress(f"sent in {sent:.2f} s")
    demands = check(count)
    floor = _report.copy_floor(TABLES)
    taken = planned + sent
    _report.finish(
        name="dunning",
        value=round(taken, 2),
        unit="s a day",
        goal=f"< {GOAL_S} s for 1,000,000 accounts, 5 % overdue, on 2 cores",
        holds=taken < GOAL_S * min(count / ACCOUNTS * 2, 1),
        reference={"name": "COPY of the rows", "value": round(floor, 3), "unit": "s"},
        ratio=round(floor / taken, 3),
        n=count,
        taken_s=taken,
        demands=demands,
        plan_s=round(planned, 3),
        send_s=round(sent, 3),
    )


def prepare(count: int) -> None:
    """Make accounts with a bill each, and what is known of half of the debtors."""
    _seed.owing_accounts(count, *SEED, every=LATE_EVERY)


def plan() -> None:
    from arrears.operations import dunning

    dunning.night(AT)


def send() -> None:
    """Let the batch go as its second person, where it waits for one, and make its demands."""
    from arrears.models.dunning import DunningBatch
    from arrears.operations import dunning
    from cis.kernel.actors import Actor, ActorKind
    from cis.kernel.enums import Role

    batch = DunningBatch.objects.get()
    if batch.state == "waiting":
        boss = Actor(ActorKind.STAFF, 1, "bench", frozenset({Role.SUPERVISOR}))
        dunning.decide(batch_id=batch.id, is_approved=True, actor=boss)
    dunning.work(AT)


def check(count: int) -> int:
    """Return how many demands were made; stop if they are not those that were due."""
    ((cases, calls, texts, told),) = _report.sql(
        "SELECT (SELECT count(*) FROM arrears_collectioncase), count(*) FILTER (WHERE step = 'call'),"
        " count(*) FILTER (WHERE step = 'text' AND proof = ''),"
        " (SELECT count(*) FROM accounts_notice WHERE channel = 'sms') FROM arrears_collectionmove"
    )
    late, known = count // LATE_EVERY, count // LATE_EVERY // 2
    if (cases, calls, texts, told) != (late, known, late - known, late - known):
        raise SystemExit(f"wrong result: {cases} cases, {calls} calls, {texts} texts, {told} messages")
    return int(calls + texts)


if __name__ == "__main__":
    main()
