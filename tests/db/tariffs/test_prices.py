"""Price series by file, and events announced a day ahead."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.utils import timezone

from cis.kernel.actors import SYSTEM
from tariffs.domain.price_series import BadPriceFile, PricesMissing, UnknownPriceUnit
from tariffs.models.price import PriceEvent, PriceSeriesDay
from tariffs.operations import prices
from tariffs.operations.prices import AnnouncedTooLate, EventTaken, LoadedPrices, PriceChanged, UnknownEvent
from tariffs.queries import prices as published
from tariffs.queries.plans import NoPrice, UnknownTariff
from tests import factories
from tests.factories.tariffs import FLAT

pytestmark = pytest.mark.django_db(transaction=True)
DAY = date(2026, 6, 1)
NIGHT_BEFORE = datetime(2026, 6, 19, 13, 59, tzinfo=UTC)  # 21:59 in Shanghai
HOT = date(2026, 6, 20)
CRITICAL = (
    FLAT[: FLAT.index("[[vector]]")]
    .replace('code = "flat"', 'code = "critical"')
    .replace(
        "[labels.energy]",
        """[labels.peak]
zh = "尖"
en = "Critical"
[labels.rest]
zh = "其余"
en = "Rest"
[time_of_use]
periods = ["peak", "rest"]
[[time_of_use.season]]
name = "year"
dates = ["01-01..12-31"]
[[time_of_use.season.hours]]
days = ["all"]
rest = ["00:00-24:00"]
[[time_of_use.event]]
code = "heat"
announced_by = "forecast of 35 C or more"
announce_until = "22:00"
peak = ["11:00-12:00"]
[[time_of_use.event]]
code = "frost"
announced_by = "notice"
peak = ["19:00-21:00"]

[labels.energy]""",
    )
)


def file(days=1, price="0.25", start=DAY):
    lines = ["start_at,price"]
    for offset in range(days):
        day = start + timedelta(days=offset)
        lines += [f"{day}T{hour:02}:00+08:00,{price}" for hour in range(24)]
    return "\n".join(lines) + "\n"


def load(text, unit="CNY/kWh", *, corrects=False):
    return prices.load_prices(series="spot", text=text, unit=unit, source="exchange", corrects=corrects, actor=SYSTEM)


@pytest.fixture(autouse=True)
def supplier():
    factories.accounts.supplier()


@pytest.fixture
def tariff(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NIGHT_BEFORE)
    factories.tariffs.version(of=factories.tariffs.tariff(code="critical"), source=CRITICAL)


def announce(code="heat", day=HOT, tariffs=("critical",)):
    return prices.announce(tariffs=tariffs, code=code, event_date=day, source="evening forecast", actor=SYSTEM)


def test_prices_are_read_as_they_were_loaded():
    assert load(file(days=2)) == LoadedPrices(new=2, unchanged=0, corrected=0)
    days = published.price_days(codes=["spot"], start_date=DAY, end_date=DAY + timedelta(days=2))["spot"]
    assert [one.day for one in days] == [DAY, DAY + timedelta(days=1)]
    assert days[0].start_at == datetime(2026, 5, 31, 16, tzinfo=UTC)
    assert (days[0].interval_minutes, days[0].prices_e6.tolist()) == (60, [25_000_000] * 24)


def test_the_same_file_twice_changes_nothing():
    load(file())
    assert load(file(days=2)) == LoadedPrices(new=1, unchanged=1, corrected=0)
    assert PriceSeriesDay.objects.count() == 2


def test_prices_per_mwh_are_a_thousandth():
    load(file(price="250.5"), "CNY/MWh")
    (day,) = published.price_days(codes=["spot"], start_date=DAY, end_date=DAY + timedelta(days=1))["spot"]
    assert day.prices_e6[0] == 25_050_000


def test_other_prices_of_a_day_need_the_word_of_a_correction():
    load(file())
    with pytest.raises(PriceChanged):
        load(file(price="0.26"))
    assert load(file(price="0.26"), corrects=True) == LoadedPrices(new=0, unchanged=0, corrected=1)
    (day,) = published.price_days(codes=["spot"], start_date=DAY, end_date=DAY + timedelta(days=1))["spot"]
    assert day.prices_e6[0] == 26_000_000
    assert PriceSeriesDay.objects.count() == 2


def test_nothing_of_a_file_with_a_finding_is_taken():
    with pytest.raises(BadPriceFile):
        load(file(days=2).replace("2026-06-02T05:00", "2026-06-02T04:30"))
    assert not PriceSeriesDay.objects.exists()


def test_a_unit_of_another_currency_is_refused():
    with pytest.raises(UnknownPriceUnit):
        load(file(), "EUR/kWh")


def test_a_day_without_prices_is_named():
    load(file())
    with pytest.raises(PricesMissing, match="2026-06-02"):
        published.price_days(codes=["spot"], start_date=DAY, end_date=DAY + timedelta(days=2))
    with pytest.raises(PricesMissing, match="other"):
        published.price_days(codes=["other"], start_date=DAY, end_date=DAY + timedelta(days=1))


def test_days_of_prices_are_never_changed():
    load(file())
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("UPDATE tariffs_priceseriesday SET version = 2")


def test_an_event_is_announced_once(tariff):
    (first,) = announce()
    assert announce() == (first,)
    (event,) = PriceEvent.objects.all()
    assert (event.code, event.event_date, event.announced_at) == ("heat", HOT, NIGHT_BEFORE)
    assert published.events(start_date=HOT, end_date=HOT + timedelta(days=1)) == {event.tariff_id: {HOT: {"heat"}}}
    assert published.events(start_date=HOT + timedelta(days=1), end_date=HOT + timedelta(days=9)) == {}
    (card,) = published.announced(start_date=HOT, end_date=HOT + timedelta(days=1))
    assert (card.tariff_code, card.code, card.source) == ("critical", "heat", "evening forecast")


def test_a_second_event_of_the_day_is_refused(tariff):
    announce()
    with pytest.raises(EventTaken):
        announce("frost")


def test_several_events_are_announced_all_or_none(tariff):
    factories.tariffs.version(
        of=factories.tariffs.tariff(code="other"), source=CRITICAL.replace('code = "critical"', 'code = "other"')
    )
    given = {"event_date": HOT, "source": "forecast", "actor": SYSTEM}
    with pytest.raises(EventTaken):
        prices.announce_together(tariffs_by_event={"frost": ["critical", "other"], "heat": ["critical"]}, **given)
    assert not PriceEvent.objects.exists()
    prices.announce_together(tariffs_by_event={"frost": ["other"], "heat": ["critical"]}, **given)
    assert set(PriceEvent.objects.values_list("tariff__code", "code")) == {("other", "frost"), ("critical", "heat")}


@pytest.mark.parametrize(
    ("code", "later", "is_late"),
    [
        ("heat", timedelta(0), False),
        ("heat", timedelta(minutes=1), True),
        ("frost", timedelta(hours=2), False),
        ("frost", timedelta(hours=2, minutes=1), True),
    ],
)
def test_an_event_is_announced_before_its_deadline_on_the_day_before(monkeypatch, tariff, code, later, is_late):
    monkeypatch.setattr(timezone, "now", lambda: NIGHT_BEFORE + later)
    if is_late:
        with pytest.raises(AnnouncedTooLate):
            announce(code)
    else:
        announce(code)
    assert PriceEvent.objects.exists() != is_late


def test_an_event_in_the_past_is_refused(tariff):
    with pytest.raises(AnnouncedTooLate):
        announce(day=HOT - timedelta(days=30))


def test_an_announcement_names_what_there_is_or_is_refused_as_a_whole(tariff):
    with pytest.raises(UnknownEvent, match="flood"):
        announce("flood")
    with pytest.raises(UnknownTariff):
        announce(tariffs=("critical", "none"))
    with pytest.raises(NoPrice):
        announce(day=date(2019, 6, 1))
    assert not PriceEvent.objects.exists()


def test_both_are_at_hand_on_the_command_line(tariff, tmp_path, capsys):
    path = tmp_path / "spot.csv"
    path.write_text(file(), encoding="utf-8")
    command = ["tariffs", "load-prices", str(path), "--series", "spot", "--unit", "CNY/kWh", "--source", "exchange"]
    call_command(*command)
    call_command("tariffs", "announce", str(HOT), "heat", "critical", "--source", "forecast")
    shown = capsys.readouterr().out
    assert "1 days new, 0 unchanged, 0 corrected" in shown
    assert "announced for 1 tariffs" in shown
    path.write_text(file(price="9"), encoding="utf-8")
    with pytest.raises(CommandError, match="other prices"):
        call_command(*command)
    call_command(*command, "--correct")
