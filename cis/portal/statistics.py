"""How we did, for everybody: figures of months as they were published, as pages and for programs; no login."""

import hashlib
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cis.platform.access import allow_public
from cis.platform.csv_files import csv_file
from cis.platform.packs import MissingRule
from complaints.domain.publishing import class_rows
from complaints.queries import publishing as queries
from complaints.queries import rules as case_rules
from complaints.queries.publishing import Published, UnknownPublication

MAX_AGE = 600
HISTORY = 24
SCALE = 100
"""The chart takes hundredths."""


@allow_public
@require_safe
def show(request: HttpRequest, month: str = "") -> HttpResponse:
    """Show the figures of a month, the latest where none is asked for, and how they went over the months."""
    found = queries.months()
    day = next(iter(found), None) if not month else _month(month)
    row = None if day is None else found.get(day)
    if month and row is None:
        raise Http404
    history = list(found.values())[:HISTORY]
    context: dict[str, Any] = {
        "row": row, "figures": row.figures if row else None, "months": list(found)[:HISTORY], "history": history,
        "class_rows": class_rows(figures=row.figures, names=_classes(day)) if row else (), "month": day,
        **_history(list(reversed(history))),
    }  # fmt: skip
    return _kept(request, render(request, "portal/statistics.html", context), is_page=True)


@allow_public
@require_safe
def as_json(request: HttpRequest, month: str) -> HttpResponse:
    """Give the figures of a month to a program."""
    row = _row(month)
    return _kept(request, JsonResponse(_told(row), json_dumps_params={"ensure_ascii": False}))


@allow_public
@require_safe
def as_csv(request: HttpRequest, month: str) -> HttpResponse:
    """Give the figures of a month as a file: a line a figure; empty: left out since it is too small."""
    row, day = _row(month), _month(month)
    names = list(zip(_classes(day, "en").items(), _classes(day, "zh").values(), strict=True))
    named = {code: (english, chinese) for (code, english), chinese in names}
    figures = row.figures
    lines: list[tuple[object, ...]] = [
        *(("kind", one["kind"], "taken", one["taken"]) for one in figures["kinds"]),
        *(("kind", one["kind"], "in_time_percent", one["in_time_percent"]) for one in figures["kinds"]),
        *(("class", one["class"], "taken", one["taken"], *named.get(one["class"], ())) for one in figures["classes"]),
        *(
            (part, "", name, value)
            for part in ("satisfaction", "nps", "reliability")
            for name, value in (figures[part] or {}).items()
        ),
    ]
    answer = csv_file(f"statistics-{month}.csv", ["table", "of", "figure", "value", "name_en", "name_zh"], lines)
    return _kept(request, HttpResponse(b"".join(answer), headers=dict(answer.items())))


def _told(row: Published) -> dict[str, Any]:
    return {
        "month": f"{row.month:%Y-%m}", "version": row.version, "published": row.at.isoformat(), "reason": row.reason,
        **row.figures,
    }  # fmt: skip


def _row(month: str) -> Published:
    try:
        return queries.one(month=_month(month))
    except UnknownPublication as refusal:
        raise Http404 from refusal


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as fault:
        raise Http404 from fault


def _classes(day: date | None, language: str = "") -> dict[str, str]:
    try:
        rules = None if day is None else case_rules.rules(at=day)
    except MissingRule:
        rules = None
    return {} if rules is None else {code: rules.path(code, language or get_language() or "") for code in rules.classes}


def _history(rows: list[Published]) -> dict[str, Any]:
    """Return the months as a chart and as a table; what is left out is None in both, and not 0."""
    kinds = list(dict.fromkeys(one["kind"] for row in rows for one in row.figures["kinds"]))
    taken = [{one["kind"]: one["taken"] for one in row.figures["kinds"]} for row in rows]
    columns = [[one.get(kind, 0) for one in taken] for kind in kinds]
    drawn = [[None if count is None else SCALE * count for count in column] for column in columns]
    chart = {
        "labels": [f"{row.month:%Y-%m}" for row in rows],
        "series": [{"name": _name(kind), "values": values} for kind, values in zip(kinds, drawn, strict=True)],
        "words": {"symbol": "", "hidden": _("not published")},
        "hidden": [SCALE * row.figures["least"] for row in rows],
    }
    lines = [(row.month, [one.get(kind, 0) for kind in kinds]) for row, one in zip(rows, taken, strict=True)]
    return {"chart": chart, "kinds": [_name(kind) for kind in kinds], "lines": lines[::-1]}


def _name(kind: str) -> str:
    return {
        "complaint": _("Complaint"), "report": _("Report of a breach"), "request": _("Service request"),
        "fault": _("Fault report"), "question": _("Question"), "praise": _("Praise"),
    }.get(kind, kind)  # fmt: skip


def _kept(request: HttpRequest, answer: HttpResponse, *, is_page: bool = False) -> HttpResponse:
    """Let what is the same for everybody be kept for ten minutes, and asked for again by its mark."""
    if is_page:  # the page carries the language and the look of whoever reads it
        patch_cache_control(answer, private=True, max_age=MAX_AGE)
        return answer
    mark = f'"{hashlib.sha256(answer.content).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == mark:
        answer = HttpResponse(status=304)
    answer["ETag"] = mark
    answer["Access-Control-Allow-Origin"] = "*"
    patch_cache_control(answer, public=True, max_age=MAX_AGE)
    return answer
