"""
Deposits of customers: demanded by a note, held as far as it is paid. What is written of them is in ``deposit_steps``;
what is asked to be done with one in ``deposit_requests``; what falls due in ``deposit_nights``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from accounts.queries import accounts as account_queries
from billing.domain.announcements import PaymentsBooked
from billing.domain.deposit_requests import ASKERS, person
from billing.domain.deposits import BadDeposit, DepositRule, DepositState, MoveKind, Size, size
from billing.models.deposit import Deposit
from billing.operations import deposit_steps, deposit_telling, ledger
from billing.operations.deposit_steps import TEXT_MOST, Posting
from billing.queries import deposit_facts, deposit_rules
from cis.kernel import fixed
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.kernel.periods import add_months
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, events, packs
from cis.platform.db import joins_transaction, opens_transaction

YEAR = 12
LOOKED_AT = events.Accounts("billing_deposit", "t.state = 'open'")
"""Accounts of which payments are heard here."""


class DepositOpen(Refused):
    """The account has a deposit already."""

    code = "deposit_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDeposit:
    """
    A deposit that is demanded. [minor unit]

    amount_minor    None: as the rule computes it; never more
    expected_minor  what a month is expected to cost, where there are no bills
    reason          needed where less than the computed amount is demanded
    """

    account_id: int
    cause: str
    key: str
    amount_minor: int | None = None
    expected_minor: int | None = None
    reason: str = ""
    is_paid_out: bool = False


def size_of(*, account_id: int, expected_minor: int | None, today: date) -> tuple[str, Size]:
    """
    Return the class of an account, and how large its deposit is to be; a constant number of statements.

    :raises MissingRule: no deposits are demanded in this place.
    :raises BadDeposit: none is demanded of this class.
    """
    found = deposit_rules.rule(at=today)
    customer_class = deposit_facts.class_of(account_id=account_id, today=today)
    billed_minor, billed_days = deposit_facts.billed(account_id=account_id, today=today)
    return customer_class, size(
        terms=found.size_terms(customer_class),
        billed_minor=billed_minor,
        billed_days=billed_days,
        expected_minor=expected_minor,
    )


@opens_transaction
def demand(*, new: NewDeposit, today: date, actor: Actor) -> int:
    """
    Demand a deposit by a note; credit of the account pays it at once.

    :returns: id of the deposit.
    :raises MissingRule: no deposits are demanded in this place.
    :raises NotAllowed: the actor may not demand one.
    :raises BadDeposit: no such cause, nothing to demand, more than the rule allows, or no reason for less.
    :raises UnknownAccount: there is none.
    :raises DepositOpen: the account has one.
    """
    _check_asker(actor)
    rule = deposit_rules.rule(at=today)
    if new.cause not in rule.causes:
        raise BadDeposit(
            "For this no deposit is demanded here.", advice=f"Known: {', '.join(rule.causes)}.", field="cause"
        )
    if account_queries.card(account_id=new.account_id).state != "open":
        raise BadDeposit("The account is closed.", advice="A deposit is for a supply that goes on.")
    ledger.lock_customers(account_ids=[new.account_id])
    known = Deposit.objects.filter(key=new.key).first()
    if known is not None:
        return known.id
    if Deposit.objects.filter(account_id=new.account_id, state=DepositState.OPEN.value).exists():
        raise DepositOpen("The account has a deposit already.", advice="Demand more of it, or give it back first.")
    customer_class, computed = size_of(account_id=new.account_id, expected_minor=new.expected_minor, today=today)
    amount_minor = computed.amount_minor if new.amount_minor is None else new.amount_minor
    _check_amount(amount_minor, computed, reason=new.reason)
    row = Deposit.objects.create(
        account_id=new.account_id,
        cause=new.cause,
        customer_class=customer_class,
        amount_minor=0,
        method=computed.method.value,
        months=computed.months,
        month_minor=computed.month_minor,
        computed_minor=computed.amount_minor,
        reason=new.reason.strip()[:TEXT_MOST],
        demanded_date=today,
        interest_date=add_months(today, YEAR),
        look_date=add_months(today, rule.good.months) if rule.good.months else None,
        is_paid_out=new.is_paid_out,
        key=new.key,
        actor_id=person(actor),
    )
    _demand_step(row, MoveKind.DEMAND, amount_minor, computed, rule, today=today, actor=actor)
    audit.record(actor, "demand_deposit", "account", row.account_id, deposit=row.id, amount_minor=amount_minor)
    return row.id


@opens_transaction
def increase(*, deposit_id: int, amount_minor: int, reason: str, today: date, actor: Actor) -> None:
    """
    Demand more of a deposit, together no more than the rule computes today.

    :raises UnknownDeposit, NotAllowed, MissingRule: as they say.
    :raises BadDeposit: it comes to more than the rule allows, or nobody says why.
    """
    _check_asker(actor)
    row = deposit_steps.locked(deposit_id)
    rule = deposit_rules.rule(at=today)
    _class, computed = size_of(account_id=row.account_id, expected_minor=row.month_minor, today=today)
    if not reason.strip():
        raise BadDeposit("A reason is needed.", advice="Say why more is demanded.", field="reason")
    if amount_minor <= 0:
        raise BadDeposit("A deposit is an amount above 0.", field="amount")
    _check_amount(row.amount_minor - row.returned_minor + amount_minor, computed, reason=reason)
    row.reason = reason.strip()[:TEXT_MOST]
    row.computed_minor = computed.amount_minor
    _demand_step(row, MoveKind.INCREASE, amount_minor, computed, rule, today=today, actor=actor)
    audit.record(actor, "increase_deposit", "account", row.account_id, deposit=row.id, amount_minor=amount_minor)


@opens_transaction
def wish(*, deposit_id: int, is_paid_out: bool, actor: Actor) -> None:
    """
    Note how the customer wishes to have the deposit back: paid out, or as credit of the account.

    :raises UnknownDeposit: there is none that is open; whose it is, is for the caller to look.
    """
    row = deposit_steps.locked(deposit_id)
    row.is_paid_out = is_paid_out
    row.save(update_fields=["is_paid_out"])
    audit.record(actor, "wish_deposit", "account", row.account_id, deposit=row.id, is_paid_out=is_paid_out)


@joins_transaction
def note_payments(booked: PaymentsBooked) -> None:
    """Tell customers whose deposits are held in full now; one statement where there are none."""
    rows = Deposit.objects.filter(account_id__in=booked.account_ids, state=DepositState.OPEN.value)
    _tell_held([row.id for row in rows.only("id")])


def _tell_held(deposit_ids: Sequence[int]) -> None:
    if not deposit_ids:
        return
    facts = deposit_facts.of_deposits(deposit_ids=deposit_ids)
    held = [one for one, found in facts.items() if found.held_minor > 0 and found.open_minor <= 0]
    deposit_telling.queue_held_step(deposit_ids=held)


@joins_transaction
def _demand_step(
    row: Deposit, kind: MoveKind, amount_minor: int, computed: Size, rule: DepositRule, *, today: date, actor: Actor
) -> None:
    row.amount_minor += amount_minor
    row.save(update_fields=["amount_minor", "reason", "computed_minor"])
    places = packs.rule("decimals", at=today)
    text = "按规定 as the rule says"
    if computed.month_minor is not None:
        text = f"{computed.months} × {fixed.to_text(computed.month_minor, places=places)} (月均 average month)"
    deposit_steps.write_step(
        postings=[Posting(deposit=row, kind=kind, amount_minor=amount_minor, text=text, reason=row.reason)],
        today=today,
        actor=actor,
        due_date=today + timedelta(days=rule.due_days),
    )
    _tell_held([row.id])


def _check_asker(actor: Actor) -> None:
    if not actor.is_one_of(ASKERS):
        raise NotAllowed(f"{actor.name} may not demand deposits.", advice="Ask a clerk or billing.")


def _check_amount(amount_minor: int, computed: Size, *, reason: str) -> None:
    if amount_minor <= 0:
        raise BadDeposit("A deposit is an amount above 0.", field="amount")
    if amount_minor > computed.amount_minor:
        raise BadDeposit(
            "This is more than the place allows.", advice="Demand no more than is computed.", field="amount",
            most_minor=computed.amount_minor,
        )  # fmt: skip
    if amount_minor < computed.amount_minor and not reason.strip():
        raise BadDeposit("A reason is needed.", advice="Say why less is demanded than is computed.", field="reason")
