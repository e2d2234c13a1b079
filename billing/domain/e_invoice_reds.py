"""Red e-invoices (红字): what is left of blue lines, and which of it is taken back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from billing.domain.e_invoices import Item, Line, Nature, RedTooMuch, contained_tax


@dataclass(frozen=True, slots=True)
class Taken:
    """What is to be taken back of a thing. [minor unit]"""

    key: str
    rate_e6: int
    amount_minor: int
    tax_minor: int


@dataclass(slots=True)
class _Left:
    """A blue line less its discounts and what red invoices took back of it. [minor unit]"""

    invoice_id: int
    line: Line
    net_minor: int
    tax_minor: int

    @property
    def amount_minor(self) -> int:
        return self.net_minor + self.tax_minor


Blues = Mapping[int, Sequence[Line]]
"""Lines of blue invoices by their ids, each discount after its line."""


def whole(blues: Blues, *, reds: Mapping[int, Iterable[Line]]) -> dict[int, tuple[Line, ...]]:
    """
    Return red lines that take back all that is left, by blue invoice; an invoice of which nothing is left is not named.

    :param reds: lines that were taken back before, by blue invoice.
    """
    return _written([(one, one.net_minor, one.tax_minor) for one in _left(blues, reds)])


def part(blues: Blues, *, reds: Mapping[int, Iterable[Line]], taken: Sequence[Taken]) -> dict[int, tuple[Line, ...]]:
    """
    Return red lines that take back some things, by blue invoice.

    A thing is taken back from the line that named it; what its line does not hold, since a discount lies on it, comes
    from other lines at the same rate. The sums are exact at each rate.

    :param taken: amounts above 0 are taken back, amounts below 0 are discounts that fall away with them.
    :raises RedTooMuch: more is to be taken back at a rate than is left.
    """
    left = _left(blues, reds)
    found: list[tuple[_Left, int, int]] = []
    for rate in sorted({one.rate_e6 for one in taken}, reverse=True):
        mine = [one for one in taken if one.rate_e6 == rate]
        amount, tax = sum(one.amount_minor for one in mine), sum(one.tax_minor for one in mine)
        lines = [one for one in left if one.line.rate_e6 == rate]
        if amount < 0 or amount > sum(one.amount_minor for one in lines):
            raise RedTooMuch(
                "More is to be taken back than the invoice still says.", advice="Look at what is left of it."
            )
        found += _from(lines, mine, amount, tax)
    return _written(found)


def allowance(blues: Blues, *, reds: Mapping[int, Iterable[Line]], amount_minor: int) -> dict[int, tuple[Line, ...]]:
    """
    Return red lines that take an amount back, from the largest taxed lines first. [minor unit, tax included]

    :raises RedTooMuch: so much is not left.
    """
    left = sorted(_left(blues, reds), key=lambda one: (-one.line.rate_e6, -one.amount_minor))
    found, rest = [], amount_minor
    for one in left:
        take = min(rest, one.amount_minor)
        if take > 0:
            tax = one.tax_minor if take == one.amount_minor else min(
                one.tax_minor, contained_tax(amount_minor=take, rate_e6=one.line.rate_e6)
            )  # fmt: skip
            found.append((one, take - tax, tax))
            rest -= take
    if rest or amount_minor <= 0:
        raise RedTooMuch(
            "So much is not left of the invoice.", advice="Enter an amount up to what is left.", field="amount"
        )
    return _written(found)


def remaining(blues: Blues, *, reds: Mapping[int, Iterable[Line]]) -> dict[int, tuple[Line, ...]]:
    """Return what is left of blue invoices as lines of new ones, discounts folded into their lines."""
    kept: dict[int, list[Line]] = {}
    for one in _left(blues, reds):
        is_same = (one.net_minor, one.tax_minor) == (one.line.net_minor, one.line.tax_minor)
        rows = kept.setdefault(one.invoice_id, [])
        line = replace(
            one.line, seq=len(rows) + 1, net_minor=one.net_minor, tax_minor=one.tax_minor, nature=Nature.NORMAL
        )
        rows.append(line if is_same else replace(line, unit="", quantity=0, price_e10=None))
    return {invoice_id: tuple(rows) for invoice_id, rows in kept.items()}


def left_minor(blues: Blues, *, reds: Mapping[int, Iterable[Line]]) -> int:
    """Return how much is left of blue invoices, tax included. [minor unit]"""
    return sum(one.amount_minor for one in _left(blues, reds))


def taken_of(items: Iterable[Item]) -> tuple[Taken, ...]:
    """Return what negated items of a later bill take back; what is no sale stands on no invoice."""
    return tuple(
        Taken(one.key, one.rate_e6, -one.amount_minor, -one.tax_minor)
        for one in items
        if one.is_sale and (one.amount_minor or one.tax_minor)
    )


def _left(blues: Blues, reds: Mapping[int, Iterable[Line]]) -> list[_Left]:
    found = []
    for invoice_id, lines in blues.items():
        by_seq: dict[int, _Left] = {}
        last: _Left | None = None
        for line in lines:
            if line.nature is Nature.DISCOUNT and last is not None:
                last.net_minor, last.tax_minor = last.net_minor + line.net_minor, last.tax_minor + line.tax_minor
            else:
                last = by_seq[line.seq] = _Left(invoice_id, line, line.net_minor, line.tax_minor)
        for red in reds.get(invoice_id, ()):
            mine = by_seq[red.blue_seq]
            mine.net_minor, mine.tax_minor = mine.net_minor + red.net_minor, mine.tax_minor + red.tax_minor
        found += [one for one in by_seq.values() if one.net_minor or one.tax_minor]
    return found


def _from(lines: Sequence[_Left], taken: Sequence[Taken], amount: int, tax: int) -> list[tuple[_Left, int, int]]:
    """Deal an amount and its tax to lines: first to those that are named, then to the largest."""
    named: dict[str, int] = {}
    for one in taken:
        named[one.key] = named.get(one.key, 0) + one.amount_minor
    shares = [[0, 0] for _ in lines]
    rest = amount
    for place, line in enumerate(lines):
        take = max(0, min(rest, line.amount_minor, named.get(line.line.key, 0)))
        named[line.line.key] = named.get(line.line.key, 0) - take
        shares[place][0], rest = take, rest - take
    for place in sorted(range(len(lines)), key=lambda at: -(lines[at].amount_minor - shares[at][0])):
        take = min(rest, lines[place].amount_minor - shares[place][0])
        shares[place][0], rest = shares[place][0] + take, rest - take
    for place, line in enumerate(lines):
        mine = shares[place][0]
        if mine == line.amount_minor:
            shares[place][1] = line.tax_minor
        else:
            shares[place][1] = min(line.tax_minor, contained_tax(amount_minor=mine, rate_e6=line.line.rate_e6))
    _mend(lines, shares, tax - sum(one[1] for one in shares))
    return [(line, mine - its_tax, its_tax) for line, (mine, its_tax) in zip(lines, shares, strict=True) if mine]


def _mend(lines: Sequence[_Left], shares: list[list[int]], off: int) -> None:
    """Move what rounding left over, a unit at a time, to lines that can bear it, so that the tax comes out exact."""
    step = 1 if off > 0 else -1
    for _ in range(abs(off)):
        fits = [
            place
            for place, line in enumerate(lines)
            if 0 <= shares[place][1] + step <= min(shares[place][0], line.tax_minor)
            and shares[place][0] - shares[place][1] - step <= line.net_minor
        ]
        if not fits:
            raise RedTooMuch("The tax to be taken back is not that of the invoice.", advice="Take it back whole.")
        best = max(fits, key=lambda place: shares[place][0])
        shares[best][1] += step


def _written(found: Iterable[tuple[_Left, int, int]]) -> dict[int, tuple[Line, ...]]:
    """Write red lines, by blue invoice; a red line is a normal one, without discounts."""
    rows: dict[int, list[Line]] = {}
    for left, net, tax in found:
        if not (net or tax):
            continue
        mine = rows.setdefault(left.invoice_id, [])
        is_whole = (net, tax) == (left.line.net_minor, left.line.tax_minor)
        line = left.line
        mine.append(
            replace(
                line,
                seq=len(mine) + 1,
                unit=line.unit if is_whole else "",
                quantity=-line.quantity if is_whole else 0,
                price_e10=line.price_e10 if is_whole else None,
                net_minor=-net,
                tax_minor=-tax,
                nature=Nature.NORMAL,
                blue_seq=line.seq,
            )
        )
    return {invoice_id: tuple(lines) for invoice_id, lines in rows.items()}
