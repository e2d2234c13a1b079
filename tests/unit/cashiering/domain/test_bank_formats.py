"""Files of banks: every field of camt and MT940, and each way in which one is refused."""

from datetime import date
from io import BytesIO

import mt940 as peer
import pytest

from cashiering.domain.formats import camt, mt940
from cashiering.domain.statements import StatementRefused, check
from tests.factories import bank_files
from tests.factories.bank_files import Movement

PAID = Movement(
    amount_minor=6_170, reference="BK1", end_to_end="E2E-1", text="电费 账单 0000000042", name="王伟 & 女儿", account="6222021",
)  # fmt: skip


def _camt(content, places=2):
    return camt.read(BytesIO(content), name="f.xml", places=places)


def _mt940(content):
    return mt940.read(BytesIO(content), name="f.sta", places=2)


def _faults(statement):
    return [fault.code for fault in check(statement, currency="CNY", places=2)]


@pytest.mark.parametrize("version", [2, 4, 6, 8, 10])
@pytest.mark.parametrize("kind", ["053", "054"])
def test_every_version_says_the_same(version, kind):
    (statement,) = _camt(bank_files.camt([PAID], version=version, kind=kind))
    (line,) = statement.lines
    assert (statement.reference, statement.bank_account, statement.currency) == ("STMT-1", bank_files.IBAN, "CNY")
    assert (line.amount_minor, line.is_credit, line.booking_date) == (6_170, True, date(2026, 3, 5))
    assert (line.entry_reference, line.end_to_end_id) == ("BK1", "E2E-1")
    assert (line.remittance, line.payer_name, line.payer_account) == ("电费 账单 0000000042", "王伟 & 女儿", "6222021")
    assert statement.opening_minor == (100_000 if kind == "053" else None)
    assert _faults(statement) == []


def test_a_batch_becomes_its_parts():
    batch = Movement(
        amount_minor=300,
        reference="B1",
        parts=(Movement(amount_minor=100, text="a"), Movement(amount_minor=200, text="b")),
    )
    for version in (2, 8):
        (statement,) = _camt(bank_files.camt([batch], version=version))
        assert [(line.amount_minor, line.remittance, line.entry) for line in statement.lines] == [
            (100, "a", 1),
            (200, "b", 1),
        ]


def test_parts_that_do_not_add_up_are_refused_by_their_entry():
    batch = Movement(amount_minor=301, parts=(Movement(amount_minor=100), Movement(amount_minor=200)))
    with pytest.raises(StatementRefused) as refused:
        _camt(bank_files.camt([PAID, batch]))
    (finding,) = refused.value.detail["findings"]
    assert "entry 2" in finding.where
    assert "do not add up" in str(finding)


def test_returns_and_reversals_are_told():
    back = Movement(amount_minor=6_170, is_credit=False, end_to_end="E2E-1", reason="AC04", name="王伟")
    reversal = Movement(amount_minor=10, is_credit=False, is_reversal=True, name="李四")
    (statement,) = _camt(bank_files.camt([back, reversal], version=8))
    assert [(line.return_reason, line.is_reversal, line.takes_back, line.payer_name) for line in statement.lines] == [
        ("AC04", False, True, "王伟"), ("", True, True, "李四"),
    ]  # fmt: skip


def test_entries_that_are_not_booked_are_left_out_and_counted():
    (statement,) = _camt(bank_files.camt([PAID, Movement(amount_minor=1, status="PDNG")], version=8))
    assert (len(statement.lines), statement.pending, _faults(statement)) == (1, 1, [])


def test_a_statement_that_does_not_add_up_says_by_how_much():
    (statement,) = _camt(bank_files.camt([PAID], closing=106_169))
    (fault,) = check(statement, currency="CNY", places=2)
    assert fault.code == "statement_not_balanced"
    assert "-0.01" in fault.message


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.052.001.02'/>", "no statement that can be read"),
        (b"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.01'/>", "no statement that can be read"),
        (b"<Document/>", "no statement that can be read"),
        (bank_files.camt([PAID])[:-30], "broken"),
        (b"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.02'/>", "no statement in it"),
        (bank_files.camt([PAID]).replace(b">61.70<", b">61.705<"), "decimals"),
        (bank_files.camt([PAID]).replace(b">61.70<", b">1e3<"), "not a number"),
        (bank_files.camt([PAID]).replace(b"<Dt>2026-03-05</Dt></BookgDt>", b"<Dt>2026-13-05</Dt></BookgDt>"), "no date"),
        (bank_files.camt([PAID]).replace(b"CRDT</CdtDbtInd><Sts>", b"UP</CdtDbtInd><Sts>"), "credit or debit"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(content, word):
    with pytest.raises(StatementRefused, match=word):
        _camt(content)


def test_no_document_type_no_entity_no_other_file(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    head = f'<!DOCTYPE Document [<!ENTITY x SYSTEM "file://{secret}">]>\n'
    content = bank_files.camt([PAID], head=head).replace(b"0000000042", b"&x;")
    with pytest.raises(StatementRefused, match="document type"):
        _camt(content)


def test_mt940_says_the_same_as_its_peer():
    movements = [
        PAID,
        Movement(amount_minor=5, is_credit=False, reference="BK2", text="fee"),
        Movement(amount_minor=6_170, is_credit=False, is_reversal=True, reference="BK3"),
        Movement(amount_minor=7, is_reversal=True),
    ]
    content = bank_files.mt940(movements)
    (statement,) = _mt940(content)
    assert [(line.signed_minor, line.is_reversal) for line in statement.lines] == [
        (6_170, False), (-5, False), (-6_170, True), (7, True),
    ]  # fmt: skip
    theirs = peer.parse(content.decode())
    assert [abs(int(one.data["amount"].amount * 100)) for one in theirs] == [
        line.amount_minor for line in statement.lines
    ]
    assert [one.data["date"] for one in theirs] == [line.value_date for line in statement.lines]
    assert (statement.opening_minor, statement.closing_minor) == (
        int(theirs.data["final_opening_balance"].amount.amount * 100),
        int(theirs.data["final_closing_balance"].amount.amount * 100),
    )
    assert _faults(statement) == []
    first = statement.lines[0]
    assert (first.remittance, first.payer_name, first.payer_account) == (
        "电费 账单 0000000042",
        "王伟 & 女儿",
        "6222021",
    )
    assert (first.end_to_end_id, first.bank_reference) == ("E2E-1", "BK1")


def test_mt940_in_words_and_over_the_new_year():
    text = ":20:A\n:25:1\n:28C:1/1\n:60F:C251231CNY0,\n:61:2601021231C1,5NTRFNONREF//X\n:86:/EREF/E9/NAME/Li Si/REMI/No 42\n more/IBAN/DE1\n:62F:C260102CNY1,5\n-"
    (statement,) = _mt940(text.encode())
    (line,) = statement.lines
    assert (line.booking_date, line.value_date) == (date(2025, 12, 31), date(2026, 1, 2))
    assert (line.amount_minor, line.end_to_end_id, line.payer_name, line.payer_account) == (150, "E9", "Li Si", "DE1")


def test_a_bad_line_of_mt940_is_named_by_its_number():
    content = bank_files.mt940([PAID, PAID]).replace(b"C61,70NTRFE2E-1//BK1", b"X61,70NTRF", 1)
    with pytest.raises(StatementRefused, match=r"line 5: .* is no movement"):
        _mt940(content)
    with pytest.raises(StatementRefused, match="no MT940"):
        _mt940(b"date;amount\n1;2\n")
