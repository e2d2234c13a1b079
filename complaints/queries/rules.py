"""The rules on cases of the pack, as the domain wants them."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from cis.kernel.enums import Role
from cis.platform import packs
from cis.platform.packs import MissingRule
from complaints.domain.case_workflow import Clock
from complaints.domain.evaluation import Chosen, EvaluationRules, Item
from complaints.domain.kinds import CaseKind, HoldScope, Severity
from complaints.domain.publishing import FigureRules
from complaints.domain.rules import CaseClass, CaseRules, Named
from complaints.domain.suggestions import FactKind, FactRule, SuggestionRules
from complaints.domain.trends import TrendRules
from metering.domain.outages import FaultKind

KEY: Final = "cases"
SUGGESTIONS: Final = "case_suggestions"


def rules(*, at: date) -> CaseRules:
    """
    Return how cases are handled here.

    :raises MissingRule: the pack says nothing of cases: none is taken here.
    """
    value: Mapping[str, Any] = packs.rule(KEY, at=at)
    return CaseRules(
        clocks={CaseKind(kind): _clocks(one) for kind, one in value["kinds"].items()},
        topics={code: Named(one["en"], one["zh"]) for code, one in value["topics"].items()},
        classes={code: _class(code, one) for code, one in value["classes"].items()},
        causes={code: Named(one["en"], one["zh"]) for code, one in value["causes"].items()},
        authorities={code: (Named(one["en"], one["zh"]), one["finish"]) for code, one in value["authorities"].items()},
        repeat_days=value["repeat_days"],
        reopen_days=value["reopen_days"],
        call_back_tries=value["call_back_tries"],
        called_back=frozenset(map(CaseKind, value["called_back"])),
        spared_roles=spared_roles(at=at),
    )


def suggestion_rules(*, at: date) -> SuggestionRules | None:
    """Return how classes are suggested here; None: nothing is suggested."""
    try:
        value: Mapping[str, Any] = packs.rule(SUGGESTIONS, at=at)
    except MissingRule:
        return None
    return SuggestionRules(
        automatic=value["automatic_percent"] * 10,
        price_days=value["price_days"],
        facts={
            FactKind(kind): FactRule(frozenset(one["classes"]), one["times"]) for kind, one in value["facts"].items()
        },
        words={Severity(level): tuple(words) for level, words in value["words"].items()},
    )


def is_offered(*, at: date) -> bool:
    """Return whether cases are taken here."""
    try:
        packs.rule(KEY, at=at)
    except MissingRule:
        return False
    return True


def spared_roles(*, at: date) -> frozenset[Role]:
    """Return the roles that see what is complained of about their own team; where the pack says nothing, none does."""
    try:
        value: Mapping[str, Any] = packs.rule(KEY, at=at)
    except MissingRule:
        return frozenset()
    return frozenset(map(Role, value["spared_roles"]))


def _clocks(value: Mapping[str, str]) -> dict[Clock, str]:
    return {clock: value[clock.value] for clock in Clock if value.get(clock.value)}


def _class(code: str, value: Mapping[str, Any]) -> CaseClass:
    return CaseClass(
        code=code,
        named=Named(value["en"], value["zh"]),
        kinds=frozenset(map(CaseKind, value["kinds"])),
        usual=CaseKind(value["kinds"][0]),
        severity=Severity(value.get("severity", Severity.GENERAL)),
        skill=value["skill"],
        clocks=_clocks(value),
        hold=HoldScope(value.get("hold", HoldScope.NONE)),
        fault=FaultKind(value["fault"]) if value.get("fault") else None,
    )


def evaluation_rules(*, at: date) -> EvaluationRules | None:
    """Return which closed cases are looked at again, and by which checklist; None: none is."""
    value = _rule("case_evaluation", at)
    if value is None:
        return None
    return EvaluationRules(
        kinds=frozenset(map(CaseKind, value["kinds"])),
        severities=frozenset(map(Severity, value["severities"])),
        always=frozenset(map(Chosen, value["always"])),
        share_percent=value["share_percent"],
        items={code: Item(Named(one["en"], one["zh"]), one["weight"]) for code, one in value["items"].items()},
    )


def trend_rules(*, at: date) -> TrendRules | None:
    """Return when a class in an area is told of as more often than before; None: never."""
    value = _rule("case_trends", at)
    if value is None:
        return None
    return TrendRules(
        windows=tuple(value["windows"]),
        baseline_weeks=value["baseline_weeks"],
        alpha_ppm=value["alpha_ppm"],
        least=value["least"],
        again_days=value["again_days"],
    )


def figure_rules(*, at: date) -> FigureRules:
    """Return what holds for figures of cases; careful ones where the pack says nothing."""
    value = _rule("case_figures", at)
    return FigureRules() if value is None else FigureRules(least=value["least"], price_days=value["price_days"])


def _rule(key: str, at: date) -> Mapping[str, Any] | None:
    try:
        value: Mapping[str, Any] = packs.rule(key, at=at)
    except MissingRule:
        return None
    return value
