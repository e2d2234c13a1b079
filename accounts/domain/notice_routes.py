"""By which ways a notice goes to one person: what the event wants, what the person allows, where they are reached."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from accounts.domain.contact import ContactKind
from accounts.domain.notice_events import Channel, Event, NoticeClass
from cis.kernel.calendar import LocalClock

DAY = timedelta(days=1)
KINDS: Mapping[Channel, ContactKind] = {
    Channel.SMS: ContactKind.MOBILE,
    Channel.EMAIL: ContactKind.EMAIL,
    Channel.POST: ContactKind.POST,
}
"""Which contact point each way outside the portal needs."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a way leads: number, mailbox or postal address; ``contact_id`` of a customer's contact point."""

    value: str
    contact_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """
    Who is told.

    addresses  of each way the best contact point that works
    proven     the same of what may be told a secret: of numbers one that is proven; None: all of them
    bounced    ways whose contact points are all known not to work
    choices    what the person said of a class and a way: True = yes, False = no
    has_inbox  it is a customer; somebody who only applied has no inbox yet
    """

    name: str
    language: str
    addresses: Mapping[Channel, Address]
    proven: Mapping[Channel, Address] | None = None
    bounced: frozenset[Channel] = frozenset()
    choices: Mapping[tuple[NoticeClass, Channel], bool] = field(default_factory=dict)
    has_inbox: bool = True

    def reached(self, event: Event) -> Mapping[Channel, Address]:
        """Return where this event reaches the person: a secret goes to no number that nobody proved."""
        return self.addresses if self.proven is None or not event.is_secret else self.proven


@dataclass(frozen=True, slots=True)
class Route:
    """One way that is taken; ``reason`` says why nothing goes by it, "" if it goes."""

    channel: Channel
    address: Address
    reason: str = ""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Local times between which nothing that rings is sent; ``start`` after ``end``: over midnight."""

    start: time
    end: time
    channels: frozenset[Channel]


def allows(person: Person, *, event: Event, channel: Channel) -> bool:
    """
    Return whether the person takes this event by this way.

    What belongs to the supply contract goes unless it was refused, advertising goes only if it was asked for, and what
    law or contract wants to arrive goes in any case; service and money always reach the inbox.
    [source: 个人信息保护法 (2021) art 13 no 2; 广告法 (2021) art 43]
    """
    if event.is_required:
        return True
    if event.notice_class is NoticeClass.MARKETING:
        return person.choices.get((event.notice_class, channel), False)
    return channel is Channel.INBOX or person.choices.get((event.notice_class, channel), True)


def routes(
    person: Person, *, event: Event, after: Channel | None = None, only: frozenset[Channel] | None = None
) -> tuple[Route, ...]:
    """
    Return the ways that a notice takes; where no way outside leads anywhere, one route says why.

    :param after: the way that failed: only what comes after it on the ladder is asked, and not the inbox again.
    :param only: ways that are allowed at all.
    """
    ladder = event.ladder
    if after is not None:
        ladder = ladder[ladder.index(after) + 1 :] if after in ladder else ()
    ladder = tuple(way for way in ladder if only is None or way in only)
    tried = [(way, _obstacle(person, event, way)) for way in ladder]
    open_ways = [way for way, reason in tried if not reason]
    taken = [Route(way, person.reached(event)[way]) for way in (open_ways if event.everywhere else open_ways[:1])]
    if not taken and tried:
        taken = [Route(tried[0][0], Address(""), tried[0][1])]
    wants_inbox = event.in_inbox and after is None and person.has_inbox and (only is None or Channel.INBOX in only)
    if wants_inbox and allows(person, event=event, channel=Channel.INBOX):
        taken.append(Route(Channel.INBOX, Address("")))
    return tuple(taken)


def send_at(
    now: datetime, *, event: Event, channel: Channel, quiet: QuietHours | None, clock: LocalClock
) -> datetime | None:
    """Return the end of the quiet hours if they hold the notice up at ``now``, None if it may go at once."""
    if quiet is None or event.is_urgent or channel not in quiet.channels:
        return None
    local = now.astimezone(clock.zone)
    at = local.time().replace(tzinfo=None)
    over_midnight = quiet.start >= quiet.end
    is_quiet = (at >= quiet.start or at < quiet.end) if over_midnight else quiet.start <= at < quiet.end
    if not is_quiet:
        return None
    day = local.date() + (DAY if over_midnight and at >= quiet.start else timedelta(0))
    return datetime.combine(day, quiet.end, tzinfo=clock.zone).astimezone(UTC)


def _obstacle(person: Person, event: Event, channel: Channel) -> str:
    if not allows(person, event=event, channel=channel):
        return "no_consent"
    if channel in person.reached(event):
        return ""
    if channel in person.addresses:
        return "not_proven"
    return "bounced_before" if channel in person.bounced else "no_contact"
