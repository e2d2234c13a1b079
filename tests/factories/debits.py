"""Mandates and the nights in which debits are planned, sent and answered."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import time_machine

from cashiering.operations import debit_batches, debit_follow_ups, debit_reports, debits, mandates, posting
from cashiering.operations.mandates import NewMandate
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform import outbox
from tests.factories.contracts import World

CLERK = Actor(ActorKind.STAFF, 11, "Clerk", frozenset({Role.CASHIER}))
SECOND = Actor(ActorKind.STAFF, 12, "Second", frozenset({Role.SUPERVISOR}))
ZONE = ZoneInfo("Asia/Shanghai")
ACCOUNT = "6222021234567890123"
BANK = "102290000001"
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


def at(day: date, hour: int = 3) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=ZONE)


def new(world: World, **values) -> NewMandate:
    given = {
        "account_id": world.account.id,
        "holder_name": world.customer.name,
        "bank_account": ACCOUNT,
        "bank_code": BANK,
        "limit_minor": 100_000,
    }
    return NewMandate(**{**given, **values})


def signed(world: World, *, on: date, **values) -> int:
    """A mandate signed on paper."""
    return mandates.enter_paper(
        new=new(world, **values), signed_date=on, signed_by="", scan=PDF, name="m.pdf", today=on, actor=CLERK
    )


def night(day: date) -> None:
    """What the night of a day does with debits, and what the bank says until its morning."""
    with time_machine.travel(at(day), tick=False):
        debits.plan(at(day))
        debit_batches.work(at(day))
        outbox.deliver_due()
    listen(day)


def listen(day: date) -> None:
    """Take what the bank has to say at noon, and do what follows."""
    with time_machine.travel(at(day, 12), tick=False):
        debit_reports.take_files(at(day, 12))
        posting.work(at(day, 12))
        debit_follow_ups.work(at(day, 12))
