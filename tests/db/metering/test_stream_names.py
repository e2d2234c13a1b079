"""Names of foreign streams: files of others find registers that are called otherwise here."""

import io
from datetime import date

import pytest

from cis.kernel.actors import SYSTEM
from metering.models.read import IntervalDay, ReadRejection, RegisterRead
from metering.models.stream import StreamName
from metering.operations import reads, stream_names
from metering.queries import stream_names as queries
from tests import factories
from tests.unit.metering.domain.formats.test_dsmr import telegram
from tests.unit.metering.domain.formats.test_green_button import START, reading, usual

pytestmark = pytest.mark.django_db
TODAY = date(2026, 7, 31)


@pytest.fixture(autouse=True)
def _supplier():
    factories.accounts.supplier()


def _import(data, **kwargs):
    return reads.import_file(source=io.BytesIO(data), name="file", actor=SYSTEM, today=TODAY, **kwargs)


def _meter(serial="SN1", *, codes=("E1",), is_interval=True):
    meter = factories.metering.meter(registers=codes, is_interval=is_interval, serial=serial)
    factories.metering.installation(of=meter)
    return meter


def _give(**changes):
    given = {"file_format": "green_button", "place": "P1", "code": "E1", "serial": "SN1", **changes}
    return stream_names.give(**given, actor=SYSTEM)


def test_a_feed_of_others_comes_in_once_its_stream_has_a_name():
    _meter()
    feed = usual(*[reading(START + hour * 3600) for hour in range(24)])
    assert _import(feed).rejected == 24
    assert set(ReadRejection.objects.values_list("code", flat=True)) == {"unknown_service_point"}
    _give()
    again = _import(feed, again=True)
    assert (again.rejected, again.interval_values) == (0, 24)
    assert IntervalDay.objects.get().register.meter.serial == "SN1"


def test_names_hold_for_their_format_and_beside_what_is_called_as_here():
    _meter("K8EG", codes=("1.8.2", "peak"), is_interval=False)
    _give(file_format="dsmr", place="K8EG", code="1.8.1", serial="K8EG", register="peak")
    _give(file_format="mscons", place="K8EG", code="2.8.1", serial="K8EG", register="peak")
    done = _import(
        telegram(
            "1-0:1.8.1(000001.000*kWh)", "1-0:1.8.2(000002.000*kWh)", "1-0:2.8.1(000003.000*kWh)", at="260701174400S"
        )
    )
    assert (done.reads, done.rejected) == (2, 1)
    found = dict(RegisterRead.objects.values_list("register__code", "reading_wh"))
    assert found == {"peak": 1_000, "1.8.2": 2_000}


def test_the_same_name_twice_is_one_and_another_register_is_refused():
    _meter()
    _meter("SN2")
    assert _give() == _give(place=" P1 ")
    with pytest.raises(stream_names.StreamIsNamed):
        _give(serial="SN2")
    stream_names.end(name_id=StreamName.objects.get().id, actor=SYSTEM)
    _give(serial="SN2")
    assert [(card.place, card.serial, card.register_code) for card in queries.listed()] == [("P1", "SN2", "E1")]
    assert queries.listed(text="SN1") == ()
    assert len(queries.listed(text="P")) == 1


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        ({"file_format": "entry"}, ["format"]),
        ({"place": " "}, ["place"]),
        ({"code": "x" * 65}, ["place"]),
        ({"serial": "NOBODY", "place": ""}, ["place", "serial"]),
        ({"register": "B1"}, ["serial"]),
    ],
)
def test_what_is_wrong_is_told_field_by_field(changes, places):
    _meter()
    with pytest.raises(stream_names.InvalidStreamName) as refused:
        _give(**changes)
    assert [finding.where for finding in refused.value.detail["findings"]] == places
    with pytest.raises(queries.UnknownStreamName):
        stream_names.end(name_id=1, actor=SYSTEM)
