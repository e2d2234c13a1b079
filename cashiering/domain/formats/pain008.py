"""
Direct debits for a bank: pain.008.001.02 and pain.008.001.08 of ISO 20022.

The same file is written from the same facts, byte by byte: so what was sent can be proved, and what is sent again is
known by the bank. [source: ISO 20022, Customer Direct Debit Initiation; for the use in SEPA EPC130-08]
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from itertools import groupby
from typing import Any

from lxml import etree

from cashiering.domain.bank_accounts import AccountKind, BankAccount
from cashiering.domain.debits import SequenceType
from cis.kernel import fixed

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.008.001."
NAME_MOST = 70
TEXT_MOST = 140
ID_MOST = 35
LATIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-?:().,'+ ")
"""What every bank of SEPA takes. [source: EPC217-08, best practices on character sets]"""
_SPELT = {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "æ": "ae", "Æ": "AE", "ø": "oe",
          "Ø": "OE", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "&": "+", "_": "-"}  # fmt: skip
Element = Any
_NOT_PROVIDED = "NOTPROVIDED"


class Version(StrEnum):
    """Versions of the message that are written."""

    V02 = "02"
    V08 = "08"


class Characters(StrEnum):
    """Which signs a bank takes in names and texts: LATIN alone, or all that can be printed (UNICODE)."""

    LATIN = "latin"
    UNICODE = "unicode"


@dataclass(frozen=True, slots=True, kw_only=True)
class Creditor:
    """Who collects: ``scheme_id`` is the creditor identifier; the money comes to ``account``."""

    name: str
    scheme_id: str
    account: BankAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """
    How a bank wants the file.

    service_level, local_instrument  codes of the scheme, as SEPA and CORE; "": they are left out
    places                           decimals of the currency
    """

    version: Version
    characters: Characters
    service_level: str
    local_instrument: str
    currency: str
    places: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """
    One debit.

    holder    who owns the account; ``customer`` is another one who owes the money, else ""
    """

    name: str
    amount_minor: int
    collection_date: date
    sequence: SequenceType
    mandate: str
    signed_date: date
    holder: str
    customer: str
    account: BankAccount
    text: str


def block_name(batch: str, *, sequence: str, collection_date: date) -> str:
    """Return the name of the part of a batch that has one sequence type and one day (PmtInfId)."""
    return f"{batch}-{sequence}-{collection_date:%Y%m%d}"


def plain(text: str, *, characters: Characters, most: int) -> str:
    """
    Return a text in signs that the bank takes: accents go, letters are spelt, what cannot be is a full stop.

    Two slashes, or one at either end, are of the bank's own grammar, and are replaced.
    """
    found = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    if characters is Characters.LATIN:
        spelt = "".join(_SPELT.get(char, char) for char in unicodedata.normalize("NFC", found))
        bare = "".join(char for char in unicodedata.normalize("NFKD", spelt) if not unicodedata.combining(char))
        found = "".join(char if char in LATIN else "." for char in bare)
    while "//" in found:
        found = found.replace("//", "/")
    return found[:most].strip(" /") or "."


def write(*, batch: str, created_at: datetime, creditor: Creditor, items: Sequence[Item], form: Format) -> bytes:
    """
    Return the file of a batch: a part for each sequence type and day, counts and sums in its head and in each part.

    created_at  instant at which the batch was made
    """
    maker = _Maker(form)
    spaces: Any = {None: NAMESPACE + form.version}
    root = etree.Element(maker.tag("Document"), nsmap=spaces)
    message = maker.add(root, "CstmrDrctDbtInitn")
    head = maker.add(message, "GrpHdr")
    maker.add(head, "MsgId", batch)
    maker.add(head, "CreDtTm", created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    _sums(maker, head, items)
    maker.add(maker.add(head, "InitgPty"), "Nm", maker.text(creditor.name, NAME_MOST))
    ordered = sorted(items, key=lambda item: (item.collection_date, item.sequence, item.name))
    for (day, sequence), block in groupby(ordered, key=lambda item: (item.collection_date, item.sequence)):
        _block(maker, message, block_name(batch, sequence=sequence, collection_date=day), creditor, list(block))
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return written


class _Maker:
    """Makes elements of one namespace."""

    def __init__(self, form: Format) -> None:
        self.form = form
        self.bic = "BIC" if form.version is Version.V02 else "BICFI"

    def tag(self, name: str) -> str:
        """Return a name with its namespace."""
        return f"{{{NAMESPACE}{self.form.version}}}{name}"

    def add(self, parent: Element, path: str, text: str | None = None) -> Element:
        """Add the elements of a path; return the last."""
        for name in path.split("/"):
            parent = etree.SubElement(parent, self.tag(name))
        parent.text = text
        return parent

    def text(self, given: str, most: int) -> str:
        """Return a text as the bank takes it."""
        return plain(given, characters=self.form.characters, most=most)

    def money(self, amount_minor: int) -> str:
        """Return an amount in major units with all its decimals."""
        return fixed.to_text(amount_minor, places=self.form.places)


def _sums(maker: _Maker, parent: Element, items: Sequence[Item]) -> None:
    maker.add(parent, "NbOfTxs", str(len(items)))
    maker.add(parent, "CtrlSum", maker.money(sum(item.amount_minor for item in items)))


def _block(maker: _Maker, message: Element, name: str, creditor: Creditor, items: Sequence[Item]) -> None:
    form = maker.form
    block = maker.add(message, "PmtInf")
    maker.add(block, "PmtInfId", name)
    maker.add(block, "PmtMtd", "DD")
    maker.add(block, "BtchBookg", "true")
    _sums(maker, block, items)
    kind = maker.add(block, "PmtTpInf")
    if form.service_level:
        maker.add(kind, "SvcLvl/Cd", form.service_level)
    if form.local_instrument:
        maker.add(kind, "LclInstrm/Cd", form.local_instrument)
    maker.add(kind, "SeqTp", items[0].sequence.value)
    maker.add(block, "ReqdColltnDt", items[0].collection_date.isoformat())
    maker.add(block, "Cdtr/Nm", maker.text(creditor.name, NAME_MOST))
    _account(maker, maker.add(block, "CdtrAcct"), creditor.account)
    _agent(maker, maker.add(block, "CdtrAgt"), creditor.account)
    maker.add(block, "ChrgBr", "SLEV")
    scheme = maker.add(block, "CdtrSchmeId/Id/PrvtId/Othr")
    maker.add(scheme, "Id", creditor.scheme_id)
    if form.service_level:
        maker.add(scheme, "SchmeNm/Prtry", form.service_level)
    for item in items:
        _item(maker, block, item)


def _item(maker: _Maker, block: Element, item: Item) -> None:
    one = maker.add(block, "DrctDbtTxInf")
    maker.add(one, "PmtId/EndToEndId", item.name)
    maker.add(one, "InstdAmt", maker.money(item.amount_minor)).set("Ccy", maker.form.currency)
    mandate = maker.add(one, "DrctDbtTx/MndtRltdInf")
    maker.add(mandate, "MndtId", item.mandate)
    maker.add(mandate, "DtOfSgntr", item.signed_date.isoformat())
    _agent(maker, maker.add(one, "DbtrAgt"), item.account)
    maker.add(one, "Dbtr/Nm", maker.text(item.holder, NAME_MOST))
    _account(maker, maker.add(one, "DbtrAcct"), item.account)
    if item.customer:
        maker.add(one, "UltmtDbtr/Nm", maker.text(item.customer, NAME_MOST))
    maker.add(one, "RmtInf/Ustrd", maker.text(item.text, TEXT_MOST))


def _account(maker: _Maker, parent: Element, account: BankAccount) -> None:
    maker.add(parent, "Id/IBAN" if account.kind is AccountKind.IBAN else "Id/Othr/Id", account.number)


def _agent(maker: _Maker, parent: Element, account: BankAccount) -> None:
    bank = maker.add(parent, "FinInstnId")
    if account.kind is AccountKind.CN:
        member = maker.add(bank, "ClrSysMmbId")
        maker.add(member, "ClrSysId/Cd", "CNAPS")
        maker.add(member, "MmbId", account.bank_code)
    elif account.bank_code:
        maker.add(bank, maker.bic, account.bank_code)
    else:
        maker.add(bank, "Othr/Id", _NOT_PROVIDED)
