"""From what a bill says to lines of invoices, blue and red; sums compared with fractions."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain import e_invoice_reds as reds
from billing.domain import e_invoices as domain
from billing.domain.e_invoices import Category, InvoiceKind, Item, Nature, NotInvoiceable, RedTooMuch

RATES = (130_000, 0)
CATEGORIES = {"energy": Category(code="1100101020200000000", short="供电")}
TOLERANCE = 6


def item(amount, *, key="1/energy", rate=130_000, tax=None, ledger="energy", quantity=1_000):
    exact = Fraction(amount * rate, 1_000_000 + rate)
    rounded = int(abs(exact) + Fraction(1, 2)) * (1 if amount >= 0 else -1)
    return Item(key=key, name="电费", unit="千瓦时", quantity=quantity, places=3, amount_minor=amount,
                tax_minor=rounded if tax is None else tax, rate_e6=rate, ledger_class=ledger)  # fmt: skip


def blue(items, *, kind=InvoiceKind.ORDINARY, lines_most=100):
    return domain.blue(items, kind=kind, categories=CATEGORIES, lines_most=lines_most, tolerance_minor=TOLERANCE)


amounts = st.lists(
    st.tuples(st.integers(-20_000, 90_000).filter(bool), st.sampled_from(RATES)), min_size=1, max_size=12
)


@settings(max_examples=200)
@given(amounts, st.integers(6, 30), st.sampled_from(InvoiceKind))
def test_invoices_say_what_the_bill_says(found, lines_most, kind):
    items = [item(amount, key=f"{place}/energy", rate=rate) for place, (amount, rate) in enumerate(found)]
    sums = {rate: sum(one.amount_minor for one in items if one.rate_e6 == rate) for rate in RATES}
    try:
        made = blue(items, kind=kind, lines_most=lines_most)
    except NotInvoiceable as refusal:
        # Only what comes out below 0 at a rate, or one line with more credits than fit, is held back.
        assert refusal.why in {"below_zero", "too_many_discounts"}  # noqa: PT017
        return
    assert sum(one.net_minor + one.tax_minor for one in made) == sum(sums.values())
    assert sum(one.tax_minor for one in made) == sum(one.tax_minor for one in items)
    for draft in made:
        assert 0 < len(draft.lines) <= lines_most
        assert [line.seq for line in draft.lines] == list(range(1, len(draft.lines) + 1))
        assert draft.lines[0].nature is not Nature.DISCOUNT
        for line in draft.lines:
            assert abs(Fraction(line.net_minor * line.rate_e6, 10**6) - line.tax_minor) <= TOLERANCE
            assert draft.kind is InvoiceKind.ORDINARY or line.rate_e6
            assert (line.amount_minor < 0) is (line.nature is Nature.DISCOUNT) or not line.amount_minor


@settings(max_examples=200)
@given(amounts, st.data())
def test_what_is_taken_back_in_parts_is_all_in_the_end(found, data):
    items = [item(amount, key=f"{place}/energy", rate=rate) for place, (amount, rate) in enumerate(found)]
    try:
        made = blue(items)
    except NotInvoiceable:
        return
    blues = {place: draft.lines for place, draft in enumerate(made)}
    back: dict[int, list] = {place: [] for place in blues}
    left = reds.left_minor(blues, reds=back)
    for _ in range(3):
        if not left:
            break
        taken = reds.allowance(blues, reds=back, amount_minor=data.draw(st.integers(1, left)))
        left += sum(line.amount_minor for lines in taken.values() for line in lines)
        for place, lines in taken.items():
            back[place] += lines
        assert reds.left_minor(blues, reds=back) == left
    for place, lines in reds.whole(blues, reds=back).items():
        back[place] += lines
    for place, lines in blues.items():
        assert sum(line.net_minor for line in (*lines, *back[place])) == 0
        assert sum(line.tax_minor for line in (*lines, *back[place])) == 0
        assert all(line.net_minor <= 0 and line.blue_seq for line in back[place])


@settings(max_examples=200)
@given(amounts, st.sets(st.integers(0, 11)))
def test_a_correction_takes_back_exactly_its_parts(found, chosen):
    items = [item(amount, key=f"{place}/energy", rate=rate) for place, (amount, rate) in enumerate(found)]
    try:
        made = blue(items)
    except NotInvoiceable:
        return
    blues = {place: draft.lines for place, draft in enumerate(made)}
    gone = [one for place, one in enumerate(items) if place in chosen]
    negated = [
        Item(key=one.key, name="", unit="", quantity=0, places=0, amount_minor=-one.amount_minor,
             tax_minor=-one.tax_minor, rate_e6=one.rate_e6, ledger_class=one.ledger_class)
        for one in gone
    ]  # fmt: skip
    try:
        taken = reds.part(blues, reds={}, taken=reds.taken_of(negated))
    except RedTooMuch:
        by_rate = {rate: sum(one.amount_minor for one in gone if one.rate_e6 == rate) for rate in RATES}
        limits = {rate: sum(one.amount_minor for one in items if one.rate_e6 == rate) for rate in RATES}
        # More is taken than the credits beside it left, or a tax that rounding leaves no room for.
        assert any(by_rate[rate] < 0 or by_rate[rate] > limits[rate] for rate in RATES) or any(by_rate.values())
        return
    lines = [line for some in taken.values() for line in some]
    assert -sum(line.amount_minor for line in lines) == sum(one.amount_minor for one in gone)
    assert -sum(line.tax_minor for line in lines) == sum(one.tax_minor for one in gone)


def test_whole_lines_keep_their_quantity_and_price():
    (draft,) = blue([item(6_170, quantity=100_000)])
    (line,) = draft.lines
    assert (line.name, line.unit, line.quantity) == ("*供电*电费", "千瓦时", 100_000)
    # 54.60 yuan for 100 kWh
    assert (line.net_minor, line.tax_minor, line.price_e10) == (5_460, 710, 5_460_000_000)
    ((red,),) = reds.whole({7: draft.lines}, reds={}).values()
    assert (red.quantity, red.price_e10, red.net_minor, red.blue_seq) == (-100_000, 5_460_000_000, -5_460, 1)


def test_untaxed_lines_stand_on_an_ordinary_invoice_beside_the_special_one():
    made = blue([item(11_300), item(500, rate=0)], kind=InvoiceKind.SPECIAL)
    assert [(one.kind, one.net_minor, one.tax_minor) for one in made] == [
        (InvoiceKind.SPECIAL, 10_000, 1_300),
        (InvoiceKind.ORDINARY, 500, 0),
    ]


def test_money_of_no_sale_stands_on_no_invoice():
    assert blue([item(20_000, rate=0, ledger="liability.deposit"), item(-300, rate=0, ledger="expense.bad_debt")]) == ()


@pytest.mark.parametrize(
    ("items", "why"),
    [
        ([item(100, ledger="works")], "no_category"),
        ([item(11_300, tax=1_000)], "tax_does_not_fit"),
        ([item(100), item(-200)], "below_zero"),
        ([item(100), item(50, rate=0), item(-60, rate=0)], "below_zero"),
    ],
)
def test_what_cannot_stand_on_an_invoice_is_held_back_by_name(items, why):
    with pytest.raises(NotInvoiceable) as refused:
        blue(items)
    assert refused.value.why == why


def test_more_than_is_left_is_not_taken_back():
    (draft,) = blue([item(11_300)])
    with pytest.raises(RedTooMuch):
        reds.allowance({1: draft.lines}, reds={}, amount_minor=11_301)
