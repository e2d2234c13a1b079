"""
Supply contracts follow changes of use: amended as a numbered version, ended, or drawn up anew for who comes.

Which kinds are signed before they hold is the pack's rule ``change_contracts``; others are issued when they hold and
signed after it. A supply is found by its id (``contract_points``); where no contract is linked to it there is none to
amend. The capacity of a contract is that of all its supplies; what changes at one of many is said of that one.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from cis.kernel import fixed
from cis.kernel.actors import SYSTEM
from cis.kernel.errors import Refused
from cis.platform import jobs
from cis.platform.db import joins_transaction
from contracts.domain.announcements import ContractSigned
from contracts.domain.change_facts import Facts
from contracts.domain.changes import BeginAgreement, ChangeTerm, Effect, EndAgreement, Rename
from contracts.domain.contract_workflow import ContractState
from contracts.domain.new_contracts import NewContract, NewTerms
from contracts.domain.terms import MeteringSide, SupplyMode, UseClass
from contracts.models.change import ChangeSet
from contracts.models.supply_contract import SupplyContract
from contracts.operations import contract_points, contract_versions, supply_contracts
from contracts.operations.change_effects import SUBJECT
from contracts.queries import agreements
from contracts.queries.agreements import AgreementCard
from metering.domain.places import Voltage
from metering.queries import places
from tariffs.queries import plans

WORK = "signed_changes"
WAITING = (ContractState.DRAFT.value, ContractState.ISSUED.value)
DROPPED = "变更用电不再办理 The change will not hold."
ENDED = "变更用电 change of use {change}"
DEMAND = "合同最大需量 {amount} 千瓦，自 {on} 起。Contracted demand {amount} kW from {on} on."
CAPACITY = "{place} 约定容量 {amount} 千伏安，自 {on} 起。Agreed capacity at {place}: {amount} kVA from {on} on."
TARIFF = "{place} 执行电价 {code}，自 {on} 起。Tariff at {place}: {code} from {on} on."
K_PLACES = 3


class ContractUnsigned(Refused):
    """The amended contract of the change is not signed yet."""

    code = "contract_unsigned"


@joins_transaction
def before_step(*, change: ChangeSet, effects: Sequence[Effect], facts: Facts, today: date) -> bool:
    """
    Issue the amendments that are to be signed before a change holds; return whether it waits for a signature.

    :raises BadTerms, IncompleteContract: the contract cannot say so, or its next version is drafted already.
    """
    if facts.limits.signed_before is not None and change.kind in facts.limits.signed_before:
        _amend_all(change, effects, today)
    return is_unsigned(change_id=change.id)


@joins_transaction
def after_step(*, change: ChangeSet, effects: Sequence[Effect], facts: Facts, today: date) -> None:
    """Amend, end and draw up contracts when a change holds; what was signed before is not amended again."""
    if facts.limits.signed_before is None:
        return
    if change.kind not in facts.limits.signed_before:
        _amend_all(change, effects, today)
    for effect in effects:
        if isinstance(effect, EndAgreement):
            _end(change, effect)
    # Who comes signs a contract of his own; it is drawn up after the one of who goes.
    for row in change.effects.filter(code="begin_agreement").order_by("seq"):
        assert row.agreement_id is not None
        _draw_up(change, row.agreement_id, row.on_date, row.until_date, effects, today)


def is_unsigned(*, change_id: int) -> bool:
    """Return whether a change has amendments and not all of them are signed."""
    states = set(SupplyContract.objects.filter(subject=SUBJECT, subject_id=change_id).values_list("state", flat=True))
    return bool(states & {*WAITING, ContractState.WITHDRAWN.value})


@joins_transaction
def drop_step(*, change_id: int, reason: str) -> None:
    """Withdraw the amendments of a change that will not hold; where one is signed the version before it holds again."""
    why = reason.strip()[: supply_contracts.REASON_MOST] or DROPPED
    _withdraw_waiting(change_id, why)
    rows = SupplyContract.objects.filter(subject=SUBJECT, subject_id=change_id, state=ContractState.SIGNED.value)
    for contract_id in rows.order_by("id").values_list("id", flat=True):
        contract_versions.undo_step(contract_id=contract_id, reason=why)


def _withdraw_waiting(change_id: int, reason: str) -> None:
    rows = SupplyContract.objects.filter(subject=SUBJECT, subject_id=change_id, state__in=WAITING)
    for contract_id in rows.order_by("id").values_list("id", flat=True):
        supply_contracts.withdraw_step(contract_id=contract_id, reason=reason, actor=SYSTEM)


@joins_transaction
def take_back_step(*, change: ChangeSet, today: date) -> None:
    """
    Amend signed contracts so that they no more say what a change said that is taken back; unsigned ones are withdrawn.

    What later versions say of other things, as of another supply or a new name, stays.
    """
    _withdraw_waiting(change.id, "The change is taken back.")
    states = (ContractState.SIGNED.value, ContractState.REPLACED.value)
    rows = SupplyContract.objects.filter(subject=SUBJECT, subject_id=change.id, state__in=states)
    for row in rows.select_related("amends").order_by("id"):
        now: SupplyContract | None = row
        if row.state == ContractState.REPLACED:
            now = SupplyContract.objects.filter(number=row.number, state=ContractState.SIGNED.value).first()
        if row.amends is not None and now is not None:
            _issue(now, _undone(now, row, row.amends, change), today)


def _undone(now: SupplyContract, row: SupplyContract, before: SupplyContract, change: ChangeSet) -> NewContract:
    """Return what is in force without what one version of it said anew."""
    if now.id == row.id:
        return _as(before, change, on=change.effective_date)
    capacity_va = now.capacity_va
    if capacity_va is not None and before.capacity_va is not None and row.capacity_va is not None:
        capacity_va += before.capacity_va - row.capacity_va
    said = set(row.special.splitlines()) - set(before.special.splitlines())
    return _as(
        now,
        change,
        on=max(change.effective_date, now.start_date),
        capacity_va=capacity_va,
        tariff_id=before.tariff_id if now.tariff_id == row.tariff_id else None,
        use=before.use_class if now.use_class == row.use_class else "",
        special="\n".join(line for line in now.special.splitlines() if line not in said),
    )


def wake(signed: ContractSigned) -> None:
    """Let a change hold whose contract is signed, if its day has come."""
    if signed.subject == SUBJECT:
        jobs.wake(WORK)


def _amend_all(change: ChangeSet, effects: Sequence[Effect], today: date) -> None:
    for effect in effects:
        if isinstance(effect, ChangeTerm) and effect.until is None:
            named = (effect.tariff_id, effect.capacity_va, effect.contract_w)
            row = _of_supply(effect.agreement_id)
            if row is not None and any(value is not None for value in named):
                _issue(row, _amended(row, change, effect), today)
        elif isinstance(effect, Rename) and change.account_id is not None:
            rows = SupplyContract.objects.filter(account_id=change.account_id, state=ContractState.SIGNED.value)
            for one in rows.order_by("id"):
                _issue(one, _as(one, change, on=change.effective_date), today)


def _amended(row: SupplyContract, change: ChangeSet, effect: ChangeTerm) -> NewContract:
    card = agreements.card(agreement_id=effect.agreement_id)
    if contract_points.is_needed(row, but_point_id=card.service_point_id, on=effect.on):
        return _amended_part(row, change, effect, card)
    use = row.use_class
    if effect.tariff_id is not None:
        plan = plans.compiled(plans.version_on(tariff_id=effect.tariff_id, day=effect.on).version_id)
        use = plan.customer_class or use
    lines = [row.special]
    if effect.contract_w is not None:
        lines.append(DEMAND.format(amount=_thousands(effect.contract_w), on=effect.on))
    return _as(
        row, change, on=effect.on, tariff_id=effect.tariff_id, capacity_va=effect.capacity_va, use=use,
        special="\n".join(filter(None, lines)),
    )  # fmt: skip


def _amended_part(row: SupplyContract, change: ChangeSet, effect: ChangeTerm, card: AgreementCard) -> NewContract:
    """Say what changes at one of many supplies; of the whole only the capacity is another."""
    where = places.cards(service_point_ids=[card.service_point_id], at_date=effect.on)[card.service_point_id]
    place = f"{where.external_id} {where.address}"
    lines, capacity_va = [row.special], row.capacity_va
    if effect.capacity_va is not None:
        before = card.term_on(effect.on - timedelta(days=1))
        before_va = None if before is None else before.agreed.capacity_va
        if capacity_va is not None and before_va is not None:
            capacity_va += effect.capacity_va - before_va
        lines.append(CAPACITY.format(place=place, amount=_thousands(effect.capacity_va), on=effect.on))
    if effect.contract_w is not None:
        lines.append(f"{place}: {DEMAND.format(amount=_thousands(effect.contract_w), on=effect.on)}")
    if effect.tariff_id is not None:
        version = plans.version_on(tariff_id=effect.tariff_id, day=effect.on)
        lines.append(TARIFF.format(place=place, code=version.tariff_code, on=effect.on))
    return _as(row, change, on=effect.on, capacity_va=capacity_va, special="\n".join(filter(None, lines)))


def _thousands(amount: int) -> str:
    return fixed.to_text(amount, places=K_PLACES).rstrip("0").rstrip(".")


def _as(
    row: SupplyContract, change: ChangeSet, *, on: date, tariff_id: int | None = None, capacity_va: int | None = None,
    use: str = "", special: str | None = None, address: str = "", customer_id: int | None = None,
    account_id: int | None = None, until: date | None = None, points: tuple[int, ...] = (),
) -> NewContract:  # fmt: skip
    """Return a contract that says what another one says, but for what is named."""
    last = until or row.extended_to_date or row.end_date
    end = last if last is not None and last > on else None
    return NewContract(
        customer_id=customer_id or row.customer_id,
        account_id=account_id or row.account_id,
        terms=NewTerms(
            address=address or row.address,
            use_class=UseClass(use or row.use_class),
            voltage=Voltage(row.voltage),
            supply_mode=SupplyMode(row.supply_mode),
            metering_side=MeteringSide(row.metering_side),
            capacity_va=row.capacity_va if capacity_va is None else capacity_va,
            boundary_zh=row.boundary_zh,
            boundary_en=row.boundary_en,
        ),
        tariff_id=tariff_id or row.tariff_id,
        start_date=on,
        end_date=end,
        renew_months=row.renew_months if end and until is None else 0,
        special=row.special if special is None else special,
        subject=SUBJECT,
        subject_id=change.id,
        service_point_ids=points,
    )


def _issue(row: SupplyContract, new: NewContract, today: date) -> None:
    contract_id = supply_contracts.amend_step(contract_id=row.id, new=new, today=today, actor=SYSTEM)
    supply_contracts.issue_step(contract_id=contract_id, today=today, actor=SYSTEM)


def _end(change: ChangeSet, effect: EndAgreement) -> None:
    row = _of_supply(effect.agreement_id)
    point_id = agreements.card(agreement_id=effect.agreement_id).service_point_id
    if row is not None and not contract_points.is_needed(row, but_point_id=point_id, on=effect.on):
        supply_contracts.terminate_step(
            contract_id=row.id, ended_date=max(effect.on, row.start_date), reason=ENDED.format(change=change.id),
            actor=SYSTEM,
        )  # fmt: skip


def _draw_up(
    change: ChangeSet, agreement_id: int, on: date, until: date | None, effects: Sequence[Effect], today: date
) -> None:
    """Draw up the contract of who comes, after what was agreed at the place, or for the supply that is split."""
    card = agreements.card(agreement_id=agreement_id)
    address = places.addresses(service_point_ids=[card.service_point_id])[card.service_point_id]
    row = contract_points.latest_at(service_point_id=card.service_point_id)
    if row is None and change.agreement_id is not None:
        row = _of_supply(change.agreement_id)
    voltage = places.voltages(service_point_ids=[card.service_point_id])[card.service_point_id]
    if row is None or row.voltage != voltage:
        return  # nobody knows how it is supplied there: the desk writes the contract
    begun = [
        one for one in effects if isinstance(one, BeginAgreement) and one.service_point_id == card.service_point_id
    ]
    term = card.terms[0]
    new = _as(
        row, change, on=on, tariff_id=term.tariff_id, capacity_va=term.agreed.capacity_va, special="", address=address,
        customer_id=begun[0].customer_id if begun else None, account_id=card.account_id, until=until,
        points=(card.service_point_id,),
    )  # fmt: skip
    contract_id = supply_contracts.draft_step(new=new, today=today, actor=SYSTEM)
    supply_contracts.issue_step(contract_id=contract_id, today=today, actor=SYSTEM)


def _of_supply(agreement_id: int) -> SupplyContract | None:
    """Return the signed contract that is linked to a supply; one that is linked to none is nobody's to guess."""
    card = agreements.card(agreement_id=agreement_id)
    return contract_points.signed_of_supply(account_id=card.account_id, service_point_id=card.service_point_id)
