"""Events of demand response that customers are told of: rows of the catalogue in ``notice_events``."""

from collections.abc import Mapping
from typing import Final

from accounts.domain.notice_kinds import Channel, Event, FactKind, NoticeClass

_TEXT = FactKind.TEXT
_FACTS: Final[Mapping[str, Mapping[str, FactKind]]] = {
    "announced": {"start": _TEXT, "end": _TEXT, "until": _TEXT},
    "called_off": {"start": _TEXT, "reason": _TEXT},
    "settled": {"start": _TEXT, "kwh": _TEXT, "amount": FactKind.MONEY},
    "unmeasured": {"start": _TEXT},
}
_SOON: Final = ("announced", "called_off")
ROWS: Final = tuple(
    Event(
        code=f"demand_event_{step}",
        notice_class=NoticeClass.SERVICE,
        facts={"program": _TEXT, **facts, "link": FactKind.LINK},
        ladder=(Channel.SMS, Channel.EMAIL),
        is_urgent=step in _SOON,
        is_required=step in _SOON,
    )
    for step, facts in _FACTS.items()
)
"""What begins or does not within hours is told at once; what it came to waits for the morning."""
