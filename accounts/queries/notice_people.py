"""Who is told: name, language, the contact points that work, and what was said of classes and ways."""

from collections.abc import Sequence

from accounts.domain.contact import ContactKind
from accounts.domain.notice_events import Channel, NoticeClass
from accounts.domain.notice_routes import KINDS, Address, Person
from cis.platform import db

CHANNELS = {kind: channel for channel, kind in KINDS.items()}
_PEOPLE = """
SELECT c.id, c.name, c.language,
       array(SELECT ARRAY[p.id::text, p.kind, p.value, (p.bounced_at IS NOT NULL)::text]
             FROM accounts_contactpoint p WHERE p.customer_id = c.id ORDER BY p.is_preferred DESC, p.id),
       array(SELECT ARRAY[s.notice_class, s.channel, s.is_given::text]
             FROM accounts_consent s WHERE s.customer_id = c.id)
FROM accounts_customer c WHERE c.id = ANY(%s)
"""


def of_customers(*, customer_ids: Sequence[int]) -> dict[int, Person]:
    """
    Return customers by id as those who are told; one statement for any number. Who does not exist is left out.

    Of the contact points of a kind the preferred one counts, else the oldest, as long as no message came back from it.
    """
    return {
        customer_id: _person(name, language, points, choices)
        for customer_id, name, language, points, choices in db.fetch(_PEOPLE, [list(customer_ids)])
    }


def numbers_of(*, account_ids: Sequence[int]) -> dict[int, str]:
    """Return the numbers of accounts by id; one statement for any number."""
    return dict(db.fetch("SELECT id, number FROM accounts_account WHERE id = ANY(%s)", [list(account_ids)]))


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
