"""Notices to look at: lists, one with its text as sent, the inbox of a customer, addresses that do not work."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from accounts.domain import notice_texts
from accounts.domain.notice_events import Channel
from accounts.domain.notice_states import NoticeState
from accounts.domain.notice_texts import HIDDEN
from accounts.models.notice import Notice
from accounts.queries.search import CUSTOMER_FITS, patterns
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Refused
from cis.platform import concealed, db

FOUND_MOST = 500
FILE_CHUNK = 2_000


class UnknownNotice(Refused):
    """There is no such notice."""

    code = "unknown_notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeCard:
    """
    One notice by one way, as a list shows it.

    address    number, mailbox or postal address at that time; "" of the inbox
    reason     why it did not go or arrive, a code; "" = nothing is wrong
    settled_at when it arrived, bounced or failed
    read_at    when it was opened in the inbox
    """

    id: int
    event: str
    notice_class: str
    channel: str
    state: str
    reason: str
    customer_id: int | None
    account_id: int | None
    account_number: str
    name: str
    address: str
    subject: str
    occurred_date: date
    created_at: datetime
    sent_at: datetime | None
    settled_at: datetime | None
    read_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeDetail:
    """
    A notice with its text as sent; a one-time code in it is not shown.

    proof       the gateway's own name of the message, or the Message-ID
    segments    SMS that the text takes, 0 of other ways
    instead_of  the notice of another way that did not arrive; ``fall_backs`` the other way round
    resent      how often it was sent again
    """

    card: NoticeCard
    language: str
    body: str
    detail: str
    proof: str
    template_version: int
    segments: int
    instead_of: int | None
    fall_backs: tuple[int, ...]
    mailing_id: int | None
    batch_id: int | None
    resent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    Which notices are listed; what is empty does not narrow the list.

    text        number of an account, or part of the name or telephone of a customer
    since_date  told on this local date or later
    order       "" the latest first, or "oldest"
    """

    text: str = ""
    event: str = ""
    channel: str = ""
    state: str = ""
    since_date: date | None = None
    mailing_id: int | None = None
    batch_id: int | None = None
    order: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToMend:
    """
    Which contact points are listed that do not work; what is empty does not narrow the list.

    text   part of a name, number or address
    order  "" the oldest first, or "latest"
    """

    text: str = ""
    kind: str = ""
    order: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BouncedContact:
    """A contact point that a message came back from: a task until somebody has asked the customer."""

    contact_id: int
    customer_id: int
    account_id: int | None
    name: str
    kind: str
    value: str
    bounced_at: datetime
    reason: str


_CARD = """
SELECT n.id, n.event, n.notice_class, n.channel, n.state, n.reason, n.customer_id, n.account_id,
       coalesce(a.number, ''), n.name, n.address,
       CASE WHEN n.subject = '' THEN left(n.body, 120) ELSE n.subject END, n.occurred_date, n.created_at, n.sent_at,
       n.settled_at, n.read_at, n.secret
FROM accounts_notice n LEFT JOIN accounts_account a ON a.id = n.account_id
"""
_FOUND = """
(n.account_id = (SELECT id FROM accounts_account WHERE number = %(plain)s)
 OR n.customer_id IN (SELECT c.id FROM accounts_customer c WHERE {fits} LIMIT %(found_most)s))
"""


def listed(
    *, wanted: Wanted, offset: int = 0, most: int = 50, actor: Actor = SYSTEM
) -> tuple[NoticeCard, ...]:  # fmt: skip
    """Return notices in the order that is wanted, without those about what is kept from the actor; one statement."""
    where, params = _conditions(wanted, actor)
    sql = f"{_CARD} WHERE {where} ORDER BY n.id {_direction(wanted)} LIMIT %(most)s OFFSET %(offset)s"
    return _cards(db.fetch(sql, {**params, "most": most, "offset": offset}))


def all_listed(*, wanted: Wanted, most: int, actor: Actor = SYSTEM) -> Iterator[NoticeCard]:
    """Yield notices for a file in the order that is wanted, some thousands at a time; see ``listed``."""
    where, params = _conditions(wanted, actor)
    sign, place = (">", 0) if wanted.order else ("<", 2**62)
    sql = f"{_CARD} WHERE {where} AND n.id {sign} %(place)s ORDER BY n.id {_direction(wanted)} LIMIT %(most)s"
    left = most
    while left > 0:
        found = _cards(db.fetch(sql, {**params, "place": place, "most": min(left, FILE_CHUNK)}))
        if not found:
            return
        yield from found
        place, left = found[-1].id, left - len(found)


def _direction(wanted: Wanted) -> str:
    return "ASC" if wanted.order == "oldest" else "DESC"


def of_ids(*, notice_ids: Sequence[int]) -> tuple[NoticeCard, ...]:
    """Return notices by their ids, the latest first; one statement."""
    return _cards(db.fetch(f"{_CARD} WHERE n.id = ANY(%s) ORDER BY n.id DESC", [list(notice_ids)]))


def of_account(
    *, account_id: int, customer_id: int, most: int, actor: Actor = SYSTEM
) -> tuple[NoticeCard, ...]:  # fmt: skip
    """Return the contact history of an account: what is about it, or about its holder and no account; latest first."""
    hidden, params = _hidden(actor)
    sql = f"""{_CARD} WHERE (n.account_id = %(account)s OR (n.account_id IS NULL AND n.customer_id = %(customer)s))
              AND {hidden} ORDER BY n.id DESC LIMIT %(most)s"""
    return _cards(db.fetch(sql, {**params, "account": account_id, "customer": customer_id, "most": most}))


def one(*, notice_id: int, actor: Actor = SYSTEM) -> NoticeDetail:
    """
    Return a notice with its text; two statements.

    :raises UnknownNotice: there is none, or it is about what is kept from the actor.
    """
    row = Notice.objects.filter(id=notice_id).first()
    if row is None or is_hidden(row.key, actor):
        raise UnknownNotice(f"There is no notice {notice_id}.", notice_id=notice_id)
    body = row.body.replace(row.secret, HIDDEN) if row.secret else row.body
    return NoticeDetail(
        card=of_ids(notice_ids=[notice_id])[0],
        language=row.language,
        body=body,
        detail=row.detail,
        proof=row.proof,
        template_version=row.template_version,
        segments=notice_texts.segments(row.body) if row.channel == Channel.SMS else 0,
        instead_of=row.instead_of_id,
        fall_backs=tuple(Notice.objects.filter(instead_of_id=notice_id).order_by("id").values_list("id", flat=True)),
        mailing_id=row.mailing_id,
        batch_id=row.batch_id,
        resent=row.resent,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeText:
    """A notice with its text, as programs get it."""

    id: int
    event: str
    notice_class: str
    channel: str
    state: str
    reason: str
    address: str
    subject: str
    body: str
    occurred_date: date
    created_at: datetime
    sent_at: datetime | None
    settled_at: datetime | None
    read_at: datetime | None


def with_texts(*, notice_ids: Sequence[int]) -> tuple[NoticeText, ...]:
    """Return notices with their texts, the latest first; one statement. A one-time code in them is not shown."""
    names = [name for name in NoticeText.__dataclass_fields__ if name != "body"]
    rows = Notice.objects.filter(id__in=notice_ids).order_by("-id")
    return tuple(
        NoticeText(
            body=row.body.replace(row.secret, HIDDEN) if row.secret else row.body,
            **{name: getattr(row, name) for name in names},
        )
        for row in rows
    )


def told(*, events: Sequence[str], keys: Sequence[str]) -> set[str]:
    """Return those keys of which one of the events was told already; one statement."""
    sql = "SELECT DISTINCT key FROM accounts_notice WHERE event = ANY(%s) AND key = ANY(%s)"
    return {key for (key,) in db.fetch(sql, [list(events), list(keys)])}


def is_on_its_way(*, event: str, key: str) -> bool:
    """Return whether what is told under a key goes to a phone or a mailbox, so that it is there soon; one statement."""
    gone = (NoticeState.SUPPRESSED.value, NoticeState.FAILED.value)
    rows = Notice.objects.filter(event=event, key=key, channel__in=(Channel.SMS.value, Channel.EMAIL.value))
    return rows.exclude(state__in=gone).exists()


def texted_to(*, event: str, key: str) -> str:
    """Return the number to which what is told under a key was texted, "" if it went by another way, too."""
    ways = set(Notice.objects.filter(event=event, key=key).values_list("channel", "address"))
    [(channel, address)] = ways if len(ways) == 1 else [("", "")]
    return address if channel == Channel.SMS else ""


def keys_since(*, event: str, customer_id: int, since: datetime) -> tuple[str, ...]:
    """Return under which keys a customer was told of an event since then; one statement."""
    rows = Notice.objects.filter(event=event, customer_id=customer_id, created_at__gte=since)
    return tuple(rows.values_list("key", flat=True).distinct())


def inbox(*, customer_id: int, offset: int = 0, most: int = 50) -> tuple[NoticeCard, ...]:
    """Return what lies in a customer's inbox, the latest first; one statement."""
    sql = f"""{_CARD} WHERE n.customer_id = %s AND n.channel = 'inbox'
              ORDER BY n.occurred_date DESC, n.id DESC LIMIT %s OFFSET %s"""
    return _cards(db.fetch(sql, [customer_id, most, offset]))


def in_inbox(*, customer_id: int, notice_id: int) -> NoticeDetail:
    """
    Return what lies in a customer's inbox.

    :raises UnknownNotice: there is none, or it is another's.
    """
    found = one(notice_id=notice_id)
    if found.card.customer_id != customer_id or found.card.channel != Channel.INBOX:
        raise UnknownNotice(f"There is no notice {notice_id}.", notice_id=notice_id)
    return found


def unread(*, customer_id: int) -> int:
    """Return how much in a customer's inbox was never opened; one statement."""
    return Notice.objects.filter(customer_id=customer_id, channel=Channel.INBOX.value, read_at=None).count()


def to_mend(*, wanted: ToMend = ToMend(), offset: int = 0, most: int = 50) -> tuple[BouncedContact, ...]:
    """Return contact points that a message came back from, in the order that is wanted; one statement."""
    params = {"kind": wanted.kind, "text": wanted.text.strip().lower(), "most": most, "offset": offset}
    direction = "DESC" if wanted.order == "latest" else "ASC"
    rows = db.fetch(f"{_TO_MEND} ORDER BY p.bounced_at {direction}, p.id LIMIT %(most)s OFFSET %(offset)s", params)
    return tuple(BouncedContact(**dict(zip(BouncedContact.__dataclass_fields__, row, strict=True))) for row in rows)


def count_to_mend() -> int:
    """Return how many contact points wait for somebody who asks the customer; one statement."""
    ((count,),) = db.fetch("SELECT count(*) FROM accounts_contactpoint WHERE bounced_at IS NOT NULL")
    return int(count)


_TO_MEND = """
SELECT p.id, c.id, (SELECT h.account_id FROM accounts_accountholder h WHERE h.customer_id = c.id
                    ORDER BY upper(h.period) DESC NULLS FIRST, h.account_id LIMIT 1),
       c.name, p.kind, p.value, p.bounced_at, p.bounce_reason
FROM accounts_contactpoint p JOIN accounts_customer c ON c.id = p.customer_id
WHERE p.bounced_at IS NOT NULL AND (%(kind)s = '' OR p.kind = %(kind)s)
  AND (%(text)s = '' OR position(%(text)s IN lower(c.name)) > 0 OR position(%(text)s IN lower(p.value)) > 0)
"""


def about(*, kind: str, ids: Sequence[int]) -> list[int]:
    """Return the notices about some things, by the beginning of their keys; one statement."""
    starts = [f"{kind}:{one}:%" for one in ids]
    return [row_id for (row_id,) in db.fetch("SELECT id FROM accounts_notice WHERE key LIKE ANY(%s)", [starts])]


def is_hidden(key: str, actor: Actor) -> bool:
    """Return whether a notice is about what is kept from an actor; its key begins with kind and id of that."""
    found = concealed.hidden_from(actor).items()
    return any(key.startswith(f"{kind}:{one}:") for kind, ids in found for one in ids)


def _hidden(actor: Actor) -> tuple[str, dict[str, object]]:
    kinds, ids = concealed.columns(concealed.hidden_from(actor))
    if not ids:
        return "true", {}
    return _SEEN, {"hidden_kinds": kinds, "hidden_ids": ids}


_SEEN = """NOT EXISTS (SELECT FROM unnest(%(hidden_kinds)s::text[], %(hidden_ids)s::bigint[]) AS h (kind, id)
                       WHERE starts_with(n.key, h.kind || ':' || h.id || ':'))"""


def _conditions(wanted: Wanted, actor: Actor) -> tuple[str, dict[str, object]]:
    hidden, params = _hidden(actor)
    conditions = [hidden]
    for name in ("event", "channel", "state", "mailing_id", "batch_id"):
        if value := getattr(wanted, name):
            conditions.append(f"n.{name} = %({name})s")
            params[name] = value
    if wanted.since_date:
        conditions.append("n.occurred_date >= %(since)s")
        params["since"] = wanted.since_date
    if text := wanted.text.strip():
        conditions.append(_FOUND.format(fits=CUSTOMER_FITS))
        params |= {"plain": text, "found_most": FOUND_MOST, **patterns(text)}
    return " AND ".join(conditions), params


def _cards(rows: Sequence[tuple[object, ...]]) -> tuple[NoticeCard, ...]:
    names = tuple(NoticeCard.__dataclass_fields__)
    found = []
    for *values, secret in rows:
        given = dict(zip(names, values, strict=True))
        if secret:
            given["subject"] = str(given["subject"]).replace(str(secret), HIDDEN)
        found.append(NoticeCard(**given))  # type: ignore[arg-type]
    return tuple(found)
