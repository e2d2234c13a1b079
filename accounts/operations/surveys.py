"""
Questions to customers after something happened: planned by lot, sent when their hour comes, answered once by a link.

There is one signed question for all events, that after a follow-up visit among them. Whom it asks is told by a notice,
so consent, quiet hours and contact ways are those of notices.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from django.conf import settings
from django.utils import timezone

from accounts.domain import survey_tokens
from accounts.domain.surveys import PLAN, SCORE_MOST, SurveyEvent, SurveyRules, SurveyState, wants_follow_up
from accounts.domain.visits import STANDARD, Way
from accounts.models.account import AccountHolder
from accounts.models.care import CustomerSegment, FollowUpVisit
from accounts.models.customer import Customer
from accounts.models.survey import Survey
from accounts.operations import notices
from accounts.queries import care_rules
from cis.kernel.actors import SYSTEM
from cis.kernel.errors import Refused
from cis.platform import audit, deadlines
from cis.platform.db import joins_transaction, opens_transaction

WORK, NOTICE, VISIT = "surveys", "satisfaction_asked", "visit"
TEXT_MOST, CHUNK = 500, 200
log = structlog.get_logger(__name__)


class UnknownQuestion(Refused):
    """There is no such question, or nobody was asked it."""

    code = "unknown_question"


class SurveyAnswered(Refused):
    """The question was answered before."""

    code = "survey_answered"


class SurveyOver(Refused):
    """The time for an answer is over."""

    code = "survey_over"


class BadAnswer(Refused):
    """The answer is none of 0 to 10."""

    code = "bad_survey_answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What happened to whom; ``customer_id`` None: to whoever holds the account, ``visit_id``: it was a visit."""

    source_id: int
    account_id: int | None
    customer_id: int | None = None
    visit_id: int | None = None


@joins_transaction
def plan_step(*, event: SurveyEvent, sources: Sequence[Source], at: datetime) -> int:
    """
    Plan the questions after an event by the rule of the place; the same event of an account again plans nothing new.

    What is to be asked at once is asked. Four statements for any number, beside those of notices sent at once.
    :returns: how many are planned.
    """
    rules, today = care_rules.surveys(at=timezone.localdate(at)), timezone.localdate(at)
    drawn = [
        (one, key, send_at) for one in sources
        if (key := _key_of(event, one)) and (send_at := rules.send_at(event=event, key=key, at=at)) is not None
    ]  # fmt: skip
    if not drawn:
        return 0
    holders = _holders([one.account_id for one, _key, _at in drawn if one.customer_id is None], today)
    asked = [
        (one, key, send_at, customer_id) for one, key, send_at in drawn
        if (customer_id := one.customer_id or holders.get(one.account_id or 0)) is not None
    ]  # fmt: skip
    segments = dict(
        CustomerSegment.objects.filter(customer_id__in=[row[3] for row in asked]).values_list("customer_id", "segment")
    )
    Survey.objects.bulk_create(
        [
            Survey(
                customer_id=customer_id, account_id=one.account_id, event=event.value, source_id=one.source_id, key=key,
                visit_id=one.visit_id, segment=segments.get(customer_id, ""), send_at=send_at, created_at=at,
            )
            for one, key, send_at, customer_id in asked
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    if rules.events[event].after_hours == 0:
        for row in Survey.objects.filter(key__in=[row[1] for row in asked], state=SurveyState.WAITING.value):
            _ask(row, rules, at)
    return len(asked)


def work(at: datetime) -> None:
    """Ask whoever is to be asked by now; each question in a transaction of its own."""
    rules = care_rules.surveys(at=timezone.localdate(at))
    after = 0
    while ids := list(
        Survey.objects.filter(state=SurveyState.WAITING.value, send_at__lte=at, id__gt=after)
        .order_by("id").values_list("id", flat=True)[:CHUNK]
    ):  # fmt: skip
        for survey_id in ids:
            try:
                _ask_one(survey_id, rules, at)
            except Refused as refusal:
                log.warning("survey_not_sent", survey=survey_id, code=refusal.code)
        after = ids[-1]


def token_of(survey_id: int) -> str:
    """Return the signed name by which a customer answers without a login."""
    return survey_tokens.token(survey_id, key=_secret())


def survey_of(token: str, *, at: datetime) -> Survey:
    """
    Return the question that a signed name is of.

    :raises UnknownQuestion: it is none of ours, nobody was asked, or whoever was is erased. :raises SurveyOver: it
        waited too long.
    """
    survey_id = survey_tokens.found(token, key=_secret())
    asked = Survey.objects.filter(asked_at__isnull=False, customer__erased_at=None)
    row = None if survey_id is None else asked.filter(id=survey_id).first()
    if row is None:
        raise UnknownQuestion("There is no such question.")
    assert row.asked_at is not None
    days = care_rules.surveys(at=timezone.localdate(at)).valid_days
    if row.score is None and at >= row.asked_at + timedelta(days=days):
        raise SurveyOver(f"An answer was taken for {days} days.", advice="Call us instead.")
    return row


@opens_transaction
def answer(*, token: str, score: int, text: str, at: datetime, wants_contact: bool = False) -> None:
    """
    Keep how likely a customer recommends us, 0 to 10; once. Who would not, and wants to be called, is called.

    :raises UnknownQuestion, SurveyOver: see ``survey_of``. :raises SurveyAnswered, BadAnswer: see there.
    """
    row = Survey.objects.select_for_update().get(id=survey_of(token, at=at).id)
    if row.state == SurveyState.ANSWERED:
        raise SurveyAnswered("The question was answered before.")
    if not 0 <= score <= SCORE_MOST:
        raise BadAnswer("The answer is 0 to 10.", field="score")
    row.state, row.score, row.text = SurveyState.ANSWERED.value, score, text.strip()[:TEXT_MOST]
    row.scored_at, row.wants_contact = at, wants_contact
    if wants_follow_up(score=score, wants_contact=wants_contact):
        row.follow_up_id = _follow_up(row, at)
    row.save(update_fields=["state", "score", "text", "scored_at", "wants_contact", "follow_up_id"])


@opens_transaction
def _ask_one(survey_id: int, rules: SurveyRules, at: datetime) -> None:
    row = Survey.objects.select_for_update(skip_locked=True).filter(id=survey_id, state="waiting").first()
    if row is not None:
        _ask(row, rules, at)


@joins_transaction
def _ask(row: Survey, rules: SurveyRules, at: datetime) -> None:
    # Who is asked by two events at once is asked once: the customer is locked until the question is kept.
    Customer.objects.select_for_update(no_key=True).filter(id=row.customer_id).values_list("id").first()
    since_at = at - timedelta(days=rules.quiet_days)
    if Survey.objects.filter(customer_id=row.customer_id, asked_at__gt=since_at).exists():
        row.state = SurveyState.SKIPPED.value
    else:
        row.state, row.asked_at = SurveyState.ASKED.value, at
        notices.queue_step(
            event=NOTICE, customer_id=row.customer_id, account_id=row.account_id,
            facts={"link": f"/survey/{token_of(row.id)}"}, key=f"survey:{row.id}", actor=SYSTEM,
        )  # fmt: skip
    row.save(update_fields=["state", "asked_at"])


@joins_transaction
def _follow_up(row: Survey, at: datetime) -> int | None:
    today = timezone.localdate(at)
    held = AccountHolder.objects.filter(customer_id=row.customer_id, period__contains=today).order_by("account_id")
    own = list(held.values_list("account_id", flat=True))
    if not own:
        return None
    account_id = row.account_id if row.account_id in own else own[0]
    days = care_rules.surveys(at=today).contact_days
    # The words of the answer stay with the answer: a visit is seen by everybody, a case not.
    made = FollowUpVisit.objects.create(
        customer_id=row.customer_id, account_id=account_id, plan=PLAN, way=Way.PHONE.value, segment=row.segment,
        start_date=today, due_date=today + timedelta(days=days), is_asked=True, key=f"survey:{row.id}",
        actor_name=SYSTEM.name, created_at=at,
    )  # fmt: skip
    deadlines.start(subject=VISIT, subject_id=made.id, standard=STANDARD, at=at)
    audit.record(SYSTEM, "plan", VISIT, made.id, due_date=made.due_date)
    return made.id


def _key_of(event: SurveyEvent, one: Source) -> str:
    return f"{event.value}:{one.source_id}" + (f":{one.account_id}" if event is SurveyEvent.OUTAGE_ENDED else "")


def _holders(account_ids: Sequence[int | None], today: date) -> dict[int, int]:
    rows = AccountHolder.objects.filter(
        account_id__in=[one for one in account_ids if one is not None], period__contains=today
    )
    return dict(rows.values_list("account_id", "customer_id"))


def _secret() -> bytes:
    return settings.SECRET_KEY.encode()
