"""What jobs are called on pages: each that is registered, by its name."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from cis.desk import accrual_words, completeness_words, debit_words, late_read_words

_OF_MONEY: Mapping[str, Any] = {
    "billing": _("Billing run"),
    "billing_night": _("Billing by night"),
    "ledger_proof": _("Proof of the books"),
    "final_accounts": _("Final accounts"),
    "simulation": _("Simulation of prices"),
    "bank_lines": _("Posting of bank statements"),
    "bank_lines_look": _("Posting of bank statements"),
    "checkouts": _("Online payments asked for"),
    "payouts": _("Payouts of providers"),
    "settlement_files": _("Settlement files of providers"),
    "billing_reminders": _("Reminders before the due date"),
    "agent_commissions": _("Commissions of agents"),
    "budget_plans": _("Budget plans by night"),
    "consolidated_bills": _("Consolidated bills"),
    "consolidated_reminders": _("Reminders of consolidated bills"),
    "demand_settling": _("Credits of demand response"),
    "deposits": _("Deposits"),
    "e_invoices": _("Electronic invoices due"),
    "e_invoices_send": _("Sending of electronic invoices"),
    "partner_bank_answers": _("Answers of partner banks"),
    "prepaid_nights": _("Prepaid accounts by night"),
    "write_offs": _("Debts to write off, and money for them"),
    "write_off_batches": _("Batches of write-offs"),
}
_OF_ARREARS: Mapping[str, Any] = {
    "demands_proven": _("Proof that demands arrived"),
    "disconnections": _("Disconnection orders"),
    "dunning": _("Demands of the day"),
    "dunning_batches": _("Batches of demands"),
    "instalment_plans": _("Instalment plans"),
    "late_fees": _("Late fees"),
    "prepaid_cuts": _("Cuts of prepaid supplies"),
}
_OF_METERS: Mapping[str, Any] = {
    "read_import": _("Import of a meter file"),
    "usage_approval": _("Approval of usage"),
    "usage_arrivals": _("Usage of what came in"),
    "anomalies": _("Search for unusual loads"),
    "network_loads": _("Load and voltage of the network"),
    "load_forecasts": _("Forecast of loads"),
    "sales_forecasts": _("Forecast of sales"),
    "behaviours": _("How places are used, by month"),
    "demand_events": _("Begin and end of demand response events"),
    "device_command_expiry": _("End of commands to meters that are out of time"),
    "expire_reservations": _("End of reserved capacity"),
    "head_end_pull": _("Pull from the head-end"),
    "interval_retention": _("Thinning of old interval values"),
    "live_days": _("Closing of interval days"),
    "phone_positions": _("Forgetting where phones were"),
    "planned_outages": _("Begin of planned outages"),
    "re_read_orders": _("Orders to read estimated meters"),
}
_OF_CONTRACTS: Mapping[str, Any] = {
    "changes_of_use": _("Changes of use"),
    "signed_changes": _("Signed changes of use"),
    "contract_ends": _("End of contracts"),
    "energizing_waits": _("Supplies that wait for a deposit"),
    "programs": _("Programmes and leases"),
    "safety_inspections": _("Safety inspections due"),
}
_OF_PEOPLE: Mapping[str, Any] = {
    "bounces": _("Mails that came back"),
    "care_plan_reviews": _("Reviews of care plans"),
    "case_evaluations": _("Choice of cases to evaluate"),
    "case_inbox": _("Mails that become cases"),
    "case_trends": _("Search for trends of cases"),
    "customer_segments": _("Customer segments"),
    "data_exports": _("Files of personal data"),
    "deadline_mails": _("Mails to staff on deadlines"),
    "deadlines": _("Deadlines"),
    "duplicate_customers": _("Search for customers who are one"),
    "erase_personal_data": _("Erasure of personal data"),
    "find_erasures": _("Search for data to erase"),
    "first_bill_surveys": _("Surveys after the first bill"),
    "follow_up_visits": _("Follow-up visits"),
    "forget_data_exports": _("Destruction of exported files"),
    "loyalty_points": _("Loyalty points"),
    "mailings": _("Mailing"),
    "merged_customers": _("What follows merged customers"),
    "notices_give_up": _("Notices that could not be sent"),
    "protection_reviews": _("Reviews of protections"),
    "surveys": _("Surveys"),
}
_OF_MACHINES: Mapping[str, Any] = {
    "forget_idempotency_keys": _("Tidying up"),
    "forget_rate_counts": _("Tidying up of request counts"),
    "seal_documents": _("Encryption of documents"),
    "seal_documents_later": _("Encryption of older documents"),
}
JOB_NAMES: Mapping[str, Any] = {
    **_OF_MONEY,
    **_OF_ARREARS,
    **_OF_METERS,
    **_OF_CONTRACTS,
    **_OF_PEOPLE,
    **_OF_MACHINES,
    **accrual_words.JOBS,
    **completeness_words.JOBS,
    **late_read_words.JOBS,
    **debit_words.JOBS,
}
