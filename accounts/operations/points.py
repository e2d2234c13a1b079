"""
Loyalty points: earned by the night, spent, expired, taken back; entries are only ever added.

What earned points is asked of the rooms that know it (``earn_by``), for some days again and again: what is there
already is not earned twice, and what does not stand any more is taken back. The points of a customer are changed under
the lock of the customer; where money is moved as well, the ledger is locked before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from django.utils import timezone

from accounts.domain.loyalty import Crediting, Earned, Earnings, EntryKind, LoyaltyRule, Standing, spend, take_back
from accounts.models.account import AccountHolder
from accounts.models.care import PointsEntry, PointsRedemption
from accounts.queries import points as queries
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import execute, fetch, joins_transaction, opens_transaction

WORK: Final = "loyalty_points"
DAYS_AGAIN: Final = 10
"""For so many days before a night it is asked again what earned points: a night may be missed, money may come late."""
EXPIRED_MOST: Final = 400
CHUNK: Final = 1_000
REDEEMERS: Final[frozenset[Role | ActorKind]] = frozenset(
    (Role.CLERK, Role.SUPERVISOR, ActorKind.CUSTOMER, ActorKind.CLIENT)
)


class NoPointsHere(Refused):
    """The customer does not hold the account, or nobody credits points here."""

    code = "no_points_here"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRedemption:
    """Points to become a credit of an account; the same ``key`` twice is one."""

    customer_id: int
    account_id: int
    points: int
    key: str
    text: str


@dataclass(slots=True)
class _Bound:
    earned: dict[str, Earnings] = field(default_factory=dict)
    stands: dict[str, Standing] = field(default_factory=dict)
    crediting: Crediting | None = None


_bound = _Bound()


def earn_by(source: str, *, earned: Earnings, stands: Standing | None = None) -> None:
    """Bind who knows what earned points by a source, and whether it still stands; for ``cis.wiring`` only."""
    _bound.earned[source] = earned
    if stands is not None:
        _bound.stands[source] = stands


def credit_by(crediting: Crediting) -> None:
    """Bind who credits points to accounts; for ``cis.wiring`` only."""
    _bound.crediting = crediting


def sources() -> tuple[str, ...]:
    """Return by what points are earned here."""
    return tuple(_bound.earned)


def night(at: datetime) -> None:
    """Earn what the last days earned, take what was short before, and let go what is too old."""
    today = timezone.localdate(at)
    rule = queries.rule_or_none(at=today)
    if rule is None:
        return
    for source in _bound.earned:
        for back in range(DAYS_AGAIN, 0, -1):
            earn(source=source, day=today - timedelta(days=back), rule=rule)
    offset(day=today)
    expire(today=today)


_EARN = """
    INSERT INTO accounts_pointsentry (customer_id, account_id, kind, source, source_id, points, short_points, day,
                                      expires_date, key, created_at)
    SELECT h.customer_id, g.account_id, 'earn', %(source)s, g.source_id, %(points)s, 0, g.day, %(expires)s,
           concat_ws(':', %(source)s, g.account_id, g.source_id, nullif(before.turns, 0)), now()
    FROM unnest(%(accounts)s::bigint[], %(ids)s::bigint[], %(days)s::date[], %(held)s::date[])
         AS g (account_id, source_id, day, held_date)
    JOIN accounts_accountholder h ON h.account_id = g.account_id AND h.period @> g.held_date
    CROSS JOIN LATERAL (
        SELECT count(*) AS turns, count(*) FILTER (WHERE NOT EXISTS (
                   SELECT 1 FROM accounts_pointsentry r WHERE r.key = 'reverse:' || e.id)) AS standing
        FROM accounts_pointsentry e
        WHERE e.account_id = g.account_id AND e.source = %(source)s AND e.source_id = g.source_id AND e.kind = 'earn'
    ) before
    WHERE before.standing = 0
    ON CONFLICT (key) DO NOTHING
"""


@opens_transaction
def earn(*, source: str, day: date, rule: LoyaltyRule) -> int:
    """
    Earn what a day earned by a source; return how much of it is new. Two statements, however many accounts.

    What was earned before is not earned again, unless it was taken back.
    """
    points = rule.points.get(source, 0)
    found = _bound.earned[source](day=day) if points else ()
    return earn_step(source=source, earned=found, points=points, expires_date=rule.expires_date(day))


@joins_transaction
def earn_step(*, source: str, earned: Sequence[Earned], points: int, expires_date: date) -> int:
    """Add lots of points, each source once; return how many are new. One statement."""
    if not earned:
        return 0
    return execute(
        _EARN,
        {
            "source": source,
            "points": points,
            "expires": expires_date,
            "accounts": [one.account_id for one in earned],
            "ids": [one.source_id for one in earned],
            "days": [one.day for one in earned],
            "held": [one.held_date for one in earned],
        },
    )


@opens_transaction
def redeem(*, new: NewRedemption, today: date, actor: Actor) -> int:
    """
    Let points become a credit of an account that the customer holds, by a note; exact, and once for each key.

    :returns: id of the redemption.
    :raises MissingRule: the place gives no points. :raises NotAllowed: the actor may not.
    :raises NoPointsHere: see there. :raises TooFewPoints: they are not there, too few, or no whole steps.
    :raises Refused: the account does not owe as much as they are worth.
    """
    if not actor.is_one_of(REDEEMERS):
        raise NotAllowed(f"{actor.name} may not redeem points.", advice="Ask a clerk.")
    rule = queries.rule(at=today)
    holds = AccountHolder.objects.filter(
        account_id=new.account_id, customer_id=new.customer_id, period__contains=today
    ).exists()
    if not holds or _bound.crediting is None:
        raise NoPointsHere("The customer does not hold this account.", advice="Choose another one.")
    _bound.crediting.lock(account_id=new.account_id)
    _lock([new.customer_id])
    known = PointsRedemption.objects.filter(key=new.key).first()
    if known is not None:
        if (known.customer_id, known.account_id) != (new.customer_id, new.account_id):
            raise NoPointsHere("The key is another customer's.", advice="Load the page anew.")
        return known.id
    lots = queries.lots(customer_id=new.customer_id)
    rule.check(new.points, balance=sum(lot.left for lot in lots))
    row = PointsRedemption.objects.create(
        customer_id=new.customer_id, account_id=new.account_id, points=new.points,
        amount_minor=rule.worth_minor(new.points), day=today, key=new.key, actor_id=actor.id,
        actor_name=actor.name[:150],
    )  # fmt: skip
    row.note_id = _bound.crediting.credit(
        account_id=new.account_id, amount_minor=row.amount_minor, redemption_id=row.id, text=new.text, today=today,
        actor=actor,
    )  # fmt: skip
    row.save(update_fields=["note_id"])
    PointsEntry.objects.bulk_create(
        PointsEntry(
            customer_id=new.customer_id, account_id=new.account_id, kind=EntryKind.REDEEM.value, points=-part,
            lot_id=lot_id, redemption=row, day=today, key=f"redeem:{row.id}:{lot_id}",
        )
        for lot_id, part in spend(lots, points=new.points)
    )  # fmt: skip
    audit.record(actor, "redeem_points", "account", new.account_id, points=new.points, amount_minor=row.amount_minor)
    return row.id


_TO_LOOK_AT = """
    SELECT e.id, e.source, e.source_id, e.customer_id, e.points FROM accounts_pointsentry e
    WHERE e.account_id = %s AND e.kind = 'earn' AND e.source = ANY(%s::text[])
      AND NOT EXISTS (SELECT 1 FROM accounts_pointsentry r WHERE r.key = 'reverse:' || e.id)
    ORDER BY e.id
"""


@joins_transaction
def look_again_step(*, account_id: int, day: date) -> int:
    """
    Take back points of an account whose source does not stand any more, as a bill whose payment went back.

    One statement where nothing was earned. :returns: how many lots were taken back.
    """
    rows = fetch(_TO_LOOK_AT, [account_id, list(_bound.stands)])
    taken = 0
    for source, stands in _bound.stands.items():
        own = [row for row in rows if row[1] == source]
        if own:
            standing = stands(account_id=account_id, source_ids=[row[2] for row in own])
            for lot_id, _source, source_id, customer_id, points in own:
                if source_id not in standing:
                    _take_back(lot_id, customer_id, account_id, points, day)
                    taken += 1
    return taken


@joins_transaction
def _take_back(lot_id: int, customer_id: int, account_id: int, points: int, day: date) -> None:
    """Take a lot back: what is left of it, then of others, and the rest of what is earned next."""
    _lock([customer_id])
    parts, short = take_back(queries.lots(customer_id=customer_id), lot_id=lot_id, points=points - _expired(lot_id))
    own = dict(parts).get(lot_id, 0)
    entries = [(lot_id, own, short, f"reverse:{lot_id}")]
    entries += [(one, part, 0, f"reverse:{lot_id}:{one}") for one, part in parts if one != lot_id]
    PointsEntry.objects.bulk_create(
        PointsEntry(
            customer_id=customer_id, account_id=account_id, kind=EntryKind.REVERSE.value, points=-part,
            short_points=left, lot_id=one, day=day, key=key,
        )
        for one, part, left, key in entries
    )  # fmt: skip
    audit.record(SYSTEM, "take_back_points", "account", account_id, points=points)


def _expired(lot_id: int) -> int:
    """Return how many points of a lot have gone by their age: they are not taken back again."""
    row = PointsEntry.objects.filter(lot_id=lot_id, kind=EntryKind.EXPIRE.value).first()
    return 0 if row is None else -row.points


@opens_transaction
def offset(*, day: date) -> int:
    """Take what was short before of what was earned since; return of how many customers."""
    rows = fetch(
        """SELECT customer_id FROM accounts_pointsentry WHERE short_points <> 0
           GROUP BY customer_id HAVING sum(short_points) > 0 ORDER BY customer_id""",
    )
    ids = [row[0] for row in rows]
    _lock(ids)
    return sum(_offset(customer_id, day) for customer_id in ids)


@joins_transaction
def _offset(customer_id: int, day: date) -> int:
    short = queries.standing(customer_id=customer_id, today=day).short
    parts = spend(queries.lots(customer_id=customer_id), points=short)
    accounts = dict(PointsEntry.objects.filter(id__in=[one for one, _ in parts]).values_list("id", "account_id"))
    turns = PointsEntry.objects.filter(customer_id=customer_id, kind=EntryKind.OFFSET.value).count()
    PointsEntry.objects.bulk_create(
        PointsEntry(
            customer_id=customer_id, account_id=accounts[lot_id], kind=EntryKind.OFFSET.value, points=-part,
            short_points=-part, lot_id=lot_id, day=day, key=f"offset:{customer_id}:{turns + place}",
        )
        for place, (lot_id, part) in enumerate(parts)
    )  # fmt: skip
    return int(bool(parts))


_OLD = """
    SELECT DISTINCT e.customer_id FROM accounts_pointsentry e
    WHERE e.kind = 'earn' AND e.expires_date <= %(today)s AND e.expires_date > %(today)s::date - %(days)s
      AND e.points + coalesce((SELECT sum(w.points) FROM accounts_pointsentry w WHERE w.lot_id = e.id), 0) > 0
    ORDER BY 1 LIMIT %(most)s
"""
_EXPIRE = """
    INSERT INTO accounts_pointsentry (customer_id, account_id, kind, source, source_id, points, short_points, lot_id,
                                      day, key, created_at)
    SELECT customer_id, account_id, 'expire', '', 0, -left_points, 0, id, expires_date, 'expire:' || id, now()
    FROM (SELECT e.*, e.points + coalesce((SELECT sum(w.points) FROM accounts_pointsentry w WHERE w.lot_id = e.id), 0)
                 AS left_points
          FROM accounts_pointsentry e
          WHERE e.customer_id = ANY(%(customers)s) AND e.kind = 'earn' AND e.expires_date <= %(today)s) x
    WHERE left_points > 0
"""


def expire(*, today: date) -> int:
    """Let go what is too old; return how many lots. Three statements for each 1,000 customers."""
    gone = 0
    while part := _expire(today):
        gone += part
    return gone


@opens_transaction
def _expire(today: date) -> int:
    rows = fetch(_OLD, {"today": today, "days": EXPIRED_MOST, "most": CHUNK})
    if not rows:
        return 0
    ids = [row[0] for row in rows]
    _lock(ids)
    return execute(_EXPIRE, {"customers": ids, "today": today})


@joins_transaction
def _lock(customer_ids: Sequence[int]) -> None:
    execute("SELECT id FROM accounts_customer WHERE id = ANY(%s) ORDER BY id FOR UPDATE", [sorted(customer_ids)])
