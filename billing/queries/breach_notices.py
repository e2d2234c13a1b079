"""Everything that the notice of a case of breach says, in a constant number of statements."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from accounts.queries import accounts, supplier
from accounts.queries.accounts import Addressee
from accounts.queries.supplier import SupplierCard
from billing.queries import charges
from billing.queries.charges import LABELS, CarryingBill
from cis.kernel.calendar import local_clock
from contracts.queries import breaches
from contracts.queries.breaches import BreachCard
from metering.queries import corrections
from metering.queries.corrections import CorrectionCard

Words = Mapping[str, str]
KINDS: Mapping[str, Words] = {
    "category": {"zh": "擅自改变用电类别", "en": "Supply used for another category than agreed"},
    "capacity": {"zh": "擅自超过合同约定的容量用电", "en": "More capacity used than agreed"},
    "suspended": {"zh": "擅自使用已暂停或已封存的电力设备", "en": "Suspended or sealed equipment used"},
    "tampering": {"zh": "擅自迁移、更动或操作用电计量装置", "en": "Meter, its seal or its leads touched"},
    "own_supply": {
        "zh": "擅自引入、供出电源或将自备电源并网",
        "en": "Own source, or energy passed on, without leave",
    },
    "theft": {"zh": "窃电", "en": "Energy drawn past the meter"},
}
STEPS: Mapping[str, Words] = {
    "energy_of_use": {"zh": "功率 × 每日小时 × 天数", "en": "Power × hours a day × days"},
    "energy_counted": {"zh": "计量电量", "en": "Energy that the meter counted"},
    "energy_stolen": {"zh": "未计量电量", "en": "Energy that no meter counted"},
    "excess": {"zh": "实际容量 − 约定容量", "en": "Found less agreed"},
    "price_gap": {"zh": "应执行电价 − 已执行电价", "en": "Price that it has less price paid"},
    "cost_of_use": {"zh": "电量 × 电价差", "en": "Energy × difference of prices"},
    "sum": {"zh": "各项合计", "en": "All uses together"},
    "rounded": {"zh": "一次取整到分", "en": "Rounded once"},
    "fee": {"zh": "容量 × 单价 × 月数", "en": "Capacity × price × months"},
    "stolen_cost": {"zh": "各计费期应补电费之和", "en": "Bills with it less bills without it"},
    "penalty": {"zh": "违约使用电费", "en": "Penalty by the rule"},
    "tax": {"zh": "其中增值税", "en": "VAT"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachNotice:
    """
    The notice of a case.

    addressee   None: nobody held the account on that day
    correction  that bills stolen energy; None: no theft
    bills       issued bills that carry its charges
    """

    card: BreachCard
    supplier: SupplierCard
    addressee: Addressee | None
    correction: CorrectionCard | None
    bills: tuple[CarryingBill, ...]

    @property
    def decided_date(self) -> date | None:
        """The local date on which it was agreed to or dropped; None: not yet."""
        at = self.card.decided_at
        return None if at is None else local_clock(self.supplier.time_zone).local_date(at)

    @property
    def kind(self) -> Words:
        """The words for what was done."""
        return KINDS[self.card.kind]

    @property
    def steps(self) -> tuple[tuple[Words, str], ...]:
        """The steps that lead to the facts, with their words."""
        return tuple((STEPS[one.code], one.text) for one in self.card.steps)

    @property
    def charges(self) -> tuple[tuple[Words, int, str, tuple[tuple[Words, str], ...]], ...]:
        """Each charge: its words, its amount, its rule and its steps. [minor unit]"""
        return tuple(
            (
                LABELS[one.kind],
                one.amount_minor,
                one.legal_source,
                tuple((STEPS[step.code], step.text) for step in one.steps),
            )
            for one in self.card.charges
        )

    @property
    def legal_sources(self) -> tuple[str, ...]:
        """The rules that the amounts rest on, each once."""
        return tuple(dict.fromkeys(one.legal_source for one in self.card.charges))

    @property
    def stamp(self) -> tuple[str, str]:
        """What is stamped over it: words in both languages, or nothing."""
        return {
            "proposed": ("待审批", "NOT DECIDED"),
            "dropped": ("未成立", "DROPPED"),
            "cancelled": ("已撤销", "WITHDRAWN"),
        }.get(self.card.state, ("", ""))


def of_case(*, case_id: int) -> BreachNotice:
    """
    Return the notice of a case, to whoever held the account on the day on which it was found.

    :raises UnknownBreach: there is none.
    """
    card = breaches.one(case_id=case_id)
    correction = None
    if card.correction_id is not None:
        correction = corrections.one(correction_id=card.correction_id).card
    return BreachNotice(
        card=card,
        supplier=supplier.current(),
        addressee=accounts.addressees(account_ids=[card.account_id], at_date=card.found_date).get(card.account_id),
        correction=correction,
        bills=tuple(one for one in charges.of_case(case_id=case_id) if one.state == "issued"),
    )
