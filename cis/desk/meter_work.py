"""The phone page of meter work: number, seals, readings with photos of each register, checklist, finish."""

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from cis.desk import field
from cis.desk.answers import posted, today
from cis.desk.forms.checklists import ChecklistForm
from cis.desk.forms.meters import MeterWorkForm
from cis.desk.roles import FIELD_WORKERS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from metering.domain.meter_work import HANGS, METER_WORK, TAKES_DOWN, MeterReport, ReportedMeter
from metering.operations import meter_work
from metering.queries import checklists, meters
from metering.queries.work_orders import WorkCard, photos


@allow(*FIELD_WORKERS)
def show(request: HttpRequest, work_order_id: int) -> HttpResponse:
    """Show what is to be reported of the meters of an order; choose the meter first, then its registers are shown."""
    card = field.mine(request, work_order_id)
    if card.kind not in METER_WORK:
        raise Http404
    if card.state != "started":
        return redirect("desk:field_order", work_order_id)
    hanging = meters.hanging_at(service_point_id=card.service_point_id, on=today()) if card.service_point_id else ()
    old = hanging[0].serial if card.kind in TAKES_DOWN and hanging else ""
    serial = (request.POST.get("new_serial") or request.GET.get("serial", "")).strip() if card.kind in HANGS else ""
    codes = {"new": meters.counters_of(serial=serial), "old": meters.counters_of(serial=old)}
    checklist = checklists.one(code=card.checklist) if card.checklist else None
    form = MeterWorkForm(posted(request), **codes, initial={"new_serial": serial, "old_serial": old})
    answers = ChecklistForm(posted(request), checklist=checklist, initial={"request_key": uuid4().hex})
    if request.method == "POST" and form.is_valid() and answers.is_valid():
        try:
            meter_work.finish(
                work_order_id=work_order_id, report=_report(card, form, codes), answers=answers.answers(),
                note=answers.cleaned_data["note"], request_key=answers.cleaned_data["request_key"], today=today(),
                actor=actor_of(request),
            )  # fmt: skip
        except Refused as refusal:
            (answers if refusal.code == "bad_answers" else form).refuse(refusal)
        else:
            messages.success(request, _("Done. On to the next one."))
            return redirect("desk:field")
    return render(request, "field/meter.html", _context(card, form, answers, codes, serial))


def _report(card: WorkCard, form: MeterWorkForm, codes: dict[str, tuple[str, ...]]) -> MeterReport:
    given = form.cleaned_data
    hung = ReportedMeter(
        serial=given["new_serial"], multiplier=given["multiplier"] or 1,
        seals=tuple(given["seals"].replace(",", " ").upper().split()), readings=form.readings("new", codes["new"]),
    )  # fmt: skip
    down = ReportedMeter(serial=given["old_serial"], readings=form.readings("old", codes["old"]))
    return MeterReport(hung=hung if card.kind in HANGS else None, taken_down=down if card.kind in TAKES_DOWN else None)


def _context(
    card: WorkCard, form: MeterWorkForm, answers: ChecklistForm, codes: dict[str, tuple[str, ...]], serial: str
) -> dict[str, Any]:
    taken: dict[str, list[Any]] = {}
    for one in photos(work_order_id=card.id):
        taken.setdefault(one.item, []).append(one)
    rows = {
        prefix: [
            (code, f"{prefix}_{code}", form[f"{prefix}_{code}"], taken.get(f"{prefix}_{code}", [])) for code in found
        ]
        for prefix, found in codes.items()
    }
    return {
        **field.order_context(card, answers), "meter_form": form, "form": form, "answers_form": answers,
        "serial": serial, "is_known": bool(codes["new"]), "new_rows": rows["new"], "old_rows": rows["old"],
        "hangs": card.kind in HANGS,
        "takes_down": card.kind in TAKES_DOWN,
        "van": meters.of_crew(crew_id=card.crew_id) if card.crew_id and card.kind in HANGS else (),
        "van_seals": meters.seals_of_crew(crew_id=card.crew_id) if card.crew_id and card.kind in HANGS else (),
    }  # fmt: skip
