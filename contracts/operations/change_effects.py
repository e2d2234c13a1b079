"""The effects of a change of use, done one after another in the transaction of whoever carries it out."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import singledispatch
from typing import Any

from accounts.operations import accounts as account_steps
from accounts.operations import customers
from cis.kernel.actors import Actor, ActorKind
from cis.platform import events
from cis.platform.db import joins_transaction
from contracts.domain.announcements import AccountToSettle
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
)
from contracts.domain.charge_kinds import ChargeKind
from contracts.models.change import ChangeEffect, ChangeSet
from contracts.operations import agreements, change_capacity, charges
from contracts.queries import agreements as queries
from contracts.queries import change_facts
from contracts.queries.agreements import TermCard
from metering.domain.work_orders import WorkKind
from metering.operations import capacity, meters, reads, resolver, work_orders
from metering.queries import places

SUBJECT = "change"
FEES = {
    ChangeKind.RELOCATION: ChargeKind.RELOCATION,
    ChangeKind.RESUMPTION: ChargeKind.RECONNECTION,
    ChangeKind.TEMPORARY: ChargeKind.TEMPORARY_SUPPLY,
}
"""Kinds of changes that may cost a fee by themselves, and how the bill calls it."""
FEE_REASON = "change of use 变更用电 {change}"
RELOCATE = "move the meter 移表"
LAST_READ = "last reading of a supply that ends 终结抄表"


@dataclass(slots=True)
class Doing:
    """
    What is known while effects are done.

    begun     agreements that were begun, in order
    carried   (old, new) agreement whose count of steps goes on
    accounts  whose bills may change
    follows   something follows, as a final bill, so that the change is not done with its effects
    """

    change: ChangeSet
    actor: Actor
    today: date
    begun: list[int] = field(default_factory=list)
    new_accounts: list[int] = field(default_factory=list)
    carried: tuple[int, int] | None = None
    accounts: set[int] = field(default_factory=set)
    follows: bool = False
    rows: list[ChangeEffect] = field(default_factory=list)

    def keep(self, code: str, on: date, **values: Any) -> None:
        """Keep an effect as it was done."""
        row = ChangeEffect(change=self.change, seq=len(self.rows) + 1, code=code, on_date=on, **values)
        self.rows.append(row)


@joins_transaction
def do(*, change: ChangeSet, effects: Sequence[Effect], today: date, actor: Actor) -> Doing:
    """
    Do effects in their order and keep what was done; what one of them refuses refuses all.

    :returns: what was begun, and which accounts it bears on.
    """
    doing = Doing(change=change, actor=actor, today=today)
    _lock(effects)
    for effect in effects:
        _do(effect, doing)
    ChangeEffect.objects.bulk_create(doing.rows)
    return doing


def _lock(effects: Sequence[Effect]) -> None:
    """Lock the places of all effects at once, in the one order of whoever writes reads, before the first is done."""
    serials = {one.read.serial for one in effects if isinstance(one, KeepRead)}
    points = {one.service_point_id for one in effects if isinstance(one, BeginAgreement | RemoveMeters)}
    if serials or points:
        resolver.lock_meters(sorted(serials), service_point_ids=sorted(points))


@singledispatch
def _do(effect: Effect, doing: Doing) -> None:  # noqa: ARG001 (the signature of all of them)
    raise TypeError(f"nobody does {effect!r}")


@_do.register
def _keep_read(effect: KeepRead, doing: Doing) -> None:
    read = effect.read
    reads.keep(
        serial=read.serial,
        register=read.register,
        read_date=effect.on,
        reading_wh=read.reading_wh,
        kind="customer" if doing.actor.kind is ActorKind.CUSTOMER else "actual",
        today=doing.today,
        actor=doing.actor,
    )
    doing.keep("keep_read", effect.on, text=f"{read.serial} {read.register}".strip())


@_do.register
def _end(effect: EndAgreement, doing: Doing) -> None:
    card = queries.card(agreement_id=effect.agreement_id)
    agreements.end_step(agreement_id=effect.agreement_id, end_date=effect.on, actor=doing.actor)
    doing.accounts.add(card.account_id)
    doing.keep("end_agreement", effect.on, agreement_id=effect.agreement_id, account_id=card.account_id)
    _order_last_read(doing, service_point_id=card.service_point_id, on=effect.on)


@_do.register
def _begin(effect: BeginAgreement, doing: Doing) -> None:
    account_id = effect.account_id
    if account_id is None:
        account_id = account_steps.add_account(
            customer_id=effect.customer_id, opened_date=effect.on, paper_bill=False
        ).id
        doing.new_accounts.append(account_id)
    agreement_id = agreements.begin(
        account_id=account_id,
        service_point_id=effect.service_point_id,
        tariff_id=effect.tariff_id,
        start_date=effect.on,
        household=effect.household,
        agreed=effect.agreed,
        actor=doing.actor,
    )
    if effect.until is not None:
        agreements.end_step(agreement_id=agreement_id, end_date=effect.until, actor=doing.actor)
        doing.follows = doing.follows or effect.until > doing.today
    if effect.carries_on is not None:
        doing.carried = (effect.carries_on, agreement_id)
    change_capacity.follow_step(agreement_id=agreement_id, on=effect.on, today=doing.today, actor=doing.actor)
    doing.begun.append(agreement_id)
    doing.accounts.add(account_id)
    doing.keep("begin_agreement", effect.on, until_date=effect.until, agreement_id=agreement_id, account_id=account_id)


@_do.register
def _change_term(effect: ChangeTerm, doing: Doing) -> None:
    card = queries.card(agreement_id=effect.agreement_id)
    old = card.term_on(effect.on)
    named = {
        name: value
        for name in ("capacity_va", "contract_w", "suspended_va")
        if (value := getattr(effect, name)) is not None
    }
    agreed = replace(old.agreed, **named) if old is not None and named else None
    agreements.change_step(
        agreement_id=effect.agreement_id,
        from_date=effect.on,
        until_date=effect.until,
        tariff_id=effect.tariff_id,
        household=effect.household,
        agreed=agreed,
        actor=doing.actor,
    )
    assert old is not None  # change_step refuses a day without a term
    before_w = None
    if effect.capacity_va is not None:
        before_w = change_capacity.follow_step(
            agreement_id=effect.agreement_id, on=effect.on, today=doing.today, actor=doing.actor
        )
    doing.accounts.add(card.account_id)
    doing.follows = doing.follows or (effect.until is not None and effect.until > doing.today)
    doing.keep(
        "change_term",
        effect.on,
        until_date=effect.until,
        agreement_id=effect.agreement_id,
        account_id=card.account_id,
        old_network_w=before_w,
        **old_columns(old),
    )


@_do.register
def _remove_meters(effect: RemoveMeters, doing: Doing) -> None:
    (point,) = places.overview(service_point_ids=[effect.service_point_id], at_date=effect.on)
    for meter in point.meters:
        if meter.end_date is None:
            meters.take_down(meter_id=meter.id, on_date=effect.on, actor=doing.actor)
            doing.keep("remove_meter", effect.on, text=meter.serial)
    capacity.remove_step(service_point_id=effect.service_point_id, actor=doing.actor)


@_do.register
def _rename(effect: Rename, doing: Doing) -> None:
    before = customers.rename(customer_id=effect.customer_id, name=effect.name, actor=doing.actor)
    doing.keep("rename", doing.change.effective_date, old_name=before, text=effect.name)


@_do.register
def _settle(effect: SettleAccount, doing: Doing) -> None:
    old, new = doing.carried or (None, None)
    events.announce(
        AccountToSettle(
            change_id=doing.change.id,
            account_id=effect.account_id,
            on=effect.on,
            known_date=doing.today,
            from_agreement_id=old,
            to_agreement_id=new,
        )
    )
    doing.follows = True
    doing.keep("settle_account", effect.on, account_id=effect.account_id)


@_do.register
def _move_meter(effect: MoveMeter, doing: Doing) -> None:
    (place,) = places.overview(service_point_ids=[effect.service_point_id], at_date=effect.on)
    facts = {"new_position": effect.position} | ({"position": place.meter_position} if place.meter_position else {})
    kind = WorkKind.METER_MOVE
    _order(doing, kind=kind, service_point_id=effect.service_point_id, on=effect.on, what=RELOCATE, **facts)
    doing.follows = True
    doing.keep("move_meter", effect.on, old_name=place.meter_position, text=effect.position)


@_do.register
def _charge_fee(effect: ChargeFee, doing: Doing) -> None:
    charges.agree_step(
        account_id=effect.account_id,
        agreement_id=effect.agreement_id,
        kind=FEES[effect.kind],
        amount_minor=effect.amount_minor,
        reason=FEE_REASON.format(change=doing.change.id),
        subject=SUBJECT,
        subject_id=doing.change.id,
        key=f"change {doing.change.id} fee",
        legal_source=change_facts.fee_source(at=doing.change.asked_date),
        today=doing.today,
        actor=doing.actor,
    )
    doing.accounts.add(effect.account_id)
    doing.keep("charge_fee", effect.on, account_id=effect.account_id, agreement_id=effect.agreement_id)


def _order(doing: Doing, *, kind: WorkKind, service_point_id: int, on: date, what: str, **facts: str) -> None:
    work_orders.create_step(
        kind=kind,
        subject=SUBJECT,
        subject_id=doing.change.id,
        service_point_id=service_point_id,
        facts={"what": what, "change": doing.change.id, **facts},
        due_date=max(on, doing.today),
        actor=doing.actor,
    )


def _order_last_read(doing: Doing, *, service_point_id: int, on: date) -> None:
    """Send somebody for the last reading, unless it came with the change, or comes by itself."""
    if doing.change.reads.exists():
        return
    (point,) = places.overview(service_point_ids=[service_point_id], at_date=on)
    counters = [one for meter in point.meters if meter.hangs(on) for one in meter.registers if not one.is_interval]
    fresh = on - change_facts.read_is_fresh_for(at=on)
    if any(one.latest is None or one.latest.read_date < fresh for one in counters):
        _order(doing, kind=WorkKind.RE_READ, service_point_id=service_point_id, on=on, what=LAST_READ)
        doing.keep("order_work", on, text=WorkKind.RE_READ.value)


def old_columns(term: TermCard) -> dict[str, Any]:
    """Return what a term says, as columns of an effect."""
    return {
        "old_tariff_id": term.tariff_id,
        "old_household": term.household,
        "old_capacity_va": term.agreed.capacity_va,
        "old_contract_w": term.agreed.contract_w,
        "old_suspended_va": term.agreed.suspended_va,
    }
