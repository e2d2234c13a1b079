"""Many exceptions are settled in one way: looked at before, by doing it and taking it back, then done one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import db
from metering.domain.exception_acts import BULK_MOST, Act
from metering.operations import exceptions, read_changes
from metering.queries import exceptions as queries

BULK_ACTS = (Act.ACCEPT, Act.ESTIMATE, Act.VISIT)
"""What is done to many; each value that is typed in is one decision."""


class TooMany(Refused):
    """More exceptions than are dealt with at a time."""

    code = "too_many_exceptions"


class NotInBulk(Refused):
    """This is decided one by one."""

    code = "exception_not_in_bulk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """
    What comes, or would come, of one exception.

    before_wh, after_wh  approved energy of its register around it; None: none is [Wh, varh or W]
    state                of the exception afterwards
    is_waiting           a second person decides on it
    code, message, advice  why it is refused; "" = it is not
    """

    exception_id: int
    before_wh: int | None = None
    after_wh: int | None = None
    state: str = ""
    is_waiting: bool = False
    code: str = ""
    message: str = ""
    advice: str = ""


def preview(*, exception_ids: Sequence[int], act: Act, reason: str, today: date, actor: Actor) -> tuple[Line, ...]:
    """
    Return what an act would do to each of some exceptions, by doing it; nothing is kept.

    :raises TooMany, NotInBulk: see there.
    """
    _check(exception_ids, act)
    lines = []
    with db.rolled_back():
        # One transaction of many: all is locked in one order before the first is done.
        exceptions.lock_places(exception_ids, with_reads=act is Act.ESTIMATE)
        for exception_id in sorted(set(exception_ids)):
            before = queries.energy_around(exception_id=exception_id)
            try:
                with transaction.atomic():
                    is_waiting = _do(exception_id, act, reason, today, actor)
                    after, state = queries.energy_around(exception_id=exception_id)
            except Refused as refusal:
                lines.append(_refused(exception_id, refusal, before[0], before[1]))
            else:
                lines.append(
                    Line(
                        exception_id=exception_id, before_wh=before[0], after_wh=after, state=state,
                        is_waiting=is_waiting,
                    )
                )  # fmt: skip
    return tuple(lines)


def act(*, exception_ids: Sequence[int], act: Act, reason: str, today: date, actor: Actor) -> tuple[Line, ...]:
    """
    Do it to each of some exceptions; those that are refused stay, and the others are done.

    Several use cases, one an exception: who stops in the middle goes on with the rest.

    :raises TooMany, NotInBulk: see there.
    """
    _check(exception_ids, act)
    lines = []
    for exception_id in sorted(set(exception_ids)):
        try:
            is_waiting = _do_alone(exception_id, act, reason, today, actor)
        except Refused as refusal:
            lines.append(_refused(exception_id, refusal, None, ""))
        else:
            lines.append(Line(exception_id=exception_id, is_waiting=is_waiting))
    return tuple(lines)


@db.opens_transaction
def _do_alone(exception_id: int, act: Act, reason: str, today: date, actor: Actor) -> bool:
    return _do(exception_id, act, reason, today, actor)


def _do(exception_id: int, act: Act, reason: str, today: date, actor: Actor) -> bool:
    """Do it as a step; return whether a second person decides on it."""
    if act is Act.ACCEPT:
        exceptions.accept_step(exception_id=exception_id, reason=reason, actor=actor)
        return False
    if act is Act.VISIT:
        exceptions.visit_step(exception_id=exception_id, today=today, actor=actor)
        return False
    made = read_changes.estimate_step(exception_id=exception_id, reason=reason, today=today, actor=actor)
    return made.is_waiting


def _check(exception_ids: Sequence[int], act: Act) -> None:
    if act not in BULK_ACTS:
        raise NotInBulk("Values are typed in one by one.", advice="Open each exception.")
    if len(set(exception_ids)) > BULK_MOST:
        raise TooMany(f"Up to {BULK_MOST} exceptions are settled at a time.", advice="Choose fewer.")


def _refused(exception_id: int, refusal: Refused, before_wh: int | None, state: str) -> Line:
    return Line(
        exception_id=exception_id, before_wh=before_wh, after_wh=before_wh, state=state, code=refusal.code,
        message=refusal.message, advice=refusal.advice,
    )  # fmt: skip
