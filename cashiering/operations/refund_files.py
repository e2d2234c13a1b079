"""
Approved refunds go to the bank in a file, and lines of its statements say what became of them.

A refund is posted when it is put into a file: the money is on its way. A line that says it was paid confirms it and
moves nothing again; one that says it came back takes it back.
"""

import io
from collections.abc import Collection, Sequence
from datetime import date

from django.utils import timezone

from accounts.queries import supplier
from accounts.queries.supplier import SupplierCard
from billing.domain.channels import PaymentChannel
from billing.domain.refunds import GONE, RefundState
from billing.operations import refunds
from billing.queries import refunds as refund_queries
from billing.queries.refunds import RefundDetail
from cashiering.domain import refund_files as names
from cashiering.domain.formats import pain001
from cashiering.domain.formats.pain001 import Bank, PaymentOrder, TransferOut
from cashiering.models.bank import StatementLine
from cashiering.models.refund_file import RefundFile, RefundFileItem
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Refused
from cis.platform import audit, documents, packs, sequences
from cis.platform.db import joins_transaction, opens_transaction

SEQUENCE = "refund_file"
MEDIA_TYPE = "application/xml"
BYTES_MOST = 64 * 1024 * 1024
ITEMS_MOST = 1_000


class NothingToPay(Refused):
    """None of these refunds is there to be put into a file."""

    code = "nothing_to_pay"


class NoOwnAccount(Refused):
    """The supplier has no bank account from which it could pay."""

    code = "no_own_account"


@opens_transaction
def make(*, refund_ids: Collection[int], today: date, actor: Actor) -> int:
    """
    Put approved refunds into a file for the bank: they are sent with it, all or none.

    :param refund_ids: 1 to 1,000, to bank accounts.
    :returns: id of the file.
    :raises NothingToPay: there are none, too many, or one is not approved.
    :raises NoOwnAccount: the supplier's bank account is not known.
    :raises NotAllowed, OwnRefund, BadRefund: as ``refunds.send_step``.
    """
    wanted = sorted(set(refund_ids))
    found = refund_queries.to_send(refund_ids=wanted, most=ITEMS_MOST)
    if not wanted or len(found) != len(wanted):
        raise NothingToPay("One of these refunds is not there to be sent.", advice="Look at the list again.")
    own = supplier.current()
    if not own.bank_account:
        raise NoOwnAccount("The supplier's bank account is not known.", advice="Enter it with the supplier's data.")
    refunds.send_step(
        references={one.id: names.refund_name(one.id) for one in found},
        channel=PaymentChannel.BANK,
        paid_date=today,
        today=today,
        actor=actor,
    )
    message_id = names.file_name(sequences.take(SEQUENCE, 1))
    order = _order(found, message_id=message_id, own=own, today=today)
    document_id = documents.keep(
        io.BytesIO(pain001.write(order)), name=f"{message_id}.xml", media_type=MEDIA_TYPE, actor=actor,
        bytes_most=BYTES_MOST,
    )  # fmt: skip
    refund_file = RefundFile.objects.create(
        message_id=message_id,
        execution_date=today,
        count=len(found),
        amount_minor=order.sum_minor,
        document_id=document_id,
        actor_id=actor.id,
    )
    RefundFileItem.objects.bulk_create(RefundFileItem(refund_file=refund_file, refund_id=one.id) for one in found)
    audit.record(actor, "make", "refund_file", refund_file.id, count=len(found), amount_minor=order.sum_minor)
    return refund_file.id


def _order(found: Sequence[RefundDetail], *, message_id: str, own: SupplierCard, today: date) -> PaymentOrder:
    to = refund_queries.payees(refund_ids=[one.id for one in found])
    return PaymentOrder(
        message_id=message_id,
        created_at=timezone.now(),
        execution_date=today,
        debtor=Bank(name=own.name_en or own.name_zh, number=own.bank_account),
        currency=own.currency,
        places=int(packs.rule("decimals", at=today)),
        transfers=[
            TransferOut(
                end_to_end_id=names.refund_name(one.id),
                to=Bank(name=to[one.id][0], number=to[one.id][1], code=to[one.id][2]),
                amount_minor=one.amount_minor,
                text=f"{names.refund_name(one.id)} {one.account_number}",
            )
            for one in found
        ],
    )


@opens_transaction
def confirm(*, refund_file_id: int, confirmed_date: date, actor: Actor) -> int:
    """Note that the bank has paid a whole file; return how many refunds of it were not confirmed before."""
    waiting = _refunds_of(refund_file_id, RefundState.SENT)
    for refund_id in waiting:
        refunds.confirm_step(refund_id=refund_id, confirmed_date=confirmed_date, actor=actor)
    return len(waiting)


@joins_transaction
def settle_step(*, lines: Sequence[StatementLine], today: date) -> dict[int, str]:
    """
    Confirm refunds, or take them back, by the lines that name them with their amount, alone or as a whole file.

    A refund is paid by one line: a second one that names it is money that went out for nothing, and not settled here.
    Nor is one that would have it come back before it was sent: whatever it is, it stops no other line.

    :returns: what each line that is known now says: "paid" or "returned". Nothing is posted for it again.
    """
    said = {line.id: f"{line.end_to_end_id} {line.remittance} {line.original}" for line in lines}
    gone = _gone({number for text in said.values() for number in names.refunds_in(text)})
    files = _files({name for text in said.values() for name in names.files_in(text)})
    done: dict[int, str] = {}
    for line in lines:
        named = {number for number in names.refunds_in(said[line.id]) if number in gone}
        whole = [files[name] for name in names.files_in(said[line.id]) if name in files]
        if len(named) == 1:
            (refund_id,) = named
            amount_minor, sent_date, is_told = gone[refund_id]
            is_fit = sent_date <= line.booking_date if line.is_credit else not is_told
            if amount_minor == line.amount_minor and is_fit:
                done[line.id] = _settle(line, refund_id, today)
                gone[refund_id] = (0 if line.is_credit else amount_minor, sent_date, True)
        elif not line.is_credit and _settle_file(line, whole):
            done[line.id] = "paid"
    return done


def _settle_file(line: StatementLine, named: Sequence[tuple[int, int]]) -> bool:
    """Confirm all refunds of a file (id, sum) that is named alone; False: a line has told of one of them before."""
    if len(named) != 1 or named[0][1] != line.amount_minor:
        return False
    ((refund_file_id, _sum),) = named
    if RefundFileItem.objects.filter(refund_file_id=refund_file_id, line__isnull=False).exists():
        return False
    RefundFileItem.objects.filter(refund_file_id=refund_file_id).update(line=line)
    for refund_id in _refunds_of(refund_file_id, RefundState.SENT):
        refunds.confirm_step(refund_id=refund_id, confirmed_date=line.booking_date, actor=SYSTEM)
    return True


def _settle(line: StatementLine, refund_id: int, today: date) -> str:
    if not line.is_credit:
        RefundFileItem.objects.filter(refund_id=refund_id).update(line=line)
        refunds.confirm_step(refund_id=refund_id, confirmed_date=line.booking_date, actor=SYSTEM)
        return "paid"
    reason = line.return_reason or line.remittance or "returned by the bank"
    refunds.take_back_step(
        refund_id=refund_id, returned_date=line.booking_date, reason=reason, today=max(today, line.booking_date),
        actor=SYSTEM,
    )  # fmt: skip
    return "returned"


def _gone(refund_ids: Collection[int]) -> dict[int, tuple[int, date, bool]]:
    """Return amount and day of sending of refunds of files that did not come back, and whether a line told of each."""
    if not refund_ids:
        return {}
    states = [state.value for state in GONE]
    rows = RefundFileItem.objects.filter(refund_id__in=sorted(refund_ids), refund__state__in=states)
    return {
        refund_id: (amount_minor, sent_date or date.max, line_id is not None)
        for refund_id, amount_minor, sent_date, line_id in rows.values_list(
            "refund_id", "refund__amount_minor", "refund__paid_date", "line_id"
        )
    }


def _files(message_ids: Collection[str]) -> dict[str, tuple[int, int]]:
    if not message_ids:
        return {}
    rows = RefundFile.objects.filter(message_id__in=sorted(message_ids)).values_list("message_id", "id", "amount_minor")
    return {message_id: (row_id, amount) for message_id, row_id, amount in rows}


def _refunds_of(refund_file_id: int, state: RefundState) -> list[int]:
    rows = RefundFileItem.objects.filter(refund_file_id=refund_file_id, refund__state=state.value).order_by("refund_id")
    return list(rows.values_list("refund_id", flat=True))


@opens_transaction
def note_taken(*, refund_file_id: int, actor: Actor) -> None:
    """Record that somebody took a file with bank accounts in full."""
    audit.record(actor, "take", "refund_file", refund_file_id)
