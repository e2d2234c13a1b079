"""A customer doubts the meter: the test is asked for with its fee, which goes back if the meter fails."""

from dataclasses import dataclass
from datetime import date, timedelta

from cis.kernel import fixed
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import packs
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain.charge_kinds import ChargeKind
from contracts.domain.charge_workflow import ChargeState
from contracts.operations import charges
from contracts.queries import charges as charge_queries
from contracts.queries import supply
from metering.domain.device_tests import AskedBy, MeterTestState
from metering.operations import device_tests
from metering.operations.device_tests import RULE, SUBJECT, Report
from metering.queries import device_tests as tests

FEE = "电能表检定 / test of meter {serial}"
GIVEN_BACK = "{day} 检定不合格 / the meter failed its test"
NOT_DONE = "未检定 / the test was not done"
_DAY = timedelta(days=1)


class NobodySupplied(Refused):
    """Nobody is supplied where the meter hangs, so there is no customer who could ask."""

    code = "nobody_supplied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What came of a test; ``given_back``: charges that are owed no more."""

    state: MeterTestState
    given_back: tuple[int, ...]


@opens_transaction
def ask(
    *, meter_id: int, asked_by: str, lot: str = "", reason: str = "", request_key: str, today: date, actor: Actor
) -> int:
    """
    Take in that a meter is to be tested; whoever is supplied by it, or was on the last day that it hung, pays the fee
    of the place if they asked for it.

    [source: 供电营业规则 (1996) art 79]
    :returns: id of the test; the same request again is the same test.
    :raises NotAllowed, UnknownMeter, MeterTestUnderWay, KeyTaken: as ``device_tests.ask_step``.
    :raises NobodySupplied: a customer asks, and nobody is supplied where it hangs.
    :raises MissingRule: a fee is asked, and the pack has no rule on the tax of services.
    """
    test_id = device_tests.ask_step(
        meter_id=meter_id, asked_by=asked_by, lot=lot, reason=reason, request_key=request_key, today=today, actor=actor
    )
    if asked_by == AskedBy.CUSTOMER:
        _charge(test_id, meter_id, today, actor)
    return test_id


@opens_transaction
def report(*, test_id: int, report: Report, today: date, actor: Actor) -> Reported:
    """
    Keep what the laboratory found; the fee of a meter that failed is given back. Again the same report is the same.

    Its correction is a use case of its own: ``device_tests.propose_correction``.

    [source: 供电营业规则 (1996) art 79: the fee is given back if the error is above the limit]
    :raises UnknownTest, IllegalMove, NotAllowed, InvalidReport: as ``device_tests.report_step``.
    """
    state = device_tests.report_step(test_id=test_id, report=report, today=today, actor=actor)
    back: tuple[int, ...] = ()
    if state is MeterTestState.FAILED:
        back = _give_back(test_id, GIVEN_BACK.format(day=report.tested_date), actor)
    return Reported(state=state, given_back=back)


@opens_transaction
def drop(*, test_id: int, reason: str, actor: Actor) -> None:
    """
    Drop a test that was asked for, with its fee.

    :raises UnknownTest, IllegalMove, NotAllowed: as ``device_tests.drop_step``.
    """
    device_tests.drop_step(test_id=test_id, reason=reason, actor=actor)
    _give_back(test_id, NOT_DONE, actor)


@joins_transaction
def _charge(test_id: int, meter_id: int, today: date, actor: Actor) -> None:
    if charge_queries.of_subject(subject=SUBJECT, subject_id=test_id):
        return  # the same request again
    hung = tests.last_hung(meter_id=meter_id, on=today)
    # Who doubts a meter is whoever it counted for: of one that is down, on its last day.
    day = hung.end_date - _DAY if hung and hung.end_date else today
    payer = supply.on_day(service_point_id=hung.service_point_id, on=day) if hung else None
    if payer is None:
        raise NobodySupplied("Nobody is supplied where this meter hangs.", advice="Ask for it as the supplier.")
    rule = packs.text_of(RULE, at=today)
    fee_minor = fixed.parse(rule.value["fee"], places=packs.rule("decimals", at=today))
    if not fee_minor:
        return
    charges.agree_step(
        account_id=payer.account_id, kind=ChargeKind.SERVICE, amount_minor=fee_minor,
        reason=FEE.format(serial=tests.one(test_id=test_id).serial), subject=SUBJECT, subject_id=test_id,
        key=f"{SUBJECT} {test_id}", legal_source=rule.source, today=today, actor=actor,
    )  # fmt: skip


@joins_transaction
def _give_back(test_id: int, reason: str, actor: Actor) -> tuple[int, ...]:
    owed = charge_queries.of_subject(subject=SUBJECT, subject_id=test_id)
    for one in owed:
        if one.state is ChargeState.AGREED:
            charges.reverse_step(charge_id=one.id, reason=reason, actor=actor)
    return tuple(one.id for one in owed)
