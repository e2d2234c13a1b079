"""Why a bank gives a debit back, and what is to be done about it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

CODE = re.compile(r"(?<![A-Z0-9])[A-Z]{2}[0-9]{2}(?![A-Z0-9])")
UNKNOWN = ""


class Remedy(StrEnum):
    """
    What is done about a debit that did not become money.

    AGAIN    it is tried once more, as the pack says
    SUSPEND  the mandate or the account is wrong: it is suspended, and the customer is asked for a new one
    ASK      the customer did not want it: he is asked to say why, or to pay
    STAFF    something of ours or of the bank is wrong: staff look at it; it costs the customer nothing
    """

    AGAIN = "again"
    SUSPEND = "suspend"
    ASK = "ask"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code means; ``is_charged``: the payer has to answer for it, so a fee may be charged on."""

    remedy: Remedy
    is_charged: bool
    zh: str
    en: str


_R = Remedy
_ROWS: Mapping[str, Meaning] = {
    "AC01": Meaning(_R.SUSPEND, is_charged=True, zh="账号有误", en="the account number is wrong"),
    "AC04": Meaning(_R.SUSPEND, is_charged=True, zh="账户已销户", en="the account is closed"),
    "AC06": Meaning(_R.SUSPEND, is_charged=True, zh="账户已冻结", en="the account is blocked"),
    "AC13": Meaning(_R.SUSPEND, is_charged=False, zh="该账户类型不能扣款", en="this kind of account is not debited"),
    "AG01": Meaning(_R.SUSPEND, is_charged=False, zh="该账户不允许扣款", en="debits of this account are not allowed"),
    "AG02": Meaning(_R.STAFF, is_charged=False, zh="业务代码有误", en="a code of the debit is wrong"),
    "AM04": Meaning(_R.AGAIN, is_charged=True, zh="余额不足", en="there was not enough money on the account"),
    "AM05": Meaning(_R.STAFF, is_charged=False, zh="重复扣款", en="it came twice"),
    "BE05": Meaning(_R.STAFF, is_charged=False, zh="收款人编号有误", en="the bank does not know us as creditor"),
    "DT01": Meaning(_R.STAFF, is_charged=False, zh="日期有误", en="the day of the debit is wrong"),
    "ED05": Meaning(_R.AGAIN, is_charged=False, zh="银行清算失败", en="the banks could not settle it"),
    "FF01": Meaning(_R.STAFF, is_charged=False, zh="文件格式有误", en="the file is wrong"),
    "FF05": Meaning(_R.STAFF, is_charged=False, zh="业务类型有误", en="the kind of debit is wrong"),
    "MD01": Meaning(_R.SUSPEND, is_charged=False, zh="没有有效的扣款授权", en="the bank knows of no mandate"),
    "MD02": Meaning(_R.SUSPEND, is_charged=False, zh="授权信息不完整", en="facts of the mandate are missing"),
    "MD06": Meaning(_R.ASK, is_charged=False, zh="付款人要求退款", en="the payer took the debit back"),
    "MD07": Meaning(_R.SUSPEND, is_charged=False, zh="付款人已故", en="the payer has died"),
    "MS02": Meaning(_R.ASK, is_charged=False, zh="付款人拒绝扣款", en="the payer refused the debit"),
    "MS03": Meaning(_R.AGAIN, is_charged=False, zh="银行未说明原因", en="the bank gives no reason"),
    "RC01": Meaning(_R.SUSPEND, is_charged=True, zh="银行代码有误", en="the code of the bank is wrong"),
    "SL01": Meaning(_R.ASK, is_charged=False, zh="付款人限制了扣款", en="the payer limits debits of the account"),
    "TM01": Meaning(_R.AGAIN, is_charged=False, zh="超过银行受理时间", en="the file came too late"),
}
MEANINGS: Mapping[str, Meaning] = _ROWS
"""Codes by which banks say why. [source: ISO 20022, ExternalReturnReason1Code and ExternalStatusReason1Code]"""
_NOT_KNOWN = Meaning(_R.STAFF, is_charged=False, zh="其他原因", en="another reason")


def code_in(text: str) -> str:
    """Return the code that stands in what a bank says; "" if there is none."""
    found = CODE.search(text)
    return found.group() if found else UNKNOWN


def meaning(code: str) -> Meaning:
    """Return what a code means; of a code that is not known staff find it out, and nothing is done by itself."""
    return MEANINGS.get(code, _NOT_KNOWN)
