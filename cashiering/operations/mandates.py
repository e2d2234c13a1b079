"""Mandates: given in the portal, on paper or by another program; taken back at any time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import BytesIO

from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.domain.announcements import HolderChanged
from accounts.operations import notices
from accounts.operations.notices import NewNotice
from accounts.queries import accounts
from accounts.queries.customers import CustomerCard
from billing.domain.announcements import AccountSettled
from cashiering.domain import bank_accounts, mandates
from cashiering.domain.bank_accounts import masked
from cashiering.domain.debits import OPEN, DebitState, DropReason
from cashiering.domain.mandates import (
    WORKFLOW,
    BadMandate,
    EndReason,
    MandateAction,
    MandateState,
    MandateWay,
    NotOfHolder,
)
from cashiering.models.debit import Debit, Mandate
from cashiering.queries import debit_rules
from cashiering.queries.mandates import HOLD, UnknownMandate
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.periods import add_months
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, papers, photos, sequences
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain.signing import CodeRefused
from contracts.operations import signing_codes
from contracts.operations.signing_codes import Named

SUBJECT = "mandate"
SEQUENCE = "mandates"
LAPSE = "mandates_lapse"
REASON_MOST = 200
CHUNK = 500
MONTH_ENDS = timedelta(days=3)
"""By so much months of different length may put a day off."""
_OPEN = [state.value for state in OPEN]


class BadScan(BadMandate):
    """The scan is no PDF, JPEG or PNG that can be looked at safely."""

    code = "bad_scan"


class MandateKeyTaken(BadMandate):
    """The key names another mandate."""

    code = "mandate_key_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMandate:
    """
    A mandate to be. limit_minor: the most that one debit may be [minor unit]

    bank_account, bank_code  as somebody wrote them
    key                      name of the request; the same again is the same mandate; "" = none
    """

    account_id: int
    holder_name: str
    bank_account: str
    bank_code: str
    limit_minor: int
    is_one_off: bool = False
    key: str = ""


@opens_transaction
def ask(*, new: NewMandate, customer_id: int, today: date, actor: Actor) -> int:
    """
    Ask for a mandate in the portal; it holds once it is signed by a code. One that waited before is withdrawn.

    :returns: its id.
    :raises MissingRule: nothing is debited in this place.
    :raises BadBankAccount, BadMandate: see ``bank_accounts.read`` and ``mandates.check``.
    :raises NotOfHolder: the account at the bank is somebody else's, who signs on paper.
    :raises UnknownMandate: the customer does not hold the account.
    """
    holder = _holder(new.account_id, today)
    if holder.id != customer_id:
        raise UnknownMandate("There is no such account.", account_id=new.account_id)
    if _plain(new.holder_name) != _plain(holder.name):
        raise NotOfHolder(
            "The account at the bank is somebody else's.", advice="Its owner signs on paper: ask us for the form.",
            field="holder_name",
        )  # fmt: skip
    asked = Mandate.objects.filter(state=MandateState.ASKED.value, way=MandateWay.PORTAL.value)
    before = asked.filter(account_id=new.account_id).select_for_update().order_by("id")
    _end(before, reason=EndReason.WITHDRAWN, today=today, actor=actor)
    row = _make(new, customer_id=customer_id, way=MandateWay.PORTAL, is_of_other=False, today=today, actor=actor)
    return int(row.id)


@opens_transaction
def send_code(*, mandate_id: int, customer_id: int, actor: Actor) -> None:
    """
    Send the customer a code to sign by; codes sent before serve no more.

    :raises UnknownMandate, IllegalMove, NotAllowed: there is none of the customer that waits for a signature.
    :raises TooManyCodes, NoWayToSendCode: see ``signing_codes.send_step``.
    """
    row = lock(mandate_id, customer_id=customer_id)
    WORKFLOW.step(MandateState(row.state), MandateAction.SIGN, actor)
    is_chinese = row.customer.language.startswith("zh")
    end = masked(row.bank_account)
    purpose = f"授权从账户{end}扣款" if is_chinese else f"letting us debit account {end}"
    named = Named(SUBJECT, row.id)
    signing_codes.send_step(named, subject=SUBJECT, customer_id=customer_id, purpose=purpose, actor=actor)


def sign_by_code(*, mandate_id: int, customer_id: int, code: str, today: date, actor: Actor) -> None:
    """
    Sign a mandate in the portal. A wrong code counts as a try, and that it was tried is kept.

    :raises UnknownMandate, IllegalMove, NotAllowed: see ``send_code``.
    :raises CodeRefused: the code is wrong, too old, used, or was tried too often.
    """
    if not _try_code(mandate_id=mandate_id, customer_id=customer_id, code=code, today=today, actor=actor):
        raise CodeRefused("This code does not serve.", advice="Check it, or have a new one sent.", field="code")


@opens_transaction
def _try_code(*, mandate_id: int, customer_id: int, code: str, today: date, actor: Actor) -> bool:
    row = lock(mandate_id, customer_id=customer_id)
    if not signing_codes.try_step(Named(SUBJECT, row.id), subject=SUBJECT, code=code, actor=actor):
        return False
    _sign(row, signed_date=today, signed_by=row.holder_name, today=today, actor=actor)
    return True


@opens_transaction
def enter_paper(
    *, new: NewMandate, signed_date: date, signed_by: str, scan: bytes, name: str, today: date, actor: Actor
) -> int:
    """
    Enter a mandate that was signed on paper, with its scan; it holds at once, and ends the one before.

    :returns: its id.
    :raises MissingRule, BadBankAccount, BadMandate: see ``ask``.
    :raises BadScan, FileTooLarge: the scan cannot be kept.
    :raises NotAllowed: the actor may not.
    """
    try:
        scan_id = papers.keep(BytesIO(scan), name=name, actor=actor)
    except (papers.NotAPaper, photos.NotAPhoto) as refusal:
        raise BadScan(refusal.message, advice=refusal.advice, field="scan") from refusal
    row = _enter(new, way=MandateWay.PAPER, signed_date=signed_date, signed_by=signed_by, today=today, actor=actor)
    row.scan_id = scan_id
    row.save(update_fields=["scan_id"])
    return int(row.id)


@opens_transaction
def enter_signed(*, new: NewMandate, signed_date: date, evidence: str, today: date, actor: Actor) -> int:
    """
    Enter a mandate that was signed elsewhere, of which another program has proof; it holds at once, once for a key.

    :param evidence: where the proof of the signature is found; must not be empty.
    :returns: its id.
    :raises MissingRule, BadBankAccount, BadMandate, NotAllowed: see ``ask``.
    :raises MandateKeyTaken: the key names another mandate.
    """
    known = Mandate.objects.filter(key=new.key).first() if new.key else None
    if known is not None:
        if (known.account_id, known.limit_minor) != (new.account_id, new.limit_minor):
            raise MandateKeyTaken(f"Mandate {known.reference} has this key, and is another one.")
        return int(known.id)
    if not evidence.strip():
        raise BadMandate("It is not said where the signature is.", advice="Name its proof.", field="evidence")
    row = _enter(new, way=MandateWay.API, signed_date=signed_date, signed_by=new.holder_name, today=today, actor=actor)
    row.evidence = evidence.strip()[:REASON_MOST]
    row.save(update_fields=["evidence"])
    return int(row.id)


@opens_transaction
def revoke(*, mandate_id: int, today: date, actor: Actor, customer_id: int | None = None) -> None:
    """
    Take a mandate back; what the bank does not have yet is not debited any more. Taken back twice is once.

    :param customer_id: whose it must be; None: anybody's.
    :raises UnknownMandate: there is none. :raises NotAllowed: the actor may not.
    """
    row = lock(mandate_id, customer_id=customer_id)
    if row.state != MandateState.ENDED.value:
        _end([row], reason=EndReason.REVOKED, today=today, actor=actor)


@opens_transaction
def resume(*, mandate_id: int, today: date, actor: Actor) -> None:
    """
    Let a suspended mandate hold again: the bank or the customer has cleared the matter.

    :raises UnknownMandate, IllegalMove, NotAllowed: there is none that is suspended, or the actor may not.
    """
    debit_rules.rule(at=today)
    row = lock(mandate_id)
    row.state = WORKFLOW.step(MandateState(row.state), MandateAction.RESUME, actor).to.value
    row.suspend_reason = ""
    row.save(update_fields=["state", "suspend_reason"])
    audit.record(actor, "resume", SUBJECT, row.id, account=row.account_id)


@joins_transaction
def suspend_step(*, mandate_id: int, reason: str, actor: Actor) -> bool:
    """Suspend a mandate that the bank says is wrong, and drop what it has not debited; False: it did not hold."""
    row = lock(mandate_id)
    if row.state != MandateState.ACTIVE.value:
        return False
    row.state = WORKFLOW.step(MandateState.ACTIVE, MandateAction.SUSPEND, actor).to.value
    row.suspend_reason = reason[:REASON_MOST]
    row.save(update_fields=["state", "suspend_reason"])
    _drop_debits([row.id])
    audit.record(actor, "suspend", SUBJECT, row.id, account=row.account_id, reason=reason)
    return True


@opens_transaction
def reveal(*, mandate_id: int, actor: Actor) -> str:
    """
    Return the whole number of the account at the bank; that somebody looked is recorded.

    :raises UnknownMandate: there is none. :raises NotAllowed: the actor may not.
    """
    row = lock(mandate_id)
    if not actor.is_one_of(mandates.SIGNERS):
        raise NotAllowed(f"{actor.name} may not look at numbers of accounts.")
    audit.record(actor, "look_at_bank_account", SUBJECT, row.id, account=row.account_id)
    return str(row.bank_account)


def lapse(at: datetime) -> None:
    """End mandates that were not used for as long as the pack says; to be called each night, also twice."""
    if not debit_rules.is_offered_at(at):
        return
    today, _is_late = debit_rules.moment(at)
    while _lapse_some(today=today):
        pass


@opens_transaction
def _lapse_some(*, today: date) -> int:
    months = debit_rules.rule(at=today).unused_months
    about = add_months(today, -months) + MONTH_ENDS
    used = Mandate.objects.annotate(used=Coalesce("last_used_date", "signed_date"))
    oldest = used.filter(state__in=HOLD, used__lte=about).order_by("used", "id").values_list("id", flat=True)[:CHUNK]
    found = used.filter(id__in=list(oldest), state__in=HOLD).select_for_update().order_by("id")
    rows = [row for row in found if mandates.is_unused(last_date=row.used, unused_months=months, today=today)]
    _end(rows, reason=EndReason.UNUSED, today=today, actor=SYSTEM)
    return len(rows)


@joins_transaction
def end_used_step(*, mandate_ids: Sequence[int], today: date) -> None:
    """End mandates that were for one debit, which is collected."""
    rows = Mandate.objects.filter(id__in=mandate_ids, is_one_off=True, state__in=HOLD)
    _end(rows.select_for_update().order_by("id"), reason=EndReason.USED, today=today, actor=SYSTEM)


@joins_transaction
def note_settled(settled: AccountSettled) -> None:
    """End the mandates of an account that is closed; its final bill was the last to be debited. A listener."""
    leave_step(account_id=settled.account_id, today=timezone.localdate())


@joins_transaction
def note_holder(changed: HolderChanged) -> None:
    """End the mandates of who gives an account to another customer; a listener."""
    leave_step(account_id=changed.account_id, today=timezone.localdate())


@joins_transaction
def leave_step(*, account_id: int, today: date) -> None:
    """End the mandates of an account, those that wait for a signature too, and drop what is not at the bank yet."""
    rows = Mandate.objects.filter(account_id=account_id).exclude(state=MandateState.ENDED.value)
    _end(rows.select_for_update().order_by("id"), reason=EndReason.LEFT, today=today, actor=SYSTEM)


@joins_transaction
def lock(mandate_id: int, *, customer_id: int | None = None) -> Mandate:
    """
    Lock a mandate.

    :raises UnknownMandate: there is none, or it is not the customer's.
    """
    rows = Mandate.objects.select_for_update(of=("self",)).select_related("customer").filter(id=mandate_id)
    row = (rows if customer_id is None else rows.filter(customer_id=customer_id)).first()
    if row is None:
        raise UnknownMandate(f"There is no mandate {mandate_id}.", mandate_id=mandate_id)
    return row


def _enter(
    new: NewMandate, *, way: MandateWay, signed_date: date, signed_by: str, today: date, actor: Actor
) -> Mandate:
    holder = _holder(new.account_id, today)
    mandates.check(holder=new.holder_name, limit_minor=new.limit_minor, signed_date=signed_date, today=today)
    is_of_other = _plain(new.holder_name) != _plain(holder.name)
    row = _make(new, customer_id=holder.id, way=way, is_of_other=is_of_other, today=today, actor=actor)
    _sign(row, signed_date=signed_date, signed_by=signed_by.strip() or new.holder_name, today=today, actor=actor)
    return row


def _make(
    new: NewMandate, *, customer_id: int, way: MandateWay, is_of_other: bool, today: date, actor: Actor
) -> Mandate:
    rule = debit_rules.rule(at=today)
    mandates.check(holder=new.holder_name, limit_minor=new.limit_minor, signed_date=None, today=today)
    account = bank_accounts.read(number=new.bank_account, bank_code=new.bank_code, kinds=rule.accounts)
    row = Mandate.objects.create(
        account_id=new.account_id,
        customer_id=customer_id,
        reference=f"M{sequences.take(SEQUENCE):09d}",
        way=way.value,
        holder_name=" ".join(new.holder_name.split()),
        is_of_other=is_of_other,
        account_kind=account.kind.value,
        bank_account=account.number,
        bank_code=account.bank_code,
        limit_minor=new.limit_minor,
        is_one_off=new.is_one_off,
        key=new.key or None,
        actor_id=actor.id,
    )
    audit.record(actor, "ask", SUBJECT, row.id, account=new.account_id, bank_account=account.shown, way=way.value)
    return row


def _sign(row: Mandate, *, signed_date: date, signed_by: str, today: date, actor: Actor) -> None:
    state = WORKFLOW.step(MandateState(row.state), MandateAction.SIGN, actor).to
    before = Mandate.objects.filter(account_id=row.account_id, state__in=HOLD).select_for_update().order_by("id")
    _end(before, reason=EndReason.REPLACED, today=today, actor=actor)
    row.state, row.signed_date, row.signed_by = state.value, signed_date, signed_by[:REASON_MOST]
    row.save(update_fields=["state", "signed_date", "signed_by"])
    _tell([row], "mandate_active", actor=actor)
    audit.record(actor, "sign", SUBJECT, row.id, account=row.account_id, signed_date=signed_date)


LINK = "/portal/debits"


def _end(locked: Iterable[Mandate], *, reason: EndReason, today: date, actor: Actor) -> None:
    """End mandates that are locked, and drop what can be of all of them; a constant number of statements."""
    rows = list(locked)
    if not rows:
        return
    ids, told = [row.id for row in rows], [row for row in rows if row.state in HOLD]
    _drop_debits(ids)
    for row in rows:
        row.state = WORKFLOW.step(MandateState(row.state), MandateAction.END, actor).to.value
    Mandate.objects.filter(id__in=ids).update(state=MandateState.ENDED.value, end_reason=reason.value, ended_date=today)
    _tell(told, "mandate_ended", actor=actor)
    audit.record_many(actor, "end", SUBJECT, ids, reason=reason)


def _drop_debits(mandate_ids: Sequence[int]) -> None:
    """Drop what has not gone into a batch; what is in one that has not gone is dropped when it goes."""
    found = Debit.objects.filter(mandate_id__in=mandate_ids, state__in=_OPEN).select_for_update().order_by("id")
    Debit.objects.filter(id__in=list(found.values_list("id", flat=True))).update(
        state=DebitState.DROPPED.value, drop_reason=DropReason.MANDATE.value,
        decided_at=Coalesce("decided_at", timezone.now()),
    )  # fmt: skip


def _tell(rows: Sequence[Mandate], event: str, *, actor: Actor) -> None:
    told = [
        NewNotice(
            key=f"mandate:{row.id}:{row.state}",
            facts={"mandate": row.reference, "bank_account": masked(row.bank_account), "link": LINK},
            customer_id=row.customer_id,
            account_id=row.account_id,
        )
        for row in rows
    ]
    if told:
        notices.queue_many_step(event=event, notices=told, actor=actor)


def _holder(account_id: int, today: date) -> CustomerCard:
    return accounts.overview(account_id=account_id, at_date=today).holder


def _plain(name: str) -> str:
    return "".join(name.split()).casefold()
