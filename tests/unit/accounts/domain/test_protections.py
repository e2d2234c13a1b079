"""Protections: how they stand, who registers them, when they are looked at again."""

from datetime import date

import pytest

from accounts.domain.protections import Evidence, ProtectionKind, ProtectionRule, ProtectionState, state_of
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role

TODAY = date(2026, 3, 10)
RULE = ProtectionRule(
    kind=ProtectionKind.LIFE_SUPPORT, evidence=(Evidence.MEDICAL,), review_months=12, ahead_days=30,
    setters=frozenset({"clerk", "customer"}), holds=True,
)  # fmt: skip


@pytest.mark.parametrize(
    ("until", "evidence", "asked", "state"),
    [
        (None, "", None, ProtectionState.UNPROVEN),
        (None, "decision", None, ProtectionState.PROVEN),
        (None, "decision", TODAY, ProtectionState.REVIEW),
        (date(2026, 3, 11), "decision", None, ProtectionState.PROVEN),
        (TODAY, "decision", TODAY, ProtectionState.ENDED),
    ],
)
def test_it_stands_as_its_papers_and_days_say(until, evidence, asked, state):
    assert state_of(until_date=until, evidence=evidence, review_asked_date=asked, today=TODAY) is state


def test_the_rule_says_who_registers_and_when_it_is_looked_at_again():
    assert RULE.may_set(Actor(ActorKind.STAFF, 1, "Li", frozenset({Role.CLERK})))
    assert RULE.may_set(Actor(ActorKind.CUSTOMER, 2, "Zhang", frozenset({Role.CUSTOMER})))
    assert not RULE.may_set(Actor(ActorKind.STAFF, 3, "Wu", frozenset({Role.METERING})))
    assert not RULE.may_set(SYSTEM)
    assert RULE.review_date(date(2024, 2, 29)) == date(2025, 2, 28)
