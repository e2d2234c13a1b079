"""A URDB file as tariff documents of ours, or why not."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from cis.kernel.errors import Findings
from tariffs.domain import document
from tariffs.domain.components.tiers import Convention
from tariffs.domain.urdb import reading, samples
from tariffs.domain.urdb.naming import tariff_code
from tariffs.domain.urdb.rate import MONTHS, NO_START, Choices, Rate, limits_of
from tariffs.domain.urdb.writing import Writer, has_one_period_a_month, needs_demand, valid_from

DECIDED = "decided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """
    One version as a document.

    text  TOML, with vectors that hold
    """

    code: str
    start_date: date
    text: str


@dataclass(slots=True)
class Imported:
    """
    What became of a file.

    documents  one a version, in order of time; () if there are findings
    findings   what the file asks for and cannot be billed, by field
    notes      what changes no bill, and what was decided or left out
    """

    documents: tuple[Written, ...] = ()
    findings: Findings = field(default_factory=Findings)
    notes: Findings = field(default_factory=Findings)


def documents(*, text: str, choices: Choices, default_code: str, on: date | None = None) -> Imported:
    """
    Return the documents of a URDB file, or everything that keeps it from being billed.

    default_code  of a tariff whose file names neither utility nor rate
    on            the version in force that day alone, None = all
    """
    read = reading.read(text=text, choices=choices)
    found = Imported(findings=read.findings, notes=read.notes)
    if found.findings:
        return found
    rates = [rate for rate in read.rates if on is None or _holds(rate, choices, on)]
    if not rates:
        found.findings.add("startdate", "no_version", f"No version of the file holds on {on}.")
    if choices.valid_from is not None and any(rate.start_date for rate in rates):
        found.findings.add("startdate", "field_twice", "The file says itself from when it holds.")
    for rate in rates:
        found.findings.extend(_unordered(rate, choices))
    if not found.findings:
        # All versions are one entry of the price book, even where the name was changed.
        code = choices.code or tariff_code(rate=rates[-1], default=default_code)
        found.documents = tuple(_written(rate, choices, code, found) for rate in rates)
    if found.findings:
        found.documents = ()
    return found


def _holds(rate: Rate, choices: Choices, on: date) -> bool:
    return valid_from(rate=rate, choices=choices) <= on and (rate.end_date is None or on < rate.end_date)


def _written(rate: Rate, choices: Choices, code: str, found: Imported) -> Written:
    """Return the document of one version; whatever is wrong with it is a finding."""
    decisions = list(decided(rate=rate, choices=choices))
    for where, message in decisions:
        if (where, message) not in {(note.where, note.message) for note in found.notes}:
            found.notes.add(where, DECIDED, message)
    lines = ["Imported from a file of the OpenEI Utility Rate Database.", *rate.told, *(text for _, text in decisions)]
    writer = Writer(rate, choices, code)
    plain, wrong = document.examine(text=writer.text((), lines))
    found.findings.extend(wrong)
    if plain is None:
        return Written(code=code, start_date=valid_from(rate=rate, choices=choices), text="")
    vectors = samples.vectors_of(
        rate=rate,
        choices=choices,
        needs=plain.plan.needs,
        periods=writer.periods,
        demand_periods=writer.demand_periods if writer.tells_demand else (),
    )
    text = writer.text(vectors, lines)
    whole, wrong = document.examine(text=text)
    found.findings.extend(wrong)
    if whole is not None:
        found.findings.extend(document.check(document=whole))
    return Written(code=code, start_date=valid_from(rate=rate, choices=choices), text=text)


def decided(*, rate: Rate, choices: Choices) -> Iterator[tuple[str, str]]:
    """Yield (field, what was decided) for all that the file does not say."""
    yield "", "The exact sum of the bill is rounded to cents."
    if rate.start_date is None:
        day = choices.valid_from or NO_START
        yield "startdate", f"The file does not say from when it holds: from {day} (--valid-from)."
    energy, demand = rate.energy, rate.demand
    if energy is not None and _meets(rate):
        if choices.fills is not None or len({limits_of(energy.structure[one]) for one in energy.used()}) > 1:
            fills = choices.fills or "all"
            yield (
                "energyratestructure",
                f"Tiers of periods with different limits are filled by {fills} energy (--tiers).",
            )
        yield "energyratestructure", f"Tiers meet periods of use by the convention {choices.convention} (--convention)."
    schedules = [one for one in (energy, demand) if one is not None]
    if any(one.weekday != one.weekend for one in schedules):
        yield "energyweekdayschedule", f"Holidays have the hours of a {choices.holidays} (--holidays)."
    if needs_demand(rate):
        if rate.window is None:
            yield "demandwindow", f"Demand is the mean of {choices.window_minutes} minutes (--window)."
        yield "demandrateunit", f"Part of a month pays of a price per kW: {choices.proration} (--proration)."
    if rate.yearly_cents:
        yield "annualmincharge", f"Who leaves within a year: {choices.leaving} its least charge (--leaving)."
    if rate.reactive_e6:
        yield "demandreactivepowercharge", "It is for the largest reactive demand of the month (--reactive)."


def _meets(rate: Rate) -> bool:
    """Return whether tiers and several periods of use meet in a month."""
    energy = rate.energy
    return (
        energy is not None
        and not has_one_period_a_month(energy)
        and any(limits_of(energy.structure[one]) for one in energy.used())
    )


def _unordered(rate: Rate, choices: Choices) -> Findings:
    """Return why tiers cannot be filled in order of time: a month has one set of limits, as many as other months."""
    findings = Findings()
    energy = rate.energy
    if choices.convention is not Convention.TIME_ORDER or energy is None or not _meets(rate):
        return findings
    by_month = [{limits_of(energy.structure[one]) for one in energy.of_month(month)} for month in range(MONTHS)]
    counts = {len(limits) for month in by_month for limits in month if limits}
    if choices.fills is not None or any(len(limits) > 1 for limits in by_month) or len(counts) > 1:
        message = "Tiers fill in order of time only where all periods of a month have the same, as many in every month."
        findings.add("energyratestructure", "undefined_order", message, "Use --convention proportional.")
    return findings
