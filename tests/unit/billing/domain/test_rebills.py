"""From when on late reads are billed: what is paid back has no limit, what is asked for has the pack's."""

from datetime import date

import pytest

from billing.domain.rebills import Change, RebillAction, TooLate, netting, start_of

JAN, FEB, MAR, APR = (date(2025, month, 1) for month in (1, 2, 3, 4))


@pytest.mark.parametrize(
    ("changes", "cap", "wanted"),
    [
        ([(JAN, 500), (MAR, 200)], None, JAN),  # no limit
        ([(JAN, 500), (MAR, 200)], MAR, MAR),  # the days before it would cost more
        ([(JAN, 500), (FEB, -700), (MAR, 200)], MAR, JAN),  # they cost less altogether: paid back
        ([(JAN, 500), (FEB, -500), (MAR, 200)], MAR, JAN),
        ([(JAN, 500), (FEB, -499), (MAR, 200)], MAR, MAR),
        ([(JAN, 500), (MAR, 200)], date(2025, 2, 15), MAR),  # a billed period counts whole, by its first day
        ([(APR, 500)], MAR, JAN),
        ([], MAR, JAN),
    ],
)
def test_what_costs_more_begins_at_the_cap_and_what_costs_less_at_its_first_day(changes, cap, wanted):
    found = start_of(from_date=JAN, changes=[Change(*one) for one in changes], cap_date=cap)
    assert found == wanted


def test_where_all_lies_before_the_cap_nothing_is_billed():
    with pytest.raises(TooLate, match="2025-03-01"):
        start_of(from_date=JAN, changes=[Change(JAN, 500), Change(FEB, 1)], cap_date=MAR)


@pytest.mark.parametrize(
    ("change", "goes_on", "wanted"),
    [
        (499, True, RebillAction.BILL),
        (-499, True, RebillAction.BILL),
        (0, True, RebillAction.BILL),
        (500, True, None),  # not below the limit
        (-500, True, None),
        (499, False, RebillAction.LEAVE),  # no bill comes that it could go with
        (0, False, RebillAction.LEAVE),
        (-1, False, None),  # what is owed to somebody is not left without asking
    ],
)
def test_what_is_small_goes_with_the_next_bill(change, goes_on, wanted):
    assert netting(change_minor=change, net_below_minor=500, goes_on=goes_on) == wanted
