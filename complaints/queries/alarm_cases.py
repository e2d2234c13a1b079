"""Which case came of an alarm of a meter."""

from collections.abc import Iterable

from cis.kernel.actors import Actor
from complaints.models.work import CaseLink
from complaints.queries.sight import visible_to


def of_alarms(*, alarm_ids: Iterable[int], actor: Actor) -> dict[int, tuple[int, str]]:
    """Return id and number of the first case that is about each alarm and that an actor may know of; one statement."""
    rows = CaseLink.objects.filter(meter_alarm_id__in=list(alarm_ids), case__in=visible_to(actor)).order_by("-id")
    found = rows.values_list("meter_alarm_id", "case_id", "case__number")
    return {alarm_id: (case_id, number) for alarm_id, case_id, number in found if alarm_id is not None}
