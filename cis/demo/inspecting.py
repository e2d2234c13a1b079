"""Safety inspections as the demo shows them: in every state, with defects in every state, and an important place."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from io import BytesIO

from django.utils import timezone
from PIL import Image, ImageDraw

from cis.demo.field_work import DESK, picture
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform import deadlines
from contracts.domain.important import Backup, Entry
from contracts.domain.inspection import Grade, Severity, Supply
from contracts.operations import defects, important, inspection_notices, inspections
from contracts.queries import defects as defect_queries
from contracts.queries import inspection_facts
from contracts.queries import inspections as queries
from metering.domain.checklists import Item, ItemKind
from metering.operations import work_answers, work_orders
from metering.queries import checklists, crews

BOSS = Actor(ActorKind.STAFF, None, "demo", frozenset({Role.SUPERVISOR, Role.METERING}))
CREW = Actor(ActorKind.STAFF, None, "demo", frozenset({Role.FIELD}))
ANSWERED = {ItemKind.YES_NO: "yes", ItemKind.NUMBER: "1.00", ItemKind.CHOICE: ""}
REASON = "客户申请 asked for by the customer"
LONG_AGO = timedelta(days=75)


def build(*, today: date) -> int:
    """
    Plan inspections and let some be made; return how many there are. Nothing is written past the doors.

    The supplies that a plan inspects by the calendar come first, then homes whose holders asked for it.
    """
    found = inspection_facts.supplies(on=today, after_id=0, most=400)
    chosen = sorted(found, key=lambda one: (one.use == "residential", one.agreement_id))[: len(FATES)]
    for place, (supply, fate) in enumerate(zip(chosen, FATES, strict=False)):
        fate(_planned(supply, today + timedelta(days=4 * place - 6), today), today)
    if chosen:
        _important(chosen[0], today)
    inspections.plan_due(today=today)
    deadlines.sweep(timezone.now())
    return len(chosen)


def _planned(supply: Supply, due_date: date, today: date) -> int:
    return inspections.plan(agreement_id=supply.agreement_id, due_date=due_date, reason=REASON, today=today, actor=DESK)


def _stay(_inspection_id: int, _today: date) -> None:
    """Leave it planned."""


def _order(inspection_id: int, _today: date) -> None:
    inspections.order(inspection_ids=[inspection_id], actor=DESK)


def _with_crew(inspection_id: int, today: date) -> None:
    _order(inspection_id, today)
    _assign(inspection_id, today)


def _pass(inspection_id: int, today: date) -> None:
    _make(inspection_id, today, bad=0)


def _fail(inspection_id: int, today: date) -> None:
    """Find two grave defects; the customer signs for the notice on the crew's phone."""
    _make(inspection_id, today, bad=2)
    _shoot(inspection_id)
    inspection_notices.issue(inspection_id=inspection_id, signer_name="李明", signature=_signature(), actor=CREW)


def _refuse(inspection_id: int, today: date) -> None:
    """Find one defect; nobody signs for the notice."""
    _make(inspection_id, today, bad=1)
    inspection_notices.issue(inspection_id=inspection_id, refusal="用户不在场 nobody at home", actor=CREW)


def _claim(inspection_id: int, today: date) -> None:
    """Find one defect that the customer says is mended."""
    _refuse(inspection_id, today)
    for one in _found(inspection_id):
        defects.claim(defect_id=one, note="已更换漏电保护器 replaced", evidence=[picture()], actor=BOSS)


def _rectify(inspection_id: int, today: date) -> None:
    """Find a defect that a crew sees mended afterwards."""
    _make(inspection_id, today, bad=1)
    for one in _found(inspection_id):
        defects.rectify(defect_id=one, reason="现场复核合格 seen in order", actor=BOSS)


def _let_pass(inspection_id: int, today: date) -> None:
    """Enter what was found long ago, and is still there."""
    _make(inspection_id, today, bad=0)
    defects.add(
        inspection_id=inspection_id, code="other", severity=Severity.GENERAL, note="二楼配电间 second floor",
        text="配电箱前堆放杂物，影响操作和抢修 Things are stored in front of the distribution board",
        actor=BOSS, found_at=timezone.now() - LONG_AGO,
    )  # fmt: skip


def _waive(inspection_id: int, today: date) -> None:
    _make(inspection_id, today, bad=0)
    made = defects.add(
        inspection_id=inspection_id, code="other", severity=Severity.GENERAL, note="",
        text="标识褪色 Labels have faded", actor=BOSS,
    )  # fmt: skip
    defects.waive(defect_id=made, reason="不影响安全 no danger", actor=BOSS)


FATES: Sequence[Callable[[int, date], None]] = (
    _fail, _with_crew, _refuse, _stay, _pass, _order, _claim, _let_pass, _rectify, _waive, _stay, _pass,
)  # fmt: skip
"""What becomes of each inspection; the first is that of an important place."""


def _assign(inspection_id: int, today: date) -> int:
    work_order_id = queries.one(inspection_id=inspection_id).work_order_id
    assert work_order_id is not None
    crew = next(iter(crews.listed()))
    work_orders.assign(work_order_ids=[work_order_id], crew_id=crew.id, planned_date=today, actor=DESK)
    return work_order_id


def _make(inspection_id: int, today: date, *, bad: int) -> None:
    """Let a crew do the work of an inspection: all is in order but the first ``bad`` questions."""
    _order(inspection_id, today)
    work_order_id = _assign(inspection_id, today)
    work_orders.start(work_order_id=work_order_id, actor=DESK)
    items = checklists.one(code=queries.one(inspection_id=inspection_id).checklist).items
    for item in items:
        if item.kind is ItemKind.PHOTO and item.is_required:
            work_answers.add_photo(work_order_id=work_order_id, item=item.code, source=picture(), actor=DESK)
    wrong = [item.code for item in items if item.kind is ItemKind.YES_NO and item.defect is not None][:bad]
    answers = {item.code: _fine(item) for item in items if item.is_required and item.kind in ANSWERED}
    work_orders.finish(
        work_order_id=work_order_id, outcome="defects" if wrong else "passed",
        answers=answers | dict.fromkeys(wrong, "no"), note="", actor=DESK,
    )  # fmt: skip


def _fine(item: Item) -> str:
    if item.kind is ItemKind.CHOICE:
        wrong = set(item.defect.answers) if item.defect is not None else set()
        return next(one.code for one in item.choices if one.code not in wrong)
    return ANSWERED[item.kind]


def _found(inspection_id: int) -> tuple[int, ...]:
    cards = defect_queries.of_inspections(inspection_ids=[inspection_id]).get(inspection_id, ())
    return tuple(one.id for one in cards)


def _shoot(inspection_id: int) -> None:
    for one in _found(inspection_id):
        defects.add_photo(defect_id=one, source=picture(), actor=CREW)


def _signature() -> BytesIO:
    """Draw what stands for a signature on glass."""
    sheet = Image.new("RGB", (600, 200), "white")
    ImageDraw.Draw(sheet).line(
        [(60, 120), (120, 50), (140, 150), (210, 70), (250, 140), (330, 90), (420, 130), (520, 60)],
        fill=(16, 32, 48), width=5, joint="curve",
    )  # fmt: skip
    written = BytesIO()
    sheet.save(written, "PNG")
    written.seek(0)
    return written


def _important(supply: Supply, today: date) -> None:
    """Enter a place into the register of important customers."""
    entry = Entry(
        service_point_id=supply.service_point_id, grade=Grade.SECOND, backup=Backup.GENERATOR, backup_va=500_000,
        security_va=400_000, start_date=today, end_date=None,
        reason="停电将造成较大经济损失，经信部门认定 great loss without supply, by the authority's list",
    )  # fmt: skip
    important.enter(entry=entry, today=today, actor=BOSS)
