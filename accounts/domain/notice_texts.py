"""
The closed language in which notices are written, and how each language writes a fact.

    Dear {{ name }}, your bill {{ bill }} of {{ amount }} is due on {{ due|weekday }}, {{ due }}.

Between two braces stands the name of a fact, and filters that its kind allows. There is nothing else: no tag, no call,
no attribute. What a fact says is put in once and never read again, so a name like "{{ amount }}" stays what it is.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from accounts.domain.notice_events import COMMON, Channel, Event, Fact, FactKind, Money
from accounts.domain.notice_kinds import LINKS
from cis.kernel.currency import written
from cis.kernel.errors import Findings, Refused
from cis.kernel.periods import Period, month_of

SUBJECT_MOST = 150
SPANS_MOST = 4
BODY_MOST = {Channel.SMS: 500, Channel.EMAIL: 8_000, Channel.POST: 4_000, Channel.INBOX: 8_000}
HIDDEN = "••••••"
NOTHING = "–"
_SLOT = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_INSIDE = re.compile(r"\s*([a-z_]+)((?:\s*\|\s*[a-z_]+)*)\s*", re.ASCII)
_TAG = re.compile(r"\{[%#]|[%#]\}")
# Control characters, and marks that turn the direction of what follows: neither belongs into a name or an address.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = frozenset("^{}\\[~]|€\f")


class BadText(Refused):
    """A text of a notice cannot be used; ``detail["findings"]`` names every fault."""

    code = "bad_notice_text"


@dataclass(frozen=True, slots=True)
class Text:
    """What a notice says: ``subject`` is one line, "" for an SMS."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a fact is put in."""

    name: str
    filters: tuple[str, ...]


Piece = str | Slot


@dataclass(frozen=True, slots=True)
class Template:
    """A text with its slots, read once and used for many customers."""

    subject: tuple[Piece, ...]
    body: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Values:
    """The facts of one notice in one language; ``site`` is put before the path of a link."""

    facts: Mapping[str, Fact]
    kinds: Mapping[str, FactKind]
    language: str
    site: str


def compiled(text: Text, *, event: Event, channel: Channel) -> Template:
    """
    Return a text ready to be filled.

    :raises BadText: a slot names no fact or filter, a tag stands in it, it is empty or too long; every fault at once.
    """
    findings = Findings()
    _check_lengths(text, channel, findings)
    kinds = {**COMMON, **event.facts}
    made = Template(
        subject=_pieces("subject", text.subject, kinds, findings), body=_pieces("body", text.body, kinds, findings)
    )
    findings.raise_if_any(BadText)
    return made


def filled(template: Template, *, values: Values) -> Text:
    """Return the text with its facts: a subject of one line, a body without anything that cannot be seen."""
    return Text(subject=one_line(_put(template.subject, values)), body=_put(template.body, values).strip())


def one_line(text: str) -> str:
    """Return a text on one line, without characters that nobody sees: fit for the header of a mail."""
    return " ".join(_UNSEEN.sub(" ", text).split())


def without_facts(text: str) -> str:
    """Return a text with a mark where facts are put in."""
    return _SLOT.sub("…", text)


def segments(text: str) -> int:
    """
    Return how many SMS a text takes: 160 characters, or 70 where one is not of the basic alphabet; more are joined.

    [source: 3GPP TS 23.038 (alphabets), 3GPP TS 23.040 section 9.2.3.24.1 (joined messages: 153 and 67)]
    """
    if all(letter in _GSM or letter in _GSM_TWICE for letter in text):
        units = sum(2 if letter in _GSM_TWICE else 1 for letter in text)
        alone, joined = 160, 153
    else:
        units = len(text.encode("utf-16-be")) // 2
        alone, joined = 70, 67
    return 1 if units <= alone else math.ceil(units / joined)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a line; ``path`` where it is a link to a page of this site, else ""."""

    text: str
    path: str = ""


Line = tuple[Span, ...]


def paragraphs(body: str, *, site: str) -> tuple[tuple[Line, ...], ...]:
    """Return a body as paragraphs of lines; what links to a page of this site is a link, and nothing else is."""
    link = re.compile(re.escape(site) + r"(/[A-Za-z0-9/_.?=&%-]*[A-Za-z0-9/])")
    blocks = (block for block in re.split(r"\n\s*\n", body) if block.strip())
    return tuple(tuple(_line(line, link) for line in block.splitlines()) for block in blocks)


def _line(line: str, link: re.Pattern[str]) -> Line:
    spans: list[Span] = []
    end = 0
    for match in link.finditer(line):
        spans += [Span(line[end : match.start()]), Span(match.group(0), match.group(1))]
        end = match.end()
    return tuple(span for span in (*spans, Span(line[end:])) if span.text)


def shown(value: Fact, *, kind: FactKind, language: str, site: str = "", filters: Sequence[str] = ()) -> str:
    """Return a fact as a language writes it, on one line."""
    is_chinese = language.startswith("zh")
    for name in filters:
        changed = _FILTERS[name].apply(value, is_chinese)
        if isinstance(changed, str):
            value, kind = changed, FactKind.TEXT
    if not isinstance(value, str):
        return _value(value, is_chinese)
    if kind in LINKS:
        return f"{site}{value}"
    if kind is FactKind.NUMBER:
        return _number(value)
    return one_line(value) or NOTHING


def _value(value: int | date | Money | Period, is_chinese: bool) -> str:
    if isinstance(value, Money):
        return written(value.amount_minor, currency=value.currency, decimals=value.decimals)
    if isinstance(value, Period):
        return _period(value, is_chinese)
    return _day(value, is_chinese) if isinstance(value, date) else f"{value:,}"


def _day(day: date, is_chinese: bool) -> str:
    if is_chinese:
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _number(text: str) -> str:
    """Return a decimal text with its thousands apart, without zeros at the end."""
    whole, _, decimals = text.removeprefix("-").partition(".")
    rest = decimals.rstrip("0")
    return f"{'−' if text.startswith('-') else ''}{int(whole):,}{f'.{rest}' if rest else ''}"


def _period(period: Period, is_chinese: bool) -> str:
    first, last = period.start, period.end - timedelta(days=1)
    if period == month_of(first):
        return f"{first.year}年{first.month}月" if is_chinese else f"{_MONTHS[first.month - 1]} {first.year}"
    return f"{_day(first, is_chinese)}{'至' if is_chinese else ' to '}{_day(last, is_chinese)}"


def spans_written(spans: Sequence[Period], *, is_chinese: bool) -> str:
    """
    Return days in words, those that follow one another as one span; many spans as some days between the outermost.

    spans  at least one, in any order; they may overlap
    """
    joined: list[Period] = []
    for one in sorted(spans, key=lambda span: (span.start, span.end)):
        if joined and one.start <= joined[-1].end:
            joined[-1] = Period(joined[-1].start, max(joined[-1].end, one.end))
        else:
            joined.append(one)
    if len(joined) > SPANS_MOST:
        whole = _period(Period(joined[0].start, joined[-1].end), is_chinese)
        return f"{whole}中的部分日期" if is_chinese else f"some days from {whole}"
    return ("、" if is_chinese else ", ").join(_period(one, is_chinese) for one in joined)


@dataclass(frozen=True, slots=True)
class _Filter:
    kinds: frozenset[FactKind]
    apply: Callable[[Fact, bool], Fact]


def _weekday(value: Fact, is_chinese: bool) -> Fact:
    assert isinstance(value, date)
    return f"星期{'一二三四五六日'[value.weekday()]}" if is_chinese else _DAYS[value.weekday()]


def _short(value: Fact, is_chinese: bool) -> Fact:
    assert isinstance(value, date)
    return f"{value.month}月{value.day}日" if is_chinese else f"{value.day} {_MONTHS[value.month - 1][:3]}"


def _upper(value: Fact, is_chinese: bool) -> Fact:  # noqa: ARG001 (one signature for all)
    return str(value).upper()


def _masked(value: Fact, is_chinese: bool) -> Fact:  # noqa: ARG001
    text = str(value)
    return f"…{text[-4:]}" if len(text) > len("1234") else text


_FILTERS: Final[Mapping[str, _Filter]] = {
    "weekday": _Filter(frozenset({FactKind.DATE}), _weekday),
    "short": _Filter(frozenset({FactKind.DATE}), _short),
    "upper": _Filter(frozenset({FactKind.TEXT}), _upper),
    "masked": _Filter(frozenset({FactKind.TEXT}), _masked),
}
FILTERS: Final[Mapping[str, frozenset[FactKind]]] = {name: one.kinds for name, one in _FILTERS.items()}
"""The filters there are, and the kinds of facts that take them."""


def _check_lengths(text: Text, channel: Channel, findings: Findings) -> None:
    if not text.body.strip():
        findings.add("body", "empty_text", "The text is empty.")
    if len(text.body) > BODY_MOST[channel]:
        findings.add("body", "long_text", f"The text has more than {BODY_MOST[channel]} characters.")
    if channel is Channel.SMS:
        if text.subject:
            findings.add("subject", "sms_subject", "An SMS has no subject.")
    elif not text.subject.strip():
        findings.add("subject", "empty_text", "The subject is empty.")
    if len(text.subject) > SUBJECT_MOST:
        findings.add("subject", "long_text", f"The subject has more than {SUBJECT_MOST} characters.")


def _pieces(where: str, text: str, kinds: Mapping[str, FactKind], findings: Findings) -> tuple[Piece, ...]:
    found: list[Piece] = []
    end = 0
    for match in _SLOT.finditer(text):
        found.append(_plain(where, text[end : match.start()], findings))
        end = match.end()
        inside = _INSIDE.fullmatch(match.group(1))
        if inside is None:
            findings.add(where, "bad_slot", f"{match.group(0)[:60]!r} is no fact.", "Write it as {{ name }}.")
            continue
        filters = tuple(part.strip() for part in inside.group(2).split("|")[1:])
        found.append(_slot(where, inside.group(1), filters, kinds, findings))
    found.append(_plain(where, text[end:], findings))
    return tuple(piece for piece in found if piece)


def _plain(where: str, text: str, findings: Findings) -> str:
    if "{{" in text or "}}" in text:
        findings.add(where, "open_slot", "Two braces are opened or closed alone.", "Write a fact as {{ name }}.")
    elif _TAG.search(text):
        findings.add(where, "no_tags", "A notice has no tags.", "Only facts are put in: {{ name }}.")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(_UNSEEN.sub(" ", line) for line in lines)


def _slot(where: str, name: str, filters: tuple[str, ...], kinds: Mapping[str, FactKind], findings: Findings) -> Slot:
    kind = kinds.get(name)
    if kind is None:
        findings.add(where, "unknown_fact", f"There is no fact {name}.", f"Known: {', '.join(sorted(kinds))}.")
    for one in filters:
        if one not in FILTERS or (kind is not None and kind not in FILTERS[one]):
            able = sorted(key for key, fits in FILTERS.items() if kind in fits)
            findings.add(
                where, "unknown_filter", f"{name} takes no filter {one}.", f"It takes: {', '.join(able) or NOTHING}."
            )
    return Slot(name, filters)


def _put(pieces: tuple[Piece, ...], values: Values) -> str:
    return "".join(
        piece
        if isinstance(piece, str)
        else shown(
            values.facts[piece.name],
            kind=values.kinds[piece.name],
            language=values.language,
            site=values.site,
            filters=piece.filters,
        )
        for piece in pieces
    )
