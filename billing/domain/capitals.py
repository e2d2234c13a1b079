"""
Amounts of yuan in capitals (大写金额), as receipts, bills of exchange and invoices write them.

Rules: digits 零壹贰叁肆伍陆柒捌玖 with 拾佰仟万亿; a zero, or a run of zeros, between digits is one 零; after 元
stands 整 where no 角 and 分 follow; 角 alone is followed by 整 (which the rules leave open); after 分 nothing follows;
where 角 is zero and 分 is not, 零 stands after 元.
[source: 支付结算办法 附一 正确填写票据和结算凭证的基本规定, 二 and 五]
"""

from typing import Final

_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_TENS: Final = ("", "拾", "佰", "仟")
_GROUPS: Final = ("", "万", "亿", "万亿")
_GROUP: Final = 10_000
MOST: Final = 10**18


def yuan(amount_minor: int) -> str:
    """
    Return an amount in capitals, 负 before one below 0. [fen]

    :raises ValueError: it is 10^16 yuan or more.
    """
    if abs(amount_minor) >= MOST:
        raise ValueError(f"{amount_minor} fen have no capitals here")
    whole, rest = divmod(abs(amount_minor), 100)
    jiao, fen = divmod(rest, 10)
    text = f"{_whole(whole)}元" if whole else ""
    if jiao:
        text += f"{_DIGITS[jiao]}角"
    elif fen and whole:
        text += "零"
    text += f"{_DIGITS[fen]}分" if fen else "整"
    return ("负" if amount_minor < 0 else "") + (text if amount_minor else "零元整")


def _whole(number: int) -> str:
    """Return a whole number above 0."""
    groups = []
    while number:
        number, group = divmod(number, _GROUP)
        groups.append(group)
    text, is_gap = "", False
    for place in range(len(groups) - 1, -1, -1):
        group = groups[place]
        if not group:
            is_gap = True
            continue
        if text and (is_gap or group < _GROUP // 10 or groups[place + 1] % 10 == 0):
            text += "零"
        text += _four(group) + _GROUPS[place]
        is_gap = False
    # Above 亿 the group of 万亿 stands before the one of 亿: 亿 is said once.
    if len(groups) > 3 and groups[3]:  # noqa: PLR2004
        text = text.replace("万亿", "万" if groups[2] else "万亿", 1)
    return text


def _four(group: int) -> str:
    """Return up to four digits above 0."""
    text, is_gap = "", False
    for place in (3, 2, 1, 0):
        digit = group // 10**place % 10
        if not digit:
            is_gap = bool(text)
            continue
        text += ("零" if is_gap else "") + _DIGITS[digit] + _TENS[place]
        is_gap = False
    return text
