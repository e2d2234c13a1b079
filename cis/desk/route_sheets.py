"""The sheet of a round as PDF, to walk with where a phone is of no use: last value, what is expected, room to write."""

from dataclasses import dataclass
from datetime import date

from django.utils import translation

from accounts.queries import supplier
from cis.desk.route_words import MISSES
from cis.desk.words import PERIODS, REGISTERS
from cis.platform import rendering
from metering.domain.routes import KEYS
from metering.domain.vee_entry import Band
from metering.queries import routes as queries
from metering.queries.routes import Line, RoundCard, RouteCard

TEMPLATE = "documents/route_sheet.html"
STYLESHEET = "documents/route_sheet.css"


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """A counter as it is printed; ``is_new``: its place begins here, so that it stands once."""

    line: Line
    band: Band | None
    counter_zh: str
    counter_en: str
    is_new: bool


def pdf(*, card: RouteCard, found: RoundCard, printed_date: date) -> bytes:
    """Return the sheet of a round, its counters in the order of the walk."""
    rows, stop_id = [], None
    for line in queries.lines(card=found, today=printed_date):
        zh, en = _both(PERIODS[line.period_of_use] if line.period_of_use else REGISTERS.get(line.code, line.code))
        rows.append(
            Printed(
                line=line, band=line.band(found.planned_date), counter_zh=zh, counter_en=en,
                is_new=line.stop_id != stop_id,
            )
        )  # fmt: skip
        stop_id = line.stop_id
    reasons = [(letter, *_both(MISSES[reason])) for letter, reason in KEYS.items()]
    context = {
        "card": card, "round": found, "rows": rows, "reasons": reasons, "supplier": supplier.current(),
        "printed_date": printed_date,
    }  # fmt: skip
    return rendering.pdf(template=TEMPLATE, css=STYLESHEET, context=context)


def _both(words: object) -> tuple[str, str]:
    """Return a word in Chinese and in English."""
    with translation.override("zh-hans"):
        chinese = str(words)
    with translation.override("en"):
        return chinese, str(words)
