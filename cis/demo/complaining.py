"""Made-up complaints, requests, fault reports, questions and praise, each at another step of its way; and two teams."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from accounts.domain.teams import NewTeam
from accounts.operations import teams
from accounts.queries import users
from billing.queries import bills
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from complaints.domain.intake import NewCase
from complaints.domain.kinds import CaseChannel, CaseKind, Evidence, ReplyWay
from complaints.operations import cases, class_models, findings, intake, replies
from complaints.queries.rules import is_offered

SKIPPED = 20
"""Accounts before these are those of other pages of the demo."""
HOUR = timedelta(hours=1)
TEAMS = (
    NewTeam(code="billing_office", name="电费核算班", skills=("billing", "service")),
    NewTeam(code="metering_supply", name="计量与供电服务班", skills=("metering", "supply")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One case of the demo: so long ago, and how far it has come."""

    kind: CaseKind
    channel: CaseChannel
    class_code: str
    text: str
    hours_ago: int
    fate: str
    more: dict[str, Any] = field(default_factory=dict)


CASES = (
    Told(kind=CaseKind.COMPLAINT, channel=CaseChannel.PHONE, class_code="billing/amount/estimated", hours_ago=30,
         text="上月电费是估抄的，比往月高出一倍，要求核实。", fate="investigating"),
    Told(kind=CaseKind.COMPLAINT, channel=CaseChannel.WALK_IN, class_code="billing/payment/not_booked", hours_ago=200,
         text="银行已扣款，系统仍显示欠费。", fate="late"),
    Told(kind=CaseKind.FAULT, channel=CaseChannel.PHONE, class_code="supply/outage/single", hours_ago=1,
         text="家里突然没电，邻居有电。", fate="dispatched"),
    Told(kind=CaseKind.REQUEST, channel=CaseChannel.PHONE, class_code="metering/meter/fast", hours_ago=60,
         text="怀疑电表走得快，申请校验。", fate="waiting"),
    Told(kind=CaseKind.FAULT, channel=CaseChannel.EMAIL, class_code="", hours_ago=2,
         text="整个小区都停电了，变压器响了一声，什么时候来电？", fate="taken"),
    Told(kind=CaseKind.QUESTION, channel=CaseChannel.EMAIL, class_code="", hours_ago=3,
         text="你好，想问一下我家那个事情办得怎么样了？", fate="taken"),
    Told(kind=CaseKind.QUESTION, channel=CaseChannel.EMAIL, class_code="billing/amount/tariff", hours_ago=5,
         text="为什么这个月有第二档电价？", fate="taken"),
    Told(kind=CaseKind.COMPLAINT, channel=CaseChannel.REGULATOR, class_code="supply/outage/frequent", hours_ago=50,
         text="本月已停电四次，要求说明原因。", fate="investigating",
         more={"authority": "12398", "authority_number": "12398-2026-0317"}),
    Told(kind=CaseKind.COMPLAINT, channel=CaseChannel.PHONE, class_code="billing/amount/too_high", hours_ago=90,
         text="电费偏高，要求复核。", fate="answered"),
    Told(kind=CaseKind.PRAISE, channel=CaseChannel.PHONE, class_code="service/staff/manner", hours_ago=240,
         text="抢修人员深夜冒雨到场，表示感谢。", fate="closed"),
    Told(kind=CaseKind.COMPLAINT, channel=CaseChannel.LETTER, class_code="service/staff/manner", hours_ago=20,
         text="柜台人员态度冷淡，没有说明原因就拒绝受理。", fate="about"),
)  # fmt: skip


def build(*, run_id: int, today: date, at: datetime) -> int:
    """Take cases in by the real doors, each as far as its fate; returns how many, 0 where none are taken."""
    if not is_offered(at=today):
        return 0
    class_models.train(at=at)
    found = {one.username: one for one in users.staff(most=500)}
    clerk, biller, meterer = (
        Actor(ActorKind.STAFF, found[name].id, found[name].name or name, frozenset({role}))
        for name, role in (("clerk", Role.CLERK), ("billing", Role.BILLING), ("metering", Role.METERING))
    )
    office, crew = (teams.create(new=one, actor=SYSTEM) for one in TEAMS)
    before = at - timedelta(days=90)
    teams.set_members(team_id=office, user_ids=_ids(clerk, biller), at=before, actor=SYSTEM)
    teams.set_members(team_id=crew, user_ids=_ids(meterer), at=before, actor=SYSTEM)
    cards = bills.of_run(run_id=run_id, state="issued", offset=SKIPPED, most=len(CASES))
    cards = cards if len(cards) == len(CASES) else bills.of_run(run_id=run_id, state="issued", most=len(CASES))
    for told, card in zip(CASES, cards, strict=False):
        team = crew if told.class_code.startswith(("metering", "supply")) or told.fate == "about" else office
        worker = meterer if team == crew else biller
        more = {**told.more, **({"about_user_id": clerk.id} if told.fate == "about" else {})}
        _make(told, card.account_id, card.id, more, team=team, worker=worker, clerk=clerk, at=at)
    return min(len(CASES), len(cards))


def _make(
    told: Told, account_id: int, bill_id: int, more: dict[str, Any], *, team: int, worker: Actor, clerk: Actor,
    at: datetime,
) -> None:  # fmt: skip
    begun = at - told.hours_ago * HOUR
    new = NewCase(
        kind=told.kind, channel=told.channel, title="", text=told.text, class_code=told.class_code,
        account_id=account_id, bill_id=bill_id if told.class_code.startswith("billing/amount") else None, **more,
    )  # fmt: skip
    made = intake.take(new=new, at=begun, actor=SYSTEM if told.fate == "about" else clerk).case_id
    if told.fate == "taken":
        return
    cases.dispatch(case_id=made, team_id=team, at=begun + HOUR / 2, actor=SYSTEM)
    if told.fate in {"dispatched", "about"}:
        return
    cases.accept(case_id=made, at=begun + HOUR, actor=worker)
    cases.investigate(case_id=made, at=begun + HOUR, actor=worker)
    if told.fate == "late":
        return
    replies.first_word(
        case_id=made, text="已受理，正在核实。", way=ReplyWay.PHONE, at=begun + 2 * HOUR, actor=worker
    )  # fmt: skip
    if told.fate == "waiting":
        cases.wait(case_id=made, reason="等待客户约定上门时间", at=begun + 3 * HOUR, actor=worker)
    if told.fate in {"answered", "closed"}:
        findings.note(
            case_id=made, text="抄表与账单核对一致。", evidence=Evidence.READS, at=begun + 4 * HOUR, actor=worker
        )  # fmt: skip
        replies.reply(
            case_id=made, text="经核实，用电量增加所致，电价执行无误。", way=ReplyWay.PHONE, cause_code="customer/use",
            is_liable=False, at=begun + 20 * HOUR, actor=worker,
        )  # fmt: skip


def _ids(*actors: Actor) -> list[int]:
    return [one.id for one in actors if one.id is not None]
