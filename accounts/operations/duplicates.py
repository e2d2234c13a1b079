"""
Customers who may be one: found each night, in two statements; told apart by people, once for all.

What was said of a pair is never asked again, and a pair whose likeness is gone waits no more.
"""

from datetime import datetime
from typing import Final

from accounts.domain.duplicates import SHARED_MOST, SURE, Alike, Likeness, PairState, scored
from accounts.domain.merging import MERGERS
from accounts.models.customer import Customer
from accounts.models.people import DuplicatePair
from accounts.queries.customers import PLAIN_NAME, UnknownCustomer
from accounts.queries.duplicates import UnknownPair
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import execute, fetch, opens_transaction

WORK: Final = "duplicate_customers"
TEXT_MOST: Final = 300


class PairDecided(Refused):
    """Somebody decided on these two already."""

    code = "pair_decided"


class SameCustomer(Refused):
    """It is one customer already."""

    code = "same_customer"


_NAME = PLAIN_NAME.format("c.name")
_ALIKE = f"""
    WITH standing AS (SELECT id, kind, name, id_number FROM accounts_customer WHERE merged_into_id IS NULL),
    shared AS (
        SELECT p.kind, p.value, array_agg(p.customer_id ORDER BY p.customer_id) AS ids
        FROM accounts_contactpoint p JOIN standing c ON c.id = p.customer_id
        GROUP BY p.kind, p.value HAVING count(*) BETWEEN 2 AND {SHARED_MOST}
    ), pairs AS (
        SELECT a.id AS first, b.id AS second, s.kind
        FROM shared s CROSS JOIN LATERAL unnest(s.ids) AS a (id) CROSS JOIN LATERAL unnest(s.ids) AS b (id)
        WHERE a.id < b.id
        UNION ALL
        SELECT a.id, b.id, 'id' FROM standing a JOIN standing b ON a.id_number = b.id_number AND a.id < b.id
        WHERE a.id_number <> ''
        UNION ALL
        SELECT a.id, b.id, 'name' FROM (
            SELECT array_agg(c.id ORDER BY c.id) AS ids FROM standing c WHERE c.kind <> 'resident'
            GROUP BY {_NAME} HAVING count(*) BETWEEN 2 AND {SHARED_MOST}
        ) n CROSS JOIN LATERAL unnest(n.ids) AS a (id) CROSS JOIN LATERAL unnest(n.ids) AS b (id)
        WHERE a.id < b.id
    )
    SELECT q.first, q.second, a.name, b.name, a.id_number, b.id_number, array_agg(DISTINCT q.kind),
           a.kind <> 'resident' AND b.kind <> 'resident'
    FROM pairs q JOIN standing a ON a.id = q.first JOIN standing b ON b.id = q.second
    WHERE NOT EXISTS (SELECT FROM accounts_duplicatepair d
                      WHERE d.first_id = q.first AND d.second_id = q.second AND d.state = 'different')
    GROUP BY q.first, q.second, a.name, b.name, a.id_number, b.id_number, a.kind, b.kind
"""  # noqa: S608 (made of constants)
_KEEP = """
    INSERT INTO accounts_duplicatepair (first_id, second_id, score, reasons, state, found_at, decider_name, note)
    SELECT one.first, one.second, one.score, string_to_array(one.reasons, ','), 'open', %(at)s, '', ''
    FROM unnest(%(first)s::bigint[], %(second)s::bigint[], %(score)s::int[], %(reasons)s::text[])
         AS one (first, second, score, reasons)
    ON CONFLICT (first_id, second_id) DO UPDATE
    SET score = excluded.score, reasons = excluded.reasons, state = 'open', found_at = CASE
            WHEN accounts_duplicatepair.state = 'open' THEN accounts_duplicatepair.found_at ELSE excluded.found_at END
    WHERE accounts_duplicatepair.state IN ('open', 'gone')
      AND (accounts_duplicatepair.state, accounts_duplicatepair.score, accounts_duplicatepair.reasons)
          IS DISTINCT FROM ('open', excluded.score, excluded.reasons)
"""
_GONE = """
    UPDATE accounts_duplicatepair SET state = 'gone', decided_at = %(at)s
    WHERE state = 'open' AND NOT (%(hand)s = ANY(reasons)) AND (first_id, second_id) NOT IN (
        SELECT * FROM unnest(%(first)s::bigint[], %(second)s::bigint[]))
"""


def night(at: datetime) -> None:
    """Find who may be one; each night."""
    find(at=at)


@opens_transaction
def find(*, at: datetime) -> int:
    """
    Find customers who may be one, and let go pairs that are alike no more; return how many pairs are alike.

    Three statements, however many customers there are. Pairs of whom somebody said that they are two are left out.
    """
    found = []
    for first, second, name, other, id_number, other_number, kinds, is_of_bodies in fetch(_ALIKE):
        alike = Alike(
            first_id=first, second_id=second, names=(name, other), id_numbers=(id_number, other_number),
            kinds=frozenset(kinds), is_of_bodies=is_of_bodies,
        )  # fmt: skip
        one = scored(alike)
        if one is not None:
            found.append((first, second, one.score, ",".join(one.reasons)))
    given = {
        "at": at,
        "first": [one[0] for one in found],
        "second": [one[1] for one in found],
        "score": [one[2] for one in found],
        "reasons": [one[3] for one in found],
        "hand": Likeness.BY_HAND.value,
    }
    execute(_KEEP, given)
    execute(_GONE, given)
    return len(found)


@opens_transaction
def name(*, first_id: int, second_id: int, at: datetime, actor: Actor) -> int:
    """
    Let two customers be compared whom somebody named; what was said of them before is taken back. Return the pair.

    :raises NotAllowed: the actor merges none. :raises UnknownCustomer: there is no such customer.
    :raises SameCustomer: it is one already.
    """
    _check_actor(actor)
    rows = {row.id: row.merged_into_id or row.id for row in Customer.objects.filter(id__in=[first_id, second_id])}
    for one in (first_id, second_id):
        if one not in rows:
            raise UnknownCustomer(f"There is no customer {one}.", customer_id=one)
    first, second = sorted((rows[first_id], rows[second_id]))
    if first == second:
        raise SameCustomer("It is one customer already.", advice="Look at the merges.")
    reason = Likeness.BY_HAND
    row, is_new = DuplicatePair.objects.get_or_create(
        first_id=first, second_id=second,
        defaults={"score": SURE[reason], "reasons": [reason.value], "found_at": at},
    )  # fmt: skip
    if not is_new and row.state != PairState.OPEN:
        row.state, row.decided_at, row.merge = PairState.OPEN.value, None, None
        row.reasons = sorted({*row.reasons, reason.value})
        row.save()
    audit.record(actor, "name_pair", "customer", first, other_id=second)
    return row.id


@opens_transaction
def tell_apart(*, pair_id: int, note: str, at: datetime, actor: Actor) -> None:
    """
    Keep for ever that two customers are two.

    :raises NotAllowed: the actor merges none. :raises UnknownPair: there is none. :raises PairDecided: see there.
    """
    _check_actor(actor)
    row = DuplicatePair.objects.select_for_update().filter(id=pair_id).first()
    if row is None:
        raise UnknownPair(f"There is no pair {pair_id}.", pair_id=pair_id)
    if row.state != PairState.OPEN:
        raise PairDecided("Somebody decided on these two already.", pair_id=pair_id)
    row.state, row.note, row.decided_at = PairState.DIFFERENT.value, note.strip()[:TEXT_MOST], at
    row.decider_id, row.decider_name = actor.id, actor.name[:150]
    row.save()
    for mine, other in ((row.first_id, row.second_id), (row.second_id, row.first_id)):
        audit.record(actor, "tell_apart", "customer", mine, other_id=other)


def _check_actor(actor: Actor) -> None:
    if not actor.roles & MERGERS:
        raise NotAllowed(f"{actor.name} may not decide on duplicates.", advice="Ask a clerk.")
