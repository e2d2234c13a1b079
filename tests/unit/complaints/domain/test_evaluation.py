"""Which closed cases are looked at again, and what the answers are worth."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaints.domain.evaluation import (
    BadEvaluation,
    Chosen,
    ClosedCase,
    EvaluationRules,
    Item,
    Mark,
    chosen,
    score,
)
from complaints.domain.kinds import CaseKind, Severity
from complaints.domain.rules import Named

NAMED = Named("q", "问")
ITEMS = {"clock": Item(NAMED, 30), "cause": Item(NAMED, 20), "answer": Item(NAMED, 50)}


def rules(**changed):
    given = {
        "kinds": frozenset({CaseKind.COMPLAINT}), "severities": frozenset({Severity.URGENT}),
        "always": frozenset({Chosen.REOPENED, Chosen.REGULATOR}), "share_percent": 10, "items": ITEMS,
    }  # fmt: skip
    return EvaluationRules(**{**given, **changed})


def case(case_id, **changed):
    given = {
        "case_id": case_id, "kind": CaseKind.COMPLAINT, "severity": Severity.GENERAL, "team_id": 1, "month": 202603,
        "is_reopened": False, "is_escalated": False, "is_referred": False,
    }  # fmt: skip
    return ClosedCase(**{**given, **changed})


def test_what_the_rule_names_is_always_looked_at_and_other_kinds_never():
    cases = [
        case(1, is_reopened=True, is_referred=True), case(2, is_reopened=True), case(3, severity=Severity.URGENT),
        case(4, is_escalated=True), case(5, kind=CaseKind.PRAISE, is_reopened=True),
        case(6, is_reopened=True, chosen=Chosen.REOPENED),
    ]  # fmt: skip
    assert chosen(cases=cases, rules=rules(share_percent=0), secret=b"k") == {
        1: Chosen.REGULATOR, 2: Chosen.REOPENED, 3: Chosen.SEVERITY,
    }  # fmt: skip


@settings(max_examples=40)
@given(
    sizes=st.dictionaries(st.tuples(st.integers(1, 3), st.sampled_from([202602, 202603])), st.integers(0, 30)),
    share=st.integers(0, 100),
    parts=st.integers(1, 4),
)
def test_each_team_and_month_gives_its_share_rounded_up_however_often_it_is_asked(sizes, share, parts):
    known, serial = {}, 0
    all_rows = []
    for (team, month), size in sizes.items():
        for _ in range(size):
            serial += 1
            all_rows.append(case(serial, team_id=team, month=month))
    for part in range(1, parts + 1):
        seen = all_rows[: len(all_rows) * part // parts]
        now = [case(r.case_id, team_id=r.team_id, month=r.month, chosen=known.get(r.case_id)) for r in seen]
        found = chosen(cases=now, rules=rules(share_percent=share), secret=b"k")
        assert not set(found) & set(known)
        known |= found
    for (team, month), size in sizes.items():
        drawn = sum(1 for r in all_rows if (r.team_id, r.month) == (team, month) and r.case_id in known)
        assert drawn == (size * share + 99) // 100


def test_nobody_knows_the_lot_without_the_secret():
    cases = [case(one) for one in range(50)]
    one, other = (set(chosen(cases=cases, rules=rules(), secret=key)) for key in (b"one", b"other"))
    assert len(one) == len(other) == 5
    assert one != other


@pytest.mark.parametrize(
    ("clock", "cause", "answer", "worth"),
    [
        ("yes", "yes", "yes", 100), ("no", "no", "no", 0), ("yes", "no", "no", 30), ("partly", "yes", "yes", 85),
        ("not_applicable", "no", "yes", 71), ("not_applicable", "partly", "not_applicable", 50),
        ("partly", "not_applicable", "no", 19),
    ],
)  # fmt: skip
def test_answers_are_worth_their_weight(clock, cause, answer, worth):
    marks = {"clock": Mark(clock), "cause": Mark(cause), "answer": Mark(answer)}
    assert score(marks=marks, items=ITEMS) == worth


def test_a_checklist_is_answered_as_it_stands():
    every = dict.fromkeys(ITEMS, Mark.NOT_APPLICABLE)
    with pytest.raises(BadEvaluation, match="No question applies"):
        score(marks=every, items=ITEMS)
    for marks in ({"clock": Mark.YES}, {**every, "manners": Mark.YES}):
        with pytest.raises(BadEvaluation, match="as it stands"):
            score(marks=marks, items=ITEMS)
