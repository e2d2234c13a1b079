"""Events of money that customers are told of: rows of the catalogue in ``notice_events``."""

from collections.abc import Mapping
from typing import Final

from accounts.domain.notice_kinds import Channel, Event, FactKind, NoticeClass

_TEXT, _DATE, _MONEY, _LINK, _PERIOD = FactKind.TEXT, FactKind.DATE, FactKind.MONEY, FactKind.LINK, FactKind.PERIOD
_BILL: Final[Mapping[str, FactKind]] = {
    "bill": _TEXT, "period": _PERIOD, "kwh": FactKind.NUMBER, "amount": _MONEY, "link": _LINK,
}  # fmt: skip
_PLAN_FACTS: Final[Mapping[str, Mapping[str, FactKind]]] = {
    "offered": {"amount": _MONEY, "parts": FactKind.NUMBER, "until": _DATE},
    "accepted": {"amount": _MONEY, "parts": FactKind.NUMBER, "part": _MONEY, "due": _DATE},
    "reminder": {"part": _MONEY, "due": _DATE},
    "completed": {"amount": _MONEY},
    "broken": {"open": _MONEY},
    "cancelled": {"open": _MONEY},
    "left": {"open": _MONEY},
}
"""Of a plan of instalments."""
ROWS: Final = (
    Event(code="bill_issued", notice_class=NoticeClass.MONEY, facts={**_BILL, "to_pay": _MONEY, "due": _DATE}),
    Event(code="bill_settled", notice_class=NoticeClass.MONEY, facts=_BILL),
    Event(code="bill_credited", notice_class=NoticeClass.MONEY, facts=_BILL),
    Event(
        code="budget_bill",
        notice_class=NoticeClass.MONEY,
        facts={**_BILL, "to_pay": _MONEY, "due": _DATE, "ahead": _MONEY, "behind": _MONEY},
    ),
    Event(
        code="budget_changed",
        notice_class=NoticeClass.MONEY,
        facts={"before": _MONEY, "amount": _MONEY, "since": _DATE, "link": _LINK},
        is_required=True,
    ),
    Event(
        code="budget_owed",
        notice_class=NoticeClass.MONEY,
        facts={
            "until": _DATE,
            "amount": _MONEY,
            "parts": FactKind.NUMBER,
            "first": _MONEY,
            "due": _DATE,
            "link": _LINK,
        },
        is_required=True,
    ),
    Event(
        code="budget_credited",
        notice_class=NoticeClass.MONEY,
        facts={"until": _DATE, "amount": _MONEY, "link": _LINK},
    ),
    *(
        Event(
            code=f"rebilled_{way}",
            notice_class=NoticeClass.MONEY,
            facts={
                "bill": _TEXT,
                "days": _TEXT,
                "days_en": _TEXT,
                "reason": _TEXT,
                "reason_en": _TEXT,
                "before": FactKind.NUMBER,
                "after": FactKind.NUMBER,
                "amount": _MONEY,
                "link": _LINK,
            },
            is_required=True,
        )
        for way in ("more", "less")
    ),
    Event(
        code="bill_cancelled",
        notice_class=NoticeClass.MONEY,
        facts={"bill": _TEXT, "period": _PERIOD, "amount": _MONEY, "link": _LINK},
    ),
    Event(
        code="payment_received",
        notice_class=NoticeClass.MONEY,
        facts={"amount": _MONEY, "received": _DATE, "reference": _TEXT},
        ladder=(Channel.SMS, Channel.EMAIL),
    ),
    Event(
        code="consolidated_issued",
        notice_class=NoticeClass.MONEY,
        facts={
            "bill": _TEXT,
            "period": _PERIOD,
            "count": FactKind.NUMBER,
            "amount": _MONEY,
            "to_pay": _MONEY,
            "due": _DATE,
            "link": _LINK,
        },
    ),
    Event(
        code="consolidated_due_soon",
        notice_class=NoticeClass.MONEY,
        facts={"bill": _TEXT, "open": _MONEY, "due": _DATE, "link": _LINK},
    ),
    Event(
        code="consolidated_paid",
        notice_class=NoticeClass.MONEY,
        facts={"bill": _TEXT, "amount": _MONEY, "received": _DATE, "reference": _TEXT, "link": _LINK},
    ),
    Event(
        code="payment_reversed",
        notice_class=NoticeClass.MONEY,
        facts={"amount": _MONEY, "reversed": _DATE, "reference": _TEXT},
        ladder=(Channel.SMS, Channel.EMAIL),
        is_required=True,
    ),
    Event(
        code="payment_moved",
        notice_class=NoticeClass.MONEY,
        facts={"amount": _MONEY, "received": _DATE, "reference": _TEXT},
        ladder=(Channel.SMS, Channel.EMAIL),
    ),
    Event(
        code="refund_sent",
        notice_class=NoticeClass.MONEY,
        facts={"amount": _MONEY, "sent": _DATE, "to": _TEXT, "reference": _TEXT},
        ladder=(Channel.SMS, Channel.EMAIL),
    ),
    Event(
        code="refund_returned",
        notice_class=NoticeClass.MONEY,
        facts={"amount": _MONEY, "day": _DATE, "reason": _TEXT, "link": _LINK},
        ladder=(Channel.SMS, Channel.EMAIL),
    ),
    *(
        Event(
            code=f"e_invoice_{state}",
            notice_class=NoticeClass.MONEY,
            facts={"number": _TEXT, "bill": _TEXT, "amount": _MONEY, "link": _LINK},
        )
        for state in ("issued", "reversed")
    ),
    Event(
        code="deposit_demanded",
        notice_class=NoticeClass.MONEY,
        facts={"amount": _MONEY, "due": _DATE, "bill": _TEXT, "link": _LINK},
        is_required=True,
    ),
    Event(code="deposit_received", notice_class=NoticeClass.MONEY, facts={"amount": _MONEY, "link": _LINK}),
    *(
        Event(
            code=f"deposit_{what}",
            notice_class=NoticeClass.MONEY,
            facts={"amount": _MONEY, "bill": _TEXT, "link": _LINK},
            ladder=(Channel.SMS, Channel.EMAIL),
        )
        for what in ("interest", "returned")
    ),
    Event(
        code="payment_due_soon",
        notice_class=NoticeClass.MONEY,
        facts={"bill": _TEXT, "open": _MONEY, "due": _DATE, "link": _LINK},
        ladder=(Channel.SMS, Channel.EMAIL),
    ),
    Event(
        code="debit_announced",
        notice_class=NoticeClass.MONEY,
        facts={"bill": _TEXT, "amount": _MONEY, "day": _DATE, "mandate": _TEXT, "bank_account": _TEXT, "link": _LINK},
        is_required=True,
    ),
    Event(
        code="debit_returned",
        notice_class=NoticeClass.MONEY,
        facts={
            "bill": _TEXT,
            "amount": _MONEY,
            "reason": _TEXT,
            "reason_en": _TEXT,
            "next": _TEXT,
            "next_en": _TEXT,
            "link": _LINK,
        },
        ladder=(Channel.SMS, Channel.EMAIL),
        is_required=True,
    ),
    *(
        Event(
            code=f"mandate_{state}",
            notice_class=NoticeClass.MONEY,
            facts={"mandate": _TEXT, "bank_account": _TEXT, "link": _LINK},
            ladder=(Channel.SMS, Channel.EMAIL),
        )
        for state in ("active", "ended")
    ),
    Event(
        code="debt_reminder",
        notice_class=NoticeClass.MONEY,
        facts={"open": _MONEY, "due": _DATE, "link": _LINK},
        ladder=(Channel.SMS, Channel.EMAIL, Channel.POST),
        is_required=True,
    ),
    Event(
        code="debt_demand",
        notice_class=NoticeClass.MONEY,
        facts={"open": _MONEY, "due": _DATE, "link": _LINK},
        ladder=(Channel.POST,),
        is_required=True,
    ),
    *(
        Event(
            code=f"plan_{what}",
            notice_class=NoticeClass.MONEY,
            facts={"plan": _TEXT, "link": _LINK, **facts},
            ladder=(Channel.SMS, Channel.EMAIL, Channel.POST),
            is_required=what == "broken",
        )
        for what, facts in _PLAN_FACTS.items()
    ),
    Event(
        code="cut_notice",
        notice_class=NoticeClass.MONEY,
        facts={
            "address": _TEXT,
            "open": _MONEY,
            "day": _DATE,
            "hours": _TEXT,
            "within": FactKind.NUMBER,
            "link": _LINK,
        },
        ladder=(Channel.POST, Channel.SMS, Channel.EMAIL),
        everywhere=True,
        is_required=True,
    ),
    Event(
        code="cut_reminder",
        notice_class=NoticeClass.MONEY,
        facts={"address": _TEXT, "open": _MONEY, "day": _DATE, "hours": _TEXT, "link": _LINK},
        ladder=(Channel.SMS, Channel.EMAIL),
        everywhere=True,
        is_urgent=True,
        is_required=True,
    ),
    Event(
        code="prepaid_low",
        notice_class=NoticeClass.MONEY,
        facts={"balance": _MONEY, "link": _LINK},
        ladder=(Channel.SMS, Channel.EMAIL),
    ),
    Event(
        code="prepaid_pending",
        notice_class=NoticeClass.MONEY,
        facts={"balance": _MONEY, "day": _DATE, "link": _LINK},
        ladder=(Channel.SMS, Channel.EMAIL, Channel.POST),
        is_required=True,
    ),
)
