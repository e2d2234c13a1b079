"""Texts to learn classes from: patterns of the pack, and closed cases with the class that people gave them."""

import tomllib
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from django.db.models import Q

from cis.platform import packs
from complaints.domain import text_patterns
from complaints.domain.case_workflow import CaseState
from complaints.domain.class_model import Example
from complaints.domain.suggestions import Verdict
from complaints.models.case import Case
from complaints.queries import rules as case_rules

FILE: Final = "case_texts.toml"
CASES_MOST: Final = 20_000


def patterns(*, at: date) -> list[Example]:
    """Return texts from the patterns of this installation's pack, for its classes; none where it has no patterns."""
    codes = case_rules.rules(at=at).classes
    for name in packs.line_of(packs.in_use()):
        path = packs.folder(name) / FILE
        if path.is_file():
            document: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
            known = {code: some for code, some in document["texts"].items() if code in codes}
            return list(text_patterns.texts(patterns=known, words=document["words"]))
    return []


def closed_cases(*, at: date, most: int = CASES_MOST) -> list[Example]:
    """
    Return the latest closed cases; one statement.

    Neither those that are kept from somebody, nor those whose class nobody but the model gave: it would learn from
    itself.
    """
    rows = Case.objects.filter(
        Q(suggestion=None) | Q(suggestion__is_automatic=False) | ~Q(suggestion__verdict=Verdict.OPEN.value),
        state=CaseState.CLOSED.value, class_code__in=case_rules.rules(at=at).classes, about_team=None, about_user=None,
    )  # fmt: skip
    found = rows.order_by("-id").values_list("id", "title", "text", "class_code")[:most]
    return [
        Example(text if text.startswith(title) else f"{title}\n{text}", code, f"case {case_id}")
        for case_id, title, text, code in found
    ]
