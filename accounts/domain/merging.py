"""One customer in the place of two: what follows, who decides, which of two words is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from accounts.domain.contact import ContactKind
from cis.kernel.enums import Role

MERGERS: Final = frozenset((Role.CLERK, Role.SUPERVISOR))
"""Who merges customers and parts them again."""
FIELDS: Final = ("name", "kind", "id_number", "language", "note")
"""What is chosen of one of the two."""
CONTACT_FIELDS: Final = tuple(kind.value for kind in ContactKind)
"""Of which kinds the preferred contact point is chosen."""


class MergeState(StrEnum):
    """How a merge stands."""

    ASKED = "asked"
    DONE = "done"
    REFUSED = "refused"
    UNDONE = "undone"


class Side(StrEnum):
    """Of which of the two something is kept."""

    SURVIVOR = "survivor"
    MERGED = "merged"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Follows:
    """
    Rows of a table that follow a customer who is merged into another one; each room names its own.

    once        columns that are unique together with the customer: a row whose twin the survivor has stays behind
    frozen_by   the trigger that keeps such rows from changes; a merge changes the customer alone
    is_asked    where they belong is asked, if they came after the merge and it is undone
    account     column of the account that they are about, "" = none
    hangs_on    column of the row of the same table on which they hang, and with which they go back; "" = none
    """

    table: str
    column: str = "customer_id"
    once: tuple[str, ...] = ()
    frozen_by: str = ""
    is_asked: bool = False
    account: str = ""
    hangs_on: str = ""


def side_of(choices: Mapping[str, Side], *, field: str, survivor: object, merged: object) -> Side:
    """Return whose value is kept: the one that was chosen; without a choice the survivor's, if there is one."""
    chosen = choices.get(field)
    if chosen is not None:
        return chosen
    return Side.MERGED if merged and not survivor else Side.SURVIVOR


def note_of(choices: Mapping[str, Side], *, survivor: str, merged: str) -> str:
    """Return the note that is kept; without a choice both, since each may say what the other does not."""
    side = choices.get("note", Side.BOTH)
    if side is Side.BOTH:
        return "\n".join(dict.fromkeys(one for one in (survivor.strip(), merged.strip()) if one))
    return merged if side is Side.MERGED else survivor
