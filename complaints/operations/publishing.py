"""Figures of a month are published by somebody, and stay as they were; a correction is a new version."""

from datetime import date, datetime
from typing import Final

from django.utils import timezone

from cis.kernel.actors import Actor
from cis.kernel.enums import Role
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import fetch, opens_transaction
from complaints.domain.publishing import BadPublication, MonthNotOver, NoCasesThen
from complaints.models.evaluation import PublishedMonth
from complaints.queries import publishing as queries

SUBJECT: Final = "published_month"
REASON_MOST = 300


@opens_transaction
def publish(*, month: date, at: datetime, actor: Actor, reason: str = "") -> int:
    """
    Publish the figures of a month as they are now; return the version. The same figures again are no new version.

    :param reason: why what was published is corrected.
    :raises NotAllowed: only a supervisor publishes. :raises MonthNotOver, NoCasesThen, BadPublication: see there.
    """
    if Role.SUPERVISOR not in actor.roles:
        raise NotAllowed(f"{actor.name} publishes nothing.", advice="Ask a supervisor.")
    if not queries.is_over(month=month, today=timezone.localdate(at)):
        raise MonthNotOver("The month is not over.", advice="Publish months that are over.", field="month")
    if not queries.can_be_published(month=month, today=timezone.localdate(at)):
        raise NoCasesThen("No cases were taken in here in that month.", advice="Choose a later one.", field="month")
    fetch("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{SUBJECT} {month}"])
    last = PublishedMonth.objects.filter(month=month).order_by("-version").first()
    figures, why = queries.draft(month=month), reason.strip()[:REASON_MOST]
    if last is not None and last.figures == figures:
        return last.version
    if (last is None) == bool(why):
        message = "It was published before." if last else "There is nothing to correct."
        raise BadPublication(message, advice="A correction says why.", field="reason")
    row = PublishedMonth.objects.create(
        month=month, version=1 if last is None else last.version + 1, figures=figures, reason=why, at=at,
        actor_id=actor.id, actor_name=actor.name[:150],
    )  # fmt: skip
    audit.record(actor, "publish", SUBJECT, row.id, month=f"{month:%Y-%m}", version=row.version)
    return row.version
