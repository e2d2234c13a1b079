"""Facts make classes likelier, words make cases serious, and judged suggestions are counted."""

from complaints.domain import suggestions
from complaints.domain.kinds import Severity
from complaints.domain.suggestions import Confusion, Fact, FactKind, FactRule, Judged, SuggestionRules, Verdict

RULES = SuggestionRules(
    automatic=800, price_days=60, facts={FactKind.OUTAGE: FactRule(frozenset({"area"}), 6)},
    words={Severity.URGENT: ("触电", "on fire"), Severity.SERIOUS: ("smoke",)},
)  # fmt: skip


def test_a_fact_multiplies_the_chance_of_its_classes():
    chances = [("single", 0.6), ("area", 0.3), ("high", 0.1)]
    plain = suggestions.weighed(confidences=chances, facts=[], rules=RULES)
    assert [(one.code, one.confidence, one.because) for one in plain] == [
        ("single", 600, ()), ("area", 300, ()), ("high", 100, ()),
    ]  # fmt: skip
    raised = suggestions.weighed(confidences=chances, facts=[Fact(FactKind.OUTAGE)], rules=RULES)
    assert [(one.code, one.confidence) for one in raised] == [("area", 720), ("single", 240), ("high", 40)]
    assert raised[0].because == (FactKind.OUTAGE,)


def test_a_fact_without_a_rule_changes_nothing_and_no_class_is_nothing():
    facts = [Fact(FactKind.PRICE_CHANGE, "2026-01-01")]
    assert suggestions.weighed(confidences=[("a", 1)], facts=facts, rules=RULES)[0].because == ()
    assert suggestions.weighed(confidences=[], facts=facts, rules=RULES) == ()


def test_words_raise_and_never_lower():
    def grade(text, least=Severity.GENERAL, rules=RULES):
        return suggestions.severity_of(text, least=least, rules=rules)

    assert grade("hello") is Severity.GENERAL
    assert grade("Smoke, and it is ON FIRE") is Severity.URGENT
    assert grade("smoke") is Severity.SERIOUS
    assert grade("smoke", Severity.URGENT) is Severity.URGENT
    assert grade("有人触电", rules=None) is Severity.GENERAL


def test_judged_suggestions_are_counted_by_month_by_class_and_by_mistake():
    judged = [
        Judged("2026-01", "a", ("b",), "a"),
        Judged("2026-02", "a", ("b", "c"), "b"),
        Judged("2026-02", "a", (), "b"),
        Judged("2026-02", "c", (), "a"),
    ]
    months = suggestions.by_month(judged)
    assert [(one.month, one.judged, one.first, one.shown) for one in months] == [
        ("2026-02", 3, 0, 1),
        ("2026-01", 1, 1, 1),
    ]
    assert suggestions.confusion(judged) == Confusion(("a", "b", "c"), ((1, 0, 1), (2, 0, 0), (0, 0, 0)))
    assert suggestions.confusion(judged, most=2) == Confusion(("a", "b"), ((1, 0), (2, 0)))
    assert suggestions.confusion(judged[:1]) == Confusion((), ())
    assert suggestions.hits(judged) == {"a": (1, 2, 3), "b": (0, 2, 0), "c": (0, 0, 1)}
    assert suggestions.verdict(suggested="a", chosen="a") is Verdict.ACCEPTED
    assert suggestions.verdict(suggested="a", chosen="b") is Verdict.CORRECTED
