"""Which service standards make a queue, and who acts on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from accounts.domain import care_plans, visits
from accounts.domain.protections import EVIDENCE_STANDARD, REVIEW_STANDARD
from accounts.operations import unreachable
from cis.kernel.enums import Role
from cis.kernel.workflow import Standard
from complaints.domain import evaluation, trends
from complaints.domain.kinds import EVALUATORS
from complaints.domain.kinds import STANDARDS as CASE_STANDARDS
from contracts.domain import usage_inspection
from contracts.domain.application_workflow import WHOLE, StandardClass, standard_key
from contracts.domain.inspection import Severity
from metering.domain import outages


@dataclass(frozen=True, slots=True)
class Queue:
    """Who acts on which standards of the pack; a supervisor acts on all that is late."""

    roles: frozenset[Role]
    standards: tuple[str, ...]


def _of(*standards: str) -> tuple[str, ...]:
    """Return standards of applications with each class of supply, as the pack names them."""
    return tuple(standard_key(Standard(one), standard_class=each) for one in standards for each in StandardClass)


CARE: Final = (EVIDENCE_STANDARD, REVIEW_STANDARD, visits.STANDARD, care_plans.STANDARD, unreachable.STANDARD)
QUEUES: Final[Mapping[str, Queue]] = MappingProxyType(
    {
        "papers": Queue(frozenset({Role.CLERK}), _of("connection_documents")),
        "survey": Queue(frozenset({Role.CLERK, Role.FIELD, Role.METERING}), _of("connection_survey")),
        "contract": Queue(frozenset({Role.CLERK}), _of("connection_offer")),
        "metering": Queue(
            frozenset({Role.METERING, Role.FIELD}), (*_of("connection_meter", "connection_energize"), "reconnection")
        ),
        "safety": Queue(frozenset({Role.METERING, Role.FIELD}), tuple(f"defect_{severity}" for severity in Severity)),
        "usage": Queue(frozenset({Role.METERING, Role.CLERK, Role.SUPERVISOR}), usage_inspection.STANDARDS),
        "repair": Queue(frozenset({Role.METERING, Role.FIELD}), outages.STANDARDS),
        "settling": Queue(frozenset({Role.BILLING}), ("final_bill", "refund_credit")),
        "care": Queue(frozenset({Role.CLERK}), CARE),
        "cases": Queue(frozenset({Role.CLERK, Role.BILLING, Role.METERING, Role.FIELD, Role.CASHIER}), CASE_STANDARDS),
        "quality": Queue(EVALUATORS, (evaluation.STANDARD, trends.STANDARD)),
        "whole": Queue(frozenset({Role.SUPERVISOR}), _of(WHOLE.key)),
    }
)
ROLES_OF: Final[Mapping[str, frozenset[Role]]] = MappingProxyType(
    {standard: queue.roles for queue in QUEUES.values() for standard in queue.standards}
)
"""Of each standard who acts on it."""
