"""What a change of use does: its effects, all at one instant."""

from collections.abc import Mapping
from datetime import date

from contracts.domain.agreements import NOTHING, Agreed
from contracts.domain.change_facts import Blocks, Facts, SupplyFacts
from contracts.domain.changes import (
    BeginAgreement,
    ChangeKind,
    ChangeTerm,
    ChargeFee,
    Effect,
    EndAgreement,
    KeepRead,
    MoveMeter,
    RemoveMeters,
    Rename,
    SettleAccount,
    Wanted,
)

_K = ChangeKind


def effects_of(*, wanted: Wanted, facts: Facts) -> tuple[Effect, ...]:
    """Return what a change that was checked does, in the order in which it is done."""
    reads = [KeepRead(read=read, on=wanted.effective_date) for read in wanted.reads]
    return (*reads, *_EFFECTS.get(wanted.kind, _term_effects)(wanted, facts), *_fee(wanted, facts))


def _fee(wanted: Wanted, facts: Facts) -> list[Effect]:
    account_id = facts.supply.account_id if facts.supply is not None else wanted.account_id
    if not facts.fee_minor or account_id is None:
        return []
    return [
        ChargeFee(
            account_id=account_id,
            agreement_id=wanted.agreement_id,
            kind=wanted.kind,
            amount_minor=facts.fee_minor,
            on=wanted.effective_date,
        )
    ]


_TAKING = frozenset((_K.CAPACITY_INCREASE, _K.CLASS_CHANGE, _K.DEMAND_MODE, _K.MOVE_IN, _K.TEMPORARY))


def taken(*, wanted: Wanted, facts: Facts) -> Mapping[int, int]:
    """
    Return the capacity that service points are to have by a change that may need more of the network. [VA]

    A split or a merge is not among them: what one place takes another gives up in the same instant.
    """
    point = facts.supply.service_point_id if facts.supply is not None else wanted.service_point_id
    if wanted.kind not in _TAKING or wanted.capacity_va is None or point is None:
        return {}
    return {point: wanted.capacity_va}


def _term_effects(wanted: Wanted, facts: Facts) -> list[Effect]:
    assert facts.supply is not None
    return [
        ChangeTerm(
            agreement_id=facts.supply.agreement_id,
            on=wanted.effective_date,
            until=wanted.until_date,
            tariff_id=wanted.tariff_id,
            household=wanted.household,
            capacity_va=wanted.capacity_va,
            contract_w=wanted.contract_w,
            suspended_va=wanted.suspended_va,
        )
    ]


def _reduction_effects(wanted: Wanted, facts: Facts) -> list[Effect]:
    """Reduced for a time, capacity is out of use and stays agreed; for good, less is agreed."""
    assert facts.supply is not None
    assert wanted.capacity_va is not None
    agreed = facts.supply.agreed.capacity_va or 0
    return [
        ChangeTerm(
            agreement_id=facts.supply.agreement_id,
            on=wanted.effective_date,
            until=wanted.until_date,
            tariff_id=wanted.tariff_id,
            contract_w=wanted.contract_w,
            capacity_va=wanted.capacity_va if wanted.until_date is None else None,
            suspended_va=0 if wanted.until_date is None else agreed - wanted.capacity_va,
        )
    ]


def _resumption_effects(wanted: Wanted, facts: Facts) -> list[Effect]:
    assert facts.supply is not None
    return [ChangeTerm(agreement_id=facts.supply.agreement_id, on=wanted.effective_date, suspended_va=0)]


def _ending(supply: SupplyFacts, on: date) -> list[Effect]:
    effects: list[Effect] = [EndAgreement(agreement_id=supply.agreement_id, on=on)]
    if supply.is_last:
        effects.append(SettleAccount(account_id=supply.account_id, on=on))
    return effects


def _transfer_effects(wanted: Wanted, facts: Facts) -> list[Effect]:
    supply = facts.supply
    assert supply is not None
    assert wanted.customer_id is not None
    begin = BeginAgreement(
        customer_id=wanted.customer_id,
        account_id=None,
        service_point_id=supply.service_point_id,
        tariff_id=wanted.tariff_id or supply.tariff.tariff_id,
        household=wanted.household or 1,
        agreed=supply.agreed,
        on=wanted.effective_date,
        carries_on=supply.agreement_id if facts.limits.blocks is Blocks.CARRY else None,
    )
    end, *settle = _ending(supply, wanted.effective_date)
    return [end, begin, *settle]


def _move_out_effects(wanted: Wanted, facts: Facts) -> list[Effect]:
    assert facts.supply is not None
    return _ending(facts.supply, wanted.effective_date)


def _removal_effects(wanted: Wanted, facts: Facts) -> list[Effect]:
    assert facts.supply is not None
    end, *settle = _ending(facts.supply, wanted.effective_date)
    return [end, RemoveMeters(service_point_id=facts.supply.service_point_id, on=wanted.effective_date), *settle]


def _begin_effects(wanted: Wanted, facts: Facts) -> list[Effect]:
    customer_id = wanted.customer_id or facts.customer_id
    assert customer_id is not None
    assert wanted.service_point_id is not None
    assert wanted.tariff_id is not None
    return [
        BeginAgreement(
            customer_id=customer_id,
            account_id=wanted.account_id,
            service_point_id=wanted.service_point_id,
            tariff_id=wanted.tariff_id,
            household=wanted.household or 1,
            agreed=Agreed(capacity_va=wanted.capacity_va, contract_w=wanted.contract_w),
            on=wanted.effective_date,
            until=wanted.until_date,
        )
    ]


def _rename_effects(wanted: Wanted, facts: Facts) -> list[Effect]:
    assert facts.customer_id is not None
    return [Rename(customer_id=facts.customer_id, name=wanted.name)]


def _relocation_effects(wanted: Wanted, facts: Facts) -> list[Effect]:
    assert facts.supply is not None
    point = facts.supply.service_point_id
    return [MoveMeter(service_point_id=point, position=wanted.position, on=wanted.effective_date)]


def _split_effects(wanted: Wanted, facts: Facts) -> list[Effect]:
    supply = facts.supply
    assert supply is not None
    effects: list[Effect] = []
    if supply.agreed.capacity_va is not None:
        effects.append(
            ChangeTerm(agreement_id=supply.agreement_id, on=wanted.effective_date, capacity_va=wanted.capacity_va)
        )
    for part in wanted.parts:
        assert part.customer_id is not None
        assert part.service_point_id is not None
        effects.append(
            BeginAgreement(
                customer_id=part.customer_id,
                account_id=None,
                service_point_id=part.service_point_id,
                tariff_id=part.tariff_id or supply.tariff.tariff_id,
                household=part.household,
                agreed=NOTHING if part.capacity_va is None else Agreed(capacity_va=part.capacity_va),
                on=wanted.effective_date,
            )
        )
    return effects


def _merge_effects(wanted: Wanted, facts: Facts) -> list[Effect]:
    supply = facts.supply
    assert supply is not None
    effects: list[Effect] = []
    for other in facts.others:
        effects += [effect for effect in _ending(other, wanted.effective_date) if effect not in effects]
        effects.append(RemoveMeters(service_point_id=other.service_point_id, on=wanted.effective_date))
    sums = [one.agreed.capacity_va for one in (supply, *facts.others)]
    together = None if None in sums else sum(one or 0 for one in sums)
    capacity = wanted.capacity_va or together
    if capacity is not None and capacity != supply.agreed.capacity_va:
        effects.append(ChangeTerm(agreement_id=supply.agreement_id, on=wanted.effective_date, capacity_va=capacity))
    return effects


_EFFECTS = {
    _K.TRANSFER: _transfer_effects,
    _K.RENAME: _rename_effects,
    _K.MOVE_OUT: _move_out_effects,
    _K.MOVE_IN: _begin_effects,
    _K.TEMPORARY: _begin_effects,
    _K.CAPACITY_REDUCTION: _reduction_effects,
    _K.RESUMPTION: _resumption_effects,
    _K.REMOVAL: _removal_effects,
    _K.RELOCATION: _relocation_effects,
    _K.SPLIT: _split_effects,
    _K.MERGE: _merge_effects,
}
