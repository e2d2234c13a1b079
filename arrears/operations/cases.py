"""
Cases of accounts that are overdue: opened, looked at, closed.

A look reads what is owed, held and made anew, and keeps what it found on the case. It may be done again at any time: by
the night for all accounts, and at once where money, a hold or a proof came in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import structlog
from django.utils import timezone

from arrears.domain.cut_facts import Moment
from arrears.domain.pursuit import Made, PursuitRule, Verdict, judge
from arrears.models.collection import CollectionCase, CollectionMove
from arrears.queries import cuts, pursuits, rules
from arrears.queries.pursuits import Found
from billing.domain.announcements import PaymentsBooked
from cis.kernel.actors import SYSTEM
from cis.platform import audit, events
from cis.platform.db import execute, fetch, joins_transaction
from cis.platform.packs import MissingRule
from metering.operations import work_orders

VISIT_SUBJECT = "collection_case"
"""What a case is called as the case of a visit."""
LOOKED_AT = events.Accounts("arrears_collectioncase", "t.closed_date IS NULL")
"""Accounts of which payments are heard here."""
log = structlog.get_logger(__name__)

# Two looks at once open one case; the second one finds it.
_OPEN = """
    INSERT INTO arrears_collectioncase (account_id, customer_class, opened_date, overdue_minor, last_step, next_step,
                                        awaits, held_by)
    SELECT one.account, one.class, %(today)s, 0, '', '', '', ''
    FROM unnest(%(accounts)s::bigint[], %(classes)s::text[]) AS one (account, class)
    ON CONFLICT (account_id) WHERE closed_date IS NULL DO UPDATE SET overdue_minor = 0
    RETURNING account_id, id
"""
_KEEP = """
    UPDATE arrears_collectioncase c
    SET seen_date = %(today)s, oldest_due_date = one.oldest, overdue_minor = one.overdue, last_step = one.last_step,
        next_step = one.next_step, next_date = one.next_date, awaits = one.awaits, held_by = one.held_by,
        closed_date = CASE WHEN one.is_over THEN %(today)s END
    FROM unnest(%(ids)s::bigint[], %(oldest)s::date[], %(overdue)s::bigint[], %(last)s::text[], %(next)s::text[],
                %(dates)s::date[], %(awaits)s::text[], %(held)s::text[], %(over)s::boolean[])
         AS one (id, oldest, overdue, last_step, next_step, next_date, awaits, held_by, is_over)
    WHERE c.id = one.id AND c.closed_date IS NULL
      AND (one.is_over OR (c.oldest_due_date, c.overdue_minor, c.last_step, c.next_step, c.next_date, c.awaits,
                           c.held_by, c.seen_date IS NULL)
           IS DISTINCT FROM (one.oldest, one.overdue, one.last_step, one.next_step, one.next_date, one.awaits,
                             one.held_by, FALSE))
"""


@dataclass(frozen=True, slots=True)
class Case:
    """An account with its open case, and what becomes of it."""

    case_id: int
    found: Found
    verdict: Verdict
    rule: PursuitRule


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look came to: the open cases, and how many were opened and closed."""

    cases: tuple[Case, ...]
    opened: int
    closed: int


@joins_transaction
def look_step(*, account_ids: Sequence[int], at: datetime, opens: bool) -> Looked:
    """
    Look at accounts: open cases of those that are overdue, close those whose debt is gone, keep what comes next.

    Five statements for any number of accounts. One whose class the pack has no ladder for is named in the log and the
    audit, and left as it is.

    :param opens: False: only cases that are open are looked at.
    """
    now = cuts.moment_of(at)
    known: dict[str, PursuitRule | None] = {}
    judged, unruled = [], []
    for found in pursuits.of_accounts(account_ids=account_ids, now=now):
        if found.case_id is None and (not opens or not found.pursued.debts):
            continue
        rule = _rule(found.customer_class, now, known)
        if rule is None:
            unruled.append(found.account_id)
        else:
            judged.append((found, judge(pursued=found.pursued, rule=rule, now=now), rule))
    if unruled:
        log.warning("no_ladder", accounts=unruled[:10], count=len(unruled))
        audit.record_many(SYSTEM, "no_ladder", "account", unruled)
    new = [(found, verdict) for found, verdict, _ in judged if found.case_id is None and verdict.is_pursued]
    opened = _open(new, now.day)
    cases = tuple(
        Case(found.case_id or opened[found.account_id], found, verdict, rule)
        for found, verdict, rule in judged
        if found.case_id is not None or found.account_id in opened
    )
    _keep(cases, now.day)
    going_on = tuple(one for one in cases if one.verdict.is_pursued)
    over = [one.case_id for one in cases if not one.verdict.is_pursued]
    if over:
        _drop_visits(over)
    return Looked(going_on, len(opened), len(over))


@joins_transaction
def made_step(*, made: Sequence[tuple[Case, Made]], at: datetime) -> None:
    """Keep what comes next for cases of which a step was just made; one statement."""
    now = cuts.moment_of(at)
    judged = []
    for case, one in made:
        pursued = replace(case.found.pursued, made=(*case.found.pursued.made, one))
        judged.append(replace(case, verdict=judge(pursued=pursued, rule=case.rule, now=now)))
    _keep(judged, now.day)


@joins_transaction
def _drop_visits(case_ids: Sequence[int]) -> None:
    """Take back visits that are still to be made to customers who owe nothing any more."""
    rows = CollectionMove.objects.filter(case_id__in=case_ids, done_at=None).exclude(work_order_id=None)
    for case_id in list(rows.values_list("case_id", flat=True)):
        work_orders.withdraw_step(subject=VISIT_SUBJECT, subject_id=case_id, reason="paid", actor=SYSTEM)


def _rule(use_class: str, now: Moment, known: dict[str, PursuitRule | None]) -> PursuitRule | None:
    if use_class not in known:
        try:
            known[use_class] = rules.pursuit(customer_class=use_class, at=now.day)
        except MissingRule:
            known[use_class] = None
    return known[use_class]


@joins_transaction
def _open(new: Sequence[tuple[Found, Verdict]], today: date) -> dict[int, int]:
    if not new:
        return {}
    values = {
        "today": today,
        "accounts": [found.account_id for found, _ in new],
        "classes": [found.customer_class for found, _ in new],
    }
    return dict(fetch(_OPEN, values))


@joins_transaction
def _keep(cases: Sequence[Case], today: date) -> None:
    if not cases:
        return
    told = [(one.case_id, one.verdict, one.verdict.next) for one in cases]
    execute(
        _KEEP,
        {
            "today": today,
            "ids": [case_id for case_id, _, _ in told],
            "oldest": [verdict.oldest_due for _, verdict, _ in told],
            "overdue": [verdict.overdue_minor for _, verdict, _ in told],
            "last": [verdict.last_step for _, verdict, _ in told],
            "next": [coming.step.code if coming else "" for _, _, coming in told],
            "dates": [coming.day if coming else None for _, _, coming in told],
            "awaits": [coming.awaits if coming else "" for _, _, coming in told],
            "held": [verdict.held_by.value if verdict.held_by else "" for _, verdict, _ in told],
            "over": [not verdict.is_pursued for _, verdict, _ in told],
        },
    )


@joins_transaction
def note_payments(booked: PaymentsBooked) -> None:
    """Look at the cases of accounts that paid; listens to ``PaymentsBooked``."""
    note_step(account_ids=booked.account_ids, at=timezone.now())


@joins_transaction
def note_step(*, account_ids: Sequence[int], at: datetime) -> None:
    """Look at the open cases of accounts where something has changed; one statement where there is none."""
    rows = CollectionCase.objects.filter(account_id__in=list(account_ids), closed_date=None)
    wanted = list(rows.order_by("account_id").values_list("account_id", flat=True))
    if wanted:
        look_step(account_ids=wanted, at=at, opens=False)
