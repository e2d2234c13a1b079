"""How an address stands on an envelope: in the order that the post of its country reads."""

import re
from typing import Final

LARGE_FIRST: Final = frozenset({"cn", "jp", "kr", "tw"})
"""Countries whose own letters go from the large to the small, with the name last."""
LINES_MOST: Final = 6
_HAN: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_CODE: Final = re.compile(r"(?<![0-9])[0-9]{6}(?![0-9])", re.ASCII)


def lines(*, name: str, address: str, country: str) -> tuple[str, ...]:
    """
    Return the lines of an envelope, at most six: what would be more stands on the last.

    In China the postal code, the address, then the name. Elsewhere, and where an address is not written in the letters
    of such a country, the name, then each part of the address on a line of its own.
    [source: GB/T 1416 (envelopes); UPU S42 (order of the parts of an address)]

    :param country: ISO 3166 in small letters.
    """
    if country in LARGE_FIRST and _HAN.search(address):
        code = _CODE.search(address) if country == "cn" else None
        rest = address.replace(code.group(), "", 1).strip(" ,，") if code else address.strip()
        return tuple(part for part in (code.group() if code else "", rest, name) if part)
    parts = [part.strip() for part in re.split(r"[,\n]", address) if part.strip()]
    if len(parts) > LINES_MOST - 1:
        parts = [*parts[: LINES_MOST - 2], ", ".join(parts[LINES_MOST - 2 :])]
    return (name, *parts)
