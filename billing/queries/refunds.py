"""Refunds: what may be paid out of an account's credit, and what became of each refund."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q, QuerySet, Sum

from accounts.domain.identity import masked
from accounts.queries import accounts
from billing.domain.channels import PaymentChannel
from billing.domain.refunds import LIVE, Credit, RefundState
from billing.models.settlement import Refund
from billing.queries import balances, prepaid, write_offs
from cis.kernel import fixed
from cis.kernel.errors import Refused
from cis.platform import packs
from cis.platform.db import fetch

_YOUNG = """
    SELECT coalesce(sum(p.amount_minor - coalesce((SELECT sum(a.amount_minor) FROM billing_allocation a
                                                   WHERE a.payment_id = p.id), 0)), 0)::bigint
    FROM billing_payment p
    JOIN unnest(%(channels)s::text[], %(since)s::date[]) AS r(channel, since)
      ON r.channel = p.channel AND p.received_date > r.since
    WHERE p.account_id = %(account)s
      AND NOT EXISTS (SELECT 1 FROM billing_paymentreturn b WHERE b.payment_id = p.id)
"""


class UnknownRefund(Refused):
    """There is no such refund."""

    code = "unknown_refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRule:
    """
    What the place says about paying credit out.

    cooling_days      by channel: so long after it came in money may still bounce
    least_minor       less is not paid out, unless the account is at its end [minor unit]
    are_debts_first   debts of the same customer on other accounts come first
    must_be_iban      bank accounts are IBANs
    by_customer       the customer may ask for it in the portal
    """

    cooling_days: dict[PaymentChannel, int]
    least_minor: int
    are_debts_first: bool
    must_be_iban: bool
    by_customer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOffer:
    """
    What may be paid out of an account today, and what stands against it.

    owed_elsewhere_minor  what the same customer owes on other accounts [minor unit]
    owing                 numbers of those accounts
    is_disputed           something of the account is disputed: nothing is paid out
    payer_accounts        bank accounts from which its money came
    """

    credit: Credit
    rule: RefundRule
    owed_elsewhere_minor: int
    owing: tuple[str, ...]
    is_disputed: bool
    payer_accounts: frozenset[str]

    @property
    def free_minor(self) -> int:
        """What may be paid out now; 0 where something stands against it. [minor unit]"""
        stands_against = self.is_disputed or (self.rule.are_debts_first and self.owed_elsewhere_minor > 0)
        return 0 if stands_against else self.credit.free_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundDetail:
    """One refund as pages show it; the bank account is masked. [minor unit]"""

    id: int
    account_id: int
    account_number: str
    state: RefundState
    amount_minor: int
    due_by_date: date
    payee: str
    masked_account: str
    bank_code: str
    has_account: bool
    is_to_payer: bool
    reason: str
    channel: str
    reference: str
    paid_date: date | None
    confirmed_date: date | None
    returned_date: date | None
    return_reason: str
    created_at: datetime
    asker_id: int | None
    approver_id: int | None
    actor_id: int | None
    final_account_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRefunds:
    """Filters of the list of refunds; ``state`` "": all."""

    text: str = ""
    state: str = ""


class _Port:
    """Who knows from where money came, what is disputed, and which dispute a refund ends; bound by ``cis.wiring``."""

    payer_accounts: Callable[..., frozenset[str]] | None = None
    is_disputed: Callable[..., bool] | None = None
    holds_settled: Callable[..., Collection[int]] | None = None


def answer_by(
    *, payer_accounts: Callable[..., frozenset[str]], is_disputed: Callable[..., bool],
    holds_settled: Callable[..., Collection[int]],
) -> None:  # fmt: skip
    """
    Bind who answers what rooms above know. To be called from ``cis.wiring`` only.

    :param holds_settled: of a refund, the holds of the case from which it is asked: it is how that dispute is settled.
    """
    _Port.payer_accounts, _Port.is_disputed, _Port.holds_settled = payer_accounts, is_disputed, holds_settled


def rule(*, at: date) -> RefundRule:
    """
    Return what the place says about paying credit out on a day.

    :raises MissingRule: the pack has no rule ``refunds``.
    """
    found, decimals = packs.rule("refunds", at=at), packs.rule("decimals", at=at)
    return RefundRule(
        cooling_days={channel: found[f"{channel.value}_days"] for channel in PaymentChannel},
        least_minor=fixed.parse(found["least"], places=decimals),
        are_debts_first=found["debts_first"],
        must_be_iban=found["iban"],
        by_customer=found["by_customer"],
    )


def offer(
    *, account_id: int, today: date, but_refund_id: int | None = None, but_hold_ids: Collection[int] = ()
) -> RefundOffer:
    """
    Return what may be paid out of an account today; a constant number of statements.

    :param but_refund_id: a refund under way that is not counted as promised; the disputes that it settles do not count.
    :param but_hold_ids: disputes that a refund settles that is not asked for yet.
    :raises LookupError: nobody was bound to say what is disputed, or whose money it was.
    :raises MissingRule: the pack has no rule ``refunds``.
    """
    if _Port.payer_accounts is None or _Port.is_disputed is None or _Port.holds_settled is None:
        raise LookupError("nobody answers where money came from; see cis/wiring.py")
    found = rule(at=today)
    owing = _owing_elsewhere(account_id, today)
    settled = {*but_hold_ids, *(_Port.holds_settled(refund_id=but_refund_id) if but_refund_id else ())}
    return RefundOffer(
        credit=_credit(account_id, found, today, but_refund_id),
        rule=found,
        owed_elsewhere_minor=sum(owing.values()),
        owing=tuple(sorted(owing)),
        is_disputed=_Port.is_disputed(account_id=account_id, but_hold_ids=settled),
        payer_accounts=_Port.payer_accounts(account_id=account_id),
    )


def _credit(account_id: int, found: RefundRule, today: date, but_refund_id: int | None) -> Credit:
    balance = balances.owed_minor(account_ids=[account_id]).get(account_id, 0)
    cooling = {channel.value: today - timedelta(days=days) for channel, days in found.cooling_days.items() if days}
    given = {"account": account_id, "channels": list(cooling), "since": list(cooling.values())}
    ((young_minor,),) = fetch(_YOUNG, given)
    credit_minor = max(0, -balance)
    return Credit(
        credit_minor=credit_minor,
        young_minor=young_minor,
        promised_minor=promised_minor(account_id=account_id, but_refund_id=but_refund_id),
        given_up_minor=write_offs.left_minor(account_ids=[account_id]),
        used_minor=used_minor(account_id=account_id, credit_minor=credit_minor, today=today),
    )


def used_minor(*, account_id: int, credit_minor: int, today: date) -> int:
    """Return what a prepaid account has used and no bill bills; all its credit as long as nobody knows. [minor unit]"""
    standing = prepaid.of_accounts(account_ids=[account_id], today=today).get(account_id)
    if standing is None:
        return 0
    return credit_minor if standing.open_cost_minor is None else max(0, standing.open_cost_minor)


def promised_minor(*, account_id: int, but_refund_id: int | None = None) -> int:
    """Return what refunds of an account that are asked for or approved come to, one of them left out. [minor unit]"""
    rows = Refund.objects.filter(account_id=account_id, state__in=_values(LIVE))
    if but_refund_id is not None:
        rows = rows.exclude(id=but_refund_id)
    return rows.aggregate(sum=Sum("amount_minor"))["sum"] or 0


def _owing_elsewhere(account_id: int, today: date) -> dict[str, int]:
    """Return what the customer of an account owes on others that are his now, by their numbers. [minor unit]"""
    held = accounts.holders(account_ids=[account_id])
    now = next((span for span in held if span.start_date <= today), None)
    if now is None:
        return {}
    others = {
        span.account_id: span.account_number
        for span in accounts.held_by(customer_id=now.customer_id)
        if span.end_date is None and span.account_id != account_id
    }
    owed = balances.owed_minor(account_ids=others)
    return {number: owed[other] for other, number in others.items() if owed.get(other, 0) > 0}


def listed(*, wanted: WantedRefunds, offset: int = 0, most: int = 50) -> tuple[RefundDetail, ...]:
    """Return refunds, those to be done first by urgency, then the latest; one statement."""
    rows = _found(wanted).extra(select={"is_done": "billing_refund.state NOT IN ('asked', 'approved')"})
    ordered = rows.order_by("is_done", "due_by_date", "-id")
    return tuple(_detail(row) for row in ordered[offset : offset + most])


def one(*, refund_id: int) -> RefundDetail:
    """
    Return one refund; one statement.

    :raises UnknownRefund: there is none.
    """
    row = Refund.objects.select_related("account").filter(id=refund_id).first()
    if row is None:
        raise UnknownRefund(f"There is no refund {refund_id}.", refund_id=refund_id)
    return _detail(row)


def selected() -> QuerySet[Refund]:
    """Return all refunds, to be filtered."""
    return Refund.objects.select_related("account")


def details(rows: QuerySet[Refund]) -> tuple[RefundDetail, ...]:
    """Return rows as pages show them; one statement."""
    return tuple(_detail(row) for row in rows)


def of_account(*, account_id: int, most: int = 20) -> tuple[RefundDetail, ...]:
    """Return the refunds of an account, latest first; one statement."""
    rows = Refund.objects.select_related("account").filter(account_id=account_id).order_by("-id")[:most]
    return tuple(_detail(row) for row in rows)


def to_send(*, refund_ids: Collection[int] | None = None, most: int = 1_000) -> tuple[RefundDetail, ...]:
    """Return approved refunds to bank accounts, the most urgent first; one statement."""
    rows = Refund.objects.select_related("account").filter(
        state=RefundState.APPROVED.value, channel=PaymentChannel.BANK.value
    )
    if refund_ids is not None:
        rows = rows.filter(id__in=list(refund_ids))
    return tuple(_detail(row) for row in rows.order_by("due_by_date", "id")[:most])


def payees(*, refund_ids: Sequence[int]) -> dict[int, tuple[str, str, str]]:
    """Return name, bank account and code of the bank of some refunds, in full: for the file of the bank alone."""
    rows = Refund.objects.filter(id__in=list(refund_ids)).values_list("id", "payee", "bank_account", "bank_code")
    return {row_id: (payee, number, code) for row_id, payee, number, code in rows}


def _found(wanted: WantedRefunds) -> QuerySet[Refund]:
    rows = Refund.objects.select_related("account")
    if wanted.state:
        rows = rows.filter(state=wanted.state)
    if wanted.text:
        rows = rows.filter(Q(account__number__startswith=wanted.text) | Q(payee__icontains=wanted.text))
    return rows


def _values(states: Collection[RefundState]) -> list[str]:
    return [state.value for state in states]


def _detail(row: Refund) -> RefundDetail:
    return RefundDetail(
        id=row.id,
        account_id=row.account_id,
        account_number=row.account.number,
        state=RefundState(row.state),
        amount_minor=row.amount_minor,
        due_by_date=row.due_by_date,
        payee=row.payee,
        masked_account=masked(row.bank_account) if row.bank_account else "",
        bank_code=row.bank_code,
        has_account=bool(row.bank_account),
        is_to_payer=row.is_to_payer,
        reason=row.reason,
        channel=row.channel,
        reference=row.reference,
        paid_date=row.paid_date,
        confirmed_date=row.confirmed_date,
        returned_date=row.returned_date,
        return_reason=row.return_reason,
        created_at=row.created_at,
        asker_id=row.asker_id,
        approver_id=row.approver_id,
        actor_id=row.actor_id,
        final_account_id=row.final_account_id,
    )
