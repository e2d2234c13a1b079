from datetime import date

import pytest

from cis.kernel.errors import Findings
from contracts.domain.agreements import NewAgreement, Supplied, check, check_overlaps

JAN, FEB, MAR, APR = (date(2024, month, 1) for month in (1, 2, 3, 4))


def new(start=JAN, end=None, *, point="P1", line=2, **values):
    given = {"external_id": f"G{line}", "account": "A1", "tariff": "flat", **values}
    return NewAgreement(service_point=point, start_date=start, end_date=end, where=f"agreements.csv:{line}", **given)


def overlaps(delivered, kept=()):
    findings = Findings()
    check_overlaps(delivered=delivered, kept=kept, findings=findings)
    return [finding.where for finding in findings]


def test_a_sound_agreement_has_no_findings():
    findings = Findings()
    check(new(JAN, FEB, household=7), findings=findings)
    assert not findings


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"external_id": ""}, "external_id"),
        ({"external_id": "x" * 65}, "external_id"),
        ({"end": JAN}, "end_date"),
        ({"household": 0}, "household"),
        ({"household": 100}, "household"),
    ],
)
def test_what_is_wrong_is_named_with_line_and_field(values, where):
    findings = Findings()
    check(new(**values), findings=findings)
    assert [finding.where for finding in findings] == [f"agreements.csv:2: {where}"]


def test_agreements_may_follow_each_other_and_stand_side_by_side():
    assert overlaps([new(JAN, FEB), new(FEB, None, line=3), new(JAN, None, point="P2", line=4)]) == []


def test_a_second_agreement_at_the_same_time_is_found_at_its_line():
    assert overlaps([new(JAN, None), new(MAR, APR, line=3)]) == ["agreements.csv:3: service_point"]
    assert overlaps([new(FEB, APR), new(JAN, MAR, line=3)]) == ["agreements.csv:3: service_point"]


def test_an_agreement_that_exists_already_counts():
    kept = [("P1", Supplied(JAN, FEB, "G0"))]
    assert overlaps([new(FEB, None)], kept) == []
    assert overlaps([new(date(2024, 1, 31), None)], kept) == ["agreements.csv:2: service_point"]
