"""
Files by which providers say what they bring: our CSV (``settlements``), bills of wallets (``wallet_bills``), or
camt.054 with its details (``settlement_camt``).
"""

import re
from datetime import date

from cashiering.domain import settlements
from cashiering.domain.formats import settlement_camt, wallet_bills
from cashiering.domain.settlements import PayoutRefused, Report
from cis.kernel.calendar import LocalClock

BYTES_MOST = 20 * 2**20
ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def read(content: bytes, *, currency: str, places: int, today: date, clock: LocalClock) -> Report:
    """
    Read a file of any format, which is told by how it begins; CSV in UTF-8, with or without its mark, or GB18030.

    places  decimals of the currency
    clock   of the place, which says on which day a time with an offset is

    :raises PayoutRefused: it is too large, an archive, no text, or has faults; nothing of it is taken.
    """
    if len(content) > BYTES_MOST:
        raise PayoutRefused("The report is too large.", advice="Ask the provider for one payout.")
    if content[:100].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return settlement_camt.read(content, currency=currency, places=places, today=today, clock=clock)
    text = _text(content)
    if wallet_bills.is_one(text):
        return wallet_bills.read(text=text, currency=currency, places=places, today=today, clock=clock)
    return settlements.read(text=text, currency=currency, places=places, today=today)


def _text(content: bytes) -> str:
    if content.startswith(ARCHIVES):
        raise PayoutRefused("The file is an archive.", advice="Unpack it, and upload the CSV that is in it.")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise PayoutRefused("The report is no text in UTF-8 or GB18030.", advice="Ask the provider for it again.")
    found = CONTROL.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise PayoutRefused(
            f"Line {line} has a control character, as no text has.", advice="Upload the CSV as it was downloaded."
        )
    return text
