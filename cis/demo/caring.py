"""Customers who are cared for: protections, points of a year, visits with answers, a service plan, segments."""

from datetime import date, datetime, timedelta

from django.utils import timezone

from accounts.domain.protections import Evidence, ProtectionKind
from accounts.domain.visits import NextStep, Outcome, Way
from accounts.operations import care_plans, points, protections, segments, surveys, visits
from accounts.operations.care_plans import NewCarePlan, NewMeasure
from accounts.operations.protections import NewProtection, ProtectionExists
from accounts.operations.visits import NewVisit, Result
from accounts.queries import accounts, users
from accounts.queries import points as point_queries
from accounts.queries import surveys as queries
from billing.queries import bills
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role

SKIPPED, DAYS, WORST = 12, 400, 6
"""Accounts before these are those of other pages of the demo; points are looked up for so many days."""
RESULTS = (
    (Outcome.CONTENT, "接电很快，谢谢", NextStep.NONE, 10), (Outcome.CONTENT, "", NextStep.NONE, 9),
    (Outcome.WISH, "想了解分时电价", NextStep.ADVICE, 8),
    (Outcome.PROBLEM, "电压不稳，晚上灯暗", NextStep.COMPLAINT, 3),
    (Outcome.CONTENT, "", NextStep.NONE, None), (Outcome.NOT_REACHED, "", NextStep.NONE, None),
)  # fmt: skip


def build(*, run_id: int, today: date) -> None:
    """Care for some customers of a run, all by the real doors."""
    now = timezone.now()
    cards = bills.of_run(run_id=run_id, state="issued", offset=SKIPPED, most=len(RESULTS) + 2)
    cards = cards or bills.of_run(run_id=run_id, state="issued", most=len(RESULTS) + 2)
    clerk, chief = _actor(Role.CLERK), _actor(Role.SUPERVISOR)
    segments.give(today=today)
    rule = point_queries.rule_or_none(at=today)
    days = [today - timedelta(days=back) for back in range(DAYS, 0, -1)] if rule is not None else []
    for day in days:
        assert rule is not None
        for source in points.sources():
            points.earn(source=source, day=day, rule=rule)
    for place, card in enumerate(cards):
        visit_id = visits.plan(
            new=NewVisit(
                account_id=card.account_id, reason="新装后回访 After the new supply", way=Way.PHONE, start_date=today,
                due_date=today + timedelta(days=place), key=f"demo-visit-{card.account_id}",
            ),
            today=today, actor=clerk,
        )  # fmt: skip
        if place < len(RESULTS):
            outcome, note, step, score = RESULTS[place]
            visits.finish(
                visit_id=visit_id, result=Result(outcome=outcome, note=note, next_step=step), at=now, actor=clerk
            )
            _answer(visit_id, score, note, now)
    for card, kind, actor in zip(cards, ProtectionKind, (clerk, clerk, chief), strict=False):
        new = NewProtection(account_id=card.account_id, kind=kind, told="电话登记 Told by telephone", person="家中老人")
        try:
            made = protections.register(new=new, at=now, actor=actor)
        except ProtectionExists:
            continue  # another page of the demo has it
        if kind is ProtectionKind.LIFE_SUPPORT:
            protections.prove(
                protection_id=made, evidence=Evidence.MEDICAL, text="No. 2026-114, 瑞金医院", at=now, actor=clerk
            )
    if cards:
        _plan(cards[0].account_id, today, clerk)
    segments.give(today=today)


def _answer(visit_id: int, score: int | None, note: str, at: datetime) -> None:
    survey_id = queries.of_visit(visit_id=visit_id)
    if score is not None and survey_id is not None:
        surveys.answer(
            token=surveys.token_of(survey_id), score=score, text=note, wants_contact=score <= WORST, at=at
        )  # fmt: skip


def _plan(account_id: int, today: date, clerk: Actor) -> None:
    assert clerk.id is not None
    [holder] = accounts.holders(account_ids=[account_id])[:1]
    care_plans.make(
        new=NewCarePlan(
            customer_id=holder.customer_id, title="降低峰段用电 Fewer peaks", goal="一年内峰段电量下降一成",
            responsible_id=clerk.id, review_date=today + timedelta(days=60),
            measures=[
                NewMeasure("查看负荷曲线", today + timedelta(days=10)),
                NewMeasure("建议错峰", today + timedelta(days=30)),
            ],
        ),
        today=today, actor=clerk,
    )  # fmt: skip


def _actor(role: Role) -> Actor:
    card = users.with_role(role=role)[-1]
    return Actor(ActorKind.STAFF, card.id, card.username, frozenset({role}))
