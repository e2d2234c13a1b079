"""What a telephone system or a kiosk may know of an account, and what it says of it."""

import hmac
from collections.abc import Sequence
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


def sentences_zh(told: Told) -> list[str]:
    """Return what is said, a sentence each, in Chinese."""
    said = [f"户号尾号{spoken.digits_zh(told.account[-TOLD_DIGITS:])}。"]
    if told.owed_minor > 0:
        due = f"，请于{spoken.day_zh(told.due_date)}前缴纳" if told.due_date else ""
        said.append(f"您目前应缴电费{spoken.money_zh(told.owed_minor)}{due}。")
        if told.overdue_minor > 0:
            said.append(f"其中{spoken.money_zh(told.overdue_minor)}已经逾期，请尽快缴纳。")
    elif told.owed_minor < 0:
        said.append(f"您目前没有欠费，账户余额{spoken.money_zh(-told.owed_minor)}。")
    else:
        said.append("您目前没有欠费。")
    if told.bill_minor is not None and told.bill_date is not None:
        kind = "为" if told.bill_minor >= 0 else "为贷方"
        amount = spoken.money_zh(abs(told.bill_minor))
        said.append(f"最近一期账单于{spoken.day_zh(told.bill_date)}出账，金额{kind}{amount}。")
    if told.paid_minor is not None and told.paid_date is not None:
        said.append(f"最近一次缴费{spoken.money_zh(told.paid_minor)}，于{spoken.day_zh(told.paid_date)}到账。")
    if told.is_cut:
        said.append("您的用电已因欠费中止，缴清后将恢复供电。")
    elif told.cut_date is not None:
        said.append(f"请注意，因欠费，您的用电计划于{spoken.day_zh(told.cut_date)}中止。")
    return said


def sentences_en(told: Told) -> list[str]:
    """Return what is said, a sentence each, in English."""
    said = [f"Account ending in {spoken.digits_en(told.account[-TOLD_DIGITS:])}."]
    if told.owed_minor > 0:
        due = f", please pay by {spoken.day_en(told.due_date)}" if told.due_date else ""
        said.append(f"You owe {spoken.money_en(told.owed_minor)}{due}.")
        if told.overdue_minor > 0:
            said.append(f"Of this, {spoken.money_en(told.overdue_minor)} is overdue. Please pay at once.")
    elif told.owed_minor < 0:
        said.append(f"You owe nothing. Your credit is {spoken.money_en(-told.owed_minor)}.")
    else:
        said.append("You owe nothing.")
    if told.bill_minor is not None and told.bill_date is not None:
        kind = "came to" if told.bill_minor >= 0 else "was a credit of"
        amount = spoken.money_en(abs(told.bill_minor))
        said.append(f"Your last bill, of {spoken.day_en(told.bill_date)}, {kind} {amount}.")
    if told.paid_minor is not None and told.paid_date is not None:
        said.append(
            f"Your last payment of {spoken.money_en(told.paid_minor)} came in on {spoken.day_en(told.paid_date)}."
        )
    if told.is_cut:
        said.append("Your supply is off because of debts. It is restored once they are paid.")
    elif told.cut_date is not None:
        said.append(f"Attention. Because of debts your supply is to be cut off on {spoken.day_en(told.cut_date)}.")
    return said
