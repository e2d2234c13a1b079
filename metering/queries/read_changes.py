"""Values that were set about an exception, for its page."""

from dataclasses import dataclass
from datetime import date, datetime

from accounts.queries import users
from metering.models.read_change import ReadChange


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCard:
    """
    A value that takes, or should take, the place of another one.

    before_wh  None: there was none [Wh, varh or W]
    method     how it was estimated, "" = typed in
    proposer, decider  names; "" = a program, or nobody yet
    """

    id: int
    exception_id: int
    read_date: date
    before_wh: int | None
    after_wh: int
    method: str
    moved_wh: int
    reason: str
    needs_two: bool
    state: str
    proposer_id: int | None
    proposer: str
    proposed_at: datetime
    decider: str
    decided_at: datetime | None


def of_exception(*, exception_id: int) -> tuple[ChangeCard, ...]:
    """Return the changes of an exception, the latest first; two statements."""
    rows = list(ReadChange.objects.filter(exception_id=exception_id).order_by("-id"))
    people = {one for row in rows for one in (row.proposer_id, row.decider_id) if one is not None}
    names = users.names(people) if people else {}
    return tuple(
        ChangeCard(
            id=row.id, exception_id=exception_id, read_date=row.read_date, before_wh=row.before_wh,
            after_wh=row.after_wh, method=row.method, moved_wh=row.moved_wh, reason=row.reason,
            needs_two=row.needs_two, state=row.state, proposer_id=row.proposer_id,
            proposer=names.get(row.proposer_id or 0, ""), proposed_at=row.proposed_at,
            decider=names.get(row.decider_id or 0, ""), decided_at=row.decided_at,
        )
        for row in rows
    )  # fmt: skip
