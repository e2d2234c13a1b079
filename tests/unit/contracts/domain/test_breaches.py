"""What breach and theft cost, against school arithmetic in fractions."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.domain import breaches
from contracts.domain.breaches import BadBreach, ChargeKind, Due, Misuse
from tariffs.domain.components.basic import TaxMode

E6 = 10**6
ENERGY = st.integers(1, 10**12)
PRICE = st.integers(1, 10**9)


def nearest(value):
    """Half away from zero."""
    return int(abs(value) + Fraction(1, 2)) * (1 if value >= 0 else -1)


def amounts(dues):
    return {due.kind: due.amount_minor for due in dues}


def test_a_shop_and_a_workshop_on_a_home_line():
    """[source: public exam item] 5,400 and 1,620 kWh: 1,590.08, and 3,180.17 since it is rounded last."""
    power = breaches.energy_by_use(power_w=5_000, days=90, hours=12)
    shop = breaches.energy_by_use(power_w=3_000, days=90, hours=6)
    assert (power, shop) == (5_400_000, 1_620_000)
    dues = breaches.of_category(
        uses=[
            Misuse(energy_wh=power, paid_e6=56_530_000, right_e6=76_250_000),
            Misuse(energy_wh=shop, paid_e6=56_530_000, right_e6=88_950_000),
        ],
        times=2,
    )
    assert amounts(dues) == {ChargeKind.PRICE_DIFFERENCE: 159_008, ChargeKind.PENALTY: 318_017}


@given(uses=st.lists(st.tuples(ENERGY, PRICE, PRICE), min_size=1, max_size=4), times=st.integers(0, 5))
def test_the_difference_and_its_penalty_are_rounded_once_each(uses, times):
    given_uses = [Misuse(energy_wh=wh, paid_e6=low, right_e6=low + more) for wh, low, more in uses]
    exact = sum(Fraction(wh * more, 10**9) for wh, _, more in uses)
    if nearest(exact) == 0:
        with pytest.raises(breaches.BadBreach, match="comes to nothing"):
            breaches.of_category(uses=given_uses, times=times)
        return
    found = amounts(breaches.of_category(uses=given_uses, times=times))
    assert found[ChargeKind.PRICE_DIFFERENCE] == nearest(exact)
    assert found.get(ChargeKind.PENALTY, 0) == nearest(times * exact)


@given(va=st.integers(1, 10**9), months=st.integers(1, 60), price=st.integers(1, 10**6), times=st.integers(0, 5))
def test_a_capacity_fee_of_the_months_and_so_many_times_it(va, months, price, times):
    found = amounts(
        breaches.of_capacity_fee(capacity_va=va, months_e3=months * 1000, price_e6=price * 1000, times=times)
    )
    exact = Fraction(va, 1000) * months * Fraction(price, 1000)
    assert found[ChargeKind.CAPACITY_FEE] == nearest(exact)
    assert found.get(ChargeKind.PENALTY, 0) == nearest(times * exact)


def test_half_months_count_and_what_is_finer_than_can_be_told_is_refused():
    found = breaches.of_capacity_fee(capacity_va=100_000, months_e3=2_500, price_e6=1_600 * E6, times=3)
    assert amounts(found) == {ChargeKind.CAPACITY_FEE: 400_000, ChargeKind.PENALTY: 1_200_000}
    with pytest.raises(BadBreach):
        breaches.of_capacity_fee(capacity_va=1, months_e3=1, price_e6=1, times=3)


def test_amounts_for_each_kilowatt_and_each_time():
    assert breaches.of_capacity(capacity_va=21_000, per_kw_e6=5_000 * E6) == (
        Due(kind=ChargeKind.PENALTY, amount_minor=105_000),
    )
    assert amounts(breaches.of_capacity(capacity_va=10_000, per_kw_e6=3_000 * E6, count=2)) == {
        ChargeKind.PENALTY: 60_000
    }
    assert amounts(breaches.of_tampering(amount_minor=500_000, count=2)) == {ChargeKind.PENALTY: 1_000_000}


@given(energy=ENERGY, price=PRICE, times=st.integers(1, 5))
def test_theft_at_a_price(energy, price, times):
    exact = Fraction(energy * price, 10**9)
    owed, dues = breaches.theft_at_price(energy_wh=energy, price_e6=price, times=times, is_exact=True)
    assert owed == nearest(exact)
    assert amounts(dues).get(ChargeKind.PENALTY, 0) == nearest(times * exact)
    _, dues = breaches.theft_at_price(energy_wh=energy, price_e6=price, times=times, is_exact=False)
    assert amounts(dues).get(ChargeKind.PENALTY, 0) == times * nearest(exact)
    if owed:
        assert amounts(breaches.theft_penalty(owed_minor=owed, times=times))[ChargeKind.PENALTY] == times * owed


@given(amount=st.integers(1, 10**12), rate=st.integers(0, E6))
def test_tax_inside_and_on_top(amount, rate):
    inside = breaches.tax_of(amount_minor=amount, rate_e6=rate, mode=TaxMode.INSIDE)
    assert inside == nearest(Fraction(amount * rate, E6 + rate))
    assert breaches.tax_of(amount_minor=amount, rate_e6=rate, mode=TaxMode.ON_TOP) == nearest(
        Fraction(amount * rate, E6)
    )


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: breaches.energy_by_use(power_w=0, days=1, hours=1),
        lambda: breaches.energy_by_use(power_w=1, days=0, hours=1),
        lambda: breaches.energy_by_use(power_w=1, days=1, hours=25),
        lambda: breaches.of_category(uses=[], times=2),
        lambda: breaches.of_category(uses=[Misuse(energy_wh=0, paid_e6=1, right_e6=2)], times=2),
        lambda: breaches.of_category(uses=[Misuse(energy_wh=1, paid_e6=2, right_e6=2)], times=2),
        lambda: breaches.of_capacity_fee(capacity_va=0, months_e3=1, price_e6=1000, times=2),
        lambda: breaches.of_capacity_fee(capacity_va=1, months_e3=0, price_e6=1000, times=2),
        lambda: breaches.of_capacity_fee(capacity_va=1, months_e3=1, price_e6=0, times=2),
        lambda: breaches.of_capacity(capacity_va=1, per_kw_e6=0),
        lambda: breaches.of_capacity(capacity_va=1, per_kw_e6=1, count=0),
        lambda: breaches.of_tampering(amount_minor=0),
        lambda: breaches.theft_penalty(owed_minor=0, times=3),
        lambda: breaches.theft_at_price(energy_wh=0, price_e6=1, times=3, is_exact=True),
        lambda: breaches.theft_at_price(energy_wh=1, price_e6=0, times=3, is_exact=True),
    ],
)
def test_facts_that_cannot_be_are_refused(wrong):
    with pytest.raises(BadBreach):
        wrong()
