"""
The catalogue of events that customers are told of: each with its facts, its class, and the ways by which it goes.

A new event is a row here and a file of its texts, ``templates/notices/<code>.toml``. Whoever tells a customer calls
``accounts.operations.notices.queue_step`` with the facts that the row names, no more and no less.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from accounts.domain import demand_events, money_events, outage_events
from accounts.domain.notice_kinds import COMMON, Channel, Event, Fact, FactKind, Money, NoticeClass, UnknownEvent

__all__ = [
    "COMMON", "EVENTS", "Channel", "Event", "Fact", "FactKind", "Money", "NoticeClass", "UnknownEvent", "event",
]  # fmt: skip
_TEXT, _DATE, _LINK = FactKind.TEXT, FactKind.DATE, FactKind.LINK
_APPLICATION_STEPS = ("received", "accepted", "surveyed", "contracted", "metered")
"""Of an offer tells ``supply_offer``, of flowing current ``welcome``."""
_APPLICATION_FACTS = {
    **{step: {} for step in _APPLICATION_STEPS},
    "link": {},
    "papers": {"what": _TEXT},
    "defects": {"what": _TEXT, "what_en": _TEXT, "due": _DATE},
    **{step: {"reason": _TEXT} for step in ("suspended", "withdrawn", "rejected")},
    "message": {"text": _TEXT},
}
_APPLICATION_ROWS: Final = tuple(
    Event(
        code=f"application_{step}",
        notice_class=NoticeClass.SERVICE,
        facts={"number": _TEXT, **more, "link": FactKind.SECRET_LINK if step == "link" else _LINK},
        ladder=(Channel.SMS, Channel.EMAIL),
        in_inbox=step != "link",
    )
    for step, more in _APPLICATION_FACTS.items()
)
_CASE_FACTS = {"taken": {}, "interim": {"text": _TEXT}, "answered": {"text": _TEXT}}
_CASE_ROWS: Final = tuple(
    Event(
        code=f"case_{step}",
        notice_class=NoticeClass.SERVICE,
        facts={"number": _TEXT, **more, "link": _LINK},
        ladder=(Channel.SMS, Channel.EMAIL),
    )
    for step, more in _CASE_FACTS.items()
)
"""Of complaints, reports, requests, questions and praise."""
_ROWS: Final = (
    *money_events.ROWS,
    *outage_events.ROWS,
    *demand_events.ROWS,
    *_CASE_ROWS,
    Event(
        code="supply_restored",
        notice_class=NoticeClass.SERVICE,
        facts={"address": _TEXT, "link": _LINK},
        ladder=(Channel.SMS, Channel.EMAIL),
    ),
    Event(
        code="satisfaction_asked",
        notice_class=NoticeClass.SERVICE,
        facts={"link": _LINK},
        ladder=(Channel.SMS, Channel.EMAIL),
    ),
    Event(
        code="one_time_code",
        notice_class=NoticeClass.SERVICE,
        facts={"code": FactKind.SECRET, "purpose": _TEXT, "minutes": FactKind.NUMBER},
        ladder=(Channel.SMS, Channel.EMAIL),
        in_inbox=False,
        is_urgent=True,
        is_required=True,
    ),
    Event(
        code="number_ended",
        notice_class=NoticeClass.SERVICE,
        facts={"number": _TEXT, "link": _LINK},
        ladder=(Channel.EMAIL, Channel.POST),
        is_required=True,
    ),
    *(
        Event(
            code=code,
            notice_class=NoticeClass.SERVICE,
            facts={"link": _LINK},
        )
        for code in ("customers_merged", "customers_parted")
    ),
    Event(
        code="supply_offer",
        notice_class=NoticeClass.SERVICE,
        facts={"offer": _TEXT, "address": _TEXT, "until": _DATE, "link": _LINK},
    ),
    Event(
        code="contract_issued",
        notice_class=NoticeClass.SERVICE,
        facts={"contract": _TEXT, "address": _TEXT, "link": _LINK},
    ),
    Event(
        code="contract_expiring",
        notice_class=NoticeClass.SERVICE,
        facts={"contract": _TEXT, "end": _DATE, "renewal": FactKind.NUMBER, "link": _LINK},
        is_required=True,
    ),
    Event(
        code="contract_renewed",
        notice_class=NoticeClass.SERVICE,
        facts={"contract": _TEXT, "end": _DATE, "link": _LINK},
    ),
    *_APPLICATION_ROWS,
    Event(
        code="welcome",
        notice_class=NoticeClass.SERVICE,
        facts={"address": _TEXT, "since": _DATE, "first_bill": _DATE, "link": _LINK},
        ladder=(Channel.SMS, Channel.EMAIL),
    ),
    *(
        Event(
            code=f"program_offer{step}",
            notice_class=NoticeClass.SERVICE,
            facts={"program": _TEXT, "until": _DATE, "link": _LINK},
        )
        for step in ("ed", "_over")
    ),
    Event(
        code="program_signed",
        notice_class=NoticeClass.SERVICE,
        facts={"program": _TEXT, "start": _DATE, "cancel_until": _DATE, "link": _LINK},
    ),
    Event(code="program_cancelled", notice_class=NoticeClass.SERVICE, facts={"program": _TEXT, "link": _LINK}),
    Event(
        code="program_ended", notice_class=NoticeClass.SERVICE, facts={"program": _TEXT, "day": _DATE, "link": _LINK}
    ),
    Event(
        code="defects_found",
        notice_class=NoticeClass.SERVICE,
        facts={"number": _TEXT, "count": FactKind.NUMBER, "due": _DATE, "address": _TEXT, "link": _LINK},
        ladder=(Channel.SMS, Channel.EMAIL, Channel.POST),
        is_required=True,
    ),
    Event(
        code="defect_due_soon",
        notice_class=NoticeClass.SERVICE,
        facts={"defect": _TEXT, "defect_en": _TEXT, "due": _DATE, "address": _TEXT, "link": _LINK},
        ladder=(Channel.SMS, Channel.EMAIL),
    ),
    Event(
        code="defect_overdue",
        notice_class=NoticeClass.SERVICE,
        facts={"defect": _TEXT, "defect_en": _TEXT, "due": _DATE, "address": _TEXT, "link": _LINK},
        ladder=(Channel.SMS, Channel.EMAIL, Channel.POST),
        is_required=True,
    ),
    Event(
        code="usage_inspected",
        notice_class=NoticeClass.SERVICE,
        facts={"address": _TEXT, "visited": _DATE, "link": _LINK},
        ladder=(Channel.SMS, Channel.EMAIL, Channel.POST),
    ),
    Event(
        code="change_agreed",
        notice_class=NoticeClass.SERVICE,
        facts={"change": _TEXT, "start": _DATE, "link": _LINK},
    ),
    Event(
        code="change_rejected",
        notice_class=NoticeClass.SERVICE,
        facts={"change": _TEXT, "reason": _TEXT, "link": _LINK},
    ),
    Event(
        code="change_ending",
        notice_class=NoticeClass.SERVICE,
        facts={"change": _TEXT, "end": _DATE, "link": _LINK},
        is_required=True,
    ),
    Event(
        code="change_capacity_ending",
        notice_class=NoticeClass.SERVICE,
        facts={"change": _TEXT, "until": _DATE, "link": _LINK},
        is_required=True,
    ),
    Event(
        code="announcement",
        notice_class=NoticeClass.SERVICE,
        facts={},
        ladder=(Channel.EMAIL, Channel.SMS, Channel.POST),
    ),
    Event(code="offer", notice_class=NoticeClass.MARKETING, facts={}),
    Event(
        code="price_change",
        notice_class=NoticeClass.SERVICE,
        facts={"tariff": _TEXT, "tariff_en": _TEXT, "start": _TEXT},
        ladder=(Channel.SMS, Channel.EMAIL, Channel.POST),
        is_required=True,
    ),
    Event(
        code="safety_campaign",
        notice_class=NoticeClass.SERVICE,
        facts={"why": _TEXT, "why_en": _TEXT},
        ladder=(Channel.SMS, Channel.EMAIL, Channel.POST),
        is_required=True,
    ),
)
EVENTS: Final[Mapping[str, Event]] = MappingProxyType({row.code: row for row in _ROWS})


def event(code: str) -> Event:
    """
    Return an event of the catalogue.

    :raises UnknownEvent: there is none of this code.
    """
    if code not in EVENTS:
        raise UnknownEvent(f"{code!r} is no event.", advice="Add it to accounts/domain/notice_events.py.")
    return EVENTS[code]
