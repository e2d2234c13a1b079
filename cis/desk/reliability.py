"""How reliable the supply is: SAIDI, SAIFI and CAIDI by month and by area, as chart, figures and file."""

from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from cis.desk.answers import csv_file, today
from cis.desk.roles import READERS
from cis.kernel.periods import add_months, month_of
from cis.platform.access import allow
from cis.platform.forms import PageForm
from metering.domain.reliability import Indices, text
from metering.queries import outage_places, outages, reliability
from metering.queries.reliability import Reliability

MONTHS = 12
PLACES, FREQUENCY_PLACES = 2, 4


class ReliabilityForm(PageForm):
    """Of what the indices are."""

    year = forms.ChoiceField(label=gettext_lazy("Year"), required=False)
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), required=False,
        choices=[("", gettext_lazy("All")), ("fault", gettext_lazy("Faults")), ("planned", gettext_lazy("Planned"))],
    )  # fmt: skip
    district = forms.ChoiceField(label=gettext_lazy("District"), required=False)

    def __init__(self, *args: Any, districts: tuple[str, ...], until: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        years = [
            ("", gettext_lazy("Last twelve months")),
            *((str(until.year - n), str(until.year - n)) for n in range(6)),
        ]
        self.fields["year"].choices = years  # type: ignore[attr-defined]
        self.fields["district"].choices = [  # type: ignore[attr-defined]
            ("", gettext_lazy("All districts")), *((one, one) for one in districts)
        ]  # fmt: skip


@allow(*READERS)
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Show the indices by month as a chart, by month and by area as figures."""
    form, found = _found(request)
    context: dict[str, Any] = {"form": form, "tab": "reliability", "is_offered": found is not None}
    if found is not None:
        context |= {
            "total": _cells(found.total),
            "months": [(month, _cells(one)) for month, one in found.by_month.items()],
            "areas": [(name, _cells(one)) for name, one in found.by_area.items()],
            "chart": _chart(found),
            "is_filtered": any(form.cleaned_data.values()) if form.is_valid() else False,
            "query": request.GET.urlencode(),
        }
    return render(request, "desk/outages/reliability.html", context)


@allow(*READERS)
@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Give the figures by month and by area as a file."""
    _form, found = _found(request)
    header = [
        _("Month or district"), _("Supplies"), _("Interruptions"), _("Momentary"), _("SAIFI"), _("SAIDI (min)"),
        _("CAIDI (min)"),
    ]  # fmt: skip
    rows = [] if found is None else [
        *((month.isoformat()[:7], *_cells(one).values()) for month, one in found.by_month.items()),
        *((name or _("no district"), *_cells(one).values()) for name, one in found.by_area.items()),
    ]  # fmt: skip
    return csv_file("reliability.csv", header, rows)


def _found(request: HttpRequest) -> tuple[ReliabilityForm, Reliability | None]:
    form = ReliabilityForm(request.GET, districts=outages.districts(), until=today())
    given = form.cleaned_data if form.is_valid() else {}
    if not outage_places.is_offered(at=today()):
        return form, None
    year = given.get("year") or ""
    since = date(int(year), 1, 1) if year else add_months(month_of(today()).start, 1 - MONTHS)
    return form, reliability.of_months(
        since=since, months=MONTHS, zone_name=settings.TIME_ZONE, kind=given.get("kind") or "",
        district=given.get("district") or "",
    )  # fmt: skip


def _cells(one: Indices) -> dict[str, object]:
    return {
        "served": one.served, "interruptions": one.interruptions, "momentary": one.momentary,
        "saifi": text(one.saifi, places=FREQUENCY_PLACES), "saidi": text(one.saidi, places=PLACES),
        "caidi": text(one.caidi, places=PLACES),
    }  # fmt: skip


def _chart(found: Reliability) -> dict[str, Any]:
    """Return minutes a supply by month, in hundredths, as the chart of sums takes them."""
    hundredths = [int(text(one.saidi, places=PLACES).replace(".", "") or 0) for one in found.by_month.values()]
    return {
        "labels": [f"{month:%Y-%m}" for month in found.by_month],
        "series": [{"name": _("SAIDI (min)"), "values": hundredths}],
        "words": {"symbol": ""},
    }
