"""Types of the rules on money that comes in, goes out, or is moved; see ``cis.platform.pack_rules``."""

import re
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """
    What is paid first, where the payer does not say it: the ``oldest`` due date, or one ``kind`` of debt.

    kinds  of debts, in the order in which they are paid; where the oldest is first, for debts of one day
    """

    first: str = field(metadata={"pattern": re.compile("oldest|kind")})
    kinds: list[str] = field(metadata={"pattern": re.compile("regular|note|late_fee")})


@dataclass(frozen=True, slots=True)
class BankStatements:
    """
    Money that comes by the bank: from which score of matching (0 to 100) it is booked without a person, and from which
    amount on a second person agrees before money of nobody known is sent back.
    """

    certain_from: int = field(metadata={"least": 70, "most": 101})
    second_person_from: str = field(metadata={"decimals": 3})


@dataclass(frozen=True, slots=True)
class OnlinePayment:
    """
    Paying online: the ``least`` and ``most`` of one payment, and how many ``minutes`` a payer has for it.

    ask_after_minutes  when a provider is asked what became of it, where it has said nothing
    hold_hours         how long a payment that is pending keeps the account from being cut off
    link_days          how long the code on a bill pays it, from its issue on
    """

    least: str = field(metadata={"decimals": 3})
    most: str = field(metadata={"decimals": 3})
    minutes: int = field(metadata={"least": 5, "most": 1440})
    ask_after_minutes: int = field(metadata={"least": 1, "most": 1440})
    hold_hours: int = field(metadata={"least": 0, "most": 720})
    link_days: int = field(metadata={"least": 1, "most": 3660})


@dataclass(frozen=True, slots=True)
class DirectDebit:
    """
    Bills that are debited of accounts at banks: how a bank wants its files, when customers are told, what is unusual.

    accounts           how accounts are named: ``iban``, ``cn``
    version            of pain.008; ``characters`` that banks take in names; codes of the scheme, "" for none
    notice_days        calendar days between telling the customer and the debit
    lead_working_days  bank working days between sending and the debit; after ``cut_off`` one more
    first_most         the most that the first debit of an account may be without a person
    median_times       so many times the median of the account's last 12 debits one may be without a person
    tries, again_days  how often a debit is tried, and calendar days between
    unused_months      a mandate that is not used for so long ends
    held_working_days  so long persons have time for a debit that is held; after it its bill is demanded again
    batch_alone_most   a batch above it is let go by two persons
    fee                of a debit that came back: ``none``; ``bank``: what the bank took; ``fixed``: ``fee_amount``
    """

    accounts: list[str] = field(metadata={"pattern": re.compile("iban|cn")})
    version: str = field(metadata={"pattern": re.compile("02|08")})
    characters: str = field(metadata={"pattern": re.compile("latin|unicode")})
    service_level: str = field(metadata={"pattern": re.compile("[A-Z]{0,4}")})
    local_instrument: str = field(metadata={"pattern": re.compile("[A-Z0-9]{0,4}")})
    notice_days: int = field(metadata={"least": 0, "most": 60})
    lead_working_days: int = field(metadata={"least": 0, "most": 15})
    cut_off: str = field(metadata={"pattern": re.compile(r"([01]\d|2[0-3]):[0-5]\d")})
    first_most: str = field(metadata={"decimals": 3})
    median_times: str = field(metadata={"decimals": 3})
    tries: int = field(metadata={"least": 1, "most": 3})
    again_days: int = field(metadata={"least": 1, "most": 60})
    unused_months: int = field(metadata={"least": 1, "most": 120})
    held_working_days: int = field(metadata={"least": 1, "most": 30})
    batch_alone_most: str = field(metadata={"decimals": 3})
    fee: str = field(metadata={"pattern": re.compile("none|bank|fixed")})
    fee_amount: str = field(metadata={"decimals": 3})


@dataclass(frozen=True, slots=True)
class Tills:
    """
    The cash desk: which notes and coins are counted, in major units, the largest first, and from which difference on a
    second person confirms the close of a till.
    """

    denominations: list[str] = field(metadata={"pattern": re.compile(r"[0-9]+(\.[0-9]{1,3})?")})
    second_person_from: str = field(metadata={"decimals": 3})


@dataclass(frozen=True, slots=True)
class Agents:
    """
    The most that may be agreed with a collection agent for what it takes; "0": nothing.

    per_mille_most    of the money
    per_receipt_most  for each receipt, in major units
    """

    per_mille_most: str = field(metadata={"decimals": 3})
    per_receipt_most: str = field(metadata={"decimals": 3})


_DAYS = {"least": 0, "most": 366}


@dataclass(frozen=True, slots=True)
class Refunds:
    """
    Credit that is paid out.

    cash_days, ...  so long after money came in by a way it is not paid out again
    least        less is not paid out, unless the account is at its end
    debts_first  not while the same customer owes on another account
    iban         bank accounts are IBANs
    by_customer  customers ask for it in the portal
    """

    cash_days: int = field(metadata=_DAYS)
    bank_days: int = field(metadata=_DAYS)
    online_days: int = field(metadata=_DAYS)
    api_days: int = field(metadata=_DAYS)
    card_days: int = field(metadata=_DAYS)
    cheque_days: int = field(metadata=_DAYS)
    wallet_days: int = field(metadata=_DAYS)
    agent_days: int = field(metadata=_DAYS)
    least: str = field(metadata={"decimals": 3})
    debts_first: bool
    iban: bool
    by_customer: bool


_MONEY = {"decimals": 3}


@dataclass(frozen=True, slots=True)
class AdjustmentReason:
    """
    A reason for an adjustment: for what is owed (``debit``), credited, or both; the tax that the amount contains.

    ledger  class of revenue, or with a dot a ledger account, as ``expense.goodwill``
    """

    side: str = field(metadata={"pattern": re.compile("debit|credit|both")})
    ledger: str = field(metadata={"pattern": re.compile(r"(?=.{1,20}$)[a-z_]+(\.[a-z_]+)?")})
    vat_rate: str = field(metadata={"decimals": 6})


@dataclass(frozen=True, slots=True)
class Adjustments:
    """What is adjusted by hand, and how much one person of a role does alone: at once (``most``), and on one day."""

    reasons: dict[str, AdjustmentReason] = field(metadata={"names": re.compile("[a-z]+(_[a-z]+)*")})
    clerk_most: str = field(metadata=_MONEY)
    billing_most: str = field(metadata=_MONEY)
    supervisor_most: str = field(metadata=_MONEY)
    clerk_day: str = field(metadata=_MONEY)
    billing_day: str = field(metadata=_MONEY)
    supervisor_day: str = field(metadata=_MONEY)


@dataclass(frozen=True, slots=True)
class MoneyMoves:
    """
    Money that is moved to another account: how much one person of a role moves alone, at once and on one day.

    tells     who had the money is told
    old_days  credit that lies longer is looked at
    """

    clerk_most: str = field(metadata=_MONEY)
    billing_most: str = field(metadata=_MONEY)
    supervisor_most: str = field(metadata=_MONEY)
    clerk_day: str = field(metadata=_MONEY)
    billing_day: str = field(metadata=_MONEY)
    supervisor_day: str = field(metadata=_MONEY)
    tells: bool
    old_days: int = field(metadata=_DAYS)


_WHEN = {"pattern": re.compile("issue|payment|request")}


@dataclass(frozen=True, slots=True)
class InvoiceCategory:
    """A tax category: its code, and the short name that stands between stars before what a line says."""

    code: str = field(metadata={"pattern": re.compile("[0-9]{19}")})
    short: str = field(metadata={"pattern": re.compile(r"\S{1,20}")})


@dataclass(frozen=True, slots=True)
class EInvoices:
    """
    E-invoices for bills.

    person, organisation    when one is due by itself: at ``issue`` of the bill, at its full ``payment``, on ``request``
    categories              by ledger class of what is billed; what is not named is not invoiced but held by name
    lines_most              lines of one invoice
    line_tolerance          by so much the tax of a line may be off net x rate
    second_person_from      from this sum on two persons take an invoice back by hand
    days                    how long after its issue a bill gets an invoice by itself
    look_minutes            after which an answer that has not come is looked up
    """

    person: str = field(metadata=_WHEN)
    organisation: str = field(metadata=_WHEN)
    categories: dict[str, InvoiceCategory] = field(metadata={"names": re.compile("[a-z]+(_[a-z]+)*")})
    lines_most: int = field(metadata={"least": 2, "most": 2_000})
    line_tolerance: str = field(metadata=_MONEY)
    second_person_from: str = field(metadata=_MONEY)
    days: int = field(metadata={"least": 1, "most": 366})
    look_minutes: int = field(metadata={"least": 1, "most": 1440})
