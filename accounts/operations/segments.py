"""Segments: given to each customer by the night, by the rules of the place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.utils import timezone

from accounts.domain.segments import Buying, Facts, SegmentRule, segment_of
from accounts.queries import care_rules, protections
from cis.platform.db import execute, fetch, opens_transaction

WORK: Final = "customer_segments"
CHUNK: Final = 2_000


@dataclass(slots=True)
class _Bound:
    buying: Buying | None = None


_bound = _Bound()


def ask_buying(buying: Buying) -> None:
    """Bind who knows what customers buy and how they pay; for ``cis.wiring`` only."""
    _bound.buying = buying


_CUSTOMERS = """
    SELECT id, kind FROM accounts_customer
    WHERE id > %s AND merged_into_id IS NULL AND erased_at IS NULL ORDER BY id LIMIT %s
"""
_KEEP = """
    INSERT INTO accounts_customersegment (customer_id, segment, since_date)
    SELECT one.customer_id, one.segment, %(today)s
    FROM unnest(%(customers)s::bigint[], %(segments)s::text[]) AS one (customer_id, segment)
    ON CONFLICT (customer_id) DO UPDATE SET segment = excluded.segment, since_date = excluded.since_date
    WHERE accounts_customersegment.segment <> excluded.segment
"""


def night(at: datetime) -> None:
    """Give all customers their segments; a place without rules gives none."""
    give(today=timezone.localdate(at))


def give(*, today: date) -> int:
    """
    Give all customers their segments; return how many have another one than before.

    Five statements for each 2,000 customers, however much they buy.
    """
    rules = care_rules.segments(at=today)
    changed, after = 0, 0
    while rules and (chunk := fetch(_CUSTOMERS, [after, CHUNK])):
        after = chunk[-1][0]
        changed += _give(chunk, rules, today)
    return changed


@opens_transaction
def _give(chunk: Sequence[tuple[int, str]], rules: Sequence[SegmentRule], today: date) -> int:
    ids = [row_id for row_id, _ in chunk]
    flags = protections.kinds_of_customers(customer_ids=ids, today=today)
    bought = _bound.buying(customer_ids=ids, today=today) if _bound.buying else {}
    segments = []
    for customer_id, kind in chunk:
        one = bought.get(customer_id)
        own = frozenset(flag.value for flag in flags.get(customer_id, ()))
        facts = Facts(kind=kind, flags=own)
        if one is not None:
            facts = Facts(kind=kind, flags=own, classes=one.classes, energy_wh=one.energy_wh, late=one.late)
        segments.append(segment_of(facts, rules=rules))
    return execute(_KEEP, {"today": today, "customers": ids, "segments": segments})
