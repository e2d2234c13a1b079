"""
Every rule that a jurisdiction pack may hold, with the type of its value and its limits.

``cis.platform.packs`` checks each pack against ``Rules``; what the rules mean is said in cis/packs/README.md.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from cis.platform import (
    pack_accruals,
    pack_arrears,
    pack_breaches,
    pack_budget,
    pack_care,
    pack_cases,
    pack_changes,
    pack_collective,
    pack_demand,
    pack_deposits,
    pack_metering,
    pack_money,
    pack_outages,
    pack_plans,
    pack_prepay,
    pack_privacy,
    pack_rebills,
    pack_write_offs,
)
from cis.platform.pack_charges import ChargesByHand, ChargeTax
from cis.platform.pack_contracts import ApplicationWork, ContractTerms, SupplyQuality


def _like(pattern: str) -> dict[str, Any]:
    return {"pattern": re.compile(pattern)}


_DUE_DAYS = {"least": 0, "most": 366}


@dataclass(frozen=True, slots=True)
class BillDueDays:
    """Calendar days from issue to due date, by class of use; ``other`` is for classes that are not named."""

    other: int = field(metadata=_DUE_DAYS)
    residential: int = field(default=0, metadata=_DUE_DAYS)
    commercial: int = field(default=0, metadata=_DUE_DAYS)
    industrial: int = field(default=0, metadata=_DUE_DAYS)
    agricultural: int = field(default=0, metadata=_DUE_DAYS)


@dataclass(frozen=True, slots=True)
class LargerBounds:
    """When a bill of an account is held that has agreed on a capacity of at least ``from_kva``."""

    from_kva: str = field(metadata={"decimals": 3})
    zero_kwh_bills: int = field(default=0, metadata={"least": 1})
    above_percent: int = field(default=0, metadata={"least": 100})
    below_percent: int = field(default=0, metadata={"least": 0, "most": 100})
    max_load_percent: int = field(default=0, metadata={"least": 1})
    max_total: str = field(default="", metadata={"decimals": 3})
    negative_total: bool = False


@dataclass(frozen=True, slots=True)
class Bounds:
    """When a bill is held for a person to look at; a bound that is left out is not checked."""

    zero_kwh_bills: int = field(default=0, metadata={"least": 1})
    above_percent: int = field(default=0, metadata={"least": 100})
    below_percent: int = field(default=0, metadata={"least": 0, "most": 100})
    max_kwh_per_day: str = field(default="", metadata={"decimals": 3})
    max_total: str = field(default="", metadata={"decimals": 3})
    negative_total: bool = False
    larger: LargerBounds = field(default=LargerBounds(from_kva=""))


@dataclass(frozen=True, slots=True)
class Shadow:
    """When a shadow run calls a bill an outlier: its amount a day in percent of that of an earlier bill."""

    above_percent: int = field(metadata={"least": 101})
    below_percent: int = field(metadata={"least": 0, "most": 99})
    min_difference: str = field(metadata={"decimals": 3})


_PERCENT = {"least": 1, "most": 100}
_PAPER = _like("identity|premises_right|business_licence|agent_identity|power_of_attorney|other")
_LOCAL = {"is_local": True}


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Local times between which no SMS, or no e-mail, is sent to customers; ``start`` after ``end``: over midnight."""

    start: str = field(metadata=_like(r"([01]\d|2[0-3]):[0-5]\d"))
    end: str = field(metadata=_like(r"([01]\d|2[0-3]):[0-5]\d"))
    sms: bool = True
    email: bool = False


@dataclass(frozen=True, slots=True)
class Notices:
    """
    When customers are told.

    remind_days  so many days before the due date of a bill that is open
    fresh_days   what happened longer ago is kept in the inbox, and no message is sent about it
    """

    remind_days: int = field(metadata={"least": 1, "most": 60})
    fresh_days: int = field(metadata={"least": 1, "most": 60})


@dataclass(frozen=True, slots=True)
class Mailings:
    """From how many customers on a second person lets a mailing go, and how many a mailing has at most."""

    second_person_from: int = field(metadata={"least": 1})
    most: int = field(metadata={"least": 1})


_LOAD = {"least": 1, "most": 200}


@dataclass(frozen=True, slots=True)
class NetworkLoad:
    """
    How full the network may be: up to ``usable_percent`` of the rating of a transformer or feeder, on which a service
    point counts so many percent of its agreed capacity, by its voltage; and how long a reservation holds.
    """

    usable_percent: int = field(metadata=_LOAD)
    percent_220v: int = field(metadata=_PERCENT)
    percent_380v: int = field(metadata=_PERCENT)
    percent_10kv: int = field(metadata=_PERCENT)
    percent_35kv: int = field(metadata=_PERCENT)
    reserved_days: int = field(metadata={"least": 1, "most": 1_830})


@dataclass(frozen=True, slots=True)
class AppointmentSlots:
    """Hours that are offered to customers, as "09:00-12:00, 13:00-17:00", and how many appointments a crew takes."""

    hours: str = field(metadata=_like(r"\d\d:\d\d-\d\d:\d\d(, \d\d:\d\d-\d\d:\d\d)*"))
    capacity: int = field(metadata={"least": 1, "most": 100})


@dataclass(frozen=True, slots=True)
class ServiceStandard:
    """
    How long something may take, in working days, hours or minutes, and how long before its end somebody is warned.

    ``source``: the law, order or promise of this very standard.
    """

    within: int = field(metadata={"least": 1, "most": 10_000})
    unit: str = field(metadata=_like("working_days|hours|minutes"))
    warn: int = field(metadata={"least": 0, "most": 10_000})
    source: str = field(metadata=_like(r"(?s).*\S.*"))


@dataclass(frozen=True, slots=True)
class Applications:
    """
    Applications for a supply: which papers by the kind of the applicant, and which capacity for a load list.

    resident, company, agency, agent  papers that are needed; ``agent`` beside those of the applicant he acts for
    residential_percent, other_percent  part of a load list that runs at once
    sizes_kw                          capacities that are offered
    """

    resident: list[str] = field(metadata=_PAPER)
    company: list[str] = field(metadata=_PAPER)
    agency: list[str] = field(metadata=_PAPER)
    agent: list[str] = field(metadata=_PAPER)
    residential_percent: int = field(metadata=_PERCENT)
    other_percent: int = field(metadata=_PERCENT)
    sizes_kw: list[int] = field(metadata={"least": 1})


@dataclass(frozen=True, slots=True)
class InspectionPlan:
    """
    Which customers' installations are inspected how often, and by which checklist; an empty list is all.

    voltages, uses, grades  of the places; grades are those of the register of important customers
    every_months            between two inspections; 0: not by the calendar
    ahead_days              how long before it is due an inspection is made
    fails_on                severities of defects with which an installation does not pass
    """

    voltages: list[str] = field(metadata=_like("220V|380V|10kV|35kV"))
    uses: list[str] = field(metadata=_like("[a-z]+(_[a-z]+)*"))
    grades: list[str] = field(metadata=_like("top|first|second|temporary"))
    every_months: int = field(metadata={"least": 0, "most": 240})
    ahead_days: int = field(metadata={"least": 0, "most": 366})
    checklist: str = field(metadata=_like("[a-z0-9]+(-[a-z0-9]+)*"))
    fails_on: list[str] = field(metadata=_like("urgent|serious|general"))
    source: str = field(metadata=_like(r"(?s).*\S.*"))


@dataclass(frozen=True, slots=True)
class InspectionSeason:
    """
    An inspection of all places of some plans before a date of each year, fixed (``month``, ``day``) or a ``holiday``.

    holiday  its name in the calendar of ``holiday_country``, in the language of the country
    """

    name_en: str = field(metadata=_like(r"(?s).*\S.*"))
    name_zh: str = field(metadata=_like(r"(?s).*\S.*"))
    plans: list[str] = field(metadata=_like("[a-z0-9]+(_[a-z0-9]+)*"))
    ahead_days: int = field(metadata={"least": 0, "most": 200})
    source: str = field(metadata=_like(r"(?s).*\S.*"))
    month: int = field(default=0, metadata={"least": 1, "most": 12})
    day: int = field(default=0, metadata={"least": 1, "most": 28})
    holiday: str = ""


@dataclass(frozen=True, slots=True)
class ImportantCustomers:
    """When an entry of the register is looked at again, and how much of the security load a backup must carry."""

    review_months: int = field(metadata={"least": 1, "most": 60})
    backup_percent: int = field(metadata={"least": 1, "most": 1_000})


@dataclass(frozen=True, slots=True)
class CoolingOff:
    """
    So many ``calendar`` or ``working`` days a customer may take back what was signed: after the day of ``signing``, or
    of ``receipt`` where equipment is handed over later.
    """

    days: int = field(metadata={"least": 0, "most": 60})
    count: str = field(metadata=_like("calendar|working"))
    since: str = field(metadata=_like("signing|receipt"))


@dataclass(frozen=True, slots=True)
class Rules:
    """
    Every rule that a pack may hold, with the type of its value. A new rule is named here and in the README.

    A rule that ``is_local`` is one that not every place has: whoever needs it there is refused by its name.
    """

    currency: str = field(metadata=_like("[A-Z]{3}"))
    decimals: int = field(metadata={"least": 0, "most": 3})
    time_zone: str = field(metadata={"zone": True})
    holiday_country: str = field(metadata=_like("[A-Z]{2}"))
    vat_rate: str = field(metadata={"decimals": 6})
    vat_mode: str = field(metadata=_like("inside|on_top"))
    bill_due_days: BillDueDays
    payment_order: pack_money.PaymentOrder
    instalment_plans: pack_plans.InstalmentPlans = field(metadata=_LOCAL)
    late_fee: pack_arrears.LateFee
    late_fee_waiver: pack_arrears.LateFeeWaiver = field(metadata=_LOCAL)
    bank_statements: pack_money.BankStatements
    online_payment: pack_money.OnlinePayment
    direct_debit: pack_money.DirectDebit = field(metadata=_LOCAL)
    tills: pack_money.Tills
    agents: pack_money.Agents
    refunds: pack_money.Refunds
    adjustments: pack_money.Adjustments = field(metadata=_LOCAL)
    e_invoices: pack_money.EInvoices = field(metadata=_LOCAL)
    money_moves: pack_money.MoneyMoves
    deposits: pack_deposits.Deposits = field(metadata=_LOCAL)
    write_offs: pack_write_offs.WriteOffs = field(metadata=_LOCAL)
    accruals: pack_accruals.Accruals = field(metadata=_LOCAL)
    budget_billing: pack_budget.BudgetBilling = field(metadata=_LOCAL)
    consolidated_bills: pack_collective.ConsolidatedBills = field(metadata=_LOCAL)
    telephone_enquiry: pack_collective.TelephoneEnquiry = field(metadata=_LOCAL)
    bounds: Bounds
    shadow: Shadow
    quiet_hours: QuietHours
    notices: Notices
    mailings: Mailings
    advice_least_months: int = field(metadata={"least": 1, "most": 12})
    backbill_meter_error: pack_breaches.Backbill = field(metadata=_LOCAL)
    backbill_transformer_error: pack_breaches.Backbill = field(metadata=_LOCAL)
    backbill_voltage_drop: pack_breaches.BackbillDrop = field(metadata=_LOCAL)
    backbill_wiring: pack_breaches.Backbill = field(metadata=_LOCAL)
    backbill_multiplier: pack_breaches.Backbill = field(metadata=_LOCAL)
    backbill_fuse: pack_breaches.Backbill = field(metadata=_LOCAL)
    backbill_other: pack_breaches.Backbill = field(metadata=_LOCAL)
    backbill_theft: pack_breaches.Backbill = field(metadata=_LOCAL)
    backbill_cap: pack_breaches.BackbillCap = field(metadata=_LOCAL)
    backbill_second_person: pack_breaches.BackbillLimit = field(metadata=_LOCAL)
    late_reads: pack_rebills.LateReads = field(metadata=_LOCAL)
    breach_category: pack_breaches.BreachCategory = field(metadata=_LOCAL)
    breach_capacity: pack_breaches.BreachCapacity = field(metadata=_LOCAL)
    breach_suspended: pack_breaches.BreachCapacity = field(metadata=_LOCAL)
    breach_theft: pack_breaches.BreachTheft = field(metadata=_LOCAL)
    breach_tampering: pack_breaches.BreachTampering = field(metadata=_LOCAL)
    breach_own_supply: pack_breaches.BreachOwnSupply = field(metadata=_LOCAL)
    penalty_taxed: bool = field(metadata=_LOCAL)
    program_cooling_off: CoolingOff = field(metadata=_LOCAL)
    program_offer_days: int = field(metadata={**_LOCAL, "least": 1, "most": 366})
    program_rebate: str = field(metadata={**_LOCAL, **_like("unearned|none")})
    charges_by_hand: ChargesByHand = field(metadata=_LOCAL)
    charge_connection: ChargeTax = field(metadata=_LOCAL)
    charge_works: ChargeTax = field(metadata=_LOCAL)
    charge_meter_work: ChargeTax = field(metadata=_LOCAL)
    charge_relocation: ChargeTax = field(metadata=_LOCAL)
    charge_reconnection: ChargeTax = field(metadata=_LOCAL)
    charge_temporary_supply: ChargeTax = field(metadata=_LOCAL)
    charge_service: ChargeTax = field(metadata=_LOCAL)
    charge_green_package: ChargeTax = field(metadata=_LOCAL)
    charge_lease_rent: ChargeTax = field(metadata=_LOCAL)
    charge_instalment: ChargeTax = field(metadata=_LOCAL)
    charge_early_settlement: ChargeTax = field(metadata=_LOCAL)
    charge_early_termination: ChargeTax = field(metadata=_LOCAL)
    charge_late_fee: ChargeTax = field(metadata=_LOCAL)
    charge_debit_return: ChargeTax = field(metadata=_LOCAL)
    change_suspension: pack_changes.Suspension = field(metadata=_LOCAL)
    change_reduction: pack_changes.Reduction = field(metadata=_LOCAL)
    change_demand_mode: pack_changes.Start = field(metadata=_LOCAL)
    change_contract_demand: pack_changes.Start = field(metadata=_LOCAL)
    change_tou: pack_changes.Start
    change_class: pack_changes.Start
    change_household: pack_changes.Household = field(metadata=_LOCAL)
    change_blocks: str = field(metadata=_like("restart|carry"))
    change_contracts: pack_changes.ChangeContracts = field(metadata=_LOCAL)
    change_fees: pack_changes.ChangeFees = field(metadata=_LOCAL)
    change_papers: pack_changes.ChangePapers
    change_work: pack_changes.ChangeWork
    applications: Applications = field(metadata=_LOCAL)
    application_work: ApplicationWork = field(metadata=_LOCAL)
    demand_response: pack_demand.DemandResponse = field(metadata=_LOCAL)
    loyalty: pack_care.Loyalty = field(metadata=_LOCAL)
    protections: dict[str, pack_care.Protection] = field(metadata={**_LOCAL, "names": pack_care.PROTECTIONS})
    segments: dict[str, pack_care.Segment] = field(metadata={**_LOCAL, "names": pack_care.CODES})
    personal_data: pack_privacy.PersonalData = field(metadata=_LOCAL)
    visit_plans: dict[str, pack_care.VisitPlan] = field(metadata={**_LOCAL, "names": pack_care.CODES})
    surveys: pack_care.Surveys = field(metadata=_LOCAL)
    service_standards: dict[str, ServiceStandard] = field(
        metadata={**_LOCAL, "names": re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")}
    )
    cases: pack_cases.Cases = field(metadata=_LOCAL)
    case_suggestions: pack_cases.CaseSuggestions = field(metadata=_LOCAL)
    telephone_calls: pack_cases.TelephoneCalls = field(metadata=_LOCAL)
    case_evaluation: pack_cases.CaseEvaluation = field(metadata=_LOCAL)
    case_trends: pack_cases.CaseTrends = field(metadata=_LOCAL)
    case_figures: pack_cases.CaseFigures = field(metadata=_LOCAL)
    network_load: NetworkLoad = field(metadata=_LOCAL)
    grid_losses: pack_metering.GridLosses = field(metadata=_LOCAL)
    voltage_band: pack_metering.VoltageBand = field(metadata=_LOCAL)
    outages: pack_outages.Outages = field(metadata=_LOCAL)
    planned_outages: pack_outages.PlannedOutages = field(metadata=_LOCAL)
    estimation: pack_metering.Estimation = field(metadata=_LOCAL)
    read_second_person: pack_metering.ReadLimit = field(metadata=_LOCAL)
    interval_retention: pack_metering.IntervalRetention = field(metadata=_LOCAL)
    meter_tests: pack_metering.MeterTests = field(metadata=_LOCAL)
    phone_positions: pack_metering.PhonePositions = field(metadata=_LOCAL)
    vee: dict[str, pack_metering.VeeGroup] = field(metadata={**_LOCAL, "names": pack_metering.GROUPS})
    alarms: dict[str, pack_metering.Alarm] = field(metadata={**_LOCAL, "names": pack_metering.ALARMS})
    appointment_slots: AppointmentSlots = field(metadata=_LOCAL)
    contract_terms: ContractTerms = field(metadata=_LOCAL)
    supply_quality: SupplyQuality = field(metadata=_LOCAL)
    inspection_plans: dict[str, InspectionPlan] = field(
        metadata={**_LOCAL, "names": re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")}
    )
    inspection_seasons: dict[str, InspectionSeason] = field(
        metadata={**_LOCAL, "names": re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")}
    )
    important_customers: ImportantCustomers = field(metadata=_LOCAL)
    dunning: dict[str, pack_arrears.DunningLadder] = field(
        metadata={**_LOCAL, "names": re.compile(r"[a-z]+(_[a-z]+)*")}
    )
    dunning_batches: pack_arrears.DunningBatches = field(metadata=_LOCAL)
    disconnection: dict[str, pack_arrears.Disconnection] = field(
        metadata={**_LOCAL, "names": re.compile(r"[a-z]+(_[a-z]+)*")}
    )
    disconnection_weather: pack_arrears.Weather = field(metadata=_LOCAL)
    prepay: pack_prepay.Prepay = field(metadata=_LOCAL)
