"""
What is executed from a case: each by the room that owns it, with the limits and second persons that hold there.

A deed is kept with its case under the key of its request: the same request twice is one deed.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from io import BytesIO

from django.utils import timezone

from billing.operations import adjustments, rebills, refunds
from billing.operations.adjustments import NewAdjustment
from billing.operations.refunds import NewRefund
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, documents
from cis.platform.db import joins_transaction, opens_transaction
from complaints.domain.case_workflow import HANDLERS, LIVE
from complaints.domain.kinds import SUBJECT, DeedKind
from complaints.models.case import Case
from complaints.models.work import CaseDeed
from complaints.operations import apologies
from complaints.operations.case_moves import check_hand, lock
from complaints.queries import case_holds
from metering.domain.work_orders import WorkKind
from metering.operations import work_orders

KEY_MOST = 100


class NothingToDo(Refused):
    """The case has no account, or no place, on which something can be done, or it is over."""

    code = "case_has_no_account"


@opens_transaction
def adjust(
    *, case_id: int, amount_minor: int, reason: str, text: str, key: str, today: date, at: datetime, actor: Actor
) -> int:
    """
    Adjust the account of a case, as a compensation or a correction; return the id of the adjustment.

    :param amount_minor: below 0: credited.
    :raises UnknownCase, NotYourCase, NothingToDo: see there. :raises BadAdjustment, NotAllowed, MissingRule: as there.
    """

    def done(row: Case) -> CaseDeed:
        assert row.account_id is not None
        new = NewAdjustment(
            account_id=row.account_id, amount_minor=amount_minor, reason=reason, text=text, key=f"case:{row.id}:{key}"
        )
        made = adjustments.propose_step(new=new, today=today, actor=actor)
        return CaseDeed(kind=DeedKind.ADJUSTMENT.value, adjustment_id=made)

    made = _do_step(case_id, DeedKind.ADJUSTMENT, key, done, at=at, actor=actor).adjustment_id
    assert made is not None
    return made


@opens_transaction
def refund(*, case_id: int, new: NewRefund, key: str, today: date, at: datetime, actor: Actor) -> int:
    """
    Ask that credit of the account of a case is paid out; a second person approves it. Return the id of the refund.

    The hold of this case does not stand against it, and stays until the case is closed; that of another case does.

    :param new: of which account and key are those of the case.
    :raises UnknownCase, NotYourCase, NothingToDo: see there.
    :raises NotAllowed, NotFree, DebtsFirst, Disputed, BadBankAccount, BadRefund: as there.
    """

    def done(row: Case) -> CaseDeed:
        assert row.account_id is not None
        asked = replace(new, account_id=row.account_id, key=f"case:{row.id}:{key}")
        own = case_holds.of_case(case_id=row.id)
        made = refunds.ask_step(new=asked, today=today, actor=actor, but_hold_ids=own)
        return CaseDeed(kind=DeedKind.REFUND.value, refund_id=made)

    made = _do_step(case_id, DeedKind.REFUND, key, done, at=at, actor=actor).refund_id
    assert made is not None
    return made


@opens_transaction
def rebill(*, case_id: int, key: str, today: date, at: datetime, actor: Actor) -> int:
    """
    Bill the account of a case anew, by an ordinary run that is approved as any; return its id.

    :raises UnknownCase, NotYourCase, NothingToDo: see there.
    :raises NothingBilled, AccountsTaken, NotAllowed: as there.
    """

    def done(row: Case) -> CaseDeed:
        assert row.account_id is not None
        run_id = rebills.rebill_step(account_id=row.account_id, today=today, actor=actor)
        return CaseDeed(kind=DeedKind.REBILL.value, run_id=run_id)

    made = _do_step(case_id, DeedKind.REBILL, key, done, at=at, actor=actor).run_id
    assert made is not None
    return made


@opens_transaction
def re_read(*, case_id: int, due_date: date, key: str, at: datetime, actor: Actor) -> int:
    """
    Send somebody to read the meter of a case again; return the id of the work order.

    :raises UnknownCase, NotYourCase, NothingToDo: see there. :raises WorkExists: an order for it is under way.
    """

    def done(row: Case) -> CaseDeed:
        if row.service_point_id is None:
            raise NothingToDo("The case names no place.", advice="Order the work at the place itself.")
        # The order is one at the place: its page, for all staff, must not tell of a case.
        order_id = work_orders.create_step(
            kind=WorkKind.RE_READ, subject=work_orders.AT_PLACE, subject_id=row.service_point_id,
            service_point_id=row.service_point_id, facts={}, due_date=due_date, actor=actor,
        )  # fmt: skip
        return CaseDeed(kind=DeedKind.RE_READ.value, work_order_id=order_id)

    made = _do_step(case_id, DeedKind.RE_READ, key, done, at=at, actor=actor, needs_account=False).work_order_id
    assert made is not None
    return made


@opens_transaction
def apologise(*, case_id: int, text: str, key: str, at: datetime, actor: Actor) -> int:
    """
    Write a letter of apology as PDF, to be printed and sent; return the id of the document.

    :raises UnknownCase, NotYourCase: see there. :raises NothingToDo: nobody is named to whom it goes.
    """

    def done(row: Case) -> CaseDeed:
        if not row.caller_name or not text.strip():
            raise NothingToDo("There is nobody to write to, or nothing to say.", field="text")
        data = apologies.pdf(row, text=text.strip(), on=timezone.localdate(at))
        kept = documents.keep(BytesIO(data), name="letter.pdf", media_type="application/pdf", actor=actor)
        return CaseDeed(kind=DeedKind.APOLOGY.value, document_id=kept)

    made = _do_step(case_id, DeedKind.APOLOGY, key, done, at=at, actor=actor, needs_account=False).document_id
    assert made is not None
    return made


@joins_transaction
def _do_step(
    case_id: int, kind: DeedKind, key: str, done: Callable[[Case], CaseDeed], *, at: datetime, actor: Actor,
    needs_account: bool = True,
) -> CaseDeed:  # fmt: skip
    """Do something from a case once for its key; done before: return the deed of then."""
    row = lock(case_id, actor)
    if not actor.is_one_of(HANDLERS):
        raise NotAllowed(f"{actor.name} does not work on cases.", advice="Ask the team that has it.")
    check_hand(row, actor)
    known = CaseDeed.objects.filter(case_id=row.id, kind=kind.value, key=key[:KEY_MOST]).first()
    if known is not None:
        return known
    if row.state not in LIVE or (needs_account and row.account_id is None):
        raise NothingToDo("Nothing can be done from this case.", advice="It is over, or names no account.")
    deed = done(row)
    deed.case_id, deed.key, deed.at = row.id, key[:KEY_MOST], at
    deed.actor_id, deed.actor_name = actor.id, actor.name[:150]
    deed.save()
    audit.record(actor, kind.value, SUBJECT, row.id, number=row.number)
    return deed
