"""
Payments that a bank is asked to make: pain.001 of ISO 20022, version 001.09.

One payment information with its transfers; each has the name by which it is known again when its line comes in a
statement. [source: ISO 20022, Payments Initiation; message definition pain.001.001.09]
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from lxml import etree

from cis.kernel import fixed

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")
IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{1,30}")
NAME_MOST, TEXT_MOST, ACCOUNT_MOST, CODE_MOST = 140, 140, 34, 35
NOT_PROVIDED = "NOTPROVIDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """
    A bank account.

    number  IBAN, or another number
    code    BIC, or the bank's number in its country; "": not known
    """

    name: str
    number: str
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferOut:
    """One transfer; ``end_to_end_id`` names it from end to end, ``text`` is for the payee. [minor unit]"""

    end_to_end_id: str
    to: Bank
    amount_minor: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOrder:
    """
    What a bank is asked to do.

    message_id  counts once at the bank
    places      decimals of the currency
    """

    message_id: str
    created_at: datetime
    execution_date: date
    debtor: Bank
    currency: str
    places: int
    transfers: Sequence[TransferOut]

    @property
    def sum_minor(self) -> int:
        """What all transfers come to. [minor unit]"""
        return sum(one.amount_minor for one in self.transfers)


def write(order: PaymentOrder) -> bytes:
    """
    Return the file of an order, in UTF-8.

    :raises ValueError: it has no transfer, or one moves nothing.
    """
    if not order.transfers or min(one.amount_minor for one in order.transfers) <= 0:
        raise ValueError("a payment order has transfers, each above 0")
    document = etree.Element(f"{{{NAMESPACE}}}Document", nsmap={None: NAMESPACE})  # type: ignore[dict-item]
    initiation = _add(document, "CstmrCdtTrfInitn")
    head = _add(initiation, "GrpHdr")
    _add(head, "MsgId", order.message_id)
    _add(head, "CreDtTm", order.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    _count(head, order)
    _add(_add(head, "InitgPty"), "Nm", _text(order.debtor.name, NAME_MOST))
    information = _add(initiation, "PmtInf")
    _add(information, "PmtInfId", order.message_id)
    _add(information, "PmtMtd", "TRF")
    _count(information, order)
    _add(_add(information, "ReqdExctnDt"), "Dt", order.execution_date.isoformat())
    _add(_add(information, "Dbtr"), "Nm", _text(order.debtor.name, NAME_MOST))
    _account(information, "DbtrAcct", order.debtor)
    _agent(information, "DbtrAgt", order.debtor)
    for one in order.transfers:
        _transfer(information, one, order)
    return etree.tostring(document, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _transfer(information: etree._Element, one: TransferOut, order: PaymentOrder) -> None:
    transfer = _add(information, "CdtTrfTxInf")
    names = _add(transfer, "PmtId")
    _add(names, "InstrId", one.end_to_end_id)
    _add(names, "EndToEndId", one.end_to_end_id)
    amount = fixed.to_text(one.amount_minor, places=order.places)
    _add(_add(transfer, "Amt"), "InstdAmt", amount).set("Ccy", order.currency)
    if one.to.code:
        _agent(transfer, "CdtrAgt", one.to)
    _add(_add(transfer, "Cdtr"), "Nm", _text(one.to.name, NAME_MOST))
    _account(transfer, "CdtrAcct", one.to)
    _add(_add(transfer, "RmtInf"), "Ustrd", _text(one.text, TEXT_MOST))


def _count(parent: etree._Element, order: PaymentOrder) -> None:
    _add(parent, "NbOfTxs", str(len(order.transfers)))
    _add(parent, "CtrlSum", fixed.to_text(order.sum_minor, places=order.places))


def _account(parent: etree._Element, tag: str, bank: Bank) -> None:
    identity = _add(_add(parent, tag), "Id")
    number = re.sub(r"[\s-]", "", bank.number).upper()
    if IBAN.fullmatch(number):
        _add(identity, "IBAN", number)
    else:
        _add(_add(identity, "Othr"), "Id", number[:ACCOUNT_MOST])


def _agent(parent: etree._Element, tag: str, bank: Bank) -> None:
    institution = _add(_add(parent, tag), "FinInstnId")
    if BIC.fullmatch(bank.code):
        _add(institution, "BICFI", bank.code)
    elif bank.code:
        _add(_add(institution, "ClrSysMmbId"), "MmbId", bank.code[:CODE_MOST])
    else:
        _add(_add(institution, "Othr"), "Id", NOT_PROVIDED)


def _add(parent: etree._Element, tag: str, text: str = "") -> etree._Element:
    child = etree.SubElement(parent, f"{{{NAMESPACE}}}{tag}")
    if text:
        child.text = text
    return child


def _text(text: str, most: int) -> str:
    """Return a text without signs that no file can hold; empty ones are not allowed."""
    plain = "".join(sign if unicodedata.category(sign)[0] != "C" else " " for sign in text)
    return " ".join(plain.split())[:most] or "-"
