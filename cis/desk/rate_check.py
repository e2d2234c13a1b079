"""The rate check: any usage against any version of the price book, line by line; nothing is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.domain.privacy import LookPurpose
from accounts.operations import customers as customer_operations
from accounts.queries import accounts, supplier
from billing.queries import bills, rated_segments
from cis.desk.answers import or_404, today
from cis.desk.forms.rate_check import CaseForm, VersionForm
from cis.desk.roles import READERS
from cis.kernel.errors import Refused
from cis.kernel.periods import Period, add_months, month_of
from cis.platform import calendars, typed
from cis.platform.access import actor_of, allow
from cis.platform.templatetags.local import in_language, kwh, money
from tariffs.domain import cases
from tariffs.domain.cases import CaseLine, CasePart, RatedCase
from tariffs.domain.plan import TOTAL, Plan
from tariffs.queries import versions


@dataclass(frozen=True, slots=True, kw_only=True)
class PartView:
    """A component with what it was charged on, in words, and its lines."""

    label: str
    notes: tuple[str, ...]
    lines: tuple[CaseLine, ...]


@allow(*READERS)
def check(request: HttpRequest) -> HttpResponse:
    """Rate usage by a version: the form is made of what the version needs."""
    chooser = VersionForm(request.GET or None, rows=versions.listed())
    context: dict[str, Any] = {"chooser": chooser}
    if chooser.is_valid():
        context |= _rated(request, chooser.cleaned_data["version"])
    return render(request, "desk/tariffs/check.html", context)


def _rated(request: HttpRequest, version_id: int) -> dict[str, Any]:
    document, card = versions.document_of(version_id), versions.one(version_id=version_id)
    start, end, texts, segment = _beginning(request, document.plan)
    asked = request.GET if "from_date" in request.GET else None
    form = CaseForm(asked, plan=document.plan, texts=texts, initial={"from_date": start, "to_date": end})
    found: dict[str, Any] = {
        "form": form,
        "cell_fields": form.cell_fields(),
        "card": card,
        "standing": card.standing(today()),
        "plan": document.plan,
        "segment": segment,
    }
    if not (form.is_bound and form.is_valid()):
        return found
    days = calendars.business_calendar(supplier.country())
    values = form.values(holidays=days.holidays, makeup_days=days.makeup_days)
    try:
        rated = cases.rated(document=document, values=values)
    except Refused as refusal:
        form.refuse_case(refusal)
        return found
    name = _("%(days)s days from %(start)s") % {"days": form.period().days, "start": form.period().start}
    return {
        **found,
        "rated": rated,
        "parts": [_part(document.plan, part, rated) for part in rated.parts],
        "cuts": _cuts(document.plan, form.period()),
        "vector": cases.vector_text(plan=document.plan, vector=rated.vector, values=values, name=name),
    }


def _beginning(request: HttpRequest, plan: Plan) -> tuple[date, date, Mapping[str, str], int | None]:
    """
    Return the span and the values that the form begins with: those of a bill's segment, else the last month.

    That somebody looked at a customer's use is recorded.
    """
    last = month_of(add_months(month_of(today()).start, -1))
    segment_id = typed.number(request.GET.get("segment", ""))
    if segment_id is None:
        return last.start, last.end, {}, None
    with or_404():
        one = rated_segments.one(segment_id=segment_id)
        card = bills.one(bill_id=one.bill_id).card
    account = accounts.overview(account_id=card.account_id, at_date=card.start_date)
    customer_operations.record_look(customer_id=account.holder.id, actor=actor_of(request), purpose=LookPurpose.BILLING)
    return one.start_date, one.end_date, _adapted(one.values, plan), one.bill_id


def _adapted(values: Mapping[str, Any], plan: Plan) -> dict[str, str]:
    """Return the values of a bill as a form of another version takes them; what does not fit is left out."""
    flat: dict[str, str] = {}

    def spread(value: Any, path: str) -> None:
        if isinstance(value, dict):
            for key, one in value.items():
                spread(one, f"{path}.{key}" if path else key)
        else:
            flat[path] = " ".join(str(one) for one in value) if isinstance(value, list) else str(value)

    spread(values, "")
    used = values.get("used_kwh")
    if plan.periods == TOTAL and isinstance(used, dict):
        flat["used_kwh"] = rated_segments.sum_kwh(used.values())
    elif isinstance(used, dict) and set(used) - set(plan.periods):
        # Energy of other periods has no place here: all of it is to be typed or spread.
        flat = {path: text for path, text in flat.items() if not path.startswith("used_kwh.")}
    return flat


def _part(plan: Plan, part: CasePart, rated: RatedCase) -> PartView:
    notes = []
    if not part.is_charged:
        notes.append(_("does not hold in this month or for this agreement"))
    if part.base_minor is not None and part.is_charged:
        notes.append(_("charged on %(amount)s") % {"amount": money(part.base_minor, plan.currency)})
    for period, limits in part.limits_wh.items() if part.is_charged else ():
        given = {
            "limits": " / ".join(kwh(one) for one in limits),
            "period": in_language(dict(plan.labels.get(period, {}))),
        }
        notes.append((_("steps end at %(limits)s kWh %(period)s") % given).strip())
    if part.limits_wh and part.is_charged and rated.vector.before_wh:
        notes.append(_("%(energy)s kWh were counted before") % {"energy": kwh(rated.vector.before_wh)})
    return PartView(label=in_language(dict(part.labels)) or part.code, notes=tuple(notes), lines=part.lines)


def _cuts(plan: Plan, period: Period) -> list[date]:
    """Return the days inside the span at which a bill would be cut, so that it is more than this one segment."""
    seasons = [
        part.start for part in period.months() if part.start > period.start and part.start.month in plan.season_starts
    ]
    return sorted({*seasons, *plan.tier_cycle.cuts(period=period)})
