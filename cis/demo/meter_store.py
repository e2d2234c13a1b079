"""The store of meters as the demo shows it: a delivery, seals, vans, one meter hung up and energized, commands."""

from datetime import date, timedelta

from accounts.queries import accounts
from billing.operations import cycles, energizing
from billing.queries import bills
from billing.queries import cycles as cycle_queries
from cis.demo.field_work import DESK, picture
from cis.kernel.actors import SYSTEM
from contracts.queries import agreements
from metering.domain.checklists import ItemKind
from metering.domain.device_commands import Command
from metering.domain.meter_store import COLUMNS, MeterKind
from metering.domain.meter_work import MeterReport, ReportedMeter
from metering.domain.places import NewPlace
from metering.domain.sandbox_meters import Behaviour
from metering.domain.work_orders import WorkKind
from metering.operations import (
    device_commands,
    meter_store,
    meter_work,
    places,
    sandbox_meters,
    seals,
    work_answers,
    work_orders,
)
from metering.queries import checklists, crews, meters
from metering.queries import work_orders as orders
from metering.queries.meters import WantedMeters

DELIVERED = (
    (MeterKind.TOTAL, "DDZY285", 24),
    (MeterKind.PEAK_VALLEY, "DDZY285-Z", 10),
    (MeterKind.INDUSTRY, "DSZ331", 4),
)
CERTIFIED_DAYS = {MeterKind.INDUSTRY: 5 * 365}
ANSWERS = {"no_voltage": "yes", "wiring_right": "yes"}
FATES = (
    (Command.READ_NOW, Behaviour.OBEYS), (Command.SWITCH_ON, Behaviour.REFUSES),
    (Command.READ_NOW, Behaviour.ANSWERS_TWICE), (Command.SWITCH_ON, Behaviour.SILENT),
    (Command.SWITCH_ON, Behaviour.OBEYS),
)  # fmt: skip


def build(*, run_id: int, today: date) -> None:
    """Fill the store, send meters out, hang one up and energize it, order commands; all by the real doors."""
    meter_store.deliver(data=_delivery(today), name=f"{today:%Y-%m}.csv", actor=DESK)
    seals.receive(first="F2600001", last="F2600200", actor=DESK)
    at_work = crews.listed(only_active=True)
    for number, crew in enumerate(at_work):
        found = meters.listed(wanted=WantedMeters(state="in_store", text="DDZY285"), most=6)
        meter_store.issue(serials=[row.serial for row in found], crew_id=crew.id, actor=DESK)
        ends = [f"F26{number * 40 + place:05d}" for place in (1, 20)]
        seals.give_out(first=ends[0], last=ends[1], crew_id=crew.id, actor=DESK)
    cycle = next(iter(cycle_queries.listed()), None)
    if at_work and cycle:
        cycles.set_rule(district="", use_class="", cycle_code=cycle.code, actor=SYSTEM)
        _connect(run_id, at_work[0].id, today)
    for row, (command, behaviour) in zip(_hung(), FATES, strict=False):
        sandbox_meters.set_behaviour(serial=row.serial, behaviour=behaviour, load_w=400)
        device_commands.order(meter_id=row.id, command=command, actor=DESK)


def _hung() -> tuple[meters.MeterRow, ...]:
    """Return meters of customers, not the one that is being energized."""
    rows = meters.listed(wanted=WantedMeters(state="installed"), most=len(FATES) + 1)
    return tuple(row for row in rows if not row.certificate)


def _delivery(today: date) -> bytes:
    lines = [",".join(COLUMNS)]
    for kind, model, count in DELIVERED:
        until = today + timedelta(days=CERTIFIED_DAYS.get(kind, 8 * 365))
        for _ in range(count):
            serial = f"26{len(lines):08d}"
            lines.append(f"{serial},{model},{kind},JD{serial},{today - timedelta(days=20)},{until}")
    return "\n".join(lines).encode()


def _connect(run_id: int, crew_id: int, today: date) -> None:
    """Hang a meter up for a customer who has one more supply, inspect it, and switch it on."""
    account_id = bills.of_run(run_id=run_id, state="issued", most=3)[-1].account_id
    number = accounts.overview(account_id=account_id, at_date=today).number
    term = agreements.of_account(account_id=account_id)[0].terms[-1]
    place = NewPlace(service_point="G26000001", premises="", address="上海市徐汇区天平路16号车库", district="徐汇区")
    point = places.create(place=place, actor=DESK).service_point_id
    made = _started(WorkKind.METER_INSTALL, point, number, crew_id, today)
    for item in ("new_total", "photo_meter"):
        work_answers.add_photo(work_order_id=made, item=item, source=picture(), actor=DESK)
    serial = next(row.serial for row in meters.of_crew(crew_id=crew_id) if row.model == DELIVERED[0][1])
    hung = ReportedMeter(serial=serial, seals=meters.seals_of_crew(crew_id=crew_id, most=2), readings={"total": 1_200})
    meter_work.finish(
        work_order_id=made, report=MeterReport(hung=hung), answers=ANSWERS, note="", request_key="demo", today=today,
        actor=DESK,
    )  # fmt: skip
    checked = _started(WorkKind.INSPECTION, point, number, crew_id, today)
    work_answers.add_photo(work_order_id=checked, item="photo_room", source=picture(), actor=DESK)
    work_orders.finish(work_order_id=checked, outcome="passed", answers=_in_order(checked), note="", actor=DESK)
    energizing.order(
        subject="service_point", subject_id=point, service_point_id=point, account_id=account_id,
        tariff_id=term.tariff_id, household=term.household, agreed=term.agreed, today=today, actor=DESK,
    )  # fmt: skip


def _in_order(work_order_id: int) -> dict[str, str]:
    """Answer all that the list of an inspection asks: nothing is wrong, and there is no backup supply."""
    fine = {ItemKind.YES_NO: "yes", ItemKind.NUMBER: "1.00", ItemKind.CHOICE: "none"}
    checklist = checklists.one(code=orders.one(work_order_id=work_order_id).checklist)
    return {item.code: fine[item.kind] for item in checklist.items if item.is_required and item.kind in fine}


def _started(kind: WorkKind, point: int, account: str, crew_id: int, today: date) -> int:
    made = work_orders.create(
        kind=kind, service_point_id=point, facts={"account": account}, due_date=today + timedelta(days=3), actor=DESK
    )
    work_orders.assign(work_order_ids=[made], crew_id=crew_id, planned_date=today, actor=DESK)
    work_orders.start(work_order_id=made, actor=DESK)
    return made
