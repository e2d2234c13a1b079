"""What is suggested while a case is typed, and how good suggestions were."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.views.decorators.http import require_POST, require_safe

from cis.desk.case_words import FACTS
from cis.desk.forms.complaints import language
from cis.desk.roles import CLERKS, READERS
from cis.desk.words import word
from cis.kernel.actors import Actor
from cis.platform.access import actor_of, allow
from cis.platform.packs import MissingRule
from complaints.domain import suggestions as domain
from complaints.domain.intake import TEXT_MOST
from complaints.domain.kinds import CaseChannel, CaseKind
from complaints.domain.rules import CaseRules
from complaints.domain.suggestions import Fact, FactKind, Judged, Verdict
from complaints.queries import class_models, suggestion_scores, suggestions
from complaints.queries import rules as case_rules
from complaints.queries.suggestions import Suggested, Told

SINCE = timedelta(days=366)
SURE, LIKELY = 750, 400
"""From these confidences, in thousandths, a suggestion is shown as sure, and as likely."""


@dataclass(frozen=True, slots=True)
class Likely:
    """A class that the words of a case suggest, the kind that goes with it, its name, and how sure it is in percent."""

    code: str
    kind: str
    path: str
    percent: int


@allow(*CLERKS)
@require_POST
def suggest(request: HttpRequest) -> HttpResponse:
    """Give the likeliest classes of what is typed, with team, confidence and the facts; nothing is kept."""
    now = timezone.now()
    told = Told(
        text=request.POST.get("text", "")[:TEXT_MOST], account_id=_number(request, "account"),
        about_team_id=_number(request, "about_team"), about_user_id=_number(request, "about_user"),
    )  # fmt: skip
    found = suggestions.of(told, at=now)
    rules = case_rules.rules(at=timezone.localdate(now)) if found is not None else None
    kind = request.POST.get("kind", "")
    context = {
        "found": found,
        "rows": [] if found is None or rules is None else [_row(one, rules, kind) for one in found.classes],
        "facts": [] if found is None else [sentence(one) for one in found.facts],
        "is_typed": bool(told.text.strip()),
    }
    return render(request, "desk/cases/_suggested.html", context)


@allow(*READERS)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show how often suggestions were right, month by month, what was mistaken for what, and the models."""
    judged = suggestion_scores.judged(since=timezone.now() - SINCE, actor=actor_of(request))
    rules = _rules_or_none()
    months = domain.by_month(judged)
    context = {
        "months": [(one, _percent(one.first, one.judged), _percent(one.shown, one.judged)) for one in months],
        "judged": len(judged),
        "first": _percent(sum(one.first for one in months), len(judged)),
        "shown": _percent(sum(one.shown for one in months), len(judged)),
        "confused": _confused(judged, rules),
        "classes": [
            (_path(code, rules), right, chosen, first, _percent(right, chosen), _percent(right, first))
            for code, (right, chosen, first) in domain.hits(judged).items()
        ],
        "models": [
            (one, *(_tenths(value) for value in (one.crossed, one.held_out, one.held_before)))
            for one in class_models.listed()
        ],
    }
    return render(request, "desk/cases/suggestions.html", context)


def likely(row: Any, rules: CaseRules, actor: Actor) -> Likely | None:
    """
    Return what the words of a case suggest, for whoever is to choose its class; None: nothing, or somebody has chosen.

    A kind that fits the class stays; a mail, of which nobody said a kind, is offered the usual one of the class.
    """
    kept = suggestion_scores.of_case(case_id=row.id, actor=actor)
    found = None if kept is None or kept.verdict != Verdict.OPEN else rules.classes.get(kept.class_code)
    if kept is None or found is None or row.class_code not in {"", found.code}:
        return None
    is_open = row.channel == CaseChannel.EMAIL and row.kind == CaseKind.QUESTION
    kind = row.kind if CaseKind(row.kind) in found.kinds and not is_open else found.usual.value
    return Likely(found.code, kind, rules.path(found.code, language()), round(kept.confidence / 10))


def sentence(fact: Fact) -> str:
    """Return a fact as a sentence of the page."""
    said = fact.said
    if fact.kind is FactKind.PRICE_CHANGE:
        said = date_format(date.fromisoformat(said))
    elif fact.kind is FactKind.PLANNED_OUTAGE:
        start_at = parse_datetime(said)
        said = "" if start_at is None else timezone.localtime(start_at).strftime("%Y-%m-%d %H:%M")
    return str(FACTS[fact.kind.value]) % {"said": said}


def _confused(judged: Sequence[Judged], rules: CaseRules | None) -> list[tuple[str, list[tuple[str, int, str]]]]:
    """Return the matrix of mistakes: each class that was chosen, and how often each class was suggested for it."""
    found = domain.confusion(judged)
    most = max(
        (count for code, row in zip(found.codes, found.counts, strict=True)
         for other, count in zip(found.codes, row, strict=True) if other != code),
        default=0,
    )  # fmt: skip
    return [
        (_path(code, rules), [(_path(other, rules), count, _shade(count, most, is_right=other == code))
                              for other, count in zip(found.codes, counts, strict=True)])
        for code, counts in zip(found.codes, found.counts, strict=True)
    ]  # fmt: skip


def _shade(count: int, most: int, *, is_right: bool) -> str:
    """Return how a cell of the matrix is coloured: what was right, and mistakes by how often they came."""
    if is_right:
        return "right"
    return "" if not count else f"wrong-{-(-3 * count // most)}"


def _row(one: Suggested, rules: CaseRules, kind: str) -> Mapping[str, Any]:
    """Return a suggestion as the page shows it; ``kind``: to which the case turns with it, "" if it may stay."""
    fits = kind in one.kinds
    turned = "" if fits or not one.kinds else str(one.kinds[0])
    level = "sure" if one.guess.confidence >= SURE else "likely" if one.guess.confidence >= LIKELY else "unsure"
    return {
        "code": one.guess.code,
        "path": rules.path(one.guess.code, language()),
        "percent": round(one.guess.confidence / 10),
        "level": word("case_confidence", level),
        "team": one.team,
        "kind": turned,
        "turns": word("case_kind", turned) if turned else "",
    }


def _number(request: HttpRequest, name: str) -> int | None:
    given = request.POST.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None  # noqa: PLR2004


def _percent(part: int, whole: int) -> int | None:
    return round(100 * part / whole) if whole else None


def _tenths(value: int | None) -> str:
    """Return thousandths as a share with three decimals."""
    return "–" if value is None else f"{value // 1000}.{value % 1000:03d}"


def _path(code: str, rules: CaseRules | None) -> str:
    return code if rules is None else rules.path(code, language())


def _rules_or_none() -> CaseRules | None:
    try:
        return case_rules.rules(at=timezone.localdate())
    except MissingRule:
        return None
