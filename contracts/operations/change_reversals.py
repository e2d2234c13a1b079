"""A change of use taken back after it held, where nothing was built on it."""

from datetime import date

from accounts.operations import customers
from accounts.queries import accounts
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import events
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain.agreements import Agreed
from contracts.domain.announcements import ChangeMade, SettlementDropped
from contracts.domain.change_facts import REVERSIBLE
from contracts.domain.changes import WORKFLOW, ChangeAction, ChangeKind, ChangeState
from contracts.models.agreement import AgreementTerm
from contracts.models.change import ChangeEffect, ChangeSet
from contracts.models.charge import OneOffCharge
from contracts.operations import agreements, change_contracts, charges, programs
from contracts.operations.change_effects import SUBJECT
from contracts.operations.changes import NoReason, lock, move
from contracts.queries import agreements as queries
from metering.operations import capacity, work_orders

TAKEN_BACK = "The change is taken back."


class NotReversible(Refused):
    """What the change did cannot be taken back: another change undoes it."""

    code = "not_reversible"


@opens_transaction
def reverse(*, change_id: int, reason: str, today: date, actor: Actor) -> None:
    """
    Take a change back from its date on, as if it had never been; bills are corrected by their next run.

    :raises UnknownChange: there is none.
    :raises IllegalMove: it does not hold.
    :raises NotAllowed: the actor may not.
    :raises NoReason: no reason is given.
    :raises NotReversible: its kind cannot be, or something was agreed since.
    :raises ServicePointTaken: somebody else is supplied there since.
    :raises CapacityTaken: capacity that was given up has gone to others.
    """
    change = lock(change_id)
    WORKFLOW.step(ChangeState(change.state), ChangeAction.REVERSE, actor)
    if not reason.strip():
        raise NoReason("A reason is needed.", advice="Say in a few words what was wrong.")
    if ChangeKind(change.kind) not in REVERSIBLE:
        raise NotReversible("This kind of change is not taken back.", advice="Let another change undo it.")
    take_back_step(change=change, reason=reason, today=today, actor=actor)


@joins_transaction
def take_back_step(*, change: ChangeSet, reason: str, today: date, actor: Actor) -> None:
    """Undo all that a locked change did, the last first, and move it; see ``reverse`` for refusals."""
    touched: set[int] = set()
    for effect in change.effects.order_by("-seq"):
        _undo(change, effect, touched, today, actor)
    change_contracts.take_back_step(change=change, today=today)
    move(change, ChangeAction.REVERSE, actor, reason=reason)
    if touched:
        events.announce(
            ChangeMade(change_id=change.id, account_ids=tuple(sorted(touched)), from_date=change.effective_date)
        )


def _undo(change: ChangeSet, effect: ChangeEffect, touched: set[int], today: date, actor: Actor) -> None:
    if effect.account_id is not None:
        touched.add(effect.account_id)
    if effect.code == "change_term":
        _undo_term(effect, today, actor)
    elif effect.code in _UNDOING:
        _UNDOING[effect.code](change, effect, actor)
    elif effect.code != "keep_read":  # a counter value that was read stays true
        raise NotReversible("What it did cannot be taken back.", advice="Let another change undo it.")


def _undo_end(change: ChangeSet, effect: ChangeEffect, actor: Actor) -> None:  # noqa: ARG001 (one signature)
    assert effect.agreement_id is not None
    # Packages that ended with the supply stay ended, and so does their energy.
    until = queries.card(agreement_id=effect.agreement_id).end_date
    agreements.reopen_step(agreement_id=effect.agreement_id, actor=actor)
    if until is not None:
        programs.keep_green_off_step(agreement_id=effect.agreement_id, since=until, actor=actor)


def _undo_settlement(change: ChangeSet, effect: ChangeEffect, actor: Actor) -> None:  # noqa: ARG001 (one signature)
    assert effect.account_id is not None
    if accounts.card(account_id=effect.account_id).state != "open":
        raise NotReversible("The account was settled and closed.", advice="Let the customer move in anew.")
    events.announce(SettlementDropped(change_id=change.id, account_id=effect.account_id))


def _undo_name(change: ChangeSet, effect: ChangeEffect, actor: Actor) -> None:
    assert change.account_id is not None
    holder = accounts.overview(account_id=change.account_id, at_date=change.effective_date).holder
    if holder.name != effect.text:
        raise NotReversible("The customer was renamed since.", advice="Rename the customer.")
    customers.rename(customer_id=holder.id, name=effect.old_name, actor=actor)


def _undo_fee(change: ChangeSet, effect: ChangeEffect, actor: Actor) -> None:  # noqa: ARG001 (one signature)
    rows = OneOffCharge.objects.filter(subject=SUBJECT, subject_id=change.id)
    for charge_id in rows.values_list("id", flat=True):
        charges.reverse_step(charge_id=charge_id, reason=TAKEN_BACK, actor=actor)


def _undo_work(change: ChangeSet, effect: ChangeEffect, actor: Actor) -> None:  # noqa: ARG001 (one signature)
    work_orders.withdraw_step(subject=SUBJECT, subject_id=change.id, reason=TAKEN_BACK, actor=actor)


def _undo_meter(change: ChangeSet, effect: ChangeEffect, actor: Actor) -> None:
    if change.state == ChangeState.DONE:
        raise NotReversible("The meter hangs elsewhere by now.", advice="Let another change move it back.")
    _undo_work(change, effect, actor)


_UNDOING = {
    "end_agreement": _undo_end,
    "settle_account": _undo_settlement,
    "rename": _undo_name,
    "charge_fee": _undo_fee,
    "order_work": _undo_work,
    "move_meter": _undo_meter,
}


def _undo_term(effect: ChangeEffect, today: date, actor: Actor) -> None:
    assert effect.agreement_id is not None
    card = queries.card(agreement_id=effect.agreement_id)
    term = card.term_on(effect.on_date)
    if term is None or term.start_date != effect.on_date or not _is_whole(term.end_date, effect.until_date, card):
        raise NotReversible("Other terms were agreed since.", advice="Take those back first.")
    agreements.change_step(
        agreement_id=effect.agreement_id,
        from_date=effect.on_date,
        tariff_id=effect.old_tariff_id,
        household=effect.old_household,
        agreed=Agreed(
            capacity_va=effect.old_capacity_va,
            contract_w=effect.old_contract_w,
            suspended_va=effect.old_suspended_va or 0,
            features=term.agreed.features,
            green_blocks=term.agreed.green_blocks,
        ),
        actor=actor,
    )
    _join(effect.agreement_id)
    if effect.old_network_w is not None:
        capacity.change_step(
            service_point_id=card.service_point_id, capacity_w=effect.old_network_w, today=today, actor=actor
        )


def _is_whole(term_end: date | None, until: date | None, card: queries.AgreementCard) -> bool:
    """Return whether a term still lasts as the change laid it: to its end, or to that of the supply."""
    return term_end == until or (until is None and term_end == card.end_date)


def _join(agreement_id: int) -> None:
    """Join terms that follow each other and say the same, so that bills are not cut where nothing changes."""
    names = (
        "tariff_id", "household", "capacity_va", "contract_w", "features", "green_blocks", "suspended_va",
    )  # fmt: skip
    last: AgreementTerm | None = None
    for term in AgreementTerm.objects.filter(agreement_id=agreement_id).order_by("period"):
        same = last is not None and all(getattr(last, name) == getattr(term, name) for name in names)
        if last is not None and same and last.period.upper == term.period.lower:
            until = term.period.upper
            term.delete()
            last.period = type(term.period)(last.period.lower, until)
            last.save(update_fields=["period"])
        else:
            last = term
