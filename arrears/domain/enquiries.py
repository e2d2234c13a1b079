"""What a telephone system or a kiosk may know of an account, and what it says of it."""

import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from arrears.domain import spoken

METER_DIGITS = 4
TOLD_DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """
    The answer to an enquiry; what there is not is None. [minor unit]

    owed_minor  below 0: credit
    cut_date    day on which the supply is to be cut off; ``is_cut``: it is off
    """

    account: str
    owed_minor: int
    overdue_minor: int
    due_date: date | None
    bill_number: str
    bill_minor: int | None
    bill_date: date | None
    paid_minor: int | None
    paid_date: date | None
    cut_date: date | None
    is_cut: bool


@dataclass(frozen=True, slots=True)
class BillTold:
    """One bill of a list; ``amount_minor`` below 0: a credit; ``is_given_up``: written off. [minor unit]"""

    number: str
    issue_date: date
    due_date: date | None
    amount_minor: int
    open_minor: int
    is_given_up: bool = False


@dataclass(frozen=True, slots=True)
class PaymentTold:
    """One payment of a list; ``is_back``: the payer's bank or provider took it back. [minor unit]"""

    received_date: date
    amount_minor: int
    is_back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BillsTold:
    """The last bills of an account, the latest first; ``told_date``: the year of other years is said."""

    account: str
    told_date: date
    bills: tuple[BillTold, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsTold:
    """The last payments of an account, the latest first; ``told_date`` as of bills."""

    account: str
    told_date: date
    payments: tuple[PaymentTold, ...]


def is_of_caller(*, caller: str, meter_digits: str, numbers: Sequence[str], serials: Sequence[str]) -> bool:
    """
    Return whether a caller's number is on file and the digits are the last of one of the meters.

    caller, numbers  in international form
    meter_digits     the last four digits of a meter's number, letters left out
    """
    if not caller or len(meter_digits) != METER_DIGITS or not meter_digits.isdecimal():
        return False
    ends = ["".join(char for char in serial if char.isdecimal())[-METER_DIGITS:] for serial in serials]
    # Each is compared, so that the time of the answer does not tell which of them was right.
    knows = [hmac.compare_digest(caller.encode(), one.encode()) for one in numbers]
    reads = [hmac.compare_digest(meter_digits.encode(), one.encode()) for one in ends]
    return any(knows) and any(reads)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Language:
    """How one language says it: words of numbers, and a sentence for each thing that there is to say."""

    digits: Callable[[str], str]
    money: Callable[[int], str]
    day: Callable[[date], str]
    day_of_year: Callable[[date], str]
    account: str
    owes: str
    owes_by: str
    overdue: str
    credit: str
    nothing: str
    bill: str
    credit_bill: str
    payment: str
    is_cut: str
    cut: str
    bill_paid: str
    bill_open: str
    bill_nothing: str
    bill_given_up: str
    bill_credit: str
    no_bills: str
    paid: str
    paid_back: str
    no_payments: str


_ZH = _Language(
    digits=spoken.digits_zh,
    money=spoken.money_zh,
    day=spoken.day_zh,
    day_of_year=spoken.day_of_year_zh,
    account="户号尾号{digits}。",
    owes="您目前应缴电费{money}。",
    owes_by="您目前应缴电费{money}，请于{day}前缴纳。",
    overdue="其中{money}已经逾期，请尽快缴纳。",
    credit="您目前没有欠费，账户余额{money}。",
    nothing="您目前没有欠费。",
    bill="最近一期账单于{day}出账，金额为{money}。",
    credit_bill="最近一期账单于{day}出账，应退{money}，已计入您的账户。",
    payment="最近一次缴费{money}，于{day}到账。",
    is_cut="您的用电已因欠费中止，缴清后将恢复供电。",
    cut="请注意，因欠费，您的用电计划于{day}中止。",
    bill_paid="{day}的账单，金额{money}，已付清。",
    bill_open="{day}的账单，金额{money}，尚欠{open}。",
    bill_nothing="{day}的账单，金额{money}，无需缴费。",
    bill_given_up="{day}的账单，金额{money}，不再催缴。",
    bill_credit="{day}的账单，应退{money}，已计入您的账户。",
    no_bills="没有账单。",
    paid="{day}缴费{money}。",
    paid_back="{day}缴费{money}，款项已被退回。",
    no_payments="没有缴费记录。",
)
_EN = _Language(
    digits=spoken.digits_en,
    money=spoken.money_en,
    day=spoken.day_en,
    day_of_year=spoken.day_of_year_en,
    account="Account ending in {digits}.",
    owes="You owe {money}.",
    owes_by="You owe {money}, please pay by {day}.",
    overdue="Of this, {money} is overdue. Please pay at once.",
    credit="You owe nothing. Your credit is {money}.",
    nothing="You owe nothing.",
    bill="Your last bill, of {day}, came to {money}.",
    credit_bill="Your last bill, of {day}, was a credit of {money}.",
    payment="Your last payment of {money} came in on {day}.",
    is_cut="Your supply is off because of debts. It is restored once they are paid.",
    cut="Attention. Because of debts your supply is to be cut off on {day}.",
    bill_paid="Bill of {day}: {money}, paid.",
    bill_open="Bill of {day}: {money}, of which {open} is to be paid.",
    bill_nothing="Bill of {day}: {money}, nothing to pay.",
    bill_given_up="Bill of {day}: {money}, not demanded any more.",
    bill_credit="Bill of {day}: a credit of {money}.",
    no_bills="There are no bills.",
    paid="On {day} you paid {money}.",
    paid_back="On {day} you paid {money}, which was taken back.",
    no_payments="There are no payments.",
)


def sentences_zh(told: Told) -> list[str]:
    """Return what is said, a sentence each, in Chinese."""
    return _sentences(told, _ZH)


def sentences_en(told: Told) -> list[str]:
    """Return what is said, a sentence each, in English."""
    return _sentences(told, _EN)


def bills_zh(told: BillsTold) -> list[str]:
    """Return the account, then a sentence for each bill, in Chinese."""
    return _bills(told, _ZH)


def bills_en(told: BillsTold) -> list[str]:
    """Return the account, then a sentence for each bill, in English."""
    return _bills(told, _EN)


def payments_zh(told: PaymentsTold) -> list[str]:
    """Return the account, then a sentence for each payment, in Chinese."""
    return _payments(told, _ZH)


def payments_en(told: PaymentsTold) -> list[str]:
    """Return the account, then a sentence for each payment, in English."""
    return _payments(told, _EN)


def _account(number: str, words: _Language) -> str:
    return words.account.format(digits=words.digits(number[-TOLD_DIGITS:]))


def _bills(told: BillsTold, words: _Language) -> list[str]:
    said = [_account(told.account, words)]
    said.extend(
        _of_bill(one, words).format(
            day=_day(one.issue_date, told.told_date, words),
            money=words.money(abs(one.amount_minor)),
            open=words.money(one.open_minor),
        )
        for one in told.bills
    )
    return said if told.bills else [*said, words.no_bills]


def _of_bill(one: BillTold, words: _Language) -> str:
    if one.amount_minor <= 0:
        return words.bill_credit if one.amount_minor else words.bill_nothing
    settled = words.bill_given_up if one.is_given_up else words.bill_paid
    return words.bill_open if one.open_minor else settled


def _payments(told: PaymentsTold, words: _Language) -> list[str]:
    said = [_account(told.account, words)]
    for one in told.payments:
        sentence = words.paid_back if one.is_back else words.paid
        said.append(
            sentence.format(day=_day(one.received_date, told.told_date, words), money=words.money(one.amount_minor))
        )
    return said if told.payments else [*said, words.no_payments]


def _day(day: date, today: date, words: _Language) -> str:
    return words.day(day) if day.year == today.year else words.day_of_year(day)


def _sentences(told: Told, words: _Language) -> list[str]:
    def say(sentence: str, amount_minor: int = 0, day: date | None = None) -> str:
        return sentence.format(money=words.money(abs(amount_minor)), day=words.day(day) if day else "")

    said = [_account(told.account, words)]
    if told.owed_minor > 0:
        said.append(say(words.owes_by if told.due_date else words.owes, told.owed_minor, told.due_date))
        if told.overdue_minor > 0:
            said.append(say(words.overdue, told.overdue_minor))
    else:
        said.append(say(words.credit if told.owed_minor < 0 else words.nothing, told.owed_minor))
    if told.bill_minor is not None and told.bill_date is not None:
        said.append(say(words.bill if told.bill_minor >= 0 else words.credit_bill, told.bill_minor, told.bill_date))
    if told.paid_minor is not None and told.paid_date is not None:
        said.append(say(words.payment, told.paid_minor, told.paid_date))
    if told.is_cut:
        said.append(words.is_cut)
    elif told.cut_date is not None:
        said.append(say(words.cut, day=told.cut_date))
    return said
