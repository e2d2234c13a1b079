"""What bills sell and take back, as items of e-invoices: from their lines and one-off charges."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from billing.domain.e_invoices import Item, contained_tax
from billing.queries.charges import LABELS
from cis.platform.db import fetch
from tariffs.domain.components.basic import Tax
from tariffs.domain.lines import QUANTITY_PLACES
from tariffs.queries import plans

UNITS = {
    "kWh": "千瓦时", "kW": "千瓦", "kVA": "千伏安", "kvar": "千乏", "kvarh": "千乏时", "day": "天", "month": "月",
    "meter": "只", "block": "块",
}  # fmt: skip
"""Units as an invoice prints them; what is priced by money or a factor has none."""


@dataclass(frozen=True, slots=True)
class BillItems:
    """
    What a bill says.

    sold   what it bills anew
    taken  what it takes back, by the bill that billed it: amounts negated
    """

    sold: list[Item] = field(default_factory=list)
    taken: dict[int, list[Item]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Printed:
    """How a line of a tariff version is printed."""

    name: str
    rate_e6: int


def of_bills(*, bill_ids: Collection[int], vat_rate_e6: int) -> dict[int, BillItems]:
    """
    Return what some bills sell and take back, by bill; two statements, and what the plans of their versions take.

    :param vat_rate_e6: of the pack, for charges that contain tax. [10^-6]
    """
    found = {bill_id: BillItems() for bill_id in bill_ids}
    for row in fetch(_LINES, [list(bill_ids)]):
        bill_id, old_bill_id, segment_id, version_id, code, step, period, unit, quantity, amount, tax, ledger = row
        printed = _printed(version_id)[code, step, period]
        item = Item(
            key="/".join(part for part in (str(segment_id), code, str(step or ""), period) if part),
            name=printed.name,
            unit=UNITS.get(unit, ""),
            quantity=quantity if unit in UNITS else 0,
            places=_PLACES.get(unit, 0),
            amount_minor=amount,
            tax_minor=tax,
            rate_e6=printed.rate_e6,
            ledger_class=ledger,
        )
        _put(found[bill_id], old_bill_id, item)
    for bill_id, old_bill_id, billed_id, kind, amount, tax, ledger in fetch(_CHARGES, [list(bill_ids)]):
        item = Item(
            key=f"charge:{billed_id}",
            name=LABELS[kind]["zh"],
            unit="",
            quantity=0,
            places=0,
            amount_minor=amount,
            tax_minor=tax,
            rate_e6=_rate_of_charge(amount, tax, vat_rate_e6),
            ledger_class=ledger,
        )
        _put(found[bill_id], old_bill_id, item)
    return found


def _put(bill: BillItems, old_bill_id: int | None, item: Item) -> None:
    (bill.sold if old_bill_id is None else bill.taken.setdefault(old_bill_id, [])).append(item)


def _rate_of_charge(amount_minor: int, tax_minor: int, vat_rate_e6: int) -> int:
    """Return the rate of a charge: it contains no tax though it would round to some, or that of the pack."""
    is_free = not tax_minor and contained_tax(amount_minor=amount_minor, rate_e6=vat_rate_e6) != 0
    return 0 if is_free else vat_rate_e6


@lru_cache(maxsize=plans.PLANS_KEPT)
def _printed(version_id: int) -> Mapping[tuple[str, int, str], _Printed]:
    """Return how the lines of a tariff version are printed, with the rate of the tax on each."""
    plan = plans.compiled(version_id)
    taxes = [part for part in plan.components if isinstance(part, Tax)]
    named = {}
    for slot in plan.slots:
        words = [plan.labels.get(slot.label, {}).get("zh", slot.code)]
        if slot.step:
            words.append(f"第{slot.step}档")
        if slot.period:
            words.append(plan.labels.get(slot.period, {}).get("zh", slot.period))
        rate = next((tax.rate_e6 for tax in taxes if slot.code in tax.on or tax.on == ("*",)), 0)
        named[slot.code, slot.step, slot.period] = _Printed(" ".join(words), rate)
    return named


_PLACES = {unit.value: places for unit, places in QUANTITY_PLACES.items()}
_LINES = """
SELECT l.bill_id, old.bill_id, coalesce(s.cancels_id, s.id), s.tariff_version_id, l.code, l.step, l.period_of_use,
       l.unit, l.quantity, l.amount_minor, l.tax_minor, l.ledger_class
FROM billing_billline l
JOIN billing_billsegment s ON s.id = l.segment_id
LEFT JOIN billing_billsegment old ON old.id = s.cancels_id
WHERE l.bill_id = ANY(%s)
ORDER BY l.bill_id, l.seq
"""
_CHARGES = """
SELECT k.bill_id, old.bill_id, coalesce(k.cancels_id, k.id), c.kind, k.amount_minor, k.tax_minor, k.ledger_class
FROM billing_billcharge k
JOIN contracts_oneoffcharge c ON c.id = k.charge_id
LEFT JOIN billing_billcharge old ON old.id = k.cancels_id
WHERE k.bill_id = ANY(%s)
ORDER BY k.bill_id, k.id
"""
