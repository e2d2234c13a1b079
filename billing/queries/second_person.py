"""What pages show of everything on which a second person decides: what became of it, and who."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from accounts.queries import users
from billing.models.second_person import Decision
from cis.platform import keys


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionCard:
    """What became of it, and who decided; a program has an id below 0 and the name of its key."""

    id: int
    state: str
    is_for_two: bool
    made_date: date | None
    created_at: datetime
    proposer_id: int
    proposer: str
    decider: str
    reverser: str
    reverse_reason: str


def names_of(rows: Sequence[Decision]) -> dict[int, str]:
    """Return the names of all who proposed, decided on or took back some rows; at most two statements."""
    return names({one for row in rows for one in (row.proposer_id, row.decider_id, row.reverser_id) if one})


def names(ids: Collection[int]) -> dict[int, str]:
    """Return how people and programs (below 0) are called; at most two statements."""
    people, programs = sorted(one for one in ids if one > 0), [-one for one in ids if one < 0]
    named = users.names(user_ids=people) if people else {}
    return {**named, **{-one: name for one, name in (keys.names(programs) if programs else {}).items()}}


def common(row: Decision, names: Mapping[int, str]) -> dict[str, Any]:
    """Return the fields of ``DecisionCard`` of a row."""
    return {
        "id": row.pk,
        "state": row.state,
        "is_for_two": row.is_for_two,
        "made_date": row.made_date,
        "created_at": row.created_at,
        "proposer_id": row.proposer_id,
        "proposer": names.get(row.proposer_id, ""),
        "decider": names.get(row.decider_id or 0, ""),
        "reverser": names.get(row.reverser_id or 0, ""),
        "reverse_reason": row.reverse_reason,
    }
