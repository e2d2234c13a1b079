"""Days from the issue of a bill to its due date, as the pack says them for each class of use."""

from collections.abc import Mapping
from datetime import date

from accounts.domain.identity import CustomerKind
from cis.platform import packs
from tariffs.queries import versions

OTHER = "other"
"""Stands in a pack for every class that is not named."""


def by_class(*, at: date) -> Mapping[str, int]:
    """
    Return the days by class of use, ``OTHER`` among them.

    :raises MissingRule: the pack does not say.
    """
    found: Mapping[str, int] = packs.rule("bill_due_days", at=at)
    return found


def of_class(*, customer_class: str, at: date) -> int:
    """
    Return the days of a class of use; "" is a class that is not named.

    :raises MissingRule: the pack does not say.
    """
    days = by_class(at=at)
    return days.get(customer_class, days[OTHER])


def of_tariff(*, tariff_id: int, customer_kind: str, at: date) -> int:
    """
    Return the days of who is supplied by a tariff: by its class, by the kind of customer where it names none.

    :raises MissingRule: the pack does not say.
    """
    by_kind = "residential" if customer_kind == CustomerKind.RESIDENT else "commercial"
    named = versions.classes(tariff_ids=[tariff_id]).get(tariff_id, "")
    return of_class(customer_class=named or by_kind, at=at)
