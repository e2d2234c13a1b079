"""Phones bring a round: each entry once, whoever corrected it since; what is asked about; positions that go."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform import nobodys
from metering.domain.phone_reads import PhoneEntry, Position, Said
from metering.models.read import RegisterRead
from metering.models.route import MissedRead, PhoneRead
from metering.models.store import ReadPhoto
from metering.operations import phone_reads, read_rounds
from metering.queries import phone_reads as queries
from tests.factories import accounts, metering
from tests.factories.routes import PLANNED, WALKER, route
from tests.factories.work import photo

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)
OTHER = Actor(ActorKind.STAFF, 22, "Wu", frozenset({Role.FIELD}))
HERE = Position(latitude_e3=31_234, longitude_e3=121_476)


@pytest.fixture
def walked(db, settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    accounts.supplier()
    made = route()
    for month in (10, 11, 12):
        end = date(2026, 1, 1) if month == 12 else date(2025, month + 1, 1)
        metering.usage(of=made.registers[0], start_date=date(2025, month, 1), end_date=end, kwh=100, at=made.places[0])
    return made, read_rounds.open_round(route_id=made.id, planned_date=PLANNED, actor=WALKER, today=TODAY)


def entry(walked, place, kwh=None, *, key="", **values):
    return PhoneEntry(
        request_key=key or f"key-of-entry-{place}-{kwh}", register_id=walked[0].registers[place].id, read_date=TODAY,
        reading_wh=None if kwh is None else kwh * 1_000, **values,
    )  # fmt: skip


def send(walked, *entries, by=WALKER, pictures=()):
    return phone_reads.sync(round_id=walked[1], entries=entries, pictures=dict(pictures), actor=by, today=TODAY)


def kept(walked, place):
    found = RegisterRead.objects.filter(register=walked[0].registers[place], read_date=TODAY).order_by("version")
    return [row.reading_wh // 1_000 for row in found]


def test_what_is_sent_again_counts_once_and_undoes_no_correction_of_the_desk(walked):
    sent = (entry(walked, 0, 1_100), entry(walked, 1, 1_050), entry(walked, 2, reason="dog", note="barks"))
    pictures = {sent[0].request_key: photo()}
    told = send(walked, *sent, pictures=pictures)
    assert [(one.said, one.is_new) for one in told] == [(Said.KEPT, True), (Said.KEPT, True), (Said.MISSED, True)]
    read_rounds.enter(
        round_id=walked[1], register_id=walked[0].registers[1].id, read_date=TODAY, reading_wh=1_060_000, actor=OTHER,
        today=TODAY,
    )  # fmt: skip
    again = send(walked, *sent, pictures={sent[0].request_key: photo()})
    assert [(one.said, one.is_new) for one in again] == [(Said.KEPT, False), (Said.KEPT, False), (Said.MISSED, False)]
    assert (kept(walked, 0), kept(walked, 1)) == ([1_100], [1_050, 1_060])
    assert (ReadPhoto.objects.count(), MissedRead.objects.count(), PhoneRead.objects.count()) == (1, 1, 3)


def test_a_closed_round_still_knows_what_it_was_sent(walked):
    sent = entry(walked, 0, 1_100)
    send(walked, sent)
    read_rounds.close(round_id=walked[1], leave_rest=True, actor=WALKER, today=TODAY)
    known, new, other = send(walked, sent, entry(walked, 1, 1_050), entry(walked, 0, 1_200, key="of-a-colleague-001"))
    assert (known.said, new.said, new.code) == (Said.KEPT, Said.REFUSED, "round_closed")
    assert other.code == "round_closed"
    by_others = send(walked, entry(walked, 0, 1_150), by=OTHER)[0]
    assert by_others.code == "round_closed", "nobody is asked about what is not taken in any case"


def test_a_value_of_others_is_told_and_taken_only_by_who_knows_it(walked):
    send(walked, entry(walked, 1, 1_050), by=OTHER)
    told = send(walked, entry(walked, 1, 1_055))[0]
    assert (told.said, told.code, told.held_wh) == (Said.ASKED, "read_meanwhile", 1_050_000)
    assert kept(walked, 1) == [1_050]
    assert send(walked, entry(walked, 1, 1_050, key="the-same-value-0001"))[0].said == Said.KEPT
    assert send(walked, entry(walked, 1, 1_055, seen_wh=1_050_000))[0].said == Said.KEPT
    assert kept(walked, 1) == [1_050, 1_055]
    assert send(walked, entry(walked, 1, 1_056))[0].said == Said.KEPT, "one's own value is corrected without a word"


def test_an_unlikely_value_is_asked_about_once(walked):
    asked = send(walked, entry(walked, 0, 50_000))[0]
    assert (asked.said, asked.code, asked.energy_wh) == (Said.ASKED, "above_capacity", 49_000_000)
    assert not PhoneRead.objects.exists()
    assert send(walked, entry(walked, 0, 50_000, is_sure=True))[0].said == Said.KEPT
    assert kept(walked, 0) == [50_000]


def test_what_cannot_be_kept_leaves_nothing_and_the_others_are_kept(walked):
    elsewhere = route(count=1, code="R2").registers[0]
    ahead = PhoneEntry(
        request_key="from-a-wrong-clock-1", register_id=walked[0].registers[1].id, reading_wh=1_000,
        read_date=TODAY + timedelta(days=1),
    )  # fmt: skip
    strange = PhoneEntry(
        request_key="of-another-route-001", register_id=elsewhere.id, read_date=TODAY, reading_wh=1_000
    )
    no_photo = entry(walked, 1, 1_050)
    sent = (ahead, strange, no_photo, entry(walked, 2, reason="moon"), entry(walked, 0, 1_100))
    told = send(walked, *sent, pictures={no_photo.request_key: no_picture()})
    codes = [one.code for one in told]
    assert codes == ["outside_round", "not_on_round", "not_a_photo", "unknown_miss_reason", ""]
    assert (kept(walked, 0), kept(walked, 1), PhoneRead.objects.count()) == ([1_100], [], 1)


def no_picture():
    found = photo()
    return type(found)(b"no picture at all")


def test_a_key_is_of_one_counter_and_one_person(walked):
    send(walked, entry(walked, 0, 1_100, key="one-key-for-all-00001"))
    other = send(walked, entry(walked, 1, 1_050, key="one-key-for-all-00001"))[0]
    stranger = send(walked, entry(walked, 0, 1_100, key="one-key-for-all-00001"), by=OTHER)[0]
    assert (other.code, stranger.code) == ("request_key_taken", "request_key_taken")
    assert kept(walked, 1) == []


def test_positions_go_after_the_days_of_the_pack_and_with_those_who_are_nobodys(walked):
    send(walked, entry(walked, 0, 1_100, position=HERE), entry(walked, 1, 1_050))
    shown = queries.of_round(round_id=walked[1])
    assert [(one.north, one.east, one.reading_wh) for one in shown] == [
        ("", "", 1_050_000), ("31.234", "121.476", 1_100_000)
    ]  # fmt: skip
    day = timezone.localdate(PhoneRead.objects.first().received_at)
    assert phone_reads.forget_positions(today=day + timedelta(days=29)) == 0
    table, ids = nobodys.found(before=day + timedelta(days=2), most=10)
    assert (table, len(ids)) == ("metering_phoneread", 1)
    phone_reads.night(datetime.combine(day + timedelta(days=30), datetime.min.time(), tzinfo=UTC) + timedelta(hours=6))
    assert set(PhoneRead.objects.values_list("latitude_e3", "longitude_e3")) == {(None, None)}
    assert nobodys.found(before=day + timedelta(days=2), most=10) is None


def test_a_crew_sees_its_rounds_and_those_of_nobody(walked):
    assert [one.code for one in queries.to_walk(crew_id=None)] == ["R1"]
    assert [one.planned_date for one in queries.to_walk(crew_id=7)] == [PLANNED]
    read_rounds.close(round_id=walked[1], leave_rest=True, actor=WALKER, today=TODAY)
    assert queries.to_walk(crew_id=None) == ()
