"""Up to which day places are billed."""

from collections.abc import Sequence
from datetime import date

from django.db.models import Max

from billing.models.bill import BillSegment, BillState
from cis.kernel.errors import Refused
from metering.queries import usage_rules


class AlreadyBilled(Refused):
    """Bills are issued for days that would be dealt otherwise."""

    code = "already_billed"


def check_rule_day(*, service_point_ids: Sequence[int], day: date) -> None:
    """
    Refuse a day from which usage rules would deal energy otherwise than bills in force did; two statements.

    One person enters rules; what was billed is corrected by usage, which two persons decide on above a limit.

    :param service_point_ids: of the rule; the places that rules connect with them count too.
    :raises AlreadyBilled: a bill of one of them is issued beyond the day.
    """
    near = usage_rules.near(service_point_ids=service_point_ids)
    billed = BillSegment.objects.filter(
        agreement__service_point_id__in=near, bill__state=BillState.ISSUED.value, cancels=None, cancelled_by=None
    )
    until = billed.aggregate(last=Max("end_date"))["last"]
    if until is not None and day < until:
        raise AlreadyBilled(
            f"Bills are issued up to {until}: from this day on rules may begin, change and end.",
            advice="For days before it correct the usage of the place.",
            until_date=until,
        )
