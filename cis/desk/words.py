"""Words of the trade for codes that pages show: states, kinds, periods of use."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from cis.desk import (
    accrual_words,
    application_words,
    bank_words,
    budget_words,
    call_words,
    care_words,
    case_words,
    change_words,
    charge_words,
    checkout_words,
    collective_words,
    completeness_words,
    contract_words,
    debit_words,
    demand_words,
    deposit_words,
    device_words,
    dunning_words,
    e_invoice_words,
    field_words,
    forecast_words,
    late_fee_words,
    late_read_words,
    meter_words,
    money_words,
    notice_words,
    outage_words,
    plan_words,
    prepaid_words,
    privacy_words,
    programme_words,
    report_words,
    route_words,
    safety_words,
    staff_words,
    till_words,
    usage_inspection_words,
    vee_words,
    watch_words,
    write_off_words,
)
from cis.desk.book_words import PERIOD_DONE, PERIOD_OBSTACLES, PERIOD_STATES
from cis.desk.job_words import JOB_NAMES

PERIODS: Mapping[str, Any] = {
    "": _("All hours"), "sharp": _("Sharp"), "peak": _("Peak"), "flat": _("Flat"), "valley": _("Valley"),
    "any": _("All hours"),
}  # fmt: skip
PERIOD_ORDER = tuple(PERIODS)
REGISTERS: Mapping[str, Any] = {"total": _("All hours"), "demand": _("Largest demand")}
CUSTOMER_KINDS: Mapping[str, Any] = {"resident": _("Person"), "company": _("Company"), "agency": _("Public body")}
CONTACT_KINDS: Mapping[str, Any] = {
    "mobile": _("Mobile"), "phone": _("Landline"), "email": _("E-mail"), "post": _("Postal address"),
}  # fmt: skip
ACCOUNT_STATES: Mapping[str, Any] = {"open": _("Open"), "closed": _("Closed")}
BILL_STATES: Mapping[str, Any] = {
    "draft": _("Draft"), "held": _("Held"), "issued": _("Issued"), "cancelled": _("Cancelled"),
    "credit": _("Credit note"), "overdue": _("Overdue"), "nothing": _("Nothing to pay"), "paid": _("Paid"),
    "part_paid": _("Partly paid"), "written_off": _("Written off"),
}  # fmt: skip
RUN_STATES: Mapping[str, Any] = {
    "open": _("New"),
    "rating": _("Rating"),
    "rated": _("Waits for approval"),
    "issuing": _("Issuing"),
    "issued": _("Issued"),
    "dropped": _("Dropped"),
    "promoted": _("Promoted"),
}
SHADOW_RUN_STATES: Mapping[str, Any] = {**RUN_STATES, "rated": _("Waits for a look")}
RUN_KINDS: Mapping[str, Any] = {
    "bills": _("Bills: drafts that are approved and issued"),
    "shadow": _("Shadow: compare first, bill later"),
}
SHADOW_STATES: Mapping[str, Any] = {
    "open": _("Outlier"),
    "accepted": _("Accepted"),
    "blocked": _("Cannot be billed"),
    "plain": _("Like before"),
}
CORRECTION_CAUSES: Mapping[str, Any] = {
    "meter_error": _("Meter error"),
    "transformer_error": _("Error of current transformers"),
    "voltage_drop": _("Voltage lost in the leads"),
    "wiring": _("Wrong wiring"),
    "multiplier": _("Wrong multiplier"),
    "fuse": _("Fuse blown"),
    "other": _("Other reason"),
    "theft": _("Theft"),
}
CORRECTION_STATES: Mapping[str, Any] = {
    "proposed": _("Waits for a second person"),
    "applied": _("Applied"),
    "dropped": _("Dropped"),
    "undoing": _("Undoing waits for a second person"),
    "undone": _("Undone"),
}
RULE_KINDS: Mapping[str, Any] = {
    "share": _("Fixed share"),
    "quantity": _("Fixed quantity"),
    "submeter": _("Sub-meter"),
    "left_out": _("Check meter"),
    "unmetered": _("Supply without a meter"),
}
RULE_SPANS: Mapping[str, Any] = {"month": _("a month"), "day": _("a day")}
RULE_EXCESSES: Mapping[str, Any] = {
    "refuse": _("Hold the bills for a look"),
    "in_proportion": _("Cut all in proportion"),
    "in_order": _("Fill one after another"),
}
BREACH_KINDS: Mapping[str, Any] = {
    "category": _("Wrong category of use"),
    "capacity": _("Over capacity"),
    "suspended": _("Suspended equipment used"),
    "tampering": _("Meter touched"),
    "own_supply": _("Own supply, or passed on"),
    "theft": _("Theft"),
}
BREACH_STATES: Mapping[str, Any] = {
    "proposed": _("Waits for a second person"),
    "agreed": _("Agreed"),
    "cancelling": _("To be cancelled: waits for a second person"),
    "dropped": _("Dropped"),
    "cancelled": _("Cancelled"),
}
BREACH_STEPS: Mapping[str, Any] = {
    "energy_of_use": _("Power × hours a day × days"),
    "energy_counted": _("Energy that the meter counted"),
    "energy_stolen": _("Energy that no meter counted"),
    "excess": _("Found less agreed"),
    "price_gap": _("Price that it has less price paid"),
    "cost_of_use": _("Energy × difference of prices"),
    "sum": _("All uses together"),
    "rounded": _("Rounded once"),
    "fee": _("Capacity × price × months"),
    "stolen_cost": _("Bills with it less bills without it"),
    "penalty": _("Penalty by the rule"),
    "tax": _("VAT"),
}
HELD_STATES: Mapping[str, Any] = {
    "open": _("Waits for a look"),
    "released": _("Released"),
    "dropped": _("Dropped"),
    "retried": _("Retried"),
}
JOB_STATES: Mapping[str, Any] = {
    "waiting": _("Waiting"),
    "running": _("Running"),
    "done": _("Done"),
    "failed": _("Failed"),
}
SIMULATION_STATES: Mapping[str, Any] = {"running": _("Running"), "done": _("Done"), "failed": _("Failed")}
READ_KINDS: Mapping[str, Any] = {
    "actual": _("Read"),
    "estimated": _("Estimated"),
    "customer": _("By the customer"),
    "initial": _("First read"),
    "final": _("Last read"),
}
CHANNELS = till_words.WAYS
MOVEMENTS: Mapping[str, Any] = {"bill": _("Bill"), "payment": _("Payment"), "refund": _("Refund")}
PARTS: Mapping[str, Any] = {
    "energy": _("Energy"),
    "fixed": _("Fixed charge"),
    "fund": _("Funds"),
    "penalty": _("Penalties"),
    "late_fee": _("Late fees"),
    "service": _("Services"),
    "equipment": _("Equipment"),
    "green": _("Green packages"),
    "tax": _("Tax"),
    "vat": _("VAT"),
    **CHANNELS,
    **money_words.PARTS,
    **deposit_words.PARTS,
    **budget_words.PARTS,
}
DAY_TYPES: Mapping[str, Any] = {
    "weekday": _("Monday to Friday"),
    "saturday": _("Saturday"),
    "sunday": _("Sunday"),
    "holiday": _("Public holiday"),
}
GIVEN: Mapping[str, Any] = {
    "month": _("Calendar month"),
    "month_end": _("Month that ends in it"),
    "final": _("Last segment of the agreement"),
    "peak_w": _("Largest demand"),
    "billed_peak_w": _("Demand charged before in the month"),
    "past_peaks_w": _("Largest demand of the months before"),
    "capacity_va": _("Agreed capacity"),
    "contract_w": _("Contracted demand"),
    "reactive_varh": _("Reactive energy"),
    "reactive_peak_var": _("Largest reactive demand"),
    "export_wh": _("Energy given to the grid"),
    "energized_minutes": _("Minutes under voltage"),
    "meters": _("Meters"),
    "account_days": _("Days that the account pays here"),
    "features": _("Features of the agreement"),
    "carried": _("Carried from the bill before"),
    "year_minor": _("Charged in the year before"),
    "series_minor": _("Energy at the prices of its hours"),
    "ordered_wh": _("Energy by step in order of time"),
    "submeter_wh": _("Energy of sub-meters"),
    "green_blocks": _("Blocks of green energy"),
    "even_days": _("Days in months of 30"),
    "cycle_months_e9": _("Months by the days of the period, in billionths"),
}
TOLD_LINES: Mapping[str, Any] = {
    "measured": _("measured"),
    "contract": _("contracted"),
    "ratchet": _("at least, for earlier peaks"),
    "kwh-per-kva": _("kWh used per kVA"),
    "discount": _("factor of the price"),
    "percent": _("adjustment, in percent"),
    "base": _("amount that is adjusted"),
    "factor": _("power factor"),
    "reactive": _("reactive energy lost"),
}
"""Lines that only tell how another came about, by the end of their name."""
HANDED: Mapping[str, Any] = {
    "peak_w": _("Largest demand"),
    "charged_w": _("Demand charged in the month"),
    "year_minor": _("Counted in the year"),
    "carried": _("Carried on"),
}
USAGE_RULES: Mapping[str, Any] = {
    "share": _("fixed share"),
    "quantity": _("fixed quantity"),
    "submeter": _("sub-meter"),
    "left_out": _("check meter"),
    "unmetered": _("agreed load"),
}
UNITS: Mapping[str, Any] = {
    "kWh": "kWh",
    "day": _("days"),
    "month": _("months"),
    "meter": _("meters"),
    "block": _("blocks"),
    "factor": "",
    "money": "",
}
STANDINGS: Mapping[str, Any] = {
    "in_force": _("In force"),
    "coming": _("Coming"),
    "draft": _("Draft"),
    "ended": _("Ended"),
    "rejected": _("Rejected"),
    "replaced": _("Replaced"),
}
HAPPENINGS: Mapping[str, Any] = {
    "starts": _("Begins to hold"),
    "draft_starts": _("Draft for this day"),
    "ends": _("Ends"),
    "gap": _("No price"),
}
CUSTOMER_CLASSES: Mapping[str, Any] = {
    "residential": _("Homes"),
    "commercial": _("Commerce"),
    "industrial": _("Industry"),
    "agricultural": _("Agriculture"),
    "lighting": _("Lighting"),
    "other": _("Other"),
}
LOGIN_STATES: Mapping[str, Any] = {"active": _("May sign in"), "closed": _("Login closed")}
TONES: Mapping[str, str] = {
    "open": "ok",
    "closed": "",
    "draft": "info",
    "held": "warn",
    "issued": "ok",
    "cancelled": "",
    "credit": "info",
    "overdue": "bad",
    "paid": "ok",
    "part_paid": "warn",
    "rating": "info",
    "rated": "warn",
    "issuing": "info",
    "dropped": "",
    "released": "ok",
    "retried": "info",
    "waiting": "",
    "running": "info",
    "done": "ok",
    "failed": "bad",
    "published": "ok",
    "active": "ok",
    "in_force": "ok",
    "starts": "ok",
    "draft_starts": "info",
    "ends": "warn",
    "gap": "bad",
    "coming": "info",
    "rejected": "bad",
    "promoted": "ok",
    "accepted": "ok",
    "proposed": "warn",
    "applied": "ok",
    "undoing": "warn",
    "blocked": "bad",
    "agreed": "ok",
    "cancelling": "warn",
}
"""Colour of the badge of a state; it always carries the word too."""
_OF_PIECES = (
    accrual_words, application_words, bank_words, budget_words, call_words, care_words, case_words, change_words,
    charge_words, checkout_words, collective_words, completeness_words, contract_words, debit_words, demand_words,
    deposit_words, device_words, dunning_words, e_invoice_words, field_words, forecast_words, late_fee_words,
    late_read_words,
    meter_words, money_words, notice_words, outage_words, plan_words, prepaid_words, privacy_words, programme_words,
    report_words, route_words, safety_words, staff_words, till_words, usage_inspection_words, vee_words, watch_words,
    write_off_words,
)  # fmt: skip
"""Words of one part of the desk each; a module has tables, tones, or both."""
OTHER_TONES: Mapping[tuple[str, str], str] = {
    ("held", "open"): "warn",
    ("shadow", "open"): "warn",
    **{key: tone for one in _OF_PIECES for key, tone in getattr(one, "TONES", {}).items()},
}

TABLES: Mapping[str, Mapping[str, Any]] = {
    "period": PERIODS,
    "register": REGISTERS,
    "customer_kind": CUSTOMER_KINDS,
    "contact_kind": CONTACT_KINDS,
    "account": ACCOUNT_STATES,
    "bill": BILL_STATES,
    "run": RUN_STATES,
    "shadow_run": SHADOW_RUN_STATES,
    "shadow": SHADOW_STATES,
    "held": HELD_STATES,
    "job": JOB_STATES,
    "job_name": JOB_NAMES,
    "simulation": SIMULATION_STATES,
    "read_kind": READ_KINDS,
    "correction_cause": CORRECTION_CAUSES,
    "correction_state": CORRECTION_STATES,
    "rule_kind": RULE_KINDS,
    "rule_span": RULE_SPANS,
    "rule_excess": RULE_EXCESSES,
    "breach_kind": BREACH_KINDS,
    "breach_state": BREACH_STATES,
    "period_state": PERIOD_STATES,
    "period_done": PERIOD_DONE,
    "period_obstacle": PERIOD_OBSTACLES,
    "breach_step": BREACH_STEPS,
    "channel": CHANNELS,
    "movement": MOVEMENTS,
    "part": PARTS,
    "day_type": DAY_TYPES,
    "unit": UNITS,
    "given": GIVEN,
    "handed": HANDED,
    "told_line": TOLD_LINES,
    "usage_rule": USAGE_RULES,
    "login": LOGIN_STATES,
    "standing": STANDINGS,
    "happening": HAPPENINGS,
    "customer_class": CUSTOMER_CLASSES,
    **{name: words for one in _OF_PIECES for name, words in getattr(one, "TABLES", {}).items()},
}


def tone(table: str, code: str) -> str:
    """Return the colour of a state's badge; "" = calm."""
    return OTHER_TONES.get((table, code), TONES.get(code, ""))


def word(table: str, code: str) -> str:
    """Return the word for a code in the page's language; an unknown code stands for itself."""
    return str(TABLES[table].get(code, code))
