"""What takes effect when, on the desk: calendar with gaps, events announced, prices by the hour uploaded."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cis.kernel.actors import SYSTEM
from cis.kernel.enums import Role
from tariffs.models.price import PriceEvent, PriceSeriesDay
from tariffs.operations import tariffs as operations
from tests.db.tariffs.test_tariffs import text
from tests.doors.desk.conftest import sign_in
from tests.factories import tariffs

pytestmark = pytest.mark.django_db


def page(client, url):
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def lines(answer):
    return b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()


def publish(source):
    operations.publish(version_id=operations.draft(text=source, actor=SYSTEM), actor=SYSTEM)


def test_the_calendar_tells_what_begins_and_ends(desk, supplier):
    publish(text(until="2026-06-01"))
    publish(text("2026-06-01", "0.7", "70.00", until="2026-12-01"))
    operations.draft(text=text("2026-12-01", "0.8", "80.00"), actor=SYSTEM)
    shown = lines(desk.get("/desk/tariffs/calendar.csv"))
    assert shown[1:] == [
        "2026-06-01,Begins to hold,flat,,0",
        "2026-12-01,Draft for this day,flat,,0",
        "2026-12-01,Ends,flat,,0",
    ]
    assert "no version follows" in page(desk, "/desk/tariffs/calendar/")
    assert "runs out" not in page(desk, "/desk/tariffs/calendar/").split("<main")[1].split('<div class="card">')[1]


def test_a_tariff_that_runs_out_while_it_is_used_is_a_warning(desk, billed):
    version = billed.tariff.versions.get()
    type(version).objects.filter(id=version.id).update(period=(date(2020, 1, 1), date(2026, 9, 1)))
    shown = page(desk, "/desk/tariffs/calendar/")
    assert "A tariff runs out while agreements still use it" in shown
    assert "from 1 Sep 2026 on" in shown
    assert f"2026-09-01,No price,{billed.tariff.code},,1" in lines(desk.get("/desk/tariffs/calendar.csv"))


def test_a_quiet_calendar_says_so(desk, supplier):
    assert "Nothing changes" in page(desk, "/desk/tariffs/calendar/")


def announce(client, **values):
    given = {"event_date": "2026-03-11", "source": "forecast of 36 C", "tariffs": ["commercial-tou heat"], **values}
    return client.post("/desk/tariffs/events/announce/", given, follow=True).content.decode()


def test_an_event_is_announced_and_listed(desk, supplier):
    tariffs.from_pack("commercial-tou", pack="cn-guangdong")
    assert "commercial-tou heat" in page(desk, "/desk/tariffs/events/announce/")
    assert "No event announced" in page(desk, "/desk/tariffs/events/")
    assert "The event is announced" in announce(desk)
    event = PriceEvent.objects.get()
    assert (event.code, event.event_date, event.source) == ("heat", date(2026, 3, 11), "forecast of 36 C")
    shown = lines(desk.get("/desk/tariffs/events.csv"))
    assert shown[1].startswith("2026-03-11,heat,commercial-tou,forecast of 36 C,")


@pytest.mark.parametrize("wrong", [{"event_date": "2026-03-10"}, {"tariffs": []}, {"source": ""}, {"tariffs": ["x y"]}])
def test_an_event_that_cannot_be_is_refused_in_the_form(desk, supplier, wrong):
    tariffs.from_pack("commercial-tou", pack="cn-guangdong")
    assert "error-summary" in announce(desk, **wrong)
    assert not PriceEvent.objects.exists()


def upload(client, rows, **values):
    file = SimpleUploadedFile("prices.csv", ("start_at,price\n" + "".join(f"{row}\n" for row in rows)).encode())
    given = {"series": "day-ahead", "unit": "CNY/MWh", "source": "market", "file": file, **values}
    return client.post("/desk/tariffs/series/load/", given, follow=True).content.decode()


def day(number=1, price=300):
    return [f"2026-03-{number:02d}T{hour:02d}:00+08:00,{price + hour}" for hour in range(24)]


def test_prices_are_uploaded_and_listed_with_days_that_are_missing(desk, supplier):
    assert "No price series yet" in page(desk, "/desk/tariffs/series/")
    assert "1 new day" in upload(desk, day(1))
    assert "1 new day" in upload(desk, day(3))
    assert lines(desk.get("/desk/tariffs/series.csv"))[1:] == ["day-ahead,market,2026-03-01,2026-03-03,2,1"]
    assert "0 new days, 0 corrected, 1 unchanged" in upload(desk, day(3))
    assert "error-summary" in upload(desk, day(3, 400))
    assert "1 corrected" in upload(desk, day(3, 400), corrects="on")
    assert PriceSeriesDay.objects.count() == 3


def test_what_is_wrong_in_a_file_is_told_line_by_line_and_nothing_is_taken(desk, supplier):
    rows = day(1)
    rows[4] = "2026-03-01T04:00+08:00,many"
    shown = upload(desk, rows)
    assert "line 6" in shown
    assert "2026-03-01T04:00+08:00,many" in shown
    assert "Nothing was taken" in shown
    assert not PriceSeriesDay.objects.exists()


def test_who_may_not_price_only_looks(client, supplier):
    sign_in(client, Role.AUDITOR)
    for name in ("events", "series"):
        assert "btn-primary" not in page(client, f"/desk/tariffs/{name}/").split("<main")[1]
    assert client.post("/desk/tariffs/events/announce/", {}).status_code == 403
