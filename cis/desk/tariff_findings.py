"""Findings in a tariff document in the language of the page, each with its line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _

from cis.kernel.errors import Finding
from cis.platform.phrases import Words, explain

SENTENCES: Mapping[str, str] = {
    "not_toml": _("The text is not TOML from here on."),
    "missing_key": _("A key is missing here."),
    "unknown_key": _("This key is not known here."),
    "not_text": _("A text in quotes is expected here; numbers are written as text, too."),
    "not_a_date": _("This is no date: write it as 2020-07-01."),
    "not_an_integer": _("A whole number within its bounds is expected here."),
    "not_a_list": _("A list in brackets is expected here."),
    "not_a_table": _("A table is expected here."),
    "not_a_number": _("Write digits, with a point for decimals, and no more decimals than prices have."),
    "bad_code": _("This is no code, or it stands here twice: use small letters, digits and hyphens."),
    "code_taken": _("Two of them have this code."),
    "unknown_word": _("This word is not known here."),
    "unknown_kind": _("There is no such kind of component."),
    "unknown_unit": _("This is no unit of price."),
    "wrong_unit": _("This is not the unit in which it is priced."),
    "wrong_count": _("There are too many or too few of them."),
    "out_of_range": _("The value is out of its range."),
    "rate_out_of_range": _("The rate is out of its range."),
    "price_out_of_range": _("The price is beyond any price: check the unit."),
    "price_not_exact": _("The price has more decimals than prices are kept with."),
    "energy_out_of_range": _("No segment has so much energy."),
    "negative_amount": _("An amount of 0 or more is expected here."),
    "limits_not_ascending": _("Each limit must be larger than the one before it, and than 0."),
    "mixed_limits": _("Limits of the cycle do not go together with limits of the segment."),
    "cycle_without_steps": _("A cycle belongs to steps, and steps to a cycle."),
    "count_of_two": _("One count cannot follow both the customer and the place."),
    "no_periods": _("The document names no periods of use."),
    "account_scope": _("What an account pays once is paid by everybody and in all months."),
    "no_base": _("It must name what it is charged on."),
    "unknown_base": _("It is charged on a component that does not come before it."),
    "yearly_limits_differ": _("The yearly limits do not count the same components from the same month."),
    "bad_month": _("This is no month from 1 to 12, or it stands here twice."),
    "bad_dates": _("This is no range of days: write it as 07-01..09-30."),
    "bad_hours": _("This is no range of hours: write full or half hours, as 22:00-06:00."),
    "bad_window": _("Demand is averaged over 5, 10, 15, 30 or 60 minutes."),
    "bad_currency": _("This is no currency code."),
    "bad_pools": _("Each period of use stands in one pool."),
    "bad_package": _("A package holds energy."),
    "bounds_crossed": _("The cap lies below the floor, or below 0."),
    "empty_validity": _("The end of validity must be later than its start."),
    "day_claimed_twice": _("A day belongs to two seasons."),
    "day_without_season": _("A day belongs to no season."),
    "hour_claimed_twice": _("An hour has two periods of use."),
    "hour_without_period": _("An hour has no period of use."),
    "not_all": _("The parts do not make up 100 %."),
    "no_vector": _("The document has no test case."),
    "vector_differs": _("The result is not what the test case expects."),
    "unknown_line": _("The tariff has no line of this name."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundAt:
    """
    A finding at its line.

    where  key in the document
    text   the line itself
    """

    line: int
    where: str
    text: str
    words: Words


def found_at(findings: Iterable[tuple[int, Finding]], text: str) -> list[FoundAt]:
    """Return findings of a document with the lines at which they stand."""
    lines = text.splitlines()
    return [
        FoundAt(
            line=line,
            where=finding.where,
            text=lines[line - 1].strip() if 0 < line <= len(lines) else "",
            words=in_words(finding),
        )
        for line, finding in findings
    ]


def in_words(finding: Finding) -> Words:
    """Return a finding in the language of the page: a sentence of its own, else that of other refusals."""
    sentence = SENTENCES.get(finding.code)
    if sentence is None or (get_language() or "en").startswith("en"):
        return explain(finding.code, finding.message, finding.advice)
    return Words(gettext(sentence), "", f"{finding.message} {finding.advice}".strip())
