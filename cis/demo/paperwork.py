"""Contracts and offers as the demo shows them: signed, waiting, ending soon, in a second version; an offer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from accounts.queries import accounts
from billing.queries import bills
from cis.kernel.actors import SYSTEM
from contracts.domain.charge_kinds import ChargeKind
from contracts.domain.estimates import Use
from contracts.domain.new_contracts import NewContract, NewTerms
from contracts.domain.new_offers import NewFee, NewOffer
from contracts.domain.terms import MeteringSide, SupplyMode, UseClass
from contracts.operations import contract_signing, offers, supply_contracts
from contracts.queries import agreements
from contracts.queries.agreements import AgreementCard
from metering.domain.places import Voltage
from metering.queries import places

PLANNED = ("issued", "signed", "expiring", "amended", "signed", "draft", "ended", "issued", "signed")
"""What becomes of the contract of each account; the first is that of the customer with a login."""
SCAN = b"%PDF-1.4\n% what the customer signed at the counter\n%%EOF\n"
HIGH = frozenset({Voltage.KV10.value, Voltage.KV35.value})
MODES: Mapping[str, SupplyMode] = {
    Voltage.V220.value: SupplyMode.LOW_SINGLE_PHASE,
    Voltage.V380.value: SupplyMode.LOW_THREE_PHASE,
}
CHARGER_KVA = 12_000
DAYS_LEFT = 20
MONTH_WH = 260_000


@dataclass(frozen=True, slots=True)
class _Case:
    """One account with its supply and who holds it."""

    account_id: int
    customer_id: int
    name: str
    agreement: AgreementCard
    terms: NewTerms
    tariff_id: int


def build(*, run_id: int, today: date) -> int:
    """Make contracts for some accounts of a run, and an offer for the first; returns the number of contracts."""
    cards = bills.of_run(run_id=run_id, state="issued", most=len(PLANNED))
    cases = [_case(card.account_id, today) for card in cards]
    for case, fate in zip(cases, PLANNED, strict=False):
        _go(case, fate, today)
    if cases:
        _offer(cases[0], today)
    return len(cases)


def _case(account_id: int, today: date) -> _Case:
    holder = accounts.overview(account_id=account_id, at_date=today).holder
    agreement = agreements.of_account(account_id=account_id)[0]
    (place,) = places.overview(service_point_ids=[agreement.service_point_id], at_date=today)
    term = agreement.term_on(today) or agreement.terms[-1]
    is_high = place.voltage in HIGH
    return _Case(
        account_id=account_id,
        customer_id=holder.id,
        name=holder.name,
        agreement=agreement,
        tariff_id=term.tariff_id,
        terms=NewTerms(
            address=place.address,
            use_class=UseClass.RESIDENTIAL if holder.kind == "resident" else UseClass.COMMERCIAL,
            voltage=Voltage(place.voltage),
            supply_mode=SupplyMode.HIGH_SINGLE_SOURCE if is_high else MODES[place.voltage],
            metering_side=MeteringSide.HIGH_HIGH if is_high else MeteringSide.LOW_LOW,
            capacity_va=term.agreed.capacity_va or place.capacity_w,
            boundary_zh="用电计量装置出线端子",
            boundary_en="the outgoing terminals of the meter",
        ),
    )


def _go(case: _Case, fate: str, today: date) -> None:
    start = today - timedelta(days=345 if fate == "expiring" else 30)
    end = today + timedelta(days=DAYS_LEFT) if fate == "expiring" else None
    made = supply_contracts.draft(new=_new(case, start, end), today=today, actor=SYSTEM)
    if fate == "draft":
        return
    supply_contracts.issue(contract_id=made, today=today, actor=SYSTEM)
    if fate == "issued":
        return
    _sign(made, case, today)
    if fate == "amended":
        _amend(made, case, today)
    if fate == "ended":
        supply_contracts.terminate(contract_id=made, ended_date=today, reason="搬离 moved away", actor=SYSTEM)


def _new(case: _Case, start: date, end: date | None, special: str = "") -> NewContract:
    return NewContract(
        customer_id=case.customer_id, account_id=case.account_id, terms=case.terms, tariff_id=case.tariff_id,
        start_date=start, end_date=end, renew_months=12 if end else 0, special=special,
    )  # fmt: skip


def _sign(contract_id: int, case: _Case, today: date) -> None:
    supply_contracts.paper(contract_id=contract_id, actor=SYSTEM)
    contract_signing.sign_on_paper(
        contract_id=contract_id, scan=SCAN, name="scan.pdf", signed_by=case.name, today=today, actor=SYSTEM
    )


def _amend(contract_id: int, case: _Case, today: date) -> None:
    special = "增设充电桩一台，7 千瓦。One charging pile of 7 kW is added."
    made = supply_contracts.amend(
        contract_id=contract_id, new=_new(case, today, None, special), today=today, actor=SYSTEM
    )
    supply_contracts.issue(contract_id=made, today=today, actor=SYSTEM)
    _sign(made, case, today)


def _offer(case: _Case, today: date) -> None:
    """Offer more capacity for a charging pile, with the tariffs that are open to the customer."""
    fees: Sequence[NewFee] = (
        NewFee(kind=ChargeKind.WORKS, amount_minor=86_000, reason="进户线更换 new service cable"),
        NewFee(kind=ChargeKind.METER_WORK, amount_minor=12_000, reason="换装分时电能表 meter with periods of use"),
    )
    made = offers.draft(
        new=NewOffer(
            subject="account", subject_id=case.account_id, customer_id=case.customer_id, account_id=case.account_id,
            terms=case.terms, use=Use(month_wh=MONTH_WH, valley_percent=45, capacity_va=CHARGER_KVA, household=3),
            fees=tuple(fees),
        ),
        today=today,
        actor=SYSTEM,
    )  # fmt: skip
    offers.send(offer_id=made, today=today, actor=SYSTEM)
