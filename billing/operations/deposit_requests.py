"""
What people ask to be done with a deposit: give it back, demand less, waive it, not wait for it, cancel it.

Held money goes back by two persons; what is not paid is waived, or not waited for, by one up to the limit of a role.
"""

from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from billing.domain.adjustments import DECIDERS, AdjustmentState
from billing.domain.announcements import DepositSettled
from billing.domain.deposit_requests import ASKERS, RequestKind, needs_two, person
from billing.domain.deposits import BadDeposit, DepositState, MoveKind
from billing.models.deposit import Deposit, DepositMove, DepositRequest
from billing.operations import deposit_payouts, deposit_steps, ledger, notes
from billing.operations.deposit_steps import Posting
from billing.queries import deposit_facts, deposit_rules, supply_deposits
from billing.queries.deposit_facts import Facts
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, events
from cis.platform.db import joins_transaction, opens_transaction

REASON_MOST = 200


class OwnRequest(Refused):
    """Who asked for it does not agree to it."""

    code = "own_deposit_request"


class RequestWaits(Refused):
    """Another request on the deposit waits for a second person."""

    code = "deposit_request_waits"


class UnknownRequest(Refused):
    """There is no such request that waits."""

    code = "unknown_deposit_request"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """
    What is asked for; the same key twice is one request. [minor unit]

    amount_minor  of REDUCE and WAIVE: by how much; None: all
    """

    deposit_id: int
    kind: RequestKind
    reason: str
    key: str
    amount_minor: int | None = None


@opens_transaction
def propose(*, new: NewRequest, today: date, actor: Actor) -> int:
    """
    Ask for something to be done with a deposit; a waiver within the limit of the role is done at once.

    :returns: id of the request.
    :raises NotAllowed: the actor may not.
    :raises UnknownDeposit: there is none that is open.
    :raises RequestWaits: another request waits for a second person.
    :raises BadDeposit: no reason, or there is nothing of the kind to be done.
    """
    if not actor.is_one_of(ASKERS):
        raise NotAllowed(f"{actor.name} may not ask for that.", advice="Ask a clerk or billing.")
    known = DepositRequest.objects.filter(key=new.key).first()
    if known is not None:
        return known.id
    row = deposit_steps.locked(new.deposit_id)
    if not new.reason.strip():
        raise BadDeposit("A reason is needed.", advice="Say why.", field="reason")
    if row.requests.filter(state=AdjustmentState.PROPOSED.value).exists():
        raise RequestWaits("Something else waits for a second person.", advice="Decide on that first.")
    amount_minor = _amount(new.kind, new.amount_minor, row, deposit_facts.of_deposits(deposit_ids=[row.id])[row.id])
    limits = deposit_rules.rule(at=today).waiver_minor
    request = DepositRequest.objects.create(
        deposit=row,
        kind=new.kind.value,
        amount_minor=amount_minor,
        reason=new.reason.strip()[:REASON_MOST],
        is_for_two=needs_two(kind=new.kind, amount_minor=amount_minor, limits=limits, roles=actor.roles),
        key=new.key,
        proposer_id=person(actor),
    )
    audit.record(
        actor, "ask_deposit", "account", row.account_id, deposit=row.id, kind=new.kind.value, amount_minor=amount_minor
    )
    if not request.is_for_two:
        _do(request, row, today=today, actor=actor)
    return request.id


@opens_transaction
def decide(*, request_id: int, is_agreed: bool, today: date, actor: Actor) -> None:
    """
    Agree to a request, or drop it.

    :raises UnknownRequest: there is none that waits.
    :raises NotAllowed: the actor neither bills nor supervises.
    :raises OwnRequest: who asked for it does not agree to it.
    :raises BadDeposit: the deposit is another one meanwhile: so much is not open or held.
    """
    if actor.id is None or not actor.is_one_of(DECIDERS):
        raise NotAllowed(f"{actor.name} may not decide on deposits.", advice="Ask billing or a supervisor.")
    found = DepositRequest.objects.filter(id=request_id).values_list("deposit_id", "deposit__account_id").first()
    if found is None:
        raise UnknownRequest(f"There is no request {request_id}.")
    ledger.lock_customers(account_ids=[found[1]])
    waiting = DepositRequest.objects.select_for_update().filter(id=request_id, state=AdjustmentState.PROPOSED.value)
    request = waiting.first()
    if request is None:
        raise UnknownRequest(f"No request {request_id} waits.")
    if is_agreed and request.proposer_id == actor.id:
        raise OwnRequest("Who asked for it does not agree to it.", advice="Ask somebody else of billing.")
    request.decider_id = actor.id
    if is_agreed:
        _do(request, deposit_steps.locked(found[0]), today=today, actor=actor)
        return
    request.state, request.decided_at = AdjustmentState.DROPPED.value, timezone.now()
    request.save(update_fields=["state", "decider_id", "decided_at"])
    audit.record(actor, "drop_deposit_request", "account", found[1], deposit=found[0], request=request.id)


def _amount(kind: RequestKind, wanted: int | None, row: Deposit, facts: Facts) -> int:
    """Return what a request is about; it is looked at again when it is done."""
    most = {
        RequestKind.RETURN: facts.held_minor,
        RequestKind.WAIVE: facts.open_minor,
        RequestKind.SUPPLY: facts.open_minor,
        RequestKind.REDUCE: max(0, facts.held_minor) + facts.open_minor,
        RequestKind.CANCEL: row.amount_minor,
    }[kind]
    is_part = kind in {RequestKind.REDUCE, RequestKind.WAIVE} and wanted is not None
    amount_minor = wanted if is_part and wanted is not None else most
    if kind is RequestKind.CANCEL and row.returned_minor:
        raise BadDeposit("A part of it went back already.", advice="Give the rest back instead.")
    if not 0 < amount_minor <= most or (kind is RequestKind.REDUCE and amount_minor == most):
        raise BadDeposit(
            "So much is not there for that.", advice="Look at what is held and what is open.", field="amount"
        )
    return amount_minor


@joins_transaction
def _do(request: DepositRequest, row: Deposit, *, today: date, actor: Actor) -> None:
    kind, reason = RequestKind(request.kind), request.reason
    if kind is RequestKind.RETURN:
        deposit_steps.release_step(row=row, state=DepositState.RETURNED, reason=reason, today=today, actor=actor)
        deposit_payouts.want_step(deposit_id=row.id, today=today)
    elif kind is RequestKind.CANCEL:
        _cancel(row, request, today=today, actor=actor)
    elif kind is RequestKind.SUPPLY:
        _let_supply(row, request, today=today, actor=actor)
    else:
        _lessen(row, request, today=today, actor=actor)
    request.state, request.decided_at = AdjustmentState.MADE.value, timezone.now()
    request.save(update_fields=["state", "decider_id", "decided_at"])
    events.announce(DepositSettled(account_id=row.account_id))


@joins_transaction
def _let_supply(row: Deposit, request: DepositRequest, *, today: date, actor: Actor) -> None:
    """Let current flow before the deposit is paid: it stays demanded, and the request that was made says so."""
    if row.cause not in supply_deposits.causes(today=today):
        raise BadDeposit("No supply waits for a deposit of this cause here.", advice="Nothing has to be done.")
    _amount(RequestKind.SUPPLY, None, row, deposit_facts.of_deposits(deposit_ids=[row.id])[row.id])
    audit.record(
        actor, "let_supply", "account", row.account_id, deposit=row.id, amount_minor=request.amount_minor,
        reason=request.reason,
    )  # fmt: skip


@joins_transaction
def _lessen(row: Deposit, request: DepositRequest, *, today: date, actor: Actor) -> None:
    """Demand so much less: first what is not paid, then what is held goes back."""
    facts = deposit_facts.of_deposits(deposit_ids=[row.id])[row.id]
    _amount(RequestKind(request.kind), request.amount_minor, row, facts)
    of_open = min(request.amount_minor, facts.open_minor)
    if of_open:
        deposit_steps.reduce_step(row=row, amount_minor=of_open, reason=request.reason, today=today, actor=actor)
    back = request.amount_minor - of_open
    if back:
        posting = Posting(
            deposit=row, kind=MoveKind.RETURN, amount_minor=back, text=f"退还 returned: {request.reason}",
            reason=request.reason,
        )  # fmt: skip
        row.returned_minor += back
        row.save(update_fields=["returned_minor"])
        deposit_steps.write_step(postings=[posting], today=today, actor=actor)
    if of_open == facts.open_minor and facts.held_minor - back <= 0:
        deposit_steps.end_step(row=row, state=DepositState.WAIVED, today=today)


@joins_transaction
def _cancel(row: Deposit, request: DepositRequest, *, today: date, actor: Actor) -> None:
    """Take its notes back: what had paid them is the customer's credit again. Interest that was credited stays."""
    _amount(RequestKind.CANCEL, None, row, deposit_facts.of_deposits(deposit_ids=[row.id])[row.id])
    notes_of = row.moves.filter(kind__in=[MoveKind.DEMAND.value, MoveKind.INCREASE.value, MoveKind.REDUCE.value])
    for note_id in notes_of.filter(note__state="issued").order_by("-id").values_list("note_id", flat=True):
        notes.take_back_step(note_id=note_id, reason=request.reason, as_of_date=today, actor=actor)
    DepositMove.objects.create(
        deposit=row, kind=MoveKind.CANCEL.value, amount_minor=request.amount_minor, day=today, is_final=True,
        reason=request.reason, actor_id=person(actor),
    )  # fmt: skip
    deposit_steps.end_step(row=row, state=DepositState.CANCELLED, today=today)
