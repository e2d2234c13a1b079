"""What the made-up cases teach: one is judged, a lesson is kept, the last months are published."""

from datetime import date, datetime, timedelta

from accounts.queries import users
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from complaints.domain.evaluation import Mark
from complaints.domain.kinds import Satisfaction
from complaints.operations import evaluations, publishing, replies, trends
from complaints.queries import cases
from complaints.queries import evaluations as queries
from complaints.queries import publishing as published
from complaints.queries import rules as case_rules
from complaints.queries.cases import WantedCases
from complaints.queries.evaluations import WantedEvaluations

MONTHS = 3
LESSON = "估抄前先查看集抄数据 Look at remote reads before a read is estimated"


def build(*, today: date, at: datetime) -> None:
    """Judge one of the closed cases, keep a lesson, look for trends, publish the last months; all by the real doors."""
    rules = case_rules.evaluation_rules(at=today)
    if rules is None:
        return
    chief, clerk = (
        Actor(ActorKind.STAFF, one.id, one.name or one.username, frozenset({role}))
        for role in (Role.SUPERVISOR, Role.CLERK)
        for one in users.with_role(role=role)[-1:]
    )
    for card in cases.listed(wanted=WantedCases(state="replied"), at=at, actor=clerk, most=2):
        replies.call_back(
            case_id=card.id, result=Satisfaction.SATISFIED, stars=5, at=at - timedelta(hours=1), actor=clerk
        )
    evaluations.choose(at=at)
    for row in queries.listed(wanted=WantedEvaluations(), actor=chief, most=1):
        marks = {code: Mark.PARTLY if place == 1 else Mark.YES for place, code in enumerate(rules.items)}
        evaluations.evaluate(
            case_id=row.case_id, marks=marks, note="答复可以更早 The answer could come earlier", at=at, actor=chief
        )
        assert clerk.id is not None
        evaluations.add_lesson(
            case_id=row.case_id, text=LESSON, owner_id=clerk.id, due_date=today + timedelta(days=30), key="demo-lesson",
            today=today, actor=chief,
        )  # fmt: skip
    trends.look(last=today, at=at)
    for month in reversed(published.open_months(today=today, most=MONTHS)):
        publishing.publish(month=month, at=at, actor=chief)
