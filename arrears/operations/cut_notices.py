"""What customers are told of a disconnection: the notice, the last reminder, and that current flows again."""

from datetime import datetime

from django.utils import timezone

from accounts.domain.notice_events import Fact, Money
from accounts.operations import notices
from accounts.queries import supplier
from arrears.domain.announcements import SupplyRestored
from arrears.models.collection import DisconnectionOrder
from arrears.queries import cuts, orders, papers
from cis.kernel.actors import Actor
from cis.platform import events
from cis.platform.db import joins_transaction
from cis.platform.packs import MissingRule

LINK = "/portal/overdue"
NOTICE = "cut_notice"


@joins_transaction
def announce_step(row: DisconnectionOrder, *, actor: Actor) -> None:
    """Send the notice of disconnection by post, and tell it by SMS and mail; its hours are known."""
    assert row.slot_start_at is not None
    _tell(row, NOTICE, key=f"disconnection:{row.id}:{row.slot_start_at.isoformat()}", actor=actor)


@joins_transaction
def remind_step(row: DisconnectionOrder, *, at: datetime, actor: Actor) -> None:
    """Tell the customer for the last time, by SMS and mail at once."""
    _tell(row, "cut_reminder", key=f"disconnection:{row.id}:{at.isoformat()}", actor=actor)


@joins_transaction
def restored_step(row: DisconnectionOrder, *, actor: Actor) -> None:
    """Tell the customer, and announce, that current flows again."""
    events.announce(
        SupplyRestored(
            order_id=row.id, account_id=row.account_id, service_point_id=row.service_point_id,
            day=timezone.localdate(),
        )
    )  # fmt: skip
    told = orders.one(order_id=row.id)
    if told.customer_id is not None:
        notices.queue_step(
            event="supply_restored", customer_id=told.customer_id, account_id=row.account_id,
            facts={"address": told.address, "link": LINK}, key=f"disconnection:{row.id}", actor=actor,
        )  # fmt: skip


def _hours() -> int:
    """
    Return within how many hours current flows again: the notice promises it.

    :raises MissingRule: the pack says it otherwise.
    """
    hours = papers.reconnect_hours()
    if hours is None:
        raise MissingRule(
            "The pack does not say within how many hours a supply is switched on again.",
            advice="Give the service standard reconnection in hours.",
            key="service_standards",
        )
    return hours


def _tell(row: DisconnectionOrder, event: str, *, key: str, actor: Actor) -> None:
    told = orders.one(order_id=row.id)
    if told.customer_id is None or row.slot_start_at is None or row.slot_end_at is None:
        return
    clock = cuts.moment_of(row.slot_start_at).clock
    start, end = (at.astimezone(clock.zone) for at in (row.slot_start_at, row.slot_end_at))
    facts: dict[str, Fact] = {
        "address": told.address,
        "open": Money(told.open_minor, supplier.current().currency),
        "day": start.date(),
        "hours": f"{start:%H:%M}–{end:%H:%M}",
        "link": LINK,
    }
    if event == NOTICE:
        facts["within"] = str(_hours())
    notices.queue_step(
        event=event, customer_id=told.customer_id, account_id=row.account_id, facts=facts, key=key, actor=actor,
        place=told.address,
    )  # fmt: skip
