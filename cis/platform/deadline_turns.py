"""One turn of a thing from the clock of one service standard to that of the next, in as few statements as can be."""

from collections.abc import Sequence
from datetime import datetime

from cis.kernel.deadlines import WorkClock
from cis.platform import db, deadlines
from cis.platform.models import DeadlineState


@db.joins_transaction
def turn(
    *,
    subject: str,
    subject_id: int,
    at: datetime,
    meet: str | None = None,
    drop: str | None = None,
    goes_on: bool = False,
    start: Sequence[str] = (),
) -> None:
    """
    Leave one standard of a thing for the next, in at most two statements: ``meet``, ``drop``, ``go_on``, ``start``.

    :param meet: standard whose open clock is met; ``drop``: whose open clock is forgotten; None: of none.
    :param goes_on: all other clocks that stand still go on.
    :param start: standards whose clocks begin.
    :raises MissingRule, UnknownStandard, ClockRuns: see ``deadlines.start``.
    """
    rows = deadlines.lock(subject, subject_id, None) if meet or drop or goes_on else []
    clock = deadlines.work_clock()
    met = [row for row in rows if meet and row.standard == meet]
    dropped = [row.id for row in rows if drop and row.standard == drop]
    gone = [row for row in rows if goes_on and row.state is DeadlineState.STOPPED and row.standard not in {meet, drop}]
    ended, again = [row.met(clock, at) for row in met], [row.ends(clock, until_at=at) for row in gone]
    begun = [_beginning(key, clock, at) for key in start]
    if not (met or dropped or gone or begun):
        return
    stopped = [row.id for row in (*met, *gone)] + dropped
    ((made,),) = db.fetch(
        _TURN,
        {
            "at": at, "subject": subject, "id": subject_id, "stopped": stopped, "dropped": dropped,
            "met": [row.id for row in met], "met_due": [one[0] for one in ended], "used": [one[1] for one in ended],
            "gone": [row.id for row in gone], "gone_due": [one[0] for one in again],
            "gone_warn": [one[1] for one in again],
            **{name: [one[place] for one in begun] for place, name in enumerate(_BEGUN)},
        },
    )  # fmt: skip
    if made != len(begun):
        message = f"A clock of {', '.join(start)} runs already for this {subject}."
        raise deadlines.ClockRuns(message, advice="Look at its page again.")


_BEGUN = ("standards", "withins", "units", "warns", "dues", "warn_ats")
_TURN = """
    WITH ended AS (
        UPDATE platform_deadlinestop SET went_on_at = greatest(stopped_at, %(at)s)
        WHERE deadline_id = ANY(%(stopped)s::bigint[]) AND went_on_at IS NULL
    ), met AS (
        UPDATE platform_deadline SET state = 'met', ended_at = %(at)s, due_at = one.due_at, warn_at = NULL,
            used_hundredths = one.used, in_time = one.due_at IS NULL OR %(at)s < one.due_at
        FROM unnest(%(met)s::bigint[], %(met_due)s::timestamptz[], %(used)s::int[]) AS one (id, due_at, used)
        WHERE platform_deadline.id = one.id
    ), dropped AS (
        UPDATE platform_deadline SET state = 'dropped', ended_at = %(at)s, warn_at = NULL
        WHERE id = ANY(%(dropped)s::bigint[])
    ), gone AS (
        UPDATE platform_deadline SET state = 'running', due_at = one.due_at, warn_at = one.warn_at
        FROM unnest(%(gone)s::bigint[], %(gone_due)s::timestamptz[], %(gone_warn)s::timestamptz[])
            AS one (id, due_at, warn_at)
        WHERE platform_deadline.id = one.id
    ), begun AS (
        INSERT INTO platform_deadline
            (subject, subject_id, standard, state, within, unit, warn, started_at, due_at, warn_at)
        SELECT %(subject)s, %(id)s, one.standard, 'running', one.within, one.unit, one.warn, %(at)s, one.due_at,
            one.warn_at
        FROM unnest(
            %(standards)s::text[], %(withins)s::int[], %(units)s::text[], %(warns)s::int[], %(dues)s::timestamptz[],
            %(warn_ats)s::timestamptz[]
        ) AS one (standard, within, unit, warn, due_at, warn_at)
        ON CONFLICT (subject, subject_id, standard) WHERE state IN ('running', 'stopped') DO NOTHING RETURNING id
    )
    SELECT count(*) FROM begun
"""


def _beginning(key: str, clock: WorkClock, at: datetime) -> tuple[str, int, str, int, datetime | None, datetime | None]:
    """Return what is written of a clock that begins: standard, length, unit, warning, and when it is due and warns."""
    rule = deadlines.find_standard(key, at=at)
    due_at, warn_at = (clock.due_at(start_at=at, limit=one) for one in (rule.limit, rule.limit.less(rule.warn)))
    return key, rule.limit.amount, rule.limit.unit.value, rule.warn, due_at, warn_at
