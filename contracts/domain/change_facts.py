"""
What each kind of change asks for, and what must be known to judge one.

[source: 供电营业规则 (1996) 第二十二条 至 第三十六条; what has changed since is in the pack, with its own source]
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from cis.kernel.calendar import BusinessCalendar
from cis.kernel.periods import add_months, month_of
from contracts.domain.agreements import Agreed
from contracts.domain.changes import ChangeKind, PaperKind, Wanted

_K = ChangeKind
MONTHS_IN_QUARTER = 3


class Starts(StrEnum):
    """
    From when a change may hold.

    DAY      from any day
    MONTH    from the first day of the month in which it succeeds
    NEXT     from the first day of a month to come: the next reading cycle
    QUARTER  from the first day of a calendar quarter to come
    """

    DAY = "day"
    MONTH = "month"
    NEXT = "next"
    QUARTER = "quarter"


class Blocks(StrEnum):
    """What becomes of the count of steps when another customer takes over."""

    RESTART = "restart"
    CARRY = "carry"


FIELDS: Mapping[ChangeKind, tuple[frozenset[str], frozenset[str]]] = {
    kind: (frozenset(needed.split()), frozenset(possible.split()))
    for kind, needed, possible in (
        (_K.TRANSFER, "agreement_id customer_id", "tariff_id household reads"),
        (_K.RENAME, "account_id name", ""),
        (_K.MOVE_OUT, "agreement_id", "reads"),
        (_K.MOVE_IN, "customer_id service_point_id tariff_id", "account_id household capacity_va contract_w reads"),
        (_K.CAPACITY_INCREASE, "agreement_id capacity_va", "tariff_id contract_w"),
        (_K.CAPACITY_REDUCTION, "agreement_id capacity_va", "until_date tariff_id contract_w"),
        (_K.SUSPENSION, "agreement_id suspended_va", "until_date"),
        (_K.RESUMPTION, "agreement_id", ""),
        (_K.CLASS_CHANGE, "agreement_id tariff_id", "capacity_va contract_w reads"),
        (_K.TOU_OPT_IN, "agreement_id tariff_id", "reads"),
        (_K.DEMAND_MODE, "agreement_id tariff_id", "capacity_va contract_w"),
        (_K.CONTRACT_DEMAND, "agreement_id contract_w", ""),
        (_K.HOUSEHOLD, "agreement_id household", "until_date"),
        (_K.TEMPORARY, "account_id service_point_id tariff_id until_date", "capacity_va contract_w reads"),
        (_K.RELOCATION, "agreement_id position", "reads"),
        (_K.SPLIT, "agreement_id parts", "capacity_va reads"),
        (_K.MERGE, "agreement_id parts", "capacity_va reads"),
        (_K.REMOVAL, "agreement_id", "reads"),
    )
}
"""By kind, the fields of ``Wanted`` that it needs and those that it may have; all have kind, date and reason."""

SETTLED_FIRST = frozenset((_K.TRANSFER, _K.SPLIT, _K.MERGE, _K.REMOVAL))
"""Kinds that are refused while the account owes. [source: 供电营业规则 (1996) 第二十八条, 第三十二条: 结清电费]"""

SELF_SERVICE = frozenset((_K.MOVE_OUT, _K.MOVE_IN, _K.HOUSEHOLD, _K.TOU_OPT_IN))
"""Kinds that a customer asks for in the portal."""

SELF_CONFIRMED = frozenset((_K.MOVE_OUT, _K.TOU_OPT_IN))
"""Kinds that nobody has to look at: what a customer asks for is agreed at once if all is right."""

REVERSIBLE = frozenset(
    (
        _K.RENAME, _K.MOVE_OUT, _K.CAPACITY_INCREASE, _K.CAPACITY_REDUCTION, _K.SUSPENSION, _K.RESUMPTION,
        _K.CLASS_CHANGE, _K.TOU_OPT_IN, _K.DEMAND_MODE, _K.CONTRACT_DEMAND, _K.HOUSEHOLD,
    )
)  # fmt: skip
"""Kinds that can be taken back after they held, as long as nothing was built on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """
    Rules of the place, from its pack.

    suspension_least_days     below it, capacity is paid for all the same: a warning, no refusal
    suspension_most_months    in a calendar year, all together
    suspension_most_times     in a calendar year; 0 = any number
    suspension_notice_days    between request and effect; working days if ``suspension_by_working_days``
    reduction_least_months    of a reduction for a time; 0 = none
    reduction_most_months     likewise; 0 = none
    whole_months              who is billed by demand suspends and reduces by whole months
    mode_notice_days, contract_notice_days, tou_notice_days, class_notice_days  working days between request and effect
    household_least           persons from which there is an allowance
    household_most_months     after which it must be proven anew; 0 = never
    papers                    by kind, what must be proven
    signed_before             kinds whose amended contract is signed before they hold; None: contracts do not follow
    """

    suspension_least_days: int = 0
    suspension_most_months: int = 12
    suspension_most_times: int = 0
    suspension_notice_days: int = 0
    suspension_by_working_days: bool = False
    reduction_least_months: int = 0
    reduction_most_months: int = 0
    reduction_notice_days: int = 0
    reduction_by_working_days: bool = False
    whole_months: bool = False
    mode_starts: Starts = Starts.DAY
    mode_notice_days: int = 0
    contract_starts: Starts = Starts.DAY
    contract_notice_days: int = 0
    household_starts: Starts = Starts.DAY
    household_least: int = 2
    household_most_months: int = 0
    tou_starts: Starts = Starts.DAY
    tou_notice_days: int = 0
    class_starts: Starts = Starts.DAY
    class_notice_days: int = 0
    blocks: Blocks = Blocks.RESTART
    signed_before: frozenset[ChangeKind] | None = None
    papers: Mapping[ChangeKind, frozenset[PaperKind]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffFacts:
    """
    What a tariff says of who may have it, on the effective date.

    from_va, below_va  agreed capacity, half-open; None = any [VA]
    kinds, voltages    of customers and service points; empty = any, or it is assigned to nobody by choice
    periods            of use that it takes energy by; empty = all hours together
    by_intervals       only interval values tell what it charges
    """

    tariff_id: int
    customer_class: str
    is_by_demand: bool
    is_open: bool
    from_va: int | None = None
    below_va: int | None = None
    kinds: frozenset[str] = frozenset()
    voltages: frozenset[str] = frozenset()
    periods: frozenset[str] = frozenset()
    by_intervals: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceFacts:
    """
    What is known of a place where supply is to begin.

    kind            of the customer who is to be supplied; "" = nobody knows him yet
    customer_class  of the tariff that was agreed there last; "" = none, or it names none
    is_metered      a meter hangs there; else what it tells is not known yet
    periods         of use that its registers tell
    has_intervals   interval values of all hours are told
    has_demand      a register or interval values tell the largest demand
    """

    voltage: str
    kind: str = ""
    customer_class: str = ""
    is_metered: bool = False
    periods: frozenset[str] = frozenset()
    has_intervals: bool = False
    has_demand: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyFacts:
    """
    What is known of a supply that is changed.

    tariff_id, household, agreed  as they hold on the effective date
    suspended                     times in which capacity was suspended, or will be
    is_last                       the account has no other supply on the effective date or after
    """

    agreement_id: int
    account_id: int
    customer_id: int
    service_point_id: int
    start_date: date
    end_date: date | None
    tariff: TariffFacts
    household: int
    agreed: Agreed
    suspended: tuple[tuple[date, date | None], ...] = ()
    is_last: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """
    What the guards know.

    known_date    the day of today
    asked_date    when the customer asked for it
    supply        the supply that is changed; None: there is none
    others        of a merge, those that are given up
    new_tariff    that which is asked for; None: none is
    place         where supply is to begin; None: nowhere
    owed_minor    what the accounts concerned owe now [minor unit]
    taken         service points that somebody is supplied at on the effective date or after
    papers        what was proven so far
    fee_minor     what the change costs by itself, by the rule of the place [minor unit]
    """

    known_date: date
    asked_date: date
    calendar: BusinessCalendar
    limits: Limits
    customer_id: int | None = None
    supply: SupplyFacts | None = None
    others: tuple[SupplyFacts, ...] = ()
    new_tariff: TariffFacts | None = None
    place: PlaceFacts | None = None
    owed_minor: int = 0
    taken: frozenset[int] = frozenset()
    papers: frozenset[PaperKind] = frozenset()
    fee_minor: int = 0


def missing_papers(*, wanted: Wanted, facts: Facts) -> frozenset[PaperKind]:
    """Return what must be proven yet before the change can be agreed to."""
    return facts.limits.papers.get(wanted.kind, frozenset()) - facts.papers


def starts_of(*, kind: ChangeKind, limits: Limits) -> Starts:
    """Return from when a kind may hold."""
    return {
        _K.DEMAND_MODE: limits.mode_starts,
        _K.CONTRACT_DEMAND: limits.contract_starts,
        _K.HOUSEHOLD: limits.household_starts,
        _K.TOU_OPT_IN: limits.tou_starts,
        _K.CLASS_CHANGE: limits.class_starts,
    }.get(kind, Starts.DAY)


def first_effective(kind: ChangeKind, *, asked_date: date, limits: Limits, calendar: BusinessCalendar) -> date:
    """
    Return the earliest date from which a change that is asked for on a date may hold, by notice and start.

    [source: 江苏 2025: 次月 or 当月 as the pack says; 基本电费计费方式 by quarter, 15 working days ahead, 合同最大需量
    by month, 5 working days ahead: 发改办价格〔2016〕1583号]
    """
    day = _after_notice(kind, asked_date=asked_date, limits=limits, calendar=calendar)
    starts = starts_of(kind=kind, limits=limits)
    month = month_of(day)
    if starts is Starts.MONTH:
        return month.start
    first = day if day == month.start and day > asked_date else month.end
    if starts is Starts.NEXT:
        return first
    if starts is Starts.QUARTER:
        return add_months(first, (1 - first.month) % MONTHS_IN_QUARTER)
    return day


def _after_notice(kind: ChangeKind, *, asked_date: date, limits: Limits, calendar: BusinessCalendar) -> date:
    days, is_working = {
        _K.SUSPENSION: (limits.suspension_notice_days, limits.suspension_by_working_days),
        _K.RESUMPTION: (limits.suspension_notice_days, limits.suspension_by_working_days),
        _K.CAPACITY_REDUCTION: (limits.reduction_notice_days, limits.reduction_by_working_days),
        _K.DEMAND_MODE: (limits.mode_notice_days, True),
        _K.CONTRACT_DEMAND: (limits.contract_notice_days, True),
        _K.TOU_OPT_IN: (limits.tou_notice_days, True),
        _K.CLASS_CHANGE: (limits.class_notice_days, True),
    }.get(kind, (0, False))
    if not days:
        return asked_date
    return calendar.add_business_days(asked_date, days) if is_working else asked_date + timedelta(days=days)
