"""Texts of notices written on the desk: each change is a new version, the latest one is in force."""

from accounts.domain import notice_events, notice_texts
from accounts.domain.customer import LANGUAGES
from accounts.domain.notice_events import Channel
from accounts.domain.notice_texts import Text
from accounts.models.notice import NoticeTemplate
from accounts.operations.customers import StaleEdit
from accounts.queries import notice_texts as stored
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit, db
from cis.platform.db import opens_transaction


class UnknownText(Refused):
    """The event does not go by this way, or the language is not offered."""

    code = "unknown_notice_text"


@opens_transaction
def save(*, event: str, channel: Channel, language: str, text: Text, version: int, actor: Actor) -> int:
    """
    Put a text in force from now on; return its version. What was sent before keeps its words.

    :param version: the version that the form was filled from.
    :raises UnknownEvent: there is no such event.
    :raises UnknownText: the event has no text for this way and language.
    :raises BadText: the text has faults; every one is told.
    :raises StaleEdit: somebody else wrote a version meanwhile.
    """
    kind = notice_events.event(event)
    if channel not in stored.channels_of(kind) or language not in LANGUAGES:
        raise UnknownText("There is no such text.")
    notice_texts.compiled(text, event=kind, channel=channel)
    db.fetch("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"notice text {event} {channel} {language}"])
    latest = stored.versions(code=event, channel=channel, language=language)[0].version
    if latest != version:
        raise StaleEdit("Somebody else changed this text meanwhile.", advice="Look at it again, then save.")
    row = NoticeTemplate.objects.create(
        event=event,
        channel=channel.value,
        language=language,
        version=latest + 1,
        subject=text.subject,
        body=text.body,
        actor_id=actor.id,
        actor_name=actor.name[:150],
    )
    audit.record(
        actor, "write_text", "notice_template", row.id, event=event, channel=channel, language=language,
        version=row.version,
    )  # fmt: skip
    return row.version
