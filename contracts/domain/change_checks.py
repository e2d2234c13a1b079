"""When a change of use may be: everything that keeps it from being agreed to, by field."""

from datetime import date
from fractions import Fraction

from cis.kernel.errors import Findings
from cis.kernel.periods import Period, add_months, months_between, year_of
from contracts.domain.agreements import HOUSEHOLD_MOST
from contracts.domain.change_facts import (
    FIELDS,
    MONTHS_IN_QUARTER,
    SETTLED_FIRST,
    Facts,
    PlaceFacts,
    Starts,
    SupplyFacts,
    TariffFacts,
    first_effective,
    starts_of,
)
from contracts.domain.changes import ChangeKind, Wanted

_K = ChangeKind
DAYS_IN_MONTH = 30


def check(*, wanted: Wanted, facts: Facts) -> Findings:
    """Return everything that keeps a change from being agreed to; papers are looked at apart."""
    findings = Findings()
    _check_fields(wanted, findings)
    if findings:
        return findings
    _check_dates(wanted, facts, findings)
    _check_supply(wanted, facts, findings)
    if findings:
        return findings
    _CHECKS.get(wanted.kind, _no_check)(wanted, facts, findings)
    if wanted.kind in SETTLED_FIRST and facts.owed_minor > 0:
        findings.add(
            "", "arrears_owed", "The account owes for bills that were issued.", "Let it be paid first, then confirm."
        )
    return findings


def _check_fields(wanted: Wanted, findings: Findings) -> None:
    needed, possible = FIELDS[wanted.kind]
    for field in sorted(needed | possible | _OF_SOME):
        value = getattr(wanted, field)
        is_given = value not in (None, "", ())
        if field in needed and not is_given:
            findings.add(field, "needed_here", "This is needed.")
        if is_given and field not in needed | possible | {"account_id"}:
            findings.add(field, "not_of_this_kind", "This does not belong to this kind of change.")
    if wanted.until_date is not None and wanted.until_date <= wanted.effective_date:
        findings.add("until_date", "empty_period", "The end is the first day after it, and lies after the start.")
    if wanted.household is not None and not 1 <= wanted.household <= HOUSEHOLD_MOST:
        findings.add("household", "bad_household", f"A household has 1 to {HOUSEHOLD_MOST} persons.")


_OF_SOME = frozenset().union(*(needed | possible for needed, possible in FIELDS.values()))


def _check_dates(wanted: Wanted, facts: Facts, findings: Findings) -> None:
    if facts.asked_date > facts.known_date:
        findings.add("asked_date", "asked_in_future", "Nobody has asked on a day that is still to come.")
        return
    first = first_effective(wanted.kind, asked_date=facts.asked_date, limits=facts.limits, calendar=facts.calendar)
    starts = starts_of(kind=wanted.kind, limits=facts.limits)
    if wanted.effective_date < first:
        message = f"Asked for on {facts.asked_date}, it can hold from {first} on."
        findings.add("effective_date", "change_too_soon", message, f"Choose {first} or later.")
    if starts is not Starts.DAY and wanted.effective_date.day != 1:
        findings.add("effective_date", "not_first_of_month", "It holds from the first day of a month on.")
    if starts is Starts.QUARTER and wanted.effective_date.month % MONTHS_IN_QUARTER != 1:
        findings.add("effective_date", "not_first_of_quarter", "It holds from the first day of a quarter on.")


def _check_supply(wanted: Wanted, facts: Facts, findings: Findings) -> None:
    for supply in (*([facts.supply] if facts.supply else []), *facts.others):
        starts_after = wanted.effective_date < supply.start_date
        # Who ends something on its first day has never had it.
        if wanted.kind in _ENDING and wanted.effective_date == supply.start_date:
            starts_after = True
        if starts_after or (supply.end_date is not None and wanted.effective_date >= supply.end_date):
            findings.add("effective_date", "outside_agreement", "The supply is not in force then.")
        until = wanted.until_date
        if supply.end_date is not None and until is not None and until > supply.end_date:
            findings.add("until_date", "outside_agreement", f"The supply ends on {supply.end_date}.")
    if wanted.service_point_id is not None and wanted.service_point_id in facts.taken:
        findings.add(
            "service_point_id", "service_point_taken", "Somebody is supplied there.", "Let it be transferred instead."
        )
    for part in wanted.parts:
        if part.service_point_id is not None and part.service_point_id in facts.taken:
            findings.add("parts", "service_point_taken", "Somebody is supplied at the new service point.")


_ENDING = frozenset((_K.TRANSFER, _K.MOVE_OUT, _K.REMOVAL, _K.MERGE))


def _no_check(wanted: Wanted, facts: Facts, findings: Findings) -> None:
    """Nothing more is asked."""


def _check_transfer(wanted: Wanted, facts: Facts, findings: Findings) -> None:
    assert facts.supply is not None
    if wanted.customer_id == facts.supply.customer_id:
        findings.add("customer_id", "same_holder", "This customer has the supply already.", "Rename the customer.")


def _check_increase(wanted: Wanted, facts: Facts, findings: Findings) -> None:
    assert facts.supply is not None
    assert wanted.capacity_va is not None
    if wanted.capacity_va <= (facts.supply.agreed.capacity_va or 0):
        findings.add("capacity_va", "no_increase", "The capacity is not more than what is agreed.")
    _check_fit(facts, wanted.capacity_va, findings)


def _check_reduction(wanted: Wanted, facts: Facts, findings: Findings) -> None:
    assert facts.supply is not None
    assert wanted.capacity_va is not None
    agreed = facts.supply.agreed
    if agreed.capacity_va is None or not 0 < wanted.capacity_va < agreed.capacity_va:
        findings.add("capacity_va", "no_reduction", "What is left is more than 0 and less than what is agreed.")
        return
    if wanted.until_date is not None:
        months = months_between(wanted.effective_date, wanted.until_date)
        least, most = facts.limits.reduction_least_months, facts.limits.reduction_most_months
        if months < least:
            findings.add("until_date", "lasts_too_short", f"A reduction for a time lasts {least} months or more.")
        if most and wanted.until_date > add_months(wanted.effective_date, most):
            findings.add("until_date", "lasts_too_long", f"A reduction for a time lasts {most} months at most.")
        if agreed.suspended_va:
            findings.add("capacity_va", "suspended_now", "Capacity is suspended then.", "Let it be resumed first.")
    _check_whole_months(wanted, facts, findings)
    _check_fit(facts, wanted.capacity_va, findings)


def _check_suspension(wanted: Wanted, facts: Facts, findings: Findings) -> None:
    assert facts.supply is not None
    assert wanted.suspended_va is not None
    agreed, limits = facts.supply.agreed, facts.limits
    if agreed.capacity_va is None or not 0 < wanted.suspended_va <= agreed.capacity_va:
        findings.add("suspended_va", "bad_suspension", "More than 0 and no more than the agreed capacity is suspended.")
        return
    if agreed.suspended_va:
        findings.add("suspended_va", "suspended_now", "Capacity is suspended then.", "Let it be resumed first.")
    if wanted.until_date is None:
        findings.add("until_date", "needed_here", "Say until when: it ends by itself.")
        return
    _check_whole_months(wanted, facts, findings)
    asked = Period(wanted.effective_date, wanted.until_date)
    for year in range(asked.start.year, asked.last.year + 1):
        whole = year_of(date(year, 1, 1))
        spans = [*_spans(facts.supply, before=asked.end), asked]
        mine = [part for part in (span.intersect(whole) for span in spans) if part is not None]
        months = sum((months_of(part) for part in mine), Fraction(0))
        if months > limits.suspension_most_months:
            message = (
                f"In {year} capacity would be suspended for more than {limits.suspension_most_months} months in all."
            )
            findings.add("until_date", "suspended_too_long", message, "End it earlier, or reduce the capacity.")
        begun = [span for span in spans if span.start.year == year]
        if limits.suspension_most_times and len(begun) > limits.suspension_most_times:
            message = f"Capacity is suspended {limits.suspension_most_times} times a year at most."
            findings.add("effective_date", "suspended_too_often", message)


def _spans(supply: SupplyFacts, *, before: date) -> list[Period]:
    """Return the other suspensions of a supply; what follows without a gap is one."""
    found: list[Period] = []
    for start, end in sorted(supply.suspended, key=lambda span: span[0]):
        until = before if end is None else end
        if until <= start:
            continue
        if found and found[-1].end == start:
            found[-1] = Period(found[-1].start, until)
        else:
            found.append(Period(start, until))
    return found


def months_of(period: Period) -> Fraction:
    """Return how many months a period has: whole ones, and thirtieths of one for the days that are left."""
    whole = months_between(period.start, period.end)
    left = (period.end - add_months(period.start, whole)).days
    return whole + Fraction(left, DAYS_IN_MONTH)


def _check_whole_months(wanted: Wanted, facts: Facts, findings: Findings) -> None:
    """Who is billed by demand suspends and reduces by whole months. [source: 发改办价格〔2016〕1583号]"""
    assert facts.supply is not None
    if not (facts.limits.whole_months and facts.supply.tariff.is_by_demand):
        return
    for field in ("effective_date", "until_date"):
        day = getattr(wanted, field)
        if day is not None and day.day != 1:
            message = "Who is billed by demand changes capacity by whole months."
            findings.add(field, "not_whole_months", message, "Choose the first day of a month.")


def _check_fit(facts: Facts, capacity_va: int | None, findings: Findings) -> None:
    """Note a tariff that is not for the capacity that there will be."""
    tariff = facts.new_tariff or (facts.supply.tariff if facts.supply else None)
    if capacity_va is None or tariff is None:
        return
    if tariff.from_va is not None and capacity_va < tariff.from_va:
        findings.add(
            "tariff_id", "tariff_not_for_capacity", f"The tariff is for {tariff.from_va // 1000} kVA or more.",
            "Choose the tariff for less.",
        )  # fmt: skip
    if tariff.below_va is not None and capacity_va >= tariff.below_va:
        findings.add(
            "tariff_id", "tariff_not_for_capacity", f"The tariff is for less than {tariff.below_va // 1000} kVA.",
            "Choose the tariff for more.",
        )  # fmt: skip


def _check_beginning(wanted: Wanted, facts: Facts, findings: Findings) -> None:
    """Note a tariff that is not for the customer, the place or its meter, where supply begins by a change."""
    tariff, place = facts.new_tariff, facts.place
    if tariff is None or place is None:
        return
    if tariff.kinds and place.kind and place.kind not in tariff.kinds:
        findings.add(
            "tariff_id", "tariff_not_for_kind", "The tariff is not for such a customer.", "Choose another tariff."
        )
    if tariff.voltages and place.voltage not in tariff.voltages:
        findings.add(
            "tariff_id", "tariff_not_for_voltage", f"The tariff is not for {place.voltage}.", "Choose another tariff."
        )
    is_other = tariff.customer_class and place.customer_class and tariff.customer_class != place.customer_class
    if wanted.kind is _K.MOVE_IN and is_other:
        findings.add(
            "tariff_id", "other_class", "The place was supplied for another use.",
            "Choose a tariff for that use, and let the class be changed afterwards.",
        )  # fmt: skip
    if tariff.from_va is not None and wanted.capacity_va is None:
        findings.add("capacity_va", "needed_here", "The tariff is for an agreed capacity: say which.")
    _check_fit(facts, wanted.capacity_va, findings)
    if place.is_metered and not _is_told(tariff, place):
        findings.add(
            "tariff_id", "tariff_not_for_meter", "The meter there does not tell what the tariff charges.",
            "Let the meter be exchanged first, or choose another tariff.",
        )  # fmt: skip


def _is_told(tariff: TariffFacts, place: PlaceFacts) -> bool:
    """Return whether the meter of a place tells what a tariff charges: its periods, its demand, its intervals."""
    if place.has_intervals:
        return True
    if tariff.by_intervals or (tariff.is_by_demand and not place.has_demand):
        return False
    return tariff.periods <= place.periods


def _check_resumption(wanted: Wanted, facts: Facts, findings: Findings) -> None:
    assert facts.supply is not None
    if not facts.supply.agreed.suspended_va:
        findings.add("effective_date", "nothing_suspended", "No capacity is suspended on that day.")
    _check_whole_months(wanted, facts, findings)


def _check_tariff(wanted: Wanted, facts: Facts, findings: Findings) -> None:
    assert facts.supply is not None
    if wanted.tariff_id == facts.supply.tariff.tariff_id:
        findings.add("tariff_id", "same_tariff", "The supply has this tariff already.")
    if wanted.kind is _K.TOU_OPT_IN and facts.new_tariff is not None and not facts.new_tariff.is_open:
        findings.add("tariff_id", "not_open", "This tariff is not open to the customer.")
    is_other = facts.new_tariff and facts.new_tariff.customer_class != facts.supply.tariff.customer_class
    if wanted.kind is _K.DEMAND_MODE and is_other:
        findings.add("tariff_id", "other_class", "The tariff is for another class of customers.")
    _check_fit(facts, wanted.capacity_va or facts.supply.agreed.capacity_va, findings)


def _check_contract_demand(wanted: Wanted, facts: Facts, findings: Findings) -> None:
    assert facts.supply is not None
    if facts.supply.agreed.contract_w is None:
        findings.add("contract_w", "no_contract_demand", "The tariff knows no contracted demand.")
    if wanted.contract_w == facts.supply.agreed.contract_w:
        findings.add("contract_w", "same_demand", "So much is contracted already.")


def _check_household(wanted: Wanted, facts: Facts, findings: Findings) -> None:
    assert facts.supply is not None
    assert wanted.household is not None
    least, most = facts.limits.household_least, facts.limits.household_most_months
    if wanted.household == facts.supply.household:
        findings.add("household", "same_household", "So many persons are known already.")
    if 1 < wanted.household < least:
        findings.add("household", "too_few", f"There is an allowance for {least} persons or more.")
    if most and wanted.household >= least:
        last = add_months(wanted.effective_date, most)
        if wanted.until_date is None or wanted.until_date > last:
            message = f"The allowance must be proven anew after {most} months."
            findings.add("until_date", "lasts_too_long", message, f"Let it end on {last} or before.")


def _check_split(wanted: Wanted, facts: Facts, findings: Findings) -> None:
    assert facts.supply is not None
    if any(part.service_point_id is None or part.customer_id is None for part in wanted.parts):
        findings.add("parts", "needed_here", "Each new supply has its service point and its customer.")
    agreed = facts.supply.agreed.capacity_va
    if agreed is None:
        return
    shares = [part.capacity_va or 0 for part in wanted.parts] + [wanted.capacity_va or 0]
    if sum(shares) != agreed or not all(shares):
        findings.add("capacity_va", "capacity_not_shared", f"All parts together have the {agreed // 1000} kVA agreed.")


def _check_merge(wanted: Wanted, facts: Facts, findings: Findings) -> None:
    assert facts.supply is not None
    if len(facts.others) != len(wanted.parts) or any(part.agreement_id is None for part in wanted.parts):
        findings.add("parts", "needed_here", "Name the supplies that are given up.")
        return
    if any(other.customer_id != facts.supply.customer_id for other in facts.others):
        findings.add("parts", "other_customer", "All of them are supplies of one customer.", "Transfer them first.")
    if any(other.agreement_id == facts.supply.agreement_id for other in facts.others):
        findings.add("parts", "same_supply", "A supply is not merged with itself.")
    if any(other.tariff.customer_class != facts.supply.tariff.customer_class for other in facts.others):
        findings.add("parts", "other_class", "Supplies of different use are not merged.")


_CHECKS = {
    _K.MOVE_IN: _check_beginning,
    _K.TEMPORARY: _check_beginning,
    _K.TRANSFER: _check_transfer,
    _K.CAPACITY_INCREASE: _check_increase,
    _K.CAPACITY_REDUCTION: _check_reduction,
    _K.SUSPENSION: _check_suspension,
    _K.RESUMPTION: _check_resumption,
    _K.CLASS_CHANGE: _check_tariff,
    _K.TOU_OPT_IN: _check_tariff,
    _K.DEMAND_MODE: _check_tariff,
    _K.CONTRACT_DEMAND: _check_contract_demand,
    _K.HOUSEHOLD: _check_household,
    _K.SPLIT: _check_split,
    _K.MERGE: _check_merge,
}


def warnings(*, wanted: Wanted, facts: Facts) -> tuple[str, ...]:
    """Return codes of what the customer should know before he agrees, though nothing forbids it."""
    found = []
    days = (wanted.until_date - wanted.effective_date).days if wanted.until_date else facts.limits.suspension_least_days
    if wanted.kind is _K.SUSPENSION and days < facts.limits.suspension_least_days:
        found.append("charged_all_the_same")
    if wanted.kind is _K.MOVE_OUT and facts.owed_minor > 0:
        found.append("owes")
    if wanted.effective_date < facts.known_date:
        found.append("in_the_past")
    return tuple(found)
