"""
E-invoices (数电发票): states, and how the lines of a bill become lines of invoices, blue and red.

Amounts of a bill contain their tax. A blue invoice has lines above 0 and discounts of them; a red one takes lines of a
blue invoice back, whole or in part. For each bill, what its invoices say together is what its sale says, exactly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from cis.kernel import fixed
from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import Move, Workflow

E6 = 10**6
PRICE_PLACES = 10
"""Decimals of a unit price without tax; providers take up to 13."""
NUMBER_DIGITS = 20


class InvoiceKind(StrEnum):
    """Kinds of e-invoices: 电子发票（普通发票）, 电子发票（增值税专用发票）."""

    ORDINARY = "ordinary"
    SPECIAL = "special"


class InvoiceState(StrEnum):
    """
    States of an e-invoice, blue or red. One that was issued is never made void: a red one takes it back.

    PROPOSED  a red one that a second person has to agree to
    DUE       to be asked for
    ASKED     asked for; the answer is not known yet
    ISSUED    it has its number
    FAILED    refused by the platform or by our own check: somebody has to mend something
    DROPPED   never issued, and not to be
    """

    PROPOSED = "proposed"
    DUE = "due"
    ASKED = "asked"
    ISSUED = "issued"
    FAILED = "failed"
    DROPPED = "dropped"


class InvoiceAction(StrEnum):
    """What moves an e-invoice."""

    AGREE = "agree"
    DROP = "drop"
    ASK = "ask"
    TAKE = "take"
    REFUSE = "refuse"
    AGAIN = "again"


class RedReason(StrEnum):
    """
    Why an invoice is taken back: 开票有误, 销货退回, 服务中止, 销售折让.

    An error is taken back whole. [source: as providers of the platform publish them; see decision 0064]
    """

    ERROR = "error"
    RETURN = "return"
    STOPPED = "stopped"
    ALLOWANCE = "allowance"


class Nature(StrEnum):
    """What a line is: normal (正常行), a discount (折扣行), or the line before a discount (被折扣行)."""

    NORMAL = "normal"
    DISCOUNT = "discount"
    DISCOUNTED = "discounted"


DECIDERS: frozenset[Role | ActorKind] = frozenset((Role.BILLING, Role.SUPERVISOR))
SENDERS: frozenset[Role | ActorKind] = frozenset(
    (Role.CLERK, Role.BILLING, Role.SUPERVISOR, ActorKind.SYSTEM, ActorKind.CUSTOMER, ActorKind.CLIENT)
)
MACHINE: frozenset[Role | ActorKind] = frozenset((ActorKind.SYSTEM,))
_S, _A = InvoiceState, InvoiceAction
WORKFLOW = Workflow(
    "e-invoice",
    {
        (_S.PROPOSED, _A.AGREE): Move(_S.DUE, DECIDERS),
        (_S.PROPOSED, _A.DROP): Move(_S.DROPPED, DECIDERS),
        (_S.DUE, _A.ASK): Move(_S.ASKED, MACHINE),
        (_S.DUE, _A.DROP): Move(_S.DROPPED, MACHINE),
        (_S.ASKED, _A.ASK): Move(_S.ASKED, MACHINE),
        (_S.ASKED, _A.TAKE): Move(_S.ISSUED, MACHINE),
        (_S.ASKED, _A.REFUSE): Move(_S.FAILED, MACHINE),
        (_S.FAILED, _A.AGAIN): Move(_S.DUE, SENDERS),
        (_S.FAILED, _A.DROP): Move(_S.DROPPED, DECIDERS | MACHINE),
    },
)


class NotInvoiceable(Refused):
    """What a bill says cannot stand on an invoice as it is; the bill is held back by name."""

    code = "not_invoiceable"

    def __init__(self, why: str, message: str, advice: str) -> None:
        """:param why: code by which the queue of failures says it."""
        super().__init__(message, advice=advice)
        self.why = why


class RedTooMuch(Refused):
    """More is to be taken back than is left of the invoices."""

    code = "e_invoice_red_too_much"


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A tax category: its code (税收分类编码), and the short name that stands between stars before a line's name."""

    code: str
    short: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """
    One thing of a bill that may stand on an invoice. [minor unit]

    key           by which a later bill names it when it takes it back
    places        decimals of the quantity
    amount_minor  with its tax, below 0 for a credit; ``tax_minor`` is contained in it
    rate_e6       [10^-6]; 0: not taxed
    ledger_class  one with a dot is money of no sale: a deposit, a debt written off
    """

    key: str
    name: str
    unit: str
    quantity: int
    places: int
    amount_minor: int
    tax_minor: int
    rate_e6: int
    ledger_class: str

    @property
    def is_sale(self) -> bool:
        """Return whether it is revenue, and so belongs on an invoice."""
        return "." not in self.ledger_class


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """
    One line of an invoice. [minor unit]

    price_e10  of one unit without tax, in major units [10^-10]; None: the line has no quantity
    blue_seq   of a red line: the line of the blue invoice that it takes back; else 0
    """

    seq: int
    key: str
    name: str
    category: str
    unit: str
    quantity: int
    places: int
    price_e10: int | None
    net_minor: int
    tax_minor: int
    rate_e6: int
    nature: Nature
    blue_seq: int = 0

    @property
    def amount_minor(self) -> int:
        """Return the amount with its tax. [minor unit]"""
        return self.net_minor + self.tax_minor


@dataclass(frozen=True, slots=True)
class Draft:
    """Lines that stand on one invoice, and its kind."""

    kind: InvoiceKind
    lines: tuple[Line, ...]

    @property
    def net_minor(self) -> int:
        """Return the sum without tax. [minor unit]"""
        return sum(line.net_minor for line in self.lines)

    @property
    def tax_minor(self) -> int:
        """Return the sum of the tax. [minor unit]"""
        return sum(line.tax_minor for line in self.lines)


@dataclass(slots=True)
class _Laid:
    """A line above 0 with the discounts laid on it. [minor unit]"""

    item: Item
    left_minor: int
    tax_left_minor: int
    discounts: list[tuple[Item, int, int]] = field(default_factory=list)


def blue(
    items: Sequence[Item],
    *,
    kind: InvoiceKind,
    categories: Mapping[str, Category],
    lines_most: int,
    tolerance_minor: int,
) -> tuple[Draft, ...]:
    """
    Return the invoices that say what some items say; none where nothing is sold.

    Amounts below 0 become discounts of lines at the same rate. What is not taxed stands on no special invoice but on an
    ordinary one beside it. Where lines are more than ``lines_most`` there are more invoices; a line and its
    discounts stay together.

    :param categories: by ledger class.
    :param tolerance_minor: by so much the tax of a line may be off net x rate. [minor unit]
    :raises NotInvoiceable: a class has no category, a tax does not fit its rate, or a rate comes out below 0.
    """
    sold = [item for item in items if item.is_sale and (item.amount_minor or item.tax_minor)]
    for item in sold:
        _check(item, categories, tolerance_minor)
    groups: dict[tuple[InvoiceKind, int], list[Item]] = {}
    for item in sold:
        groups.setdefault((kind if item.rate_e6 else InvoiceKind.ORDINARY, item.rate_e6), []).append(item)
    blocks: dict[InvoiceKind, list[list[Line]]] = {}
    for (group_kind, _rate), found in sorted(groups.items(), key=lambda one: (one[0][0] is not kind, -one[0][1])):
        for laid in _laid(found):
            blocks.setdefault(group_kind, []).append(_lines(laid, categories[laid.item.ledger_class]))
    return tuple(
        Draft(group_kind, tuple(replace(line, seq=place) for place, line in enumerate(part, start=1)))
        for group_kind, found_blocks in blocks.items()
        for part in _split(found_blocks, lines_most)
    )


def tax_fits(*, net_minor: int, tax_minor: int, rate_e6: int, tolerance_minor: int) -> bool:
    """Return whether a tax is net x rate, to a tolerance. [minor unit]"""
    return abs(net_minor * rate_e6 - tax_minor * E6) <= tolerance_minor * E6


def contained_tax(*, amount_minor: int, rate_e6: int) -> int:
    """Return the tax that an amount contains, rounded half away from zero. [minor unit]"""
    over, under = abs(amount_minor) * rate_e6, E6 + rate_e6
    tax = (2 * over + under) // (2 * under)
    return tax if amount_minor >= 0 else -tax


def _check(item: Item, categories: Mapping[str, Category], tolerance_minor: int) -> None:
    if item.ledger_class not in categories:
        raise NotInvoiceable(
            "no_category",
            f"What is posted as {item.ledger_class} has no tax category.",
            "Name it in the pack rule e_invoices.",
        )
    net = item.amount_minor - item.tax_minor
    if not tax_fits(net_minor=net, tax_minor=item.tax_minor, rate_e6=item.rate_e6, tolerance_minor=tolerance_minor):
        raise NotInvoiceable(
            "tax_does_not_fit",
            f"The tax of {item.name} does not fit its rate.",
            "Compare the tariff's tax with the rate of the line.",
        )


def _laid(items: Sequence[Item]) -> list[_Laid]:
    """Lay the credits of one rate on its lines above 0."""
    laid = [_Laid(one, one.amount_minor, one.tax_minor) for one in items if one.amount_minor > 0]
    left, tax_left = sum(one.amount_minor for one in items), sum(one.tax_minor for one in items)
    if left < 0 or tax_left < 0 or (left == 0 and tax_left):
        raise NotInvoiceable(
            "below_zero",
            "At one rate the bill comes out below 0.",
            "Take an earlier invoice back in part (allowance), by hand, on its page.",
        )
    if left == 0:
        return []
    for credit in (one for one in items if one.amount_minor <= 0):
        _lay(credit, laid)
    return laid


def _lay(credit: Item, laid: Sequence[_Laid]) -> None:
    rest, tax_rest = -credit.amount_minor, -credit.tax_minor
    for line in sorted(laid, key=lambda one: -one.left_minor):
        if not (rest or tax_rest):
            return
        part = min(rest, line.left_minor)
        wanted = tax_rest if part == rest else contained_tax(amount_minor=part, rate_e6=credit.rate_e6)
        tax = max(0, min(wanted, line.tax_left_minor))
        line.left_minor, line.tax_left_minor = line.left_minor - part, line.tax_left_minor - tax
        line.discounts.append((credit, part, tax))
        rest, tax_rest = rest - part, tax_rest - tax


def _lines(laid: _Laid, category: Category) -> list[Line]:
    item = laid.item
    net = item.amount_minor - item.tax_minor
    first = Line(
        seq=0,
        key=item.key,
        name=f"*{category.short}*{item.name}",
        category=category.code,
        unit=item.unit if item.quantity > 0 else "",
        quantity=max(0, item.quantity),
        places=item.places,
        price_e10=price_e10(net_minor=net, quantity=item.quantity, places=item.places),
        net_minor=net,
        tax_minor=item.tax_minor,
        rate_e6=item.rate_e6,
        nature=Nature.DISCOUNTED if laid.discounts else Nature.NORMAL,
    )
    # A discount has the name of its line, as the layout of the invoice wants it.
    return [
        first,
        *(
            replace(first, key=credit.key, unit="", quantity=0, price_e10=None, net_minor=-(part - tax),
                    tax_minor=-tax, nature=Nature.DISCOUNT)
            for credit, part, tax in laid.discounts
        ),
    ]  # fmt: skip


def price_e10(*, net_minor: int, quantity: int, places: int, decimals: int = 2) -> int | None:
    """Return the price of one unit without tax, in major units [10^-10]; None: no quantity, or no price to print."""
    if quantity <= 0:
        return None
    over: int = net_minor * 10 ** (PRICE_PLACES + places)
    under: int = quantity * 10**decimals
    price = (2 * over + under) // (2 * under)
    return price if price < fixed.LIMIT else None


def _split(blocks: Sequence[Sequence[Line]], lines_most: int) -> list[list[Line]]:
    """Deal blocks to invoices of at most so many lines, in their order; a block is never parted."""
    parts: list[list[Line]] = []
    for block in blocks:
        if len(block) > lines_most:
            raise NotInvoiceable("too_many_discounts", "One line has more discounts than an invoice has lines.", "")
        if not parts or len(parts[-1]) + len(block) > lines_most:
            parts.append([])
        parts[-1] += block
    return parts
