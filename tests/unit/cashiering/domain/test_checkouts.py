"""What a provider says of a payment, whatever comes first and however often."""

from datetime import UTC, datetime
from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashiering.domain.checkouts import (
    WORKFLOW,
    Asked,
    CheckoutAction,
    CheckoutState,
    Need,
    Said,
    Word,
    masked_name,
    verdict,
)

AT = datetime(2026, 3, 10, tzinfo=UTC)


def said(word, amount_minor=6_170, currency="CNY", payment="P1"):
    return Said(
        event_id="e", reference="C1", word=word, amount_minor=amount_minor, currency=currency, occurred_at=AT,
        payment=payment,
    )  # fmt: skip


def asked(state, payment="", said_minor=None):
    return Asked(state, 6_170, "CNY", payment=payment, said_minor=said_minor)


def run(words):
    """Where a payment stands after messages, and how often money was booked and taken back."""
    state, payment, booked, back = CheckoutState.CREATED, "", 0, 0
    for word in words:
        found = verdict(asked=asked(state, payment), said=said(word))
        if found.action is None:
            continue
        was = state
        state = WORKFLOW.moves[state, found.action].to
        payment = "P1" if found.action is CheckoutAction.PAY else payment
        booked += found.action is CheckoutAction.PAY
        back += found.action is CheckoutAction.REVERSE and was is CheckoutState.PAID
    return state, booked, back


@given(st.lists(st.sampled_from(list(Word)), max_size=12))
def test_money_comes_and_goes_at_most_once(words):
    state, booked, back = run(words)
    assert booked <= 1
    assert back <= booked
    assert (state is CheckoutState.PAID) == (Word.PAID in words and Word.REVERSED not in words)
    assert (state is CheckoutState.REVERSED) == (Word.REVERSED in words)


def test_each_order_of_the_same_messages_ends_in_the_same_money():
    for words in ([Word.PENDING, Word.PAID], [Word.PENDING, Word.PAID, Word.REVERSED], [Word.EXPIRED, Word.PAID]):
        for order, times in product(permutations(words), (1, 2, 3)):
            _state, booked, back = run(order * times)
            assert booked - back == (Word.REVERSED not in words)


@pytest.mark.parametrize("state", [CheckoutState.CREATED, CheckoutState.PENDING, CheckoutState.EXPIRED])
@pytest.mark.parametrize("other", [{"amount_minor": 6_169}, {"amount_minor": 6_171}, {"currency": "USD"}])
def test_other_money_than_was_asked_is_held_for_a_person(state, other):
    found = verdict(asked=asked(state), said=said(Word.PAID, **other))
    assert (found.action, found.need) == (CheckoutAction.HOLD, Need.OTHER_AMOUNT)


def test_a_second_payment_is_told_apart_from_the_first_told_again():
    paid = asked(CheckoutState.PAID, payment="P1")
    assert verdict(asked=paid, said=said(Word.PAID)).need is None
    assert verdict(asked=paid, said=said(Word.PAID, payment="P2")).need is Need.PAID_TWICE
    assert verdict(asked=paid, said=said(Word.REVERSED, payment="P2")).action is None


def test_a_part_that_goes_back_takes_nothing_back_by_itself():
    found = verdict(asked=asked(CheckoutState.PAID, payment="P1"), said=said(Word.REVERSED, amount_minor=100))
    assert (found.action, found.need) == (None, Need.BACK_UNCLEAR)


def test_what_was_held_goes_back_by_what_the_provider_had():
    held = asked(CheckoutState.HELD, payment="P1", said_minor=6_070)
    assert verdict(asked=held, said=said(Word.REVERSED, amount_minor=6_070)).action is CheckoutAction.REVERSE


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张三丰", "**丰"),
        ("李明", "*明"),
        ("王", "*"),
        ("", "*"),
        ("上海电力设备公司", "上海***公司"),
        ("Li Ming", "L*** M***"),
    ],
)
def test_a_masked_name_is_known_to_who_bears_it_alone(name, shown):
    assert masked_name(name) == shown
