"""What became of a notice: sent, delivered, bounced, failed; and the next way, where one led nowhere."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from django.utils import timezone

from accounts.domain import notice_events, notice_routes
from accounts.domain.notice_events import Channel
from accounts.domain.notice_routes import Address, Person
from accounts.domain.notice_states import NOTICE, NoticeAction, NoticeState
from accounts.domain.notice_texts import HIDDEN, Text
from accounts.models.contact import ContactPoint
from accounts.models.notice import Notice
from accounts.operations import notice_drafts, number_ends, unreachable
from accounts.operations.notice_drafts import Draft
from accounts.queries import notice_people
from cis.kernel.actors import SYSTEM
from cis.platform import audit
from cis.platform.db import execute, joins_transaction

DETAIL_MOST = 500
SPARE_PARTS = 5
GATEWAY_DOWN = "gateway_down"
"""Nobody took it, whoever it was for: the customer may well be reached."""
_SENT = """
    UPDATE accounts_notice n SET state = %(state)s, proof = coalesce(nullif(one.proof, ''), n.proof), sent_at = %(at)s,
                                 reason = '', detail = ''
    FROM unnest(%(ids)s::bigint[], %(proofs)s::text[]) AS one (id, proof) WHERE n.id = one.id
"""


@joins_transaction
def lock(*, notice_id: int) -> Notice | None:
    """Lock a notice until the use case ends; None if there is none."""
    return Notice.objects.select_for_update().filter(id=notice_id).first()


@joins_transaction
def lock_many(*, notice_ids: Collection[int]) -> list[Notice]:
    """Lock notices until the use case ends, in the order of their ids, so that nobody waits crosswise."""
    if not notice_ids:
        return []
    return list(Notice.objects.select_for_update().filter(id__in=notice_ids).order_by("id"))


@joins_transaction
def sent_step(*, proofs: Mapping[int, str]) -> None:
    """Write down that notices were taken, by what the gateway calls them; locked, queued, without a secret."""
    if proofs:
        to = NOTICE.step(NoticeState.QUEUED, NoticeAction.SEND, SYSTEM).to
        execute(_SENT, {"state": to.value, "ids": list(proofs), "proofs": list(proofs.values()), "at": timezone.now()})


@joins_transaction
def delivered_step(*, notice_ids: Collection[int]) -> None:
    """Write down that notices arrived; locked, sent, without a secret."""
    if notice_ids:
        to = NOTICE.step(NoticeState.SENT, NoticeAction.DELIVER, SYSTEM).to
        Notice.objects.filter(id__in=notice_ids).update(
            state=to.value, settled_at=timezone.now(), reason="", detail="", spares=[]
        )


@joins_transaction
def settle_step(*, notice: Notice, action: NoticeAction, reason: str = "", detail: str = "", proof: str = "") -> None:
    """
    Write down what happened to a locked notice; where it did not arrive, queue it by the next way.

    A bounce marks the contact point, which is a task for the desk until somebody has asked the customer; what was
    proven of a number that nobody answers is proven no more. A mailing that no way is left for makes a task as well.

    :raises IllegalMove: the notice is in a state in which this cannot happen.
    """
    move = NOTICE.step(NoticeState(notice.state), action, SYSTEM)
    now = timezone.now()
    notice.state = move.to.value
    notice.reason, notice.detail = reason, detail[:DETAIL_MOST]
    notice.proof = proof or notice.proof
    if action is NoticeAction.SEND:
        notice.sent_at = now
    else:
        notice.settled_at = now
    if move.to in {NoticeState.BOUNCED, NoticeState.FAILED}:
        if move.to is NoticeState.BOUNCED:
            _mark_contact(notice, detail or reason)
        is_on_its_way = _fall_back(notice)
        if notice.mailing_id is not None and not is_on_its_way and reason != GATEWAY_DOWN:
            unreachable.note_step(customer_ids=[notice.customer_id] if notice.customer_id else [], at=now)
    if move.to not in {NoticeState.SENT, NoticeState.QUEUED}:
        notice.spares = []
    hide_secret(notice)
    notice.save()


@joins_transaction
def outdate_step(*, events: Sequence[str], key_prefix: str, newest: str, customer_ids: Sequence[int]) -> int:
    """
    Suppress what still waits of an older word to some customers, since a newer one follows; return how many notices.

    What quiet hours held up at night is not sent in the morning, when something else is true.

    :param key_prefix: of the keys that the words have, older and newer; ``newest``: of those that stay.
    """
    waiting = Notice.objects.filter(
        event__in=list(events), key__startswith=key_prefix, customer_id__in=list(customer_ids),
        state=NoticeState.QUEUED.value, batch=None,
    )  # fmt: skip
    return waiting.exclude(key__startswith=newest).update(
        state=NoticeState.SUPPRESSED.value, reason="outdated", settled_at=timezone.now(), spares=[]
    )


def hide_secret(notice: Notice) -> None:
    """Mask a one-time code in the text of a notice; it is forgotten once no other way may need it."""
    if notice.secret:
        notice.body = notice.body.replace(notice.secret, HIDDEN)
        notice.secret = notice.secret if notice.spares else ""


def _mark_contact(notice: Notice, reason: str) -> None:
    """Mark the contact point that a message came back from, once."""
    if notice.contact_point_id is None:
        return
    point = ContactPoint.objects.filter(id=notice.contact_point_id, value=notice.address, bounced_at=None)
    changed = point.update(bounced_at=timezone.now(), bounce_reason=reason[:300])
    if changed:
        kept = ContactPoint.objects.select_for_update().get(id=notice.contact_point_id)
        if kept.verified_at is not None:
            number_ends.end_step(point=kept, reason=notice.reason or "bounced", at=timezone.now())
        audit.record(
            SYSTEM, "bounce_contact", "customer", notice.customer_id, channel=notice.channel, value=notice.address
        )


def _fall_back(notice: Notice) -> bool:
    """Queue a notice by the next way; return whether there is one."""
    event = notice_events.event(notice.event)
    spares = _spares(notice.spares)
    person = _person(notice, spares)
    if event.everywhere or person is None or not spares:
        return False
    after = Channel(notice.channel)
    taken = notice_routes.routes(person, event=event, after=after, only=frozenset(way for way, *_ in spares))
    drafts = [_draft(notice, person, route, spares) for route in taken]
    notice_drafts.write_step(event=event, drafts=drafts)
    return any(not route.reason for route in taken)


Spare = tuple[Channel, str, int, Text]
"""A way with its address of that time, and the text for it."""


def _spares(parts: Sequence[str]) -> list[Spare]:
    found = []
    for start in range(0, len(parts), SPARE_PARTS):
        way, address, version, subject, body = parts[start : start + SPARE_PARTS]
        found.append((Channel(way), address, int(version), Text(subject, body)))
    return found


def _person(notice: Notice, spares: list[Spare]) -> Person | None:
    """Return who is told, a customer as known now, somebody else by the addresses given at that time."""
    if notice.customer_id is not None:
        return notice_people.of_customers(customer_ids=[notice.customer_id]).get(notice.customer_id)
    addresses = {way: Address(address) for way, address, _version, _text in spares if address}
    return Person(name=notice.name, language=notice.language, addresses=addresses, has_inbox=False)


def _draft(notice: Notice, person: Person, route: notice_routes.Route, spares: list[Spare]) -> Draft:
    place = next(place for place, (way, *_) in enumerate(spares) if way is route.channel)
    _way, _address, version, text = spares[place]
    return Draft(
        key=notice.key,
        customer_id=notice.customer_id,
        account_id=notice.account_id,
        # The text is in the language of that time.
        person=replace(person, language=notice.language),
        route=route,
        text=text,
        version=version,
        occurred_date=notice.occurred_date,
        secret=notice.secret,
        spares=tuple((way, number, words) for way, _, number, words in spares[place + 1 :]),
        instead_of=notice.id,
        mailing_id=notice.mailing_id,
    )
