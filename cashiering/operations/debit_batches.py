"""
Batches of debits: made each night of what is due to go, let go, written as a file of the bank, sent.

What is in a batch is looked at once more when it goes: a bill that was paid meanwhile is left out, one that was paid in
part is debited for the rest. The file is made of what is kept: a batch gives the same bytes however often it is made.
"""

from collections.abc import Sequence
from datetime import date, datetime
from io import BytesIO

from django.db.models import Q
from django.utils import timezone

from billing.operations.second_person import person_of
from cashiering.domain import debits
from cashiering.domain.bank_accounts import AccountKind, BankAccount
from cashiering.domain.debit_batches import WORKFLOW, BankConnected, BatchAction, BatchState
from cashiering.domain.debits import DebitState, DropReason, SamePerson, SequenceType, name_of
from cashiering.domain.formats import pain008
from cashiering.domain.mandates import MandateState
from cashiering.gateways import debit_bank
from cashiering.models.debit import Debit, DebitBatch, Mandate
from cashiering.queries import debit_rules
from cashiering.queries.debits import UnknownBatch, open_of_bills
from cis.kernel.actors import SYSTEM, Actor
from cis.platform import audit, documents, jobs, outbox, sequences
from cis.platform.db import joins_transaction, opens_transaction

WORK = "debits_batch"
SEND = "debit_batch_send"
"""Messages of the outbox: give the file of a batch to the bank."""
SUBJECT = "debit_batch"
SEQUENCE = "debit_batches"
MEDIA_TYPE = "application/xml"
CHUNK = 10_000
NOTHING = 0
"""Stands for a batch of debits that all were dropped; others may wait behind them."""
_USED = [DebitState.SENT.value, DebitState.COLLECTED.value, DebitState.RETURNED.value]


def work(at: datetime) -> None:
    """Make batches of all debits that must go to the bank by now; to be called each night, also twice, or by two."""
    if not debit_rules.is_offered_at(at):
        return
    with jobs.alone(WORK) as is_ours:
        while is_ours and make(at=at) is not None:
            pass


@opens_transaction
def make(*, at: datetime) -> int | None:
    """
    Make a batch of the debits that must go to the bank by now, up to 10,000; below the bound it goes at once.

    :returns: its id; None: nothing is due to go.
    :raises MissingRule: nothing is debited in this place.
    :raises NoCreditor: the settings do not say who collects.
    """
    today, is_late = debit_rules.moment(at)
    rule = debit_rules.rule(at=today)
    until = debits.first_day(rule.timing, today=today, is_late=is_late)
    due = Debit.objects.filter(state=DebitState.PLANNED.value, collection_date__lte=until)
    first = list(due.order_by("collection_date", "id").values_list("id", flat=True)[:CHUNK])
    if not first:
        return None
    debit_rules.creditor(at=today)
    locked = due.filter(id__in=first).select_for_update(of=("self",)).order_by("id")
    kept = _look_again(list(locked.select_related("mandate")), first=until)
    if not kept:
        return NOTHING
    batch = DebitBatch.objects.create(
        reference=f"WLDD{sequences.take(SEQUENCE):08d}",
        made_date=today,
        debit_count=len(kept),
        amount_minor=sum(row.amount_minor for row in kept),
        created_at=at.replace(microsecond=0),
    )
    Debit.objects.filter(id__in=[row.id for row in kept]).update(state=DebitState.BATCHED.value, batch=batch)
    audit.record(SYSTEM, "make", SUBJECT, batch.id, debits=len(kept), amount_minor=batch.amount_minor)
    if batch.amount_minor <= rule.batch_alone_most_minor:
        _release(batch, at=at, actor=SYSTEM)
    return int(batch.id)


@opens_transaction
def propose(*, batch_id: int, actor: Actor) -> None:
    """Say that a batch above the bound may go. :raises UnknownBatch, IllegalMove, NotAllowed: it cannot."""
    batch = _lock(batch_id)
    _move(batch, BatchAction.PROPOSE, actor)
    batch.proposer_id = person_of(actor)
    batch.save()


@opens_transaction
def keep_back(*, batch_id: int, actor: Actor) -> None:
    """Do not agree that a batch goes; it waits as before. :raises UnknownBatch, IllegalMove, NotAllowed: it cannot."""
    batch = _lock(batch_id)
    _move(batch, BatchAction.KEEP, actor)
    batch.proposer_id = None
    batch.save()


@opens_transaction
def release(*, batch_id: int, at: datetime, actor: Actor) -> None:
    """
    Let a batch go that another person proposed.

    :raises UnknownBatch, IllegalMove, NotAllowed: there is none that is proposed, or the actor may not.
    :raises SamePerson: the actor proposed it.
    """
    batch = _lock(batch_id)
    WORKFLOW.step(BatchState(batch.state), BatchAction.RELEASE, actor)
    if batch.proposer_id == person_of(actor):
        raise SamePerson("Who proposed it cannot agree to it.", advice="Ask somebody else.")
    _release(batch, at=at, actor=actor)


def _release(batch: DebitBatch, *, at: datetime, actor: Actor) -> None:
    """Look at the debits once more, write the file, and leave the message that it is to be sent."""
    today, is_late = debit_rules.moment(at)
    rule = debit_rules.rule(at=today)
    first = debits.first_day(rule.timing, today=today, is_late=is_late)
    rows = list(
        batch.debits.filter(state=DebitState.BATCHED.value)
        .select_for_update(of=("self",))
        .select_related("mandate__customer", "bill", "account")
        .order_by("id")
    )
    kept = _look_again(rows, first=first)
    batch.debit_count, batch.amount_minor = len(kept), sum(row.amount_minor for row in kept)
    if not kept:
        _move(batch, BatchAction.DROP, actor)
        batch.save()
        return
    _name_sequences(kept)
    content = pain008.write(
        batch=batch.reference,
        created_at=batch.created_at,
        creditor=debit_rules.creditor(at=today),
        items=[_item(row) for row in kept],
        form=rule.format,
    )
    batch.document_id = documents.keep(
        BytesIO(content), name=f"{batch.reference}.xml", media_type=MEDIA_TYPE, actor=actor
    )
    batch.sha256 = documents.about(batch.document_id).sha256
    batch.released_at = timezone.now()
    batch.released_by_id = None if actor.id is None else person_of(actor)
    _move(batch, BatchAction.RELEASE, actor)
    batch.save()
    if debit_bank.current() is not None:
        outbox.queue(kind=SEND, key=batch.reference, payload={"batch_id": batch.id})


def _look_again(rows: Sequence[Debit], *, first: date) -> list[Debit]:
    """Return the debits that still hold, for what is still open, on days that the bank can keep; drop the others."""
    open_of = open_of_bills(bill_ids=[row.bill_id for row in rows])
    kept = []
    for row in rows:
        row.collection_date = max(row.collection_date, first)
        if row.mandate.state != MandateState.ACTIVE.value:
            row.state, row.drop_reason = DebitState.DROPPED.value, DropReason.MANDATE.value
        elif open_of.get(row.bill_id, 0) <= 0:
            row.state, row.drop_reason = DebitState.DROPPED.value, DropReason.PAID.value
        else:
            row.amount_minor = min(row.amount_minor, open_of[row.bill_id])
            kept.append(row)
    Debit.objects.bulk_update(rows, ["collection_date", "state", "drop_reason", "amount_minor"], batch_size=2_000)
    return kept


def _name_sequences(rows: Sequence[Debit]) -> None:
    """Say of each debit which of its mandate it is: the first is one that no debit went before."""
    used = set(
        Debit.objects.filter(mandate_id__in={row.mandate_id for row in rows}, state__in=_USED)
        .values_list("mandate_id", flat=True)
    )  # fmt: skip
    for row in sorted(rows, key=lambda one: (one.collection_date, one.id)):
        is_first = row.mandate_id not in used
        recurrent = SequenceType.FIRST if is_first else SequenceType.RECURRENT
        row.sequence = (SequenceType.ONE_OFF if row.mandate.is_one_off else recurrent).value
        used.add(row.mandate_id)
    Debit.objects.bulk_update(rows, ["sequence"], batch_size=2_000)


def _item(row: Debit) -> pain008.Item:
    mandate = row.mandate
    assert mandate.signed_date is not None  # by the constraint mandate_that_holds_is_signed
    return pain008.Item(
        name=name_of(row.id),
        amount_minor=row.amount_minor,
        collection_date=row.collection_date,
        sequence=SequenceType(row.sequence),
        mandate=mandate.reference,
        signed_date=mandate.signed_date,
        holder=mandate.holder_name,
        customer=mandate.customer.name if mandate.is_of_other else "",
        account=BankAccount(AccountKind(mandate.account_kind), mandate.bank_account, mandate.bank_code),
        text=f"{row.bill.number} {row.account.number}",
    )


def send(message: outbox.Message) -> None:
    """
    Give the file of a batch to the bank, then write down that it has it; called by the outbox, again if it failed.

    :raises BankUnreachable: it is tried again later.
    """
    batch = DebitBatch.objects.get(id=message.payload["batch_id"])
    bank = debit_bank.current()
    if batch.state != BatchState.RELEASED.value or bank is None:
        return  # it is there already, or people carry it
    with documents.open(batch.document_id or 0) as file:
        bank.send(reference=batch.reference, content=file.read())
    _sent(batch_id=batch.id, actor=SYSTEM)


def are_carried() -> bool:
    """Return whether people carry the files to the bank, since none is connected."""
    return debit_bank.current() is None


@opens_transaction
def mark_sent(*, batch_id: int, actor: Actor) -> None:
    """
    Say that somebody has brought the file to the bank.

    :raises BankConnected: a bank is connected: the file goes there by itself.
    :raises UnknownBatch, IllegalMove, NotAllowed: it cannot.
    """
    if not are_carried():
        raise BankConnected("The bank is connected and gets the file by itself.", advice="Wait until it has it.")
    sent_step(batch_id=batch_id, actor=actor)


@opens_transaction
def _sent(*, batch_id: int, actor: Actor) -> None:
    if _lock(batch_id).state == BatchState.RELEASED.value:
        sent_step(batch_id=batch_id, actor=actor)


@joins_transaction
def sent_step(*, batch_id: int, actor: Actor) -> None:
    """Write down that the bank has a batch: its debits and their mandates are used from now on."""
    batch = _lock(batch_id)
    _move(batch, BatchAction.SEND, actor)
    batch.sent_at = timezone.now()
    batch.save()
    batch.debits.filter(state=DebitState.BATCHED.value).update(state=DebitState.SENT.value)
    _use_mandates(batch)


def _use_mandates(batch: DebitBatch) -> None:
    sent = batch.debits.filter(state=DebitState.SENT.value).order_by("collection_date")
    used = {row.mandate_id: row.collection_date for row in sent}
    list(Mandate.objects.filter(id__in=list(used)).select_for_update().order_by("id").values_list("id"))
    days: dict[date, list[int]] = {}
    for mandate_id, day in used.items():
        days.setdefault(day, []).append(mandate_id)
    for day, ids in days.items():
        older = Q(last_used_date=None) | Q(last_used_date__lt=day)
        Mandate.objects.filter(older, id__in=ids).update(last_used_date=day)


@opens_transaction
def file_of(*, batch_id: int, actor: Actor) -> tuple[str, bytes]:
    """
    Return name and bytes of the file of a batch; that somebody took it is recorded, since it holds bank accounts.

    :raises UnknownBatch: there is none, or it has no file yet.
    """
    batch = _lock(batch_id)
    if batch.document_id is None:
        raise UnknownBatch("The batch has no file yet.", advice="Let it go first.")
    with documents.open(batch.document_id) as file:
        content = file.read()
    audit.record(actor, "download", SUBJECT, batch.id, sha256=batch.sha256)
    return f"{batch.reference}.xml", content


def _move(batch: DebitBatch, action: BatchAction, actor: Actor) -> None:
    batch.state = WORKFLOW.step(BatchState(batch.state), action, actor).to.value
    audit.record(actor, action.value, SUBJECT, batch.id, amount_minor=batch.amount_minor, debits=batch.debit_count)


def _lock(batch_id: int) -> DebitBatch:
    row = DebitBatch.objects.select_for_update().filter(id=batch_id).first()
    if row is None:
        raise UnknownBatch(f"There is no batch {batch_id}.", batch_id=batch_id)
    return row
