"""The phone page of a special reading: what each counter shows, with photos, checklist, finish."""

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from cis.desk import field
from cis.desk.answers import posted, today
from cis.desk.forms.checklists import ChecklistForm
from cis.desk.forms.meters import ReReadForm
from cis.desk.roles import FIELD_WORKERS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from metering.domain.work_orders import WorkKind
from metering.operations import re_reads as operations
from metering.queries import checklists, re_reads
from metering.queries.re_reads import CounterHere
from metering.queries.work_orders import WorkCard, photos


@allow(*FIELD_WORKERS)
def show(request: HttpRequest, work_order_id: int) -> HttpResponse:
    """Take in what the counters of an order show, and finish it."""
    card = field.mine(request, work_order_id)
    if card.kind != WorkKind.RE_READ or card.service_point_id is None:
        raise Http404
    if card.state != "started":
        return redirect("desk:field_order", work_order_id)
    counters = re_reads.counters(service_point_id=card.service_point_id, on=today())
    checklist = checklists.one(code=card.checklist) if card.checklist else None
    form = ReReadForm(posted(request), counters=counters)
    answers = ChecklistForm(posted(request), checklist=checklist, initial={"request_key": uuid4().hex})
    if request.method == "POST" and form.is_valid() and answers.is_valid():
        try:
            operations.finish(
                work_order_id=work_order_id, readings=form.readings(), answers=answers.answers(),
                note=answers.cleaned_data["note"], request_key=answers.cleaned_data["request_key"], today=today(),
                actor=actor_of(request),
            )  # fmt: skip
        except Refused as refusal:
            (answers if refusal.code == "bad_answers" else form).refuse(refusal)
        else:
            messages.success(request, _("Done. On to the next one."))
            return redirect("desk:field")
    return render(request, "field/re_read.html", _context(card, form, answers, counters))


def _context(
    card: WorkCard, form: ReReadForm, answers: ChecklistForm, counters: tuple[CounterHere, ...]
) -> dict[str, Any]:
    taken: dict[str, list[Any]] = {}
    for one in photos(work_order_id=card.id):
        taken.setdefault(one.item, []).append(one)
    serials = dict.fromkeys(counter.serial for counter in counters)
    meters = [
        (serial, [
            (one.code, f"now_{one.register_id}", form[f"reading_{one.register_id}"],
             taken.get(f"now_{one.register_id}", []))
            for one in counters if one.serial == serial
        ])
        for serial in serials
    ]  # fmt: skip
    return {**field.order_context(card, answers), "form": form, "answers_form": answers, "meters": meters}
