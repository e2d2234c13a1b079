"""
Changes of use by night: those whose date has come take hold, those that have ended are done; who has something for a
time is told before it ends.
"""

from datetime import date, datetime, timedelta

import structlog

from accounts.queries import supplier
from cis.kernel.actors import SYSTEM
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.platform import packs
from cis.platform.db import opens_transaction
from contracts.domain.changes import ChangeKind, ChangeState
from contracts.operations import change_notices
from contracts.operations.changes import carry_out, finish_step, lock
from contracts.queries import changes
from contracts.queries.changes import ChangeCard

WORK = "changes_of_use"
ENDING = (ChangeKind.HOUSEHOLD, ChangeKind.SUSPENSION, ChangeKind.CAPACITY_REDUCTION, ChangeKind.TEMPORARY)
"""Kinds that end by themselves and of whose end customers are told before."""
log = structlog.get_logger(__name__)


def work(at: datetime) -> None:
    """Carry out what has come, each in a transaction of its own; finish what has ended."""
    today = local_clock(supplier.current().time_zone).local_date(at)
    for change_id in changes.due(today=today):
        try:
            carry_out(change_id=change_id, today=today, actor=SYSTEM)
        except Refused as refusal:
            # One that cannot be must not keep the others from holding.
            log.warning("change_stuck", change=change_id, code=refusal.code, message=refusal.message)
            _note_stuck(change_id=change_id, refusal=refusal)
    for change_id in changes.ended(today=today):
        _finish(change_id=change_id)
    for card in changes.ending(kinds=ENDING, since=today, until=_told_until(today)):
        _tell_end(card)


def _told_until(today: date) -> date:
    """Return up to which end customers are told today; where the place has no rule, none are."""
    try:
        return today + timedelta(days=packs.rule("change_household", at=today)["told_days"])
    except packs.MissingRule:
        return today


@opens_transaction
def _tell_end(card: ChangeCard) -> None:
    if card.account_id is not None and card.until_date is not None:
        change_notices.tell_end(account_id=card.account_id, change_id=card.id, end_date=card.until_date)


@opens_transaction
def _finish(*, change_id: int) -> None:
    finish_step(change_id=change_id, actor=SYSTEM)


@opens_transaction
def _note_stuck(*, change_id: int, refusal: Refused) -> None:
    change = lock(change_id)
    if change.state == ChangeState.CONFIRMED:
        change.stuck_code, change.stuck_message = refusal.code[:60], refusal.message
        change.save(update_fields=["stuck_code", "stuck_message"])
