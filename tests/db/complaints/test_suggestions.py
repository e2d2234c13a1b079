"""What is suggested of cases: by text and facts, kept and judged, by models that are learned and compared."""

from datetime import date, timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command

from cis.platform import jobs
from complaints.domain import class_model
from complaints.domain.class_model import Example
from complaints.domain.kinds import CaseChannel, CaseKind
from complaints.domain.suggestions import FactKind, Verdict
from complaints.models.case import Case
from complaints.operations import cases
from complaints.queries import class_models as model_queries
from complaints.queries import suggestions, training
from complaints.queries.suggestions import Told
from metering.models.outage import PlannedOutage
from metering.operations import outages as outage_operations
from metering.operations import planned_outages
from tests.factories import accounts, billing, class_texts, contracts, outages
from tests.factories import cases as made
from tests.factories.class_examples import EXAMPLES

pytestmark = pytest.mark.django_db
AT = made.AT
AREA, SINGLE, HIGH = "supply/outage/area", "supply/outage/single", "billing/amount/too_high"


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    accounts.supplier()
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def model():
    return class_texts.model()


def codes(found):
    return [one.guess.code for one in found.classes]


def test_without_a_model_or_words_nothing_is_suggested_and_nothing_breaks():
    assert suggestions.of(Told(text="停电了"), at=AT) is None
    class_texts.model()
    assert suggestions.of(Told(text="  "), at=AT) is None


def test_class_team_language_and_severity_follow_the_text(model):
    crew = made.team(made.person(), skills=("supply",))
    made.team(made.person(), skills=("billing",))
    found = suggestions.of(Told(text="Blackout in the whole street, somebody had an electric shock"), at=AT)
    assert codes(found)[0] == AREA
    assert (found.classes[0].team_id, found.language, found.severity.value) == (crew, "en", "urgent")
    assert 0 < sum(one.guess.confidence for one in found.classes) <= 1001


def test_the_team_that_is_complained_about_is_never_suggested(model):
    person = made.person()
    team = made.team(person, skills=("supply",))
    told = {"text": "整条街都没电了"}
    assert suggestions.of(Told(**told), at=AT).classes[0].team_id == team
    for about in ({"about_team_id": team}, {"about_user_id": person.id}):
        assert suggestions.of(Told(**told, **about), at=AT).classes[0].team_id is None


def test_facts_make_classes_likelier_and_are_said(model):
    world = contracts.world()
    bill = billing.issued(world=world, kwh=100)
    told = Told(text="电费不对", account_id=world.account.id)
    before = suggestions.of(told, at=AT)
    assert before.facts == ()
    bill.segments.update(is_estimated=True)
    made.taken(account_id=world.account.id, bill_id=bill.id)
    after = suggestions.of(told, at=AT)
    assert [(one.kind, one.said) for one in after.facts] == [
        (FactKind.OPEN_DISPUTE, Case.objects.get().number), (FactKind.ESTIMATED_BILL, bill.number),
    ]  # fmt: skip
    confidence = {one.guess.code: one.guess for one in after.classes}
    earlier = {one.guess.code: one.guess for one in before.classes}
    first = confidence[made.ESTIMATED]
    assert first.because == (FactKind.OPEN_DISPUTE, FactKind.ESTIMATED_BILL)
    assert first.confidence > (earlier[made.ESTIMATED].confidence if made.ESTIMATED in earlier else 0)


def test_a_case_that_is_kept_from_somebody_is_no_fact_for_anybody(model):
    world = contracts.world()
    bill = billing.issued(world=world, kwh=100)
    made.taken(account_id=world.account.id, bill_id=bill.id, about_team_id=made.team(made.person()))
    assert suggestions.of(Told(text="电费不对", account_id=world.account.id), at=AT).facts == ()


def test_an_outage_of_the_supply_makes_no_power_that_of_the_area(model):
    street = outages.street(transformers=1, lived_in=False)
    first, *neighbours = street.all_points
    told = Told(text="没电了", service_point_id=first.id)
    assert suggestions.of(told, at=AT).facts == ()
    for point in neighbours:  # two of a transformer say that it is dark
        outage_operations.report(new=outages.new(point), actor=outages.CLERK)
    found = suggestions.of(told, at=AT)
    assert [one.kind for one in found.facts] == [FactKind.OUTAGE]
    assert codes(found)[0] == AREA
    other = outages.street(transformers=1, lived_in=False).all_points[0]
    assert suggestions.of(Told(text="没电了", service_point_id=other.id), at=AT).facts == ()


def test_a_planned_outage_of_the_supply_is_a_fact_with_its_beginning(model):
    street = outages.street(transformers=1, supplies=1)
    told = Told(text="没电了", service_point_id=street.all_points[0].id)
    before = suggestions.of(told, at=AT)
    assert before.facts == ()
    start = AT + timedelta(days=9)
    plan = planned_outages.NewPlan(
        asset="transformer", asset_id=street.transformers[0].id, notice=planned_outages.Notice.PLANNED, start_at=start,
        end_at=start + timedelta(hours=2), work="cable",
    )  # fmt: skip
    planned_outages.propose(new=plan, actor=outages.PLANNER)
    assert suggestions.of(told, at=AT).facts == ()  # nobody was told of it yet
    PlannedOutage.objects.update(state="announced")
    found = suggestions.of(told, at=AT)
    assert [(one.kind, one.said) for one in found.facts] == [(FactKind.PLANNED_OUTAGE, start.isoformat())]
    share = {one.guess.code: one.guess.confidence for one in found.classes}
    assert share[AREA] > {one.guess.code: one.guess.confidence for one in before.classes}[AREA]
    assert suggestions.of(told, at=start + timedelta(days=1)).facts == ()


def test_another_price_is_a_fact_for_some_days(model):
    world = contracts.world()
    assert suggestions.price_changes.since(account_id=world.account.id, today=AT.date()) is None
    term = world.agreement.terms.get()
    version = term.tariff.versions.get()
    day = AT.date() - timedelta(days=30)
    version.period = (version.period.lower, day)
    version.save()
    version.pk, version.sha256, version.period = None, "1" * 64, (day, None)
    version.save()
    found = suggestions.of(Told(text="电价", account_id=world.account.id), at=AT)
    assert [(one.kind, one.said) for one in found.facts] == [(FactKind.PRICE_CHANGE, day.isoformat())]
    assert suggestions.of(Told(text="电价", account_id=world.account.id), at=AT + timedelta(days=40)).facts == ()


def test_what_a_clerk_chooses_judges_the_suggestion_and_the_last_word_counts(model):
    clerk = made.person()
    row = made.taken(text="整条街都没电了", class_code="", kind=CaseKind.FAULT)
    kept = row.suggestion
    assert (row.state, kept.class_code, kept.verdict) == ("received", AREA, Verdict.OPEN)
    cases.classify(case_id=row.id, class_code=SINGLE, at=AT, actor=clerk)
    kept.refresh_from_db()
    assert (kept.verdict, kept.chosen_code) == (Verdict.CORRECTED, SINGLE)
    cases.classify(case_id=row.id, class_code=AREA, at=AT, actor=clerk)
    kept.refresh_from_db()
    assert (kept.verdict, kept.chosen_code) == (Verdict.ACCEPTED, AREA)
    at_once = made.taken(text="整条街都没电了", class_code=SINGLE, kind=CaseKind.FAULT)
    assert at_once.suggestion.verdict == Verdict.CORRECTED


@pytest.mark.parametrize(
    ("text", "given", "state"),
    [
        ("整条街都没电了，变压器爆炸，整个小区停电", {"channel": CaseChannel.PORTAL}, "classified"),
        ("整条街都没电了，变压器爆炸，整个小区停电", {"channel": CaseChannel.PHONE}, "received"),
        (
            "整条街都没电了，变压器爆炸，整个小区停电",
            {"channel": CaseChannel.EMAIL, "kind": CaseKind.PRAISE},
            "received",
        ),
        ("你们好", {"channel": CaseChannel.EMAIL}, "received"),
    ],
)
def test_what_nobody_looks_at_has_its_class_only_where_it_is_sure_and_fits(model, text, given, state):
    row = made.taken(text=text, title="", class_code="", **{"kind": CaseKind.FAULT, **given})
    assert row.state == state
    assert row.suggestion.is_automatic == (state == "classified")
    if state == "classified":
        assert (row.class_code, row.severity, row.suggestion.verdict) == (AREA, "urgent", Verdict.OPEN)
        assert list(row.moves.values_list("action", "actor_kind")) == [("take", "system"), ("classify", "system")]


def test_words_of_danger_raise_a_case_and_its_class_does_not_lower_it():
    row = made.taken(text="电费高，而且表箱漏电", class_code="")
    assert (row.state, row.severity) == ("received", "urgent")
    cases.classify(case_id=row.id, class_code=HIGH, at=AT, actor=made.person())
    row.refresh_from_db()
    assert row.severity == "urgent"


def test_a_model_is_learned_kept_and_used_only_where_it_is_not_worse(monkeypatch):
    monkeypatch.setattr(training, "patterns", lambda at: EXAMPLES)
    out = StringIO()
    call_command("train_class_model", "--classes", stdout=out)
    assert "in use now" in out.getvalue()
    assert made.ESTIMATED in out.getvalue()
    first = model_queries.in_use()
    poor = [Example(one.text, one.code, one.group) for one in EXAMPLES]
    for at, one in enumerate(poor):
        if not class_model.is_kept_out(one.group):
            poor[at] = Example("同样的话", one.code, one.group)
    monkeypatch.setattr(training, "patterns", lambda at: poor)
    out = StringIO()
    call_command("train_class_model", stdout=out)
    assert "NOT used" in out.getvalue()
    assert model_queries.in_use().id == first.id
    assert [one.is_used for one in model_queries.listed()] == [False, True]
    assert model_queries.in_use().model is first.model  # read once


def test_it_learns_from_what_people_decided_and_from_nothing_that_is_kept_from_anybody(model):
    def closed(**values):
        row = made.taken(**values)
        Case.objects.filter(id=row.id).update(state="closed", closed_at=AT, team_id=made.team(made.person()))
        return row

    mine = closed(text="表黑屏", title="")
    closed(text="态度差", about_team_id=made.team(made.person()))
    alone = closed(
        text="整条街都没电了，变压器爆炸，整个小区停电",
        title="",
        class_code="",
        kind=CaseKind.FAULT,
        channel=CaseChannel.PORTAL,
    )
    assert alone.suggestion.is_automatic
    assert [(one.group, one.code) for one in training.closed_cases(at=date(2026, 3, 3))] == [
        (f"case {mine.id}", mine.class_code)
    ]


def test_the_pack_has_patterns_for_each_of_its_classes():
    found = training.patterns(at=AT.date())
    assert {one.code for one in found} == set(suggestions.case_rules.rules(at=AT.date()).classes)
