"""Kinds of amounts that are charged once: what each is called, and under which class its money is posted."""

from collections.abc import Mapping
from enum import StrEnum

from tariffs.domain.lines import LedgerClass


class ChargeKind(StrEnum):
    """
    What is charged once. The first three come from a case of breach, and two persons agree to them.

    PRICE_DIFFERENCE   difference of prices of energy used at a price that was too low
    CAPACITY_FEE       capacity fee of equipment that was not agreed
    PENALTY            penalty of a breach
    CONNECTION         connecting a supply, or more capacity of one
    WORKS              works that are done for the customer
    METER_WORK         work at a meter that the customer asked for
    RELOCATION         moving a meter or a supply
    RECONNECTION       switching a supply on again
    TEMPORARY_SUPPLY   a supply for a short time
    SERVICE            another service that was ordered
    GREEN_PACKAGE      what a green package costs beside the energy
    LEASE_RENT         rent of equipment
    INSTALMENT         instalment of equipment that is bought
    EARLY_SETTLEMENT   rest of a lease or an instalment sale that is settled early
    EARLY_TERMINATION  ending a contract before its time
    LATE_FEE           late fee on a bill that was not paid in time
    DEBIT_RETURN       fee of a bank for a direct debit that came back
    ADJUSTMENT         something owed or credited for a reason of the place
    CREDIT_MOVE        credit that goes to another account, or comes from one
    DEPOSIT            deposit that is demanded, or goes back
    DEPOSIT_INTEREST   interest on a deposit
    BUDGET_BILL        what a bill bills for energy, taken onto the budget plan
    BUDGET_LEVEL       the level amount of a budget plan
    BUDGET_SETTLEMENT  what squares a budget plan
    DEMAND_RESPONSE    energy saved in an event of demand response, credited
    """

    PRICE_DIFFERENCE = "price_difference"
    CAPACITY_FEE = "capacity_fee"
    PENALTY = "penalty"
    CONNECTION = "connection"
    WORKS = "works"
    METER_WORK = "meter_work"
    RELOCATION = "relocation"
    RECONNECTION = "reconnection"
    TEMPORARY_SUPPLY = "temporary_supply"
    SERVICE = "service"
    GREEN_PACKAGE = "green_package"
    LEASE_RENT = "lease_rent"
    INSTALMENT = "instalment"
    EARLY_SETTLEMENT = "early_settlement"
    EARLY_TERMINATION = "early_termination"
    LATE_FEE = "late_fee"
    DEBIT_RETURN = "debit_return"
    ADJUSTMENT = "adjustment"
    CREDIT_MOVE = "credit_move"
    DEPOSIT = "deposit"
    DEPOSIT_INTEREST = "deposit_interest"
    BUDGET_BILL = "budget_bill"
    BUDGET_LEVEL = "budget_level"
    BUDGET_SETTLEMENT = "budget_settlement"
    DEMAND_RESPONSE = "demand_response"


OF_BREACH = (ChargeKind.PRICE_DIFFERENCE, ChargeKind.CAPACITY_FEE, ChargeKind.PENALTY)
"""Kinds that come from a case of breach, and from nothing else."""

OF_PROGRAMMES = (
    ChargeKind.GREEN_PACKAGE,
    ChargeKind.LEASE_RENT,
    ChargeKind.INSTALMENT,
    ChargeKind.EARLY_SETTLEMENT,
    ChargeKind.EARLY_TERMINATION,
)
"""Kinds that come from a programme that the customer signed."""

OF_BUDGETS = (ChargeKind.BUDGET_BILL, ChargeKind.BUDGET_LEVEL, ChargeKind.BUDGET_SETTLEMENT)
"""Kinds that come from budget plans."""

BY_NOTE = (
    ChargeKind.ADJUSTMENT, ChargeKind.CREDIT_MOVE, ChargeKind.DEPOSIT, ChargeKind.DEPOSIT_INTEREST, *OF_BUDGETS,
    ChargeKind.DEMAND_RESPONSE,
)  # fmt: skip
"""Kinds that may be credits, and are billed at once by a note; each says under which class it is posted."""

PENALTY = "penalty"
SERVICE = "service"
EQUIPMENT = "equipment"
GREEN = "green"
LATE_FEE = "late_fee"
LEDGER: Mapping[ChargeKind, str] = {
    **dict.fromkeys(ChargeKind, SERVICE),
    ChargeKind.PRICE_DIFFERENCE: LedgerClass.ENERGY.value,
    ChargeKind.CAPACITY_FEE: LedgerClass.FIXED.value,
    ChargeKind.PENALTY: PENALTY,
    ChargeKind.EARLY_TERMINATION: PENALTY,
    ChargeKind.LATE_FEE: LATE_FEE,
    ChargeKind.GREEN_PACKAGE: GREEN,
    ChargeKind.LEASE_RENT: EQUIPMENT,
    ChargeKind.INSTALMENT: EQUIPMENT,
    ChargeKind.EARLY_SETTLEMENT: EQUIPMENT,
}
"""The class under which a kind is posted: ``revenue.<class>``."""

WORDS: Mapping[ChargeKind, Mapping[str, str]] = {
    ChargeKind.PRICE_DIFFERENCE: {"zh": "差额电费", "en": "Difference of prices"},
    ChargeKind.CAPACITY_FEE: {"zh": "补交基本电费", "en": "Capacity fee"},
    ChargeKind.PENALTY: {"zh": "违约使用电费", "en": "Penalty"},
    ChargeKind.CONNECTION: {"zh": "接电费", "en": "Connection fee"},
    ChargeKind.WORKS: {"zh": "工程费", "en": "Works"},
    ChargeKind.METER_WORK: {"zh": "计量装置作业费", "en": "Work at the meter"},
    ChargeKind.RELOCATION: {"zh": "移表费", "en": "Relocation"},
    ChargeKind.RECONNECTION: {"zh": "复电费", "en": "Reconnection fee"},
    ChargeKind.TEMPORARY_SUPPLY: {"zh": "临时用电费", "en": "Temporary supply"},
    ChargeKind.SERVICE: {"zh": "服务费", "en": "Service"},
    ChargeKind.GREEN_PACKAGE: {"zh": "绿电套餐费", "en": "Green package"},
    ChargeKind.LEASE_RENT: {"zh": "设备租金", "en": "Rent of equipment"},
    ChargeKind.INSTALMENT: {"zh": "分期付款", "en": "Instalment"},
    ChargeKind.EARLY_SETTLEMENT: {"zh": "提前结清款", "en": "Early settlement"},
    ChargeKind.EARLY_TERMINATION: {"zh": "提前解约金", "en": "Early termination"},
    ChargeKind.LATE_FEE: {"zh": "电费违约金", "en": "Late fee"},
    ChargeKind.DEBIT_RETURN: {"zh": "扣款退回手续费", "en": "Fee for a returned direct debit"},
    ChargeKind.ADJUSTMENT: {"zh": "调整", "en": "Adjustment"},
    ChargeKind.CREDIT_MOVE: {"zh": "余额转移", "en": "Moved credit"},
    ChargeKind.DEPOSIT: {"zh": "保证金", "en": "Deposit"},
    ChargeKind.DEPOSIT_INTEREST: {"zh": "保证金利息", "en": "Interest on the deposit"},
    ChargeKind.BUDGET_BILL: {"zh": "转入均衡缴费", "en": "Onto the budget plan"},
    ChargeKind.BUDGET_LEVEL: {"zh": "均衡月缴额", "en": "Level amount"},
    ChargeKind.BUDGET_SETTLEMENT: {"zh": "均衡缴费结算", "en": "Settlement of the budget plan"},
    ChargeKind.DEMAND_RESPONSE: {"zh": "需求响应补偿", "en": "Demand response"},
}
"""What a kind is called on paper, in Chinese and English."""
