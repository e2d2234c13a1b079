"""Numbers as they are spoken: told back to digits by a reader of its own."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arrears.domain import spoken
from arrears.domain.enquiries import (
    BillsTold,
    BillTold,
    PaymentsTold,
    PaymentTold,
    Told,
    bills_en,
    bills_zh,
    is_of_caller,
    payments_en,
    payments_zh,
    sentences_en,
    sentences_zh,
)

DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")}
UNITS = {"十": 10, "百": 100, "千": 1_000}
SMALL = {word: value for value, word in enumerate(spoken.SMALL_EN)}
TENS = {word: 10 * value for value, word in enumerate(spoken.TENS_EN)}


def read_zh(text):
    """The number that a Chinese reader hears."""
    whole = group = 0
    digit = None
    for char in text:
        if char in DIGITS:
            digit = DIGITS[char]
        elif char in UNITS:
            group += (1 if digit is None else digit) * UNITS[char]
            digit = 0
        else:
            group += digit or 0
            whole = (whole + group) * 10**8 if char == "亿" else whole + group * 10**4
            group, digit = 0, 0
    return whole + group + (digit or 0)


def read_en(text):
    """The number that an English reader hears."""
    whole = group = 0
    for word in text.replace("-", " ").split():
        if word == "hundred":
            group *= 100
        elif word in ("thousand", "million", "billion"):
            whole += group * {"thousand": 10**3, "million": 10**6, "billion": 10**9}[word]
            group = 0
        else:
            group += SMALL.get(word, TENS.get(word, 0))
    return whole + group


@given(st.integers(0, 10**11))
def test_numbers_are_heard_as_they_are(value):
    assert read_zh(spoken.number_zh(value)) == value
    assert read_en(spoken.number_en(value)) == value
    assert "零零" not in spoken.number_zh(value)


@pytest.mark.parametrize(
    ("minor", "chinese", "english"),
    [
        (0, "零元", "zero yuan"),
        (5, "五分", "five fen"),
        (50, "五角", "fifty fen"),
        (10_005, "一百元零五分", "one hundred yuan and five fen"),
        (12_345, "一百二十三元四角五分", "one hundred twenty-three yuan and forty-five fen"),
        (1_000_00, "一千元", "one thousand yuan"),
        (10_305_00, "一万零三百零五元", "ten thousand three hundred five yuan"),
        (1_400, "十四元", "fourteen yuan"),
        (100_020_000_00, "一亿零二万元", "one hundred million twenty thousand yuan"),
    ],
)
def test_amounts_are_spoken_as_people_do(minor, chinese, english):
    assert (spoken.money_zh(minor), spoken.money_en(minor)) == (chinese, english)


def test_each_day_of_the_year_has_its_ordinal():
    days = {date(2028, 1, 1) + timedelta(days=n) for n in range(366)}
    assert len({spoken.day_en(day) for day in days}) == len({spoken.day_zh(day) for day in days}) == 366
    said = [spoken.day_en(date(2028, 1, n)) for n in (1, 2, 3, 5, 8, 9, 12, 20, 21, 30, 31)]
    assert [one.split()[1] for one in said] == [
        "first", "second", "third", "fifth", "eighth", "ninth", "twelfth", "twentieth", "twenty-first", "thirtieth",
        "thirty-first",
    ]  # fmt: skip
    assert spoken.day_zh(date(2026, 11, 28)) == "十一月二十八日"


def told(**given):
    first = {
        "account": "3100000017", "owed_minor": 0, "overdue_minor": 0, "due_date": None, "bill_number": "",
        "bill_minor": None, "bill_date": None, "paid_minor": None, "paid_date": None, "cut_date": None,
        "is_cut": False,
    }  # fmt: skip
    return Told(**{**first, **given})


def test_what_there_is_not_is_not_said():
    assert sentences_zh(told()) == ["户号尾号零，零，一，七。", "您目前没有欠费。"]
    assert sentences_en(told(owed_minor=-500))[1:] == ["You owe nothing. Your credit is five yuan."]
    long = sentences_en(
        told(
            owed_minor=20_000, overdue_minor=5_000, due_date=date(2026, 12, 18), bill_minor=-100,
            bill_date=date(2026, 12, 3), paid_minor=1, paid_date=date(2026, 11, 1), cut_date=date(2026, 12, 30),
        )
    )  # fmt: skip
    assert long[1] == "You owe two hundred yuan, please pay by December eighteenth."
    assert "credit of one yuan" in long[3]
    assert "December thirtieth" in long[-1]


def test_lists_say_the_account_and_each_row_and_the_year_where_it_is_another():
    given = {"account": "3100000017", "told_date": date(2026, 1, 9)}
    rows = (
        BillTold("3", date(2026, 1, 3), date(2026, 1, 18), 500, 200),
        BillTold("2", date(2025, 12, 3), date(2025, 12, 18), 500, 0),
        BillTold("1", date(2025, 11, 3), None, -500, 0),
        BillTold("0", date(2025, 10, 3), None, 0, 0),
        BillTold("0", date(2026, 1, 3), None, 500, 0, is_given_up=True),
    )
    assert bills_zh(BillsTold(**given, bills=rows)) == [
        "户号尾号零，零，一，七。", "一月三日的账单，金额五元，尚欠二元。", "二零二五年十二月三日的账单，金额五元，已付清。",
        "二零二五年十一月三日的账单，应退五元，已计入您的账户。", "二零二五年十月三日的账单，金额零元，无需缴费。",
        "一月三日的账单，金额五元，不再催缴。",
    ]  # fmt: skip
    assert bills_en(BillsTold(**given, bills=rows))[-3:] == [
        "Bill of November third, two thousand twenty-five: a credit of five yuan.",
        "Bill of October third, two thousand twenty-five: zero yuan, nothing to pay.",
        "Bill of January third: five yuan, not demanded any more.",
    ]
    paid = (PaymentTold(date(2026, 1, 3), 500, is_back=False), PaymentTold(date(2025, 1, 3), 5, is_back=True))
    assert payments_zh(PaymentsTold(**given, payments=paid))[1:] == [
        "一月三日缴费五元。",
        "二零二五年一月三日缴费五分，款项已被退回。",
    ]
    assert payments_en(PaymentsTold(**given, payments=paid))[1] == "On January third you paid five yuan."
    assert bills_en(BillsTold(**given, bills=()))[1:] == ["There are no bills."]
    assert payments_zh(PaymentsTold(**given, payments=()))[1:] == ["没有缴费记录。"]


def test_a_caller_needs_both_his_number_and_the_meter():
    known = {"numbers": ["+8613800001234"], "serials": ["SH-00420042A"]}
    assert is_of_caller(caller="+8613800001234", meter_digits="0042", **known)
    assert not is_of_caller(caller="+8613800001235", meter_digits="0042", **known)
    assert not is_of_caller(caller="+8613800001234", meter_digits="0043", **known)
    assert not is_of_caller(caller="", meter_digits="0042", **known)
    assert not is_of_caller(caller="+8613800001234", meter_digits="", numbers=known["numbers"], serials=["none"])
