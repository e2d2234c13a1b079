"""Hours of an event that a forecast suggests, by hand."""

from contracts.domain.event_proposals import propose

FLAT = [100] * 24


def day(peak: int) -> list[int | None]:
    return [100] * 18 + [peak, peak] + [100] * 4


def test_the_hours_that_stand_out_of_nine_of_ten_days_are_proposed():
    days = [day(200 + n) for n in range(20)]
    values = [*FLAT[:17], 150, 300, 280, *FLAT[:4]]
    found = propose(values_w=values, days_w=days)
    assert found is not None
    assert (found.start_hour, found.hours, found.mean_w, found.usual_w, found.beyond_w) == (18, 2, 290, 217, 73)


def test_a_usual_day_is_not_proposed():
    assert propose(values_w=[one or 0 for one in day(217)], days_w=[day(200 + n) for n in range(20)]) is None


def test_days_that_are_not_known_say_nothing():
    days = [day(200)] * 13 + [[*FLAT[:23], None]] * 9
    assert propose(values_w=[one or 0 for one in day(900)], days_w=days) is None
    assert propose(values_w=[one or 0 for one in day(900)], days_w=[*days, day(200)]) is not None
