"""Load forecasts on the desk: listed and drawn, as a file, beside what was measured; temperatures; events proposed."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from billing.models.sales_forecast import SalesForecast
from cis.kernel.enums import Role
from contracts.models.demand_response import DemandEvent
from metering.models.forecast import AreaDay, LoadForecast, WeatherHour
from tests.doors.desk.conftest import sign_in
from tests.factories import demand, metering

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 7, 14, 4, tzinfo=UTC)  # noon there
TOMORROW = date(2026, 7, 15)
LOADS = [1_000 + 10 * hour for hour in range(24)]


@pytest.fixture(autouse=True)
def _now(supplier):
    with time_machine.travel(NOW, tick=False):
        yield


def foretold(*, feeder=None, target=TOMORROW, loads=LOADS, **values) -> LoadForecast:
    given = {
        "method": "boosted", "weather": "day_old", "values_w": loads, "low_w": [one - 50 for one in loads],
        "high_w": [one + 50 for one in loads], "naive_w": [one + 20 for one in loads[:23]] + [None], "places": 40,
        "tried_hours": 672, "mae_w": 41, "naive_mae_w": 57, "error_e4": 731, "naive_error_e4": 1_118, **values,
    }  # fmt: skip
    return LoadForecast.objects.create(feeder=feeder, target_date=target, made_at=NOW, **given)


def measured(days: int = 20, *, feeder=None) -> None:
    AreaDay.objects.bulk_create(
        AreaDay(feeder=feeder, day_date=TOMORROW - timedelta(days=n), loads_w=LOADS, places=40)
        for n in range(1, days + 1)
    )


def text(response) -> str:
    return b"".join(response.streaming_content).decode("utf-8-sig")


def test_nothing_is_forecast_yet(desk):
    page = desk.get("/desk/forecasts/").content.decode()
    assert "No load was forecast yet" in page


def test_the_day_that_comes_is_drawn_with_yesterdays_error(desk, django_assert_max_num_queries):
    feeder = metering.feeder(name="Harbour")
    foretold(target=TOMORROW - timedelta(days=1), loads=[one * 11 // 10 for one in LOADS])
    foretold()
    foretold(feeder=feeder)
    measured()
    desk.get("/desk/forecasts/")
    with django_assert_max_num_queries(14):
        page = desk.get("/desk/forecasts/").content.decode()
    for words in ("Harbour", "Learned from the past", "With the last temperature that was measured", "7.31 %",
                  "as a week ago: 11.18 %", "Error on 14 Jul 2026", "9.", "26.76", "1.23 kW, 23:00"):  # fmt: skip
        assert words in page, words
    only = desk.get(f"/desk/forecasts/?area={feeder.external_id}&since=2026-07-15").content.decode()
    assert only.count("<td>Harbour</td>") == 1
    assert "<td>Whole supplier</td>" not in only
    assert "No forecast fits these filters" in desk.get("/desk/forecasts/?until=2026-07-01").content.decode()


def test_one_day_is_shown_beside_what_was_measured(desk):
    row = foretold(target=TOMORROW - timedelta(days=1))
    measured()
    page = desk.get(f"/desk/forecasts/{row.id}/").content.decode()
    assert "Error of this day" in page
    assert page.count("1.23") >= 2
    assert desk.get("/desk/forecasts/999999/").status_code == 404


def test_purchasing_takes_it_as_a_file(desk):
    foretold(feeder=metering.feeder(name="Harbour"))
    foretold()
    lines = text(desk.get("/desk/forecasts.csv?area=-")).splitlines()
    assert len(lines) == 25
    assert lines[1].startswith("2026-07-15,00:00,Whole supplier,1.000,0.950,1.050,1.020,,Learned from the past,")
    assert lines[24].split(",")[6] == ""
    assert len(text(desk.get("/desk/forecasts.csv")).splitlines()) == 49
    book = desk.get("/desk/forecasts.csv?as=xlsx")
    assert "spreadsheet" in book["Content-Type"]


def test_hours_that_stand_out_lead_to_an_event_that_a_person_plans(client):
    program = demand.program()
    metering_team = sign_in(client, Role.METERING)
    peak = [*LOADS[:18], 3_000, 2_900, *LOADS[20:]]
    row = foretold(loads=peak)
    measured()
    page = metering_team.get("/desk/forecasts/").content.decode()
    assert "Hours that stand out" in page
    link = page.split('href="/desk/demand-events/new/?')[1].split('"')[0].replace("&amp;", "&")
    form = metering_team.get(f"/desk/demand-events/new/?{link}")
    given = {name: form.context["form"].initial.get(name, "") for name in form.context["form"].fields}
    assert (given["day"], given["time"], given["hours"], given["target"]) == ("2026-07-15", "18:00", "2", "1.725")
    assert not DemandEvent.objects.exists()
    answer = metering_team.post("/desk/demand-events/new/", {**given, "program": program.id})
    event = DemandEvent.objects.get()
    assert (event.source, event.forecast_id, event.target_w, event.state) == ("forecast", row.id, 1_725, "planned")
    shown = metering_team.get(answer["Location"]).content.decode()
    assert f'href="/desk/forecasts/{row.id}/"' in shown


def test_a_usual_day_suggests_nothing_and_a_clerk_plans_nothing(client):
    foretold(loads=[*LOADS[:23], 9_000])
    clerk = sign_in(client, Role.CLERK)
    assert "Hours that stand out" not in clerk.get("/desk/forecasts/").content.decode(), "nothing is known of before"
    measured()
    page = clerk.get("/desk/forecasts/").content.decode()
    assert "Hours that stand out" in page
    assert "/desk/demand-events/new/" not in page


def upload(client, content: str, **values):
    file = SimpleUploadedFile("weather.csv", content.encode())
    given = {"series": "town", "kind": "observed", "source": "The weather service", "feeder": "", "file": file}
    return client.post("/desk/forecasts/weather/", {**given, **values})


def test_temperatures_are_uploaded_or_refused_with_their_line(client):
    team = sign_in(client, Role.METERING)
    assert "No temperatures are known yet" in team.get("/desk/forecasts/weather/").content.decode()
    head = "start_at,temperature\n2026-07-01T00:00+08:00,27.4\n"
    assert upload(team, head).status_code == 302
    assert WeatherHour.objects.get().temperature_e2 == 2_740
    page = upload(team, head + "2026-07-01T01:00+08:00,270\n").content.decode()
    assert "270 is no temperature of air." in page
    assert '<td class="num">3</td>' in page
    assert WeatherHour.objects.count() == 1
    assert "Measured hours lie ahead" in upload(team, head.replace("2026-07-01", "2027-07-01")).content.decode()
    assert WeatherHour.objects.count() == 1
    assert "The weather service" in team.get("/desk/forecasts/weather/").content.decode()


def test_sales_of_the_months_that_come_are_shown_and_given_as_a_file(desk):
    assert "No sales were forecast yet" in desk.get("/desk/forecasts/sales/").content.decode()
    for name, months in (("residential", (7, 8, 9)), ("", (7,))):
        for month in months:
            SalesForecast.objects.create(
                customer_class=name, month=date(2026, month, 1), known_until=date(2026, 7, 1), method="last_year",
                energy_wh=1_234_500 * month, amount_minor=76_000,
            )  # fmt: skip
    SalesForecast.objects.filter(month=date(2026, 8, 1)).update(method="boosted", error_e4=731, naive_error_e4=1_118)
    page = desk.get("/desk/forecasts/sales/").content.decode()
    for words in ("8,641.5", "Homes", "No class named", "As last year, with its growth", "7.31 %", "Jul 2026"):
        assert words in page, words
    lines = text(desk.get("/desk/forecasts/sales.csv")).splitlines()
    assert len(lines) == 5
    assert lines[3].startswith("2026-08,Homes,9876.000,760.00,Learned from the past,7.31,11.18,2026-07-01,")
