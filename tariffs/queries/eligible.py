"""Tariffs that somebody may choose."""

from datetime import date

from tariffs.domain.choice import Chooser, is_open
from tariffs.queries import plans
from tariffs.queries.plans import VersionInForce


def open_to(*, day: date, who: Chooser) -> tuple[VersionInForce, ...]:
    """
    Return the versions in force on a date of the tariffs that somebody may choose, by code; one statement.

    Whether his meter tells what they ask for is not looked at here.
    """
    found = []
    for version in plans.versions(start_date=day, end_date=date.fromordinal(day.toordinal() + 1)):
        plan = plans.compiled(version.version_id)
        if is_open(choice=plan.choice, customer_class=plan.customer_class, who=who):
            found.append(version)
    return tuple(found)
