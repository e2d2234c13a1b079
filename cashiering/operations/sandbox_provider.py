"""The sandbox provider's other side: its hosted page lets a payer pay, and its messages come to our door."""

from datetime import datetime

import structlog
from django.utils import timezone

from accounts.domain.receipts import BadSignature
from cashiering.gateways import online, sandbox
from cashiering.gateways.online import BadMessage
from cashiering.gateways.sandbox import Sandbox
from cashiering.models.checkout import SandboxCheckout
from cashiering.operations import checkout_events
from cis.platform import outbox
from cis.platform.db import opens_transaction

CALL = "sandbox_provider"
"""Messages of the outbox: the sandbox has something to say."""
MOST = 200
log = structlog.get_logger(__name__)


@opens_transaction
def decide(*, token: str, is_paid: bool, now: datetime) -> None:
    """Let the payer of a hosted page pay or turn away; decided before: nothing happens."""
    row = sandbox.of_token(token)
    if row is None:
        return
    last = sandbox.decide(row, is_paid=is_paid, now=now)
    if last is None:
        return
    # One call for what is said at once, one for what is said later.
    outbox.queue(kind=CALL, key=f"{row.reference}:now", payload={"provider": row.provider})
    if last > now:
        outbox.queue(kind=CALL, key=f"{row.reference}:later", payload={"provider": row.provider}, due_at=last)


def call(message: outbox.Message) -> None:
    """Bring what a sandbox has to say to our door; called by the outbox."""
    deliver(provider=message.payload["provider"], now=timezone.now())


def deliver(*, provider: str, now: datetime) -> int:
    """Bring all messages of a sandbox that are due, as a real provider would; return how many were taken."""
    found = online.of(provider)
    assert isinstance(found, Sandbox)
    taken = 0
    for saying_id, signed in sandbox.due(found, now=now, most=MOST):
        if signed is not None:
            try:
                checkout_events.take(provider=provider, message=signed, at=now)
                taken += 1
            except (BadSignature, BadMessage) as refused:
                log.info("sandbox_message_refused", provider=provider, code=refused.code)
        sandbox.sent([saying_id])
    return taken


def page_of(token: str) -> SandboxCheckout | None:
    """Return the order of a hosted page; None if no sandbox is used here, or there is none of this address."""
    row = sandbox.of_token(token)
    return row if row is not None and row.provider in online.names() else None
