"""
Merging customers who are one, and parting them again.

The survivor gets what the other one had, in one transaction that writes down each row and each value it changes;
parting them puts exactly these back. Where somebody lives on electricity or is a key account, a second person decides.
What protects is never lost: protections of both hold, and of two words on a way of notices the refusal counts.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.domain import merging
from accounts.domain.duplicates import PairState
from accounts.domain.merging import MergeState, Side
from accounts.domain.protections import ProtectionKind
from accounts.models.customer import Customer
from accounts.models.people import CustomerMerge, DuplicatePair, MergedValue
from accounts.operations import contacts, data_exports, erasures, merge_people, merge_rows
from accounts.queries import protections
from accounts.queries.customers import UnknownCustomer
from accounts.queries.merges import UnknownMerge
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import execute, fetch, joins_transaction, opens_transaction

WORK: Final = "merged_customers"
TEXT_MOST: Final = 300
ENDED: Final = "merged"
"""Why the erasure of a customer who is merged is done no more."""
GUARDED: Final = frozenset((ProtectionKind.LIFE_SUPPORT, ProtectionKind.KEY_ACCOUNT))
"""Whose merge a second person decides."""
EDITED: Final = ("kind", "name", "name_pinyin", "id_number", "language", "note")


class BadMerge(Refused):
    """The two cannot be one: it is the same customer, or nobody says why."""

    code = "bad_merge"


class AlreadyMerged(Refused):
    """One of the two is merged already, or somebody asks for it."""

    code = "already_merged"


class MergeDecided(Refused):
    """Somebody decided it already."""

    code = "merge_decided"


class MergeNeedsAnother(Refused):
    """Who asks does not decide."""

    code = "merge_needs_another"


class LaterMerge(Refused):
    """A later merge stands on this one."""

    code = "later_merge"


class MergeErased(Refused):
    """The data of one were erased: nothing is left by which the two could be compared or told apart."""

    code = "merge_erased"


class PointsMixed(Refused):
    """Points of both were spent since."""

    code = "points_mixed"


class WhereItBelongs(Refused):
    """Something came since, and nobody said where it belongs."""

    code = "where_it_belongs"


class TooMuchCame(Refused):
    """So much came since that nobody says of each where it belongs."""

    code = "too_much_came"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMerge:
    """
    Two customers who are one.

    choices  whose value is kept, by field of ``FIELDS`` and ``CONTACT_FIELDS``; without one the survivor's
    logins   logins for the portal that stay open; None: the survivor's, or the other's if the survivor has none
    """

    survivor_id: int
    merged_id: int
    reason: str
    choices: Mapping[str, Side]
    logins: Collection[int] | None = None


@opens_transaction
def merge(*, new: NewMerge, at: datetime, actor: Actor) -> CustomerMerge:
    """
    Merge two customers, or ask a second person to do it where one of them is guarded.

    :returns: the merge; its state says whether it waits.
    :raises NotAllowed: the actor merges none. :raises UnknownCustomer: there is no such customer.
    :raises BadMerge, AlreadyMerged, MergeErased: see there; nothing is written.
    """
    _check_actor(actor)
    if new.survivor_id == new.merged_id:
        raise BadMerge("It is the same customer.", advice="Choose another one.")
    if not new.reason.strip():
        raise BadMerge("Nobody says why.", advice="Write down what shows that they are one.", field="reason")
    survivor, merged = _both(new.survivor_id, new.merged_id)
    given = {name: side.value for name, side in new.choices.items()}
    row = CustomerMerge(
        survivor=survivor, merged=merged, state=MergeState.ASKED.value, reason=new.reason.strip()[:TEXT_MOST],
        choices=given, asked_at=at, asker_id=actor.id, asker_name=actor.name[:150],
        logins=sorted(merge_people.chosen_logins(survivor.id, merged.id, new.logins)),
    )  # fmt: skip
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise AlreadyMerged("Somebody asks for it already.", advice="Look at the merges that wait.") from error
    if _is_guarded(survivor.id, merged.id, at):
        audit.record(actor, "ask_merge", "customer", survivor.id, merged_id=merged.id, reason=row.reason)
        return row
    _do(row, survivor, merged, at=at, actor=actor)
    return row


@opens_transaction
def decide(*, merge_id: int, is_agreed: bool, at: datetime, actor: Actor) -> None:
    """
    Decide a merge that another person asks for.

    :raises NotAllowed, UnknownMerge, MergeDecided, AlreadyMerged, MergeErased: as they say.
    :raises MergeNeedsAnother: the actor asked for it.
    """
    _check_actor(actor)
    row = _lock(merge_id)
    if row.state != MergeState.ASKED:
        raise MergeDecided("It is decided already.", merge_id=merge_id)
    if row.asker_id == actor.id:
        raise MergeNeedsAnother("Another person decides.", advice="Ask a colleague.")
    if is_agreed:
        survivor, merged = _both(row.survivor_id, row.merged_id)
        _do(row, survivor, merged, at=at, actor=actor)
        return
    row.state, row.decided_at = MergeState.REFUSED.value, at
    row.decider_id, row.decider_name = actor.id, actor.name[:150]
    row.save()
    audit.record(actor, "refuse_merge", "customer", row.survivor_id, merged_id=row.merged_id)


@joins_transaction
def _do(row: CustomerMerge, survivor: Customer, merged: Customer, *, at: datetime, actor: Actor) -> None:
    choices = {name: Side(side) for name, side in row.choices.items()}
    row.state, row.decided_at, row.high_ids = MergeState.DONE.value, at, merge_rows.high_ids()
    row.decider_id, row.decider_name = actor.id, actor.name[:150]
    row.save()
    merge_people.tell_merged_step(merge=row, actor=actor)
    erasures.end_step(customer_id=merged.id, reason=ENDED)
    merge_people.keep_protections_step(merge=row)
    merge_people.keep_consents_step(merge=row)
    finish_contacts = merge_people.choose_contacts_step(merge=row, choices=choices)
    merge_people.close_logins_step(merge=row)
    merge_rows.move_step(merge=row)
    finish_contacts()
    Customer.objects.filter(id=merged.id).update(merged_into=survivor, version=merged.version + 1)
    _keep_fields(row, survivor, merged, choices)
    _end_pairs(row, at)
    audit.record(actor, "merge", "customer", survivor.id, name=merged.name, merged_id=merged.id, merge_id=row.id)
    audit.record(actor, "merge_into", "customer", merged.id, name=survivor.name, survivor_id=survivor.id)


@joins_transaction
def _keep_fields(row: CustomerMerge, survivor: Customer, merged: Customer, choices: Mapping[str, Side]) -> None:
    """Keep of both what was chosen, and make the survivor found by it."""
    before = {name: getattr(survivor, name) for name in (*EDITED, "search_grams")}
    for field in merging.FIELDS:
        mine, theirs = getattr(survivor, field), getattr(merged, field)
        if field == "note":
            survivor.note = merging.note_of(choices, survivor=mine, merged=theirs)
        elif merging.side_of(choices, field=field, survivor=mine, merged=theirs) is Side.MERGED:
            setattr(survivor, field, theirs)
            if field == "name":
                survivor.name_pinyin = merged.name_pinyin
    contacts.touch(customer=survivor)
    for name, was in before.items():
        now = getattr(survivor, name)
        if was != now:
            merge_rows.note_value_step(
                merge=row, table="accounts_customer", row_id=survivor.id, column=name, was=was, now=now
            )


_CARRY = """
    INSERT INTO accounts_duplicatepair (first_id, second_id, score, reasons, state, found_at, decided_at, decider_id,
                                        decider_name, note, merge_id)
    SELECT least(o.other, %(new)s), greatest(o.other, %(new)s), p.score, p.reasons, p.state, p.found_at, p.decided_at,
           p.decider_id, p.decider_name, p.note, %(merge)s
    FROM accounts_duplicatepair p
    CROSS JOIN LATERAL (SELECT CASE p.first_id WHEN %(old)s THEN p.second_id ELSE p.first_id END AS other) o
    WHERE %(old)s IN (p.first_id, p.second_id) AND p.state = 'different' AND o.other <> %(new)s
    ON CONFLICT (first_id, second_id) DO UPDATE SET state = excluded.state, merge_id = excluded.merge_id,
        decided_at = excluded.decided_at, decider_name = excluded.decider_name, note = excluded.note
    WHERE accounts_duplicatepair.state = 'open'
"""


@joins_transaction
def _end_pairs(row: CustomerMerge, at: datetime) -> None:
    """End the pairs of who is merged; that they are another one than somebody else holds for the survivor, too."""
    pair = {"first_id": min(row.survivor_id, row.merged_id), "second_id": max(row.survivor_id, row.merged_id)}
    DuplicatePair.objects.filter(**pair, state=PairState.OPEN.value).update(
        state=PairState.MERGED.value, decided_at=at, decider_name=row.decider_name, merge=row
    )
    execute(_CARRY, {"new": row.survivor_id, "old": row.merged_id, "merge": row.id})
    for side in ("first_id", "second_id"):
        mine = DuplicatePair.objects.filter(**{side: row.merged_id}, state=PairState.OPEN.value)
        mine.update(state=PairState.GONE.value, decided_at=at, merge=row)


_SPENT = """
    SELECT EXISTS (
        SELECT FROM accounts_pointsentry w
        WHERE w.lot_id = ANY(%(moved)s) AND w.id <> ALL(%(moved)s) AND w.kind IN ('redeem', 'offset', 'reverse'))
"""


@opens_transaction
def undo(*, merge_id: int, answers: Mapping[str, bool], reason: str, at: datetime, actor: Actor) -> int:
    """
    Part two customers again: what the merge moved goes back, row by row; return how many rows went.

    :param answers: by ``SinceRow.key`` of each row that came since, whether it goes back too.
    :raises NotAllowed, UnknownMerge, MergeDecided: as they say. :raises BadMerge: nobody says why.
    :raises LaterMerge, MergeErased, PointsMixed, TooMuchCame, WhereItBelongs: see there; nothing is written.
    """
    _check_actor(actor)
    row = _lock(merge_id)
    if row.state != MergeState.DONE:
        raise MergeDecided("They are two already.", merge_id=merge_id)
    if not reason.strip():
        raise BadMerge("Nobody says why.", advice="Write down what shows that they are two.", field="reason")
    survivor, merged = _locked(row.survivor_id, row.merged_id)
    _check_kept(survivor, merged)
    later = Q(decided_at__gt=row.decided_at) | Q(decided_at=row.decided_at, id__gt=row.id)
    own = CustomerMerge.objects.filter(later, state=MergeState.DONE.value, survivor=survivor)
    if survivor.merged_into_id is not None or own.exists():
        raise LaterMerge("A later merge stands on this one.", advice="Undo that one first.")
    moved = [row_id for one in row.rows.filter(table_name="accounts_pointsentry") for row_id in one.row_ids]
    ((is_spent,),) = fetch(_SPENT, {"moved": moved})
    if is_spent:
        raise PointsMixed("Points of both were spent since.", advice="They cannot be told apart any more.")
    came = merge_rows.since(merge=row, actor=actor)
    if len(came) > merge_rows.SINCE_MOST:
        raise TooMuchCame("Too much came since.", advice="Leave them one, and take on the other person anew.")
    silent = [one for one in came if one.key not in answers and not one.is_hidden]
    if silent:
        raise WhereItBelongs("Something came since.", advice="Say of each where it belongs.", count=len(silent))
    gone = _part(row, [one for one in came if (one.goes_back if one.is_hidden else answers[one.key])])
    merge_people.tell_parted_step(merge=row, actor=actor)
    row.state, row.undone_at = MergeState.UNDONE.value, at
    row.undone_by_name, row.undone_reason = actor.name[:150], reason.strip()[:TEXT_MOST]
    row.save()
    audit.record(actor, "part", "customer", row.survivor_id, reason=reason, merged_id=row.merged_id, merge_id=row.id)
    audit.record(actor, "part", "customer", row.merged_id, reason=reason, survivor_id=row.survivor_id)
    return gone


@joins_transaction
def _part(row: CustomerMerge, back: list[merge_rows.SinceRow]) -> int:
    """Put rows, values and pairs back; sessions and exports of both, which show what is the other's, end."""
    values = list(MergedValue.objects.filter(merge=row))
    early = [one for one in values if one.column_name in {"is_preferred", "verified_at"} and not one.was]
    grams = [one for one in values if one.column_name == "search_grams"]
    merge_rows.restore_step(values=early)
    gone = merge_rows.put_back_step(merge=row, back=back)
    merge_rows.restore_step(values=[one for one in values if one not in early and one not in grams])
    Customer.objects.filter(id=row.merged_id).update(merged_into=None)
    is_as_before = merge_rows.restore_step(values=grams) == len(grams) and not back
    for customer in Customer.objects.filter(id__in=[row.survivor_id, row.merged_id]).order_by("id"):
        if not is_as_before:
            contacts.touch(customer=customer)
    merge_people.end_sessions_step(customer_ids=[row.survivor_id, row.merged_id])
    data_exports.end_step(customer_ids=[row.survivor_id, row.merged_id])
    mine = DuplicatePair.objects.filter(merge=row)
    mine.filter(state=PairState.DIFFERENT.value).delete()
    mine.update(state=PairState.OPEN.value, decided_at=None, decider_name="", merge=None)
    return gone


_STRAGGLERS = """
    SELECT DISTINCT t.{column} FROM {table} t JOIN accounts_customer c ON c.id = t.{column}
    WHERE c.merged_into_id IS NOT NULL
"""


def night(at: datetime) -> None:  # noqa: ARG001 (the form of a nightly job)
    """Let what came to a merged customer while others merged them follow, too."""
    found: set[int] = set()
    for one in merge_rows.tables():
        found |= {row[0] for row in fetch(_STRAGGLERS.format(table=one.table, column=one.column))}
    for merged_id in sorted(found):
        _follow(merged_id)


@opens_transaction
def _follow(merged_id: int) -> None:
    row = CustomerMerge.objects.select_for_update().filter(merged_id=merged_id, state=MergeState.DONE.value).first()
    if row is None:
        return
    survivor, _merged = _locked(row.survivor_id, row.merged_id)
    if survivor.merged_into_id is None and (count := merge_rows.move_step(merge=row)):
        audit.record(SYSTEM, "follow", "customer", survivor.id, merged_id=merged_id, count=count)


def _is_guarded(survivor_id: int, merged_id: int, at: datetime) -> bool:
    kinds = protections.kinds_of_customers(customer_ids=[survivor_id, merged_id], today=timezone.localdate(at))
    return any(own & GUARDED for own in kinds.values())


def _check_actor(actor: Actor) -> None:
    if not actor.roles & merging.MERGERS:
        raise NotAllowed(f"{actor.name} may not merge customers.", advice="Ask a clerk.")


@joins_transaction
def _locked(survivor_id: int, merged_id: int) -> tuple[Customer, Customer]:
    """Lock both, in the order of their ids, whoever else merges them."""
    wanted = (survivor_id, merged_id)
    found = {row.id: row for row in Customer.objects.select_for_update().filter(id__in=wanted).order_by("id")}
    for one in wanted:
        if one not in found:
            raise UnknownCustomer(f"There is no customer {one}.", customer_id=one)
    return found[survivor_id], found[merged_id]


@joins_transaction
def _both(survivor_id: int, merged_id: int) -> tuple[Customer, Customer]:
    survivor, merged = _locked(survivor_id, merged_id)
    for one in (survivor, merged):
        if one.merged_into_id is not None:
            raise AlreadyMerged(
                f"{one.name} is merged already.", advice="Take the customer who stands in their place.",
                customer_id=one.id,
            )  # fmt: skip
    _check_kept(survivor, merged)
    return survivor, merged


def _check_kept(*both: Customer) -> None:
    if any(one.erased_at is not None for one in both):
        raise MergeErased("The data of one were erased.", advice="Nothing tells who it was any more.")


@joins_transaction
def _lock(merge_id: int) -> CustomerMerge:
    row = CustomerMerge.objects.select_for_update().filter(id=merge_id).first()
    if row is None:
        raise UnknownMerge(f"There is no merge {merge_id}.", merge_id=merge_id)
    return row
