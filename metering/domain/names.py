"""How a register is called on paper, in both languages: by its hours and by what it counts."""

from collections.abc import Mapping

from metering.domain.places import Direction, Quantity

HOURS: Mapping[str, Mapping[str, str]] = {
    "total": {"zh": "总", "en": "All hours"},
    "sharp": {"zh": "尖", "en": "Sharp"},
    "peak": {"zh": "峰", "en": "Peak"},
    "flat": {"zh": "平", "en": "Flat"},
    "valley": {"zh": "谷", "en": "Valley"},
}
_COUNTED: Mapping[Quantity, Mapping[str, str]] = {
    Quantity.REACTIVE: {"zh": "无功", "en": "reactive"},
    Quantity.DEMAND: {"zh": "最大需量", "en": "largest demand"},
}
_GIVEN = {"zh": "上网", "en": "given to the grid"}


def register_names(*, code: str, period_of_use: str, quantity: Quantity, direction: Direction) -> dict[str, str]:
    """
    Return the name of a register by language, "zh" and "en".

    Known hours are worded; the code of another register, as a NEM12 suffix, stands for itself unless what it counts
    names it.
    """
    counted = [_COUNTED[quantity]] if quantity in _COUNTED else []
    given = [_GIVEN] if direction is Direction.EXPORT else []
    hours = HOURS.get(period_of_use or code)
    if hours is None and not counted:
        hours = {"zh": code, "en": code}
    parts = [*([hours] if hours else []), *counted, *given]
    named = {language: "".join if language == "zh" else " ".join for language in ("zh", "en")}
    return {language: join(part[language] for part in parts) for language, join in named.items()}
