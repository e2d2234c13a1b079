"""Tests of meters: wanted, reported, and the correction that a failed one proposes."""

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from fractions import Fraction

from cis.kernel.actors import Actor
from cis.kernel.errors import Findings, Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, db, packs
from cis.platform.db import joins_transaction, opens_transaction
from metering.domain import device_tests as rules
from metering.domain.correction_factors import of_error
from metering.domain.correction_orders import Order, Scale
from metering.domain.corrections import Cause
from metering.domain.device_tests import (
    ASKERS,
    LOT_MOST,
    PPM,
    TEXT_MOST,
    WORKFLOW,
    AskedBy,
    LoadError,
    MeterTestAction,
    MeterTestState,
)
from metering.domain.meter_store import CERTIFICATE_MOST
from metering.models.device import Meter
from metering.models.device_test import DeviceTest
from metering.operations import corrections
from metering.operations.meter_store import UnknownMeter
from metering.queries import device_tests as queries
from metering.queries.device_tests import UnknownTest

SUBJECT = "meter_test"
RULE = "meter_tests"


class MeterTestUnderWay(Refused):
    """The meter is being tested already."""

    code = "test_under_way"


class InvalidReport(Refused):
    """The report is incomplete or wrong; ``detail["findings"]`` has one entry for each fault."""

    code = "invalid_test_report"


class NothingToCorrect(Refused):
    """The test did not fail, or its correction was proposed before."""

    code = "nothing_to_correct"


class NotTakenDown(Refused):
    """The meter hangs still, so nobody can say until when it counted wrongly."""

    code = "not_taken_down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """
    What a laboratory found.

    errors           at each load
    certified_until  last day of a new certificate, of a meter that passed; None: it has none
    """

    tested_date: date
    laboratory: str
    accuracy: str
    errors: tuple[LoadError, ...]
    certificate: str = ""
    certified_until: date | None = None


@joins_transaction
def ask_step(
    *, meter_id: int, asked_by: str, lot: str = "", reason: str = "", request_key: str, today: date, actor: Actor
) -> int:
    """
    Note that a test is wanted, as a step of who takes that in; the same request again is the same test.

    [source: 供电营业规则 (1996) art 79: within seven days of the day on which a customer has asked for it]
    :returns: id of the test.
    :raises NotAllowed: the actor may not.
    :raises UnknownMeter: there is none.
    :raises MeterTestUnderWay: one is asked for and not reported yet.
    :raises KeyTaken: the key came before with another meter.
    """
    if not actor.is_one_of(ASKERS):
        raise NotAllowed(f"{actor.name} may not order tests of meters.", advice="Ask the desk.")
    meter = Meter.objects.select_for_update().filter(id=meter_id).first()
    if meter is None:
        raise UnknownMeter(f"There is no meter {meter_id}.", meter_id=meter_id)
    known = DeviceTest.objects.filter(request_key=request_key).first()
    if known is not None:
        if known.meter_id != meter_id:
            raise corrections.KeyTaken("This form has asked for the test of another meter.", advice="Open it anew.")
        return known.id
    if DeviceTest.objects.filter(meter=meter, state=MeterTestState.ASKED.value).exists():
        raise MeterTestUnderWay("A test of this meter is asked for already.", advice="Enter its report first.")
    days = packs.rule(RULE, at=today)["due_days"]
    row = DeviceTest.objects.create(
        meter=meter, asked_by=AskedBy(asked_by).value, lot=lot.strip()[:LOT_MOST], reason=reason.strip()[:TEXT_MOST],
        asked_date=today, due_date=today + timedelta(days=days), request_key=request_key, asker_id=actor.id,
    )  # fmt: skip
    audit.record(actor, "ask", SUBJECT, row.id, serial=meter.serial, asked_by=row.asked_by)
    return row.id


@joins_transaction
def report_step(*, test_id: int, report: Report, today: date, actor: Actor) -> MeterTestState:
    """
    Keep what the laboratory found; the meter passed if none of its errors is beyond the limit of its class.

    The class becomes that of the meter, and a new certificate of one that passed its own. The same report again
    changes nothing.

    :raises UnknownTest: there is none.
    :raises IllegalMove, NotAllowed: it was reported otherwise or dropped, or the actor may not.
    :raises InvalidReport: something is missing or impossible.
    """
    # Meters are locked before their tests, as by who asks for one.
    Meter.objects.select_for_update(of=("self",)).filter(tests=test_id).first()
    row = _lock(test_id)
    _check(report, row, today)
    errors = [asdict(one) for one in report.errors]
    if row.tested_date == report.tested_date and row.errors == errors and row.accuracy == report.accuracy:
        return MeterTestState(row.state)
    limit = rules.limit_ppm(accuracy=report.accuracy)
    action = rules.action_of(errors=report.errors, limit_ppm=limit)
    row.state = WORKFLOW.step(MeterTestState(row.state), action, actor).to.value
    row.tested_date, row.laboratory, row.accuracy = report.tested_date, report.laboratory.strip(), report.accuracy
    row.certificate, row.errors, row.limit_ppm = report.certificate.strip(), errors, limit
    row.mean_ppm, row.tester_id = rules.mean_ppm(report.errors), actor.id
    row.save()
    meter = row.meter
    before, meter.accuracy = meter.accuracy, report.accuracy
    changed = ["accuracy"]
    if action is MeterTestAction.PASS and report.certified_until is not None:
        meter.certificate, meter.certified_date = row.certificate, report.tested_date
        meter.certified_until = report.certified_until
        changed += ["certificate", "certified_date", "certified_until"]
    meter.save(update_fields=changed)
    audit.record(
        actor, action, SUBJECT, row.id, serial=meter.serial, mean_ppm=row.mean_ppm, limit_ppm=limit,
        accuracy=report.accuracy, accuracy_before=before,
    )  # fmt: skip
    return MeterTestState(row.state)


@joins_transaction
def drop_step(*, test_id: int, reason: str, actor: Actor) -> None:
    """
    Drop a test that was asked for; dropped twice is once.

    :raises UnknownTest: there is none.
    :raises IllegalMove, NotAllowed: it was reported, or the actor may not.
    """
    row = _lock(test_id)
    if row.state == MeterTestState.DROPPED:
        return
    row.state = WORKFLOW.step(MeterTestState(row.state), MeterTestAction.DROP, actor).to.value
    row.save(update_fields=["state"])
    audit.record(actor, "drop", SUBJECT, row.id, reason=reason.strip()[:TEXT_MOST])


@opens_transaction
def propose_correction(*, test_id: int, today: date, actor: Actor) -> int:
    """
    Propose the correction of a meter that failed: its mean error is taken off, over half the time since it was hung up
    or last tested, where it hung before this test; small ones are applied at once, others wait for a second person, as
    all corrections.

    Golden: 12,000 kWh counted 4 % fast give 230.77 kWh back; 12,000 kWh counted 5 % slow cost 315.79 kWh.

    [source: 供电营业规则 (1996) art 80 (1): base is an error of zero, half the time until it is mended]
    :returns: id of the correction; again the same one, unless that was dropped or undone.
    :raises UnknownTest: there is none.
    :raises NothingToCorrect: the meter did not fail, or never hung.
    :raises NotTakenDown: it hangs still: exchange it first.
    :raises WithinLimit: its mean error is within the limit, though one at some load is not.
    :raises BadCorrection, AlreadyCorrected, NotAllowed, KeyTaken: as ``corrections.propose``.
    """
    # Places are locked before other rows, as everybody does who corrects.
    tested = DeviceTest.objects.filter(id=test_id, tested_date__isnull=False).first()
    hung = None
    if tested is not None:
        hung = queries.last_hung(meter_id=tested.meter_id, on=today, tested_date=tested.tested_date)
    if hung is not None:
        db.fetch(_LOCK_PLACE, [hung.service_point_id])
    row = _lock(test_id)
    if row.correction_id is not None and queries.is_corrected(row):
        return row.correction_id
    if row.state != MeterTestState.FAILED or row.mean_ppm is None or row.limit_ppm is None or hung is None:
        raise NothingToCorrect("There is nothing to correct by this test.")
    if hung.end_date is None:
        raise NotTakenDown("The meter hangs still.", advice="Exchange it, then propose the correction.")
    error, limit = Fraction(row.mean_ppm, PPM), Fraction(row.limit_ppm, PPM)
    order = Order(
        service_point_id=hung.service_point_id, meter_id=row.meter_id, cause=Cause.METER_ERROR,
        since_date=hung.since_date, until_date=hung.end_date, amount=Scale(factor=of_error(error=error, limit=limit)),
        evidence=f"{row.laboratory}, {row.tested_date}, {row.certificate or f'test {row.id}'}",
        given={"error": rules.percent(row.mean_ppm), "limit": rules.percent(row.limit_ppm)},
    )  # fmt: skip
    after = f" after {row.correction_id}" if row.correction_id else ""
    row.correction_id = corrections.enter_step(
        order=order, request_key=f"meter test {row.id}{after}", today=today, actor=actor
    )
    row.save(update_fields=["correction"])
    return row.correction_id


def _check(report: Report, row: DeviceTest, today: date) -> None:
    findings = Findings()
    rules.check_report(accuracy=report.accuracy, laboratory=report.laboratory, errors=report.errors, findings=findings)
    if not row.asked_date <= report.tested_date <= today:
        findings.add("tested_date", "bad_date", "It was tested after it was asked for, and not after today.")
    if len(report.certificate) > CERTIFICATE_MOST:
        findings.add("certificate", "certificate_too_long", "The number of the certificate is too long.")
    if report.certified_until is not None and report.certified_until <= report.tested_date:
        findings.add("certified_until", "empty_period", "The certificate ends before it begins.")
    findings.raise_if_any(InvalidReport)


@joins_transaction
def _lock(test_id: int) -> DeviceTest:
    row = DeviceTest.objects.select_for_update(of=("self",)).select_related("meter").filter(id=test_id).first()
    if row is None:
        raise UnknownTest(f"There is no test {test_id}.", test_id=test_id)
    return row


_LOCK_PLACE = "SELECT id FROM metering_servicepoint WHERE id = %s FOR NO KEY UPDATE"
