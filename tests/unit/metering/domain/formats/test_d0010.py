"""D0010 of British data collectors: groups, footers, faults by line; real files where they are at hand."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from metering.domain.formats.faults import FileRefused
from tests.unit.metering.domain.formats.nem import read, rejections, remarks

SHARED = Path(__file__).resolve().parents[6] / "shared" / "data" / "headend"
CASES = json.loads((SHARED / "d0010" / "expected.json").read_text()) if (SHARED / "d0010").is_dir() else []
HEAD = "ZHV|0000000001|D0010002|D|UDMS|X|MRCY|20260702153151||||OPER|"
GROUPS = [
    "026|1200000000017|V|",
    "028|F75A 00802|R|",
    "030|S|20260701000000|56311.0|||T|N|",
    "026|1200000000026|V|",
    "028|36933604|C|",
    "030|DY|20260701093000|80598.250|||T|N|",
    "030|NT|20260701093000|00549.0|||T|N|",
]


def flow(*groups, head=HEAD, foot=None, ends="\n"):
    count, points = len(groups), sum(group.startswith("026") for group in groups)
    last = f"ZPT|0000000001|{count}||{points}|20260702154650|" if foot is None else foot
    return (ends.join(line for line in (head, *groups, last) if line) + ends).encode()


def rows(batches):
    return [
        (r.place[at], r.meter[at], r.register[at], str(r.read_at[at]), int(r.reading_wh[at]), r.kind[at])
        for r in (batch.reads for batch in batches)
        for at in range(len(r))
    ]


def test_a_group_is_a_read_of_a_register_of_a_meter_at_a_service_point():
    batches = read(flow(*GROUPS))
    assert rows(batches) == [
        ("1200000000017", "F75A 00802", "S", "2026-07-01T00:00:00", 56_311_000, "actual"),
        ("1200000000026", "36933604", "DY", "2026-07-01T09:30:00", 80_598_250, "customer"),
        ("1200000000026", "36933604", "NT", "2026-07-01T09:30:00", 549_000, "customer"),
    ]
    assert (rejections(batches), remarks(batches), batches[0].header.format) == ([], [], "d0010")
    assert batches[0].reads.digits.tolist() == [5, 5, 5]
    assert batches[0].reads.line.tolist() == [4, 7, 8]


@pytest.mark.skipif(not CASES, reason="D0010 files state no licence: they are read from ../shared/data where that is")
def test_real_files_say_what_a_reader_apart_found_in_them():
    seen = 0
    for case in CASES:
        batches = read((SHARED / case["file"]).read_bytes(), name=case["file"])
        expected = [
            (
                read["mpan"],
                read["meter"],
                read["register"],
                "{}-{}-{}T00:00:00".format(read["at"][:4], read["at"][4:6], read["at"][6:8]),
                Decimal(read["reading"]) * 1000,
            )
            for read in case["readings"]
        ]
        assert [row[:5] for row in rows(batches)] == expected
        assert rejections(batches) == []
        assert remarks(batches) == ([] if case["footer_matches"] else ["footer_wrong"])
        seen += len(expected)
    assert (len(CASES), seen) == (5, 43)


def test_a_footer_that_counts_otherwise_or_is_missing_is_told_and_the_reads_are_taken():
    for foot, told in (("ZPT|0000000001|99||2|20260702|", "footer_wrong"), ("", "end_record_missing")):
        batches = read(flow(*GROUPS, foot=foot))
        assert (len(rows(batches)), remarks(batches)) == (3, [told])
    assert remarks(read(flow())) == ["no_data"]
    assert remarks(read(flow(*GROUPS) + flow(*GROUPS[:3]))) == []


@pytest.mark.parametrize(
    ("place", "group", "expected"),
    [
        (0, "026||V|", [(2, "missing_identifier"), (3, "record_out_of_place"), (4, "record_out_of_place")]),
        (1, "028||R|", [(3, "missing_identifier"), (4, "record_out_of_place")]),
        (1, "028|F75A 00802|W|", [(3, "unknown_kind"), (4, "record_out_of_place")]),
        (1, "028|F75A 00802|?|", [(3, "unknown_kind"), (4, "record_out_of_place")]),
        (2, "030|S|20260230000000|1.0|||T|N|", [(4, "bad_date")]),
        (2, "030|S|20260701|1.0|||T|N|", [(4, "bad_date")]),
        (2, "030|S|20260802000000|1.0|||T|N|", [(4, "date_in_future")]),
        (2, "030|S|20260701000000|NaN|||T|N|", [(4, "not_a_number")]),
        (2, "030|S|20260701000000|1E9|||T|N|", [(4, "not_a_number")]),
        (2, "030|S|20260701000000|-1|||T|N|", [(4, "negative_value")]),
        (2, "030|S|20260701000000|1.0005|||T|N|", [(4, "too_precise")]),
        (2, "030|S|20260701000000||||T|N|", [(4, "missing_value")]),
        (2, "030||20260701000000|1.0|||T|N|", [(4, "missing_identifier")]),
        (2, "30", [(4, "unknown_record")]),
    ],
)
def test_what_is_wrong_is_rejected_by_its_line_and_the_other_meter_is_read(place, group, expected):
    batches = read(flow(*GROUPS[:place], group, *GROUPS[place + 1 :]))
    assert (rejections(batches), [row[2] for row in rows(batches)]) == (expected, ["DY", "NT"])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (flow(*GROUPS, head=HEAD.replace("D0010", "D0150")), "unknown_version"),
        (flow(*GROUPS[:3])[:-60], "truncated_file"),
    ],
)
def test_another_flow_or_a_file_that_breaks_off_is_refused(data, code):
    with pytest.raises(FileRefused) as refused:
        read(data)
    assert refused.value.code == code


def test_groups_that_carry_nothing_to_keep_are_passed_over():
    batches = read(flow(GROUPS[0], "027|something|", *GROUPS[1:3], "032|03|V|"))
    assert (len(rows(batches)), rejections(batches), remarks(batches)) == (1, [], [])
