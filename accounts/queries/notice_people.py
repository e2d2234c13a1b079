"""Who is told: name, language, the contact points that work, and what was said of classes and ways."""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.domain.contact import ContactKind
from accounts.domain.notice_events import Channel, NoticeClass
from accounts.domain.notice_routes import KINDS, Address, Person
from cis.platform import db

CHANNELS = {kind: channel for channel, kind in KINDS.items()}
_WAYS = """
       array(SELECT ARRAY[p.id::text, p.kind, p.value, (p.bounced_at IS NOT NULL)::text]
             FROM accounts_contactpoint p WHERE p.customer_id = c.id ORDER BY p.is_preferred DESC, p.id),
       array(SELECT ARRAY[s.notice_class, s.channel, s.is_given::text]
             FROM accounts_consent s WHERE s.customer_id = c.id)
"""
_PEOPLE = f"""
SELECT c.id, c.name, c.language, {_WAYS} FROM accounts_customer c WHERE c.id = ANY(%s)
"""  # noqa: S608 (made of constants)
_ADDRESSEES = f"""
SELECT one.key, EXISTS(SELECT FROM accounts_notice n WHERE n.event = %s AND n.key = one.key), coalesce(a.number, ''),
       c.name, c.language, {_WAYS}
FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) AS one (key, customer, account)
LEFT JOIN accounts_customer c ON c.id = one.customer LEFT JOIN accounts_account a ON a.id = one.account
"""  # noqa: S608 (made of constants)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """
    What is known before one notice is written.

    is_told  the event was told under this key before
    number   of the account; "" if the notice names none
    person   the customer; None if the notice names none, or one who does not exist
    """

    is_told: bool
    number: str
    person: Person | None


def of_customers(*, customer_ids: Sequence[int]) -> dict[int, Person]:
    """
    Return customers by id as those who are told; one statement for any number. Who does not exist is left out.

    Of the contact points of a kind the preferred one counts, else the oldest, as long as no message came back from it.
    """
    return {
        customer_id: _person(name, language, points, choices)
        for customer_id, name, language, points, choices in db.fetch(_PEOPLE, [list(customer_ids)])
    }


def addressees(
    *, event: str, keys: Sequence[str], customer_ids: Sequence[int | None], account_ids: Sequence[int | None]
) -> dict[str, Addressee]:
    """Return by key what is known before notices of an event are written; one statement for any number."""
    rows = db.fetch(_ADDRESSEES, [event, list(keys), list(customer_ids), list(account_ids)])
    return {
        key: Addressee(
            is_told=is_told,
            number=number,
            person=None if name is None else _person(name, language, points, choices),
        )
        for key, is_told, number, name, language, points, choices in rows
    }


def _person(name: str, language: str, points: list[list[str]], choices: list[list[str]]) -> Person:
    addresses: dict[Channel, Address] = {}
    bounced: set[Channel] = set()
    for point_id, kind, value, is_bounced in points:
        channel = CHANNELS.get(ContactKind(kind))
        if channel is None:
            continue
        if is_bounced == "true":
            bounced.add(channel)
        else:
            addresses.setdefault(channel, Address(value, int(point_id)))
    return Person(
        name=name,
        language=language,
        addresses=addresses,
        bounced=frozenset(bounced - addresses.keys()),
        choices={(NoticeClass(kind), Channel(way)): given == "true" for kind, way, given in choices},
    )
