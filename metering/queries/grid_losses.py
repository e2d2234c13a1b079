"""What the network loses by nature: the rule of the pack, and what it comes to for some transformers."""

from collections.abc import Sequence
from datetime import date

from cis.platform import packs
from cis.platform.db import fetch
from cis.platform.packs import MissingRule
from metering.domain.technical_losses import LossRule, Plate, plate
from metering.models.network import Transformer


def rule_at(*, at: date) -> LossRule | None:
    """Return the rule on what the network loses by nature on a date; None: the pack has none."""
    try:
        value = packs.rule("grid_losses", at=at)
    except MissingRule:
        return None
    numbers = {name: tuple(value[name]) for name in ("rated_kva", "iron_w", "copper_w")}
    return LossRule(power_factor_percent=value["power_factor_percent"], line_e4=value["line_e4"], **numbers)


def plates(*, transformer_ids: Sequence[int], rule: LossRule) -> dict[int, Plate]:
    """Return what some transformers lose, by id, with their master meter as it is now; one statement."""
    return {
        row[0]: plate(capacity_va=row[1], iron_w=row[2], copper_w=row[3], is_high_side=row[4], rule=rule)
        for row in fetch(_PLATES, {"ids": list(transformer_ids)})
    }


def of_plate(*, transformer_id: int) -> dict[str, int | None]:
    """Return ``iron_w`` and ``copper_w`` of a transformer as its plate says them, None: unknown; one statement."""
    row = Transformer.objects.get(id=transformer_id)
    return {"iron_w": row.iron_w, "copper_w": row.copper_w}


_PLATES = """
SELECT t.id, t.capacity_va, t.iron_w, t.copper_w, coalesce(
    (SELECT m.is_high_side FROM metering_mastermeter m WHERE m.transformer_id = t.id ORDER BY m.period DESC LIMIT 1),
    false)
FROM metering_transformer t WHERE t.id = ANY(%(ids)s)
"""
