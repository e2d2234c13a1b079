"""
Money of nobody known: a clerk says whose it is, shares it out, sends it back, or says for what it went out.

Each of them takes the money out of ``liability.suspense``. Above a bound of the pack a second person agrees before it
is sent back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from billing.domain.channels import PaymentChannel
from billing.domain.entries import Entry, TransferKind
from billing.operations import ledger, payments
from cashiering.domain import bank_lines
from cashiering.domain.bank_lines import LineState, Outcome
from cashiering.models.bank import LineDecision, LinePart, StatementLine
from cashiering.queries.bank import UnknownLine
from cis.kernel import fixed
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit, packs
from cis.platform.db import joins_transaction, opens_transaction

SEND_BACK = "send_back"
REASON_MOST = 200


class NotInSuspense(Refused):
    """Nothing of the line stands in suspense any more, or it is not of this kind."""

    code = "not_in_suspense"


class ReasonMissing(Refused):
    """It must be said why."""

    code = "reason_missing"


class SamePerson(Refused):
    """A second person must decide."""

    code = "second_person"


@dataclass(frozen=True, slots=True)
class Share:
    """What an account gets. [minor unit]"""

    account_id: int
    amount_minor: int


@opens_transaction
def assign(*, line_id: int, shares: Sequence[Share], today: date, actor: Actor) -> int:
    """
    Give money in suspense to accounts, as payments of the day on which it came in; what is left stays in suspense.

    :returns: what is left. [minor unit]
    :raises UnknownLine: there is none.
    :raises NotInSuspense: nothing of it is left, or it is money that went out.
    :raises BadSplit: a part is not above 0, or they are more than what is left.
    """
    line = _locked(line_id, LineState.SUSPENSE, is_credit=True)
    bank_lines.check_split(amounts_minor=[share.amount_minor for share in shares], left_minor=line.suspense_minor)
    ledger.lock_customers(account_ids=[share.account_id for share in shares])  # at once: others lock several of them
    first = LinePart.objects.filter(line=line).count() + 1
    entries, parts = [], []
    for number, share in enumerate(shares, start=first):
        entries.append(_entry(line, f"assigned_{number}", share.amount_minor, to=bank_lines.CASH))
        received = payments.book(
            account_id=share.account_id,
            amount_minor=share.amount_minor,
            channel=PaymentChannel.BANK,
            reference=bank_lines.payment_name(statement_id=line.statement_id, line_no=line.line_no, part=number),
            received_date=line.booking_date,
            today=today,
            actor=actor,
        )
        parts.append(
            LinePart(line=line, payment_id=received.payment_id, amount_minor=share.amount_minor, actor_id=actor.id)
        )
    ledger.post(kind=TransferKind.SUSPENSE, entries=entries, actor=actor)
    LinePart.objects.bulk_create(parts)
    line.suspense_minor -= sum(share.amount_minor for share in shares)
    line.state = (LineState.SUSPENSE if line.suspense_minor else LineState.BOOKED).value
    line.save(update_fields=["suspense_minor", "state"])
    audit.record(actor, "assign_suspense", "statement_line", line_id, parts=len(parts), left=line.suspense_minor)
    return line.suspense_minor


@opens_transaction
def send_back(*, line_id: int, reason: str, today: date, actor: Actor) -> bool:
    """
    Let what is left of a line go back to its payer; the transfer itself is made at the bank, under the line's name.

    :returns: False: a second person has to agree first.
    :raises UnknownLine: there is none.
    :raises NotInSuspense: nothing of it is left, or it is money that went out.
    :raises ReasonMissing: it is not said why.
    """
    line = _locked(line_id, LineState.SUSPENSE, is_credit=True)
    bound = fixed.parse(
        packs.rule("bank_statements", at=today)["second_person_from"], places=int(packs.rule("decimals", at=today))
    )
    decision = LineDecision(
        line=line, kind=SEND_BACK, amount_minor=line.suspense_minor, reason=_reason(reason), actor_id=actor.id
    )
    is_small = line.suspense_minor < bound
    if is_small:
        decision.decided_at = timezone.now()
        _send(line, decision, today, actor)
    else:
        line.state = LineState.PROPOSED.value
        line.save(update_fields=["state"])
    decision.save()
    audit.record(actor, "send_back", "statement_line", line_id, amount=decision.amount_minor, reason=reason)
    return is_small


@opens_transaction
def agree(*, line_id: int, today: date, actor: Actor) -> None:
    """
    Agree as the second person that money goes back to its payer.

    :raises NotInSuspense: it is not proposed.
    :raises SamePerson: it is the one who proposed it.
    """
    line = _locked(line_id, LineState.PROPOSED, is_credit=True)
    decision = LineDecision.objects.get(line=line, kind=SEND_BACK, decided_at=None)
    if decision.actor_id == actor.id:
        raise SamePerson("You proposed this yourself.", advice="Another person decides.")
    decision.agreed_by_id, decision.decided_at = actor.id, timezone.now()
    decision.save(update_fields=["agreed_by_id", "decided_at"])
    _send(line, decision, today, actor)
    audit.record(actor, "agree_send_back", "statement_line", line_id, amount=decision.amount_minor)


@opens_transaction
def drop(*, line_id: int, actor: Actor) -> None:
    """
    Drop a proposal to send money back: it stands in suspense as before.

    :raises NotInSuspense: nothing is proposed.
    """
    line = _locked(line_id, LineState.PROPOSED, is_credit=True)
    LineDecision.objects.filter(line=line, kind=SEND_BACK, decided_at=None).update(
        decided_at=timezone.now(), agreed_by_id=actor.id, is_dropped=True
    )
    line.state = LineState.SUSPENSE.value
    line.save(update_fields=["state"])
    audit.record(actor, "drop_send_back", "statement_line", line_id)


@opens_transaction
def settle(*, line_id: int, outcome: Outcome, reason: str, today: date, actor: Actor) -> None:
    """
    Say for what money went out: a fee of the bank, or what was posted where it was decided.

    :raises NotInSuspense: it came in, or is settled already.
    :raises ReasonMissing: it is not said why.
    """
    line = _locked(line_id, LineState.SUSPENSE, is_credit=False)
    said, amount = _reason(reason), line.suspense_minor
    to = bank_lines.BANK_FEES if outcome is Outcome.FEE else bank_lines.CASH
    ledger.post(kind=TransferKind.SUSPENSE, entries=[_entry(line, "settled", amount, to=to, on=today)], actor=actor)
    _decided(line, outcome.value, said, actor)
    line.suspense_minor, line.state = 0, LineState.SETTLED.value
    line.save(update_fields=["suspense_minor", "state"])
    audit.record(actor, "settle_line", "statement_line", line_id, outcome=outcome.value, reason=said)


@opens_transaction
def know(*, line_id: int, today: date, actor: Actor) -> None:
    """
    Say that a line is the same movement as an earlier one, which counts: this one is taken off the books.

    :raises NotInSuspense: it looks like no other, or something of it is assigned already.
    """
    row = _locked(line_id, LineState.SUSPENSE)
    if row.earlier_id is None or row.suspense_minor != row.amount_minor:
        raise NotInSuspense("This line looks like no other.", advice="Assign it, or send it back.")
    entry = _entry(row, "known", row.suspense_minor, to=bank_lines.CASH, on=today)
    ledger.post(kind=TransferKind.SUSPENSE, entries=[entry], actor=actor)
    _decided(row, LineState.KNOWN.value, "", actor)
    row.suspense_minor, row.state = 0, LineState.KNOWN.value
    row.save(update_fields=["suspense_minor", "state"])
    audit.record(actor, "know_line", "statement_line", line_id, earlier=row.earlier_id)


@joins_transaction
def _send(line: StatementLine, decision: LineDecision, today: date, actor: Actor) -> None:
    entry = _entry(line, "sent_back", decision.amount_minor, to=bank_lines.OUTGOING, on=today)
    ledger.post(kind=TransferKind.SUSPENSE, entries=[entry], actor=actor)
    line.suspense_minor, line.state = 0, LineState.SENT_BACK.value
    line.save(update_fields=["suspense_minor", "state"])


def _decided(line: StatementLine, kind: str, reason: str, actor: Actor) -> None:
    LineDecision.objects.create(
        line=line,
        kind=kind,
        amount_minor=line.suspense_minor,
        reason=reason,
        actor_id=actor.id,
        decided_at=timezone.now(),
    )


def _entry(line: StatementLine, part: str, amount_minor: int, *, to: str, on: date | None = None) -> Entry:
    """Return the movement that takes money of a line out of suspense, or what went out back into it."""
    return Entry(
        source_id=line.id,
        part=part,
        debit=bank_lines.SUSPENSE if line.is_credit else to,
        credit=to if line.is_credit else bank_lines.SUSPENSE,
        account_id=None,
        amount_minor=amount_minor,
        occurred_date=on or line.booking_date,
    )


def _reason(reason: str) -> str:
    if not reason.strip():
        raise ReasonMissing("It is not said why.", advice="Give the reason.", field="reason")
    return reason.strip()[:REASON_MOST]


def _locked(line_id: int, state: LineState, *, is_credit: bool | None = None) -> StatementLine:
    line = StatementLine.objects.select_for_update().filter(id=line_id).first()
    if line is None:
        raise UnknownLine(f"There is no line {line_id}.")
    if line.state != state or (is_credit is not None and line.is_credit is not is_credit):
        raise NotInSuspense("This is not possible for the line any more.", advice="Look at it again.", line_id=line_id)
    return line
