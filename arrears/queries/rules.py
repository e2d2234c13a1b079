"""The rules of the pack on dunning and disconnection, as the domain wants them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from arrears.domain.cut_facts import CutRule, HoldKind, PrepaidRule, Season, WeatherRule
from arrears.domain.ladder import LadderStep
from arrears.domain.pursuit import PursuitRule
from billing.queries import prepay_rules
from cis.kernel.fixed import parse
from cis.platform import packs
from cis.platform.packs import MissingRule

OTHER = "other"
"""Stands in a pack for every class that is not named."""


def cut_rule(*, customer_class: str, at: date) -> CutRule:
    """
    Return when a class may be cut off by the pack of the place.

    :raises MissingRule: the pack says nothing of disconnection, or nothing of this class.
    """
    value = _of_class("disconnection", customer_class, at)
    return CutRule(
        least_minor=parse(value["least"], places=int(packs.rule("decimals", at=at))),
        overdue_days=value["overdue_days"],
        steps=tuple(value["steps"]),
        notice_least_days=value["notice_least_days"],
        notice_most_days=value["notice_most_days"],
        counts_working_days=value["notice_count"] == "working",
        reminder_least_minutes=value["reminder_least_minutes"],
        reminder_most_minutes=value["reminder_most_minutes"],
        **_of_any(value, at),
    )


def cut_bound(*, customer_class: str, at: date) -> int:
    """
    Return from how many disconnections for debts a day on a supervisor lets each go.

    :raises MissingRule: the pack says nothing of disconnection, or nothing of this class.
    """
    return int(_of_class("disconnection", customer_class, at)["second_person_from"])


def prepaid_cut_rule(*, at: date) -> CutRule:
    """
    Return when a prepaid supply may be cut off by the pack of the place.

    :raises MissingRule: the pack knows no prepayment.
    """
    balance, value = prepay_rules.rule(at=at), packs.rule(prepay_rules.KEY, at=at)["cut"]
    return CutRule(
        least_minor=0, overdue_days=0, steps=(), notice_least_days=0, notice_most_days=0, counts_working_days=False,
        reminder_least_minutes=0, reminder_most_minutes=0,
        **_of_any(value, at),
        prepaid=PrepaidRule(
            cut_below_minor=balance.cut_below_minor, grace_days=balance.grace_days, stale_days=balance.stale_days
        ),
    )  # fmt: skip


def prepaid_bound(*, at: date) -> int:
    """
    Return from how many prepaid supplies a day on a person lets them be cut off.

    :raises MissingRule: the pack knows no prepayment.
    """
    return int(packs.rule(prepay_rules.KEY, at=at)["cut"]["second_person_from"])


def _of_any(value: Mapping[str, Any], at: date) -> dict[str, Any]:
    """Return what a pack says of every cut alike: when it may be, what spares from it, who agrees."""
    return {
        "weekdays": frozenset(value["weekdays"]),
        "opens_minute": _minute(value["opens"]),
        "closes_minute": _minute(value["closes"]),
        "spares_eves": value["spares_eves"],
        "seasons": tuple(map(_season, value["seasons"])),
        "account_kinds": frozenset(map(HoldKind, value["account_holds"])),
        "copies_important": value["copies_important"],
        "approvals": value["approvals"],
        "important_approvals": value["important_approvals"],
        "approval_days": value["approval_days"],
        "weather": _weather(at),
    }


def wants_delivery(*, at: date) -> bool:
    """Return whether the notice of a prepaid cut has to be delivered, or only to be sent."""
    return bool(packs.rule(prepay_rules.KEY, at=at)["cut"]["proof"] == "delivered")


def ladder(*, customer_class: str, at: date) -> tuple[LadderStep, ...]:
    """
    Return the ladder of a class by the pack of the place.

    :raises MissingRule: the pack has no ladder, or none for this class.
    """
    return tuple(
        LadderStep(code, step["wait_days"], step["count"] == "working", step["channel"], step["proof"])
        for code, step in _of_class("dunning", customer_class, at)["steps"].items()
    )


def pursuit(*, customer_class: str, at: date) -> PursuitRule:
    """
    Return how a class is pursued by the pack of the place.

    :raises MissingRule: the pack has no ladder, or none for this class.
    """
    value = _of_class("dunning", customer_class, at)
    return PursuitRule(
        least_minor=parse(value["least"], places=int(packs.rule("decimals", at=at))),
        account_kinds=frozenset(map(HoldKind, value["account_holds"])),
        ladder=ladder(customer_class=customer_class, at=at),
    )


def pursues(*, at: date) -> bool:
    """Return whether the pack of the place has a ladder at all."""
    return "dunning" in packs.rules_in_force(at=at)


def batch_bound(*, at: date) -> int:
    """
    Return from how many demands a day on a second person lets them go.

    :raises MissingRule: the pack does not say.
    """
    return int(packs.rule("dunning_batches", at=at)["second_person_from"])


def _of_class(key: str, customer_class: str, at: date) -> Mapping[str, Any]:
    value: Mapping[str, Any] = packs.rule(key, at=at)
    found = value.get(customer_class, value.get(OTHER))
    if found is None:
        raise MissingRule(
            f"The rule {key} of the pack says nothing of the class {customer_class or '–'}.",
            advice=f"Add {customer_class or OTHER} to the rule.",
            key=key,
        )
    return dict(found)


def _weather(at: date) -> WeatherRule | None:
    """Return the rule on weather; a place whose pack has none knows no such rule."""
    if "disconnection_weather" not in packs.rules_in_force(at=at):
        return None
    value = packs.rule("disconnection_weather", at=at)
    coldest, hottest = (parse(value[name], places=1) for name in ("coldest", "hottest"))
    return WeatherRule(value["hours"], coldest, hottest)


def _season(text: str) -> Season:
    first, last = (tuple(map(int, part.split("-"))) for part in text.split("/"))
    return Season((first[0], first[1]), (last[0], last[1]))


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
