"""Everything that is bound together: who listens to which announcement, who answers which port, what runs when."""

import os
from datetime import time, timedelta
from functools import partial

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from accounts.operations import bounces, deadline_mails, letters, mailings, notice_drafts, notice_sending
from accounts.queries import supplier
from arrears.operations import cases, cutting, demands, disconnections, dunning, late_fees, plan_looks, prepaid_cuts
from arrears.queries import demands_made, disputes, hindrances, money_under_way
from arrears.queries import late_fees as accruals
from billing import tasks
from billing.domain.announcements import BillCancelled, BillReleased, BillsIssued, PaymentsBooked
from billing.gateways import e_invoice
from billing.gateways.sandbox_invoices import SandboxInvoices
from billing.operations import (
    budget_nights,
    budget_notes,
    consolidated_telling,
    consolidating,
    deposit_nights,
    deposit_telling,
    deposits,
    e_invoice_sending,
    energizing,
    energizing_ends,
    final_accounts,
    financed_sales,
    issuing,
    prepaid_levels,
    prepaid_nights,
    proof,
    rebill_rows,
    simulations,
    telling,
    write_off_batches,
    write_offs,
)
from billing.operations import documents as bill_documents
from billing.queries import balances, deposit_facts, refunds
from billing.queries import write_offs as written_off
from cashiering.gateways import debit_bank, online
from cashiering.gateways.sandbox import Sandbox as SandboxProvider
from cashiering.gateways.sandbox_debits import SandboxDebits
from cashiering.gateways.wallets import FormWallet, XmlWallet
from cashiering.operations import (
    checkout_cases,
    checkout_events,
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
from cis.desk import navigation, task_queues
from cis.kernel.actors import SYSTEM
from cis.kernel.deadlines import DeadlineNear, DeadlinePassed
from cis.platform import deadlines, events, idempotency, jobs, limits, outbox, queues, rendering
from cis.platform.schedules import Daily, Every
from contracts.domain.announcements import (
    AccountToSettle,
    AgreementEnded,
    AgreementStarted,
    ApplicationMoved,
    ChangeMade,
    ContractEnded,
    ContractSigned,
    ContractWithdrawn,
    FinancingPaid,
    FinancingReturned,
    FinancingUnwanted,
    OfferAccepted,
    OfferClosed,
    OfferSent,
    SettlementDropped,
)
from contracts.gateways import partner_bank
from contracts.gateways.sandbox_bank import SandboxBank
from contracts.operations import (
    application_events,
    change_contracts,
    change_nights,
    change_work,
    contract_ends,
    contract_fees,
    contract_versions,
    defects,
    enrollment_offers,
    financing,
    inspection_notices,
    inspections,
    offer_ends,
    program_nights,
    program_signing,
    programs,
    surveys,
)
from contracts.queries import change_facts
from metering.domain.announcements import (
    CapacityEnding,
    CorrectionMade,
    DeviceCommandDone,
    WorkOrderCancelled,
    WorkOrderDone,
)
from metering.gateways import head_end
from metering.gateways.sandbox import Sandbox
from metering.operations import approvals, arrivals, capacity, device_commands, uploads

USAGE_AT = time(1, 0)
"""When usage is approved that was left, before bills are made of it."""

NIGHT_AT = time(1, 30)
"""When bill cycles are looked through for what is due."""

EXPIRY_AT = time(0, 30)
"""When reserved capacity whose last day has passed is marked; it counts no more since midnight."""

CHANGES_AT = time(0, 20)
"""When changes of use take hold whose date has come, before usage is approved and bills are made."""

FINAL_AT = time(2, 30)
"""When final accounts are billed, after the bills of the night."""

LATE_FEES_AT = time(2, 45)
"""When late fees are charged, after the bills of the night."""

DEPOSITS_AT = time(2, 55)
"""When interest of deposits is credited and deposits go back, before it is looked who is to be debited."""
WRITE_OFFS_AT = time(3, 20)
"""When it is listed which debts might be written off."""
BUDGETS_AT = time(2, 47)
"""When budget plans are reviewed and settled, after the bills of the night."""

MANDATES_AT, DEBITS_AT, DEBIT_BATCHES_AT = time(2, 50), time(3, 0), time(3, 15)
"""When mandates lapse, debits are planned for the bills of the night, and batches go to the bank."""
INVOICES_AT, INVOICES_EVERY = time(3, 5), timedelta(minutes=5)
"""When e-invoices become due, and how often they are asked for and looked up."""
PREPAID_AT = time(2, 40)
"""When prepaid accounts are rated, after the bills of the night."""
DUNNING_AT = time(8, 30)
"""When it is looked who is to be demanded what, before the desk opens: somebody may have to let it go."""

PLANS_AT = time(8, 0)
"""When plans of instalments are looked at: before demands are planned, since one that is broken holds nothing."""

DEMANDS_EVERY = timedelta(minutes=10)
"""How often it is looked which demands have arrived."""

PROOF_AT = time(3, 30)
"""When the books are proved."""

INSPECTIONS_AT = time(2, 30)
"""When safety inspections are made that fall due."""

DEADLINES_EVERY = timedelta(minutes=5)
"""How often deadlines are looked through for those that come near or have passed."""

DEADLINE_MAILS_AT = time(7, 30)
"""When staff is told by mail what is late and what comes near, once a day."""

REMIND_AT = time(9, 0)
"""When customers are reminded of bills that are due soon."""

TIDY_AT = time(4, 30)
"""When what nobody needs any more is deleted."""

PROGRAMS_AT = time(0, 40)
"""When instalments and rents that are due become charges, before bills are made."""

PREPAID_CUTS_EVERY = timedelta(minutes=10)
"""How often it is looked which prepaid supplies may be cut off now."""

DISCONNECTIONS_EVERY = timedelta(minutes=1)
"""How often orders of disconnection are looked through for those that have expired, or whose debts are gone."""

BOUNCES_EVERY = timedelta(minutes=5)
"""How often the mailbox is read to which mails come back."""

CHECKOUTS_EVERY = timedelta(minutes=1)
"""How often online payments are looked through whose provider has said nothing."""

BANK_ANSWERS = "partner_bank_answers"
BANK_EVERY = timedelta(minutes=10)
"""How often a partner bank is asked what it has to say, and lines of statements are looked for that wait."""


PROVIDERS = {one.name: one for one in (SandboxProvider, FormWallet, XmlWallet)}
"""Who may take money online, by the names of PAYMENT_PROVIDERS: all of them sandboxes until one is added here."""


def bind() -> None:
    """Bind all; called once when Django is ready."""
    rendering.name_supplier(_supplier_name)
    rendering.add_nav(*navigation.ENTRIES)
    _bind_network()
    jobs.register(uploads.WORK, uploads.work)
    jobs.register(approvals.WORK, approvals.work)
    jobs.register(tasks.RUNS, tasks.work, workers=os.cpu_count() or 1)
    jobs.register(simulations.WORK, simulations.work, workers=os.cpu_count() or 1)
    jobs.register(tasks.NIGHT, tasks.night, schedule=Daily(NIGHT_AT, settings.TIME_ZONE))
    jobs.register(arrivals.WORK, arrivals.night, schedule=Daily(USAGE_AT, settings.TIME_ZONE))
    jobs.register(proof.WORK, proof.night, schedule=Daily(PROOF_AT, settings.TIME_ZONE))
    jobs.register(deadlines.WORK, deadlines.sweep, schedule=Every(DEADLINES_EVERY))
    _tidy()
    jobs.register(contract_ends.WORK, contract_ends.night, schedule=Daily(TIDY_AT, settings.TIME_ZONE))
    events.listen(CorrectionMade, rebill_rows.note)
    events.listen(DeviceCommandDone, energizing.note)
    events.listen(WorkOrderDone, energizing.note_work)
    _move_applications()
    _bind_changes()
    _bind_disconnections()
    _bind_dunning()
    jobs.register(telling.REMIND, telling.remind, schedule=Daily(REMIND_AT, settings.TIME_ZONE))
    remind = consolidated_telling.remind
    jobs.register(consolidated_telling.REMIND, remind, schedule=Daily(REMIND_AT, settings.TIME_ZONE))
    jobs.register(consolidating.WORK, consolidating.work, schedule=Daily(LATE_FEES_AT, settings.TIME_ZONE))
    outbox.send_by(consolidated_telling.TELL, consolidated_telling.tell)
    outbox.send_by(issuing.PRINT, _print_bill)
    outbox.send_by(telling.TELL, telling.tell)
    jobs.register(mailings.WORK, mailings.work)
    jobs.register(bounces.WORK, bounces.work, schedule=Every(BOUNCES_EVERY))
    jobs.register(notice_sending.GIVE_UP, notice_sending.give_up, schedule=Daily(TIDY_AT, settings.TIME_ZONE))
    outbox.send_by(letters.PRINT, letters.render)
    outbox.send_by(notice_drafts.SEND, notice_sending.send)
    jobs.register(inspections.WORK, inspections.night, schedule=Daily(INSPECTIONS_AT, settings.TIME_ZONE))
    events.listen(WorkOrderDone, inspections.report_step)
    events.listen(WorkOrderCancelled, inspections.release_step)
    events.listen(DeadlineNear, queues.note_near)
    events.listen(DeadlinePassed, queues.note_passed)
    tell_staff = partial(deadline_mails.tell, roles_of=task_queues.ROLES_OF)
    jobs.register(deadline_mails.WORK, tell_staff, schedule=Daily(DEADLINE_MAILS_AT, settings.TIME_ZONE))
    outbox.send_by(deadline_mails.SEND, deadline_mails.send)
    events.listen(DeadlineNear, defects.remind_step)
    events.listen(DeadlinePassed, defects.pass_by_step)
    outbox.send_by(inspection_notices.PAPER, inspection_notices.print_paper)
    outbox.send_by(enrollment_offers.PAPER, program_signing.print_paper)
    outbox.send_by(device_commands.SEND, device_commands.send)
    outbox.send_by(device_commands.ASK, device_commands.ask)
    _bind_programmes()
    _bind_money()
    _bind_gateways()


def _bind_money() -> None:
    """Let money come in by each way, and be asked for."""
    jobs.register(bank_posting.WORK, bank_posting.work)
    jobs.register(bank_posting.LOOK, bank_posting.work, schedule=Every(BANK_EVERY))
    jobs.register(late_fees.WORK, late_fees.night, schedule=Daily(LATE_FEES_AT, settings.TIME_ZONE))
    jobs.register(e_invoice_sending.WORK, e_invoice_sending.work, schedule=Daily(INVOICES_AT, settings.TIME_ZONE))
    jobs.register(e_invoice_sending.SEND, e_invoice_sending.send, schedule=Every(INVOICES_EVERY))
    balances.answer_accrued_by(accruals.accrued_minor)
    events.listen(BillsIssued, budget_notes.level_step)
    events.listen(BillCancelled, budget_notes.take_back_step)
    jobs.register(budget_nights.WORK, budget_nights.night, schedule=Daily(BUDGETS_AT, settings.TIME_ZONE))
    refunds.answer_by(payer_accounts=payers.accounts_of, is_disputed=disputes.is_disputed)
    hindrances.ask("checkouts", answers=money_under_way.by_checkout)
    hindrances.ask("debits", answers=money_under_way.by_debit)
    jobs.register(write_off_batches.NIGHT, write_off_batches.night, schedule=Daily(WRITE_OFFS_AT, settings.TIME_ZONE))
    jobs.register(write_off_batches.WORK, write_off_batches.work)
    events.listen(PaymentsBooked, write_offs.note_payments)
    events.listen(BillReleased, write_offs.note_cancelled)
    _bind_online_payment()
    _bind_debits()
    _bind_deposits()
    jobs.register(prepaid_nights.WORK, prepaid_nights.night, schedule=Daily(PREPAID_AT, settings.TIME_ZONE))
    events.listen(PaymentsBooked, prepaid_levels.note_payments)


def _bind_programmes() -> None:
    """Let programmes cost what they cost, and their banks be heard."""
    jobs.register(program_nights.WORK, program_nights.night, schedule=Daily(PROGRAMS_AT, settings.TIME_ZONE))
    jobs.register(BANK_ANSWERS, financing.take_answers, schedule=Every(BANK_EVERY))
    events.listen(FinancingPaid, financed_sales.book_step)
    events.listen(FinancingUnwanted, financed_sales.hold_step)
    events.listen(FinancingReturned, financed_sales.return_step)
    events.listen(AgreementEnded, programs.note_agreement_ended)
    outbox.send_by(financing.ASK, financing.send)
    outbox.send_by(financing.WITHDRAW, financing.send)


def _bind_online_payment() -> None:
    """Let providers of online payment be heard, asked, and reconciled with the bank."""
    outbox.send_by(checkout_events.EVENT, checkout_events.work)
    outbox.send_by(checkout_cases.REFUND, checkout_cases.send)
    outbox.send_by(sandbox_provider.CALL, sandbox_provider.call)
    jobs.register(checkout_events.LOOK, checkout_events.look, schedule=Every(CHECKOUTS_EVERY))
    jobs.register(payouts.WORK, payouts.work, schedule=Every(BANK_EVERY))


def _bind_debits() -> None:
    """Plan debits each night, send them, and hear what the bank says."""
    jobs.register(mandates.LAPSE, mandates.lapse, schedule=Daily(MANDATES_AT, settings.TIME_ZONE))
    jobs.register(debits.WORK, debits.plan, schedule=Daily(DEBITS_AT, settings.TIME_ZONE))
    jobs.register(debit_batches.WORK, debit_batches.work, schedule=Daily(DEBIT_BATCHES_AT, settings.TIME_ZONE))
    jobs.register(debit_reports.WORK, debit_reports.take_files, schedule=Every(BANK_EVERY))
    jobs.register(debit_follow_ups.WORK, debit_follow_ups.work)
    jobs.register(debit_follow_ups.LOOK, debit_follow_ups.work, schedule=Every(BANK_EVERY))
    outbox.send_by(debit_batches.SEND, debit_batches.send)
    telling.leave_out_by(debit_queries.under_way)


def _bind_deposits() -> None:
    """Let deposits earn interest and go back, and hear of money and of demands."""
    jobs.register(deposit_nights.WORK, deposit_nights.night, schedule=Daily(DEPOSITS_AT, settings.TIME_ZONE))
    deposit_facts.answer_demands_by(demands_made.of_accounts)
    events.listen(PaymentsBooked, deposits.note_payments)
    outbox.send_by(deposit_telling.TELL, deposit_telling.tell)


def _bind_gateways() -> None:
    """Connect what the settings name: the sandboxes invent what they answer, so none is used that is not asked for."""
    head_end.use(Sandbox() if _is_sandbox("HEAD_END_GATEWAY") else None)
    partner_bank.use(SandboxBank() if _is_sandbox("PARTNER_BANK") else None)
    unknown = set(settings.PAYMENT_PROVIDERS) - PROVIDERS.keys()
    if unknown:
        raise ImproperlyConfigured(f"PAYMENT_PROVIDERS names {', '.join(sorted(unknown))}, which there is not.")
    online.use([PROVIDERS[name]() for name in settings.PAYMENT_PROVIDERS])
    e_invoice.use(SandboxInvoices() if _is_sandbox("E_INVOICE_PLATFORM") else None)
    debit_bank.use(SandboxDebits() if _is_sandbox("DEBIT_BANK") else None)


def _is_sandbox(setting: str) -> bool:
    named = getattr(settings, setting)
    if named not in {"", "sandbox"}:
        raise ImproperlyConfigured(f"{setting} is sandbox, or empty.")
    return bool(named)


def _move_applications() -> None:
    """Let applications hear of their offers, contracts and meters, and offers and contracts of one another."""
    events.listen(OfferAccepted, application_events.offer_accepted)
    events.listen(OfferClosed, application_events.offer_closed)
    events.listen(ApplicationMoved, application_events.resumed)
    events.listen(ContractWithdrawn, offer_ends.contract_withdrawn)
    events.listen(ContractEnded, contract_versions.withdraw_waiting)
    events.listen(ContractEnded, contract_fees.reverse_unearned)
    events.listen(ContractEnded, application_events.contract_ended)
    events.listen(OfferSent, application_events.offer_sent)
    events.listen(ContractSigned, application_events.contract_signed)
    events.listen(WorkOrderDone, application_events.work_done)


def _tidy() -> None:
    """Register what deletes what nobody needs any more."""
    jobs.register("forget_idempotency_keys", idempotency.forget, schedule=Daily(TIDY_AT, settings.TIME_ZONE))
    jobs.register("forget_rate_counts", limits.forget, schedule=Daily(TIDY_AT, settings.TIME_ZONE))


def _bind_network() -> None:
    """Bind what holds, gives back and uses up the capacity of the network."""
    jobs.register(capacity.WORK, capacity.night, schedule=Daily(EXPIRY_AT, settings.TIME_ZONE))
    events.listen(ApplicationMoved, energizing_ends.keep_its_case)
    events.listen(ApplicationMoved, surveys.free_capacity)
    events.listen(ApplicationMoved, surveys.hold_signed)
    events.listen(CapacityEnding, surveys.capacity_ending)
    events.listen(AgreementStarted, _connect)


def _bind_changes() -> None:
    """Bind what changes of use and final accounts need."""
    jobs.register(change_nights.WORK, change_nights.work, schedule=Daily(CHANGES_AT, settings.TIME_ZONE))
    jobs.register(final_accounts.WORK, final_accounts.work, schedule=Daily(FINAL_AT, settings.TIME_ZONE))
    jobs.register(change_contracts.WORK, change_nights.work)
    events.listen(ContractSigned, change_work.hold_signed)
    events.listen(ContractSigned, change_contracts.wake)
    events.listen(CapacityEnding, change_work.capacity_ending)
    events.listen(ContractWithdrawn, change_work.amendment_withdrawn)
    change_facts.answer_arrears_by(written_off.arrears_minor)
    events.listen(ChangeMade, rebill_rows.note_change)
    events.listen(WorkOrderDone, change_work.done)
    events.listen(WorkOrderCancelled, change_work.cancelled)
    events.listen(AccountToSettle, final_accounts.open_step)
    events.listen(SettlementDropped, final_accounts.drop_step)


def _bind_disconnections() -> None:
    """Let payments undo disconnections, and orders hear of their meters and crews."""
    events.listen(PaymentsBooked, cutting.note_payments)
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
    events.listen(PaymentsBooked, plan_looks.note_payments)
    events.listen(PaymentsBooked, cases.note_payments)
    events.listen(WorkOrderDone, demands.note_work)
    events.listen(WorkOrderCancelled, demands.note_dropped)


def _connect(started: AgreementStarted) -> None:
    """Count the service point of an agreement as connected, in the place of what was reserved for it."""
    capacity.connect_step(service_point_id=started.service_point_id, today=timezone.localdate(), actor=SYSTEM)


def _print_bill(message: outbox.Message) -> None:
    """Render the bill of a customer who gets paper; the kept file waits for the printer."""
    bill_documents.pdf(bill_id=message.payload["bill_id"])


def _supplier_name(language: str) -> str:
    try:
        return supplier.current().name(language=language)
    except supplier.NoSupplier:
        return "Wattline"
