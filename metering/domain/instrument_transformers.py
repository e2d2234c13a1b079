"""Instrument transformers before a meter: what they divide by is what its counters are multiplied with."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from cis.kernel.errors import Refused
from metering.domain.places import MULTIPLIER_MOST

LINES_MOST = 12
SERIAL_MOST = 40
_LINE = re.compile(
    r"(ct|vt)\s+(\S{1,40})\s+([0-9]{1,7})\s*/\s*([0-9]{1,5})(?:\s+(\S{1,10}))?", re.ASCII | re.IGNORECASE
)


class BadTransformers(Refused):
    """Transformers that cannot be before one meter: unlike ratios, or a product that is no multiplier."""

    code = "bad_transformers"


class TransformerKind(StrEnum):
    """CT: of currents (200/5 A); VT: of voltages (10000/100 V)."""

    CT = "ct"
    VT = "vt"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTransformer:
    """An instrument transformer; ``accuracy``: its class, "" = nobody said. primary, secondary [A or V]"""

    kind: TransformerKind
    serial: str
    primary: int
    secondary: int
    accuracy: str = ""

    @property
    def ratio(self) -> Fraction:
        """Return what it divides by."""
        return Fraction(self.primary, self.secondary)


def parse(text: str) -> tuple[NewTransformer, ...]:
    """
    Return the transformers of a text, one a line: kind, serial number, ratio, class: ``CT A123 200/5 0.2S``.

    :raises BadTransformers: a line is none, one stands twice, or there are more than 12.
    """
    found = []
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > LINES_MOST:
        raise BadTransformers(f"Up to {LINES_MOST} transformers stand before a meter.", field="transformers")
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None or not int(match.group(3)) or not int(match.group(4)):
            raise BadTransformers(f"{line[:60]!r} is no transformer.", advice="Write CT A123 200/5 0.2S.",
                                  field="transformers")  # fmt: skip
        kind, serial, primary, secondary, accuracy = match.groups()
        found.append(
            NewTransformer(
                kind=TransformerKind(kind.lower()), serial=serial, primary=int(primary), secondary=int(secondary),
                accuracy=accuracy or "",
            )
        )  # fmt: skip
    if len({(one.kind, one.serial) for one in found}) < len(found):
        raise BadTransformers("A transformer stands twice.", field="transformers")
    return tuple(found)


def multiplier_of(transformers: Sequence[NewTransformer]) -> int:
    """
    Return the multiplier of a meter behind some transformers: ratio of currents times ratio of voltages; 1 behind none.

    Counters are multiplied by it; interval values are energy already (docs/guide/read-files.md).

    :raises BadTransformers: those of a kind have unlike ratios, or the product is no whole number.
    """
    product = Fraction(1)
    for kind in TransformerKind:
        ratios = {one.ratio for one in transformers if one.kind == kind}
        if len(ratios) > 1:
            raise BadTransformers(
                f"The transformers of kind {kind} have unlike ratios.", advice="One of them is wrong.",
                field="transformers",
            )  # fmt: skip
        product *= ratios.pop() if ratios else 1
    if product.denominator != 1 or not 1 <= product <= MULTIPLIER_MOST:
        raise BadTransformers(
            f"A multiplier is a whole number from 1 to {MULTIPLIER_MOST}, not {product}.", field="transformers"
        )
    return int(product)
