"""Appointments: nobody books beyond the capacity, and what becomes of one is counted right."""

import threading
from datetime import time, timedelta

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from metering.domain.appointments import Hours
from metering.models.work import Appointment, AppointmentSlot
from metering.operations import appointments, work_orders
from metering.queries import appointments as found
from metering.queries import work_orders as orders
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
DESK = factories.work.DESK


def test_slots_are_opened_once():
    crew = factories.work.crew()
    days = [timezone.localdate() + timedelta(days=n) for n in (1, 2)]
    hours = [Hours(start=time(9), end=time(12)), Hours(start=time(13), end=time(17))]
    for made in (4, 0):
        assert appointments.open_slots(crew_id=crew.id, dates=days, hours=hours, capacity=3, actor=DESK) == made
    overlapping = [*hours, Hours(start=time(11), end=time(14))]
    with pytest.raises(appointments.InvalidSlots):
        appointments.open_slots(crew_id=crew.id, dates=days, hours=overlapping, capacity=3, actor=DESK)


def test_a_booked_order_goes_to_the_crew_of_the_slot_and_stays_there():
    slot = factories.work.slot(of=factories.work.crew())
    other = factories.work.crew()
    row = factories.work.order()
    appointments.book(work_order_id=row.id, slot_id=slot.id, actor=DESK)
    card = orders.one(work_order_id=row.id)
    assert (card.state, card.crew_id, card.planned_date) == ("assigned", slot.crew_id, slot.date)
    assert card.appointment.start_time == time(9)
    with pytest.raises(appointments.AppointmentExists):
        appointments.book(work_order_id=row.id, slot_id=slot.id, actor=DESK)
    with pytest.raises(work_orders.AppointmentStands):
        work_orders.assign(work_order_ids=[row.id], crew_id=other.id, planned_date=slot.date, actor=DESK)


def test_moving_frees_the_old_slot_and_takes_the_new_one():
    crew = factories.work.crew()
    first, second = factories.work.slot(of=crew), factories.work.slot(of=crew, days=2)
    row = factories.work.order()
    booked = appointments.book(work_order_id=row.id, slot_id=first.id, actor=DESK)
    appointments.confirm(appointment_id=booked, actor=DESK)
    appointments.move(appointment_id=booked, slot_id=second.id, reason="customer is ill", actor=DESK)
    assert list(AppointmentSlot.objects.order_by("id").values_list("taken", flat=True)) == [0, 1]
    assert [card.state for card in found.of_orders(work_order_ids=[row.id])[row.id]] == ["booked", "moved"]
    assert orders.one(work_order_id=row.id).planned_date == second.date


@pytest.mark.parametrize(("hindrance", "state"), [("nobody_there", "missed_by_customer"), ("no_time", "missed_by_us")])
def test_a_missed_appointment_says_whose_side_it_was(hindrance, state):
    slot = factories.work.slot(of=factories.work.crew())
    row = factories.work.order()
    appointments.book(work_order_id=row.id, slot_id=slot.id, actor=DESK)
    work_orders.fail(work_order_id=row.id, hindrance=hindrance, note="", actor=DESK)
    assert Appointment.objects.get().state == state
    assert orders.one(work_order_id=row.id).appointment is None


def test_a_slot_is_free_for_those_whom_its_crew_serves():
    here = factories.work.crew(areas=["徐汇区"], kinds=["survey"])
    factories.work.slot(of=here)
    anywhere = factories.work.slot(of=factories.work.crew(), days=2)
    factories.work.slot(of=factories.work.crew(), days=-1)
    now = timezone.localtime()
    assert len(found.free_slots(district="徐汇区", kind="survey", after=now)) == 2
    assert [slot.id for slot in found.free_slots(district="黄浦区", kind="survey", after=now)] == [anywhere.id]
    row = factories.work.order(district="黄浦区")
    with pytest.raises(appointments.SlotUnfit):
        appointments.book(work_order_id=row.id, slot_id=here.slots.get().id, actor=DESK)


def test_eight_who_book_the_last_two_places_at_once_get_two():
    slot = factories.work.slot(of=factories.work.crew(), capacity=2)
    rows = [factories.work.order() for _ in range(8)]
    barrier, found_errors = threading.Barrier(len(rows)), []

    def run(work_order_id):
        try:
            barrier.wait(10)
            appointments.book(work_order_id=work_order_id, slot_id=slot.id, actor=DESK)
        except appointments.SlotFull as refusal:
            found_errors.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(row.id,)) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    slot.refresh_from_db()
    assert (slot.taken, len(found_errors), Appointment.objects.count()) == (2, 6, 2)


def test_the_database_itself_refuses_an_overbooked_slot():
    slot = factories.work.slot(of=factories.work.crew())
    with pytest.raises(IntegrityError):
        AppointmentSlot.objects.filter(id=slot.id).update(taken=2)
