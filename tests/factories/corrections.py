"""Corrections of usage, as the operations leave them, without their effect on usage."""

from datetime import date
from itertools import count

from metering.models.correction import UsageCorrection

_serial = count(1)


def correction(*, meter_id: int, service_point_id: int, start_date: date, end_date: date, **values) -> UsageCorrection:
    """A correction of everything a meter counted by half as much again."""
    values.setdefault("cause", "fuse")
    values.setdefault("state", "applied")
    values.setdefault("factor", "3/2")
    values.setdefault("change_wh", 0)
    return UsageCorrection.objects.create(
        meter_id=meter_id,
        service_point_id=service_point_id,
        since_date=start_date,
        start_date=start_date,
        end_date=end_date,
        evidence="seen",
        request_key=f"test-{next(_serial)}",
        **values,
    )
