"""How good suggestions were, over the cases that somebody may know of."""

from datetime import datetime

from django.utils import timezone

from cis.kernel.actors import Actor
from complaints.domain.suggestions import Judged, Verdict
from complaints.models.suggestion import CaseSuggestion
from complaints.queries.sight import visible_to

MOST = 50_000


def judged(*, since: datetime, actor: Actor) -> list[Judged]:
    """Return the suggestions since an instant that a person has judged; one statement."""
    rows = CaseSuggestion.objects.exclude(verdict=Verdict.OPEN.value).filter(
        at__gte=since, case_id__in=visible_to(actor).values("id")
    )
    found = rows.order_by("-id").values_list("at", "class_code", "others", "chosen_code")[:MOST]
    return [
        Judged(timezone.localdate(at).strftime("%Y-%m"), first, tuple(code for code, _confidence in others), chosen)
        for at, first, others, chosen in found
    ]


def of_case(*, case_id: int, actor: Actor) -> CaseSuggestion | None:
    """Return what was suggested of a case that an actor may know of; None: nothing was. One statement."""
    return CaseSuggestion.objects.filter(case_id=case_id, case_id__in=visible_to(actor).values("id")).first()
