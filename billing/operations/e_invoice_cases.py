"""What a person decides about e-invoices: try again what failed, take one back, agree to that."""

from datetime import date

from accounts.queries import tax_profiles
from billing.domain import e_invoice_reds as reds
from billing.domain.e_invoices import (
    DECIDERS,
    WORKFLOW,
    InvoiceAction,
    InvoiceKind,
    InvoiceState,
    Line,
    RedReason,
)
from billing.models.bill import Bill
from billing.models.e_invoice import EInvoice
from billing.operations import e_invoices
from billing.operations.e_invoices import DAY, SEND, SUBJECT, Sheet, lock_step
from billing.queries import e_invoice_rules
from billing.queries import e_invoices as queries
from billing.queries.e_invoices import UnknownEInvoice
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, jobs
from cis.platform.db import joins_transaction, opens_transaction

TEXT_MOST = 200


class NotReversible(Refused):
    """The invoice cannot be taken back like that."""

    code = "e_invoice_not_reversible"


class OwnRed(Refused):
    """Who proposed to take an invoice back does not agree to it."""

    code = "own_e_invoice_red"


@opens_transaction
def again(*, invoice_id: int, today: date, actor: Actor) -> int:
    """
    Ask again for an invoice that failed, with buyer and bill as they are now; return its id, or that of a new one.

    :raises UnknownEInvoice, IllegalMove, NotAllowed: there is none that failed, or the actor may not.
    """
    lock_step()
    row = _locked(invoice_id)
    to = WORKFLOW.step(InvoiceState(row.state), InvoiceAction.AGAIN, actor).to
    if not row.lines.exists():
        # Our own check failed: what the bill says is looked at anew.
        row.state = InvoiceState.DROPPED.value
        row.save(update_fields=["state"])
        rule = e_invoice_rules.rule(at=today)
        e_invoices.plan_step(bill_ids=[row.bill_id], today=today, rule=rule, actor=actor)
        invoice_id = next(iter(queries.standing(bill_id=row.bill_id)), invoice_id)
    else:
        row.state, row.attempt = to.value, row.attempt + 1
        row.request_id = e_invoices.request_id(row)
        if row.reverses_id is None:
            _rename_buyer(row, today)
        row.save()
    audit.record(actor, "again", SUBJECT, invoice_id)
    jobs.wake(SEND)
    return invoice_id


@opens_transaction
def take_back(
    *, invoice_id: int, reason: RedReason, amount_minor: int | None, text: str, anew: bool, today: date, actor: Actor
) -> int:
    """
    Take an issued invoice back by hand, by a red one; from the pack's bound on a second person decides.

    :param amount_minor: tax included; None: all that is left of it. An error is taken back whole.
    :param anew: what is taken back whole is issued again, with the buyer's data as they are now.
    :returns: id of the red invoice.
    :raises UnknownEInvoice: there is none.
    :raises NotReversible: it is red, or not issued; or the reason does not fit.
    :raises RedTooMuch: so much is not left of it.
    :raises NotAllowed: the actor neither bills nor supervises, nor is a program that may.
    """
    if not actor.is_one_of(DECIDERS | {ActorKind.CLIENT}):
        raise NotAllowed(f"{actor.name} may not take an invoice back.", advice="Ask somebody of billing.")
    lock_step()
    row = _locked(invoice_id)
    _check(row, reason, amount_minor, text, anew=anew)
    sheets = {one.row.id: one for one in e_invoices.sheets_of(bill_ids=[row.bill_id])[row.bill_id]}
    blue = sheets[row.id]
    blues, back = {row.id: blue.lines}, {row.id: blue.reds}
    left = reds.remaining(blues, reds=back).get(row.id, ())
    if amount_minor is None:
        found = reds.whole(blues, reds=back)
    else:
        found = reds.allowance(blues, reds=back, amount_minor=amount_minor)
    if not found:
        raise NotReversible("Nothing is left of this invoice.", advice="It was taken back already.")
    red = e_invoices.red_sheet(blue, found[row.id], bill_id=row.bill_id, reason=reason)
    red.row.is_by_hand, red.row.remark = True, text.strip()[:TEXT_MOST]
    total = -(red.row.net_minor + red.row.tax_minor)
    if total >= e_invoice_rules.rule(at=today).second_person_minor:
        red.row.state = InvoiceState.PROPOSED.value
    red.row.proposer_id = actor.id
    made = [red, _anew(row, left, today)] if anew else [red]
    _number(made, row.bill_id)
    e_invoices.keep_step(made[:1], actor=actor)
    for other in made[1:]:
        other.row.waits_for_id = red.row.id
        e_invoices.keep_step([other], actor=actor)
    audit.record(actor, "take_back", SUBJECT, row.id, red=red.row.id, reason=reason, text=red.row.remark)
    jobs.wake(SEND)
    return red.row.id


@opens_transaction
def decide(*, invoice_id: int, is_agreed: bool, actor: Actor) -> None:
    """
    Agree that an invoice is taken back, or not; what was to be issued anew then goes with it.

    :raises UnknownEInvoice, IllegalMove, NotAllowed: there is none that is proposed, or the actor may not.
    :raises OwnRed: the actor proposed it.
    """
    row = _locked(invoice_id)
    move = WORKFLOW.step(InvoiceState(row.state), InvoiceAction.AGREE if is_agreed else InvoiceAction.DROP, actor)
    if is_agreed and row.proposer_id == actor.id:
        raise OwnRed("Who proposed it does not agree to it.", advice="Ask somebody else of billing.")
    row.state = move.to.value
    if is_agreed:
        row.decider_id = actor.id
    row.save(update_fields=["state", "decider_id"])
    if not is_agreed:
        _drop_waiting(row.id)
    audit.record(actor, "agree" if is_agreed else "drop", SUBJECT, row.id)
    jobs.wake(SEND)


@opens_transaction
def drop(*, invoice_id: int, actor: Actor) -> None:
    """
    Give up an invoice that failed; what waited for it goes with it.

    :raises UnknownEInvoice, IllegalMove, NotAllowed: there is none that failed, or the actor may not.
    """
    lock_step()
    row = _locked(invoice_id)
    row.state = WORKFLOW.step(InvoiceState(row.state), InvoiceAction.DROP, actor).to.value
    row.save(update_fields=["state"])
    _drop_waiting(row.id)
    audit.record(actor, "drop", SUBJECT, row.id)


@joins_transaction
def _drop_waiting(invoice_id: int) -> None:
    waiting = EInvoice.objects.filter(waits_for_id=invoice_id, state=InvoiceState.DUE.value)
    ids = list(waiting.values_list("id", flat=True))
    if ids:
        EInvoice.objects.filter(id__in=ids).update(state=InvoiceState.DROPPED.value)
        audit.record_many(SYSTEM, "drop", SUBJECT, ids, why="what it waited for was dropped")


def _check(row: EInvoice, reason: RedReason, amount_minor: int | None, text: str, *, anew: bool) -> None:
    if row.reverses_id is not None or row.state != InvoiceState.ISSUED.value:
        raise NotReversible("Only an issued blue invoice is taken back.", advice="Choose the blue one.")
    if not text.strip():
        raise NotReversible("It is not said why.", advice="Write what happened.", field="text")
    if reason is RedReason.ERROR and amount_minor is not None:
        raise NotReversible("An error is taken back whole.", advice="Leave the amount empty.", field="amount")
    if anew and amount_minor is not None:
        raise NotReversible(
            "Only what is taken back whole is issued anew.", advice="Leave the amount empty.", field="anew"
        )


def _anew(row: EInvoice, left: tuple[Line, ...], today: date) -> Sheet:
    """Return an invoice that says what was left of one, to the buyer as he is now; it waits for the red one."""
    new = EInvoice(
        account_id=row.account_id,
        bill_id=row.bill_id,
        kind=row.kind,
        is_by_hand=True,
        net_minor=sum(line.net_minor for line in left),
        tax_minor=sum(line.tax_minor for line in left),
        remark=row.remark,
    )
    _rename_buyer(new, today)
    return Sheet(new, left)


def _rename_buyer(row: EInvoice, today: date) -> None:
    bill = Bill.objects.get(id=row.bill_id)
    held = (row.account_id, bill.end_date - DAY)
    buyer = tax_profiles.buyers(held=[held], at_date=today).get(held)
    for name, value in e_invoices.buyer_values(buyer).items():
        setattr(row, name, value)
    is_taxed = row.tax_minor != 0
    row.kind = (
        InvoiceKind.SPECIAL if buyer is not None and buyer.wants_special and is_taxed else InvoiceKind.ORDINARY
    ).value


def _number(made: list[Sheet], bill_id: int) -> None:
    """Name new invoices of a bill after those that it has."""
    last = EInvoice.objects.filter(bill_id=bill_id).order_by("-round").values_list("round", flat=True).first() or 0
    for place, sheet in enumerate(made, start=1):
        sheet.row.round, sheet.row.part = last + 1, place
        sheet.row.request_id = e_invoices.request_id(sheet.row)


def _locked(invoice_id: int) -> EInvoice:
    row = EInvoice.objects.select_for_update(of=("self",)).filter(id=invoice_id).first()
    if row is None:
        raise UnknownEInvoice(f"There is no e-invoice {invoice_id}.")
    return row
