"""Anomalies: looked for each night, told once, followed by a visit or an inspection, or dismissed with a reason."""

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np
import structlog
from django.utils import timezone

from accounts.queries import supplier
from cis.kernel.actors import Actor
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, db, events
from cis.platform.db import joins_transaction, opens_transaction
from metering.domain import anomaly_detectors as detectors
from metering.domain import anomaly_features, anomaly_groups
from metering.domain.announcements import AnomalySuspected, WorkOrderCancelled
from metering.domain.anomalies import DECIDERS, REASON_MOST, SUBJECT, AnomalyKind, AnomalyState, Suspicion
from metering.domain.work_orders import DISPATCHERS, WorkKind
from metering.models.anomaly import Anomaly
from metering.operations import network_days, work_orders
from metering.queries import anomaly_loads
from metering.queries.anomalies import UnknownAnomaly
from metering.queries.anomaly_loads import Part

WORK = "anomalies"
"""Falls due each night."""
log = structlog.get_logger(__name__)


class AnomalyDecided(Refused):
    """Somebody decided on the anomaly before."""

    code = "anomaly_decided"


class ReasonMissing(Refused):
    """Whoever dismisses says why."""

    code = "anomaly_reason_missing"


class NoPlaceToInspect(Refused):
    """Usage is inspected at places, not at transformers."""

    code = "no_place_to_inspect"


def night(at: datetime) -> None:
    """Look at the twelve weeks up to the last local day that is over."""
    zone_name = supplier.current().time_zone
    look(last=local_clock(zone_name).local_date(at) - timedelta(days=1), zone_name=zone_name)


def look(*, last: date, zone_name: str, chunk: int = anomaly_loads.CHUNK) -> int:
    """
    Look at all places and transformers up to a local date; return how many anomalies are new.

    In parts, each a use case of ten statements at most; all of it may be repeated. What is open is brought up to
    date, what began before somebody decided on it is not told again.

    :raises Exception: what stopped the last of the parts that could not be looked at; the others were.
    """
    new, stopped = 0, None
    for part in anomaly_loads.parts(chunk=chunk):
        try:
            new += look_at(part=part, last=last, zone_name=zone_name)
        except Exception as error:
            log.exception("anomalies_not_looked_for", first=part.service_point_ids.tolist()[:1])
            stopped = error
    log.info("anomalies_looked_for", last=str(last), new=new)
    if stopped is not None:
        raise stopped
    return new


@opens_transaction
def look_at(*, part: Part, last: date, zone_name: str) -> int:
    """Look at one part; return how many anomalies are new. Ten statements at most, however many places."""
    seen = anomaly_loads.look(part=part, last=last, zone_name=zone_name)
    together = np.where(seen.known.vacant_from < 0, part.transformer_id, -1)
    levels = anomaly_features.levels(loads=seen.loads)
    found = detectors.settled(
        (
            *detectors.look(loads=seen.loads, known=seen.known),
            *anomaly_groups.swaps(loads=seen.loads, seen=levels, together=together),
        )
    )
    points = part.service_point_ids.tolist()
    rows = [_row(one, seen.days, points[one.row], None, points) for one in found]
    behind = seen.transformers
    lossy = anomaly_groups.unbalanced(given_wh=behind.given_wh, taken_wh=behind.taken_wh, is_known=behind.is_balanced)
    rows += [_row(one, seen.days, None, int(seen.transformer_ids[one.row]), points) for one in lossy]
    network_days.keep_step(transformer_ids=seen.transformer_ids, days=seen.days, behind=behind)
    if not rows:
        return 0
    settled = seen.days[0] + timedelta(days=anomaly_features.LEAST_BEFORE)
    return sum(is_new for (is_new,) in db.fetch(_KEEP, {"rows": json.dumps(rows), "seen": last, "settled": settled}))


@opens_transaction
def follow(*, anomaly_id: int, due_date: date, reason: str, actor: Actor) -> int:
    """
    Send somebody: order a visit to the place, and keep the order with the anomaly.

    :param reason: what the crew should know, for people to read.
    :returns: id of the work order.
    :raises UnknownAnomaly: there is none. :raises AnomalyDecided: somebody decided on it before.
    :raises NotAllowed: the actor may not send crews out.
    :raises InvalidWork: it names no place.
    """
    row = _open(anomaly_id, actor, DISPATCHERS)
    said = reason.strip()[:REASON_MOST]
    place = row.transformer
    row.work_order_id = work_orders.create_step(
        kind=WorkKind.RE_READ, subject=SUBJECT, subject_id=row.id, service_point_id=row.service_point_id,
        address=(place.address or place.name) if place else "", district=place.district if place else "",
        facts={"reason": said or row.kind}, due_date=due_date, actor=actor,
    )  # fmt: skip
    _decide(row, AnomalyState.FOLLOWED, said, actor)
    return row.work_order_id


@opens_transaction
def inspect(*, anomaly_id: int, reason: str, actor: Actor) -> None:
    """
    Have the usage at the place inspected: who listens opens a usage inspection, or gives one a further reason.

    :param reason: what is to be looked at, for people to read.
    :raises UnknownAnomaly: there is none. :raises AnomalyDecided: somebody decided on it before.
    :raises NoPlaceToInspect: it is of a transformer, where nobody in particular is supplied.
    :raises NotAllowed: the actor may not send crews out.
    """
    row = _open(anomaly_id, actor, DISPATCHERS)
    if row.service_point_id is None:
        raise NoPlaceToInspect("Usage is inspected at a place.", advice="Order a visit to the transformer.")
    said = reason.strip()[:REASON_MOST]
    _decide(row, AnomalyState.INSPECTED, said, actor)
    events.announce(
        AnomalySuspected(
            anomaly_id=row.id,
            service_point_id=row.service_point_id,
            kind=AnomalyKind(row.kind),
            words=said,
            actor=actor,
        )
    )


@joins_transaction
def release_step(dropped: WorkOrderCancelled) -> None:
    """Let somebody decide anew on an anomaly whose visit the desk dropped; unless it was told again since."""
    if dropped.subject != SUBJECT:
        return
    row = Anomaly.objects.select_for_update().get(id=dropped.subject_id)
    same = Anomaly.objects.filter(service_point_id=row.service_point_id, transformer=row.transformer_id)
    if row.state != AnomalyState.FOLLOWED or same.filter(kind=row.kind, state=AnomalyState.OPEN.value).exists():
        return
    row.state, row.work_order_id, row.decider_id, row.decided_at = AnomalyState.OPEN.value, None, None, None
    row.reason = ""
    row.save(update_fields=["state", "work_order", "decider_id", "decided_at", "reason"])
    audit.record(dropped.actor, "release", SUBJECT, row.id, reason=dropped.reason)


@opens_transaction
def dismiss(*, anomaly_id: int, reason: str, actor: Actor) -> None:
    """
    Say that a load is right as it is, and why.

    What began up to the last day that was looked at is not told again; what goes on without end is, after twelve weeks.

    :raises UnknownAnomaly: there is none. :raises AnomalyDecided: somebody decided on it before.
    :raises ReasonMissing: no reason, or a longer one than 300 characters.
    :raises NotAllowed: the actor does not look after metering.
    """
    said = reason.strip()
    if not said or len(said) > REASON_MOST:
        raise ReasonMissing(
            "Say why it is right as it is.", advice=f"At most {REASON_MOST} characters.", field="reason"
        )
    _decide(_open(anomaly_id, actor, DECIDERS), AnomalyState.DISMISSED, said, actor)


def _open(anomaly_id: int, actor: Actor, who: frozenset) -> Anomaly:
    if not actor.is_one_of(who):
        raise NotAllowed(f"{actor.name} may not decide on anomalies.", advice="Ask metering or a supervisor.")
    row = Anomaly.objects.select_for_update(of=("self",)).select_related("transformer").filter(id=anomaly_id).first()
    if row is None:
        raise UnknownAnomaly(f"There is no anomaly {anomaly_id}.", anomaly_id=anomaly_id)
    if row.state != AnomalyState.OPEN:
        raise AnomalyDecided(f"Anomaly {row.id} is {row.state}.", advice="Look at it again.")
    return row


def _decide(row: Anomaly, state: AnomalyState, reason: str, actor: Actor) -> None:
    row.state, row.reason, row.decider_id, row.decided_at = state.value, reason, actor.id, timezone.now()
    row.save(update_fields=["state", "reason", "decider_id", "decided_at", "work_order"])
    audit.record(actor, state.value, SUBJECT, row.id, kind=row.kind, reason=reason)


def _row(
    one: Suspicion, days: Sequence[date], point_id: int | None, transformer_id: int | None, points: Sequence[int]
) -> dict[str, object]:
    return {
        "point": point_id, "transformer": transformer_id, "kind": one.kind.value, "score": one.score_e4,
        "since": days[one.since_day].isoformat(), "other": points[one.other_row] if one.other_row >= 0 else None,
        "reasons": [{"code": reason.code.value, "numbers": list(reason.numbers)} for reason in one.reasons],
    }  # fmt: skip


# A first day near the beginning of what is looked at is no better than the one that was seen when more was before it.
_KEEP = """
INSERT INTO metering_anomaly AS held
    (service_point_id, transformer_id, kind, state, score_e4, since_date, seen_date, reasons, other_point_id, opened_at,
     reason)
SELECT f.point, f.transformer, f.kind, 'open', f.score, f.since, %(seen)s, f.reasons, f.other, now(), ''
FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS f (point bigint, transformer bigint, kind text, score int, since date, reasons jsonb, other bigint)
WHERE NOT EXISTS (
    SELECT 1 FROM metering_anomaly d
    WHERE d.service_point_id IS NOT DISTINCT FROM f.point AND d.transformer_id IS NOT DISTINCT FROM f.transformer
      AND d.kind = f.kind AND d.state <> 'open' AND d.seen_date >= f.since)
ON CONFLICT (service_point_id, transformer_id, kind) WHERE state = 'open' DO UPDATE
SET score_e4 = excluded.score_e4, seen_date = excluded.seen_date, reasons = excluded.reasons,
    other_point_id = excluded.other_point_id,
    since_date = CASE WHEN held.since_date < %(settled)s THEN held.since_date ELSE excluded.since_date END
RETURNING xmax = 0
"""
