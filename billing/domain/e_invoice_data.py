"""
An e-invoice as data: our own format ``wattline-e-invoice``, version 1, as XML and JSON.

It is not the format of the tax administration, and claims nothing of it. Amounts are decimal texts in yuan; "rate" is a
decimal text, "0" with "taxed": false where nothing is taxed.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lxml import etree

from billing.domain.e_invoices import PRICE_PLACES, Line

FORMAT: Final = "wattline-e-invoice"
VERSION: Final = "1"
_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
CENTS: Final = 2

Facts = Mapping[str, Any]
"""What an invoice says: texts, and tables of texts."""


def decimal(value: int, *, places: int) -> str:
    """Return an integer with so many decimals as a decimal text, as -54.60."""
    sign, digits = "-" if value < 0 else "", str(abs(value)).zfill(places + 1)
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def lines(rows: Sequence[Line]) -> list[dict[str, Any]]:
    """Return lines as the format writes them."""
    return [
        {
            "seq": row.seq,
            "blue_seq": row.blue_seq,
            "name": row.name,
            "category": row.category,
            "nature": row.nature.value,
            "unit": row.unit,
            "quantity": plain(row.quantity, places=row.places) if row.price_e10 is not None else "",
            "price": plain(row.price_e10, places=PRICE_PLACES) if row.price_e10 is not None else "",
            "net": decimal(row.net_minor, places=CENTS),
            "rate": plain(row.rate_e6, places=6),
            "percent": plain(row.rate_e6, places=4),
            "taxed": bool(row.rate_e6),
            "tax": decimal(row.tax_minor, places=CENTS),
        }
        for row in rows
    ]


def plain(value: int, *, places: int) -> str:
    """Return a decimal text without zeros at its end."""
    text = decimal(value, places=places)
    return text.rstrip("0").rstrip(".") if "." in text else text


def as_json(facts: Facts) -> bytes:
    """Return an invoice as JSON."""
    head = {"format": FORMAT, "version": VERSION}
    return json.dumps({**head, **facts}, ensure_ascii=False, indent=1).encode()


def as_xml(facts: Facts) -> bytes:
    """Return an invoice as XML, well-formed whatever the texts hold: signs that XML cannot hold are left out."""
    root = etree.Element("e-invoice", format=FORMAT, version=VERSION)
    _put(root, facts)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _put(parent: Any, facts: Facts) -> None:
    for name, value in facts.items():
        if isinstance(value, Mapping):
            _put(etree.SubElement(parent, name), value)
        elif isinstance(value, list):
            table = etree.SubElement(parent, name)
            for row in value:
                _put(etree.SubElement(table, name.removesuffix("s")), row)
        else:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            etree.SubElement(parent, name).text = _NOT_IN_XML.sub("", text)
