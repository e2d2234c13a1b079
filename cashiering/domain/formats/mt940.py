"""
Customer statements of SWIFT: MT940.

It is read here and not by a library, for each line that cannot be read must be named; the library mt-940 is the oracle
of the tests. [source: SWIFT Standards MT, category 9, MT 940: fields 20, 25, 28C, 60, 61, 62, 86]
"""

import re
from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import date
from typing import BinaryIO

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

TAG = re.compile(r":(\d{2}[A-Z]?):(.*)", re.DOTALL)
BALANCE = re.compile(r"([CD])(\d{6})([A-Z]{3})(\d{1,12}(?:,\d{0,3})?)")
MOVEMENT = re.compile(
    r"(?P<value>\d{6})(?P<entry>\d{4})?(?P<mark>R?[CD])(?P<funds>[A-Z])?(?P<amount>\d{1,12}(?:,\d{0,3})?)"
    r"(?P<type>[A-Z][A-Z0-9]{3})(?P<own>[^\n]*?)(?://(?P<bank>[^\n]*))?(?:\n(?P<more>.*))?",
    re.DOTALL,
)
PART = re.compile(r"\?(\d{2})")
WORD = re.compile(r"/([A-Z]{3,5})/([^/]*)")
SEPA_REFERENCE = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE)\+")
REASON = re.compile(r"(?:RETURN|RTRN|RTN|RETOURE|退票|退汇)")
HALF_CENTURY = 80
HALF_YEAR = 6


class BadLine(Refused):
    """A line of the file cannot be read."""

    code = "bad_statement_line"


@dataclass(frozen=True, slots=True)
class _Field:
    """A field: its tag, its text, the line where it begins."""

    tag: str
    text: str
    line_no: int


def read(stream: BinaryIO, *, name: str, places: int) -> list[Statement]:
    """
    Return the statements of a file; a statement of several pages is one for each page.

    places  decimals of the currency

    :raises StatementRefused: it is no such file, or anything in it cannot be read; each fault is named.
    """
    faults: list[Fault] = []
    statements: list[Statement] = []
    for one in _fields(_decoded(stream.read(), name), faults):
        if one.tag == "20":
            statements.append(Statement(format=StatementFormat.MT940, reference="", bank_account="", currency=""))
        if not statements:
            faults.append(
                Fault(f"line {one.line_no}", "no_statement", "A field before any :20:.", "Bring a whole file.")
            )
            break
        try:
            _take(statements[-1], one, places)
        except Refused as refusal:
            faults.append(Fault(f"line {one.line_no}", refusal.code, refusal.message, refusal.advice))
    if not statements and not faults:
        faults.append(Fault("file", "no_statement", "There is no statement in it.", "Bring another file."))
    refuse(faults, name=name)
    return statements


def _decoded(content: bytes, name: str) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    refuse([Fault("file", "bad_text", "The text is in no known encoding.", "UTF-8 or GB18030.")], name=name)
    raise AssertionError  # refused above


def _fields(text: str, faults: list[Fault]) -> list[_Field]:
    fields: list[_Field] = []
    for line_no, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip("\x01\x03 \t")
        if not line or line in ("-", "-}") or line.startswith("{"):
            inner = line.find(":20:")
            if inner < 0:
                continue
            line = line[inner:]
        if found := TAG.fullmatch(line):
            fields.append(_Field(found.group(1), found.group(2), line_no))
        elif fields:
            last = fields[-1]
            fields[-1] = _Field(last.tag, f"{last.text}\n{line}", last.line_no)
        else:
            faults.append(
                Fault(f"line {line_no}", "unknown_format", "This is no MT940.", "camt.053, camt.054 or MT940.")
            )
            break
    return fields


def _take(statement: Statement, one: _Field, places: int) -> None:
    text = one.text
    if one.tag == "20":
        statement.reference = text.strip()
    elif one.tag == "25":
        statement.bank_account = "".join(text.split())[:REFERENCE_MOST]
    elif one.tag == "28C":
        statement.reference = f"{statement.reference} {text.strip()}".strip()[:REFERENCE_MOST]
    elif one.tag in ("60F", "60M"):
        statement.opening_minor, _on, statement.currency = _balance(text, places)
    elif one.tag in ("62F", "62M"):
        statement.closing_minor, statement.closing_date, _currency = _balance(text, places)
    elif one.tag == "61":
        statement.lines.append(_line(text, one.line_no, len(statement.lines) + 1, places))
    elif one.tag == "86" and statement.lines and statement.closing_minor is None:
        statement.lines[-1] = _explained(statement.lines[-1], text)


def _balance(text: str, places: int) -> tuple[int, date, str]:
    found = BALANCE.fullmatch(text.strip())
    if found is None:
        raise BadLine(f"{text[:40]!r} is no balance.", advice="As C261128CNY1234,56.")
    amount = _amount(found.group(4), places)
    return (amount if found.group(1) == "C" else -amount), _day(found.group(2)), found.group(3)


def _line(text: str, line_no: int, entry: int, places: int) -> Line:
    found = MOVEMENT.fullmatch(text)
    if found is None:
        raise BadLine(f"{text[:60]!r} is no movement.", advice="As 2611281128C61,70NTRFBILL42//BANK9.")
    value = _day(found["value"])
    mark, amount = found["mark"], _amount(found["amount"], places)
    if not amount:
        raise BadLine("The amount must be more than 0.", advice="Ask the bank for it again.")
    own = found["own"].strip()
    bank = (found["bank"] or "").strip()
    more = " ".join((found["more"] or "").split())
    return Line(
        place=f"line {line_no}",
        entry=entry,
        entry_reference=bank,
        bank_reference=bank,
        is_credit=mark in ("C", "RD"),
        amount_minor=amount,
        booking_date=_entry_day(found["entry"], value),
        value_date=value,
        end_to_end_id="" if own in ("NONREF", "") else own,
        remittance=more[:TEXT_MOST],
        is_reversal=mark.startswith("R"),
        return_reason="RTI" if found["type"][1:] == "RTI" else "",
    )


def _explained(line: Line, text: str) -> Line:
    """Return a line with what field 86 says: in parts (?20, ?32), in words (/REMI/), or as plain text."""
    parts = PART.split(text.replace("\n", ""))
    if len(parts) > 1:
        return _by_parts(line, list(zip(parts[1::2], parts[2::2], strict=True)))
    flat = " ".join(text.split())
    words = dict(WORD.findall(text.replace("\n", "")))
    if not words:
        return replace(line, remittance=f"{line.remittance} {flat}".strip()[:TEXT_MOST])
    name = words.get("NAME") or words.get("ORDP") or words.get("BENM") or ""
    return replace(
        line,
        remittance=(words.get("REMI") or flat).strip()[:TEXT_MOST],
        payer_name=name.strip()[:NAME_MOST],
        payer_account=words.get("IBAN", "").strip()[:REFERENCE_MOST],
        end_to_end_id=words.get("EREF", line.end_to_end_id).strip()[:REFERENCE_MOST],
        return_reason=(words.get("RTRN") or line.return_reason).strip(),
    )


def _by_parts(line: Line, parts: list[tuple[str, str]]) -> Line:
    purpose = "".join(text for code, text in parts if "20" <= code <= "29" or "60" <= code <= "63")
    pieces = SEPA_REFERENCE.split(purpose)
    said = dict(zip(pieces[1::2], pieces[2::2], strict=True))
    return replace(
        line,
        remittance=(said.get("SVWZ") or purpose).strip()[:TEXT_MOST],
        end_to_end_id=(said.get("EREF") or line.end_to_end_id).strip()[:REFERENCE_MOST],
        payer_name="".join(text for code, text in parts if code in ("32", "33")).strip()[:NAME_MOST],
        payer_account="".join(text for code, text in parts if code == "31").strip()[:REFERENCE_MOST],
        return_reason="".join(text for code, text in parts if code == "34").strip() or line.return_reason,
    )


def _amount(text: str, places: int) -> int:
    whole, _comma, decimals = text.partition(",")
    return fixed.parse(f"{whole}.{decimals}" if decimals else whole, places=places)


def _day(text: str) -> date:
    year = int(text[:2])
    try:
        return date(year + (1900 if year >= HALF_CENTURY else 2000), int(text[2:4]), int(text[4:6]))
    except ValueError as error:
        raise BadLine(f"{text} is no date.", advice="Dates are written as 261128.") from error


def _entry_day(text: str | None, value: date) -> date:
    """Return the day of booking: it has no year, and is near the value date."""
    if not text:
        return value
    month, day = int(text[:2]), int(text[2:])
    year = value.year + (1 if value.month - month > HALF_YEAR else -1 if month - value.month > HALF_YEAR else 0)
    if not 1 <= month <= 12 or not 1 <= day <= monthrange(year, month)[1]:  # noqa: PLR2004 (months)
        raise BadLine(f"{text} is no day of a year.", advice="Days are written as 1128.")
    return date(year, month, day)
