"""Work in the field as the demo shows it: crews, slots of the next days, orders in every state."""

from collections.abc import Mapping
from datetime import date, timedelta
from io import BytesIO
from itertools import cycle

from django.utils import timezone
from PIL import Image, ImageDraw

from accounts.queries import users
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform import packs
from cis.platform.calendars import business_calendar
from metering.domain.appointments import hours_of
from metering.domain.work_orders import Hindrance, WorkKind
from metering.operations import appointments, crews, work_answers, work_orders
from metering.queries import appointments as slots
from metering.queries import search

DESK = Actor(ActorKind.STAFF, None, "demo", frozenset({Role.METERING}))
CREWS = (("一班 East crew", ("浦东新区", "杨浦区", "宝山区")), ("二班 West crew", ()))
SLOT_DAYS = 10
ANSWERS: Mapping[WorkKind, Mapping[str, str]] = {
    WorkKind.CUT: {"right_place": "yes", "life_support_asked": "yes"},
    WorkKind.RECONNECT: {"customer_told": "yes", "voltage": "231.4"},
}
PLANNED = (
    (WorkKind.RE_READ, "done"), (WorkKind.REPAIR, "today"), (WorkKind.RE_READ, "today"), (WorkKind.REPAIR, "open"),
    (WorkKind.RECONNECT, "done"), (WorkKind.RE_READ, "failed"), (WorkKind.REPAIR, "booked"), (WorkKind.RE_READ, "open"),
    (WorkKind.CUT, "today"), (WorkKind.REPAIR, "late"), (WorkKind.RE_READ, "booked"), (WorkKind.REPAIR, "today"),
)  # fmt: skip
WHY = {
    WorkKind.RE_READ: "reading far above the usual 读数异常", WorkKind.REPAIR: "meter shows nothing 电表无显示",
    WorkKind.CUT: "asked for by the customer 客户申请", WorkKind.RECONNECT: "paid 已缴清",
}  # fmt: skip


def build(*, today: date, field_users: tuple[str, ...]) -> int:
    """
    Form crews of the field workers, open slots and order work; returns the number of orders.

    Each order goes the way of a real one, so that its history, answers and photos are as they would be.
    """
    workers = [card for card in users.with_role(role=Role.FIELD) if card.username in field_users]
    ids = [
        crews.create(name=name, areas=areas, kinds=(), member_ids=[worker.id], actor=SYSTEM)
        for (name, areas), worker in zip(CREWS, workers, strict=False)
    ]
    _open_slots(ids, today)
    hits = search.find(text="路", at_date=today, limit=len(PLANNED))
    for (kind, fate), hit, crew_id in zip(PLANNED, hits, cycle(ids), strict=False):
        days = -2 if fate == "late" else 4
        made = work_orders.create(
            kind=kind, service_point_id=hit.service_point_id, facts={"reason": WHY[kind]},
            due_date=today + timedelta(days=days), actor=DESK,
        )  # fmt: skip
        _go(made, kind, fate, crew_id, today)
    return len(hits)


def _open_slots(crew_ids: list[int], today: date) -> None:
    rule = packs.rule("appointment_slots", at=today)
    calendar = business_calendar(packs.rule("holiday_country", at=today))
    days = [today + timedelta(days=n) for n in range(1, SLOT_DAYS + 1)]
    for crew_id in crew_ids:
        appointments.open_slots(
            crew_id=crew_id, dates=[day for day in days if calendar.is_business_day(day)],
            hours=hours_of(texts=rule["hours"].split(",")), capacity=rule["capacity"], actor=SYSTEM,
        )  # fmt: skip


def _go(work_order_id: int, kind: WorkKind, fate: str, crew_id: int, today: date) -> None:
    if fate == "booked":
        found = slots.free_slots(district="", kind=kind, after=timezone.localtime(), most=1)
        if found:
            appointments.book(work_order_id=work_order_id, slot_id=found[0].id, actor=DESK)
    if fate in {"today", "done", "failed"}:
        work_orders.assign(work_order_ids=[work_order_id], crew_id=crew_id, planned_date=today, actor=DESK)
    if fate == "failed":
        work_orders.fail(
            work_order_id=work_order_id, hindrance=Hindrance.NOBODY_THERE, note="rang twice 两次敲门无人", actor=DESK
        )
    if fate == "done":
        work_orders.start(work_order_id=work_order_id, actor=DESK)
        if kind in {WorkKind.CUT, WorkKind.RECONNECT}:
            work_answers.add_photo(work_order_id=work_order_id, item="photo_meter", source=picture(), actor=DESK)
        work_orders.finish(
            work_order_id=work_order_id, outcome="done", answers=ANSWERS.get(kind, {}), note="", actor=DESK
        )


def picture() -> BytesIO:
    """Draw what stands for a photo of a meter."""
    picture = Image.new("RGB", (960, 720), (96, 104, 110))
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle((250, 90, 710, 640), radius=30, fill=(226, 229, 224), outline=(60, 66, 70), width=8)
    pen.rectangle((330, 180, 630, 290), fill=(173, 190, 160), outline=(60, 66, 70), width=4)
    pen.text((380, 205), "004271.6", fill=(30, 36, 30), font_size=60)
    pen.text((400, 330), "kWh  220 V", fill=(60, 66, 70), font_size=36)
    pen.ellipse((440, 430, 520, 510), fill=(180, 60, 50))
    written = BytesIO()
    picture.save(written, "JPEG", quality=85)
    written.seek(0)
    return written
