"""What the pack and the books say about an application: papers, capacities, places that are supplied."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.domain.identity import CustomerKind
from cis.platform import packs
from contracts.domain import applications as rules
from contracts.domain.applications import CapacityRule, Load, PaperKind
from contracts.models.agreement import ServiceAgreement
from metering.queries import places


def missing_papers(
    *, kind: CustomerKind, has_agent: bool, given: Collection[str], at: datetime
) -> tuple[PaperKind, ...]:
    """
    Return the papers that an application lacks by the rule ``applications`` of the pack.

    :raises MissingRule: the pack does not say which are needed.
    """
    return rules.missing_papers(required=_rule(at), kind=kind, has_agent=has_agent, given=given)


def suggested_w(*, loads: Sequence[Load], use_class: str, at: datetime) -> int:
    """
    Return the capacity that fits a load list by the rule ``applications``. [W]

    :raises MissingRule: the pack does not say.
    """
    rule = _rule(at)
    sizes = tuple(sorted(size * rules.KW_W for size in rule["sizes_kw"]))
    capacity = CapacityRule(
        residential_percent=rule["residential_percent"], other_percent=rule["other_percent"], sizes_w=sizes
    )
    return rules.suggested_w(loads=loads, use_class=use_class, rule=capacity)


def work_days(what: str, *, at: date) -> timedelta:
    """
    Return how long a ``survey``, ``meter``, ``inspection`` or ``removal`` may take where no service standard says it.

    :raises MissingRule: the pack does not say.
    """
    return timedelta(days=packs.rule("application_work", at=at)[f"{what}_days"])


def link_kept(*, at: datetime) -> timedelta:
    """
    Return how long an applicant's link holds.

    :raises MissingRule: the pack does not say.
    """
    return timedelta(days=packs.rule("application_work", at=timezone.localdate(at))["link_days"])


def supplied_points(service_point_ids: Collection[int], *, today: date | None = None) -> frozenset[int]:
    """Return those service points at which somebody is supplied today or later; one statement."""
    on = today or timezone.localdate()
    rows = ServiceAgreement.objects.filter(service_point_id__in=service_point_ids).exclude(period__fully_lt=(on, None))
    return frozenset(rows.values_list("service_point_id", flat=True))


def premises_of(service_point_id: int) -> int | None:
    """Return the premises of a service point."""
    return places.premises_ids(service_point_ids=[service_point_id]).get(service_point_id)


def address_of_premises(external_id: str) -> str:
    """Return the address of premises; "" if there are none of this number."""
    return places.addresses_of_premises([external_id]).get(external_id, "")


def _rule(at: datetime) -> Mapping[str, Any]:
    value: Mapping[str, Any] = packs.rule("applications", at=timezone.localdate(at))
    return value
