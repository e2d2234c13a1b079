"""Documents of OpenADR: kept as written, looked through, timed, seen by whom they are for, and understood as answers."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contracts.domain import openadr
from contracts.domain.openadr import ObjectKind, Reader, Reply, Shown
from contracts.domain.openadr_shapes import BadObject, check
from contracts.domain.openadr_text import BadDocument, kept, parsed, written
from contracts.domain.openadr_times import ends_at, length

EXAMPLES = json.loads(Path("tests/data/openadr/examples_3.1.0.json").read_text(encoding="utf-8"))
AT = datetime(2026, 7, 15, 9, tzinfo=UTC)
KINDS = {
    "programName": ObjectKind.PROGRAM, "eventID": ObjectKind.REPORT, "programID": ObjectKind.EVENT,
    "venName": ObjectKind.VEN,
}  # fmt: skip


def kind_of(example) -> ObjectKind | None:
    """Which object an example of the specification is; None: a part of one, or an answer."""
    fields = example if isinstance(example, dict) else {}
    return next((kind for field, kind in KINDS.items() if field in fields), None)


POSTED = [one for one in EXAMPLES if one["parses_as_json"] and kind_of(one["example"])]


def event(**values):
    return {"programID": "p", "intervals": [{"id": 0, "payloads": []}], **values}


@pytest.mark.parametrize("one", POSTED, ids=lambda one: one["id"])
def test_examples_of_the_specification_are_taken(one):
    check(parsed(json.dumps(one["example"]).encode()), kind=kind_of(one["example"]))


def test_there_are_examples_of_each_kind():
    assert {kind_of(one["example"]) for one in POSTED} == set(KINDS.values())
    assert len(POSTED) == 22


@pytest.mark.parametrize(
    "text",
    [
        "30.0",
        "0.1000000000000000055",
        "1E3",
        "-0.0",
        "123456789012345678901234567890",
        '"\\u00e9\\n"',
        "[1,2.50]",
        "null",
    ],
)
def test_values_come_back_as_they_were_written(text):
    body = '{"a":' + text + "}"
    assert written(parsed(body.encode())) == body
    assert written(kept(written(parsed(body.encode())))) == body


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"1", b"{", b'{"a":1e999}', b'{"a":NaN}', b'{"a":Infinity}', b'{"a":"\\u0000"}',
        b'{"a":"\\ud800"}', b'{"\\u0000":1}', b'{"a":1e-99999}', b'{"a":0E+00099999}',
        b'{"a":1,"a":2}', b"\xff", b'{"a":' + b"9" * 101 + b"}",
        b'{"a":' + b"[" * 30 + b"]" * 30 + b"}", b'{"a":' + b"[" * 50_000, b'{"a":"' + b"x" * 300_000 + b'"}',
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused(body):
    with pytest.raises(BadDocument):
        parsed(body)


@pytest.mark.parametrize(
    ("kind", "document", "where"),
    [
        (ObjectKind.PROGRAM, {}, "programName"),
        (ObjectKind.PROGRAM, {"programName": ""}, "programName"),
        (ObjectKind.PROGRAM, {"programName": "x" * 129}, "programName"),
        (ObjectKind.EVENT, {"programID": "p/1"}, "programID"),
        (ObjectKind.EVENT, event(priority=-1), "priority"),
        (ObjectKind.EVENT, event(intervals=[{"id": 1.5, "payloads": []}]), "intervals[0].id"),
        (ObjectKind.EVENT, event(intervals=[{"id": 0}]), "intervals[0].payloads"),
        (ObjectKind.EVENT, event(duration="1 hour"), "duration"),
        (ObjectKind.EVENT, event(targets=[""]), "targets[0]"),
        (ObjectKind.EVENT, event(targets="a"), "targets"),
        (ObjectKind.EVENT, event(intervals=[{"id": 0, "payloads": [{"type": "X", "values": [None]}]}]),
         "intervals[0].payloads[0].values[0]"),
        (ObjectKind.REPORT, {"eventID": "e", "clientName": "c"}, "resources"),
        (ObjectKind.VEN, {"venName": "v"}, "objectType"),
        (ObjectKind.RESOURCE, {"resourceName": "r", "objectType": "BL_RESOURCE_REQUEST"}, "venID"),
        (ObjectKind.SUBSCRIPTION, {"clientName": "c", "objectOperations": [{"objects": ["EVENT"], "operations": ["X"],
         "callbackUrl": "https://a.example"}]}, "objectOperations[0].operations[0]"),
    ],
)  # fmt: skip
def test_what_the_schema_does_not_allow_is_refused_with_its_place(kind, document, where):
    with pytest.raises(BadObject) as refused:
        check(document, kind=kind)
    assert [one.where for one in refused.value.detail["findings"]] == [where]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PT1H", timedelta(hours=1)), ("P1DT30M", timedelta(days=1, minutes=30)), ("PT1.5S", timedelta(seconds=1.5)),
        ("P2W", timedelta(weeks=2)), ("P1Y", timedelta(days=366)), ("PT0H", timedelta()), ("P9999Y", None),
        ("soon", None), (None, None), ("P99999999999D", None),
    ],
)  # fmt: skip
def test_how_long_a_duration_is(text, expected):
    assert length(text) == expected


def test_when_an_event_is_over():
    hour = {"start": "2026-07-15T09:00:00Z", "duration": "PT1H"}
    two = [{"id": 0, "payloads": []}, {"id": 1, "payloads": []}]
    own = [{"id": 0, "payloads": [], "intervalPeriod": {"start": "2026-07-15T19:00:00+08:00", "duration": "PT2H"}}]
    assert ends_at(event(intervalPeriod=hour)) == AT + timedelta(hours=1)
    assert ends_at(event(intervalPeriod=hour, intervals=two)) == AT + timedelta(hours=2)
    assert ends_at(event(intervalPeriod=hour, duration="PT6H")) == AT + timedelta(hours=6)
    assert ends_at(event(intervals=own)) == AT + timedelta(hours=4)
    # In UTC it would be in a year that no computer reads again.
    assert ends_at(event(intervalPeriod={"start": "9999-12-31T23:00:00-05:00", "duration": "PT0S"})) is None
    for nobody_knows in (
        event(),
        event(intervalPeriod={"start": "0001-01-01", "duration": "PT1H"}),
        event(intervalPeriod={"start": "2026-07-15T09:00:00Z", "duration": "P9999Y"}),
        event(intervalPeriod={"start": "9999-12-31T00:00:00Z", "duration": "P900Y"}),
        event(intervalPeriod={"start": "today", "duration": "PT1H"}),
    ):
        assert ends_at(nobody_knows) is None


@pytest.mark.parametrize(
    ("reader", "targets", "expected"),
    [
        (Reader("a"), (), True),
        (Reader("a"), ("x",), False),
        (Reader("a", targets=frozenset({"x"})), ("x", "y"), True),
        (Reader("a", targets=frozenset({"z"})), ("x", "y"), False),
        (Reader("a", reads_all=True), ("x",), True),
    ],
)
def test_programs_and_events_are_seen_by_their_targets(reader, targets, expected):
    for kind in (ObjectKind.PROGRAM, ObjectKind.EVENT):
        assert openadr.sees(reader, kind=kind, client_id="bl", targets=targets) is expected


def test_all_else_is_seen_by_its_client_alone():
    for kind in set(ObjectKind) - openadr.SHARED:
        assert openadr.sees(Reader("a"), kind=kind, client_id="a", targets=("x",))
        assert not openadr.sees(Reader("b", targets=frozenset({"x"})), kind=kind, client_id="a", targets=("x",))
        assert openadr.sees(Reader("b", reads_all=True), kind=kind, client_id="a", targets=("x",))


def shown(kind, document, reader, *, targets=(), asked=()):
    one = Shown(
        kind=kind, object_id="1", client_id="a", document=document, targets=targets, created_at=AT, modified_at=AT
    )
    return openadr.shown(one, reader=reader, asked=asked)


def test_a_ven_learns_no_target_that_was_not_granted_to_it():
    document = {"programName": "p", "targets": ["x", "y", "z"]}
    ven = Reader("a", targets=frozenset({"x", "y"}))
    assert shown(ObjectKind.PROGRAM, document, ven)["targets"] == ["x", "y"]
    assert shown(ObjectKind.PROGRAM, document, ven, asked=("y", "z"))["targets"] == ["y"]
    assert shown(ObjectKind.PROGRAM, document, Reader("b", reads_all=True))["targets"] == ["x", "y", "z"]


def test_what_the_vtn_writes_is_not_what_clients_say():
    told = shown(ObjectKind.REPORT, {"id": "0", "createdDateTime": "17:35:55", "objectType": "X"}, Reader("a"))
    assert told == {
        "id": "1", "createdDateTime": "2026-07-15T09:00:00.000Z", "modificationDateTime": "2026-07-15T09:00:00.000Z",
        "objectType": "REPORT", "clientID": "a",
    }  # fmt: skip
    assert openadr.kept_fields({"venName": "v", "targets": ["x"]}, kind=ObjectKind.VEN, is_business=False) == {
        "venName": "v"
    }


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"type": "OPERATING_STATE", "values": ["IDLE_OPTED_OUT"]}, Reply.OPTS_OUT),
        ({"type": "OPERATING_STATE", "values": ["RUNNING_CURTAILED"]}, Reply.TAKES_PART),
        ({"type": "OPERATING_STATE", "values": ["ERROR"]}, None),
        ({"type": "SIMPLE_LEVEL", "values": [0]}, None),
        ({"type": "SIMPLE_LEVEL", "values": [2]}, Reply.TAKES_PART),
        ({"type": "SIMPLE_LEVEL", "values": [True]}, None),
        ({"type": "SIMPLE_LEVEL", "values": []}, None),
        ({"type": "USAGE", "values": [0]}, None),
    ],
)
def test_what_a_report_answers(payload, expected):
    report = {"resources": [{"resourceName": "r", "intervals": [{"id": 0, "payloads": [payload]}]}]}
    assert openadr.replies(report) == ({"r": expected} if expected else {})


def test_our_own_event_as_the_specification_has_it():
    document = openadr.event_document(
        program_id="p", event_id=7, start_at=AT, end_at=AT + timedelta(hours=2), limit_w=2_500, targets=["b", "a"]
    )
    check(document, kind=ObjectKind.EVENT)
    assert document["intervalPeriod"] == {"start": "2026-07-15T09:00:00.000Z", "duration": "PT2H"}
    assert document["intervals"][0]["payloads"] == [
        {"type": "SIMPLE", "values": [1]}, {"type": "IMPORT_CAPACITY_LIMIT", "values": [2.5]},
    ]  # fmt: skip
    assert ends_at(document) == AT + timedelta(hours=2)
    by_hand = openadr.event_document(
        program_id="p", event_id=7, start_at=AT, end_at=AT + timedelta(hours=2), limit_w=0, targets=["a"]
    )
    assert [one["type"] for one in by_hand["intervals"][0]["payloads"]] == ["SIMPLE"]
    check(openadr.program_document(program_id=1, code="peak", name="Peak"), kind=ObjectKind.PROGRAM)
