"""Reading routes: places in order, rounds that take each value once, misses, and what a page of them costs."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cis.kernel.workflow import IllegalMove
from metering.domain.routes import MissReason
from metering.models.read import RegisterRead
from metering.models.route import MissedRead, ReadingRound, RouteStop
from metering.models.usage import Usage
from metering.models.work import WorkOrder
from metering.operations import read_rounds, routes
from metering.operations.read_rounds import (
    AlreadyRead,
    NotOnRound,
    OutsideRound,
    RoundClosed,
    RoundNotDone,
    RoundRefused,
    RoundsMeet,
    UnknownReason,
)
from metering.operations.reads import ReadRefused
from metering.operations.routes import InvalidRoute, RouteHasOpenRound, UnknownStop
from metering.queries import routes as queries
from metering.queries.routes import UnknownRound, UnknownRoute
from tests.factories import accounts, metering
from tests.factories.routes import PLANNED, WALKER, new, route

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)


@pytest.fixture(autouse=True)
def _supplier(db):
    accounts.supplier()


def opened(made, planned=PLANNED):
    return read_rounds.open_round(route_id=made.id, planned_date=planned, actor=WALKER, today=TODAY)


def enter(round_id, register, kwh, on=TODAY):
    return read_rounds.enter(
        round_id=round_id, register_id=register.id, read_date=on, reading_wh=kwh * 1_000, actor=WALKER, today=TODAY
    )


def miss(round_id, register, reason="dog"):
    return read_rounds.miss(
        round_id=round_id, register_id=register.id, reason=reason, note="barks", actor=WALKER, today=TODAY
    )


def close(round_id, **values):
    return read_rounds.close(round_id=round_id, actor=WALKER, today=TODAY, **values)


def lines(round_id):
    return queries.lines(card=queries.one_round(round_id=round_id, today=TODAY), today=TODAY)


def order(made):
    return [one.service_point_id for one in queries.stops(route_id=made.id, today=TODAY)]


def test_a_route_is_made_changed_and_its_faults_are_found():
    made = routes.create(new=new(crew_id=None), actor=WALKER)
    assert queries.one(route_id=made).schedule.days == (10,)
    routes.change(route_id=made, new=new(name="Bund", days=(1, 11, 21)), is_active=False, actor=WALKER)
    card = queries.one(route_id=made)
    assert (card.name, card.schedule.days, card.is_active, card.stops) == ("Bund", (1, 11, 21), False, 0)
    for wrong in (
        new(),
        new(code=""),
        new(code="R2", name=" "),
        new(code="R2", days=(30,)),
        new(code="R2", crew_id=99),
    ):
        with pytest.raises(InvalidRoute):
            routes.create(new=wrong, actor=WALKER)
    with pytest.raises(UnknownRoute):
        queries.one(route_id=made + 1)


def test_stops_keep_the_order_of_the_walk_when_they_are_added_moved_and_removed():
    made = route(count=4)
    a, b, c, d = (one.id for one in made.places)
    assert order(made) == [a, b, c, d]
    stops = {one.service_point_id: one.id for one in queries.stops(route_id=made.id, today=TODAY)}
    routes.move_stop(route_id=made.id, stop_id=stops[d], place=1, actor=WALKER)
    assert order(made) == [d, a, b, c]
    routes.move_stop(route_id=made.id, stop_id=stops[d], place=99, actor=WALKER)
    routes.remove_stop(route_id=made.id, stop_id=stops[b], actor=WALKER)
    assert order(made) == [a, c, d]
    assert list(RouteStop.objects.order_by("place").values_list("place", flat=True)) == [1, 2, 3]
    again = [made.places[1].external_id, made.places[0].external_id]
    assert routes.add_stops(route_id=made.id, external_ids=again, actor=WALKER) == 1
    assert order(made) == [a, c, d, b]
    routes.note_stop(route_id=made.id, stop_id=stops[a], key_note="K7", access_note="cellar", actor=WALKER)
    first = queries.stops(route_id=made.id, today=TODAY)[0]
    assert (first.key_note, first.access_note, len(first.serials)) == ("K7", "cellar", 1)
    with pytest.raises(UnknownStop):
        routes.remove_stop(route_id=made.id, stop_id=stops[b], actor=WALKER)


def test_a_place_is_on_one_route_and_a_list_with_a_fault_changes_nothing():
    made, other = route(count=1), routes.create(new=new(code="R2"), actor=WALKER)
    free = metering.service_point()
    with pytest.raises(InvalidRoute) as refusal:
        routes.add_stops(
            route_id=other, external_ids=[free.external_id, made.places[0].external_id, "nowhere"], actor=WALKER
        )
    assert [one.code for one in refusal.value.detail["findings"]] == ["on_other_route", "unknown_service_point"]
    assert queries.one(route_id=other).stops == 0


def test_a_round_takes_each_value_once_and_its_usage_follows():
    made = route()
    round_id = opened(made)
    assert opened(made) == round_id
    first, second, third = made.registers
    assert [enter(round_id, first, 1_100).is_new for _ in range(2)] == [True, False]
    assert enter(round_id, first, 1_101).version == 2
    miss(round_id, second)
    card = queries.one_round(round_id=round_id, today=TODAY)
    assert (card.registers, card.read, card.missed, card.left) == (3, 1, 1, 1)
    assert queries.rounds(route_id=made.id, today=TODAY) == (card,)
    found = lines(round_id)
    assert [one.reading_wh for one in found] == [1_101_000, None, None]
    assert [(one.reason, one.note) for one in found] == [("", ""), ("dog", "barks"), ("", "")]
    with pytest.raises(ReadRefused):
        enter(round_id, third, 900)
    assert not RegisterRead.objects.filter(register=third, read_date=TODAY).exists()


def test_usage_follows_where_the_route_is_walked_on_the_first():
    made = route(count=1)
    (register,) = made.registers
    metering.read(of=register, on=date(2026, 2, 1), kwh=980)
    round_id = opened(made, date(2026, 3, 2))
    assert not enter(round_id, register, 1_080, on=date(2026, 3, 1)).findings
    energies = Usage.objects.filter(register=register, is_current=True).order_by("start_date")
    assert list(energies.values_list("energy_wh", flat=True)) == [20_000, 80_000]


def test_values_of_other_days_other_counters_and_closed_rounds_are_refused():
    made, other = route(), route(count=1, code="R2")
    round_id = opened(made)
    for day in (date(2026, 3, 6), date(2026, 3, 11)):
        with pytest.raises(OutsideRound):
            enter(round_id, made.registers[0], 1_100, on=day)
    with pytest.raises(NotOnRound):
        enter(round_id, other.registers[0], 1_100)
    with pytest.raises(UnknownRound):
        enter(round_id + 9, made.registers[0], 1_100)
    close(round_id, leave_rest=True)
    with pytest.raises(RoundClosed):
        enter(round_id, made.registers[0], 1_100)
    with pytest.raises(RoundClosed):
        miss(round_id, made.registers[0])


def test_what_comes_by_another_door_in_its_days_counts_as_read_but_an_estimate_does_not():
    made = route()
    round_id = opened(made)
    metering.read(of=made.registers[0], on=date(2026, 3, 8), kwh=1_090, kind="customer")
    metering.read(of=made.registers[1], on=date(2026, 3, 8), kwh=1_090, kind="estimated")
    metering.read(of=made.registers[2], on=date(2026, 3, 6), kwh=1_090)
    assert [one.kind for one in lines(round_id)] == ["customer", "", ""]
    assert lines(round_id)[2].last_date == date(2026, 3, 6)


def test_a_miss_is_noted_for_the_whole_meter_replaced_and_gone_once_it_is_read():
    made = route(count=1)
    both = metering.metered(registers=("peak", "valley"), at=made.places[0])
    round_id = opened(made)
    assert miss(round_id, both[0]) == 2
    assert miss(round_id, both[0], "display_dark") == 2
    assert set(MissedRead.objects.values_list("register_id", "reason")) == {(one.id, "display_dark") for one in both}
    enter(round_id, both[0], 10)
    assert MissedRead.objects.get().register_id == both[1].id
    with pytest.raises(AlreadyRead):
        miss(round_id, both[0])
    with pytest.raises(UnknownReason):
        miss(round_id, both[1], "tired")


def test_a_round_is_closed_with_all_of_it_said_and_opened_again():
    made = route()
    round_id = opened(made)
    enter(round_id, made.registers[0], 1_100)
    miss(round_id, made.registers[1])
    with pytest.raises(RoundNotDone):
        close(round_id)
    told = close(round_id, leave_rest=True)
    assert (told.registers, told.read, told.missed, told.left) == (3, 1, 2, 1)
    assert MissedRead.objects.get(register=made.registers[2]).reason == MissReason.NOT_VISITED
    card = queries.one_round(round_id=round_id, today=TODAY)
    assert (card.state, card.read, card.missed, card.left) == ("closed", 1, 2, 0)
    with pytest.raises(IllegalMove):
        close(round_id)
    read_rounds.reopen(round_id=round_id, actor=WALKER)
    assert enter(round_id, made.registers[2], 1_100).is_new
    assert close(round_id).read == 2


def test_rounds_do_not_share_a_day_and_who_is_missed_again_is_pointed_out():
    made = route(count=2)
    first = opened(made, date(2026, 3, 3))
    miss(first, made.registers[0])
    close(first, leave_rest=True)
    second = opened(made, date(2026, 3, 8))
    period = ReadingRound.objects.get(id=second).period
    assert (period.lower, period.upper) == (date(2026, 3, 7), date(2026, 3, 12))
    assert [one.missed_before for one in lines(second)] == [1, 1]
    with pytest.raises(RoundsMeet):
        opened(made, date(2026, 3, 6))
    with pytest.raises(RoundRefused):
        opened(made, TODAY + timedelta(days=61))
    with pytest.raises(RoundRefused):
        read_rounds.open_round(
            route_id=routes.create(new=new(code="R9"), actor=WALKER), planned_date=TODAY, actor=WALKER, today=TODAY
        )
    with pytest.raises(RouteHasOpenRound):
        routes.change(route_id=made.id, new=new(), is_active=False, actor=WALKER)


def test_what_is_missed_in_two_rounds_in_a_row_is_ordered_to_be_read_once():
    made = route(count=2)
    first = opened(made, date(2026, 3, 3))
    close(first, leave_rest=True)
    assert not WorkOrder.objects.exists()
    second = opened(made, date(2026, 3, 8))
    assert enter(second, made.registers[1], 1_100).is_new
    miss(second, made.registers[0])
    for _ in range(2):
        close(second)
        (order,) = WorkOrder.objects.all()
        read_rounds.reopen(round_id=second, actor=WALKER)
    assert (order.kind, order.subject, order.service_point) == ("re_read", "service_point", made.places[0])
    assert order.facts == {
        "meter": made.registers[0].meter.serial, "register": made.registers[0].code, "missed_rounds": "2",
    }  # fmt: skip


def test_lists_are_filtered_and_say_what_is_open_and_what_comes():
    made = route(count=1)
    routes.create(new=new(code="X_9", name="Harbour"), actor=WALKER)
    round_id = opened(made)
    assert [one.code for one in queries.listed()] == ["R1", "X_9"]
    assert [one.code for one in queries.listed(text="x_")] == ["X_9"]
    assert [one.code for one in queries.listed(state="open")] == ["R1"]
    card = queries.one(route_id=made.id)
    assert (card.open_round, card.open_date, card.walked_date) == (round_id, PLANNED, None)
    assert queries.coming(route=card, today=TODAY)[:2] == (PLANNED, date(2026, 4, 10))


def test_a_band_and_a_doubt_come_from_what_the_place_used():
    made = route(count=1)
    (register,) = made.registers
    for month in (10, 11, 12):
        end = date(2026, 1, 1) if month == 12 else date(2025, month + 1, 1)
        metering.usage(of=register, start_date=date(2025, month, 1), end_date=end, kwh=100, at=made.places[0])
    (line,) = lines(opened(made))
    band = line.band(TODAY)
    assert 1_025_000 < band.low_wh < 1_028_000
    assert line.doubt(reading_wh=band.high_wh, on=TODAY) is None
    assert line.doubt(reading_wh=band.high_wh + 1, on=TODAY).code == "usage_high"


def test_two_hundred_rows_cost_as_many_statements_as_two():
    counts = []
    for count in (2, 200):
        made = route(count=count, code=f"N{count}")
        round_id = opened(made)
        with CaptureQueriesContext(connection) as seen:
            assert len(lines(round_id)) == count
            queries.stops(route_id=made.id, today=TODAY)
            queries.rounds(route_id=made.id, today=TODAY)
        counts.append(len(seen))
    assert counts == [6, 6]
