"""Usage rules: those that bear on some places, as billing reads them; those of one place, as a page shows them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from django.db.models import Q
from django.db.models.functions import Coalesce

from cis.kernel.errors import Refused
from cis.platform import db
from metering.domain.usage_rules import HAS_SOURCE, TAKING, HungRegister, Rule, RuleBook, RuleKind
from metering.models.rule import UsageRule

NO_END = date.max.toordinal()


class UnknownUsageRule(Refused):
    """There is no such usage rule."""

    code = "unknown_usage_rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCard:
    """
    A rule as a page shows it.

    place, source  external ids and addresses; source "" = none
    meter          serial number of a check meter, or ""
    """

    rule: Rule[int]
    place: str
    place_address: str
    source: str
    source_address: str
    meter: str

    def is_current(self, on: date) -> bool:
        """Return whether the rule holds on a date, or will."""
        return self.rule.end_date is None or on < self.rule.end_date


def bearing_on(
    *,
    service_point_ids: Sequence[int] | np.ndarray,
    start_date: date,
    end_date: date,
    known_at: datetime | None = None,
) -> RuleBook:
    """
    Return the rules that say what some service points are billed on in [start_date, end_date).

    Those of the places themselves; all that take of the same meters, since together they are the whole; and the check
    meters of all places whose meters count. One statement, and one more where there are rules.

    :param known_at: the rules as they were known then; now by default.
    """
    given = {
        "points": np.asarray(service_point_ids, dtype=np.int64).tolist(),
        "start": start_date,
        "end": end_date,
        "taking": [kind.value for kind in TAKING],
        "sourced": [kind.value for kind in HAS_SOURCE],
        "known_at": known_at,
    }
    rules = tuple(_rule(row) for row in db.fetch(_BEARING, given))
    if not rules:
        return RuleBook()
    points = sorted({point for rule in rules for point in (rule.service_point, rule.source) if point is not None})
    return RuleBook(rules=rules, registers=_registers(points, start_date, end_date), names=_names(points))


def at_place(*, service_point_id: int) -> tuple[RuleCard, ...]:
    """Return the rules that name a service point, as their place or their source, latest first; one statement."""
    of_place = Q(service_point_id=service_point_id) | Q(source_id=service_point_id)
    return _cards(UsageRule.objects.filter(of_place, retired_at=None))


def card(*, rule_id: int) -> RuleCard:
    """
    Return one rule as it holds now; one statement.

    :raises UnknownUsageRule: there is none, or it was ended on its first day.
    """
    found = _cards(UsageRule.objects.filter(Q(id=rule_id, first=None) | Q(first_id=rule_id), retired_at=None))
    if not found:
        raise UnknownUsageRule(f"There is no usage rule {rule_id}.", rule_id=rule_id)
    return found[0]


def touching(*, service_point_ids: Iterable[int]) -> tuple[Rule[int], ...]:
    """Return all rules that hang together with some service points, whenever they hold; one statement."""
    rows = db.fetch(_TOUCHING, {"points": list(service_point_ids), "sourced": [kind.value for kind in HAS_SOURCE]})
    return tuple(_rule(row) for row in rows)


def holding(*, service_point_ids: Iterable[int], on: date) -> tuple[Rule[int], ...]:
    """Return the rules that hang together with some service points and hold on a local date; one statement."""
    return tuple(rule for rule in touching(service_point_ids=service_point_ids) if rule.holds(on))


def book_of(
    *, rules: Sequence[Rule[int]], service_point_ids: Sequence[int], start_date: date, end_date: date
) -> RuleBook:
    """Return some rules as a book, with what hangs at the places and at those that the rules name; two statements."""
    named = {point for rule in rules for point in (rule.service_point, rule.source) if point is not None}
    points = sorted(named | set(service_point_ids))
    return RuleBook(rules=tuple(rules), registers=_registers(points, start_date, end_date), names=_names(points))


def near(*, service_point_ids: Sequence[int]) -> tuple[int, ...]:
    """Return some service points and all that rules connect with them, whenever they hold; one statement."""
    given = {"points": list(service_point_ids), "sourced": [kind.value for kind in HAS_SOURCE]}
    return tuple(point for (point,) in db.fetch(_NEAR_IDS, given))


def split_days(*, service_point_ids: Sequence[int]) -> tuple[tuple[int, date], ...]:
    """
    Return (service point, date) of the days on which it changes who gets which part of what its meters count.

    Spans of usage end there. One statement.
    """
    given = {"points": list(service_point_ids), "taking": [kind.value for kind in TAKING]}
    return tuple((point, day) for point, day in db.fetch(_SPLIT_DAYS, given))


def _rule(row: Sequence[object]) -> Rule[int]:
    rule_id, kind, *rest, start, end = row
    names = ("service_point", "source", "meter", "share_e6", "quantity_wh", "per", "excess")
    return Rule(
        id=rule_id,  # type: ignore[arg-type]
        kind=RuleKind(str(kind)),
        start_date=start,  # type: ignore[arg-type]
        end_date=end,  # type: ignore[arg-type]
        where=f"rule {rule_id}",
        **dict(zip(names, rest, strict=True)),  # type: ignore[arg-type]
    )


def _cards(rows: Iterable[UsageRule]) -> tuple[RuleCard, ...]:
    shown = rows.select_related("service_point__premises", "source__premises", "meter")  # type: ignore[attr-defined]
    return tuple(
        RuleCard(
            rule=_rule(
                (
                    row.first_id or row.id, row.kind, row.service_point_id, row.source_id, row.meter_id, row.share_e6,
                    row.quantity_wh, row.per, row.excess, row.period.lower, row.period.upper,
                )
            ),
            place=row.service_point.external_id,
            place_address=row.service_point.premises.address,
            source=row.source.external_id if row.source else "",
            source_address=row.source.premises.address if row.source else "",
            meter=row.meter.serial if row.meter else "",
        )
        for row in shown.order_by("-period", Coalesce("first_id", "id"))
    )  # fmt: skip


def _registers(points: list[int], start_date: date, end_date: date) -> tuple[HungRegister, ...]:
    given = {"points": points, "start": start_date, "end": end_date, "open": NO_END}
    return tuple(HungRegister(*row) for row in db.fetch(_REGISTERS, given))


def _names(points: list[int]) -> dict[int, str]:
    return dict(db.fetch("SELECT id, external_id FROM metering_servicepoint WHERE id = ANY(%s)", [points]))


_FIELDS = """
    coalesce(r.first_id, r.id), r.kind, r.service_point_id, r.source_id, r.meter_id, r.share_e6, r.quantity_wh, r.per,
    r.excess, lower(r.period), upper(r.period)
"""
_BEARING = f"""
WITH held AS (
    SELECT * FROM metering_usagerule
    WHERE period && daterange(%(start)s, %(end)s)
      AND CASE WHEN %(known_at)s::timestamptz IS NULL THEN retired_at IS NULL
               ELSE created_at <= %(known_at)s AND (retired_at IS NULL OR %(known_at)s < retired_at) END
), counting AS (
    SELECT unnest(%(points)s::bigint[]) AS id
    UNION
    SELECT source_id FROM held WHERE service_point_id = ANY(%(points)s) AND kind = ANY(%(taking)s)
), seen AS (
    SELECT id FROM counting
    UNION
    SELECT service_point_id FROM held WHERE source_id IN (SELECT id FROM counting) AND kind = ANY(%(sourced)s)
)
SELECT {_FIELDS} FROM held r
WHERE r.service_point_id = ANY(%(points)s)
   OR (r.source_id IN (SELECT id FROM counting) AND r.kind = ANY(%(sourced)s))
   OR (r.service_point_id IN (SELECT id FROM seen) AND r.kind = 'left_out')
ORDER BY coalesce(r.first_id, r.id)
"""  # noqa: S608 - put together of constants
_NEAR = """
WITH RECURSIVE held AS (
    SELECT * FROM metering_usagerule WHERE retired_at IS NULL
), near(id) AS (
    SELECT unnest(%(points)s::bigint[])
    UNION
    SELECT CASE WHEN r.source_id = near.id THEN r.service_point_id ELSE r.source_id END
    FROM near JOIN held r ON r.kind = ANY(%(sourced)s) AND near.id IN (r.source_id, r.service_point_id)
)
"""
_NEAR_IDS = f"{_NEAR} SELECT id FROM near ORDER BY id"  # noqa: S608 - put together of constants
_TOUCHING = f"""{_NEAR}
SELECT {_FIELDS} FROM held r
WHERE r.service_point_id IN (SELECT id FROM near)
ORDER BY coalesce(r.first_id, r.id)
"""  # noqa: S608 - put together of constants
_SPLIT_DAYS = """
WITH held AS (
    SELECT * FROM metering_usagerule WHERE retired_at IS NULL
), shared AS (
    SELECT p.id, r.period FROM unnest(%(points)s::bigint[]) AS p(id)
    JOIN held r ON r.source_id = p.id AND r.kind = ANY(%(taking)s)
    UNION
    SELECT s.service_point_id, r.period FROM held s
    JOIN held r ON r.source_id = s.source_id AND r.kind = ANY(%(taking)s)
    WHERE s.service_point_id = ANY(%(points)s) AND s.kind = 'submeter'
    UNION
    SELECT r.service_point_id, r.period FROM held r
    WHERE r.service_point_id = ANY(%(points)s) AND r.kind = 'left_out'
)
SELECT id, lower(period) FROM shared
UNION
SELECT id, upper(period) FROM shared WHERE NOT upper_inf(period)
ORDER BY 1, 2
"""
_REGISTERS = """
SELECT i.service_point_id, i.meter_id, g.id, g.is_interval, g.quantity = 'active' AND g.direction = 'import',
       greatest(lower(i.period), %(start)s::date) - DATE '0001-01-01' + 1,
       least(upper(i.period), %(end)s::date) - DATE '0001-01-01' + 1
FROM metering_installation i
JOIN metering_register g ON g.meter_id = i.meter_id
WHERE i.service_point_id = ANY(%(points)s) AND i.period && daterange(%(start)s, %(end)s)
ORDER BY 1, 6, 3
"""
