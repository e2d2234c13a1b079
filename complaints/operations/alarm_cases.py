"""Cases of which no person told: what meters say, one a transformer and kind, as long as it is open."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from django.conf import settings
from django.utils import timezone

from cis.kernel.actors import SYSTEM
from cis.platform import db
from cis.platform.db import joins_transaction
from cis.platform.packs import MissingRule
from complaints.domain.case_workflow import CaseState
from complaints.domain.intake import TEXT_MOST, NewCase
from complaints.domain.kinds import CaseChannel, CaseKind
from complaints.domain.rules import CaseClass, CaseRules
from complaints.models.work import CaseLink
from complaints.operations import case_moves, intake
from metering.domain.announcements import AlarmsDecided, RaisedAlarm
from metering.domain.meter_alarms import AlarmAnswer

OVER = (CaseState.CLOSED.value, CaseState.WITHDRAWN.value, CaseState.MERGED.value)
LINES_MOST = 30
Spot = tuple[int, str]
"""A transformer, below 0 a place that hangs on none; and the kind of alarm."""


@joins_transaction
def note_alarms(decided: AlarmsDecided) -> None:
    """
    Take in one case for each transformer and kind of alarm; what an open one is about joins that.

    A constant number of statements, and those of each case that is new: there are as many as transformers, at most.
    """
    said = [one for one in decided.alarms if one.answer is AlarmAnswer.CASE]
    if not said:
        return
    try:
        rules = case_moves.rules_now()
    except MissingRule:  # no case is taken here; the alarms are kept
        return
    groups = {spot: list(own) for spot, own in groupby(sorted(said, key=_spot), key=_spot)}
    standing = _standing(groups)
    links = []
    for spot, own in groups.items():
        case_id = standing.get(spot)
        if case_id is None:
            new = _new(own, rules)
            case_id = intake.take_step(new=new, at=decided.at, actor=SYSTEM).case_id
        links += [CaseLink(case_id=case_id, meter_alarm_id=one.alarm_id, at=decided.at) for one in own]
    CaseLink.objects.bulk_create(links)


def _spot(one: RaisedAlarm) -> Spot:
    return (one.transformer_id if one.transformer_id is not None else -one.service_point_id), one.kind.value


def _standing(spots: Iterable[Spot]) -> Mapping[Spot, int]:
    """Return the open case of each transformer and kind that has one; one statement."""
    given = list(spots)
    rows = db.fetch(_STANDING, [[spot[0] for spot in given], [spot[1] for spot in given], list(OVER)])
    return {(spot, kind): case_id for spot, kind, case_id in rows}


def _new(said: Sequence[RaisedAlarm], rules: CaseRules) -> NewCase:
    """Return a case in the language of the place: a line for each meter, and no more than can be read."""
    first = min(said, key=lambda one: one.occurred_at)
    found: CaseClass | None = rules.classes.get(first.case_class)
    name = found.named.name(settings.LANGUAGE_CODE) if found is not None else first.kind.value
    lines = [_line(one) for one in sorted(said, key=lambda one: one.serial)[:LINES_MOST]]
    more = [f"+ {len(said) - LINES_MOST}"] if len(said) > LINES_MOST else []
    return NewCase(
        kind=CaseKind.FAULT if found is None else found.usual,
        channel=CaseChannel.API, title=f"{name}: {first.transformer or first.address}"[:120],
        text="\n".join([name, *lines, *more])[:TEXT_MOST], class_code=first.case_class if found is not None else "",
        service_point_id=first.service_point_id if len(said) == 1 else None, district=first.district,
        place=(first.transformer or first.address)[:300], language=settings.LANGUAGE_CODE,
        reference=f"meter_alarm:{first.alarm_id}", sends_crew=False,
    )  # fmt: skip


def _line(one: RaisedAlarm) -> str:
    return f"{one.serial} · {one.address} · {timezone.localtime(one.occurred_at):%Y-%m-%d %H:%M} · {one.kind}"


_STANDING = """
    SELECT one.spot, one.kind, max(c.id)
    FROM unnest(%s::bigint[], %s::text[]) AS one (spot, kind)
    JOIN metering_servicepoint s
      ON s.transformer_id = one.spot OR (one.spot < 0 AND s.id = -one.spot AND s.transformer_id IS NULL)
    JOIN metering_meteralarm a ON a.service_point_id = s.id AND a.kind = one.kind AND a.answer = 'case'
    JOIN complaints_caselink l ON l.meter_alarm_id = a.id
    JOIN complaints_case c ON c.id = l.case_id AND NOT c.state = ANY(%s)
    GROUP BY 1, 2
"""
