"""Charts of a simulation as plain numbers: how large the changes are, and what was billed by month."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from accounts.queries import supplier
from billing.domain.outcomes import BINS
from billing.queries.simulations import GroupCard, SimulationCard
from cis.kernel.currency import SYMBOLS
from cis.kernel.fixed import to_text

Groups = Mapping[str, Sequence[GroupCard]]


def charts(*, card: SimulationCard, groups: Groups, months: Sequence[str]) -> dict[str, Any]:
    """
    Return the data of the charts by name: ``percent``, ``money`` and ``months``.

    months  names of the months, in the order of their groups
    """
    symbol = SYMBOLS.get(supplier.current().currency, "")
    return {
        "percent": _distribution(groups["percent"], card.percent_step_e2 or 1, symbol="", unit=" %"),
        "money": _distribution(groups["money"], card.money_step_minor or 1, symbol=symbol, unit=""),
        "months": {
            "labels": list(months),
            "old": [one.old_minor for one in groups["month"]],
            "new": [one.new_minor for one in groups["month"]],
            "words": {"old": _("Billed"), "new": _("Simulated"), "symbol": symbol},
        },
    }


def _distribution(cards: Sequence[GroupCard], step: int, *, symbol: str, unit: str) -> dict[str, Any]:
    """Return bars from far below to far above nothing, with what each holds in words."""
    supplies = {int(one.key): one.supplies for one in cards}
    places = range(-BINS - 1, BINS + 2)

    def size(count: int) -> str:
        text = to_text(abs(count) * step, places=2).rstrip("0").rstrip(".")
        sign = "" if not count else "−" if count < 0 else "+"
        return f"{sign}{symbol}{text}{unit}"

    def span(place: int) -> str:
        if not place:
            return _("no change")
        inner, outer = size(place - 1 if place > 0 else place + 1), size(place)
        if abs(place) > BINS:
            return _("beyond %(edge)s") % {"edge": inner}
        return _("%(inner)s to %(outer)s") % {"inner": inner, "outer": outer}

    return {
        "labels": [size(place) if abs(place) <= BINS else ("…" if place > 0 else "… ") for place in places],
        "spans": [span(place) for place in places],
        "values": [supplies.get(place, 0) for place in places],
        "middle": BINS + 1,
        "words": {"supplies": _("supplies")},
    }
