"""Settlement files of wallets: read to the cent, and refused with where, what and how to mend it."""

from datetime import date

import pytest

from cashiering.domain import settlements
from cashiering.domain.formats import settlement_files
from cashiering.domain.settlements import FAULTS_MOST, Line, LineKind, PayoutRefused
from cis.kernel.calendar import LocalClock

GOOD = """#结算批次号：[P-1]
#到账日期：[2026-03-10]
交易时间,微信订单号,商户订单号,交易状态,货币种类,商品名称,订单金额,退款金额,手续费
`2026-03-09 10:11:12,`4201,`C1,`SUCCESS,`CNY,`=HYPERLINK(1),`61.70,`0.00,`0.37
`2026-03-08 12:00:00,`4202,`C0,`REFUND,`CNY,`电费,`0.00,`20.00,`-0.12
`2026-03-09 12:00:00,`4203,`C2,`CHARGEBACK,`CNY,`电费,`0.00,`5.00,`15.00
`2026-03-09 23:59:59,`,`,`FEE,`CNY,`服务费,`0.00,`0.00,`1.00
总交易单数,订单总金额,退款总金额,手续费总金额,到账金额
`4,`61.70,`25.00,`16.25,`20.45
"""


def read(text, encoding="utf-8"):
    content = text if isinstance(text, bytes) else text.encode(encoding)
    return settlement_files.read(
        content, currency="CNY", places=2, today=date(2026, 3, 10), clock=LocalClock("Asia/Shanghai")
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_bill_is_read_to_the_cent(encoding):
    report = read(GOOD, encoding)
    assert (report.reference, report.paid_date) == ("P-1", date(2026, 3, 10))
    assert (report.from_date, report.until_date) == (date(2026, 3, 8), date(2026, 3, 9))
    assert (report.gross_minor, report.fee_minor, report.net_minor) == (3_670, 1_625, 2_045)
    assert [(one.kind, one.reference, one.payment, one.gross_minor, one.fee_minor) for one in report.lines] == [
        ("payment", "C1", "4201", 6_170, 37), ("refund", "C0", "4202", -2_000, -12),
        ("chargeback", "C2", "4203", -500, 1_500), ("fee", "", "", 0, 100),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("`0.37", "`0.38", "sum_differs"),
        ("`4,`61.70", "`3,`61.70", "sum_differs"),
        ("总交易单数,订单总金额,退款总金额,手续费总金额,到账金额\n`4,`61.70,`25.00,`16.25,`20.45\n", "", "sum_differs"),
        ("`C1", "=cmd|' /C calc'!A0", "bad_name"),
        ("`C1", "@SUM(A1)", "bad_name"),
        ("`SUCCESS", "`NOTPAY", "other_kind"),
        ("`CNY", "`USD", "other_currency"),
        ("`61.70,`0.00", "`61.705,`0.00", "bad_amount"),
        ("`61.70,`0.00", "`-61.70,`0.00", "bad_sign"),
        ("2026-03-09 10:11:12", "yesterday", "bad_time"),
        ("2026-03-09 10:11:12", "2026-03-11 10:11:12", "bad_day"),
        ("[2026-03-10]", "[2026-03-11]", "bad_day"),
        ("[P-1]", "[]", "no_batch"),
        (",手续费\n", ",费率\n", "no_column"),
        ("`电费", "`" + "x" * 501, "cell_too_long"),
        ("`4201", '"`4201', "bad_csv"),
        ("`20.45\n", "`20.45\n`1,`2\n", "bad_line"),
    ],
)
def test_each_fault_is_named_with_what_mends_it(old, new, code):
    with pytest.raises(PayoutRefused) as refused:
        read(GOOD.replace(old, new))
    found = refused.value.detail["findings"]
    assert code in {one.code for one in found}
    assert all(one.where and one.advice for one in found if one.code == code)


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04zip", b"\x1f\x8bgz", b"#\xff\xff\xff", b"#a\x00b", b"x" * (settlement_files.BYTES_MOST + 1)]
)
def test_what_is_no_text_is_refused_with_what_to_do(content):
    with pytest.raises(PayoutRefused) as refused:
        read(content)
    assert refused.value.advice


def test_a_file_full_of_faults_is_not_read_to_its_end():
    bad = "`x,`1,`=1,`?,`USD,`,`a,`b,`c\n" * 1_000
    with pytest.raises(PayoutRefused) as refused:
        read(GOOD.replace("总交易", bad + "总交易"))
    assert FAULTS_MOST <= len(refused.value.detail["findings"]) < 2 * FAULTS_MOST


@pytest.mark.parametrize(
    ("gross", "fee", "fee_e9", "agreed"),
    [
        (10_000, 60, 6_000_000, True),
        (10_000, 61, 6_000_000, True),  # rounded in its own way
        (10_000, 62, 6_000_000, False),
        (10_000, 0, 6_000_000, False),
        (-10_000, -60, 6_000_000, True),
        (-10_000, 0, 6_000_000, True),
        (-10_000, 60, 6_000_000, False),
        (10_000, 900, None, True),
    ],
)
def test_a_fee_is_what_was_agreed(gross, fee, fee_e9, agreed):
    line = Line(1, "C1", gross, fee)
    assert settlements.is_fee_agreed(line, fee_e9=fee_e9) is agreed
    assert settlements.is_fee_agreed(Line(1, "", 0, fee, kind=LineKind.FEE), fee_e9=fee_e9)


CAMT = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><BkToCstmrDbtCdtNtfctn><Ntfctn><Ntry>
<Amt Ccy="CNY">20.45</Amt><CdtDbtInd>CRDT</CdtDbtInd><BookgDt><Dt>2026-03-10</Dt></BookgDt>
<AcctSvcrRef>P-1</AcctSvcrRef><NtryDtls><Btch><NbOfTxs>4</NbOfTxs></Btch>{}</NtryDtls>
</Ntry></Ntfctn></BkToCstmrDbtCdtNtfctn></Document>
"""
DETAIL = """<TxDtls><Refs><EndToEndId>{}</EndToEndId><TxId>{}</TxId></Refs><Amt Ccy="CNY">{}</Amt>
<CdtDbtInd>{}</CdtDbtInd><BkTxCd><Prtry><Cd>{}</Cd></Prtry></BkTxCd><Chrgs><Rcrd><Amt Ccy="CNY">{}</Amt>
<CdtDbtInd>{}</CdtDbtInd></Rcrd></Chrgs><RltdDts><TxDtTm>{}</TxDtTm></RltdDts></TxDtls>
"""
DETAILS = (
    ("C1", "4201", "61.70", "CRDT", "PAYMENT", "0.37", "DBIT", "2026-03-09T10:11:12"),
    ("C0", "4202", "20.00", "DBIT", "REFUND", "0.12", "CRDT", "2026-03-08T12:00:00"),
    ("C2", "4203", "5.00", "DBIT", "CHARGEBACK", "15.00", "DBIT", "2026-03-09T12:00:00"),
    ("NOTPROVIDED", "NOTPROVIDED", "0.00", "CRDT", "FEE", "1.00", "DBIT", "2026-03-09T23:59:59"),
)


def camt():
    return CAMT.format("".join(DETAIL.format(*one) for one in DETAILS))


def test_a_camt_054_with_details_says_the_same_as_the_bill():
    ours, theirs = read(camt()), read(GOOD)
    assert (ours.reference, ours.paid_date, ours.net_minor) == (theirs.reference, theirs.paid_date, theirs.net_minor)
    assert (ours.from_date, ours.until_date) == (theirs.from_date, theirs.until_date)
    names = ("reference", "payment", "kind", "gross_minor", "fee_minor", "day")
    assert [[getattr(one, name) for name in names] for one in ours.lines] == [
        [getattr(one, name) for name in names] for one in theirs.lines
    ]


@pytest.mark.parametrize("text", [GOOD.replace("03-09 10:11:12", "03-09 20:00:00Z"), None])
def test_a_time_with_its_offset_is_of_the_local_day(text):
    report = read(text or camt().replace("03-09T10:11:12", "03-09T21:00:00+01:00"))
    assert (report.lines[0].day, report.until_date) == (date(2026, 3, 10), date(2026, 3, 10))


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("20.45", "20.46", "sum_differs"),
        ("<NbOfTxs>4", "<NbOfTxs>3", "sum_differs"),
        ("61.70", "61.705", "bad_amount"),
        ('<Amt Ccy="CNY">61.70', '<Amt Ccy="USD">61.70', "bad_amount"),
        ("61.70", "-61.70", "bad_sign"),
        (">PAYMENT<", ">REFUND<", "bad_sign"),
        (">FEE<", ">TIP<", "other_kind"),
        (">C1<", ">=1+1<", "bad_name"),
        ("2026-03-09T10:11:12", "noon", "bad_time"),
        ("<Dt>2026-03-10", "<Dt>2026-03-11", "bad_day"),
        ("<AcctSvcrRef>P-1</AcctSvcrRef>", "", "no_batch"),
    ],
)
def test_each_fault_of_a_camt_054_is_named(old, new, code):
    with pytest.raises(PayoutRefused) as refused:
        read(camt().replace(old, new, 1))
    assert code in {one.code for one in refused.value.detail["findings"]}


@pytest.mark.parametrize(
    "content",
    [
        "<Document>",
        "<Document/>",
        camt().replace("camt.054", "camt.053"),
        camt().replace("<Ntry>", "<Ntry/><Ntry>"),
        '<!DOCTYPE a [<!ENTITY b "c">]>' + CAMT,
    ],
)
def test_what_is_no_breakdown_is_refused_with_what_to_do(content):
    with pytest.raises(PayoutRefused) as refused:
        read(content)
    assert refused.value.advice
