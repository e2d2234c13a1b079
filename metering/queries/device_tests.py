"""Tests of meters, and meters that hang whose verification falls due."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from cis.kernel.errors import Refused
from cis.platform.db import fetch
from metering.domain.correction_workflow import CorrectionState
from metering.domain.device_tests import LoadError, MeterTestState
from metering.models.device import Installation
from metering.models.device_test import DeviceTest

_ENDED = {CorrectionState.DROPPED.value, CorrectionState.UNDONE.value}


class UnknownTest(Refused):
    """There is no such test of a meter."""

    code = "unknown_meter_test"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTestCard:
    """
    A test of a meter.

    tested_date, limit_ppm, mean_ppm  None: not reported yet [ppm]
    correction_id                     that it proposed last; None: none
    is_corrected                      that one was neither dropped nor undone
    """

    id: int
    meter_id: int
    serial: str
    state: MeterTestState
    asked_by: str
    lot: str
    reason: str
    asked_date: date
    due_date: date
    tested_date: date | None
    laboratory: str
    certificate: str
    accuracy: str
    limit_ppm: int | None
    mean_ppm: int | None
    errors: tuple[LoadError, ...]
    correction_id: int | None
    is_corrected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LastHung:
    """
    Where a meter hung last.

    since_date  of its installation there, or of the last test after it and before the one asked about that it passed
    end_date    first day without it; None: it hangs still, or is taken down later than the day asked about
    """

    service_point_id: int
    since_date: date
    end_date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DueMeter:
    """A meter that hangs and whose certificate ends; ``is_ordered``: its exchange is under way."""

    id: int
    serial: str
    model: str
    accuracy: str
    certified_until: date
    service_point_id: int
    place: str
    address: str
    district: str
    is_ordered: bool


def of_meter(*, meter_id: int) -> tuple[DeviceTestCard, ...]:
    """Return the tests of a meter, the latest first; one statement."""
    rows = (
        DeviceTest.objects.filter(meter_id=meter_id)
        .select_related("meter", "correction")
        .order_by("-asked_date", "-id")
    )
    return tuple(_card(row) for row in rows)


def one(*, test_id: int) -> DeviceTestCard:
    """
    Return a test; one statement.

    :raises UnknownTest: there is none.
    """
    row = DeviceTest.objects.select_related("meter", "correction").filter(id=test_id).first()
    if row is None:
        raise UnknownTest(f"There is no test {test_id}.", test_id=test_id)
    return _card(row)


def last_hung(*, meter_id: int, on: date, tested_date: date | None = None) -> LastHung | None:
    """
    Return where a meter hung last as it is known on a date, None: nowhere; two statements.

    :param tested_date: where it hung before this test, wherever it was hung up since, and counted only until then
        from the tests that it passed; None: the last place of all.
    """
    hung = Installation.objects.filter(meter_id=meter_id, period__startswith__lte=on)
    if tested_date is not None:
        hung = hung.filter(period__startswith__lt=tested_date)
    row = hung.order_by("-period").first()
    if row is None:
        return None
    end = row.period.upper if row.period.upper is not None and row.period.upper <= on else None
    passed = DeviceTest.objects.filter(
        meter_id=meter_id, state=MeterTestState.PASSED.value, tested_date__gt=row.period.lower,
        tested_date__lt=min(end or on, tested_date or on),
    )  # fmt: skip
    since = passed.order_by("-tested_date").values_list("tested_date", flat=True).first()
    return LastHung(service_point_id=row.service_point_id, since_date=since or row.period.lower, end_date=end)


def is_corrected(row: DeviceTest) -> bool:
    """Return whether the correction of a test was proposed, and neither dropped nor undone."""
    return row.correction is not None and row.correction.state not in _ENDED


def due(
    *, today: date, until: date, district: str = "", meter_ids: Collection[int] | None = None, offset: int = 0,
    most: int = 50,
) -> tuple[DueMeter, ...]:  # fmt: skip
    """
    Return the meters that hang today and whose certificate ends by a date, the first to end first; one statement.

    :param meter_ids: these alone; None: all.
    """
    given = {**_given(today, until, district, meter_ids), "offset": offset, "most": most}
    names = tuple(DueMeter.__dataclass_fields__)
    return tuple(DueMeter(**dict(zip(names, row, strict=True))) for row in fetch(_DUE + _PAGE, given))


def count_due(*, today: date, until: date, district: str = "") -> int:
    """Return how many these are; one statement."""
    return int(fetch(_COUNT_DUE, _given(today, until, district, None))[0][0])


def due_by_district(*, today: date, until: date) -> dict[str, int]:
    """Return how many these are in each district; one statement."""
    return dict(fetch(_DUE_BY_DISTRICT, _given(today, until, "", None)))


def _given(today: date, until: date, district: str, meter_ids: Collection[int] | None) -> dict[str, object]:
    return {
        "today": today, "until": until, "district": district, "meters": None if meter_ids is None else list(meter_ids)
    }  # fmt: skip


def _card(row: DeviceTest) -> DeviceTestCard:
    return DeviceTestCard(
        id=row.id, meter_id=row.meter_id, serial=row.meter.serial, state=MeterTestState(row.state),
        asked_by=row.asked_by, lot=row.lot, reason=row.reason, asked_date=row.asked_date, due_date=row.due_date,
        tested_date=row.tested_date, laboratory=row.laboratory, certificate=row.certificate, accuracy=row.accuracy,
        limit_ppm=row.limit_ppm, mean_ppm=row.mean_ppm, errors=tuple(LoadError(**one) for one in row.errors),
        correction_id=row.correction_id, is_corrected=is_corrected(row),
    )  # fmt: skip


_DUE = """
SELECT t.id, t.serial, t.model, t.accuracy, t.certified_until, p.id AS point_id, p.external_id, m.address, m.district,
       EXISTS (SELECT FROM metering_workorder w WHERE w.service_point_id = p.id AND w.kind = 'meter_exchange'
               AND w.state NOT IN ('done', 'cancelled')) AS is_ordered
FROM metering_meter t
JOIN metering_installation i ON i.meter_id = t.id AND i.period @> %(today)s::date
JOIN metering_servicepoint p ON p.id = i.service_point_id
JOIN metering_premises m ON m.id = p.premises_id
WHERE t.state = 'installed' AND t.certified_until <= %(until)s
  AND (%(district)s = '' OR m.district = %(district)s) AND (%(meters)s::bigint[] IS NULL OR t.id = ANY(%(meters)s))
"""
_PAGE = " ORDER BY t.certified_until, t.serial, t.id OFFSET %(offset)s LIMIT %(most)s"
_COUNT_DUE = "SELECT count(*) FROM (§) x".replace("§", _DUE)
_DUE_BY_DISTRICT = "SELECT x.district, count(*) FROM (§) x GROUP BY 1 ORDER BY 1".replace("§", _DUE)
