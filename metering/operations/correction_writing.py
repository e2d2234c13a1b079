"""What a correction writes: further versions of usage and of interval days, and further ones that take it back."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.kernel.periods import month_of
from cis.platform import copying, db
from cis.platform.db import joins_transaction
from metering.domain.correction_orders import AddedEnergy, NormalUse, Order, Scale
from metering.domain.intervals import IntervalColumns, round_wh
from metering.models.correction import CorrectionPart, UsageCorrection
from metering.operations import usage
from metering.queries.correction_plans import Part, Plan

TABLE = "metering_intervalday"
OVERLAP = "span_overlaps"

_RETIRE = "UPDATE metering_usage SET is_current = FALSE WHERE id = ANY(%s) AND is_current"
_NEXT = """
    (SELECT max(v.version) + 1 FROM metering_usage v WHERE v.service_point_id = u.service_point_id
        AND v.register_id = u.register_id AND v.start_date = u.start_date)
"""
_CORRECT = f"""
    INSERT INTO metering_usage
        (service_point_id, register_id, period_of_use, start_date, end_date, basis, start_reading_wh, end_reading_wh,
         multiplier, energy_wh, recorded_wh, correction_id, is_estimated, method, version, is_current, approved_at)
    SELECT u.service_point_id, u.register_id, u.period_of_use, u.start_date, u.end_date, u.basis, u.start_reading_wh,
           u.end_reading_wh, u.multiplier, n.energy_wh, coalesce(u.recorded_wh, u.energy_wh), %(correction)s,
           u.is_estimated, u.method, {_NEXT}, TRUE, now()
    FROM unnest(%(rows)s::bigint[], %(energies)s::bigint[]) AS n(id, energy_wh) JOIN metering_usage u ON u.id = n.id
"""  # noqa: S608 (no value of anybody's is in it)
_RESTORE = f"""
    INSERT INTO metering_usage
        (service_point_id, register_id, period_of_use, start_date, end_date, basis, start_reading_wh, end_reading_wh,
         multiplier, energy_wh, recorded_wh, correction_id, is_estimated, method, version, is_current, approved_at)
    SELECT u.service_point_id, u.register_id, u.period_of_use, u.start_date, u.end_date, u.basis, u.start_reading_wh,
           u.end_reading_wh, u.multiplier, u.energy_wh, u.recorded_wh, u.correction_id, u.is_estimated, u.method,
           {_NEXT}, TRUE, now()
    FROM metering_usage u WHERE u.id = ANY(%(rows)s)
"""  # noqa: S608 (likewise)
_VERSIONS = """
    SELECT register_id, (day_date - DATE '0001-01-01' + 1)::bigint, max(version)::bigint
    FROM metering_intervalday
    WHERE register_id = ANY(%(registers)s) AND day_date BETWEEN %(start)s AND %(end)s
    GROUP BY register_id, day_date
"""
# Days of a correction whose newest version is not that of the correction.
_COVERED = """
    SELECT 1 FROM metering_intervalday d
    WHERE d.register_id = ANY(%(registers)s) AND d.day_date BETWEEN %(start)s AND %(end)s
    GROUP BY d.register_id, d.day_date
    HAVING bool_or(d.correction_id = %(correction)s)
       AND (array_agg(d.correction_id ORDER BY d.version DESC))[1] IS DISTINCT FROM %(correction)s
    LIMIT 1
"""
_RESTORE_DAYS = """
    WITH days AS (
        SELECT register_id, day_date, min(version) FILTER (WHERE correction_id = %(correction)s) AS first,
               max(version) AS last
        FROM metering_intervalday
        WHERE register_id = ANY(%(registers)s) AND day_date BETWEEN %(start)s AND %(end)s
        GROUP BY register_id, day_date
    )
    INSERT INTO metering_intervalday
        (register_id, day_date, version, start_at, interval_minutes, exponent, values, total_wh, quality, method,
         updated_at, read_file_id, correction_id)
    SELECT DISTINCT ON (d.register_id, d.day_date)
           d.register_id, d.day_date, n.last + 1, d.start_at, d.interval_minutes, d.exponent, d.values, d.total_wh,
           d.quality, d.method, d.updated_at, d.read_file_id, d.correction_id
    FROM days n JOIN metering_intervalday d USING (register_id, day_date)
    WHERE d.version < n.first
    ORDER BY d.register_id, d.day_date, d.version DESC
"""
# Values that were estimated before they were corrected still are.
_KEEP_METHODS = """
    UPDATE metering_intervalday d SET method = p.method FROM metering_intervalday p
    WHERE d.correction_id = %(correction)s AND d.register_id = ANY(%(registers)s)
      AND d.day_date BETWEEN %(start)s AND %(end)s AND p.register_id = d.register_id AND p.day_date = d.day_date
      AND p.version = d.version - 1 AND p.method <> ''
"""


class UsageMoved(Refused):
    """The usage is not that which the correction was worked out from."""

    code = "usage_moved"


class CorrectedSince(Refused):
    """A later correction, or other usage, lies on top of this one."""

    code = "corrected_since"


@joins_transaction
def lock(*, service_point_id: int) -> None:
    """Let nobody approve or correct usage of a service point meanwhile."""
    db.fetch("SELECT id FROM metering_servicepoint WHERE id = %s FOR NO KEY UPDATE", [service_point_id])


@joins_transaction
def keep(*, order: Order, plan: Plan, request_key: str, actor: Actor) -> UsageCorrection:
    """Keep a proposed correction with what it makes of each register."""
    amount = order.amount
    row = UsageCorrection.objects.create(
        service_point_id=order.service_point_id,
        meter_id=order.meter_id,
        cause=order.cause.value,
        since_date=order.since_date,
        start_date=plan.start_date,
        first_share=str(plan.days.first_share),
        end_date=plan.end_date,
        factor=str(amount.factor) if isinstance(amount, Scale) else "",
        reactive_factor=str(amount.reactive_factor or "") if isinstance(amount, Scale) else "",
        normal_start_date=amount.start_date if isinstance(amount, NormalUse) else None,
        normal_end_date=amount.end_date if isinstance(amount, NormalUse) else None,
        added_wh=amount.energy_wh if isinstance(amount, AddedEnergy) else None,
        given=dict(order.given),
        evidence=order.evidence.strip(),
        is_customer_fault=order.is_customer_fault,
        change_wh=plan.change_wh,
        moved_wh=plan.moved,
        request_key=request_key,
        proposer_id=actor.id,
    )
    CorrectionPart.objects.bulk_create(
        CorrectionPart(
            correction=row,
            register_id=part.register.id,
            start_date=part.start_date,
            end_date=part.end_date,
            before_wh=part.before_wh,
            after_wh=part.after_wh,
            replaced_id=part.replaced_id,
        )
        for part in plan.parts
    )
    return row


@joins_transaction
def correct(*, correction_id: int, parts: Sequence[Part], day_values: Sequence[IntervalColumns]) -> None:
    """
    Write what a correction makes of usage and interval days.

    :raises UsageMoved: usage that it replaces holds no more.
    """
    rows = [(part.replaced_id, part.after_wh) for part in parts if part.replaced_id is not None]
    ids = [row_id for row_id, _ in rows]
    if db.execute(_RETIRE, [ids]) != len(ids):
        raise moved()
    db.execute(_CORRECT, {"correction": correction_id, "rows": ids, "energies": [energy for _, energy in rows]})
    for block in day_values:
        _load_days(correction_id, block)


@joins_transaction
def restore(
    *, correction_id: int, replaced_ids: Sequence[int], register_ids: Sequence[int], days: tuple[date, date]
) -> None:
    """
    Write what held before a correction as versions that hold again.

    replaced_ids  usage that it replaced
    register_ids  registers whose interval days it changed, between the two dates on the metering clock

    :raises CorrectedSince: some of what it wrote holds no more.
    """
    current = db.fetch(
        "SELECT u.id FROM metering_usage u JOIN metering_usage r ON r.id = ANY(%s) "
        "AND u.service_point_id = r.service_point_id AND u.register_id = r.register_id AND u.start_date = r.start_date "
        "WHERE u.is_current AND u.correction_id = %s",
        [list(replaced_ids), correction_id],
    )
    where = {"registers": list(register_ids), "start": days[0], "end": days[1], "correction": correction_id}
    if len(current) != len(replaced_ids) or db.fetch(_COVERED, where):
        raise CorrectedSince(
            "A later correction or reading lies on top of this one.", advice="Undo the later correction first."
        )
    db.execute(_RETIRE, [[row_id for (row_id,) in current]])
    db.execute(_RESTORE, {"rows": list(replaced_ids)})
    db.execute(_RESTORE_DAYS, where)


@joins_transaction
def approve(*, service_point_id: int, start_date: date, end_date: date) -> None:
    """
    Let usage follow the interval days of some local dates, in whole months, as it is approved.

    :raises UsageMoved: usage of these days was approved as one span with others, which cannot be replaced alone.
    """
    approved = usage.approve_step(
        start_date=month_of(start_date).start,
        end_date=month_of(date.fromordinal(end_date.toordinal() - 1)).end,
        service_point_ids=[service_point_id],
    )
    overlap = next((one for one in approved.findings if one.code == OVERLAP), None)
    if overlap is not None:
        raise UsageMoved(overlap.message, advice=overlap.advice)


def moved() -> UsageMoved:
    """Return the refusal that usage is another one than the correction was worked out from."""
    return UsageMoved(
        "The usage has changed since the correction was worked out.", advice="Look at it anew, then correct again."
    )


def _load_days(correction_id: int, block: IntervalColumns) -> None:
    """Append the new versions of interval days by COPY."""
    first, last = date.fromordinal(int(block.day.min())), date.fromordinal(int(block.day.max()))
    ids = np.unique(block.register_id).tolist()
    versions = {
        (register, day): version
        for register, day, version in db.fetch(_VERSIONS, {"registers": ids, "start": first, "end": last})
    }
    keys = zip(block.register_id.tolist(), block.day.tolist(), strict=True)
    version = np.array([versions[key] + 1 for key in keys], dtype=np.int64)
    values = np.ascontiguousarray(block.values.astype("<i4")).view(np.uint8).reshape(len(block), -1)
    copying.load(
        table=TABLE,
        columns={
            "register_id": copying.int8(block.register_id),
            "day_date": copying.day(block.day),
            "version": copying.int2(version),
            "start_at": copying.instant(block.start_us),
            "interval_minutes": copying.int2(block.interval_minutes),
            "exponent": copying.int2(block.exponent),
            "values": copying.bytea(values),
            "total_wh": copying.int8(round_wh(values=block.values.sum(axis=1), exponent=block.exponent)),
            # Texts of one width are sent like bytes of one width.
            "quality": copying.bytea(np.ascontiguousarray(block.quality)),
            "updated_at": copying.null(),
            "read_file_id": copying.null(),
            "correction_id": copying.int8(correction_id),
        },
    )
    db.execute(_KEEP_METHODS, {"correction": correction_id, "registers": ids, "start": first, "end": last})
