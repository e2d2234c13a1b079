"""The groups of a simulation that is done: made once from its rows, so that pages read a few hundred sums."""

from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np

from billing.domain import outcomes as found
from billing.domain.outcomes import Groups, Outcomes
from billing.models.simulation import GroupedBy, Simulation, SimulationGroup
from cis.kernel.fixed import Int64
from cis.platform import db
from cis.platform.db import joins_transaction
from tariffs.queries import versions

Keyed = tuple[Groups, Sequence[str]]
"""Groups, and the key of each as it is kept."""

_WORDS = """
    SELECT array_agg(DISTINCT customer_kind), array_agg(DISTINCT district), array_agg(DISTINCT reason)
    FROM billing_simulatedsupply WHERE simulation_id = %s
"""
_ROWS = """
    SELECT agreement_id, account_id, tariff_id, (array_position(%(kinds)s::text[], customer_kind::text) - 1)::bigint,
           (array_position(%(areas)s::text[], district::text) - 1)::bigint, months::bigint, used_wh, old_minor,
           new_minor, (array_position(%(reasons)s::text[], reason::text) - 1)::bigint
    FROM billing_simulatedsupply WHERE simulation_id = %(simulation)s ORDER BY agreement_id
"""
_MONTHS = """
    SELECT (month - DATE '0001-01-01' + 1)::bigint, sum(supplies)::bigint, sum(used_wh)::bigint,
           sum(old_minor)::bigint, sum(new_minor)::bigint, sum(losers)::bigint, sum(lost_minor)::bigint,
           sum(winners)::bigint, sum(won_minor)::bigint
    FROM billing_simulatedmonth WHERE simulation_id = %s GROUP BY month ORDER BY month
"""


@joins_transaction
def group(simulation: Simulation) -> None:
    """Keep the groups of a simulation whose chunks are done, and the steps of its distributions; five statements."""
    rows, kinds, areas, reasons = _rows(simulation.id)
    shown = rows.take(found.simulated(rows))
    money, percent = found.in_money(shown), found.in_percent(shown)
    simulation.money_step_minor, simulation.percent_step_e2 = money.step, percent.step
    tenths = found.deciles(used_wh=shown.used_wh, months=shown.months)
    none = np.zeros(len(shown), dtype=np.int64)
    others = rows.take(~found.simulated(rows))
    by: dict[GroupedBy, Keyed] = {
        GroupedBy.ALL: _plain(found.group_of(shown, key=none)),
        GroupedBy.MONTH: _months(simulation.id),
        GroupedBy.CLASS: _by_class(shown),
        GroupedBy.KIND: _named(found.group_of(shown, key=shown.kind), kinds),
        GroupedBy.AREA: _named(found.group_of(shown, key=shown.area), areas),
        GroupedBy.TARIFF: _plain(found.group_of(shown, key=shown.tariff_id)),
        GroupedBy.DECILE: _plain(found.group_of(shown, key=tenths)),
        GroupedBy.MONEY: _plain(money.groups),
        GroupedBy.PERCENT: _plain(percent.groups),
        GroupedBy.REASON: _named(_unpriced(others), reasons),
    }
    SimulationGroup.objects.bulk_create(
        row for name, (groups, keys) in by.items() for row in _made(simulation.id, name, groups, keys)
    )


def _rows(simulation_id: int) -> tuple[Outcomes, list[str], list[str], list[str]]:
    ((kinds, areas, reasons),) = db.fetch(_WORDS, [simulation_id])
    # The reason of those that were simulated comes first: its place is 0.
    reasons = ["", *(one for one in reasons or [] if one)]
    given = {"simulation": simulation_id, "kinds": kinds or [], "areas": areas or [], "reasons": reasons}
    names = tuple(Outcomes.__dataclass_fields__)
    columns = db.read_columns(_ROWS, given, columns=len(names))
    return Outcomes(**dict(zip(names, columns, strict=True))), kinds or [], areas or [], reasons


def _unpriced(rows: Outcomes) -> Groups:
    """Return the groups of supplies that were not simulated by their reason: nothing is said of what they would pay."""
    return found.group(key=rows.reason, used_wh=rows.used_wh, old_minor=rows.old_minor, new_minor=rows.old_minor)


def _by_class(rows: Outcomes) -> Keyed:
    """Return the groups by class of customers, which the tariff of a supply names."""
    tariff_ids, place = np.unique(rows.tariff_id, return_inverse=True)
    class_of = versions.classes(tariff_ids=tariff_ids.tolist())
    named = [class_of.get(one, "") for one in tariff_ids.tolist()]
    words = sorted(set(named))
    key = np.array([words.index(one) for one in named], dtype=np.int64)[place]
    return _named(found.group_of(rows, key=key), words)


def _plain(groups: Groups) -> Keyed:
    return groups, [str(key) for key in groups.key.tolist()]


def _named(groups: Groups, words: Sequence[str]) -> Keyed:
    """Return groups by their words, the largest first."""
    largest = groups.take(np.lexsort((groups.key, -groups.supplies)))
    return largest, [words[key] for key in largest.key.tolist()]


def _months(simulation_id: int) -> Keyed:
    columns: Int64 = db.read_columns(_MONTHS, [simulation_id], columns=len(Groups.__dataclass_fields__))
    groups = Groups(**dict(zip(Groups.__dataclass_fields__, columns, strict=True)))
    return groups, [date.fromordinal(day).isoformat() for day in groups.key.tolist()]


def _made(simulation_id: int, by: GroupedBy, groups: Groups, keys: Sequence[str]) -> Iterator[SimulationGroup]:
    names = [name for name in Groups.__dataclass_fields__ if name != "key"]
    columns = zip(*(getattr(groups, name).tolist() for name in names), strict=True)
    for place, (key, values) in enumerate(zip(keys, columns, strict=True)):
        sums = dict(zip(names, values, strict=True))
        yield SimulationGroup(simulation_id=simulation_id, by=by.value, place=place, key=key, **sums)
