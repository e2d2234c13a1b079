"""Usage inspections as the demo shows them: from what a meter or a crew says to what was found, and settled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from accounts.queries import users
from billing.domain.channels import PaymentChannel
from billing.operations import breach_cases, held, payments, rebills, runs
from billing.queries import balances, bills, charges
from billing.queries import runs as run_queries
from cis.demo.field_work import picture
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from contracts.domain.breach_claims import Claim, Tampering
from contracts.domain.breaches import BreachKind
from contracts.domain.inspection import Supply
from contracts.domain.usage_inspection import Source, Suspicion
from contracts.operations import usage_inspections
from contracts.queries import inspection_facts
from contracts.queries import usage_inspections as queries
from contracts.queries.usage_inspections import Wanted
from metering.domain.meter_alarms import AlarmKind, NewAlarm
from metering.operations import meter_alarms, work_answers, work_orders
from metering.queries import crews, places

LOOKED_AT = 400
DUE = timedelta(days=3)
SEEN = {
    "usage_people": "yes", "usage_seals": "沪A 10234, 沪A 10235", "usage_seals_whole": "no", "usage_power_kw": "2.200",
    "usage_since": "最近一次换表后 since the meter was hung up",
}  # fmt: skip
FINE = {**SEEN, "usage_seals_whole": "yes", "usage_since": ""}


@dataclass(frozen=True, slots=True)
class _Desk:
    """Who does what: whoever proposes a case does not agree to it."""

    metering: Actor
    boss: Actor
    today: date


def build(*, run_id: int, today: date) -> int:
    """
    Let usage at some homes be suspected, and some of it be found; return at how many. Nothing goes past the doors.

    run_id  of the last billing run: homes that it billed are chosen, the last ones
    """
    found = inspection_facts.supplies(on=today, after_id=0, most=LOOKED_AT)
    where = inspection_facts.places(agreement_ids=[one.agreement_id for one in found], on=today)
    billed = {card.account_id for card in bills.of_run(run_id=run_id, state="issued", most=LOOKED_AT)}
    homes = [
        one for one in found if one.use == "residential" and where[one.agreement_id].account_id in billed
    ][-len(FATES) :]  # fmt: skip
    desk = _Desk(_staff(Role.METERING, but=Role.SUPERVISOR), _staff(Role.SUPERVISOR), today)
    for home, fate in zip(homes, FATES, strict=False):
        fate(home, where[home.agreement_id].account_id, desk)
    return len(homes)


def _alarm(home: Supply, _desk: _Desk) -> int:
    """Let the meter say that a magnet is near; return the inspection that comes of it."""
    (place,) = places.overview(service_point_ids=[home.service_point_id], at_date=timezone.localdate())
    said = NewAlarm(serial=place.meters[0].serial, kind=AlarmKind.MAGNETIC_FIELD, occurred_at=timezone.now())
    meter_alarms.take(alarms=[said], actor=SYSTEM)
    cards = queries.listed(wanted=Wanted(state="open", source=Source.ALARM.value))
    return next(card.id for card in cards if card.service_point_id == home.service_point_id)


def _tell(home: Supply, desk: _Desk) -> int:
    """Let a crew say what it saw in passing; return the inspection that comes of it."""
    new = Suspicion(service_point_id=home.service_point_id, source=Source.CREW, words="封印断开 a seal is broken")
    return usage_inspections.suspect(new=new, actor=desk.metering)


def _choose(home: Supply, desk: _Desk) -> int:
    """Choose a home to be looked at; return the inspection."""
    new = Suspicion(service_point_id=home.service_point_id, source=Source.AUDIT, words="例行抽查 by turns")
    return usage_inspections.suspect(new=new, actor=desk.metering)


def _order(inspection_id: int, desk: _Desk) -> int:
    """Send a crew; return the work order."""
    made = usage_inspections.order(inspection_id=inspection_id, due_date=desk.today + DUE, actor=desk.metering)
    crew = next(iter(crews.listed()))
    work_orders.assign(work_order_ids=[made], crew_id=crew.id, planned_date=desk.today, actor=desk.metering)
    return made


def _visit(inspection_id: int, desk: _Desk, *, found: str) -> None:
    """Let a crew look: photos, seals, load."""
    work_order_id = _order(inspection_id, desk)
    work_orders.start(work_order_id=work_order_id, actor=desk.metering)
    for item in ("usage_photo_meter", "usage_photo_wiring"):
        work_answers.add_photo(work_order_id=work_order_id, item=item, source=picture(), actor=desk.metering)
    is_fine = found == "nothing"
    work_orders.finish(
        work_order_id=work_order_id, outcome="passed" if is_fine else "defects",
        answers={**(FINE if is_fine else SEEN), "usage_found": found}, note="", actor=desk.metering,
    )  # fmt: skip


def _breach(home: Supply, desk: _Desk, inspection_id: int) -> int:
    """Find that the meter was tampered with, and let a second person agree; return the case."""
    _visit(inspection_id, desk, found="tampering")
    claim = Claim(
        agreement_id=home.agreement_id, kind=BreachKind.TAMPERING, found_date=desk.today, fact=Tampering(is_home=True),
        evidence="现场照片、封印编号 photos, numbers of the seals",
    )  # fmt: skip
    case_id = breach_cases.propose(
        claim=claim, order=None, request_key=f"demo-usage-{inspection_id}", today=desk.today, actor=desk.metering,
        usage_inspection_id=inspection_id,
    )  # fmt: skip
    breach_cases.agree(case_id=case_id, today=desk.today, actor=desk.boss)
    return case_id


def _suspected(home: Supply, _account_id: int, desk: _Desk) -> None:
    _alarm(home, desk)


def _ordered(home: Supply, _account_id: int, desk: _Desk) -> None:
    _order(_tell(home, desk), desk)


def _visited(home: Supply, _account_id: int, desk: _Desk) -> None:
    _visit(_tell(home, desk), desk, found="theft")


def _cleared(home: Supply, _account_id: int, desk: _Desk) -> None:
    inspection_id = _choose(home, desk)
    _visit(inspection_id, desk, found="nothing")
    usage_inspections.clear(inspection_id=inspection_id, actor=desk.metering)


def _disputed(home: Supply, _account_id: int, desk: _Desk) -> None:
    inspection_id = _tell(home, desk)
    _breach(home, desk, inspection_id)
    words = "封印是装修时碰断的 it broke while we renovated"
    usage_inspections.dispute(inspection_id=inspection_id, words=words, actor=desk.metering)


def _settled(home: Supply, account_id: int, desk: _Desk) -> None:
    """Go all the way: the meter says so, a crew finds it, two persons agree, a bill carries it, it is paid."""
    inspection_id = _alarm(home, desk)
    case_id = _breach(home, desk, inspection_id)
    _bill(account_id, desk.today)
    owed = balances.of_account(account_id=account_id, today=desk.today).balance_minor
    if charges.of_case(case_id=case_id) and owed > 0:
        payments.receive(
            account_id=account_id, amount_minor=owed, channel=PaymentChannel.BANK,
            reference=f"demo-usage-{inspection_id}", received_date=desk.today, today=desk.today, actor=SYSTEM,
        )  # fmt: skip
    usage_inspections.close(inspection_id=inspection_id, reason="已缴清 paid", actor=desk.boss)


def _bill(account_id: int, today: date) -> None:
    """Bill an account at once with what it owes now."""
    run_id = rebills.rebill(account_id=account_id, today=today, actor=SYSTEM)
    while runs.rate_chunk(run_id=run_id):
        pass
    runs.approve(run_id=run_id, actor=SYSTEM)
    while runs.issue_chunk(run_id=run_id):
        pass
    for found in run_queries.held(run_id=run_id):
        held.release(held_id=found.id, today=today, actor=SYSTEM)


FATES: Sequence[Callable[[Supply, int, _Desk], None]] = (
    _settled, _disputed, _visited, _ordered, _cleared, _suspected,
)  # fmt: skip
"""What becomes of usage at each home."""


def _staff(role: Role, *, but: Role | None = None) -> Actor:
    """Return somebody of a role, who has not another one."""
    others = {one.id for one in users.with_role(role=but)} if but is not None else set()
    card = next(one for one in users.with_role(role=role) if one.id not in others)
    return Actor(ActorKind.STAFF, card.id, card.username, frozenset({role}))
