"""Mailings: the list, one with its texts, and what became of its notices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db.models import Q

from accounts.domain.mailing import NewMailing, Words
from accounts.models.notice import Mailing, MailingText
from cis.kernel.errors import Refused
from cis.platform import db


class UnknownMailing(Refused):
    """There is no such mailing."""

    code = "unknown_mailing"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailingCard:
    """
    A mailing as a list shows it.

    count  customers that it goes to
    bound  from so many on a second person decided, by the rule of that time
    """

    id: int
    event: str
    title: str
    state: str
    customer_kind: str
    district: str
    tariff: str
    cycle: str
    segment: str
    count: int
    bound: int
    job_id: int | None
    created_at: datetime
    actor_id: int | None
    actor_name: str
    decided_at: datetime | None
    decider_id: int | None
    decider_name: str

    @property
    def needs_another(self) -> bool:
        """Return whether somebody else than its author lets it go."""
        return self.count >= self.bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of the notices of a mailing by one way: how many are in each state."""

    channel: str
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """Return all of them."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    Which mailings are listed; what is empty does not narrow the list.

    text        part of the name of the mailing or of who wrote it
    since_date  written on this local date or later
    order       "" the latest first; one of ``ORDERS``
    """

    text: str = ""
    event: str = ""
    state: str = ""
    since_date: date | None = None
    order: str = ""


ORDERS: Final = {"": ("-id",), "oldest": ("id",), "title": ("title", "-id"), "count": ("-count", "-id")}


def listed(*, wanted: Wanted = Wanted(), offset: int = 0, most: int = 50) -> tuple[MailingCard, ...]:
    """Return mailings in the order that is wanted; one statement."""
    rows = Mailing.objects.order_by(*ORDERS[wanted.order])
    if wanted.text:
        rows = rows.filter(Q(title__icontains=wanted.text) | Q(actor_name__icontains=wanted.text))
    if wanted.since_date:
        rows = rows.filter(created_at__date__gte=wanted.since_date)
    for name in ("event", "state"):
        if value := getattr(wanted, name):
            rows = rows.filter(**{name: value})
    return tuple(MailingCard(**row) for row in rows.values(*MailingCard.__dataclass_fields__)[offset : offset + most])


def one(*, mailing_id: int) -> MailingCard:
    """
    Return a mailing; one statement.

    :raises UnknownMailing: there is none.
    """
    row = Mailing.objects.filter(id=mailing_id).values(*MailingCard.__dataclass_fields__).first()
    if row is None:
        raise UnknownMailing(f"There is no mailing {mailing_id}.", mailing_id=mailing_id)
    return MailingCard(**row)


def words_of(*, mailing_id: int) -> NewMailing:
    """
    Return a mailing with its words, as it was typed, or its facts; three statements.

    :raises UnknownMailing: there is none.
    """
    card = one(mailing_id=mailing_id)
    texts = MailingText.objects.filter(mailing_id=mailing_id)
    words = {row.language: Words(row.subject, row.body, row.sms) for row in texts}
    facts = Mailing.objects.values_list("facts", flat=True).get(id=mailing_id)
    return NewMailing(title=card.title, event=card.event, words=words, facts=facts)


def report(*, mailing_id: int) -> tuple[Report, ...]:
    """Return what became of the notices of a mailing, by way; one statement."""
    sql = """SELECT channel, state, count(*) FROM accounts_notice WHERE mailing_id = %s
             GROUP BY channel, state ORDER BY channel, state"""
    counts: dict[str, dict[str, int]] = {}
    for channel, state, count in db.fetch(sql, [mailing_id]):
        counts.setdefault(channel, {})[state] = count
    return tuple(Report(channel=channel, counts=found) for channel, found in counts.items())


def without_a_way(*, event: str, keys: Sequence[str]) -> list[int]:
    """Return the customers among some notices to whom no way outside leads: no contact, or none that works."""
    rows = db.fetch(
        """SELECT DISTINCT customer_id FROM accounts_notice
           WHERE event = %s AND key = ANY(%s) AND state = 'suppressed' AND reason IN ('no_contact', 'bounced_before')
           ORDER BY 1""",
        [event, list(keys)],
    )
    return [customer_id for (customer_id,) in rows]


def unreached(*, mailing_id: int) -> int:
    """Return how many customers of a mailing nothing outside reached, or may still reach; one statement."""
    ((count,),) = db.fetch(
        """SELECT count(*) FROM (
               SELECT customer_id FROM accounts_notice WHERE mailing_id = %s AND channel <> 'inbox' GROUP BY customer_id
               HAVING NOT bool_or(state IN ('queued', 'sent', 'delivered'))) AS one""",
        [mailing_id],
    )
    return int(count)


def sample(*, mailing_id: int, most: int) -> tuple[tuple[int, str, str, str], ...]:
    """Return some of whom a mailing goes to: account id, number, name and language; one statement."""
    rows = db.fetch(_SAMPLE, [mailing_id, most])
    return tuple((account_id, number, name, language) for account_id, number, name, language in rows)


_SAMPLE = """
    SELECT a.id, a.number, c.name, c.language
    FROM (SELECT * FROM accounts_mailingtarget WHERE mailing_id = %s ORDER BY md5(customer_id::text) LIMIT %s) AS t
    JOIN accounts_account a ON a.id = t.account_id JOIN accounts_customer c ON c.id = t.customer_id ORDER BY a.number
"""
