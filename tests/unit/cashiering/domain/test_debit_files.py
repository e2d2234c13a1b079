"""Files of debits against the schemas of ISO 20022, and what banks say of them."""

import random
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import xmlschema
from lxml import etree

from cashiering.domain.bank_accounts import AccountKind, BankAccount
from cashiering.domain.debits import SequenceType, name_of
from cashiering.domain.formats import pain002, pain008
from cashiering.domain.formats.pain008 import Characters, Creditor, Format, Item, Version

SCHEMAS = {
    version: xmlschema.XMLSchema(Path(__file__).parents[3] / f"data/iso20022/pain.008.001.{version}.xsd")
    for version in Version
}
MADE_AT = datetime(2026, 3, 2, 19, 0, tzinfo=UTC)
IBAN = BankAccount(AccountKind.IBAN, "DE89370400440532013000", "COBADEFFXXX")
NO_BIC = BankAccount(AccountKind.IBAN, "GB82WEST12345698765432", "")
CHINESE = BankAccount(AccountKind.CN, "6222021234567890123", "102290000001")


def _item(number, **values):
    given = {
        "name": name_of(number), "amount_minor": 6_170 + number, "collection_date": date(2026, 3, 10 + number % 2),
        "sequence": SequenceType.FIRST if number % 3 else SequenceType.RECURRENT, "mandate": f"M{number:09d}",
        "signed_date": date(2026, 1, 2), "holder": "Müller & Söhne // Łódź", "customer": "", "account": IBAN,
        "text": "2026000017 3100000017",
    }  # fmt: skip
    return Item(**{**given, **values})


def _form(version=Version.V02, **values):
    given = {"characters": Characters.LATIN, "service_level": "SEPA", "local_instrument": "CORE", "currency": "EUR",
             "places": 2}  # fmt: skip
    return Format(version=version, **{**given, **values})


def _write(items, form, account=IBAN):
    creditor = Creditor(name="Example Power", scheme_id="DE98ZZZ09999999999", account=account)
    return pain008.write(batch="WLDD00000001", created_at=MADE_AT, creditor=creditor, items=items, form=form)


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize("account", [IBAN, NO_BIC, CHINESE], ids=["iban", "no_bic", "cn"])
@pytest.mark.parametrize("is_sepa", [True, False])
def test_files_are_valid_by_the_schema(version, account, is_sepa):
    codes = {} if is_sepa else {"service_level": "", "local_instrument": "", "characters": Characters.UNICODE,
                                "currency": "CNY"}  # fmt: skip
    items = [_item(n, account=account, customer="李四" if n == 2 else "") for n in range(1, 8)]
    SCHEMAS[version].validate(_write(items, _form(version, **codes), account=account).decode())


def test_counts_and_sums_stand_in_the_head_and_in_each_part():
    items = [_item(n) for n in range(1, 12)]
    root = etree.fromstring(_write(items, _form()))
    blocks = root.findall(".//{*}PmtInf")
    heads = [root.find(".//{*}GrpHdr"), *blocks]
    counts = [int(one.findtext("{*}NbOfTxs")) for one in heads]
    cents = [int(one.findtext("{*}CtrlSum").replace(".", "")) for one in heads]
    assert counts[0] == sum(counts[1:]) == 11
    assert cents[0] == sum(cents[1:]) == sum(item.amount_minor for item in items)
    for block, count, sum_cents in zip(blocks, counts[1:], cents[1:], strict=True):
        amounts = [int(one.text.replace(".", "")) for one in block.iterfind(".//{*}InstdAmt")]
        assert (len(amounts), sum(amounts)) == (count, sum_cents)
    kinds = [(one.findtext(".//{*}SeqTp"), one.findtext("{*}ReqdColltnDt")) for one in blocks]
    assert len(kinds) == len(set(kinds)) == 4


def test_the_same_batch_gives_the_same_bytes_in_whatever_order_it_is_read():
    items = [_item(n) for n in range(1, 9)]
    shuffled = random.Random(7).sample(items, len(items))
    assert _write(items, _form()) == _write(shuffled, _form())


@pytest.mark.parametrize(
    ("text", "latin"),
    [
        ("Müller & Söhne // Łódź", "Mueller + Soehne / Lodz"),
        ("  a\tb\n", "a b"),
        ("/x/", "x"),
        ("张三", ".."),
        ("", "."),
        ("é ß Ø _", "e ss OE -"),
    ],
)
def test_names_are_written_in_signs_that_banks_take(text, latin):
    assert pain008.plain(text, characters=Characters.LATIN, most=70) == latin


def test_places_where_characters_are_free_keep_them():
    assert pain008.plain("张三 & 李四", characters=Characters.UNICODE, most=70) == "张三 & 李四"


REPORT = """<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.{version}"><CstmrPmtStsRpt>
<GrpHdr><MsgId>R</MsgId></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>WLDD00000001</OrgnlMsgId>{group}</OrgnlGrpInfAndSts>
{blocks}</CstmrPmtStsRpt></Document>"""
ITEM = """<TxInfAndSts><OrgnlEndToEndId>DD0000000003</OrgnlEndToEndId><TxSts>{status}</TxSts>{reason}</TxInfAndSts>"""
REASON = "<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>closed</AddtlInf></StsRsnInf>"


@pytest.mark.parametrize("version", ["03", "10", "14"])
def test_a_report_says_what_was_rejected(version):
    block = "<OrgnlPmtInfAndSts><OrgnlPmtInfId>B1</OrgnlPmtInfId>{}</OrgnlPmtInfAndSts>"
    blocks = block.format(ITEM.format(status="RJCT", reason=REASON) + ITEM.format(status="ACSP", reason=""))
    found = pain002.read(REPORT.format(version=version, group="<GrpSts>PART</GrpSts>", blocks=blocks).encode())
    assert found.rejections == (pain002.Rejection("B1", "DD0000000003", "AC04 closed"),)
    whole = REPORT.format(version=version, group=f"<GrpSts>RJCT</GrpSts>{REASON}", blocks="")
    assert pain002.read(whole.encode()).rejections == (pain002.Rejection("", "", "AC04 closed"),)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"<x", b"<Document/>",
        REPORT.format(version="02", group="", blocks="").encode(),
        REPORT.format(version="03", group="", blocks="").replace("WLDD00000001", "").encode(),
        REPORT.format(version="03", group="", blocks="").replace("<Document", "<!DOCTYPE x><Document").encode(),
    ],
)  # fmt: skip
def test_what_is_no_report_is_refused(content):
    with pytest.raises(pain002.BadReport):
        pain002.read(content)
