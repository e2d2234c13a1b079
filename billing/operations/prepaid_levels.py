"""
Balances of prepaid accounts that cross a line: kept once for each crossing, and told once.

Done each night after the accounts were rated, and at once where money came in.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.utils import timezone

from accounts.domain.notice_events import Fact, Money
from accounts.operations import notices
from accounts.operations.notices import NewNotice
from accounts.queries import supplier
from billing.domain.announcements import PaymentsBooked
from billing.domain.prepay import Level, PrepayRule, level_of
from billing.models.prepay import PrepaidMove
from billing.queries import prepaid, prepay_rules
from billing.queries.prepaid import Standing
from cis.kernel.actors import SYSTEM
from cis.platform import audit, events
from cis.platform.db import execute, joins_transaction

EVENTS = {Level.LOW: "prepaid_low", Level.PENDING: "prepaid_pending"}
LINK = "/portal/prepaid"
SUBJECT = "prepayment"
LOOKED_AT = events.Accounts("billing_prepayment", "true")
"""Accounts of which payments are heard here."""
_ORDER = (Level.OK, Level.LOW, Level.PENDING)
_MOVE = """
    UPDATE billing_prepayment p SET level = one.level, level_date = %(day)s, cut_date = one.cut_date
    FROM unnest(%(ids)s::bigint[], %(levels)s::text[], %(cuts)s::date[]) AS one (id, level, cut_date)
    WHERE p.id = one.id
"""


def key_of(move_id: int) -> str:
    """Return the key under which the customer is told of a crossing."""
    return f"prepaid:{move_id}"


@joins_transaction
def note_payments(booked: PaymentsBooked) -> None:
    """Look at prepaid accounts whose payments were booked; listens to ``PaymentsBooked``, and runs under its locks."""
    at = timezone.now()
    if prepay_rules.is_offered(at=_day(at)):
        look_step(account_ids=booked.account_ids, at=at)


@joins_transaction
def look_step(*, account_ids: Sequence[int], at: datetime) -> int:
    """
    Keep which of some prepaid accounts have crossed a line, and tell their holders; return how many have.

    A constant number of statements. Numbers that wait for a person move nothing down: nobody is warned by them, and no
    cut is announced; money that came in counts all the same. The caller holds the locks of the ledgers.
    """
    day = _day(at)
    rule = prepay_rules.rule(at=day)
    crossed = []
    for one in prepaid.of_accounts(account_ids=account_ids, today=day).values():
        balance = one.balance_minor
        if balance is None:
            continue
        level = level_of(balance=balance, before=one.level, rule=rule)
        is_down = _ORDER.index(level) > _ORDER.index(one.level)
        if level is not one.level and not (is_down and one.review):
            crossed.append((one, level, balance))
    if crossed:
        _cross(crossed, day, at, rule)
    return len(crossed)


def _cross(crossed: Sequence[tuple[Standing, Level, int]], day: date, at: datetime, rule: PrepayRule) -> None:
    cut_date = day + timedelta(days=rule.grace_days)
    moves = PrepaidMove.objects.bulk_create(
        PrepaidMove(
            prepayment_id=one.id, level=level.value, day=day, at=at, balance_minor=balance,
            cut_date=cut_date if level is Level.PENDING else None,
        )
        for one, level, balance in crossed
    )  # fmt: skip
    given = {
        "day": day, "ids": [move.prepayment_id for move in moves], "levels": [move.level for move in moves],
        "cuts": [move.cut_date for move in moves],
    }  # fmt: skip
    execute(_MOVE, given)
    audit.record_many(SYSTEM, "cross_line", SUBJECT, [move.prepayment_id for move in moves])
    for level, event in EVENTS.items():
        told = [
            _notice(move, one)
            for move, (one, to, _) in zip(moves, crossed, strict=True)
            # A balance that came back over a lower line is no warning: who paid knows.
            if to is level and _ORDER.index(to) > _ORDER.index(one.level) and one.holder_id is not None
        ]
        if told:
            notices.queue_many_step(event=event, notices=told, actor=SYSTEM)


def _notice(move: PrepaidMove, one: Standing) -> NewNotice:
    facts: dict[str, Fact] = {"balance": Money(move.balance_minor, supplier.current().currency), "link": LINK}
    if move.cut_date is not None:
        facts["day"] = move.cut_date
    return NewNotice(
        key=key_of(move.id), facts=facts, customer_id=one.holder_id, account_id=one.account_id, occurred_date=move.day
    )


def _day(at: datetime) -> date:
    return timezone.localdate(at)
