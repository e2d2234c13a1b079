"""Numbers are compared with Python ints and fractions, which cannot be wrong in the same way."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cis.kernel import fixed
from cis.kernel.fixed import AmountOverflow, NotANumber, Rounding, UnusableWeights

INT64 = st.integers(-(2**63), 2**63 - 1)
ENERGY = st.one_of(st.integers(-(10**6), 10**10), INT64, st.sampled_from([0, 1, -1, 2**62, 2**63 - 1, -(2**63)]))
PRICE = st.one_of(st.integers(-(10**9), 10**11), st.integers(-(2**80), 2**80), st.sampled_from([0, 1, -1, 2**63]))


@st.composite
def tables(draw, cell=ENERGY):
    rows, columns = draw(st.integers(0, 6)), draw(st.integers(1, 7))
    return draw(st.lists(st.lists(cell, min_size=columns, max_size=columns), min_size=rows, max_size=rows)), columns


def as_table(rows, columns, order="C"):
    return np.array(rows, dtype=np.int64, order=order).reshape(len(rows), columns)


def assert_is_exact(array, expected):
    """Values are equal, and the type is the narrow one exactly when every value is below the limit."""
    assert array.tolist() == expected
    flat = np.array(expected, dtype=object).ravel().tolist()
    fits = all(abs(value) < fixed.LIMIT for value in flat)
    assert array.dtype == (np.int64 if fits else np.object_)
    assert all(type(value) is int for value in array.ravel().tolist())


@given(tables(), st.data(), st.sampled_from("CF"))
def test_dot_of_a_table_never_wraps(table, data, order):
    rows, columns = table
    prices = data.draw(st.lists(PRICE, min_size=columns, max_size=columns))
    expected = [sum(e * p for e, p in zip(row, prices, strict=True)) for row in rows]
    assert_is_exact(fixed.dot(as_table(rows, columns, order), tuple(prices)), expected)
    assert_is_exact(fixed.dot(as_table(rows, columns, order), prices), expected)


@given(tables(st.integers(-(10**9), 10**9)), st.data())
def test_dot_of_a_table_with_prices_of_its_shape_pairs_them(table, data):
    rows, columns = table
    prices = [data.draw(st.lists(st.integers(-(10**8), 10**8), min_size=columns, max_size=columns)) for _ in rows]
    expected = [sum(e * p for e, p in zip(row, own, strict=True)) for row, own in zip(rows, prices, strict=True)]
    assert_is_exact(fixed.dot(as_table(rows, columns), as_table(prices, columns)), expected)


@given(st.lists(ENERGY), PRICE)
def test_dot_of_a_column_with_one_price_is_the_product(energies, price):
    expected = [energy * price for energy in energies]
    assert_is_exact(fixed.dot(np.array(energies, dtype=np.int64), price), expected)


@given(st.lists(st.tuples(ENERGY, INT64)))
def test_dot_of_two_columns_pairs_their_rows(pairs):
    energies, prices = (np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True)) if pairs else ([], [])
    result = fixed.dot(np.array(energies, dtype=np.int64), np.array(prices, dtype=np.int64))
    assert_is_exact(result, [energy * price for energy, price in pairs])


@given(tables(), st.data(), st.sampled_from("CF"))
def test_times_never_wraps(table, data, order):
    rows, columns = table
    prices = data.draw(st.lists(PRICE, min_size=columns, max_size=columns))
    expected = [[e * p for e, p in zip(row, prices, strict=True)] for row in rows]
    assert_is_exact(fixed.times(as_table(rows, columns, order), prices), expected)


@given(tables(), st.data())
def test_times_takes_what_times_gave(table, data):
    rows, columns = table
    first, second = data.draw(PRICE), data.draw(PRICE)
    result = fixed.times(fixed.times(as_table(rows, columns), first), second)
    assert_is_exact(result, [[e * first * second for e in row] for row in rows])


@pytest.mark.parametrize("columns", [1, 2, 3, 4, 5, 9])
def test_views_with_gaps_are_priced_like_copies(columns):
    whole = np.arange(4 * 40, dtype=np.int64).reshape(4, 40)
    prices = tuple(range(61, 61 + columns))
    for view in (whole[:, : 2 * columns : 2], whole.T[1 : 1 + 2 * columns : 2].T, whole[::2, 3 : 3 + columns]):
        assert fixed.times(view, prices).tolist() == (view.copy() * np.array(prices)).tolist()
        assert fixed.dot(view, prices).tolist() == (view.copy() @ np.array(prices)).tolist()


@pytest.mark.parametrize("columns", [1, 3, 6])
def test_times_writes_to_out(columns):
    energy = np.arange(5 * columns, dtype=np.int64).reshape(5, columns)
    out = np.full_like(energy, -7)
    assert fixed.times(energy, (3,) * columns, out=out) is out
    assert out.tolist() == (energy * 3).tolist()


@pytest.mark.parametrize("columns", [2, 3, 4, 8])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("price", [1, -1, 2])
def test_a_sum_that_only_wraps_as_a_whole_does_not(columns, order, price):
    each = 2**63 // columns
    energy = np.full((2, columns), each, dtype=np.int64, order=order)
    assert fixed.dot(energy, (price,) * columns).tolist() == [each * columns * price] * 2


def test_a_table_without_columns_costs_nothing():
    assert fixed.dot(np.empty((2, 0), dtype=np.int64), ()).tolist() == [0, 0]


def test_narrow_integers_are_widened_before_they_are_multiplied():
    assert fixed.dot(np.array([2_000_000_000], dtype=np.int32), 61_700_000).tolist() == [123_400_000_000_000_000]
    assert fixed.dot(np.array([2**63 + 1], dtype=np.uint64), 1).tolist() == [2**63 + 1]


@pytest.mark.parametrize("energy", [np.array([1.0]), np.array([True]), np.array([1.5], dtype=object), np.array(["1"])])
def test_energy_that_is_not_an_integer_is_an_error(energy):
    with pytest.raises(TypeError):
        fixed.dot(energy, 1)


@pytest.mark.parametrize("price", [0.617, (0.617,), (1.0,), (True,), [None], np.array([1.0]), "1"])
def test_a_price_that_is_not_an_integer_is_an_error(price):
    with pytest.raises(TypeError):
        fixed.times(np.array([1], dtype=np.int64), price)


@pytest.mark.parametrize(("energy", "prices"), [((3,), (2,)), ((3, 2), (3,)), ((3,), (3, 1)), ((1, 2), (4, 2))])
def test_prices_of_another_shape_are_an_error(energy, prices):
    for price in (1, 2**70):
        with pytest.raises(ValueError, match=r"shape|more|broadcast"):
            fixed.times(np.ones(energy, dtype=np.int64), np.full(prices, price))


def test_the_price_of_one_kwh_is_exact():
    assert fixed.to_minor(fixed.dot(np.array([1000]), 61_700_000) * 10).tolist() == [617]


# --- to_minor

ORACLE = {
    Rounding.HALF_AWAY: lambda x: int(math.copysign(1, x)) * math.floor(abs(x) + Fraction(1, 2)),
    Rounding.HALF_EVEN: round,
    Rounding.DOWN: math.trunc,
}
NEAR_HALF = st.builds(
    lambda units, half, off: units * fixed.E9 + half * fixed.HALF_E9 + off,
    st.one_of(st.integers(-(10**9), 10**9), st.integers(-9_223_372_036, 9_223_372_035)),
    st.sampled_from([0, 1]),
    st.integers(-2, 2),
)


@pytest.mark.parametrize("rule", Rounding)
@given(st.lists(st.one_of(NEAR_HALF, INT64)))
@example([2**63 - 1, -(2**63), 2**63 - fixed.HALF_E9, 2**63 - fixed.HALF_E9 - 1])
@example([-(2**63), -(2**63) + 1])
@example([sign * (5_000_000_000 * fixed.E9 + fixed.HALF_E9 + off) for sign in (1, -1) for off in (-1, 0, 1)])
def test_to_minor_rounds_as_its_rule_says(rule, amounts):
    expected = [ORACLE[rule](Fraction(amount, fixed.E9)) for amount in amounts]
    column = np.array(amounts, dtype=np.int64)
    result = fixed.to_minor(column, rule)
    assert result.dtype == np.int64
    assert result.tolist() == expected
    assert column.tolist() == amounts
    assert fixed.to_minor(column.astype(object), rule).tolist() == expected
    assert fixed.to_minor(column, rule, out=column) is column
    assert column.tolist() == expected


@pytest.mark.parametrize("rule", Rounding)
@given(st.lists(st.integers(-(2**92), 2**92), min_size=1))
def test_to_minor_rounds_amounts_too_wide_for_int64(rule, amounts):
    expected = [ORACLE[rule](Fraction(amount, fixed.E9)) for amount in amounts]
    out = np.empty(len(amounts), dtype=np.int64)
    result = fixed.to_minor(np.array([*amounts, 2**70], dtype=object)[:-1], rule, out=out)
    assert result is out
    assert result.tolist() == expected


def test_to_minor_keeps_the_shape():
    assert fixed.to_minor(np.full((2, 3), -fixed.HALF_E9)).tolist() == [[-1] * 3] * 2
    assert fixed.to_minor(np.full((2, 3), 2**70, dtype=object)).shape == (2, 3)
    assert fixed.to_minor(np.empty((0, 3), dtype=np.int64)).shape == (0, 3)


def test_an_amount_beyond_64_bits_is_refused_with_its_place():
    most = 2**63 - 1
    amounts = np.array([0, most * fixed.E9 + fixed.HALF_E9 - 1, most * fixed.E9 + fixed.HALF_E9], dtype=object)
    assert fixed.to_minor(amounts[:2]).tolist() == [0, most]
    with pytest.raises(AmountOverflow) as refusal:
        fixed.to_minor(amounts)
    assert refusal.value.detail["place"] == 2


def test_rounding_floats_is_an_error():
    with pytest.raises(TypeError):
        fixed.to_minor(np.array([1e9]))


# --- share


@st.composite
def shares(draw):
    columns = draw(st.integers(1, 6))
    weight = draw(st.sampled_from([st.integers(0, 3), st.integers(0, 10**9), st.integers(0, 2**63 - 1)]))
    row = st.lists(weight, min_size=columns, max_size=columns).filter(any)
    total = draw(st.sampled_from([st.integers(-100, 100), INT64]))
    return draw(st.lists(st.tuples(total, row), min_size=1, max_size=5))


@given(shares())
@example([(-(2**63), [1, 2]), (2**63 - 1, [3, 0])])
def test_shares_are_cumulative_sums_rounded_and_sum_to_the_total(rows):
    totals = np.array([total for total, _ in rows], dtype=np.int64)
    weights = np.array([weight for _, weight in rows], dtype=np.int64)
    result = fixed.share(totals, weights)
    assert result.dtype == np.int64
    for (total, weight), parts in zip(rows, result.tolist(), strict=True):
        assert sum(parts) == total
        until = [
            ORACLE[Rounding.HALF_AWAY](Fraction(total * sum(weight[: j + 1]), sum(weight))) for j in range(len(weight))
        ]
        assert parts == [b - a for a, b in zip([0, *until], until, strict=False)]
        for part, own in zip(parts, weight, strict=True):
            assert abs(part - Fraction(total * own, sum(weight))) <= 1
            assert part * total >= 0
            assert own or part == 0


def test_a_row_of_shares_does_not_depend_on_its_neighbours():
    small = fixed.share(np.array([10, 0]), np.array([[1, 2, 4], [0, 0, 0]]))
    large = fixed.share(np.array([10, 2**62, 0]), np.array([[1, 2, 4], [1, 1, 1], [0, 0, 0]]))
    assert small.tolist() == large[[0, 2]].tolist() == [[1, 3, 6], [0, 0, 0]]


def test_one_row_of_weights_serves_all_totals():
    assert fixed.share(np.array([10, -10, 0]), np.array([1, 1, 2])).tolist() == [[3, 2, 5], [-3, -2, -5], [0, 0, 0]]


def test_no_totals_give_no_shares():
    assert fixed.share(np.empty(0, dtype=np.int64), np.empty((0, 3), dtype=np.int64)).shape == (0, 3)


@pytest.mark.parametrize("scale", [1, 2**61])
@pytest.mark.parametrize("bad", [[0, 0], [2, -1]])
def test_weights_that_cannot_carry_a_total_are_refused_with_their_row(bad, scale):
    with pytest.raises(UnusableWeights) as refusal:
        fixed.share(np.array([0, 5, 7]), np.array([[0, 0], bad, [scale, 1]]))
    assert refusal.value.detail["place"] == 1


def test_totals_and_weights_of_different_length_are_an_error():
    with pytest.raises(ValueError, match="2 totals"):
        fixed.share(np.array([1, 2]), np.array([[1], [1], [1]]))


# --- parse and to_text


@given(st.integers(-fixed.LIMIT + 1, fixed.LIMIT - 1), st.integers(0, 9))
def test_a_number_written_is_the_number_read(value, places):
    assert fixed.parse(fixed.to_text(value, places=places), places=places) == value


@given(st.from_regex(r"\A[+-]?[0-9]{1,9}(\.[0-9]{1,8})?\Z"), st.integers(0, 9))
def test_parse_is_exact_or_refuses(text, places):
    exact = Fraction(text) * 10**places
    if exact.denominator == 1:
        assert fixed.parse(text, places=places) == exact
    else:
        with pytest.raises(NotANumber, match="decimals"):
            fixed.parse(text, places=places)


@given(st.text(max_size=12))
def test_parse_takes_no_text_that_fraction_refuses(text):
    try:
        value = fixed.parse(text, places=12)
    except NotANumber:
        return
    assert value == Fraction(text) * 10**12


@pytest.mark.parametrize(
    ("text", "places", "value"),
    [
        ("0", 0, 0), ("-0", 2, 0), ("+5", 0, 5), ("007", 0, 7), ("12.5", 3, 12_500), ("-12.50", 1, -125),
        ("1.000", 0, 1), ("0.617", 6, 617_000), (str(2**62 - 1), 0, 2**62 - 1),
    ],
)  # fmt: skip
def test_numbers_of_the_grammar(text, places, value):
    assert fixed.parse(text, places=places) == value


@pytest.mark.parametrize(
    "text",
    [
        "", "NaN", "nan", "Infinity", "-inf", "1E99", "1e2", "１２", "٣", "1_000", "1,000", " 1", "1 ", "1\n", "\t1", "+-1", "--1",
        "1.", ".5", ".", "-", "+", "1.2.3", "0x10", "1\x00", "½", "²", "−1", "1" * 41, str(2**62), "9" * 5000,
    ],
)  # fmt: skip
def test_texts_that_are_no_numbers(text):
    with pytest.raises(NotANumber) as refusal:
        fixed.parse(text, places=2)
    assert len(refusal.value.message) < 300
    assert refusal.value.message.isprintable()


@pytest.mark.parametrize(
    ("text", "places"), [(str(2**62), 0), (f"-{2**62}", 0), (str(2**62 - 1), 1), ("5" + "0" * 17, 1)]
)
def test_a_number_that_fits_no_column_is_refused(text, places):
    with pytest.raises(NotANumber, match="too large"):
        fixed.parse(text, places=places)


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (0, 0, "0"),
        (0, 2, "0.00"),
        (-5, 2, "-0.05"),
        (5, 3, "0.005"),
        (-1234, 2, "-12.34"),
        (12, 0, "12"),
        (100, 2, "1.00"),
    ],
)
def test_numbers_as_text(value, places, text):
    assert fixed.to_text(value, places=places) == text
