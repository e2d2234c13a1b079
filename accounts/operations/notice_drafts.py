"""Notices before they are rows: whom to tell what, the text of each way, and the one place that writes them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.utils import timezone

from accounts.domain import notice_routes, notice_texts
from accounts.domain.customer import LANGUAGES
from accounts.domain.notice_events import COMMON, Channel, Event, Fact
from accounts.domain.notice_kinds import SECRETS, secret_of
from accounts.domain.notice_routes import Address, Person, QuietHours, Route
from accounts.domain.notice_states import NoticeState
from accounts.domain.notice_texts import HIDDEN, Template, Text, Values
from accounts.queries import notice_texts as stored_texts
from accounts.queries import supplier
from accounts.queries.notice_people import Written
from accounts.queries.notice_texts import Place
from cis.kernel.calendar import local_clock
from cis.platform import db, outbox, packs
from cis.platform.db import joins_transaction

SEND = "notice.send"
"""Kind of the messages in the outbox that send notices."""

SEPARATOR = "\x1f"
AHEAD = timedelta(days=1)

_WRITE = f"""
    WITH one AS (
        SELECT * FROM unnest(
            %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[],
            %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int[], %s::text[],
            %s::date[], %s::timestamptz[], %s::timestamptz[], %s::bigint[], %s::bigint[], %s::boolean[],
            %s::timestamptz[]
        ) AS one (
            event, notice_class, channel, state, key, customer, account, contact, name, address, language, subject,
            body, secret, spares, version, reason, occurred, created, sent, instead_of, mailing, is_outgoing, due_at
        )
    ), made AS (
        INSERT INTO accounts_notice (
            event, notice_class, channel, state, key, customer_id, account_id, contact_point_id, name, address,
            language, subject, body, secret, spares, template_version, reason, occurred_date, created_at, sent_at,
            instead_of_id, mailing_id, detail, proof, resent
        )
        SELECT one.event, one.notice_class, one.channel, one.state, one.key, one.customer, one.account, one.contact,
               one.name, one.address, one.language, one.subject, one.body, one.secret,
               string_to_array(one.spares, chr(31)), one.version, one.reason, one.occurred, one.created, one.sent,
               one.instead_of, one.mailing, '', '', 0
        FROM one ON CONFLICT (event, key, channel) DO NOTHING RETURNING id, key, channel
    ), outgoing AS (
        SELECT '{SEND}' AS kind, 'notice:' || made.id AS key, jsonb_build_object('notice_id', made.id) AS payload,
               one.due_at
        FROM made JOIN one USING (key, channel) WHERE one.is_outgoing
    ), queued AS ({outbox.insert_from("outgoing")})
    SELECT (SELECT count(*) FROM made), (SELECT count(*) FROM queued)
"""  # noqa: S608 (made of constants)

Texts = Callable[[Channel], tuple[int, Text]]
"""Gives version and text of a way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Somebody who is no customer yet; "" = not known. Contacts in canonical form (accounts.domain.contact)."""

    name: str
    language: str = LANGUAGES[0]
    mobile: str = ""
    email: str = ""
    postal_address: str = ""

    def person(self) -> Person:
        """Return the recipient as one who is told: without an inbox, and without anything said of classes and ways."""
        given = {Channel.SMS: self.mobile, Channel.EMAIL: self.email, Channel.POST: self.postal_address}
        return Person(
            name=self.name,
            language=self.language,
            addresses={channel: Address(value) for channel, value in given.items() if value},
            has_inbox=False,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNotice:
    """
    One thing to tell one person: a customer, or a recipient who is none yet.

    key            what it is about, as "payment:17"; the same key of an event is told once
    occurred_date  local date of what it tells; None: today
    place          address to which a letter goes where the customer has none that works; "": nowhere
    """

    key: str
    facts: Mapping[str, Fact]
    customer_id: int | None = None
    account_id: int | None = None
    recipient: Recipient | None = None
    occurred_date: date | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class Wording:
    """
    Texts in place of the catalogue's own, of each way and language; a way without a text is not taken.

    ``templates`` None: a mailing that has the catalogue's own.
    """

    templates: Mapping[Place, tuple[int, Template]] | None
    mailing_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A notice by one way, before it has a row; ``spares`` are the texts of later ways, for when this one fails."""

    key: str
    customer_id: int | None
    account_id: int | None
    person: Person
    route: Route
    text: Text
    version: int
    occurred_date: date
    secret: str = ""
    spares: tuple[tuple[Channel, int, Text], ...] = ()
    instead_of: int | None = None
    mailing_id: int | None = None


@dataclass(slots=True)
class Writer:
    """Makes the texts of notices of one event; its templates are read once for all of them."""

    event: Event
    numbers: Mapping[int, str]
    only: frozenset[Channel] | None = None
    wording: Wording | None = None
    written: Sequence[Written] | None = None
    templates: Mapping[Place, tuple[int, Template]] = field(init=False)
    common: Mapping[str, Mapping[str, Fact]] = field(init=False)

    def __post_init__(self) -> None:
        worded = self.wording.templates if self.wording else None
        if worded is not None:
            self.templates = worded
        elif self.written is not None:
            self.templates = stored_texts.in_force_of(self.event.code, self.written)
        else:
            self.templates = stored_texts.in_force(self.event.code)
        # One text serves several ways: each notice fills it once.
        same: dict[Template, Template] = {}
        self.templates = {
            place: (version, same.setdefault(template, template))
            for place, (version, template) in self.templates.items()
        }
        self.common = {language: stored_texts.common_facts(language) for language in LANGUAGES}
        if worded is not None:
            ways = frozenset(channel for channel, _ in self.templates)
            self.only = ways if self.only is None else self.only & ways

    def drafts(self, new: NewNotice, person: Person) -> list[Draft]:
        """Return a draft for each way that one notice takes."""
        values = self._values(new, person)
        taken = notice_routes.routes(person, event=self.event, only=self.only)
        texts = self._texts(values)
        secret = next((secret_of(new.facts[name]) for name, kind in self.event.facts.items() if kind in SECRETS), "")
        return [
            Draft(
                key=new.key,
                customer_id=new.customer_id,
                account_id=new.account_id,
                person=person,
                route=route,
                text=texts(route.channel)[1],
                version=texts(route.channel)[0],
                occurred_date=new.occurred_date or timezone.localdate(),
                secret=secret,
                spares=self._spares(route.channel, texts),
                mailing_id=self.wording.mailing_id if self.wording else None,
            )
            for route in taken
        ]

    def _spares(self, taken: Channel, texts: Texts) -> tuple[tuple[Channel, int, Text], ...]:
        """Return the texts of the ways that come after one on the ladder."""
        ladder = self.event.ladder
        if self.event.everywhere or taken not in ladder:
            return ()
        later = ladder[ladder.index(taken) + 1 :]
        return tuple((way, *texts(way)) for way in later if self.only is None or way in self.only)

    def _texts(self, values: Values) -> Texts:
        """Return what gives version and text of a way; each template is filled once."""
        filled: dict[int, Text] = {}

        def of(channel: Channel) -> tuple[int, Text]:
            version, template = self.templates[channel, values.language]
            if id(template) not in filled:
                filled[id(template)] = notice_texts.filled(template, values=values)
            return version, filled[id(template)]

        return of

    def _values(self, new: NewNotice, person: Person) -> Values:
        number = self.numbers.get(new.account_id or 0, "")
        facts = {**self.common[person.language], "name": person.name, "account": number, **new.facts}
        kinds = {**COMMON, **self.event.facts}
        return Values(facts=facts, kinds=kinds, language=person.language, site=settings.SITE_URL)


@joins_transaction
def write_step(*, event: Event, drafts: Sequence[Draft]) -> int:
    """
    Write notices and queue what goes outside; return how many are new. A constant number of statements.

    What lies in the inbox is there at once, a letter waits for its batch, the rest waits in the outbox: until the end
    of quiet hours, where they hold it up.
    """
    if not drafts:
        return 0
    now = timezone.now()
    ways = {draft.route.channel for draft in drafts if _is_outgoing(draft.route)}
    due = {way: quiet_until(now, event=event, channel=way) or _at_once(now, event) for way in ways}
    columns = list(zip(*(_row(event, draft, now, due.get(draft.route.channel)) for draft in drafts), strict=True))
    ((made, queued),) = db.fetch(_WRITE, [list(column) for column in columns])
    if queued:
        outbox.wake()
    written: int = made
    return written


@joins_transaction
def queue_step(*, notice_id: int, resent: int, due_at: datetime | None) -> bool:
    """Queue one sending of a notice that was sent before, or is put off; return False if it was queued for then."""
    when = due_at.isoformat() if due_at else "now"
    payload = {"notice_id": notice_id, "resent": resent}
    return outbox.queue(kind=SEND, key=f"notice:{notice_id}:{resent}:{when}", payload=payload, due_at=due_at)


def quiet_until(now: datetime, *, event: Event, channel: Channel) -> datetime | None:
    """Return the end of the quiet hours if they hold a notice up now, None if it may go at once."""
    clock = local_clock(supplier.current().time_zone)
    rule = packs.rule("quiet_hours", at=clock.local_date(now))
    channels = {way for way in (Channel.SMS, Channel.EMAIL) if rule.get(way.value, way is Channel.SMS)}
    quiet = QuietHours(time.fromisoformat(rule["start"]), time.fromisoformat(rule["end"]), frozenset(channels))
    return notice_routes.send_at(now, event=event, channel=channel, quiet=quiet, clock=clock)


def _at_once(now: datetime, event: Event) -> datetime | None:
    """Return since when an urgent notice is due: before all others that wait, as those of a mailing to many."""
    return now - AHEAD if event.is_urgent else None


def _is_outgoing(route: Route) -> bool:
    """Return whether a way leads through the outbox: the inbox is here, and letters wait for their batch."""
    return not route.reason and route.channel not in {Channel.INBOX, Channel.POST}


def _row(event: Event, draft: Draft, now: datetime, due_at: datetime | None) -> tuple[object, ...]:
    route = draft.route
    state = NoticeState.SUPPRESSED if route.reason else NoticeState.QUEUED
    if route.channel is Channel.INBOX:
        state = NoticeState.SENT
    # unnest takes no arrays of different lengths, and no text has a separator: control characters are taken out.
    addresses = draft.person.addresses
    spares = [
        part
        for way, version, text in draft.spares
        for part in (way.value, addresses[way].value if way in addresses else "", str(version), text.subject, text.body)
    ]
    body, secret = draft.text.body, draft.secret
    if route.reason and secret:
        body, secret = body.replace(secret, HIDDEN), ""
    return (
        event.code, event.notice_class.value, route.channel.value, state.value, draft.key, draft.customer_id,
        draft.account_id, route.address.contact_id, draft.person.name, route.address.value, draft.person.language,
        draft.text.subject, body, secret, SEPARATOR.join(spares), draft.version, route.reason, draft.occurred_date,
        now, now if state is NoticeState.SENT else None, draft.instead_of, draft.mailing_id,
        _is_outgoing(route), due_at,
    )  # fmt: skip
