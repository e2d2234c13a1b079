"""Words of the accountant's reports: ages of debts, kinds of transfers, names of ledger accounts."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

BANDS: Mapping[str, Any] = {
    "not_due": _("Not due"),
    "to_30": _("1–30 days"),
    "to_60": _("31–60 days"),
    "to_90": _("61–90 days"),
    "to_180": _("91–180 days"),
    "over": _("Over 180 days"),
    "credit": _("Credit"),
}
TRANSFER_KINDS: Mapping[str, Any] = {
    "bill": _("Bill"),
    "payment": _("Payment"),
    "refund": _("Refund"),
    "financing": _("Financed sale"),
    "suspense": _("Money of nobody known"),
    "till": _("Cash desk"),
    "online": _("Online payment"),
    "accrual": _("Accrual of revenue"),
}
LEDGER_ACCOUNTS: Mapping[str, Any] = {
    "customer": _("Customers"),
    "asset.unbilled": _("Energy not billed yet"),
    "liability.vat": _("VAT payable"),
    "liability.suspense": _("Money of nobody known"),
    "liability.outgoing": _("Money on its way back"),
    "liability.deposit": _("Deposits of customers"),
    "liability.deposits": _("Deposits of customers"),
    "liability.budget": _("Budget balances"),
    "liability.agents": _("Commission of agents"),
    "liability.transfer": _("Credit between accounts"),
    "cash.till": _("Tills"),
    "cash.bank": _("Bank"),
    "cash.cash": _("Cash of tills"),
    "cash.online": _("Online payment"),
    "cash.agent": _("Money with agents"),
    "cash.safe": _("Safe"),
    "cash.transit": _("Money on its way to the bank"),
    "cash.partner_bank": _("Bank that finances sales"),
    "expense.bank_fees": _("Fees of the bank"),
    "expense.bad_debt": _("Debts given up"),
    "expense.agent_commission": _("Commission of agents"),
    "expense.cash_short": _("Cash that was missing"),
    "expense.provider_fees": _("Fees of providers"),
    "expense.goodwill": _("Goodwill"),
    "expense.demand": _("Demand response"),
    "expense.loyalty": _("Loyalty points"),
    "expense.interest": _("Interest on deposits of customers"),
    "expense.settlement": _("Settlements with customers"),
    "income.recovery": _("Recovered debts"),
    "income.cash_over": _("Cash that was too much"),
}
LEDGER_KINDS: Mapping[str, Any] = {
    "revenue": _("Revenue"),
    "cash": _("Cash and bank"),
    "liability": _("Liability"),
    "expense": _("Expense"),
    "income": _("Other income"),
    "asset": _("Asset"),
}
TABLES: Mapping[str, Mapping[str, Any]] = {"band": BANDS, "transfer_kind": TRANSFER_KINDS}
