"""Facts of a notice: whether they are those that its event has, each of its kind."""

from collections.abc import Mapping
from datetime import date

from accounts.domain.notice_events import Event, Fact, FactKind, Money
from accounts.domain.notice_kinds import LINKS
from cis.kernel.errors import Findings, Refused
from cis.kernel.fixed import NotANumber, parse
from cis.kernel.periods import Period

TEXT_MOST = 500
NUMBER_PLACES = 6


class BadFacts(Refused):
    """A fact is missing, is not of its kind, or the event has none of this name."""

    code = "bad_notice_facts"


def check(of: Event, *, facts: Mapping[str, Fact]) -> None:
    """
    Refuse facts that the event does not have, lacks, or has in another kind.

    :raises BadFacts: every fault at once.
    """
    findings = Findings()
    for name in sorted(facts.keys() - of.facts.keys()):
        findings.add(name, "unknown_fact", f"The event {of.code} has no fact {name}.")
    for name, kind in of.facts.items():
        if name not in facts:
            findings.add(name, "missing_fact", f"The event {of.code} needs the fact {name}.")
        elif not _fits(facts[name], kind):
            findings.add(name, "wrong_fact", f"The fact {name} of {of.code} is no {kind}: {str(facts[name])[:80]!r}.")
    findings.raise_if_any(BadFacts)


def _fits(value: Fact, kind: FactKind) -> bool:
    if kind is FactKind.MONEY:
        return isinstance(value, Money)
    if kind is FactKind.PERIOD:
        return isinstance(value, Period)
    if kind is FactKind.DATE:
        return type(value) is date
    if kind is FactKind.NUMBER:
        return (type(value) is int) or (isinstance(value, str) and _is_number(value))
    if not isinstance(value, str) or len(value) > TEXT_MOST:
        return False
    return kind not in LINKS or is_path(value)


def is_path(text: str) -> bool:
    """Return whether a text is a path of this site, and so cannot lead anywhere else."""
    return (
        text.startswith("/")
        and not text.startswith(("//", "/\\"))
        and text.isascii()
        and text.isprintable()
        and not set(text) & set(" <>\"'\\")
    )


def _is_number(text: str) -> bool:
    try:
        parse(text, places=NUMBER_PLACES)
    except NotANumber:
        return False
    return True
