"""
Accounting months: propose a close, close as the second person, prove what was closed.

A month is closed when it is over, when all months before it are, when no run is issuing and when the laws of the books
hold. From then on it gets nothing: what belongs to it by its date is posted in the first open month.
"""

from datetime import date

from django.utils import timezone

from billing.domain import periods as domain
from billing.domain.periods import PeriodAction, PeriodState
from billing.domain.workflow import RunState
from billing.models.period import AccountingPeriod, PeriodBalance
from billing.models.run import BillRun
from billing.operations import ledger, proof
from billing.queries import period_digests
from billing.queries.periods import UnknownPeriod, first_month, months_open_before
from cis.kernel.actors import Actor
from cis.kernel.errors import Findings, Refused
from cis.kernel.periods import month_of
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction

SUBJECT = "accounting_period"


class PeriodNotClosable(Refused):
    """Something stands against the close of a month; ``detail["findings"]`` names all of it."""

    code = "period_not_closable"


class OwnPeriod(Refused):
    """Who proposed the close of a month does not close it."""

    code = "own_period"


@opens_transaction
def propose(*, month: date, today: date, actor: Actor) -> None:
    """
    Propose the close of a month to a second person.

    :param month: its first day.
    :raises UnknownPeriod: the books have no such month.
    :raises IllegalMove, NotAllowed: it is proposed or closed already, or the actor may not.
    :raises PeriodNotClosable: something stands against it.
    """
    period = _lock(month, today)
    _move(period, PeriodAction.PROPOSE, actor)
    obstacles(month=month, today=today).raise_if_any(PeriodNotClosable)
    period.proposer_id, period.proposed_at = actor.id, timezone.now()
    period.save(update_fields=["state", "proposer_id", "proposed_at"])


@opens_transaction
def take_back(*, month: date, today: date, actor: Actor) -> None:
    """
    Take back the proposal to close a month: it stays open.

    :raises UnknownPeriod, IllegalMove, NotAllowed: as ``propose``.
    """
    period = _lock(month, today)
    _move(period, PeriodAction.TAKE_BACK, actor)
    period.proposer_id = period.proposed_at = None
    period.save(update_fields=["state", "proposer_id", "proposed_at"])


@opens_transaction
def close(*, month: date, today: date, actor: Actor) -> None:
    """
    Close a month for good, as the second person: its sums are kept, its hash is chained to that of the month before.

    The laws of the books are asked before postings are kept waiting, the rest while they wait.

    :raises UnknownPeriod, IllegalMove, NotAllowed: as ``propose``; it must be proposed.
    :raises OwnPeriod: the actor proposed it.
    :raises PeriodNotClosable: something stands against it.
    """
    period = _lock(month, today)
    _move(period, PeriodAction.CLOSE, actor)
    if period.proposer_id == actor.id:
        raise OwnPeriod("Who proposed the close of a month does not close it.", advice="Ask a second person.")
    obstacles(month=month, today=today).raise_if_any(PeriodNotClosable)
    ledger.close_to_postings()
    simple_obstacles(month=month, today=today).raise_if_any(PeriodNotClosable)
    before = AccountingPeriod.objects.filter(month__lt=month).order_by("-month").first()
    period.previous_hash = before.hash if before else ""
    digest = period_digests.of_month(month=month, previous_hash=period.previous_hash)
    period.transfers, period.amount_minor, period.hash = digest.transfers, digest.amount_minor, digest.hash
    period.closer_id, period.closed_at = actor.id, timezone.now()
    PeriodBalance.objects.bulk_create(
        PeriodBalance(period=period, code=code, debit_minor=debit, credit_minor=credit)
        for code, (debit, credit) in period_digests.sums_of_month(month=month).items()
    )
    period.save()


def simple_obstacles(*, month: date, today: date) -> Findings:
    """Return what stands against the close of a month, but for the laws of the books; cheap, for pages."""
    found = Findings()
    if today < month_of(month).end:
        found.add("", "month_not_over", f"The month {month:%Y-%m} is not over.", "Close it when it is.")
    before = months_open_before(month=month)
    if before:
        names = ", ".join(f"{one:%Y-%m}" for one in before)
        found.add("", "month_before_is_open", f"Open before it: {names}.", "Months are closed in their order.")
    issuing = list(BillRun.objects.filter(state=RunState.ISSUING.value).order_by("id").values_list("id", flat=True))
    if issuing:
        names = ", ".join(str(one) for one in issuing)
        found.add("", "run_is_issuing", f"Bills are being issued: run {names}.", "Wait until they are.")
    return found


def obstacles(*, month: date, today: date) -> Findings:
    """Return all that stands against the close of a month; the laws of the books are asked, a statement each."""
    found = simple_obstacles(month=month, today=today)
    for breach in proof.verify():
        rows = ", ".join(str(one) for one in breach.examples)
        found.add(
            breach.law.name,
            "law_is_broken",
            f"It does not hold that {breach.law.sentence}: {breach.count} rows, such as {rows}.",
            "This is a fault of the machine: tell the operator; manage.py verify_ledger shows it.",
        )
    return found


def verify() -> tuple[date, ...]:
    """Return the closed months that are not as they were closed, or whose chain is broken; one statement."""
    return period_digests.changed_months()


@joins_transaction
def _lock(month: date, today: date) -> AccountingPeriod:
    first = first_month()
    if month.day != 1 or first is None or not first <= month <= month_of(today).start:
        raise UnknownPeriod(f"The books have no month {month:%Y-%m-%d}.")
    AccountingPeriod.objects.bulk_create([AccountingPeriod(month=month)], ignore_conflicts=True)
    return AccountingPeriod.objects.select_for_update().get(month=month)


def _move(period: AccountingPeriod, action: PeriodAction, actor: Actor) -> None:
    period.state = domain.WORKFLOW.step(PeriodState(period.state), action, actor).to.value
    audit.record(actor, action.value, SUBJECT, period.id, month=period.month)
