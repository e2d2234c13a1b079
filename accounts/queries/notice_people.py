"""Who is told: name, language, the contact points that work, and what was said of classes and ways."""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.domain.contact import ContactKind
from accounts.domain.notice_events import Channel, NoticeClass
from accounts.domain.notice_routes import KINDS, Address, Person
from cis.platform import db

CHANNELS = {kind: channel for channel, kind in KINDS.items()}
_WAYS = """
       array(SELECT ARRAY[p.id::text, p.kind, p.value, (p.bounced_at IS NOT NULL OR p.kind = 'mobile' AND EXISTS (
                           SELECT FROM accounts_contactpoint o WHERE o.value = p.value AND o.kind = 'mobile'
                           AND o.verified_at IS NOT NULL AND o.customer_id <> p.customer_id))::text,
                          (p.kind <> 'mobile' OR p.verified_at IS NOT NULL)::text]
             FROM accounts_contactpoint p WHERE p.customer_id = c.id AND c.erased_at IS NULL
             ORDER BY p.is_preferred DESC, p.id),
       array(SELECT ARRAY[s.notice_class, s.channel, s.is_given::text]
             FROM accounts_consent s WHERE s.customer_id = c.id)
"""
_PEOPLE = f"""
SELECT c.id, c.name, c.language, {_WAYS} FROM accounts_customer c WHERE c.id = ANY(%s)
"""  # noqa: S608 (made of constants)
_ADDRESSEES = f"""
SELECT one.key, EXISTS(SELECT FROM accounts_notice n WHERE n.event = %(event)s AND n.key = one.key),
       coalesce(a.number, ''), CASE WHEN one.place = 1 THEN ARRAY(
           SELECT DISTINCT ON (channel, language) ARRAY[channel, language, version::text, subject, body]
           FROM accounts_noticetemplate WHERE event = %(event)s ORDER BY channel, language, version DESC
       ) END, c.name, c.language, {_WAYS}
FROM unnest(%(keys)s::text[], %(customers)s::bigint[], %(accounts)s::bigint[]) WITH ORDINALITY
     AS one (key, customer, account, place)
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


Written = tuple[str, str, int, str, str]
"""Channel, language, version, subject and body of a text that the desk wrote."""


def of_customers(*, customer_ids: Sequence[int]) -> dict[int, Person]:
    """
    Return customers by id as those who are told; one statement for any number. Who does not exist is left out.

    Of the contact points of a kind the preferred one counts, else the oldest, as long as no message came back from it
    and it is no number that another customer proved to be theirs. An erased customer is reached by nothing.
    """
    return {
        customer_id: _person(name, language, points, choices)
        for customer_id, name, language, points, choices in db.fetch(_PEOPLE, [list(customer_ids)])
    }


def names_of(*, customer_ids: Sequence[int]) -> dict[int, tuple[int | None, str]]:
    """Return customers by id: the account that they hold, or held last, and their name; one statement."""
    if not customer_ids:
        return {}
    return {row[0]: (row[1], row[2]) for row in db.fetch(_NAMES, [list(customer_ids)])}


_NAMES = """
    SELECT c.id, (SELECT h.account_id FROM accounts_accountholder h WHERE h.customer_id = c.id
                  ORDER BY upper(h.period) DESC NULLS FIRST, h.account_id LIMIT 1), c.name
    FROM accounts_customer c WHERE c.id = ANY(%s)
"""


def addressees(
    *, event: str, keys: Sequence[str], customer_ids: Sequence[int | None], account_ids: Sequence[int | None]
) -> tuple[dict[str, Addressee], tuple[Written, ...]]:
    """
    Return by key what is known before notices of an event are written, and the desk's own texts of it; one statement.

    The texts that are in force stand in no other statement: each notice would need it.
    """
    given = {"event": event, "keys": list(keys), "customers": list(customer_ids), "accounts": list(account_ids)}
    found: dict[str, Addressee] = {}
    texts: tuple[Written, ...] = ()
    for key, is_told, number, written, name, language, points, choices in db.fetch(_ADDRESSEES, given):
        person = None if name is None else _person(name, language, points, choices)
        found[key] = Addressee(is_told=is_told, number=number, person=person)
        if written:
            texts = tuple((way, tongue, int(version), subject, body) for way, tongue, version, subject, body in written)
    return found, texts


def _person(name: str, language: str, points: list[list[str]], choices: list[list[str]]) -> Person:
    addresses: dict[Channel, Address] = {}
    proven: dict[Channel, Address] = {}
    bounced: set[Channel] = set()
    for point_id, kind, value, is_bounced, is_proven in points:
        channel = CHANNELS.get(ContactKind(kind))
        if channel is None:
            continue
        if is_bounced == "true":
            bounced.add(channel)
            continue
        addresses.setdefault(channel, Address(value, int(point_id)))
        if is_proven == "true":
            proven.setdefault(channel, Address(value, int(point_id)))
    return Person(
        name=name,
        language=language,
        addresses=addresses,
        proven=proven,
        bounced=frozenset(bounced - addresses.keys()),
        choices={(NoticeClass(kind), Channel(way)): given == "true" for kind, way, given in choices},
    )
