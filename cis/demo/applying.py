"""Applications for a supply as the demo shows them: at each step of the way, some late, one of a building of flats."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from billing.operations import connections
from billing.operations.connections import FirstRead, MeterToHang, Supply
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform import documents
from contracts.domain.application_workflow import ApplicationAction, ApplicationState
from contracts.domain.applications import Applicant, ApplicationChannel, Item, Load, NewApplication
from contracts.operations import application_cases, application_intake, surveys
from contracts.operations import applications as steps_of
from contracts.queries import applications
from contracts.queries import surveys as surveys_of
from contracts.queries.applications import Wanted
from metering.domain.places import NewPlace, NewRegister
from metering.operations import network
from metering.queries import network as network_of
from tariffs.queries import plans

CLERK = Actor(ActorKind.STAFF, None, "demo", frozenset({Role.CLERK, Role.FIELD, Role.SUPERVISOR}))
NAMES = ("陈静", "李娜", "刘洋", "赵磊", "周婷", "吴强", "郑爽", "孙悦", "马超", "朱琳", "胡军", "林峰")
PLANNED = (
    "energized", "energized", "metered", "contracted", "offered", "surveyed", "surveying", "documented", "applied",
    "lacking", "rejected", "flats",
)  # fmt: skip
"""How far each application comes; the first ones are the oldest."""
PAPERS = ("identity", "premises_right")
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
LOADS = (
    Load(name="空调", power_w=2_500, count=3),
    Load(name="电热水器", power_w=2_000),
    Load(name="照明", power_w=15, count=30),
)


def build(*, tariff: str) -> int:
    """
    File the applications and walk each to its state; return how many. Done before: nothing.

    tariff  code of that of homes
    """
    if applications.count(wanted=Wanted()):
        return 0
    now = timezone.now()
    for place, end in enumerate(PLANNED):
        _one(place, end, now - timedelta(days=2 * (len(PLANNED) - place)), tariff)
    return len(PLANNED)


def _one(place: int, end: str, at: datetime, tariff: str) -> None:
    items: tuple[Item, ...] = (Item(capacity_w=8_000),)
    if end == "flats":
        items = tuple(Item(unit=f"{floor}-{flat}", capacity_w=8_000) for floor in range(1, 11) for flat in range(1, 5))
    papers = () if end == "lacking" else PAPERS
    new = NewApplication(
        applicant=Applicant(
            kind="resident", name=NAMES[place], id_number=_id_number(place), phone=f"1390000{place:04d}"
        ),
        address=f"上海市普陀区长寿路{100 + place}号",
        district="普陀区",
        items=items,
        loads=LOADS,
        documents=tuple((kind, _paper(place, kind)) for kind in papers),
    )
    channel = (ApplicationChannel.DESK, ApplicationChannel.PORTAL)[place % 2]
    filed = application_intake.file(application=new, channel=channel, actor=CLERK, at=at)
    if end == "rejected":
        application_cases.move(
            application_id=filed.id, action=ApplicationAction.REJECT, reason="该地址不在供电范围内", actor=CLERK, at=at
        )
    elif end in set(ApplicationState):
        _walk(filed.id, ApplicationState(end), at, tariff)


def _walk(application_id: int, end: ApplicationState, at: datetime, tariff: str) -> None:
    """Carry out steps, one a day, until a state is reached."""
    case: dict[str, Any] = {"application_id": application_id, "actor": CLERK}
    steps: tuple[tuple[ApplicationState, Callable[..., object], dict[str, Any]], ...] = (
        (ApplicationState.DOCUMENTED, application_cases.confirm_documents, {"today": at.date()}),
        (ApplicationState.SURVEYING, application_cases.assign_survey, {"today": at.date()}),
        (ApplicationState.SURVEYED, _survey, {}),
        (ApplicationState.OFFERED, _in_one(steps_of.offer_step), {}),
        (ApplicationState.CONTRACTED, _in_one(steps_of.sign_step), {"contract_number": ""}),
        (ApplicationState.METERED, _in_one(steps_of.install_meter_step), {}),
        (ApplicationState.ENERGIZED, _in_one(_energize), {"tariff": tariff}),
    )
    if end is ApplicationState.APPLIED:
        return
    for day, (state, step, more) in enumerate(steps):
        step(**case, **more, at=at + timedelta(days=day))
        if state is end:
            return


def _in_one(step: Callable[..., object]) -> Callable[..., object]:
    """Let a step of other use cases stand for one: offer, contract, work order and switch are shown elsewhere."""

    def done(**given: Any) -> object:
        with transaction.atomic():
            return step(**given)

    return done


def _survey(*, application_id: int, at: datetime, actor: Actor) -> None:
    """Plan the service points where there is room, and report them as a survey that was made elsewhere."""
    with transaction.atomic():
        points = _planned(application_id, at, actor)
    surveys.report_points(application_id=application_id, points=points, actor=actor, at=at)


def _planned(application_id: int, at: datetime, actor: Actor) -> dict[int, int]:
    row = applications.one(application_id=application_id, at=at).row
    supplies = surveys_of.supplies_of(application_id=application_id)
    (bank, *_) = network_of.suggested(
        capacity_w=row.capacity_w, voltage=supplies[0].voltage, district="", at=timezone.localdate(at)
    )
    new = [
        NewPlace(
            service_point=f"{row.number}-{one.seq + 1}", premises=f"{row.number}-P", address=row.address,
            voltage=one.voltage, capacity_w=one.capacity_w, transformer=bank.external_id,
        )
        for one in supplies
    ]  # fmt: skip
    made = network.plan_points_step(new=new, actor=actor)
    return {one.item_id: made[place.service_point] for one, place in zip(supplies, new, strict=True)}


def _energize(*, application_id: int, tariff: str, at: datetime, actor: Actor) -> None:
    """Hang up a meter, begin the supply, and end the application with it."""
    detail = applications.one(application_id=application_id, at=at)
    (item,) = detail.items
    assert detail.account_id is not None
    assert item.service_point_id is not None
    meter = MeterToHang(
        serial=f"DDZY{detail.row.number[1:]}", registers=(NewRegister(code="total"),), multiplier=1, model="DDZY285",
        first_reads=(FirstRead(register="total", reading_wh=0),),
    )  # fmt: skip
    supply = Supply(
        start_date=timezone.localdate(at), tariff_id=plans.tariff_id(tariff), household=1,
        service_point=item.service_point, meter=meter,
    )  # fmt: skip
    agreement_id = connections.connect(
        account_id=detail.account_id, supply=supply, today=timezone.localdate(), actor=actor
    )
    steps_of.energize_step(
        application_id=application_id, inspection_passed=True, agreements={item.service_point_id: agreement_id},
        actor=actor, at=at,
    )  # fmt: skip


def _id_number(place: int) -> str:
    digits = f"31010719900{place % 9 + 1}15{place:03d}"[:17].ljust(17, "0")
    return digits + "10X98765432"[sum(int(one) * weight for one, weight in zip(digits, WEIGHTS, strict=True)) % 11]


def _paper(place: int, kind: str) -> int:
    content = f"%PDF-1.4\n% {kind} {place}\n%%EOF\n".encode()
    return documents.keep(content, name=f"{kind}.pdf", media_type="application/pdf", actor=CLERK)
