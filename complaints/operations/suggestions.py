"""What was suggested is kept with its case, and judged by what people choose."""

from datetime import datetime

from cis.platform.db import joins_transaction
from complaints.domain.kinds import CaseChannel, CaseKind
from complaints.domain.suggestions import verdict
from complaints.models.case import Case
from complaints.models.suggestion import CaseSuggestion
from complaints.queries import suggestions
from complaints.queries.suggestions import Suggestion, Told

BY_ITSELF = frozenset({CaseChannel.PORTAL, CaseChannel.API, CaseChannel.EMAIL})
"""Ways in by which nobody of ours looks at a case as it comes."""


def told_of(row: Case) -> Told:
    """Return of a case what a suggestion goes by."""
    return Told(
        text=f"{row.title}\n{row.text}" if not row.text.startswith(row.title) else row.text,
        account_id=row.account_id, service_point_id=row.service_point_id, district=row.district,
        about_team_id=row.about_team_id, about_user_id=row.about_user_id,
    )  # fmt: skip


def class_at_once(row: Case, found: Suggestion | None, *, automatic: int, is_kind_open: bool) -> str:
    """
    Return the class that a case without one has at once; "": somebody is to look at it first.

    Where nobody has said what kind the case is, it gets the usual one of its class.
    """
    if row.class_code or found is None or row.channel not in BY_ITSELF:
        return ""
    first = found.classes[0]
    fits = is_kind_open or CaseKind(row.kind) in first.kinds
    if not fits or first.guess.confidence < automatic:
        return ""
    if is_kind_open:
        row.kind = first.kinds[0].value
    return first.guess.code


@joins_transaction
def keep_step(row: Case, found: Suggestion, *, at: datetime, is_automatic: bool) -> None:
    """Keep what was suggested of a case that was just taken; a class that came with it judges it."""
    first, *others = found.classes
    kept = CaseSuggestion(
        case_id=row.id, model_id=found.model_id, at=at, class_code=first.guess.code, confidence=first.guess.confidence,
        others=[[one.guess.code, one.guess.confidence] for one in others], severity=found.severity.value,
        reasons=[kind.value for kind in first.guess.because], is_automatic=is_automatic,
    )  # fmt: skip
    if row.class_code and not is_automatic:
        kept.verdict = verdict(suggested=first.guess.code, chosen=row.class_code).value
        kept.chosen_code, kept.judged_at = row.class_code, at
    kept.save()


@joins_transaction
def judge_step(row: Case, *, class_code: str, at: datetime) -> None:
    """Judge what was suggested of a case by the class that a person chose; the last word counts."""
    for kept in CaseSuggestion.objects.filter(case_id=row.id):
        kept.verdict = verdict(suggested=kept.class_code, chosen=class_code).value
        kept.chosen_code, kept.judged_at = class_code, at
        kept.save(update_fields=["verdict", "chosen_code", "judged_at"])


def suggest(row: Case, *, at: datetime) -> Suggestion | None:
    """Return what is suggested of a case that is being taken."""
    return suggestions.of(told_of(row), at=at)
