"""Job sheets as PDF: work orders on paper, where a phone is of no use, one page an order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils import translation

from accounts.queries import supplier
from cis.desk.field_words import WORK_FACTS, WORK_KINDS
from cis.platform import rendering
from metering.domain.checklists import Checklist
from metering.domain.work_orders import Priority
from metering.queries import checklists
from metering.queries.work_orders import WorkCard

TEMPLATE = "documents/job_sheet.html"
STYLESHEET = "documents/job_sheet.css"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One order as it is printed; words in both languages."""

    card: WorkCard
    kind_zh: str
    kind_en: str
    facts: tuple[tuple[str, str, str], ...]
    checklist: Checklist | None
    is_urgent: bool


def pdf(*, cards: Sequence[WorkCard], printed_date: date) -> bytes:
    """Return the job sheets of orders, in their sequence, each on a page of its own."""
    sheets = [_sheet(card) for card in cards]
    context = {"sheets": sheets, "supplier": supplier.current(), "printed_date": printed_date}
    return rendering.pdf(template=TEMPLATE, css=STYLESHEET, context=context)


def _sheet(card: WorkCard) -> Sheet:
    facts = tuple((*_both(WORK_FACTS.get(name, name)), text) for name, text in card.facts.items())
    kind_zh, kind_en = _both(WORK_KINDS[card.kind])
    return Sheet(
        card=card, kind_zh=kind_zh, kind_en=kind_en, facts=facts,
        checklist=checklists.one(code=card.checklist) if card.checklist else None,
        is_urgent=card.priority != Priority.NORMAL,
    )  # fmt: skip


def _both(words: object) -> tuple[str, str]:
    """Return a word in Chinese and in English."""
    with translation.override("zh-hans"):
        chinese = str(words)
    with translation.override("en"):
        return chinese, str(words)
