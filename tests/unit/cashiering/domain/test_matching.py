"""Whose money is it? Certain only where one account, and nothing against it, is named."""

from hypothesis import given
from hypothesis import strategies as st

from accounts.domain.numbers import account_number
from cashiering.domain.matching import Debtor, Evidence, Named, Paid, match, numbers_in, plain_name

A, B = account_number(serial=1), account_number(serial=2)
BILL, OTHER = "0000000042", "0000000043"
KNOWN = {
    A: [Named(A, False, 1, 9_000, "王伟")],
    B: [Named(B, False, 2, 6_170, "Li Si")],
    BILL: [Named(BILL, True, 1, 6_170, "王伟")],
    OTHER: [Named(OTHER, True, 1, 2_830, "王伟")],
    "77777777": [Named("77777777", False, 3, 100, "Zhao")],
}
OWING = {(6_170, "lisi"): [Debtor(2, 6_170, "Li Si")], (100, "zhao"): [Debtor(3, 100, "Zhao"), Debtor(4, 100, "ZHAO")]}


def _match(text, *, name="", amount=6_170, certain_from=85):
    paid = [Paid(text=text, name=name, amount_minor=amount)]
    (found,) = match(lines=paid, named=KNOWN, debtors=OWING, certain_from=certain_from)
    return found


def test_numbers_are_found_in_any_writing():
    assert numbers_in("电费０００００００４２，账单：0000000042。") == ("000000042", "0000000042")
    assert numbers_in("No. 3100 0000 17 / 2026-11")[0:1] == ("3100000017",)
    assert numbers_in("tel 12345") == ()


def test_bills_whose_sum_is_paid():
    assert _match(f"bill {BILL}").reason == Evidence.BILL_AND_AMOUNT
    assert _match(f"{BILL} {OTHER}", amount=9_000).account_id == 1
    assert _match(f"{BILL}", amount=6_171).account_id is None


def test_an_account_number_with_its_check_digit_is_enough():
    found = _match(f"户号{A} 电费", amount=1)
    assert (found.account_id, found.reason) == (1, Evidence.ACCOUNT_NUMBER)


def test_a_number_alone_needs_a_name_or_the_amount():
    assert _match(BILL, amount=5, name="王 伟").reason == Evidence.NUMBER_AND_NAME
    assert _match("77777777", amount=100).reason == Evidence.NUMBER_AND_AMOUNT
    found = _match("77777777", amount=5)
    assert (found.account_id, found.reason, found.suggestions[0].account_id) == (None, Evidence.NUMBER_ALONE, 3)


def test_numbers_of_several_accounts_make_none_certain():
    found = _match(f"{A} {B}", name="Li Si")
    assert (found.account_id, found.reason) == (None, Evidence.SEVERAL)
    assert [one.account_id for one in found.suggestions] == [1, 2]


def test_amount_and_name_if_nobody_else_has_both():
    assert _match("thanks", name="LI  SI").account_id == 2
    assert _match("thanks", name="Zhao", amount=100).account_id is None
    assert _match("thanks", name="", amount=6_170).reason == "nothing_found"


def test_the_bound_of_the_pack_decides():
    assert _match("thanks", name="Li Si", certain_from=86).account_id is None
    assert _match(f"bill {BILL}", certain_from=101).account_id is None


@given(
    st.lists(st.sampled_from([*KNOWN, "999999999", "hello", "电费"]), max_size=6),
    st.integers(1, 10_000),
    st.sampled_from(["", "王伟", "Li Si", "Zhao"]),
)
def test_whoever_gets_money_is_named_alone(words, amount, name):
    found = _match(" , ".join(words), amount=amount, name=name)
    named = {hit.account_id for word in words for hit in KNOWN.get(word, ())}
    if len(named) > 1:
        assert found.account_id is None
        assert {one.account_id for one in found.suggestions} == named
    elif named:
        assert {one.account_id for one in found.suggestions} == named
        assert found.account_id in (None, *named)
    elif found.account_id is not None:
        owing = OWING[amount, plain_name(name)]
        assert [one.account_id for one in owing] == [found.account_id]


@given(st.text(max_size=80))
def test_any_text_has_numbers_of_plain_digits_only(text):
    assert all(one.isascii() and one.isdigit() and 6 <= len(one) <= 20 for one in numbers_in(text))


@given(st.integers(1, 899_999_999), st.sampled_from(["", " ", "-", "."]), st.integers(1, 9))
def test_a_number_of_ours_is_found_however_it_is_set_apart(serial, sign, at):
    number = account_number(serial=serial)
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in number[:at]) + sign + number[at:]
    assert number in numbers_in(f"户号：{wide}，谢谢")
