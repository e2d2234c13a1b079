"""Reports of payouts: they add up, or nothing of them is taken."""

from datetime import date

import pytest

from cashiering.domain import settlements
from cashiering.domain.settlements import PayoutRefused

GOOD = """payout,paid_on,currency,reference,gross,fee,net
P-1,2026-03-10,CNY,C1,61.70,0.37,61.33
P-1,2026-03-10,CNY,C0,-20.00,0.00,-20.00
P-1,2026-03-10,CNY,,0.00,5.00,-5.00
total,,,,41.70,5.37,36.33
"""


def read(text):
    return settlements.read(text=text, currency="CNY", places=2, today=date(2026, 3, 10))


def test_a_report_is_read_to_the_cent():
    report = read("\ufeff" + GOOD)
    assert (report.reference, report.paid_date) == ("P-1", date(2026, 3, 10))
    assert (report.gross_minor, report.fee_minor, report.net_minor) == (4_170, 537, 3_633)
    assert [(line.line_no, line.reference, line.gross_minor) for line in report.lines] == [
        (2, "C1", 6_170), (3, "C0", -2_000), (4, "", 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("61.33", "61.34", "line_differs"),
        ("total,,,,41.70,5.37,36.33", "total,,,,41.71,5.37,36.34", "sum_differs"),
        ("total,,,,41.70,5.37,36.33", "", "sum_differs"),
        ("P-1,2026-03-10,CNY,C0", "P-2,2026-03-10,CNY,C0", "bad_payout"),
        ("2026-03-10", "2026-03-11", "bad_payout"),
        ("CNY,C0", "USD,C0", "other_currency"),
        ("61.70,0.37", "61.705,0.375", "bad_amount"),
        ("gross", "brutto", "wrong_columns"),
        ("C1,61.70", "C1,61.70,1", "bad_line"),
        ("P-1,2026-03-10,CNY,C1", '"P-1,2026-03-10,CNY,C1', "bad_csv"),
    ],
)
def test_each_fault_is_named_and_nothing_is_taken(old, new, code):
    with pytest.raises(PayoutRefused) as refused:
        read(GOOD.replace(old, new))
    assert code in {finding.code for finding in refused.value.detail["findings"]}
