"""Reading routes on the desk: made, walked row by row, on paper and as a file, by who may and in both languages."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cis.kernel.enums import Role
from metering.models.read import RegisterRead
from metering.models.route import MissedRead, ReadingRound, ReadingRoute
from metering.operations import read_rounds
from tests.doors.desk.conftest import sign_in, twice
from tests.factories import metering
from tests.factories.routes import PLANNED, WALKER, route

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)
FORM = {
    "code": "HP-01", "name": "黄浦一线", "crew": "", "days": "1, 11，21", "every_months": "1", "first_month": "2026-01-05",
    "window_days": "3", "is_active": "on",
}  # fmt: skip


@pytest.fixture
def walked(supplier):
    """A route past three meters with the round of today; the first place uses 100 kWh a month."""
    made = route()
    for month in (10, 11, 12):
        end = date(2026, 1, 1) if month == 12 else date(2025, month + 1, 1)
        metering.usage(of=made.registers[0], start_date=date(2025, month, 1), end_date=end, kwh=100, at=made.places[0])
    round_id = read_rounds.open_round(route_id=made.id, planned_date=PLANNED, actor=WALKER, today=TODAY)
    return made, f"/desk/routes/rounds/{round_id}"


def type_in(desk, walked, place, reading, **values):
    made, url = walked
    data = {"reading": reading, "read_date": "2026-03-10", "sure": "", **values}
    return desk.post(f"{url}/rows/{made.registers[place].id}/", data)


def kept(walked, place):
    found = RegisterRead.objects.filter(register=walked[0].registers[place], read_date=TODAY).order_by("version")
    return list(found.values_list("reading_wh", flat=True))


def test_a_route_is_made_filled_and_its_round_opened(desk):
    assert "There are no reading routes yet" in desk.get("/desk/routes/").content.decode()
    page = desk.post("/desk/routes/new/", FORM, follow=True).content.decode()
    made = ReadingRoute.objects.get()
    assert (made.code, made.days, made.first_month) == ("HP-01", [1, 11, 21], date(2026, 1, 1))
    assert "The route leads nowhere yet" in page
    places = [metering.service_point() for _ in range(2)]
    metering.metered(at=places[0])
    url = f"/desk/routes/{made.id}/"
    wrong = desk.post(f"{url}stops/", {"action": "add", "points": f"{places[0].external_id}, nowhere"}).content.decode()
    assert "There is no service point nowhere." in wrong
    points = "\n".join(one.external_id for one in places)
    page = desk.post(f"{url}stops/", {"action": "add", "points": points}, follow=True).content.decode()
    assert page.index(places[0].external_id) < page.index(places[1].external_id)
    assert "none is read by hand" in page
    assert twice(page) == []
    first = made.stops.get(place=1)
    moved = {"action": "note", "stop": first.id, "place": "2", "key_note": "K7", "access_note": "cellar"}
    page = desk.post(f"{url}stops/", moved, follow=True).content.decode()
    assert page.index(places[1].external_id) < page.index(places[0].external_id)
    assert "cellar" in page
    assert "11 Mar 2026" in page
    page = desk.post(f"{url}rounds/", {"planned_date": "2026-03-11"}, follow=True).content.decode()
    assert "Round of 11 Mar 2026" in page
    assert "values of 8 Mar 2026 to 14 Mar 2026" in page
    refused = desk.post(f"{url}rounds/", {"planned_date": "2027-03-11"}).content.decode()
    assert "days off" in refused
    desk.post(f"{url}stops/", {"action": "remove", "stop": first.id})
    assert made.stops.get().service_point_id == places[1].id
    assert desk.post(f"{url}stops/", {"action": "remove", "stop": "x"}).status_code == 404


def test_wrong_routes_are_refused_beside_their_fields_and_one_is_changed_and_ended(desk):
    page = desk.post("/desk/routes/new/", {**FORM, "days": "31", "code": ""}).content.decode()
    assert page.count("is-invalid") == 1
    for days in ("x", "1, 3", "29"):
        assert "is-invalid" in desk.post("/desk/routes/new/", {**FORM, "days": days}).content.decode()
    assert not ReadingRoute.objects.exists()
    desk.post("/desk/routes/new/", FORM)
    made = ReadingRoute.objects.get()
    url = f"/desk/routes/{made.id}/edit/"
    assert 'value="1, 11, 21"' in desk.get(url).content.decode()
    page = desk.post(url, {key: text for key, text in FORM.items() if key != "is_active"}, follow=True).content.decode()
    assert "The route is not walked any more." in page
    assert "HP-01" in desk.get("/desk/routes/?state=ended").content.decode()
    assert "No route fits these filters" in desk.get("/desk/routes/?state=open").content.decode()
    assert "HP-01" in b"".join(desk.get("/desk/routes.csv?text=hp")).decode()


def test_a_value_is_kept_by_its_row_and_corrected_by_it(desk, walked):
    page = desk.get(f"{walked[1]}/").content.decode()
    assert twice(page) == []
    assert "1,027–1,319" in page
    answer = type_in(desk, walked, 0, "1100")
    text = answer.content.decode()
    assert text.count("<tr") == 1
    assert "Read</span>" in text
    assert answer["HX-Trigger"] == "round-changed"
    type_in(desk, walked, 0, "1100")
    type_in(desk, walked, 0, "1,100.5")
    assert kept(walked, 0) == [1_100_000, 1_100_500]
    progress = desk.get(f"{walked[1]}/", headers={"HX-Request": "true", "HX-Target": "round-progress"}).content.decode()
    assert "1 of 3 read, 0 missed, 2 left" in progress
    assert "<html" not in progress


def test_an_unlikely_value_is_asked_about_and_taken_when_it_comes_again(desk, walked):
    asked = type_in(desk, walked, 0, "1900").content.decode()
    assert "far above the usual use" in asked
    assert 'name="sure" value="1900"' in asked
    assert not kept(walked, 0)
    assert "Is this right?" in type_in(desk, walked, 0, "1901", sure="1900").content.decode()
    type_in(desk, walked, 0, "1900", sure="1900")
    assert kept(walked, 0) == [1_900_000]


@pytest.mark.parametrize(
    ("reading", "day", "text"),
    [
        ("900", TODAY, "not fit"), ("1x", TODAY, "no number"), ("-1", TODAY, "never below 0"), ("", TODAY, "no number"),
        ("1100", date(2026, 3, 11), "Values of this round"), ("1100", "never", "not one of this round"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_in_its_row(desk, walked, reading, day, text):
    said = type_in(desk, walked, 1, reading, read_date=str(day)).content.decode()
    assert "Not taken" in said
    assert text in said
    assert not kept(walked, 1)


def test_a_letter_says_why_there_is_no_value_for_all_counters_of_the_meter(desk, walked):
    both = metering.metered(registers=("peak", "valley"), at=walked[0].places[2])
    said = desk.post(
        f"{walked[1]}/rows/{both[1].id}/", {"reading": "H bites", "read_date": "2026-03-10"}
    ).content.decode()
    assert said.count("<tr") == 2
    assert said.count("hx-swap-oob") == 1
    assert said.index(f'id="row-{both[1].id}"') < said.index(f'id="row-{both[0].id}"')
    assert "bites" in said
    assert set(MissedRead.objects.values_list("register_id", "reason")) == {(one.id, "dog") for one in both}
    assert "Dog 2" in desk.get(f"{walked[1]}/").content.decode()


def test_a_round_is_closed_when_all_is_said_and_opened_again(desk, walked):
    type_in(desk, walked, 0, "1100")
    page = desk.post(f"{walked[1]}/act/", {"action": "close"}, follow=True).content.decode()
    assert "2 counters are neither read nor said to be missed." in page
    page = desk.post(f"{walked[1]}/act/", {"action": "close", "leave_rest": "on"}, follow=True).content.decode()
    assert "The round is closed: 1 read, 2 missed." in page
    assert "data-grid" not in page.replace("data-grid-row", "")
    assert "Not taken" in type_in(desk, walked, 1, "1100").content.decode()
    assert "data-grid" in desk.post(f"{walked[1]}/act/", {"action": "reopen"}, follow=True).content.decode()
    assert desk.post(f"{walked[1]}/act/", {"action": "burn"}).status_code == 404


def test_the_file_goes_out_and_comes_back_with_every_line_answered(desk, walked):
    text = b"".join(desk.get(f"{walked[1]}.csv")).decode("utf-8-sig")
    header, *lines = text.splitlines()
    assert header.split(",")[-4:] == ["read_date", "reading", "missed", "note"]
    serials = [one.meter.serial for one in walked[0].registers]
    assert [line.split(",")[5] for line in lines] == serials
    filled = "\n".join([
        header, lines[0].removesuffix(",,,") + ",1900,,", lines[1].removesuffix(",,,,") + ",2026-03-09,1090,,",
        lines[2].removesuffix(",,") + ",dog,bites", ",,,,,strange,total,,,,,,,7,,",
    ])  # fmt: skip
    page = desk.post(f"{walked[1]}/upload/", {"file": SimpleUploadedFile("r.csv", filled.encode())}).content.decode()
    assert "1 values are kept, 0 were there, 1 counters are missed." in page
    assert "2 lines were not taken" in page
    assert "far above the usual use" in page
    again = {"file": SimpleUploadedFile("r.csv", filled.encode()), "take_unlikely": "on"}
    page = desk.post(f"{walked[1]}/upload/", again).content.decode()
    assert "1 values are kept, 1 were there, 1 counters are missed." in page
    assert kept(walked, 0) == [1_900_000]
    assert RegisterRead.objects.filter(read_date=date(2026, 3, 9)).count() == 1
    bad = desk.post(f"{walked[1]}/upload/", {"file": SimpleUploadedFile("r.csv", b"a,b\n1,2")}).content.decode()
    assert "The first line names the columns" in bad


def test_the_sheet_is_a_pdf_with_what_is_expected(desk, walked):
    answer = desk.get(f"{walked[1]}/sheet.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")


def test_who_only_looks_sees_no_field_and_changes_nothing(walked, client):
    sign_in(client, Role.AUDITOR)
    page = client.get(f"{walked[1]}/").content.decode()
    assert "data-grid>" not in page
    assert 'name="reading"' not in page
    assert "upload" not in page
    assert type_in(client, walked, 0, "1100").status_code == 403
    assert not kept(walked, 0)


def test_counters_of_other_routes_are_not_found(desk, walked):
    other = route(count=1, code="R2")
    answer = desk.post(f"{walked[1]}/rows/{other.registers[0].id}/", {"reading": "1100", "read_date": "2026-03-10"})
    assert answer.status_code == 404


def test_two_hundred_rows_cost_as_many_statements_as_three(desk, walked):
    many = route(count=200, code="R2")
    round_id = read_rounds.open_round(route_id=many.id, planned_date=PLANNED, actor=WALKER, today=TODAY)
    desk.get(f"{walked[1]}/")
    counts = []
    for url in (walked[1], f"/desk/routes/rounds/{round_id}"):
        with CaptureQueriesContext(connection) as seen:
            desk.get(f"{url}/")
        counts.append(len(seen))
    assert counts[0] == counts[1] < 20


def test_both_languages_have_its_words(desk, walked):
    desk.cookies["django_language"] = "zh-hans"
    page = desk.get(f"{walked[1]}/").content.decode()
    for word in ("抄表线路", "表盘无显示", "结束抄表", "抄表机文件"):
        assert word in page
    for text in (desk.get(f"/desk/routes/{ReadingRound.objects.get().route_id}/"), desk.get("/desk/routes/new/")):
        assert "抄表例日" in text.content.decode()
