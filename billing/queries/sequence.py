"""What earlier bills hand on to those of a chunk, as columns; read only where a tariff of the chunk asks for it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from accounts.queries import supplier
from billing.domain import told
from billing.domain.chained import FAR, Chained
from billing.domain.findings import Obstacles
from billing.domain.handing import Earlier, History, no_history
from billing.domain.kept import Lists
from billing.domain.pieces import Pieces, PlanVersion
from billing.domain.segments import Existing
from billing.queries import sources
from billing.queries.rebills import Window
from cis.kernel.calendar import local_clock
from cis.kernel.fixed import Int64
from cis.kernel.periods import add_months
from cis.platform import db
from contracts.domain.agreements import AgreementColumns
from contracts.queries import agreements
from contracts.queries import openings as opened
from metering.queries import registers
from tariffs.domain.inputs import PAST_MONTHS, Input
from tariffs.domain.layout import handed_layout, needs_order
from tariffs.queries import plans

NOT_KEPT = -1
# A segment is in force while its bill is issued and no issued segment cancels it. The last one before the window is
# wanted however old it is: what lies between it and the window is then known not to be billed.
_EARLIER = """
    WITH force AS NOT MATERIALIZED (
        SELECT s.id, s.agreement_id, s.tariff_version_id, s.start_date, s.end_date, s.period_start_date,
               s.period_end_date, b.account_id
        FROM billing_billsegment s JOIN billing_bill b ON b.id = s.bill_id AND b.state = 'issued'
        WHERE s.cancels_id IS NULL AND s.period_start_date < %(before)s
          AND NOT EXISTS (SELECT 1 FROM billing_billsegment c JOIN billing_bill cb ON cb.id = c.bill_id
                          WHERE c.cancels_id = s.id AND cb.state = 'issued')
    ), found AS (
        SELECT * FROM force WHERE agreement_id = ANY(%(agreements)s) AND start_date >= %(from)s
        UNION
        SELECT last.* FROM unnest(%(agreements)s::bigint[]) AS a(id),
            LATERAL (SELECT * FROM force WHERE agreement_id = a.id AND start_date < %(from)s
                     ORDER BY start_date DESC LIMIT 1) AS last
    )
    SELECT id, agreement_id, tariff_version_id, (start_date - DATE '0001-01-01' + 1)::bigint,
           (end_date - DATE '0001-01-01' + 1)::bigint, (period_start_date - DATE '0001-01-01' + 1)::bigint,
           (period_end_date - DATE '0001-01-01' + 1)::bigint, account_id
    FROM found ORDER BY agreement_id, start_date
"""
_HANDED = """
    SELECT s.id, h.place, h.value FROM billing_billsegment s, unnest(s.handed_on) WITH ORDINALITY AS h(value, place)
    WHERE s.id = ANY(%s)
"""


def lives_of(*, pieces: Pieces, versions: Sequence[PlanVersion]) -> History:
    """Return a history without any earlier bill, of pieces that others laid out; one statement where it matters."""
    mine = _chained_agreements(pieces.agreement_id, pieces.tariff_id, versions)
    if not len(mine):
        return no_history()
    ids, _, end = agreements.lives(agreement_ids=mine)
    since = np.full(len(ids), FAR, dtype=np.int64)
    return replace(
        no_history(), chained=Chained(agreement_id=ids, since_day=since, window_day=np.zeros_like(since), end_day=end)
    )


def history(*, in_force: AgreementColumns, versions: Sequence[PlanVersion], since: date, window: Window) -> History:
    """
    Return what agreements hand on to what may be corrected of them.

    since  first day of all that is looked at

    One statement for what agreements bring along; where a tariff of theirs is rated in order of time, three more.
    """
    openings = opened.of(agreement_ids=np.unique(in_force.agreement_id))
    mine = _chained_agreements(in_force.agreement_id, in_force.tariff_id, versions)
    if not len(mine):
        return replace(no_history(), openings=openings)
    ids, start, end = agreements.lives(agreement_ids=mine)
    given = {"agreements": ids.tolist(), "before": window.start, "from": add_months(since, -PAST_MONTHS - 1)}
    columns = db.read_columns(_EARLIER, given, columns=8)
    columns = columns[:, window.freezes(columns[7], columns[5], columns[6])]
    segment, agreement, version, first, last, period_start, period_end = columns[:7]
    version_ids, place = np.unique(version, return_inverse=True)
    handed = handed_on(segment_ids=segment)
    earlier = Earlier(
        agreement_id=agreement,
        start_day=first,
        end_day=last,
        period_start_day=period_start,
        period_end_day=period_end,
        version=place.astype(np.int64),
        handed_on=handed.values,
        kept=handed.lengths,
        plans=tuple(plans.compiled(one) for one in version_ids.tolist()),
    )
    known, row = np.unique(in_force.agreement_id, return_index=True)
    account_id = in_force.account_id[row[np.searchsorted(known, ids)]]
    # From the end of what stays as it was billed; else, of an agreement that began in the window, from its first day.
    window_day = window.first_day(account_id)
    since_day = np.where(start >= window_day, start, FAR)
    since_day[np.searchsorted(ids, agreement)] = last
    chained = Chained(agreement_id=ids, since_day=since_day, window_day=window_day, end_day=end)
    return History(chained=chained, earlier=earlier, openings=openings)


def told_of(
    *, pieces: Pieces, versions: Sequence[PlanVersion], history: History, obstacles: Obstacles
) -> dict[Input, Int64]:
    """Return what time, agreement and meters of the pieces tell, as ``told.told``; one statement for meters."""
    needs = told.needed(pieces=pieces, versions=versions)
    if not needs:
        return {}
    hung = None
    if Input.METERS in needs:
        point, start, end = registers.meters(service_point_ids=np.unique(pieces.service_point_id))
        hung = told.Hung(service_point_id=point, start_day=start, end_day=end)
    clock = local_clock(supplier.current().time_zone)
    return told.told(pieces=pieces, versions=versions, history=history, clock=clock, hung=hung, obstacles=obstacles)


def handed_of(*, existing: Existing, pieces: Pieces, versions: Sequence[PlanVersion]) -> Lists | None:
    """
    Return what existing segments hand on, in their order; None where no bill of the pieces hands anything on.

    Peaks are handed on by tariffs that do not look back at them too: a later version may.
    """
    if not any(handed_layout(plan=plan) for plan in sources.plans_of(pieces, versions)):
        return None
    return handed_on(segment_ids=existing.segment_id)


def handed_on(*, segment_ids: Int64) -> Lists:
    """Return what some segments hand on, in their order; one statement."""
    ids, place, value = db.read_columns(_HANDED, [segment_ids.tolist()], columns=3)
    values = np.zeros((len(segment_ids), int(place.max(initial=0))), dtype=np.int64)
    lengths = np.full(len(segment_ids), NOT_KEPT, dtype=np.int64)
    order = np.argsort(segment_ids, kind="stable")
    row = order[np.searchsorted(segment_ids[order], ids)] if len(ids) else ids
    values[row, place - 1] = value
    np.maximum.at(lengths, row, place)
    return Lists(values=values, lengths=lengths)


def _chained_agreements(agreement_id: Int64, tariff_id: Int64, versions: Sequence[PlanVersion]) -> Int64:
    """Return the agreements with a tariff one of whose versions is rated in order of time, ascending."""
    tariffs = {one.tariff_id for one in versions if needs_order(plan=one.plan)}
    return np.unique(agreement_id[np.isin(tariff_id, sorted(tariffs))]) if tariffs else np.zeros(0, dtype=np.int64)
