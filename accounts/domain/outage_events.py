"""Events of outages that customers are told of: rows of the catalogue in ``notice_events``."""

from collections.abc import Mapping
from typing import Final

from accounts.domain.notice_kinds import Channel, Event, FactKind, NoticeClass

_TEXT, _LINK = FactKind.TEXT, FactKind.LINK
_PLANNED: Final[Mapping[str, Mapping[str, FactKind]]] = {
    "outage_planned": {"start": _TEXT, "end": _TEXT, "work": _TEXT, "link": _LINK},
    "outage_moved": {"before": _TEXT, "start": _TEXT, "end": _TEXT, "reason": _TEXT, "link": _LINK},
    "outage_called_off": {"start": _TEXT, "reason": _TEXT, "link": _LINK},
}
PLANNED_EVENTS: Final = tuple(_PLANNED)
"""Events of mailings to those whom a planned outage leaves in the dark."""
ROWS: Final = (
    *(
        Event(
            code=code,
            notice_class=NoticeClass.SERVICE,
            facts={"address": _TEXT, when: _TEXT, "link": _LINK},
            ladder=(Channel.SMS, Channel.EMAIL),
            is_urgent=code == "outage_danger",
            is_required=code == "outage_danger",
        )
        for code, when in (
            ("outage_expected", "expected"),
            ("outage_danger", "expected"),
            ("outage_restored", "restored"),
        )
    ),
    *(
        Event(
            code=code,
            notice_class=NoticeClass.SERVICE,
            facts=facts,
            ladder=(Channel.SMS, Channel.EMAIL, Channel.POST),
            is_required=True,
        )
        for code, facts in _PLANNED.items()
    ),
)
