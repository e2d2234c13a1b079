"""What binds the rooms of money: bills and what is told of them, ways of paying, debts, and their gateways."""

from datetime import time, timedelta

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from accounts.domain.announcements import HolderChanged
from arrears.operations import (
    cases,
    cutting,
    demands,
    disconnections,
    dunning,
    late_fees,
    plan_ends,
    plan_looks,
    prepaid_cuts,
)
from arrears.queries import demands_made, disputes, hindrances, money_under_way, supply_outages
from arrears.queries import late_fees as late_fee_accruals
from billing.domain.announcements import (
    AccountBilledToEnd,
    AccountSettled,
    BillCancelled,
    BillReleased,
    BillsIssued,
    DepositSettled,
    PaymentsBooked,
)
from billing.gateways import e_invoice
from billing.gateways.sandbox_invoices import SandboxInvoices
from billing.operations import (
    accruals,
    accruing,
    budget_nights,
    budget_notes,
    budgets,
    consolidated_telling,
    consolidating,
    deposit_nights,
    deposit_telling,
    deposits,
    e_invoice_sending,
    e_invoices,
    energizing_waits,
    issuing,
    prepaid_levels,
    prepaid_nights,
    telling,
    write_off_batches,
    write_offs,
)
from billing.operations import documents as bill_documents
from billing.queries import balances, deposit_facts, refunds
from cashiering.gateways import debit_bank, online
from cashiering.gateways.sandbox import Sandbox as SandboxProvider
from cashiering.gateways.sandbox_debits import SandboxDebits
from cashiering.gateways.wallets import FormWallet, XmlWallet
from cashiering.operations import (
    checkout_cases,
    checkout_events,
    commissions,
    debit_batches,
    debit_follow_ups,
    debit_reports,
    debits,
    mandates,
    payouts,
    sandbox_provider,
)
from cashiering.operations import posting as bank_posting
from cashiering.queries import debits as debit_queries
from cashiering.queries import payers
from cis.platform import events, gateways, jobs, outbox
from cis.platform.schedules import Daily, Every
from complaints.queries import case_holds
from metering.domain.announcements import (
    DeviceCommandDone,
    WorkOrderCancelled,
    WorkOrderDone,
)

LATE_FEES_AT = time(2, 45)
"""When late fees are charged, after the bills of the night."""

PREPAID_AT = time(2, 40)
"""When prepaid accounts are rated, after the bills of the night."""

BUDGETS_AT = time(2, 47)
"""When budget plans are reviewed and settled, after the bills of the night."""

MANDATES_AT, DEBITS_AT, DEBIT_BATCHES_AT = time(2, 50), time(3, 0), time(3, 15)
"""When mandates lapse, debits are planned for the bills of the night, and batches go to the bank."""

DEPOSITS_AT = time(2, 55)
COMMISSIONS_AT = time(2, 35)
SETTLEMENTS_AT = time(10, 15)
"""Providers have the files of yesterday ready."""
"""When interest of deposits is credited and deposits go back, before it is looked who is to be debited."""

INVOICES_AT, INVOICES_EVERY = time(3, 5), timedelta(minutes=5)
"""When e-invoices become due, and how often they are asked for and looked up."""

WRITE_OFFS_AT = time(3, 20)
"""When it is listed which debts might be written off."""

PLANS_AT = time(8, 0)
"""When plans of instalments are looked at: before demands are planned, since one that is broken holds nothing."""

DUNNING_AT = time(8, 30)
"""When it is looked who is to be demanded what, before the desk opens: somebody may have to let it go."""

DEMANDS_EVERY = timedelta(minutes=10)
"""How often it is looked which demands have arrived."""

PREPAID_CUTS_EVERY = timedelta(minutes=10)
"""How often it is looked which prepaid supplies may be cut off now."""

DISCONNECTIONS_EVERY = timedelta(minutes=1)
"""How often orders of disconnection are looked through for those that have expired, or whose debts are gone."""

CHECKOUTS_EVERY = timedelta(minutes=1)
"""How often online payments are looked through whose provider has said nothing."""

PROVIDERS = {one.name: one for one in (SandboxProvider, FormWallet, XmlWallet)}
"""Who may take money online, by the names of PAYMENT_PROVIDERS: all of them sandboxes until one is added here."""

BANK_EVERY = timedelta(minutes=10)
"""How often lines of statements and files of banks are looked for that wait."""

REMIND_AT = time(9, 0)
"""When customers are reminded of bills that are due soon."""


def bind() -> None:
    """Let money come in by each way, and be asked for; called once by ``cis.wiring``."""
    jobs.register(telling.REMIND, telling.remind, schedule=Daily(REMIND_AT, settings.TIME_ZONE))
    remind = consolidated_telling.remind
    jobs.register(consolidated_telling.REMIND, remind, schedule=Daily(REMIND_AT, settings.TIME_ZONE))
    jobs.register(consolidating.WORK, consolidating.work, schedule=Daily(LATE_FEES_AT, settings.TIME_ZONE))
    outbox.send_by(consolidated_telling.TELL, consolidated_telling.tell)
    outbox.send_by(issuing.PRINT, _print_bill)
    outbox.send_by(telling.TELL, telling.tell)
    _bind_disconnections()
    _bind_dunning()
    _bind_gateways()
    jobs.register(bank_posting.WORK, bank_posting.work)
    jobs.register(bank_posting.LOOK, bank_posting.work, schedule=Every(BANK_EVERY))
    jobs.register(late_fees.WORK, late_fees.night, schedule=Daily(LATE_FEES_AT, settings.TIME_ZONE))
    jobs.register(e_invoice_sending.WORK, e_invoice_sending.work, schedule=Daily(INVOICES_AT, settings.TIME_ZONE))
    jobs.register(e_invoices.SEND, e_invoice_sending.send, schedule=Every(INVOICES_EVERY))
    balances.answer_accrued_by(late_fee_accruals.accrued_minor)
    jobs.register(accruals.WORK, accruing.work)
    events.listen(BillsIssued, budget_notes.level_step)
    events.listen(BillCancelled, budget_notes.take_back_step)
    _end_with_the_account()
    jobs.register(budget_nights.WORK, budget_nights.night, schedule=Daily(BUDGETS_AT, settings.TIME_ZONE))
    refunds.answer_by(
        payer_accounts=payers.accounts_of, is_disputed=disputes.is_disputed, holds_settled=case_holds.settled_by
    )
    hindrances.ask("checkouts", answers=money_under_way.by_checkout)
    hindrances.ask("debits", answers=money_under_way.by_debit)
    hindrances.ask("outages", answers=supply_outages.by_outage)
    jobs.register(write_off_batches.NIGHT, write_off_batches.night, schedule=Daily(WRITE_OFFS_AT, settings.TIME_ZONE))
    jobs.register(write_off_batches.WORK, write_off_batches.work)
    events.listen(PaymentsBooked, write_offs.note_payments, of=write_offs.LOOKED_AT)
    events.listen(BillReleased, write_offs.note_cancelled)
    _bind_online_payment()
    _bind_debits()
    _bind_deposits()
    jobs.register(prepaid_nights.WORK, prepaid_nights.night, schedule=Daily(PREPAID_AT, settings.TIME_ZONE))
    events.listen(PaymentsBooked, prepaid_levels.note_payments, of=prepaid_levels.LOOKED_AT)


def _end_with_the_account() -> None:
    """Let what a customer has agreed on end with his account, or when he gives it to another one."""
    events.listen(AccountBilledToEnd, plan_ends.note_end)
    events.listen(AccountSettled, mandates.note_settled)
    for ends in (budgets.note_holder, plan_ends.note_holder, mandates.note_holder):
        events.listen(HolderChanged, ends)


def _bind_online_payment() -> None:
    """Let providers of online payment be heard, asked, and reconciled with the bank."""
    outbox.send_by(checkout_events.EVENT, checkout_events.work)
    outbox.send_by(checkout_cases.REFUND, checkout_cases.send)
    outbox.send_by(sandbox_provider.CALL, sandbox_provider.call)
    jobs.register(checkout_events.LOOK, checkout_events.look, schedule=Every(CHECKOUTS_EVERY))
    jobs.register(payouts.WORK, payouts.work, schedule=Every(BANK_EVERY))
    jobs.register(commissions.WORK, commissions.work, schedule=Daily(COMMISSIONS_AT, settings.TIME_ZONE))
    jobs.register(payouts.FETCH, payouts.fetch, schedule=Daily(SETTLEMENTS_AT, settings.TIME_ZONE))


def _bind_debits() -> None:
    """Plan debits each night, send them, and hear what the bank says."""
    jobs.register(mandates.LAPSE, mandates.lapse, schedule=Daily(MANDATES_AT, settings.TIME_ZONE))
    jobs.register(debits.WORK, debits.plan, schedule=Daily(DEBITS_AT, settings.TIME_ZONE))
    jobs.register(debit_batches.WORK, debit_batches.work, schedule=Daily(DEBIT_BATCHES_AT, settings.TIME_ZONE))
    jobs.register(debit_reports.WORK, debit_reports.take_files, schedule=Every(BANK_EVERY))
    jobs.register(debit_follow_ups.WORK, debit_follow_ups.work)
    jobs.register(debit_follow_ups.LOOK, debit_follow_ups.work, schedule=Every(BANK_EVERY))
    outbox.send_by(debit_batches.SEND, debit_batches.send)
    telling.leave_out_by(debit_queries.expected)


def _bind_deposits() -> None:
    """Let deposits earn interest and go back, and hear of money and of demands."""
    jobs.register(deposit_nights.WORK, deposit_nights.night, schedule=Daily(DEPOSITS_AT, settings.TIME_ZONE))
    deposit_facts.answer_demands_by(demands_made.of_accounts)
    events.listen(PaymentsBooked, deposits.note_payments, of=deposits.LOOKED_AT)
    events.listen(PaymentsBooked, energizing_waits.note_payments, of=energizing_waits.LOOKED_AT)
    events.listen(DepositSettled, energizing_waits.note_settled)
    jobs.register(energizing_waits.WORK, energizing_waits.work, schedule=Every(DISCONNECTIONS_EVERY))
    outbox.send_by(deposit_telling.TELL, deposit_telling.tell)


def _bind_disconnections() -> None:
    """Let payments undo disconnections, and orders hear of their meters and crews."""
    events.listen(PaymentsBooked, cutting.note_payments, of=cutting.LOOKED_AT)
    events.listen(DepositSettled, cutting.note_deposit)
    events.listen(DeviceCommandDone, cutting.note_command)
    events.listen(WorkOrderDone, cutting.note_work)
    events.listen(WorkOrderCancelled, cutting.note_dropped)
    outbox.send_by(cutting.RECALL, cutting.recall)
    outbox.send_by(cutting.DROP, cutting.drop_work)
    jobs.register(disconnections.WORK, disconnections.work, schedule=Every(DISCONNECTIONS_EVERY))
    jobs.register(prepaid_cuts.WORK, prepaid_cuts.work, schedule=Every(PREPAID_CUTS_EVERY))


def _bind_dunning() -> None:
    """Let accounts that are overdue be pursued, and their cases hear of money and of crews."""
    jobs.register(dunning.NIGHT, dunning.night, schedule=Daily(DUNNING_AT, settings.TIME_ZONE))
    jobs.register(dunning.WORK, dunning.work)
    jobs.register(plan_looks.WORK, plan_looks.night, schedule=Daily(PLANS_AT, settings.TIME_ZONE))
    jobs.register(demands.PROVE, demands.prove, schedule=Every(DEMANDS_EVERY))
    events.listen(PaymentsBooked, plan_looks.note_payments, of=plan_looks.LOOKED_AT)
    events.listen(PaymentsBooked, cases.note_payments, of=cases.LOOKED_AT)
    events.listen(WorkOrderDone, demands.note_work)
    events.listen(WorkOrderCancelled, demands.note_dropped)


def _print_bill(message: outbox.Message) -> None:
    """Render the bill of a customer who gets paper; the kept file waits for the printer."""
    bill_documents.pdf(bill_id=message.payload["bill_id"])


def _bind_gateways() -> None:
    """Connect who takes and brings money, as the settings name them."""
    unknown = set(settings.PAYMENT_PROVIDERS) - PROVIDERS.keys()
    if unknown:
        raise ImproperlyConfigured(f"PAYMENT_PROVIDERS names {', '.join(sorted(unknown))}, which there is not.")
    online.use([PROVIDERS[name]() for name in settings.PAYMENT_PROVIDERS])
    e_invoice.use(SandboxInvoices() if gateways.is_sandbox("E_INVOICE_PLATFORM") else None)
    debit_bank.use(SandboxDebits() if gateways.is_sandbox("DEBIT_BANK") else None)
