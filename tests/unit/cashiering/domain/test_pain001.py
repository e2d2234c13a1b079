"""The file by which a bank is asked to pay: its sums, its names, what no bank would take."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import xmlschema
from lxml import etree

from cashiering.domain.formats import pain001
from cashiering.domain.formats.pain001 import Bank, PaymentOrder, TransferOut

SCHEMA = Path(__file__).parents[3] / "data/iso20022/pain.001.001.09.xsd"
OWN = Bank(name="Grid & Power <Ltd>", number="1001 0000 0000 1234 567")
IBAN = Bank(name="A\x07nna  Müller", number="de89 3704 0044 0532 0130 00", code="COBADEFFXXX")
PLAIN = Bank(name="张三", number="6222021234567890123", code="102100099996")


def order(*to, amounts=(1, 12_345_678), **changes):
    transfers = [
        TransferOut(end_to_end_id=f"REF{number:010d}", to=bank, amount_minor=amount, text=f"refund {number}")
        for number, (bank, amount) in enumerate(zip(to, amounts, strict=False), start=1)
    ]
    given = {
        "message_id": "PAYOUT0000000001", "created_at": datetime(2026, 3, 10, 2, 0, tzinfo=UTC),
        "execution_date": date(2026, 3, 10), "debtor": OWN, "currency": "CNY", "places": 2, "transfers": transfers,
    }  # fmt: skip
    return PaymentOrder(**{**given, **changes})


def texts(content, path):
    root = etree.fromstring(content)
    return [node.text for node in root.iterfind(f".//{{*}}{path.replace('/', '/{*}')}")]


def test_a_file_says_who_pays_whom_how_much():
    content = pain001.write(order(IBAN, PLAIN))
    assert texts(content, "GrpHdr/CtrlSum") == texts(content, "PmtInf/CtrlSum") == ["123456.79"]
    assert texts(content, "GrpHdr/NbOfTxs") == ["2"]
    assert texts(content, "InstdAmt") == ["0.01", "123456.78"]
    assert texts(content, "EndToEndId") == ["REF0000000001", "REF0000000002"]
    assert texts(content, "CdtrAcct/Id/IBAN") == ["DE89370400440532013000"]
    assert texts(content, "CdtrAcct/Id/Othr/Id") == ["6222021234567890123"]
    assert texts(content, "CdtrAgt/FinInstnId/BICFI") == ["COBADEFFXXX"]
    assert texts(content, "CdtrAgt/FinInstnId/ClrSysMmbId/MmbId") == ["102100099996"]
    assert texts(content, "Cdtr/Nm") == ["A nna Müller", "张三"]
    assert texts(content, "Dbtr/Nm") == ["Grid & Power <Ltd>"]
    assert texts(content, "ReqdExctnDt/Dt") == ["2026-03-10"]


@pytest.mark.parametrize(
    "changes",
    [
        {}, {"currency": "JPY", "places": 0}, {"debtor": IBAN}, {"debtor": PLAIN},
        {"debtor": Bank(name="张" * 200, number="9" * 60, code="1" * 60)},
    ],
)  # fmt: skip
def test_a_file_is_valid_by_the_schema(changes):
    nobody = Bank(name="\x00", number="6222021234567890123")
    schema = xmlschema.XMLSchema(SCHEMA)
    schema.validate(pain001.write(order(IBAN, PLAIN, nobody, amounts=(1, 12_345_678, 5), **changes)).decode())


def test_a_currency_without_decimals_has_none():
    content = pain001.write(order(PLAIN, amounts=(500,), currency="JPY", places=0))
    assert texts(content, "InstdAmt") == ["500"]


@pytest.mark.parametrize("amounts", [(), (0,), (-1,)])
def test_nothing_is_no_order(amounts):
    with pytest.raises(ValueError, match="above 0"):
        pain001.write(order(*[PLAIN] * len(amounts), amounts=amounts))
