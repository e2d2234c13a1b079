"""Refunds for tests: three hands, and money that is free to be paid out."""

from datetime import date

from billing.domain.channels import PaymentChannel
from billing.operations import payments, refunds
from billing.operations.refunds import NewRefund
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role

ASKER = Actor(ActorKind.STAFF, 901, "asker", frozenset({Role.CASHIER}))
APPROVER = Actor(ActorKind.STAFF, 902, "approver", frozenset({Role.BILLING}))
TO = {"payee": "张三", "bank_account": "6222 0212 3456 7890 123", "bank_code": "102100099996"}


def paid_in(account_id: int, amount_minor: int, *, on: date, channel: str = "cash", reference: str = "") -> int:
    """Money of an account, as a payment; cash is free at once."""
    return payments.receive(
        account_id=account_id,
        amount_minor=amount_minor,
        channel=PaymentChannel(channel),
        reference=reference or f"in-{account_id}-{amount_minor}-{on}",
        received_date=on,
        today=on,
        actor=SYSTEM,
    ).payment_id


def asked(account_id: int, amount_minor: int, *, today: date, key: str = "k1", actor: Actor = ASKER, **changes) -> int:
    """A refund that was asked for."""
    new = NewRefund(**{"account_id": account_id, "amount_minor": amount_minor, "key": key, **TO, **changes})
    return refunds.ask(new=new, today=today, actor=actor)


def approved(account_id: int, amount_minor: int, *, today: date, key: str = "k1", **changes) -> int:
    """A refund that a second person has approved."""
    refund_id = asked(account_id, amount_minor, today=today, key=key, **changes)
    refunds.approve(refund_id=refund_id, today=today, actor=APPROVER)
    return refund_id


def pay_final(refund_id: int, *, reference: str, today: date) -> None:
    """Pay the credit of an account at its end: somebody names the payee, another approves, the first one sends."""
    refunds.name_payee(refund_id=refund_id, today=today, actor=ASKER, **TO)
    refunds.approve(refund_id=refund_id, today=today, actor=APPROVER)
    refunds.pay_back(refund_id=refund_id, reference=reference, paid_date=today, today=today, actor=ASKER)
