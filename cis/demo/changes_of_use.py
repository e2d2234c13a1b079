"""Changes of use as the demo shows them: asked for, waiting for a paper, agreed, holding, refused, with a refund."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from billing.domain.channels import PaymentChannel
from billing.operations import final_accounts, payments
from billing.queries import bills
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.periods import add_months
from cis.platform import documents
from contracts.domain.changes import ChangeKind, FinalRead, PaperKind, Wanted
from contracts.operations import changes
from contracts.operations.changes import ArrearsOwed
from contracts.queries import agreements
from contracts.queries.agreements import AgreementCard
from metering.queries import meters, reads

CLERK = Actor(ActorKind.STAFF, None, "demo", frozenset({Role.CLERK, Role.CASHIER, Role.BILLING}))
PAPER = b"%PDF-1.4\n% a paper that proves a change\n%%EOF\n"
ADVANCE_MINOR = 50_000
DAYS_AGO = 3
USED_WH = 64_000
SKIPPED = 20
"""Accounts before these are those of other pages of the demo."""


def build(*, run_id: int, today: date) -> int:
    """Let changes of use be asked for at some homes of a run; returns how many there are. All by the real doors."""
    cards = bills.of_run(run_id=run_id, state="issued", offset=SKIPPED, most=len(FATES) * 3)
    found = [agreements.of_account(account_id=card.account_id) for card in cards]
    homes = [
        rows[0] for rows in found if len(rows) == 1 and rows[0].end_date is None and _has_one_counter(rows[0], today)
    ]
    for fate, home in zip(FATES, homes, strict=False):
        fate(home, today)
    final_accounts.work(timezone.now())
    return min(len(FATES), len(homes))


def _has_one_counter(home: AgreementCard, today: date) -> bool:
    hanging = meters.hanging_at(service_point_id=home.service_point_id, on=today)
    return len(hanging) == 1 and len(meters.counters_of(serial=hanging[0].serial)) == 1


def _ask(
    home: AgreementCard, today: date, kind: ChangeKind, on: date, *, papers: Sequence[PaperKind] = (), **values: Any
) -> int:
    made = changes.draft(
        wanted=Wanted(kind=kind, account_id=home.account_id, effective_date=on, **values),
        asked_date=min(today, on),
        request_key=f"demo-{kind}-{home.id}",
        today=today,
        actor=CLERK,
    )
    for paper in papers:
        kept = documents.keep(PAPER, name=f"{paper}.pdf", media_type="application/pdf", actor=CLERK)
        changes.add_paper(change_id=made, kind=paper, document_id=kept, file_name=f"{paper}.pdf", actor=CLERK)
    return made


def _many_persons(home: AgreementCard, today: date) -> None:
    """Ask for an allowance for five persons from the next month on, proven and agreed."""
    on = add_months(today.replace(day=1), 1)
    made = _ask(
        home,
        today,
        ChangeKind.HOUSEHOLD,
        on,
        agreement_id=home.id,
        household=5,
        until_date=add_months(on, 36),
        papers=tuple(PaperKind),
    )
    changes.confirm(change_id=made, today=today, actor=CLERK)


def _new_name(home: AgreementCard, today: date) -> None:
    """Ask for a new name that is not proven yet."""
    changes.submit(change_id=_ask(home, today, ChangeKind.RENAME, today, name="沈佳怡"), actor=CLERK)


def _leaves_soon(home: AgreementCard, today: date) -> None:
    """Let somebody move out in some days."""
    made = _ask(home, today, ChangeKind.MOVE_OUT, today + timedelta(days=5), agreement_id=home.id)
    changes.confirm(change_id=made, today=today, actor=CLERK)


def _has_left(home: AgreementCard, today: date) -> None:
    """Let somebody who paid ahead move out: a final bill, and a credit to be paid back."""
    payments.receive(
        account_id=home.account_id, amount_minor=ADVANCE_MINOR, channel=PaymentChannel.BANK,
        reference=f"demo-ahead-{home.id}", received_date=today, today=today, actor=CLERK,
    )  # fmt: skip
    made = _ask(
        home, today, ChangeKind.MOVE_OUT, today - timedelta(days=DAYS_AGO), agreement_id=home.id,
        reads=_reads(home, today),
    )  # fmt: skip
    changes.confirm(change_id=made, today=today, actor=CLERK)


def _reads(home: AgreementCard, today: date) -> tuple[FinalRead, ...]:
    """Return what the counter shows at the end: a little more than at the last read."""
    (meter,) = meters.hanging_at(service_point_id=home.service_point_id, on=today)
    last = reads.of_meter(meter_id=meter.id, count=1)
    return tuple(
        FinalRead(serial=meter.serial, register=row.register_code, reading_wh=row.reading_wh + USED_WH) for row in last
    )


def _owes(home: AgreementCard, today: date) -> None:
    """Ask for a removal while a bill may be open."""
    made = _ask(home, today, ChangeKind.REMOVAL, today, agreement_id=home.id)
    try:
        changes.confirm(change_id=made, today=today, actor=CLERK)
    except ArrearsOwed:
        changes.submit(change_id=made, actor=CLERK)


def _refused(home: AgreementCard, today: date) -> None:
    """Reject a household that was not proven."""
    on = add_months(today.replace(day=1), 1)
    made = _ask(home, today, ChangeKind.HOUSEHOLD, on, agreement_id=home.id, household=7, until_date=add_months(on, 36))
    changes.submit(change_id=made, actor=CLERK)
    changes.reject(
        change_id=made, reason="户口簿上只有三人 the register of the household names three persons", actor=CLERK
    )


def _thought_better(home: AgreementCard, today: date) -> None:
    """Withdraw an increase of capacity."""
    made = _ask(home, today, ChangeKind.CAPACITY_INCREASE, today, agreement_id=home.id, capacity_va=16_000)
    changes.withdraw(change_id=made, reason="客户撤回 withdrawn by the customer", actor=CLERK)


def _meter_moves(home: AgreementCard, today: date) -> None:
    """Let a meter hang at another place."""
    made = _ask(
        home,
        today,
        ChangeKind.RELOCATION,
        today,
        agreement_id=home.id,
        position="一楼楼道集中表箱 in the hall downstairs",
    )
    changes.confirm(change_id=made, today=today, actor=CLERK)


FATES: tuple[Callable[[AgreementCard, date], None], ...] = (
    _many_persons, _new_name, _leaves_soon, _has_left, _owes, _refused, _thought_better, _meter_moves,
)  # fmt: skip
