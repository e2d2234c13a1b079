"""What agents take for us: their limit, their day's list against ours, and what they are paid for it."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from cis.kernel import fixed
from cis.kernel.errors import Refused

HELD = "cash.agent"
COMMISSION = "expense.agent_commission"
OWED_TO_AGENTS = "liability.agents"
HAND_OVER_PREFIX = "AGT"
HEADER = ("reference", "account", "amount")
REFERENCE = re.compile(r"[0-9A-Za-z._-]{1,60}")
LINES_MOST = 100_000
REASON_LENGTH = 200
CODE = re.compile(r"[0-9A-Z]{2,12}")
PER_MILLE_PLACES = 3
E3_PER_MILLE_TO_E9 = 10**3
MASK = "*"


class DifferenceKind(StrEnum):
    """
    How an agent's list and ours differ.

    MISSING_HERE   it is on the agent's list alone
    MISSING_THERE  it is on ours alone
    DIFFERS        the amount or the account is another
    """

    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    DIFFERS = "differs"


class Verdict(StrEnum):
    """
    What is right where the lists differ.

    THEIRS  the agent's list: what is missing here is booked, what is missing there is taken back
    OURS    ours: nothing changes
    CAME    it was on a later list of the agent, or its message came after the list: nobody had to decide
    """

    THEIRS = "theirs"
    OURS = "ours"
    CAME = "came"


class BadAgent(Refused):
    """An agent cannot be kept like that."""

    code = "bad_agent"


class BadAgentList(Refused):
    """An agent's list cannot be read."""

    code = "bad_agent_list"


class AgentLimit(Refused):
    """The agent would hold more of our money than it may."""

    code = "agent_limit"


@dataclass(frozen=True, slots=True)
class Listed:
    """A payment on a list. [minor unit]"""

    reference: str
    account_number: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two lists differ: ``ours`` or ``theirs`` None: it is not on that one."""

    kind: DifferenceKind
    reference: str
    ours: Listed | None
    theirs: Listed | None


def read_list(content: bytes, *, places: int) -> tuple[Listed, ...]:
    """
    Return the payments of an agent's list: UTF-8, ``reference,account,amount``, amounts in major units as ``123.40``.

    :param places: decimals of the currency.
    :raises BadAgentList: it cannot be read, or a reference stands twice; the message names the line.
    """
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadAgentList(f"The list is no CSV in UTF-8: {error}.", advice="Save it as CSV in UTF-8.") from error
    if not rows or tuple(cell.strip() for cell in rows[0]) != HEADER:
        raise BadAgentList("Its first line is not reference,account,amount.", advice="Write the header as it is.")
    if len(rows) > LINES_MOST:
        raise BadAgentList(f"The list has more than {LINES_MOST} lines.", advice="Give one day alone.")
    found: dict[str, Listed] = {}
    for number, cells in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        one = _line(number, cells, places)
        if one.reference in found:
            raise BadAgentList(f"Line {number}: reference {one.reference} stands twice.", advice="Each stands once.")
        found[one.reference] = one
    return tuple(found.values())


def _line(number: int, cells: Sequence[str], places: int) -> Listed:
    texts = [cell.strip() for cell in cells]
    if len(texts) != len(HEADER) or not REFERENCE.fullmatch(texts[0]) or not re.fullmatch(r"[0-9]{1,20}", texts[1]):
        raise BadAgentList(f"Line {number} is not reference, account and amount.", advice="Mend the line.")
    try:
        amount = fixed.parse(texts[2], places=places)
    except fixed.NotANumber as error:
        raise BadAgentList(f"Line {number}: {texts[2]!r} is no amount.", advice="Write it as 123.40.") from error
    if amount <= 0:
        raise BadAgentList(f"Line {number}: the amount is not above 0.", advice="Leave out what was cancelled.")
    return Listed(texts[0], texts[1], amount)


def compare(
    *, theirs: Sequence[Listed], ours_of_day: Mapping[str, Listed], ours_known: Mapping[str, Listed],
    listed_elsewhere: frozenset[str],
) -> tuple[Difference, ...]:  # fmt: skip
    """
    Return where the lists of a day differ, by their references, sorted.

    theirs            the agent's list
    ours_of_day       ours of the day, by reference, without cancelled ones
    ours_known        of the references on the agent's list, ours of any day: midnight may stand between the two clocks
    listed_elsewhere  references that stand on the agent's list of another day
    """
    found = []
    for one in theirs:
        known = ours_known.get(one.reference)
        if known is None:
            found.append(Difference(DifferenceKind.MISSING_HERE, one.reference, None, one))
        elif known != one:
            found.append(Difference(DifferenceKind.DIFFERS, one.reference, known, one))
    listed = {one.reference for one in theirs} | listed_elsewhere
    found += [
        Difference(DifferenceKind.MISSING_THERE, reference, one, None)
        for reference, one in ours_of_day.items()
        if reference not in listed
    ]
    return tuple(sorted(found, key=lambda one: one.reference))


def check_limit(*, held_minor: int, amount_minor: int, limit_minor: int) -> None:
    """
    Check that an agent may take an amount. [minor unit]

    :raises AgentLimit: it would hold more than its limit.
    """
    if held_minor + amount_minor > limit_minor:
        raise AgentLimit("The agent holds too much of our money.", advice="Hand money over first.")


@dataclass(frozen=True, slots=True)
class Terms:
    """
    What an agent gets for what it takes.

    per_mille_e3       of the money of a day [1/1000 per mille]
    per_receipt_minor  for each receipt [minor unit]
    """

    per_mille_e3: int
    per_receipt_minor: int

    @property
    def per_mille(self) -> str:
        """The share as text, as 2.500."""
        return fixed.to_text(self.per_mille_e3, places=PER_MILLE_PLACES)


def commission_minor(*, amount_minor: int, receipts: int, terms: Terms) -> int:
    """
    Return what an agent gets for a day, its share rounded once as all money is. [minor unit]

    amount_minor, receipts  what it took on the day, without what was reversed
    """
    share = amount_minor * terms.per_mille_e3 * E3_PER_MILLE_TO_E9
    return int(fixed.to_minor(np.array([share], dtype=object))[0]) + receipts * terms.per_receipt_minor


def masked(name: str) -> str:
    """
    Return as much of a name that its owner knows it, and nobody learns it.

    Of a short one its last character is left, of a longer one the first and the last.
    """
    kept = name.strip()
    if len(kept) <= 1:
        return MASK
    if len(kept) <= 3:  # noqa: PLR2004 (a Chinese name: the surname is hidden)
        return MASK * (len(kept) - 1) + kept[-1]
    return kept[0] + MASK * min(len(kept) - 2, 6) + kept[-1]


def hand_over_name(code: str) -> str:
    """Return what an agent writes into a transfer of our money, so that its line on a statement is known."""
    return f"{HAND_OVER_PREFIX}-{code}"
