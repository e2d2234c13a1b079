"""
Mailings: one text to many customers. Whom it goes to is fixed when it is proposed; above the pack's bound a second
person lets it go. A worker then makes the notices, some thousands at a time, each customer once.
"""

from datetime import datetime

import structlog
from django.utils import timezone

from accounts.domain import mailing as rules
from accounts.domain.announcements import MailingDecided
from accounts.domain.mailing import NewMailing
from accounts.domain.notice_states import DECIDERS, MAILING, MailingAction, MailingState
from accounts.models.notice import Mailing, MailingTarget, MailingText
from accounts.operations import notices, unreachable
from accounts.operations.notice_drafts import NewNotice, Wording
from accounts.queries import mailings as queries
from accounts.queries.mailings import UnknownMailing
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Refused
from cis.kernel.fixed import Int64
from cis.platform import audit, db, events, jobs, packs
from cis.platform.copying import boolean, int8, load
from cis.platform.db import joins_transaction, opens_transaction

WORK = "mailings"
CHUNK = 1_000
log = structlog.get_logger(__name__)


class NobodyChosen(Refused):
    """The choice has no customer."""

    code = "nobody_chosen"


class TooMany(Refused):
    """The choice has more customers than a mailing may have."""

    code = "mailing_too_large"


class NeedsAnother(Refused):
    """A mailing to so many is let go by a supervisor who did not write it."""

    code = "mailing_needs_another"


@joins_transaction
def propose_step(
    *,
    new: NewMailing,
    account_ids: Int64,
    customer_ids: Int64,
    chosen_by: dict[str, str],
    actor: Actor,
) -> int:
    """
    Keep a mailing with whom it goes to; return its id. Nothing is sent before it is let go.

    :param account_ids: (n,) the account that each customer's notice names.
    :param customer_ids: (n,) each once.
    :param chosen_by: the choice in words of the row: customer_kind, district, tariff, cycle.
    :raises BadText: its texts have faults.
    :raises NobodyChosen: there is nobody.
    :raises TooMany: there are more than the pack allows.
    """
    rules.templates(new)
    rule = packs.rule("mailings", at=timezone.localdate())
    count = len(customer_ids)
    if not count:
        raise NobodyChosen("Nobody is chosen.", advice="Choose less narrowly.")
    if count > rule["most"]:
        raise TooMany(f"{count} customers are chosen, {rule['most']} are the most.", advice="Choose more narrowly.")
    row = Mailing.objects.create(
        event=new.event,
        title=new.title.strip(),
        state=MailingState.WAITING.value,
        count=count,
        bound=rule["second_person_from"],
        actor_id=actor.id,
        actor_name=actor.name[:150],
        facts=dict(new.facts),
        **chosen_by,
    )
    MailingText.objects.bulk_create(
        MailingText(mailing=row, language=language, sms=words.sms.strip(), subject=words.subject, body=words.body)
        for language, words in new.words.items()
    )
    load(
        table="accounts_mailingtarget",
        columns={
            "mailing_id": int8(row.id),
            "account_id": int8(account_ids),
            "customer_id": int8(customer_ids),
            "is_done": boolean(False),
        },
    )
    audit.record(actor, "propose", "mailing", row.id, title=row.title, count=count)
    return row.id


@opens_transaction
def approve(*, mailing_id: int, actor: Actor) -> None:
    """
    Let a mailing go.

    :raises UnknownMailing: there is none.
    :raises IllegalMove: it was decided already.
    :raises NotAllowed: the actor may not.
    :raises NeedsAnother: it goes to as many as need a supervisor who did not write it.
    """
    row = _locked(mailing_id)
    move = MAILING.step(MailingState(row.state), MailingAction.APPROVE, actor)
    if row.count >= row.bound and (actor.id == row.actor_id or actor.roles.isdisjoint(DECIDERS)):
        raise NeedsAnother(
            f"From {row.bound} customers on another person, a supervisor, lets it go.",
            advice="Ask a supervisor who did not write it.",
        )
    row.job_id = jobs.start(name=WORK, total=row.count, subject=f"mailing:{row.id}", actor=actor)
    _decide(row, move.to, actor)
    audit.record(actor, "approve", "mailing", row.id, count=row.count)
    jobs.wake(WORK)
    events.announce(MailingDecided(mailing_id=row.id, is_let_go=True, actor=actor))


@opens_transaction
def drop(*, mailing_id: int, actor: Actor) -> None:
    """
    Drop a mailing that was not let go.

    :raises UnknownMailing: there is none.
    :raises IllegalMove: it was decided already.
    :raises NotAllowed: the actor may not.
    """
    drop_step(mailing_id=mailing_id, actor=actor)
    events.announce(MailingDecided(mailing_id=mailing_id, is_let_go=False, actor=actor))


@joins_transaction
def drop_step(*, mailing_id: int, actor: Actor) -> None:
    """Drop a mailing as a step of what ends that of which it tells; see ``drop``."""
    row = _locked(mailing_id)
    _decide(row, MAILING.step(MailingState(row.state), MailingAction.DROP, actor).to, actor)
    audit.record(actor, "drop", "mailing", row.id)


@joins_transaction
def follow_step(*, mailing_id: int, new: NewMailing, actor: Actor) -> int:
    """
    Tell the same customers what became of that of which a mailing told them; return the id of the new one.

    It goes at once: who let the first one go has agreed to these people.

    :raises UnknownMailing: there is none.
    :raises BadText, BadFacts: its name or its facts have faults.
    """
    rules.templates(new)
    first = _locked(mailing_id)
    now = timezone.now()
    row = Mailing.objects.create(
        event=new.event, title=new.title.strip(), state=MailingState.SENDING.value, count=first.count,
        bound=first.bound, facts=dict(new.facts), customer_kind=first.customer_kind, district=first.district,
        tariff=first.tariff, cycle=first.cycle, actor_id=actor.id, actor_name=actor.name[:150], decided_at=now,
        decider_id=actor.id, decider_name=actor.name[:150],
    )  # fmt: skip
    db.execute(_SAME_TARGETS, [row.id, mailing_id])
    row.job_id = jobs.start(name=WORK, total=row.count, subject=f"mailing:{row.id}", actor=actor)
    row.save(update_fields=["job_id"])
    audit.record(actor, "follow", "mailing", row.id, after=mailing_id, count=row.count)
    jobs.wake(WORK)
    return row.id


def work(at: datetime) -> None:  # noqa: ARG001 (the signature of all work)
    """
    Make the notices of mailings that were let go, until nothing is left that no other worker has.

    One that cannot be made keeps none of the others; it is tried again when work is woken the next time.
    """
    rows = Mailing.objects.filter(state=MailingState.SENDING.value).order_by("id")
    session = db.session()
    for mailing_id in list(rows.values_list("id", flat=True)):
        try:
            while _next_chunk(mailing_id=mailing_id):
                pass
            _finish(mailing_id=mailing_id)
        except Exception:
            if db.is_lost(session):
                raise  # the database went away, not the mailing
            log.exception("mailing_waits", mailing=mailing_id)


@opens_transaction
def _next_chunk(*, mailing_id: int) -> bool:
    """Make the notices of some customers; return False if none are left that no other worker has."""
    rows = db.fetch(_CLAIM, [mailing_id, CHUNK])
    if not rows:
        return False
    new = queries.words_of(mailing_id=mailing_id)
    told = [
        NewNotice(
            key=f"mailing:{mailing_id}:{customer_id}", facts=new.facts, customer_id=customer_id, account_id=account_id
        )
        for _target_id, account_id, customer_id, is_gone in rows
        if not is_gone
    ]
    wording = Wording(rules.templates(new) or None, mailing_id)
    notices.queue_many_step(event=new.event, notices=told, actor=SYSTEM, wording=wording)
    nowhere = queries.without_a_way(event=new.event, keys=[one.key for one in told])
    unreachable.note_step(customer_ids=nowhere, at=timezone.now())
    MailingTarget.objects.filter(id__in=[row[0] for row in rows]).update(is_done=True)
    row = Mailing.objects.get(id=mailing_id)
    if row.job_id is not None:
        done = MailingTarget.objects.filter(mailing_id=mailing_id, is_done=True).count()
        jobs.show(row.job_id, done=done, total=row.count)
    return True


@opens_transaction
def _finish(*, mailing_id: int) -> None:
    row = _locked(mailing_id)
    if row.state != MailingState.SENDING or row.targets.filter(is_done=False).exists():
        return
    row.state = MAILING.step(MailingState.SENDING, MailingAction.FINISH, SYSTEM).to.value
    row.save(update_fields=["state"])
    if row.job_id is not None:
        jobs.finish(row.job_id)


@joins_transaction
def lock_step(*, mailing_id: int) -> None:
    """
    Lock a mailing for whoever locks next what it tells of: who decides on it does so in the same order.

    :raises UnknownMailing: there is none.
    """
    _locked(mailing_id)


def _locked(mailing_id: int) -> Mailing:
    row = Mailing.objects.select_for_update().filter(id=mailing_id).first()
    if row is None:
        raise UnknownMailing(f"There is no mailing {mailing_id}.", mailing_id=mailing_id)
    return row


def _decide(row: Mailing, state: MailingState, actor: Actor) -> None:
    row.state = state.value
    row.decided_at = timezone.now()
    row.decider_id, row.decider_name = actor.id, actor.name[:150]
    row.save()


_SAME_TARGETS = """
    INSERT INTO accounts_mailingtarget (mailing_id, account_id, customer_id, is_done)
    SELECT %s, account_id, customer_id, false FROM accounts_mailingtarget WHERE mailing_id = %s ORDER BY id
"""
# Whoever became one with another customer of the list hears by that one, and who was erased by nobody.
_CLAIM = """
    SELECT t.id, t.account_id, t.customer_id, c.merged_into_id IS NOT NULL OR c.erased_at IS NOT NULL
    FROM accounts_mailingtarget t JOIN accounts_customer c ON c.id = t.customer_id
    WHERE t.mailing_id = %s AND NOT t.is_done ORDER BY t.id LIMIT %s FOR UPDATE OF t SKIP LOCKED
"""
