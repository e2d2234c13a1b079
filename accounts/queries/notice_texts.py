"""Texts of notices: the delivered ones, and the versions of the desk that are in force in their place."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.domain import notice_events, notice_texts
from accounts.domain.customer import LANGUAGES
from accounts.domain.notice_events import COMMON, EVENTS, Channel, Event, Fact, FactKind, Money
from accounts.domain.notice_texts import Template, Text, Values
from accounts.models.notice import NoticeTemplate
from accounts.queries import supplier
from accounts.queries.notice_people import Written
from cis.kernel.periods import month_of
from cis.platform import db

PORTAL = "/portal/"
Place = tuple[Channel, str]
"""A way and a language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a text; version 0 is the delivered one, which nobody wrote here."""

    version: int
    text: Text
    created_at: datetime | None = None
    actor_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """An event of the catalogue as the desk lists it; ``changed`` = texts of it that the desk wrote."""

    event: Event
    channels: tuple[Channel, ...]
    changed: int


def common_facts(language: str) -> dict[str, Fact]:
    """Return the facts that every text may use, but those of the person and the account."""
    ours = supplier.current()
    return {
        "supplier": ours.name(language=language),
        "supplier_phone": ours.phone,
        "today": timezone.localdate(),
        "portal": PORTAL,
    }


def preview(
    *, event: Event, channel: Channel, language: str, text: Text, facts: Mapping[str, Fact], name: str, account: str
) -> Text:
    """
    Return a text filled with the facts of one customer, as it would be sent.

    :raises BadText: the text has faults.
    """
    given = {**common_facts(language), "name": name, "account": account, **facts}
    values = Values(facts=given, kinds={**COMMON, **event.facts}, language=language, site=settings.SITE_URL)
    return notice_texts.filled(notice_texts.compiled(text, event=event, channel=channel), values=values)


def made_up_facts(event: Event) -> dict[str, Fact]:
    """Return facts of the right kinds for a preview of an event whose own facts nobody has yet."""
    today = timezone.localdate()
    samples: dict[FactKind, Fact] = {
        FactKind.DATE: today,
        FactKind.MONEY: Money(123_45, supplier.current().currency),
        FactKind.NUMBER: "123.4",
        FactKind.LINK: PORTAL,
        FactKind.SECRET_LINK: PORTAL,
        FactKind.PERIOD: month_of(today),
        FactKind.SECRET: "123456",
    }
    return {name: samples.get(kind, f"[{name}]") for name, kind in event.facts.items()}


def channels_of(event: Event) -> tuple[Channel, ...]:
    """Return the ways for which an event has texts: those of its ladder, then the inbox."""
    return (*event.ladder, *((Channel.INBOX,) if event.in_inbox else ()))


@cache
def _file(code: str) -> dict[str, Any]:
    path = Path(settings.BASE_DIR) / "templates" / "notices" / f"{code}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def title(code: str, language: str) -> str:
    """Return what an event is called in a language: its ``title``, else its subject with the facts left out."""
    if code not in EVENTS:
        return code
    texts = _file(code)["zh-hans" if language.startswith("zh") else "en"]
    named: str = texts.get("title") or notice_texts.without_facts(texts["subject"])
    return named


@cache
def delivered(code: str) -> Mapping[Place, Text]:
    """
    Return the delivered texts of an event, of every way and language, from templates/notices; read once per process.

    Each language says ``sms``, ``subject`` and ``body``: the body serves mail, letter and inbox alike. ``title`` is
    what the desk calls the event.

    :raises FileNotFoundError: the event has no file.
    :raises KeyError: a language or one of its texts is missing.
    """
    told = _file(code)
    found: dict[Place, Text] = {}
    for language in LANGUAGES:
        texts = told[language]
        for channel in Channel:
            is_sms = channel is Channel.SMS
            body = texts["sms"] if is_sms else texts["body"]
            found[channel, language] = Text("" if is_sms else texts["subject"], body.strip())
    return found


def in_force(code: str) -> dict[Place, tuple[int, Template]]:
    """
    Return the texts of an event that are in force, with their versions, ready to be filled; one statement.

    :raises UnknownEvent: there is no such event.
    """
    event = notice_events.event(code)
    found = written([code])[code]
    return {place: (version, _compiled(text, event.code, place[0])) for place, (version, text) in found.items()}


def in_force_of(code: str, written: Sequence[Written]) -> dict[Place, tuple[int, Template]]:
    """Return what ``in_force`` does, of the desk's own texts as they were read already."""
    found = {place: (0, text) for place, text in delivered(code).items()}
    found |= {(Channel(way), tongue): (version, Text(*text)) for way, tongue, version, *text in written}
    return {place: (version, _compiled(text, code, place[0])) for place, (version, text) in found.items()}


def written(codes: Sequence[str]) -> dict[str, dict[Place, tuple[int, Text]]]:
    """Return the texts of events that are in force as they were written, with their versions; one statement."""
    found = {code: {place: (0, text) for place, text in delivered(code).items()} for code in codes}
    for code, channel, language, version, subject, body in db.fetch(_LATEST, [list(codes)]):
        found[code][Channel(channel), language] = (version, Text(subject, body))
    return found


def versions(*, code: str, channel: Channel, language: str) -> tuple[Version, ...]:
    """
    Return all versions of a text, the one in force first, the delivered one last; one statement.

    :raises UnknownEvent: there is no such event.
    """
    notice_events.event(code)
    rows = NoticeTemplate.objects.filter(event=code, channel=channel.value, language=language).order_by("-version")
    written = (
        Version(
            version=row.version,
            text=Text(row.subject, row.body),
            created_at=row.created_at,
            actor_name=row.actor_name,
        )
        for row in rows
    )
    return (*written, Version(version=0, text=delivered(code)[channel, language]))


def listed() -> tuple[EventRow, ...]:
    """Return the catalogue with how many texts of each event the desk wrote; one statement."""
    counts = dict(
        db.fetch("SELECT event, count(DISTINCT (channel, language)) FROM accounts_noticetemplate GROUP BY event")
    )
    return tuple(
        EventRow(event=one, channels=channels_of(one), changed=counts.get(one.code, 0)) for one in EVENTS.values()
    )


@cache
def _compiled(text: Text, code: str, channel: Channel) -> Template:
    return notice_texts.compiled(text, event=EVENTS[code], channel=channel)


_LATEST = """
    SELECT DISTINCT ON (event, channel, language) event, channel, language, version, subject, body
    FROM accounts_noticetemplate WHERE event = ANY(%s) ORDER BY event, channel, language, version DESC
"""
