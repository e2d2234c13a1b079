"""
What a bank says of a file of debits: pain.002 of ISO 20022, versions 001.03 and later, told by their namespace.

Nothing outside the file is asked for; one with a document type (DTD) is refused.
[source: ISO 20022, Customer Payment Status Report]
"""

import re
from dataclasses import dataclass
from typing import Any

from lxml import etree

from cis.kernel.errors import Refused

NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:pain\.002\.001\.(\d{2})")
VERSION_LEAST = 3
REJECTED = "RJCT"
Element = Any
BYTES_MOST = 64 * 2**20


class BadReport(Refused):
    """The file is no report of a bank that can be read."""

    code = "bad_debit_report"


@dataclass(frozen=True, slots=True)
class Rejection:
    """
    What a bank did not take: the whole batch, a part of it (``block``), or one debit (``item``).

    reason  code and words, as the bank gives them
    """

    block: str
    item: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """A report on one batch. ``status``: of the whole, "" if it says none."""

    batch: str
    status: str
    rejections: tuple[Rejection, ...]


def read(content: bytes) -> Report:
    """
    Return what a bank says of a batch.

    :raises BadReport: it is no pain.002, is broken, or names no batch.
    """
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False,
                             remove_comments=True, remove_pis=True)  # fmt: skip
    try:
        root: Element = etree.fromstring(content[: BYTES_MOST + 1], parser)
    except etree.XMLSyntaxError as error:
        raise BadReport("The XML is broken.", advice="Ask the bank for the file again.") from error
    tag = etree.QName(root)
    found = NAMESPACE.fullmatch(tag.namespace or "")
    is_known = found is not None and tag.localname == "Document" and int(found.group(1)) >= VERSION_LEAST
    if not is_known or root.getroottree().docinfo.doctype:
        raise BadReport("This is no pain.002.", advice="Version 001.03 or later, as the bank sends it.")
    body = root.find("{*}CstmrPmtStsRpt")
    batch = "" if body is None else _text(body, "OrgnlGrpInfAndSts/OrgnlMsgId")
    if body is None or not batch:
        raise BadReport("The report names no batch.", advice="Ask the bank for a complete file.")
    status = _text(body, "OrgnlGrpInfAndSts/GrpSts")
    rejections = [Rejection("", "", _reason(body.find("{*}OrgnlGrpInfAndSts")))] if status == REJECTED else []
    for block in body.findall("{*}OrgnlPmtInfAndSts"):
        name = _text(block, "OrgnlPmtInfId")
        if _text(block, "PmtInfSts") == REJECTED:
            rejections.append(Rejection(name, "", _reason(block)))
        rejections += [
            Rejection(name, _text(item, "OrgnlEndToEndId"), _reason(item) or _reason(block))
            for item in block.findall("{*}TxInfAndSts")
            if _text(item, "TxSts") == REJECTED
        ]
    return Report(batch, status, tuple(rejections))


def _reason(element: Element | None) -> str:
    if element is None:
        return ""
    said = []
    for one in element.findall("{*}StsRsnInf"):
        said += [_text(one, "Rsn/Cd") or _text(one, "Rsn/Prtry")]
        said += [(more.text or "").strip() for more in one.findall("{*}AddtlInf")]
    return " ".join(filter(None, said))


def _text(element: Element, path: str) -> str:
    found = element.find("/".join(f"{{*}}{name}" for name in path.split("/")))
    return "" if found is None or found.text is None else found.text.strip()
