"""
Whom a supply is compared with: supplies of the same class and about the same size.

House rule: of households the persons who are proven to live there (1 or 2, 3 or 4, 5 and more), of others the agreed
capacity within a factor of two. What heats a home is not known here, so it makes no difference.
"""

from dataclasses import dataclass

RESIDENTIAL = "residential"
PERSONS = ((1, 2), (3, 4), (5, None))
VA = 1_000
BETWEEN = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """
    Supplies that are like each other.

    customer_class  as tariffs name it
    persons         (least, most) of a household, most None: and more; None: it is none
    capacity_kva    (least, below) agreed capacity; None: none is agreed, or it is a household
    """

    customer_class: str
    persons: tuple[int, int | None] | None = None
    capacity_kva: tuple[int, int] | None = None


def peers_of(*, customer_class: str, household: int, capacity_va: int | None) -> str:
    """Return the name of the group that a supply is in, for ``read``; "" where its class is not known."""
    if not customer_class:
        return ""
    if customer_class == RESIDENTIAL:
        least, most = next(band for band in PERSONS if band[1] is None or household <= band[1])
        return f"{customer_class}{BETWEEN}p{least}-{most or ''}"
    if capacity_va is None:
        return customer_class
    least_kva = 1 << max(capacity_va // VA, 1).bit_length() - 1
    return f"{customer_class}{BETWEEN}k{least_kva}-{2 * least_kva}"


def read(name: str) -> Peers:
    """Return what the name of a group says."""
    customer_class, _, size = name.partition(BETWEEN)
    if not size:
        return Peers(customer_class=customer_class)
    least, _, most = size[1:].partition("-")
    if size[0] == "p":
        return Peers(customer_class=customer_class, persons=(int(least), int(most) if most else None))
    return Peers(customer_class=customer_class, capacity_kva=(int(least), int(most)))
