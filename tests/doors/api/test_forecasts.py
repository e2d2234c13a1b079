"""Load forecasts by the API, as purchasing takes them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from metering.models.forecast import AreaDay, LoadForecast
from tests.doors.api.calls import Caller
from tests.factories import accounts, metering

pytestmark = pytest.mark.django_db
DAY = date(2026, 7, 15)
LOADS = [1_000 + hour for hour in range(24)]


def foretold(**values) -> LoadForecast:
    given = {
        "target_date": DAY, "made_at": datetime(2026, 7, 14, 4, tzinfo=UTC), "method": "seasonal_naive",
        "weather": "none", "values_w": LOADS, "low_w": LOADS, "high_w": LOADS, "naive_w": [None, *LOADS[1:]],
        "places": 3, **values,
    }  # fmt: skip
    return LoadForecast.objects.create(**given)


def test_forecasts_of_areas_and_days(django_assert_max_num_queries):
    accounts.supplier()
    feeder = metering.feeder(external_id="F-9", name="Harbour")
    whole = foretold()
    foretold(feeder=feeder, method="boosted", tried_hours=672, mae_w=4, naive_mae_w=5, error_e4=6, naive_error_e4=7)
    foretold(target_date=DAY + timedelta(days=1))
    AreaDay.objects.create(feeder=None, day_date=DAY, loads_w=[None, *(one * 2 for one in LOADS[1:])], places=3)
    caller = Caller("forecasts:read")
    caller.get("forecasts")
    rows = caller.get("forecasts").json()["results"]
    assert [(row["area"], row["date"]) for row in rows] == [
        ("supplier", "2026-07-16"), ("F-9", "2026-07-15"), ("supplier", "2026-07-15"),
    ]  # fmt: skip
    assert rows[1]["tried"] == {"hours": 672, "mae_w": 4, "naive_mae_w": 5, "error_e4": 6, "naive_error_e4": 7}
    one = caller.get(f"forecasts/{whole.id}").json()
    assert one == rows[2]
    assert (one["values_w"], one["measured_w"][:2], one["error_e4"], one["tried"]) == (
        LOADS,
        [None, 2_002],
        5_000,
        None,
    )
    assert len(caller.get("forecasts?area=F-9").json()["results"]) == 1
    assert len(caller.get("forecasts?area=supplier&from_date=2026-07-16").json()["results"]) == 1
    assert caller.get("forecasts?until_date=2026-07-14").json()["results"] == []
    assert caller.get("forecasts/999999").status_code == 404
    assert Caller("bills:read").get("forecasts").status_code == 403
