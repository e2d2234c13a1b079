"""Which days are charged when: however the nights fall, the sum is that of the whole, and no day is charged twice."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from arrears.domain.charged_days import Charged, Debt, Plan, WhileOpen, Window, accrued, explained, plan, steps_of
from arrears.domain.late_fees import LateFeeRule, OpenSince, fee

DUE = date(2025, 11, 20)
DAY = timedelta(days=1)
RULE = LateFeeRule(rate_e6=2_000, carried_rate_e6=3_000)


def debt(paid, charged=(), *, bears=True, amount=100_000):
    return Debt(
        due_date=DUE, steps=steps_of(due_date=DUE, amount_minor=amount, paid=paid), bears=bears, charged=charged
    )


def test_what_is_open_since_when():
    paid = [(DUE - DAY, 10), (DUE + 3 * DAY, 50), (DUE + 3 * DAY, 20), (DUE + 9 * DAY, -50)]
    assert steps_of(due_date=DUE, amount_minor=100, paid=paid) == (
        OpenSince(DUE, 90), OpenSince(DUE + 3 * DAY, 20), OpenSince(DUE + 9 * DAY, 70),
    )  # fmt: skip


def test_money_that_stood_for_other_money_opens_nothing_below_nothing():
    """100 came on the third day and bounced on the ninth; 100 that had come on the fifth pay it then."""
    paid = [(DUE + 3 * DAY, 100), (DUE + 5 * DAY, 100), (DUE + 9 * DAY, -100)]
    assert steps_of(due_date=DUE, amount_minor=100, paid=paid) == (OpenSince(DUE, 100), OpenSince(DUE + 3 * DAY, 0))


def test_a_fee_that_is_wrong_takes_those_after_it_along_but_none_that_is_waived():
    windows = [
        Window(DUE + DAY, DUE + 10 * DAY, 2_000), Window(DUE + 11 * DAY, DUE + 20 * DAY, 1_999),
        Window(DUE + 21 * DAY, DUE + 30 * DAY, 2_000), Window(DUE + 31 * DAY, DUE + 40 * DAY, 2_000),
    ]  # fmt: skip
    charged = tuple(Charged(n, one, is_waived=n == 2) for n, one in enumerate(windows))
    found = plan(rule=RULE, debt=debt([], charged), while_open=WhileOpen.YEAR, today=date(2026, 1, 5))
    assert found.taken_back == (1, 3)
    assert [one.first_day for one in found.charged] == [DUE + 11 * DAY, DUE + 31 * DAY]


def test_a_debt_that_bears_none_any_more_gives_all_back():
    charged = (Charged(7, Window(DUE + DAY, DUE + 10 * DAY, 2_000), is_waived=False),)
    found = plan(rule=RULE, debt=debt([], charged, bears=False), while_open=WhileOpen.MONTH, today=date(2026, 3, 1))
    assert found == Plan(taken_back=(7,), charged=())


def test_who_pays_today_owes_no_fee_of_today_where_the_day_of_payment_does_not_count():
    counts_not = LateFeeRule(rate_e6=2_000, carried_rate_e6=3_000, counts_last_day=False)
    assert accrued(rule=RULE, debt=debt([]), today=DUE + 3 * DAY) == 600
    assert accrued(rule=counts_not, debt=debt([]), today=DUE + 3 * DAY) == 400


@given(
    rate=st.integers(1, 3_000),
    least=st.integers(0, 500),
    amount=st.integers(1, 10**7),
    gaps=st.lists(st.tuples(st.integers(1, 60), st.integers(1, 100)), max_size=4),
    nights=st.lists(st.integers(1, 40), min_size=1, max_size=8),
)
def test_however_the_nights_fall_the_sum_is_that_of_the_whole(rate, least, amount, gaps, nights):
    rule = LateFeeRule(rate_e6=rate, carried_rate_e6=2 * rate, least_minor=least)
    paid, day, left = [], DUE, amount
    for gap, percent in gaps:
        day, part = day + gap * DAY, left * percent // 100
        paid, left = [*paid, (day, part)], left - part
    charged: tuple[Charged, ...] = ()
    today = DUE
    for gap in [*nights, 400]:
        today += gap * DAY
        known = debt([one for one in paid if one[0] <= today], charged, amount=amount)
        found = plan(rule=rule, debt=known, while_open=WhileOpen.MONTH, today=today)
        assert not found.taken_back
        charged += tuple(Charged(len(charged) + n, one, is_waived=False) for n, one in enumerate(found.charged))
    days = [one.window.first_day + n * DAY for one in charged
            for n in range((one.window.last_day - one.window.first_day).days + 1)]  # fmt: skip
    assert len(days) == len(set(days))
    whole = debt(paid, charged, amount=amount)
    until = whole.steps[-1].day if not whole.steps[-1].open_minor else today.replace(day=1) - DAY
    assert sum(one.window.amount_minor for one in charged) == fee(
        rule=rule, due_date=DUE, steps=whole.steps, until_date=until
    )
    for one in charged:
        parts = explained(rule=rule, debt=whole, window=one.window)
        assert all(one.window.first_day <= part.first_day <= part.last_day <= one.window.last_day for part in parts)
