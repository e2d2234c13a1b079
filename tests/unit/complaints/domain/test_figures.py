"""Working seconds before each day, over a weekend and a change of the clock."""

from datetime import date

from cis.kernel.calendar import BusinessCalendar, LocalClock
from complaints.domain.figures import Share, are_in_order, months_of, work_days


def test_weekends_do_not_count_and_a_long_day_is_as_long_as_it_is():
    calendar = BusinessCalendar(holidays=[date(2026, 10, 23)], makeup_days=[date(2026, 10, 25)])
    days = work_days(
        calendar=calendar, clock=LocalClock("Europe/Berlin"), first=date(2026, 10, 22), last=date(2026, 10, 27)
    )
    assert [(one.day.day, one.is_worked) for one in days] == [
        (22, True), (23, False), (24, False), (25, True), (26, True), (27, True),
    ]  # fmt: skip
    hour = 3600
    assert [one.seconds_before for one in days] == [0, 24 * hour, 24 * hour, 24 * hour, 49 * hour, 73 * hour]


def test_a_share_of_nothing_is_no_share():
    assert (Share(part=0, whole=0).percent, Share(part=1, whole=2).percent) == (None, 50)


def test_months_that_are_counted_are_twelve_and_never_more_than_sixty():
    today, march = date(2026, 3, 9), date(2026, 3, 1)
    assert months_of(since=None, until=None, today=today) == (date(2025, 4, 1), date(2026, 4, 1))
    assert months_of(since=date(2026, 5, 1), until=march, today=today) == (march, date(2026, 4, 1))
    assert months_of(since=date(2000, 1, 1), until=march, today=today) == (date(2021, 4, 1), date(2026, 4, 1))


def test_months_that_are_named_are_in_order_and_sixty_at_most():
    today, march = date(2026, 3, 9), date(2026, 3, 1)
    for since, until, is_so in (
        (None, None, True), (None, date(2030, 1, 1), True), (march, None, True), (march, march, True),
        (date(2026, 4, 1), None, False), (date(2026, 4, 1), march, False), (date(2021, 4, 1), march, True),
        (date(2021, 3, 1), march, False),
    ):  # fmt: skip
        assert are_in_order(since=since, until=until, today=today) is is_so, (since, until)
