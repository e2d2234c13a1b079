"""Files of temperatures: hours with their offset, degrees Celsius, and nothing of a file that has a finding."""

from datetime import UTC, datetime

import pytest

from cis.kernel.calendar import local_clock
from metering.domain import weather
from metering.domain.weather import BadWeatherFile

CLOCK = local_clock("Asia/Shanghai")
HEAD = "start_at,temperature\n"


def test_hours_come_in_order_of_time():
    hours = weather.read_csv(
        text="\ufeff" + HEAD + "2026-07-01T01:00+08:00,-3.5\n\n2026-07-01T00:00+08:00,28\n", clock=CLOCK
    )
    assert [(one.start_at, one.temperature_e2) for one in hours] == [
        (datetime(2026, 6, 30, 16, tzinfo=UTC), 2_800), (datetime(2026, 6, 30, 17, tzinfo=UTC), -350),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("time,temp\n", "bad_columns"), (HEAD, "no_temperatures"), (HEAD + "2026-07-01T00:00,28\n", "bad_line"),
        (HEAD + "2026-07-01T00:30+08:00,28\n", "bad_line"), (HEAD + "2026-07-01T00:00+08:00\n", "bad_line"),
        (HEAD + "yesterday,28\n", "bad_line"), (HEAD + "2026-07-01T00:00+08:00,NaN\n", "not_a_number"),
        (HEAD + "2026-07-01T00:00+08:00,82\n", "bad_temperature"), (HEAD + '"2026-07-01T00:00+08:00,2\n', "not_plain"),
        (HEAD + "0001-01-01T00:00+08:00,2\n", "bad_line"), (HEAD + "9999-12-31T23:00-12:00,2\n", "bad_line"),
        (HEAD + "2026-07-01T00:00+08:00,2\r2026-07-01T01:00+08:00,2\n", "bad_line"),
        (HEAD + "7" * 200_000 + ",2\n", "bad_line"),
        (HEAD + "2026-07-01T00:00+08:00,2\n" * 2, "hour_comes_twice"), ("\n" * 100_001, "too_many_lines"),
    ],
)  # fmt: skip
def test_a_file_with_a_finding_is_refused_with_its_line(text, code):
    with pytest.raises(BadWeatherFile) as refused:
        weather.read_csv(text=text, clock=CLOCK)
    (finding,) = refused.value.detail["findings"]
    assert finding.code == code
    assert len(str(finding)) < 400
