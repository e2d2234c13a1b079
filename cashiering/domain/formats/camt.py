"""
Statements and notifications of ISO 20022: camt.053 and camt.054, versions 001.02 and later, told by their namespace.

The file is read entry by entry. Nothing outside it is asked for; a file with a document type (DTD) is refused, so no
entity can be in it. [source: ISO 20022, Bank-to-Customer Cash Management; message definitions camt.053, camt.054]
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, BinaryIO

from lxml import etree

from cashiering.domain.statements import (
    NAME_MOST,
    REFERENCE_MOST,
    TEXT_MOST,
    Fault,
    Line,
    Statement,
    StatementFormat,
    refuse,
)
from cis.kernel import fixed
from cis.kernel.errors import Refused

NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:(camt\.05[34])\.001\.(\d{2})")
VERSION_LEAST = 2
READ = ("Document", "Stmt", "Ntfctn", "Ntry")
"""Elements that are stopped at: the others are read from inside them, or passed over."""

ORIGINAL_MOST = 300
OPENING = ("OPBD", "PRCD")
CLOSING = ("CLBD",)
NOT_GIVEN = frozenset({"NOTPROVIDED", "NOT PROVIDED", "NONREF"})
Element = Any


@dataclass(slots=True)
class _Reader:
    """
    Where the reading of a file stands.

    texts    of the entry that is read and of each of its details, the first text of each path inside it
    several  the paths that stand in them more than once
    """

    places: int
    name: str
    format: StatementFormat = StatementFormat.CAMT_053
    prefix: str = ""
    entry: int = 0
    current: Statement | None = None
    whole: list[Statement] = field(default_factory=list)
    texts: dict[Element, dict[str, str]] = field(default_factory=dict)
    several: set[tuple[Element, str]] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)


def read(stream: BinaryIO, *, name: str, places: int) -> list[Statement]:
    """
    Return the statements of a file; entries that the bank has not booked yet are counted and left out.

    places  decimals of the currency

    :raises StatementRefused: it is no such file, or anything in it cannot be read; each fault is named.
    """
    reader = _Reader(places, name)
    try:
        for event, element in _events(stream):
            if not reader.prefix:
                _begin(reader, element)
            elif event == "end":
                _take(reader, element)
    except etree.XMLSyntaxError as error:
        line = getattr(error, "lineno", 0) or 0
        fault = Fault(f"line {line}", "not_xml", f"The XML is broken: {error.msg}.", "Ask the bank for it again.")
        refuse([fault], name=name)
    if not reader.whole and not reader.faults:
        reader.faults.append(Fault("file", "no_statement", "There is no statement in it.", "Bring another file."))
    refuse(reader.faults, name=name)
    return reader.whole


def _events(stream: BinaryIO) -> Iterator[tuple[str, Element]]:
    events: Iterator[tuple[str, Element]] = etree.iterparse(
        stream, events=("start", "end"), tag=[f"{{*}}{name}" for name in READ], resolve_entities=False, load_dtd=False,
        no_network=True, huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    return events


def _begin(reader: _Reader, root: Element) -> None:
    if root.getroottree().docinfo.doctype:
        fault = Fault("file", "has_dtd", "The file has a document type.", "A file of a bank has none: ask for another.")
        refuse([fault], name=reader.name)
    tag = etree.QName(root)
    found = NAMESPACE.fullmatch(tag.namespace or "")
    if found is None or tag.localname != "Document" or int(found.group(2)) < VERSION_LEAST:
        fault = Fault(
            "file",
            "unknown_format",
            f"{tag.namespace or tag.localname} is no statement that can be read.",
            "camt.053 and camt.054 of version 001.02 or later, or MT940.",
        )
        refuse([fault], name=reader.name)
    else:
        reader.format, reader.prefix = StatementFormat(found.group(1)), f"{{{tag.namespace}}}"


def _take(reader: _Reader, element: Element) -> None:
    local = element.tag.removeprefix(reader.prefix) if isinstance(element.tag, str) else ""
    if local in ("Stmt", "Ntfctn"):
        statement = _statement_of(reader, element)
        _balances(reader, statement, element)
        reader.whole.append(statement)
        reader.current = None
        element.clear()
    elif local == "Ntry":
        statement = _statement_of(reader, element.getparent())
        reader.entry += 1
        reader.texts, reader.several = {element: {}}, set()
        _gather(reader, element, element, "")
        try:
            _entry(reader, statement, element)
        except Refused as refusal:
            where = _at(reader, element)
            reader.faults.append(Fault(where, refusal.code, refusal.message, refusal.advice))
        element.clear()


def _statement_of(reader: _Reader, element: Element) -> Statement:
    """Return the statement that is being read; its head stands before its entries."""
    if reader.current is None:
        reader.entry = 0
        account = _child(reader, element, "Acct")
        reader.current = Statement(
            format=reader.format,
            reference=_text(reader, element, "Id")[:REFERENCE_MOST],
            bank_account=_account(reader, element, "Acct"),
            currency="" if account is None else _text(reader, account, "Ccy"),
        )
    return reader.current


def _balances(reader: _Reader, statement: Statement, element: Element) -> None:
    for balance in element.findall(f"{reader.prefix}Bal"):
        code = _text(reader, balance, "Tp/CdOrPrtry/Cd")
        if code not in OPENING + CLOSING:
            continue
        try:
            amount, currency = _amount(reader, balance.find(f"{reader.prefix}Amt"))
            signed = amount if _is_credit(reader, balance) else -amount
            statement.currency = statement.currency or currency
            if code in CLOSING:
                statement.closing_minor, statement.closing_date = signed, _day(reader, balance, "Dt")
            else:
                statement.opening_minor = signed
        except Refused as refusal:
            where = f"balance {code} of statement {statement.reference}"
            reader.faults.append(Fault(where, refusal.code, refusal.message, refusal.advice))


def _entry(reader: _Reader, statement: Statement, entry: Element) -> None:
    status = _text(reader, entry, "Sts/Cd") or _text(reader, entry, "Sts")
    if status and status != "BOOK":
        statement.pending += 1
        return
    amount, currency = _amount(reader, entry.find(f"{reader.prefix}Amt"))
    statement.currency = statement.currency or currency
    if currency != statement.currency:
        raise _BadEntry(
            f"{currency} in a statement of {statement.currency}.", advice="Ask the bank.", code="wrong_currency"
        )
    statement.lines += _lines(reader, entry, amount=amount, is_credit=_is_credit(reader, entry))


def _lines(reader: _Reader, entry: Element, *, amount: int, is_credit: bool) -> list[Line]:
    """Return the lines of an entry: one, or those of its details where the bank books many at once."""
    details = [element for element in reader.texts if element is not entry]
    if len(details) == 1:
        return [_line(reader, entry, details[0], amount=amount, is_credit=is_credit)]
    whole = _line(reader, entry, None, amount=amount, is_credit=is_credit)
    if not details:
        return [whole]
    lines = []
    for detail in details:
        found = detail.find(f"{reader.prefix}Amt")
        if found is None:
            found = detail.find(f"{reader.prefix}AmtDtls/{reader.prefix}TxAmt/{reader.prefix}Amt")
        if found is None:
            raise _BadEntry("A part of the entry has no amount.", advice="Ask the bank for details with amounts.")
        is_credit = whole.is_credit
        if detail.find(f"{reader.prefix}CdtDbtInd") is not None:
            is_credit = _is_credit(reader, detail)
        lines.append(_line(reader, entry, detail, amount=_amount(reader, found)[0], is_credit=is_credit))
    if sum(line.signed_minor for line in lines) != whole.signed_minor:
        raise _BadEntry(
            "The parts of the entry do not add up to it.", advice="Ask the bank for it again.", code="parts_differ"
        )
    return lines


class _BadEntry(Refused):
    """An entry cannot be read."""

    code = "bad_statement_line"

    def __init__(self, message: str, *, advice: str, code: str = "bad_statement_line") -> None:
        super().__init__(message, advice=advice)
        self.code = code


def _line(reader: _Reader, entry: Element, detail: Element | None, *, amount: int, is_credit: bool) -> Line:
    if amount <= 0:
        raise _BadEntry("The amount must be more than 0.", advice="Ask the bank for it again.")
    booked = _day(reader, entry, "BookgDt")
    value = _day(reader, entry, "ValDt") or booked
    if booked is None and value is None:
        raise _BadEntry("The day on which it was booked is missing.", advice="Ask the bank for it again.")
    source = entry if detail is None else detail
    reference = _text(reader, entry, "AcctSvcrRef")[:REFERENCE_MOST]
    own = "" if detail is None else _text(reader, detail, "Refs/AcctSvcrRef")[:REFERENCE_MOST]
    reason = "" if detail is None else _reason(reader, detail)
    is_reversal = _text(reader, entry, "RvslInd") in ("true", "1")
    side = "Dbtr" if is_credit != bool(reason or is_reversal) else "Cdtr"
    return Line(
        place=_at(reader, entry),
        entry=reader.entry,
        entry_reference=reference,
        bank_reference=own or reference,
        is_credit=is_credit,
        amount_minor=amount,
        booking_date=booked or value,  # type: ignore[arg-type]  # one of them is there
        value_date=value or booked,  # type: ignore[arg-type]
        end_to_end_id=_given(_text(reader, source, "Refs/EndToEndId")),
        remittance=_remittance(reader, entry, detail)[:TEXT_MOST],
        payer_name=_party(reader, source, side)[:NAME_MOST],
        payer_account=_account(reader, source, f"RltdPties/{side}Acct"),
        is_reversal=is_reversal,
        return_reason=reason[:NAME_MOST],
        original=_original(reader, entry, source),
        charges_minor=_charges(reader, entry, detail) if reason or is_reversal else 0,
    )


def _original(reader: _Reader, entry: Element, source: Element) -> str:
    """Return by which references an earlier movement, or the batch that an entry is the sum of, may be found."""
    own = [_text(reader, source, f"Refs/{name}") for name in ("TxId", "InstrId", "PmtInfId")]
    own.append(_text(reader, entry, "NtryDtls/Btch/PmtInfId"))
    return " ".join(dict.fromkeys(filter(None, map(_given, own))))[:ORIGINAL_MOST]


def _charges(reader: _Reader, entry: Element, detail: Element | None) -> int:
    """Return what of an amount is the bank's fee for a payment that comes back. [minor unit]"""
    pre = reader.prefix
    for source in (detail, entry):
        found = [] if source is None else source.findall(f"{pre}Chrgs/{pre}Rcrd/{pre}Amt")
        found = found or ([] if source is None else source.findall(f"{pre}Chrgs/{pre}Amt"))
        if found:
            return sum(_amount(reader, one)[0] for one in found)
    return 0


def _reason(reader: _Reader, detail: Element) -> str:
    """Return why a payment comes back; "" if it does not."""
    if "RtrInf" not in reader.texts[detail]:
        return ""
    code = _text(reader, detail, "RtrInf/Rsn/Cd") or _text(reader, detail, "RtrInf/Rsn/Prtry")
    said = _all_texts(reader, detail, "RtrInf/AddtlInf")
    return " ".join(filter(None, (code, *said))) or "returned"


def _remittance(reader: _Reader, entry: Element, detail: Element | None) -> str:
    said: list[str] = []
    if detail is not None:
        pre = reader.prefix
        said += _all_texts(reader, detail, "RmtInf/Ustrd")
        found = detail.findall(f"{pre}RmtInf/{pre}Strd") if "RmtInf/Strd" in reader.texts[detail] else ()
        for one in found:
            said += [_text(reader, one, "CdtrRefInf/Ref"), _text(reader, one, "RfrdDocInf/Nb")]
            said += [part.text or "" for part in one.findall(f"{pre}AddtlRmtInf")]
        said.append(_text(reader, detail, "AddtlTxInf"))
    if not any(said):
        said.append(_text(reader, entry, "AddtlNtryInf"))
    return " ".join(" ".join(said).split())


def _party(reader: _Reader, source: Element, side: str) -> str:
    for who in (f"Ultmt{side}", side):
        for path in ("Pty/Nm", "Nm"):  # from version 001.08 on a party, before it its name
            if found := _text(reader, source, f"RltdPties/{who}/{path}"):
                return found
    return ""


def _account(reader: _Reader, element: Element, path: str) -> str:
    found = _text(reader, element, f"{path}/Id/IBAN") or _text(reader, element, f"{path}/Id/Othr/Id")
    return "".join(found.split())[:REFERENCE_MOST]


def _amount(reader: _Reader, element: Element | None) -> tuple[int, str]:
    if element is None or not element.text:
        raise _BadEntry("The amount is missing.", advice="Ask the bank for it again.")
    return fixed.parse(element.text.strip(), places=reader.places), element.get("Ccy", "")


def _is_credit(reader: _Reader, element: Element) -> bool:
    said = _text(reader, element, "CdtDbtInd")
    if said not in ("CRDT", "DBIT"):
        raise _BadEntry("It is not said whether it is credit or debit.", advice="Ask the bank for it again.")
    return said == "CRDT"


def _day(reader: _Reader, element: Element, name: str) -> date | None:
    said = _text(reader, element, f"{name}/Dt") or _text(reader, element, f"{name}/DtTm")[:10]
    if not said:
        return None
    try:
        return date.fromisoformat(said[:10])
    except ValueError as error:
        raise _BadEntry(f"{said[:20]!r} is no date.", advice="Dates are written as 2026-11-28.") from error


def _child(reader: _Reader, element: Element, name: str) -> Element | None:
    return element.find(f"{reader.prefix}{name}")


@cache
def _qualified(prefix: str, path: str) -> str:
    """Return a path with the namespace before each name; there are a few dozen of them."""
    return "/".join(f"{prefix}{name}" for name in path.split("/"))


def _gather(reader: _Reader, whole: Element, element: Element, path: str) -> None:
    """
    Keep the texts of an entry, or of a detail of it, by their paths: it is walked once, and not for each text.

    :param path: of the element inside what is gathered, with a stroke at its end.
    """
    texts, size = reader.texts[whole], len(reader.prefix)
    for child in element:
        tag = child.tag
        if not isinstance(tag, str) or not tag.startswith(reader.prefix):
            continue
        here = path + tag[size:]
        if here == "NtryDtls/TxDtls":
            reader.texts[child] = {}
            _gather(reader, child, child, "")
            continue
        if here in texts:
            reader.several.add((whole, here))
        else:
            texts[here] = (child.text or "").strip()
        if len(child):
            _gather(reader, whole, child, f"{here}/")


def _all_texts(reader: _Reader, element: Element, path: str) -> list[str]:
    """Return all texts of a path in an entry or a detail."""
    if (element, path) in reader.several:
        return [one.text or "" for one in element.findall(_qualified(reader.prefix, path))]
    return [reader.texts[element][path]] if path in reader.texts[element] else []


def _text(reader: _Reader, element: Element, path: str) -> str:
    known = reader.texts.get(element)
    if known is not None:
        return known.get(path, "")
    found = element.find(_qualified(reader.prefix, path))
    return "" if found is None or found.text is None else found.text.strip()


def _given(reference: str) -> str:
    return "" if reference.upper() in NOT_GIVEN else reference[:REFERENCE_MOST]


def _at(reader: _Reader, entry: Element) -> str:
    return f"entry {reader.entry} (line {entry.sourceline or 0})"
