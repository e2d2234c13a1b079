"""What the place says about the care of customers."""

from datetime import date

from accounts.domain.protections import Evidence, ProtectionKind, ProtectionRule
from accounts.domain.segments import SegmentRule
from accounts.domain.surveys import UNSAID, EventRule, SurveyEvent, SurveyRules
from accounts.domain.visits import VisitPlan, Way
from cis.platform import packs


def protections(*, at: date) -> dict[ProtectionKind, ProtectionRule]:
    """
    Return the rules of protections by kind; a kind that the pack leaves out is not registered there.

    :raises MissingRule: the pack has no rule ``protections``.
    """
    return {
        ProtectionKind(kind): ProtectionRule(
            kind=ProtectionKind(kind),
            evidence=tuple(Evidence(one) for one in value["evidence"]),
            review_months=value["review_months"],
            ahead_days=value["ahead_days"],
            setters=frozenset(value["setters"]),
            holds=value["holds"],
        )
        for kind, value in packs.rule("protections", at=at).items()
    }


def protections_or_none(*, at: date) -> dict[ProtectionKind, ProtectionRule]:
    """Return the rules of protections; none where the pack has no such rule."""
    try:
        return protections(at=at)
    except packs.MissingRule:
        return {}


def visit_plans(*, at: date) -> dict[str, VisitPlan]:
    """Return the plans of follow-up visits by code, in the order of the pack; none where it has no such rule."""
    try:
        value = packs.rule("visit_plans", at=at)
    except packs.MissingRule:
        return {}
    return {
        code: VisitPlan(
            code=code,
            event=one["event"],
            segments=frozenset(one["segments"]),
            way=Way(one["way"]),
            after_days=one["after_days"],
            within_days=one["within_days"],
            tries=one["tries"],
        )
        for code, one in value.items()
    }


def surveys(*, at: date) -> SurveyRules:
    """Return after what customers are asked how likely they recommend us; after visits alone where no rule says it."""
    try:
        value = packs.rule("surveys", at=at)
    except packs.MissingRule:
        return UNSAID
    return SurveyRules(
        events={
            SurveyEvent(event): EventRule(one["after_hours"], one["share_percent"])
            for event, one in value["events"].items()
        },
        quiet_days=value["quiet_days"], valid_days=value["valid_days"], contact_days=value["contact_days"],
    )  # fmt: skip


def plan_names(*, at: date, language: str) -> dict[str, str]:
    """Return what plans of visits are called, by code; none where the pack has no such rule."""
    return _names("visit_plans", at=at, language=language)


def segments(*, at: date) -> tuple[SegmentRule, ...]:
    """Return the segments of customers in the order of the pack; none where it has no such rule."""
    try:
        value = packs.rule("segments", at=at)
    except packs.MissingRule:
        return ()
    return tuple(
        SegmentRule(
            code=code,
            kinds=frozenset(one["kinds"]),
            classes=frozenset(one["classes"]),
            flags=frozenset(one["flags"]),
            least_kwh=one["least_kwh"],
            least_late=one["least_late"],
            most_late=one["most_late"],
        )
        for code, one in value.items()
    )


def segment_names(*, at: date, language: str) -> dict[str, str]:
    """Return what segments are called, by code; none where the pack has no such rule."""
    return _names("segments", at=at, language=language)


def _names(rule: str, *, at: date, language: str) -> dict[str, str]:
    try:
        value = packs.rule(rule, at=at)
    except packs.MissingRule:
        return {}
    key = "name_zh" if language.startswith("zh") else "name_en"
    return {code: one[key] for code, one in value.items()}
