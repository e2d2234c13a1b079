"""Rules of the pack on safety inspections: plans, seasons, and the catalogue of defects in its checklists."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from cis.kernel.errors import Refused
from cis.platform import calendars, packs
from contracts.domain.inspection import Grade, Plan, Season, Severity, Special, plan_for, seasons
from metering.queries import checklists

OTHER = "other"
"""Code of a defect that the catalogue does not have, in the words of whoever found it."""


class NoPlan(Refused):
    """No plan of the pack takes this place."""

    code = "no_inspection_plan"


class UnknownDefectCode(Refused):
    """The catalogue has no such defect."""

    code = "unknown_defect_code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of defect, as the catalogue says it in both languages; remedies in plain words, "" = none."""

    code: str
    severity: Severity
    text_en: str
    text_zh: str
    remedy_en: str
    remedy_zh: str


def plans(*, at: date) -> tuple[Plan, ...]:
    """
    Return the plans of this installation's pack.

    :raises MissingRule: the pack knows no safety inspections.
    """
    return tuple(_plan(code, one) for code, one in packs.rule("inspection_plans", at=at).items())


def plan(code: str, *, at: date) -> Plan:
    """
    Return a plan by its code.

    :raises NoPlan: the pack has none of it.
    """
    found = next((one for one in plans(at=at) if one.code == code), None)
    if found is None:
        raise NoPlan(f"The pack has no inspection plan {code}.", advice="Add it to the rule inspection_plans.")
    return found


def plan_of_place(*, voltage: str, use: str, grade: str, at: date) -> Plan:
    """
    Return the plan of a place.

    :raises NoPlan: no plan takes it.
    """
    found = plan_for(plans(at=at), voltage=voltage, use=use, grade=grade)
    if found is None:
        raise NoPlan(
            f"No inspection plan takes a supply of {voltage} for {use}.",
            advice="Add a plan to the rule inspection_plans of the pack.",
        )
    return found


def coming(*, today: date) -> tuple[Season, ...]:
    """Return the special inspections that are to be made today."""
    country = packs.rule("holiday_country", at=today)
    specials = [_special(code, one) for code, one in packs.rule("inspection_seasons", at=today).items()]
    names = {one.holiday for one in specials if one.holiday}
    return seasons(specials, today=today, holidays={name: calendars.holiday_starts(country, name) for name in names})


def season_names(*, at: date) -> Mapping[str, tuple[str, str]]:
    """Return what special inspections are called in English and Chinese, by code."""
    rule = packs.rule("inspection_seasons", at=at)
    return {code: (one["name_en"], one["name_zh"]) for code, one in rule.items()}


def catalogue(*, checklist: str) -> Mapping[str, Kind]:
    """
    Return the kinds of defects that a checklist knows, by code.

    :raises UnknownChecklist: the pack has no such list.
    """
    return {
        item.code: Kind(
            code=item.code, severity=Severity(item.defect.severity), text_en=item.defect.text_en,
            text_zh=item.defect.text_zh, remedy_en=item.defect.remedy_en, remedy_zh=item.defect.remedy_zh,
        )
        for item in checklists.one(code=checklist).items
        if item.defect is not None
    }  # fmt: skip


def review_months(*, at: date) -> int:
    """Return after how many months an entry of the register of important customers is looked at again."""
    return int(packs.rule("important_customers", at=at)["review_months"])


def backup_percent(*, at: date) -> int:
    """Return how much of the load that must not fail an own backup has to carry. [percent]"""
    return int(packs.rule("important_customers", at=at)["backup_percent"])


def _plan(code: str, one: Mapping[str, Any]) -> Plan:
    return Plan(
        code=code, voltages=frozenset(one["voltages"]), uses=frozenset(one["uses"]),
        grades=frozenset(Grade(grade) for grade in one["grades"]), every_months=one["every_months"],
        ahead_days=one["ahead_days"], checklist=one["checklist"],
        fails_on=frozenset(Severity(severity) for severity in one["fails_on"]), source=one["source"],
    )  # fmt: skip


def _special(code: str, one: Mapping[str, Any]) -> Special:
    return Special(
        code=code, plans=frozenset(one["plans"]), month=one.get("month", 0), day=one.get("day", 0),
        holiday=one.get("holiday", ""), ahead_days=one["ahead_days"], source=one["source"],
    )  # fmt: skip
