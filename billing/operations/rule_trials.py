"""
What a usage rule would mean for the last approved month: written, checked, read back, and all of it rolled back.

So a trial is refused by what refuses the rule itself, and deals energy by the code that bills it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from billing.queries import dealt
from billing.queries.dealt import Dealt
from cis.kernel.actors import Actor
from cis.platform import db
from metering.domain.usage_rules import Rule
from metering.operations import usage_rules as operations
from metering.queries import usage_rules


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTrial:
    """The last approved month by the rules that hold on the first day of the change, and by them with the change."""

    before: Dealt
    after: Dealt


def of_begin(*, rule: Rule[int], today: date, actor: Actor) -> RuleTrial:
    """
    Return what a rule would mean.

    :raises InvalidUsageRule: see ``metering.operations.usage_rules.begin``.
    :raises UnknownServicePoint: likewise.
    """
    return _trial(
        of=rule,
        on=rule.start_date,
        today=today,
        step=lambda: operations.begin_step(rule=rule, actor=actor),
    )


def of_change(
    *, rule_id: int, from_date: date, share_e6: int | None, quantity_wh: int | None, per: str, today: date, actor: Actor
) -> RuleTrial:
    """
    Return what another share or quantity would mean.

    :raises UnknownUsageRule: there is no such rule.
    :raises RuleNotInForce: see ``metering.operations.usage_rules.change``; likewise NothingChanges, InvalidUsageRule.
    """
    return _trial(
        of=usage_rules.card(rule_id=rule_id).rule,
        on=from_date,
        today=today,
        step=lambda: operations.change_step(
            rule_id=rule_id, from_date=from_date, share_e6=share_e6, quantity_wh=quantity_wh, per=per, actor=actor
        ),
    )


def of_end(*, rule_id: int, end_date: date, today: date, actor: Actor) -> RuleTrial:
    """
    Return what the end of a rule would mean.

    :raises UnknownUsageRule: there is no such rule.
    :raises RuleNotInForce: see ``metering.operations.usage_rules.end``.
    """
    return _trial(
        of=usage_rules.card(rule_id=rule_id).rule,
        on=end_date,
        today=today,
        step=lambda: operations.end_step(rule_id=rule_id, end_date=end_date, actor=actor),
    )


def _trial(*, of: Rule[int], on: date, today: date, step: Callable[[], object]) -> RuleTrial:
    with db.rolled_back():
        before = usage_rules.holding(service_point_ids=sorted(of.places), on=on)
        step()
        after = usage_rules.holding(service_point_ids=sorted(of.places), on=on)
    places = of.places.union(*(rule.places for rule in (*before, *after)))
    month = dealt.last_month(service_point_ids=places, today=today)
    return RuleTrial(
        before=dealt.of_month(rules=before, month=month, service_point_ids=places),
        after=dealt.of_month(rules=after, month=month, service_point_ids=places),
    )
