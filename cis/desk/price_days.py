"""What takes effect when: versions to come and ends of validity, events announced for a day, prices by the hour."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cis.desk.answers import csv_file, posted, today
from cis.desk.forms.price_days import EventForm, SeriesForm
from cis.desk.roles import BILLERS, READERS
from cis.desk.tariff_findings import found_at
from cis.desk.words import word
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_of
from contracts.queries import uses
from tariffs.domain.coverage import gaps
from tariffs.domain.workflow import VersionState
from tariffs.operations import prices as operations
from tariffs.queries import prices, versions
from tariffs.queries.versions import VersionRow

EVENTS_BACK_DAYS, EVENTS_AHEAD_DAYS = 366, 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """
    Something that takes effect on a day.

    kind   starts, draft_starts, ends or gap
    until  end of a gap, None = for good
    """

    day: date
    kind: str
    card: VersionRow
    until: date | None = None
    agreements: int = 0


@allow(*READERS)
def calendar(request: HttpRequest) -> HttpResponse:
    """Show what takes effect from today on, and where prices run out while agreements use them."""
    found = _happenings()
    rows, pager = page_of(request, found)
    warnings = [one for one in found if one.kind == "gap"]
    return render(request, "desk/tariffs/calendar.html", {"rows": rows, "pager": pager, "warnings": warnings})


@allow(*READERS)
def calendar_file(request: HttpRequest) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the same as a file."""
    header = [_("Date"), _("What"), _("Code"), _("To, not included"), _("Agreements")]
    rows = ((one.day, word("happening", one.kind), one.card.code, one.until, one.agreements) for one in _happenings())
    return csv_file("price-calendar.csv", header, rows)


def _happenings() -> list[Happening]:
    """Return what happens from today on, by date; two statements."""
    rows, now = versions.listed(), today()
    published = [row for row in rows if row.state is VersionState.PUBLISHED]
    found = [Happening(day=row.start_date, kind="starts", card=row) for row in published if row.start_date >= now]
    found += [
        Happening(day=max(row.start_date, now), kind="draft_starts", card=row)
        for row in rows
        if row.state is VersionState.DRAFT and row.start_date >= now
    ]
    follows = {(row.tariff_id, row.start_date) for row in published}
    found += [
        Happening(day=row.end_date, kind="ends", card=row)
        for row in published
        if row.end_date is not None and row.end_date >= now and (row.tariff_id, row.end_date) not in follows
    ]
    latest = {row.tariff_id: row for row in reversed(rows)}
    for use in uses.from_day(day=now):
        if use.tariff_id not in latest:
            continue
        spans = [(row.start_date, row.end_date) for row in published if row.tariff_id == use.tariff_id]
        for gap in gaps(prices=spans, used=(use.start_date, use.end_date)):
            card = latest[use.tariff_id]
            found.append(Happening(day=gap.start, kind="gap", card=card, until=gap.end, agreements=use.agreements))
    return sorted(found, key=lambda one: (one.day, one.card.code, one.kind))


@allow(*READERS)
def events(request: HttpRequest) -> HttpResponse:
    """List the events announced, those to come first."""
    rows, pager = page_of(request, _events())
    context = {"rows": rows, "pager": pager, "today": today(), "may_price": _may(request)}
    return render(request, "desk/tariffs/events.html", context)


@allow(*READERS)
def events_file(request: HttpRequest) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the same as a file."""
    header = [_("Date"), _("Event"), _("Tariff"), _("Source"), _("Announced")]
    rows = ((one.event_date, one.code, one.tariff_code, one.source, one.announced_at.isoformat()) for one in _events())
    return csv_file("price-events.csv", header, rows)


def _events() -> list[prices.EventCard]:
    start, end = today() - timedelta(days=EVENTS_BACK_DAYS), today() + timedelta(days=EVENTS_AHEAD_DAYS)
    found = prices.announced(start_date=start, end_date=end)
    return sorted(found, key=lambda one: (one.event_date, one.tariff_code), reverse=True)


@allow(*BILLERS)
def announce(request: HttpRequest) -> HttpResponse:
    """Announce an event for a later day, for all tariffs chosen or for none."""
    form = EventForm(posted(request), initial={"event_date": today() + timedelta(days=1)})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            operations.announce_together(
                tariffs_by_event=form.by_event(), event_date=given["event_date"], source=given["source"],
                actor=actor_of(request),
            )  # fmt: skip
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("The event is announced; bills of that day have its hours."))
            return redirect("desk:events")
    return render(request, "desk/tariffs/announce.html", {"form": form})


@allow(*READERS)
def series(request: HttpRequest) -> HttpResponse:
    """List the price series with what is known of them."""
    rows, pager = page_of(request, prices.all_series())
    return render(request, "desk/tariffs/series.html", {"rows": rows, "pager": pager, "may_price": _may(request)})


@allow(*READERS)
def series_file(request: HttpRequest) -> StreamingHttpResponse:  # noqa: ARG001
    """Give the same as a file."""
    header = [_("Series"), _("Source"), _("First day"), _("Last day"), _("Days"), _("Days missing")]
    rows = ((c.code, c.source, c.first_day, c.last_day, c.days, c.missing) for c in prices.all_series())
    return csv_file("price-series.csv", header, rows)


@allow(*BILLERS)
def load_series(request: HttpRequest) -> HttpResponse:
    """Take in a file of hourly prices, all of it or nothing; its findings stand at their lines."""
    form = SeriesForm(posted(request), request.FILES or None)
    context: dict[str, Any] = {"form": form, "findings": None}
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            loaded = operations.load_prices(
                series=given["series"], text=given["file"], unit=given["unit"], source=given["source"],
                corrects=given["corrects"], actor=actor_of(request),
            )  # fmt: skip
        except Refused as refusal:
            found = refusal.detail.get("findings", ())
            if found:
                context["findings"] = found_at(((_line(one.where), one) for one in found), given["file"])
            else:
                form.refuse(refusal)
        else:
            said = ngettext("%(new)s new day, %(corrected)s corrected, %(same)s unchanged.",
                            "%(new)s new days, %(corrected)s corrected, %(same)s unchanged.", loaded.new)  # fmt: skip
            given = {"new": loaded.new, "corrected": loaded.corrected, "same": loaded.unchanged}
            messages.success(request, said % given)
            return redirect("desk:price_series")
    return render(request, "desk/tariffs/load_series.html", context)


def _line(where: str) -> int:
    digits = where.removeprefix("line ")
    return int(digits) if digits.isdigit() else 1


def _may(request: HttpRequest) -> bool:
    return bool(actor_of(request).roles & set(BILLERS))
