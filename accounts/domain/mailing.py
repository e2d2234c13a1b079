"""A mailing before it is let go: its texts, and what must be right about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from accounts.domain import notice_events, notice_facts, notice_texts, outage_events
from accounts.domain.customer import LANGUAGES
from accounts.domain.notice_events import Channel
from accounts.domain.notice_texts import BadText, Template, Text
from cis.kernel.errors import Findings

TITLE_MOST = 100
EVENTS = ("announcement", "price_change", "safety_campaign", "offer")
"""
Events of mailings that are written: about the supply, a price that changes, safety, or advertising, which goes to who
asked for it. What a mailing to some is about stands in its facts, so that its words may say it.
"""
WORDED = outage_events.PLANNED_EVENTS
"""Events of mailings that have texts of the catalogue, filled with the facts of the mailing."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a mailing says in one language; ``sms`` "" = it does not go by SMS."""

    subject: str
    body: str
    sms: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMailing:
    """
    A mailing as typed: a name for the desk, the event that it is, its words in every language.

    facts  of the event, the same for all customers; one of ``WORDED`` has no words beside them
    """

    title: str
    event: str
    words: Mapping[str, Words]
    facts: Mapping[str, str] = field(default_factory=dict)


def templates(new: NewMailing) -> dict[tuple[Channel, str], tuple[int, Template]]:
    """
    Return the texts of a mailing by way and language, ready to be filled.

    One that has texts of the catalogue has none of its own. An SMS goes where it is written in every language; a letter
    where the event goes by letter.

    :raises BadText: every fault at once, with its language.
    """
    findings = Findings()
    if not new.title.strip() or len(new.title) > TITLE_MOST:
        findings.add("title", "long_text", f"A mailing has a name of 1 to {TITLE_MOST} characters.")
    if new.event not in EVENTS + WORDED:
        findings.add("event", "unknown_notice_event", f"A mailing is one of {', '.join(EVENTS)}.")
    findings.raise_if_any(BadText)
    if new.event in WORDED:
        notice_facts.check(notice_events.event(new.event), facts=new.facts)
        return {}
    event = notice_events.event(new.event)
    notice_facts.check(event, facts=new.facts)
    found: dict[tuple[Channel, str], tuple[int, Template]] = {}
    with_sms = [language for language in LANGUAGES if new.words[language].sms.strip()]
    for language in LANGUAGES:
        words = new.words[language]
        if with_sms and language not in with_sms:
            findings.add(f"sms_{language}", "empty_text", "The SMS is written in one language alone.")
        for channel in (*event.ladder, Channel.INBOX):
            text = Text(words.subject, words.body) if channel is not Channel.SMS else Text("", words.sms)
            if channel is Channel.SMS and not with_sms:
                continue
            try:
                found[channel, language] = (0, notice_texts.compiled(text, event=event, channel=channel))
            except BadText as refused:
                _keep(findings, language, channel, refused)
    findings.raise_if_any(BadText)
    return found


def _keep(findings: Findings, language: str, channel: Channel, refused: BadText) -> None:
    """Note the faults of one text, those that mail, letter and inbox share once."""
    known = {(finding.where, finding.code) for finding in findings}
    for finding in refused.detail["findings"]:
        field = "sms" if channel is Channel.SMS else finding.where
        where = f"{field}_{language}"
        if (where, finding.code) not in known:
            findings.add(where, finding.code, finding.message, finding.advice)
