"""
Settlement files as camt.054: one entry is one batch of money, each of its details one transaction with its charges.

    Document/BkToCstmrDbtCdtNtfctn/Ntfctn/Ntry
        AcctSvcrRef               name of the batch, as the bank's line carries it
        Amt, CdtDbtInd            what the bank must show
        BookgDt/Dt                the day on which it is brought
        NtryDtls/Btch/NbOfTxs     how many details there are; may be left out
        NtryDtls/TxDtls
            Refs/EndToEndId       our name of the payment; NOTPROVIDED: a fee alone
            Refs/TxId             the provider's
            Amt, CdtDbtInd        what was paid (CRDT) or went back (DBIT)
            Chrgs/Rcrd/Amt, .../CdtDbtInd  what the provider keeps (DBIT, or left out) or gives back (CRDT)
            RltdDts/TxDtTm        when it was paid
            BkTxCd/Prtry/Cd       PAYMENT, REFUND, CHARGEBACK or FEE; may be left out

[source: ISO 20022, BankToCustomerDebitCreditNotification, message camt.054.001]
"""

import re
from datetime import date
from typing import Any

from lxml import etree

from cashiering.domain.settlements import FAULTS_MOST, LINES_MOST, Line, LineKind, PayoutRefused, Report, local_day
from cis.kernel import fixed
from cis.kernel.calendar import LocalClock
from cis.kernel.errors import Findings
from cis.kernel.fixed import NotANumber

NAMESPACE = re.compile(r"\{urn:iso:std:iso:20022:tech:xsd:camt\.054\.001\.\d{2}\}Document")
NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}")
NOT_GIVEN = frozenset({"", "NOTPROVIDED"})
AGAIN = "Ask the provider for the file again."
Element = Any


def read(content: bytes, *, currency: str, places: int, today: date, clock: LocalClock) -> Report:
    """
    Read a settlement file that is a camt.054.

    :raises PayoutRefused: anything in it is wrong, with each fault and what mends it, or it does not add up.
    """
    entry, faults = _entry(content), Findings()
    details = entry.findall("{*}NtryDtls/{*}TxDtls")
    lines = []
    for number, detail in enumerate(details[:LINES_MOST], start=1):
        where = f"detail {number}, line {detail.sourceline}"
        lines.append(_line(detail, where, number, currency, places, faults, day=_day(detail, where, clock, faults)))
        if len(faults) >= FAULTS_MOST:
            break
    if len(details) > LINES_MOST:
        faults.add("file", "too_many", f"There are more than {LINES_MOST} details.", "Ask for one batch a file.")
    days = [line.day for line in lines if line.day is not None]
    report = Report(
        _text(entry, "AcctSvcrRef"), _settled(entry, today, faults), tuple(lines),
        sum(line.gross_minor for line in lines), sum(line.fee_minor for line in lines),
        from_date=min(days, default=None), until_date=max(days, default=None),
    )  # fmt: skip
    if not NAME.fullmatch(report.reference):
        faults.add("Ntry/AcctSvcrRef", "no_batch", "The batch has no name.", "It is what the bank's line carries.")
    if report.until_date and report.until_date > report.paid_date:
        faults.add("Ntry/BookgDt", "bad_day", "A transaction is later than the day of the batch.", AGAIN)
    net, told = _signed(entry, "entry", currency, places, faults), _text(entry, "NtryDtls/{*}Btch/{*}NbOfTxs")
    if not faults and (not lines or net != report.net_minor or told not in {"", str(len(lines))}):
        came = fixed.to_text(report.net_minor, places=places)
        text = f"{len(lines)} details come to {came} less fees; the entry says otherwise."
        faults.add("Ntry/Amt", "sum_differs", text, AGAIN)
    faults.raise_if_any(PayoutRefused)
    return report


def _entry(content: bytes) -> Element:
    """Return the one entry of a file; no entity is resolved, and nothing outside is asked for."""
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise PayoutRefused("The file has a document type, which none needs.", advice=AGAIN)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise PayoutRefused(f"The XML is broken: {error}.", advice=AGAIN) from error
    if not NAMESPACE.fullmatch(str(root.tag)):
        raise PayoutRefused("The file is no camt.054.", advice="Upload the breakdown, not the bank's statement.")
    entries = root.findall("{*}BkToCstmrDbtCdtNtfctn/{*}Ntfctn/{*}Ntry")
    if len(entries) != 1:
        raise PayoutRefused(f"The file has {len(entries)} entries.", advice="Ask for one batch a file.")
    return entries[0]


def _line(
    detail: Element, where: str, number: int, currency: str, places: int, faults: Findings, *, day: date | None
) -> Line:  # fmt: skip
    gross = _signed(detail, where, currency, places, faults)
    fee = -sum(
        _signed(charge, where, currency, places, faults, otherwise="DBIT")
        for charge in detail.findall("{*}Chrgs/{*}Rcrd")
    )
    reference, payment = (_text(detail, f"Refs/{{*}}{name}") for name in ("EndToEndId", "TxId"))
    reference, payment = ("" if one in NOT_GIVEN else one for one in (reference, payment))
    for one in (reference, payment):
        if one and not NAME.fullmatch(one):
            text = f"{one[:40]!r} is no number of a payment."
            faults.add(where, "bad_name", text, "It has letters, digits, point and dash, and is no formula.")
    code = _text(detail, "BkTxCd/{*}Prtry/{*}Cd").lower()
    if code and code not in set(LineKind):
        faults.add(where, "other_kind", f"{code[:40]!r} is no kind of transaction.", "Ask us for this kind.")
        code = ""
    plain = LineKind.PAYMENT if gross > 0 else LineKind.REFUND if gross else LineKind.FEE
    kind = LineKind(code) if code else plain
    if (kind is LineKind.PAYMENT and gross < 0) or (kind in {LineKind.REFUND, LineKind.CHARGEBACK} and gross > 0):
        faults.add(where, "bad_sign", "A payment comes in, and what went back goes out.", "Ask what the detail is.")
    return Line(number, reference, gross, fee, kind=kind, payment=payment, day=day)


def _signed(
    element: Element, where: str, currency: str, places: int, faults: Findings, *, otherwise: str = ""
) -> int:  # fmt: skip
    """Return the amount of an element, below 0 if it goes out; ``otherwise``: its direction if it names none."""
    amount, sign = element.find("{*}Amt"), _text(element, "CdtDbtInd") or otherwise
    if amount is None or amount.get("Ccy") != currency or sign not in {"CRDT", "DBIT"}:
        faults.add(where, "bad_amount", f"There is no amount in {currency} with its direction.", AGAIN)
        return 0
    try:
        found = fixed.parse((amount.text or "").strip(), places=places)
    except NotANumber:
        faults.add(where, "bad_amount", f"{(amount.text or '')[:40]!r} is no amount.", "Write it as 61.70.")
        return 0
    if found < 0:
        faults.add(where, "bad_sign", "An amount is below 0.", "Its direction is said by CdtDbtInd.")
    return found if sign == "CRDT" else -found


def _day(detail: Element, where: str, clock: LocalClock, faults: Findings) -> date | None:
    text = _text(detail, "RltdDts/{*}TxDtTm")
    try:
        return local_day(text, clock=clock)
    except ValueError:
        faults.add(where, "bad_time", f"{text[:40]!r} is no time.", "It is written as 2026-03-09T10:11:12.")
        return None


def _settled(entry: Element, today: date, faults: Findings) -> date:
    try:
        day = date.fromisoformat(_text(entry, "BookgDt/{*}Dt"))
    except ValueError:
        day = date.max
    if day > today:
        faults.add("Ntry/BookgDt", "bad_day", "The day of the batch is missing, or still to come.", AGAIN)
    return day


def _text(element: Element, path: str) -> str:
    return (element.findtext(f"{{*}}{path}") or "").strip()
