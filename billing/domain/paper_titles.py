"""What a bill or a note is called at the head of its paper, and its sum, in Chinese and English."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PaperTitle:
    """The title of a paper, and what its sum is called."""

    zh: str
    en: str
    sum_zh: str
    sum_en: str


_BILL = PaperTitle("电费账单", "Electricity bill", "本期电费", "This bill")
_CORRECTED = PaperTitle("电费账单（含更正）", "Electricity bill with corrections", "本期电费", "This bill")
_CREDIT = PaperTitle("电费红字账单", "Credit note", "冲回金额", "Credited")
_NOTE_BACK = PaperTitle("红字通知单", "Credit note", "冲回金额", "Credited")
_LATE_FEE = PaperTitle("违约金通知单", "Note of late fee", "违约金", "Late fee")
_NOTES: Mapping[str, PaperTitle] = {
    "late_fee": _LATE_FEE,
    "adjustment": PaperTitle("账务调整通知单", "Note of adjustment", "调整金额", "Adjusted"),
    "credit_move": PaperTitle("余额转移通知单", "Note of moved credit", "转移金额", "Moved"),
    "debit_return": PaperTitle("扣款退回通知单", "Note of a returned debit", "本次费用", "This note"),
    "deposit": PaperTitle("用电保证金通知单", "Note of deposit", "保证金", "Deposit"),
}
"""Of notes whose charges are all of one kind."""
_CHARGES = PaperTitle("费用通知单", "Note of charges", "本次费用", "This note")


def title(*, kind: str, charge_kinds: Collection[str], has_energy: bool, is_correction: bool) -> PaperTitle:
    """
    Return what a paper is called.

    kind          of the bill: regular, credit, note, late_fee
    charge_kinds  of the charges that it carries
    has_energy    it bills, or takes back, energy
    """
    if kind == "credit":
        return _CREDIT if has_energy else _NOTE_BACK
    if kind == "late_fee":
        return _LATE_FEE
    if has_energy:
        return _CORRECTED if is_correction else _BILL
    kinds = set(charge_kinds)
    return _NOTES.get(kinds.pop(), _CHARGES) if len(kinds) == 1 else _CHARGES
