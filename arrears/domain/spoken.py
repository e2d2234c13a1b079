"""Amounts, days and numbers as they are spoken on the telephone, in Chinese and in English."""

from datetime import date

DIGITS_ZH = "零一二三四五六七八九"
UNITS_ZH = ("", "十", "百", "千")
GROUPS_ZH = ("", "万", "亿", "万亿")
SMALL_EN = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS_EN = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
GROUPS_EN = ("", "thousand", "million", "billion")
MONTHS_EN = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
]  # fmt: skip
ORDINALS_EN = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
MYRIAD, THOUSAND, HUNDRED, TWENTY, TEN = 10_000, 1_000, 100, 20, 10
MINOR = 100


def number_zh(value: int) -> str:
    """Return a whole number, 0 or more, as 10,305 "一万零三百零五"."""
    if value == 0:
        return DIGITS_ZH[0]
    groups = []
    while value:
        value, low = divmod(value, MYRIAD)
        groups.append(low)
    text, needs_zero = "", False
    for place in range(len(groups) - 1, -1, -1):
        group = groups[place]
        if group == 0:
            needs_zero = bool(text)
            continue
        if text and (needs_zero or group < THOUSAND):
            text += DIGITS_ZH[0]
        text += _group_zh(group) + GROUPS_ZH[place]
        needs_zero = False
    return text[1:] if text.startswith("一十") else text


def _group_zh(value: int) -> str:
    text, gap = "", False
    for place in range(3, -1, -1):
        digit = value // TEN**place % TEN
        if digit == 0:
            gap = bool(text)
            continue
        text += (DIGITS_ZH[0] if gap else "") + DIGITS_ZH[digit] + UNITS_ZH[place]
        gap = False
    return text


def number_en(value: int) -> str:
    """Return a whole number, 0 or more, as 10,305 "ten thousand three hundred five"."""
    if value < THOUSAND:
        return _hundreds_en(value)
    parts, place = [], 0
    while value:
        value, low = divmod(value, THOUSAND)
        if low:
            parts.append(f"{_hundreds_en(low)} {GROUPS_EN[place]}".strip())
        place += 1
    return " ".join(reversed(parts))


def _hundreds_en(value: int) -> str:
    hundreds, rest = divmod(value, HUNDRED)
    words = [f"{SMALL_EN[hundreds]} hundred"] if hundreds else []
    if rest >= TWENTY:
        tens, ones = divmod(rest, TEN)
        words.append(TENS_EN[tens] + (f"-{SMALL_EN[ones]}" if ones else ""))
    elif rest or not hundreds:
        words.append(SMALL_EN[rest])
    return " ".join(words)


def money_zh(amount_minor: int) -> str:
    """Return an amount, 0 or more, in yuan, jiao and fen: 100.05 as "一百元零五分". [fen]"""
    yuan, cents = divmod(amount_minor, MINOR)
    jiao, fen = divmod(cents, TEN)
    text = f"{number_zh(yuan)}元" if yuan or not cents else ""
    if jiao:
        text += f"{DIGITS_ZH[jiao]}角"
    if fen:
        text += (DIGITS_ZH[0] if yuan and not jiao else "") + f"{DIGITS_ZH[fen]}分"
    return text


def money_en(amount_minor: int) -> str:
    """Return an amount, 0 or more: 100.05 as "one hundred yuan and five fen". [fen]"""
    yuan, fen = divmod(amount_minor, MINOR)
    words = [f"{number_en(yuan)} yuan"] if yuan or not fen else []
    if fen:
        words.append(f"{number_en(fen)} fen")
    return " and ".join(words)


def day_zh(day: date) -> str:
    """Return a day as "十一月二十八日"."""
    return f"{number_zh(day.month)}月{number_zh(day.day)}日"


def day_en(day: date) -> str:
    """Return a day as "November twenty-eighth"."""
    head, dash, last = number_en(day.day).rpartition("-")
    ordinal = ORDINALS_EN.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return f"{MONTHS_EN[day.month - 1]} {head}{dash}{ordinal}"


def day_of_year_zh(day: date) -> str:
    """Return a day with its year, as "二零二五年十一月二十八日"."""
    return f"{''.join(DIGITS_ZH[int(one)] for one in str(day.year))}年{day_zh(day)}"


def day_of_year_en(day: date) -> str:
    """Return a day with its year, as "November twenty-eighth, two thousand twenty-five"."""
    return f"{day_en(day)}, {number_en(day.year)}"


def digits_zh(number: str) -> str:
    """Return a number digit by digit, as "三，一，零"."""
    return "，".join(DIGITS_ZH[int(one)] for one in number)


def digits_en(number: str) -> str:
    """Return a number digit by digit, as "three, one, zero"."""
    return ", ".join(SMALL_EN[int(one)] for one in number)
