"""What a merge decides of people: protections that both hold, refusals that count, preferred contacts, logins."""

from collections.abc import Callable, Collection, Mapping, Sequence

from accounts.domain import notice_events, notice_routes
from accounts.domain.merging import CONTACT_FIELDS, Side, side_of
from accounts.domain.notice_routes import Person
from accounts.models.contact import ContactPoint
from accounts.models.people import CustomerMerge
from accounts.models.user import User
from accounts.operations import merge_rows, notices
from accounts.queries import notice_people
from cis.kernel.actors import Actor
from cis.platform.db import execute, fetch, joins_transaction

TOLD = MERGED, PARTED = ("customers_merged", "customers_parted")
_TWINS = """
    UPDATE accounts_protection m SET is_twin = true
    WHERE m.customer_id = %(old)s AND m.until_date IS NULL AND NOT m.is_twin AND EXISTS (
        SELECT FROM accounts_protection s
        WHERE s.customer_id = %(new)s AND s.until_date IS NULL AND NOT s.is_twin AND s.kind = m.kind
          AND s.account_id IS NOT DISTINCT FROM m.account_id AND s.place_id IS NOT DISTINCT FROM m.place_id)
    RETURNING m.id
"""
_REFUSED = """
    UPDATE accounts_consent s SET is_given = false FROM accounts_consent m
    WHERE s.customer_id = %(new)s AND m.customer_id = %(old)s AND m.notice_class = s.notice_class
      AND m.channel = s.channel AND s.is_given AND NOT m.is_given
    RETURNING s.id
"""


@joins_transaction
def tell_merged_step(*, merge: CustomerMerge, actor: Actor) -> None:
    """
    Tell whom it concerns that two customers are one from now on, each by their own ways; before anything moved.

    Nothing of the other one is told: who was merged by mistake learns that it happened, and not with whom.
    """
    _tell(MERGED, merge, actor)


@joins_transaction
def tell_parted_step(*, merge: CustomerMerge, actor: Actor) -> None:
    """Tell both that they are two again; after everything went back."""
    _tell(PARTED, merge, actor)


@joins_transaction
def _tell(event: str, merge: CustomerMerge, actor: Actor) -> None:
    """Tell both by their own ways; whom the notice would reach twice by one number or mailbox is told once."""
    people = notice_people.of_customers(customer_ids=[merge.survivor_id, merge.merged_id])
    reached: set[str] = set()
    for customer_id in (merge.survivor_id, merge.merged_id):
        own = _reached(people[customer_id], event)
        if not own & reached:
            notices.queue_step(
                event=event, customer_id=customer_id, facts={"link": "/portal/details"},
                key=f"merge:{merge.id}:{customer_id}", actor=actor,
            )  # fmt: skip
        reached |= own


def _reached(person: Person, event: str) -> set[str]:
    """Return where a notice goes to somebody, by the ways that it takes."""
    taken = notice_routes.routes(person, event=notice_events.event(event))
    return {one.address.value for one in taken if one.address.value}


@joins_transaction
def keep_protections_step(*, merge: CustomerMerge) -> None:
    """Let two protections of the same kind stand beside each other: each has its papers, and is ended by itself."""
    for (row_id,) in fetch(_TWINS, _ids(merge)):
        merge_rows.note_value_step(
            merge=merge, table="accounts_protection", row_id=row_id, column="is_twin", was=False, now=True
        )


@joins_transaction
def keep_consents_step(*, merge: CustomerMerge) -> None:
    """Where one of the two refused a way of notices, it stays refused."""
    for (row_id,) in fetch(_REFUSED, _ids(merge)):
        merge_rows.note_value_step(
            merge=merge, table="accounts_consent", row_id=row_id, column="is_given", was=True, now=False
        )


@joins_transaction
def choose_contacts_step(*, merge: CustomerMerge, choices: Mapping[str, Side]) -> Callable[[], None]:
    """
    Let one contact point of each kind be preferred, the one that was chosen, and keep what was proven of a number.

    :returns: what is still to be done after the rows moved: at most one is preferred, or proven, at any time.
    """
    points = list(ContactPoint.objects.filter(customer_id__in=_ids(merge).values()).order_by("id"))
    mine = {(one.kind, one.value): one for one in points if one.customer_id == merge.survivor_id}
    later: list[tuple[int, str, object, object]] = []
    for kind in CONTACT_FIELDS:
        own = [one for one in points if one.kind == kind]
        at = {one.customer_id: one for one in own if one.is_preferred}
        held, offered = at.get(merge.survivor_id), at.get(merge.merged_id)
        side = side_of(choices, field=kind, survivor=held, merged=offered)
        chosen = offered if offered and (side is Side.MERGED or held is None) else held
        if chosen is not None:
            chosen = mine.get((kind, chosen.value), chosen)
        for one in own:
            moves = one.customer_id == merge.survivor_id or (one.kind, one.value) not in mine
            if one.is_preferred and one is not chosen and moves:
                _change(merge, one.id, "is_preferred", was=True, now=False)
        if chosen is not None and not chosen.is_preferred:
            later.append((chosen.id, "is_preferred", False, True))
    for one in points:
        twin = mine.get((one.kind, one.value))
        if one.customer_id == merge.merged_id and one.verified_at and twin is not None:
            proven = one.verified_at.isoformat()
            _change(merge, one.id, "verified_at", was=proven, now=None)
            later.append((twin.id, "verified_at", None, proven))

    def finish() -> None:
        for row_id, column, was, now in later:
            _change(merge, row_id, column, was=was, now=now)

    return finish


def chosen_logins(survivor_id: int, merged_id: int, wanted: Collection[int] | None) -> set[int]:
    """Return the logins that stay open: those that were chosen; else the survivor's, or the other's for want of one."""
    rows = User.objects.filter(customer_id__in=[survivor_id, merged_id], is_active=True).order_by("id")
    own = list(rows.values_list("id", "customer_id"))
    if wanted is not None:
        return {user_id for user_id, _ in own} & set(wanted)
    kept = {user_id for user_id, customer_id in own if customer_id == survivor_id}
    return kept or {user_id for user_id, _ in own}


@joins_transaction
def close_logins_step(*, merge: CustomerMerge) -> None:
    """Close the logins that do not stay, and end the sessions of all: whoever signs in sees what is of both now."""
    rows = User.objects.filter(customer_id__in=_ids(merge).values(), is_active=True).exclude(id__in=merge.logins)
    for user_id in rows.order_by("id").values_list("id", flat=True):
        merge_rows.change_step(
            merge=merge, table="accounts_user", row_id=user_id, column="is_active", was=True, now=False
        )
    end_sessions_step(customer_ids=list(_ids(merge).values()))


@joins_transaction
def end_sessions_step(*, customer_ids: Sequence[int]) -> int:
    """End all sessions of customers in the portal; return of how many logins."""
    return execute(
        "UPDATE accounts_user SET session_turn = session_turn + 1 WHERE customer_id = ANY(%s)", [list(customer_ids)]
    )


def _change(merge: CustomerMerge, row_id: int, column: str, *, was: object, now: object) -> None:
    merge_rows.change_step(merge=merge, table="accounts_contactpoint", row_id=row_id, column=column, was=was, now=now)


def _ids(merge: CustomerMerge) -> dict[str, int]:
    return {"new": merge.survivor_id, "old": merge.merged_id}
