"""
How well a case was handled: which closed cases are looked at again, by whom, and what the answers are worth.

Nothing here is left to chance that somebody could guess: the order in which cases are drawn is a keyed digest.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from cis.kernel.errors import Refused
from complaints.domain.kinds import CaseKind, Severity
from complaints.domain.rules import Named

SUBJECT = "case_evaluation"
STANDARD = "case_evaluation"
"""Service standard: how long a case that was chosen may wait to be looked at."""
_HUNDRED = 100


class BadEvaluation(Refused):
    """A question has no answer, or one that the checklist has not; nothing counts; a correction says no reason."""

    code = "bad_evaluation"


class Chosen(StrEnum):
    """Why a closed case is looked at again; the first that fits."""

    REGULATOR = "regulator"
    ESCALATED = "escalated"
    REOPENED = "reopened"
    SEVERITY = "severity"
    SAMPLE = "sample"


class Mark(StrEnum):
    """The answer to one question of the checklist; NOT_APPLICABLE: it does not count."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"
    NOT_APPLICABLE = "not_applicable"


_POINTS: Mapping[Mark, int] = {Mark.YES: 2, Mark.PARTLY: 1, Mark.NO: 0}


@dataclass(frozen=True, slots=True)
class Item:
    """One question of the checklist, and how much it weighs."""

    named: Named
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRules:
    """
    The rule ``case_evaluation`` of the pack.

    kinds          of cases that are looked at again
    severities     of which all are, always: why else all are
    share_percent  of the others of each team and month, rounded up
    items          the checklist
    """

    kinds: frozenset[CaseKind]
    severities: frozenset[Severity]
    always: frozenset[Chosen]
    share_percent: int
    items: Mapping[str, Item]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedCase:
    """A case that was closed; ``month`` as 202603; ``is_chosen``: it was chosen before, by ``sample`` or else."""

    case_id: int
    kind: CaseKind
    severity: Severity
    team_id: int | None
    month: int
    is_reopened: bool
    is_escalated: bool
    is_referred: bool
    chosen: Chosen | None = None


def reason(*, case: ClosedCase, rules: EvaluationRules) -> Chosen | None:
    """Return why a case is looked at whatever the lot says; None: the lot decides."""
    found = {
        Chosen.REGULATOR: case.is_referred,
        Chosen.ESCALATED: case.is_escalated,
        Chosen.REOPENED: case.is_reopened,
    }
    named = next((one for one, is_so in found.items() if is_so and one in rules.always), None)
    return named or (Chosen.SEVERITY if case.severity in rules.severities else None)


def chosen(*, cases: Iterable[ClosedCase], rules: EvaluationRules, secret: bytes) -> dict[int, Chosen]:
    """
    Return which of the closed cases are to be looked at beside those that were chosen before, and why.

    Of each team and month so many are drawn by lot as the share asks for, those that were drawn before counted in:
    asked again as the month goes on, it never draws more than the share of the month, rounded up.
    """
    found: dict[int, Chosen] = {}
    lots: dict[tuple[int | None, int], list[ClosedCase]] = {}
    for case in cases:
        if case.kind not in rules.kinds:
            continue
        why = reason(case=case, rules=rules)
        if case.chosen is Chosen.SAMPLE or (why is None and case.chosen is None):
            lots.setdefault((case.team_id, case.month), []).append(case)
        elif case.chosen is None and why is not None:
            found[case.case_id] = why
    for lot in lots.values():
        wanted = -(-len(lot) * rules.share_percent // _HUNDRED) - sum(one.chosen is not None for one in lot)
        free = sorted((one for one in lot if one.chosen is None), key=lambda one: _lot(one.case_id, secret))
        found |= {one.case_id: Chosen.SAMPLE for one in free[: max(wanted, 0)]}
    return found


def score(*, marks: Mapping[str, Mark], items: Mapping[str, Item]) -> int:
    """
    Return what the answers are worth: 0 to 100, half a point up; a question that does not apply does not count.

    :raises BadEvaluation: a question has no answer, there is one to no question, or nothing counts.
    """
    if set(marks) != set(items):
        raise BadEvaluation("The checklist is not answered as it stands.", advice="Answer each question.")
    counting = [code for code, mark in marks.items() if mark is not Mark.NOT_APPLICABLE]
    whole = 2 * sum(items[code].weight for code in counting)
    if not whole:
        raise BadEvaluation("No question applies.", advice="Answer at least one with yes, partly or no.")
    reached = sum(items[code].weight * _POINTS[marks[code]] for code in counting)
    return (2 * _HUNDRED * reached + whole) // (2 * whole)


def _lot(case_id: int, secret: bytes) -> bytes:
    return hmac.new(secret, f"evaluation {case_id}".encode(), hashlib.sha256).digest()
