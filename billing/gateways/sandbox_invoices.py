"""
A platform that is made up and behaves as real ones do, on bad days too. What it issues is no tax document.

What it does is said by the last two digits of the sum of an invoice, tax included:

    .01  it takes its time: it has the request, and issues a minute later
    .02  it issues, but its answer gets lost; it says so when it is looked up
    .03  it does not answer for the first ten minutes, and knows of nothing then
    .04  it refuses the first request for what seems to be no reason, and issues under another id
    .06  of a red one: the buyer has to confirm, and does so a minute later
    .07  of a red one: the buyer refuses a minute later
    else it issues at once

It refuses a buyer whose data cannot be right, lines that do not add up, a blue invoice that it does not know or of
which less is left, and what goes beyond the sum that may be issued in a month (授信额度). ``down`` switches it off.
Numbers have 20 digits: year, 99 where a province would stand (so that no number can be a real one), 9, and a count.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import Q, Sum
from django.utils import timezone
from stdnum.cn import uscc

from billing.gateways.e_invoice import Answer, Order, PlatformUnreachable, Said
from billing.models.e_invoice import SandboxInvoice

CENTS: Final = 100
SLOW, LOST, SILENT, CAPRICIOUS, CONFIRMED, OBJECTED = 1, 2, 3, 4, 6, 7
MINUTE: Final = timedelta(minutes=1)
SILENT_FOR: Final = timedelta(minutes=10)
LINE_TOLERANCE_MINOR: Final = 6
E6: Final = 10**6
USCC_LENGTH: Final = 18
QUOTA_MINOR: Final = 10**13
"""What it lets a seller issue in a month, without tax. [minor unit]"""


class SandboxInvoices:
    """The sandbox platform; it keeps what it knows in a table of its own, so that web and workers see the same."""

    name = "sandbox"
    is_sandbox = True

    def __init__(self, *, quota_minor: int = QUOTA_MINOR) -> None:
        self.quota_minor = quota_minor
        self.down = False

    def issue(self, order: Order) -> Answer:
        """Ask for a blue invoice; see ``Platform``."""
        return self._take(order, is_red=False)

    def red(self, order: Order) -> Answer:
        """Ask for a red invoice; see ``Platform``."""
        return self._take(order, is_red=True)

    def look(self, request_id: str) -> Answer:
        """Say what became of a request; see ``Platform``."""
        self._check_up()
        row = SandboxInvoice.objects.filter(request_id=request_id).first()
        return Answer(request_id=request_id, said=Said.UNKNOWN) if row is None else _answer(row, timezone.now())

    def file(self, number: str) -> tuple[str, bytes] | None:  # noqa: ARG002
        """Return None: what a sandbox issues has no file of the state; ours is drawn as a specimen."""
        self._check_up()
        return None

    def _check_up(self) -> None:
        if self.down:
            raise PlatformUnreachable("the sandbox platform is down")

    def _take(self, order: Order, *, is_red: bool) -> Answer:
        self._check_up()
        now, way = timezone.now(), abs(order.net_minor + order.tax_minor) % CENTS
        known = SandboxInvoice.objects.filter(request_id=order.request_id).first()
        if known is not None:
            if way == SILENT and now < known.asked_at + SILENT_FOR:
                raise PlatformUnreachable("the sandbox platform does not answer")
            return _answer(known, now)
        if way == SILENT and not _has_waited(order, now):
            raise PlatformUnreachable("the sandbox platform does not answer")
        refusal = self._refusal(order, is_red=is_red, now=now, way=way)
        try:
            with transaction.atomic():
                row = _keep(order, is_red=is_red, refusal=refusal, now=now, way=way)
        except IntegrityError:  # the same id twice at once: the first counts
            row = SandboxInvoice.objects.get(request_id=order.request_id)
        if way == LOST and not refusal:
            raise PlatformUnreachable("the answer of the sandbox platform got lost")
        return _answer(row, now)

    def _refusal(self, order: Order, *, is_red: bool, now: datetime, way: int) -> str:
        if bad := _bad_buyer(order):
            return bad
        if not _adds_up(order):
            return "bad_lines"
        if is_red:
            return "buyer_refused" if way == OBJECTED else _bad_blue(order)
        if way == CAPRICIOUS and order.request_id.endswith("-1"):
            return "busy"
        used = SandboxInvoice.objects.filter(
            refusal="", is_red=False, asked_at__year=now.year, asked_at__month=now.month
        ).aggregate(net=Sum("net_minor"))["net"]
        return "quota" if (used or 0) + order.net_minor > self.quota_minor else ""


def _has_waited(order: Order, now: datetime) -> bool:
    """Note when something was first asked for that the sandbox says nothing of, and say if that is long enough ago."""
    # The first asking is kept under another id, so that looking it up says "unknown", as where a request got lost.
    row, _ = SandboxInvoice.objects.get_or_create(
        request_id=f"?{order.request_id}",
        defaults={"is_red": False, "net_minor": 0, "tax_minor": 0, "refusal": "lost", "asked_at": now, "due_at": now},
    )
    return now >= row.asked_at + SILENT_FOR


def _keep(order: Order, *, is_red: bool, refusal: str, now: datetime, way: int) -> SandboxInvoice:
    is_late = way == SLOW or (is_red and way in {CONFIRMED, OBJECTED})
    row = SandboxInvoice.objects.create(
        request_id=order.request_id,
        is_red=is_red,
        blue_number=order.blue_number,
        seller=order.seller.tax_number,
        net_minor=order.net_minor,
        tax_minor=order.tax_minor,
        refusal=refusal,
        asked_at=now,
        due_at=now + MINUTE if is_late else now,
    )
    if not refusal:
        row.number = f"{now:%y}999{row.id:015d}"
        row.confirmation = f"{now:%y}998{row.id:015d}" if is_red else ""
        row.save(update_fields=["number", "confirmation"])
    return row


def _answer(row: SandboxInvoice, now: datetime) -> Answer:
    if now < row.due_at:
        return Answer(request_id=row.request_id, said=Said.WORKING, text="being worked on")
    if row.refusal:
        return Answer(request_id=row.request_id, said=Said.REFUSED, code=row.refusal, text=_TEXTS.get(row.refusal, ""))
    return Answer(
        request_id=row.request_id,
        said=Said.ISSUED,
        number=row.number,
        confirmation=row.confirmation,
        issued_at=row.due_at,
    )


def _bad_buyer(order: Order) -> str:
    buyer = order.buyer
    if not buyer.name.strip() or set("<>") & set(buyer.name):
        return "bad_buyer"
    needs_number = order.kind == "special" or not order.is_person
    if needs_number and not buyer.tax_number:
        return "buyer_number_missing"
    if len(buyer.tax_number) == USCC_LENGTH and not order.is_person and not uscc.is_valid(buyer.tax_number):
        return "bad_buyer"
    return ""


def _adds_up(order: Order) -> bool:
    lines = order.lines
    return (
        bool(lines)
        and sum(line.net_minor for line in lines) == order.net_minor
        and sum(line.tax_minor for line in lines) == order.tax_minor
        and all(abs(line.net_minor * line.rate_e6 - line.tax_minor * E6) <= LINE_TOLERANCE_MINOR * E6 for line in lines)
        and not (order.kind == "special" and any(line.rate_e6 == 0 for line in lines))
    )


def _bad_blue(order: Order) -> str:
    blue = SandboxInvoice.objects.filter(number=order.blue_number, is_red=False).exclude(number="").first()
    if blue is None:
        return "blue_unknown"
    back = SandboxInvoice.objects.filter(Q(blue_number=order.blue_number, is_red=True, refusal="")).aggregate(
        net=Sum("net_minor"), tax=Sum("tax_minor")
    )
    left_net = blue.net_minor + (back["net"] or 0) + order.net_minor
    left_tax = blue.tax_minor + (back["tax"] or 0) + order.tax_minor
    return "blue_used_up" if left_net < 0 or left_tax < 0 else ""


_TEXTS: Final = {
    "bad_buyer": "购买方信息有误",
    "buyer_number_missing": "购买方纳税人识别号为空",
    "bad_lines": "金额、税额与合计不符",
    "busy": "系统繁忙",
    "quota": "可用授信额度不足",
    "blue_unknown": "未找到对应的蓝字发票",
    "blue_used_up": "可红冲金额不足",
    "buyer_refused": "购买方否认红字信息确认单",
}
