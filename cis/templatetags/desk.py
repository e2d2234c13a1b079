"""Tags of the desk's pages: words for codes, badges of states."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from accounts.queries import care_rules, notice_texts
from billing.queries.bills import BillCard
from cis.desk import ledger_names, words
from cis.desk.application_words import standard_parts
from cis.platform.phrases import explain
from metering.domain.correction_factors import shown

register = template.Library()


@register.filter
def word(code: str, table: str) -> str:
    """Return the word of the trade for a code: ``{{ run.state|word:"run" }}``."""
    return words.word(table, code)


@register.filter
def ledger_name(code: str) -> str:
    """Return what a ledger account is called."""
    return ledger_names.ledger_name(code)


@register.filter
def standard_name(key: str) -> str:
    """Return what a service standard is called, with the class of supply if it has one."""
    standard, standard_class = standard_parts(key)
    name = words.word("standard", standard)
    return f"{name} ({words.word('application_class', standard_class)})" if standard_class else name


@register.filter
def event_name(code: str) -> str:
    """Return what an event is called of which customers are told, in the page's language."""
    return notice_texts.title(code, get_language() or "en")


@register.filter
def segment_name(code: str) -> str:
    """Return what a segment of customers is called, in the page's language; an unknown code stands for itself."""
    names = care_rules.segment_names(at=timezone.localdate(), language=get_language() or "en")
    return names.get(code, code)


@register.filter
def at(values: Sequence[object], place: int) -> object:
    """Return one of several values by its place: ``{{ names|at:forloop.counter0 }}``."""
    return values[place]


@register.filter
def person(names: Mapping[int, str], user_id: int | None) -> str:
    """Return the name of a member of staff out of those of a page: ``{{ names|person:row.cashier_id }}``."""
    return names.get(user_id or 0, "–")


@register.filter
def factor(value: Fraction) -> str:
    """Return a factor as a person reads it: ``1.1250 = 9/8``, or ``3``."""
    if value.denominator == 1:
        return str(value)
    found = shown(value)
    return f"{found.decimals} = {found.fraction}" if found.fraction else found.decimals


@register.simple_tag
def state(table: str, code: str) -> SafeString:
    """Return a state as a coloured badge with its word."""
    tone = words.tone(table, code)
    return format_html('<span class="state{}">{}</span>', f" state-{tone}" if tone else "", words.word(table, code))


@register.simple_tag
def reason(code: str, message: str) -> str:
    """Return why something was refused or held, in the page's language."""
    return explain(code, message).message


@register.simple_tag
def bill_state(card: BillCard, today: object) -> SafeString:
    """Return the state of a bill as its reader means it: paid, overdue, partly paid, or the state itself."""
    return state("bill", code_of(card, today))


def code_of(card: BillCard, today: object) -> str:
    """Return the state of a bill, with payments and due date taken into account."""
    if card.kind == "credit" and card.state == "issued":
        return "credit"
    if card.state != "issued":
        return card.state
    if card.amount_minor <= 0:
        return "nothing"
    if card.open_minor == 0:
        return "written_off" if card.given_up_minor else "paid"
    if card.due_date is not None and card.due_date < today:  # type: ignore[operator]
        return "overdue"
    return "part_paid" if card.paid_minor else "issued"
