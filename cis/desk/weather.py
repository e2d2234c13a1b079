"""Temperatures on the desk: which are known, and a file of them taken in."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext

from cis.desk.answers import posted, today
from cis.desk.forms.load_forecasts import WeatherForm
from cis.desk.roles import METERERS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.phrases import Words, explain
from metering.operations import weather as operations
from metering.queries import network, weather


@allow(*METERERS)
def index(request: HttpRequest) -> HttpResponse:
    """Show which temperatures are known, and take in a file, all of it or nothing."""
    form = WeatherForm(posted(request), request.FILES or None, feeders=network.feeders(at=today()))
    findings: list[tuple[str, Words]] = []
    if request.method == "POST" and form.is_valid():
        try:
            loaded = operations.load(**form.given(), actor=actor_of(request))
        except Refused as refusal:
            findings = [
                (one.where.removeprefix("line "), explain(one.code, one.message, one.advice))
                for one in refusal.detail.get("findings", ())
            ]
            if not findings:
                form.refuse(refusal)
        else:
            said = ngettext("%(n)s hour is new or changed.", "%(n)s hours are new or changed.", loaded.changed)
            messages.success(request, said % {"n": loaded.changed})
            return redirect("desk:load_weather")
    context: dict[str, Any] = {"form": form, "series": weather.listed(), "findings": findings}
    return render(request, "desk/forecasts/weather.html", context)
