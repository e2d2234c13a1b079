"""What the network loses by nature: the rule of the pack, and what it comes to for some transformers."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from cis.platform import packs
from cis.platform.db import fetch
from cis.platform.packs import MissingRule
from metering.domain.technical_losses import Flags, LossRule, Plate, plate
from metering.models.network import Transformer


def rule_at(*, at: date) -> LossRule | None:
    """Return the rule on what the network loses by nature on a date; None: the pack has none."""
    try:
        value = packs.rule("grid_losses", at=at)
    except MissingRule:
        return None
    numbers = {name: tuple(value[name]) for name in ("rated_kva", "iron_w", "copper_w")}
    return LossRule(power_factor_percent=value["power_factor_percent"], line_e4=value["line_e4"], **numbers)


def plates(
    *, transformer_ids: Sequence[int], days: Sequence[date], rule: LossRule
) -> tuple[list[Plate], Flags]:  # fmt: skip
    """
    Return what transformers lose, (t,), and on which days their master meter counted before them, (t, d).

    In the order that is asked for; one statement. The plate is that of now, the master meter that of the day.
    """
    found = {row[0]: row[1:] for row in fetch(_PLATES, {"ids": list(transformer_ids), "days": list(days)})}
    made = [
        plate(capacity_va=found[one][0], iron_w=found[one][1], copper_w=found[one][2], rule=rule)
        for one in transformer_ids
    ]
    return made, np.array([found[one][3] for one in transformer_ids], dtype=np.bool_)


def of_plate(*, transformer_id: int) -> dict[str, int | None]:
    """Return ``iron_w`` and ``copper_w`` of a transformer as its plate says them, None: unknown; one statement."""
    row = Transformer.objects.get(id=transformer_id)
    return {"iron_w": row.iron_w, "copper_w": row.copper_w}


_PLATES = """
SELECT t.id, t.capacity_va, t.iron_w, t.copper_w, ARRAY(
    SELECT EXISTS (SELECT FROM metering_mastermeter m
                   WHERE m.transformer_id = t.id AND m.is_high_side AND m.period @> d.day)
    FROM unnest(%(days)s::date[]) WITH ORDINALITY AS d (day, at) ORDER BY d.at)
FROM metering_transformer t WHERE t.id = ANY(%(ids)s)
"""
