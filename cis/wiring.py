"""Everything that is bound together: who listens to which announcement, who answers which port, what runs when."""

import os
from datetime import time, timedelta
from functools import partial

from django.conf import settings
from django.utils import timezone

from accounts.gateways.undeliverable import GatewayDown
from accounts.operations import bounces, deadline_mails, letters, mailings, notice_drafts, notice_sending
from accounts.queries import supplier
from billing import tasks
from billing.operations import (
    energizing,
    energizing_ends,
    final_accounts,
    financed_sales,
    late_reads,
    proof,
    rebill_rows,
    simulations,
)
from billing.queries import write_offs as written_off
from cis import (
    wiring_care,
    wiring_cases,
    wiring_demand,
    wiring_metering,
    wiring_money,
    wiring_outages,
    wiring_people,
    wiring_privacy,
)
from cis.desk import navigation, task_queues
from cis.kernel.actors import SYSTEM
from cis.kernel.deadlines import DeadlineNear, DeadlinePassed
from cis.platform import deadlines, events, gateways, idempotency, jobs, limits, outbox, queues, rendering
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
    UsageCorrected,
    WorkOrderCancelled,
    WorkOrderDone,
)
from metering.gateways import head_end, registry
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

PROOF_AT = time(3, 30)
"""When the books are proved."""

INSPECTIONS_AT = time(2, 30)
"""When safety inspections are made that fall due."""

DEADLINES_EVERY = timedelta(minutes=5)
"""How often deadlines are looked through for those that come near or have passed."""

DEADLINE_MAILS_AT = time(7, 30)
"""When staff is told by mail what is late and what comes near, once a day."""

TIDY_AT = time(4, 30)
"""When what nobody needs any more is deleted."""

PROGRAMS_AT = time(0, 40)
"""When instalments and rents that are due become charges, before bills are made."""

BOUNCES_EVERY = timedelta(minutes=5)
"""How often the mailbox is read to which mails come back."""

BANK_ANSWERS = "partner_bank_answers"
BANK_EVERY = timedelta(minutes=10)
"""How often a partner bank is asked what it has to say."""


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
    events.listen(UsageCorrected, late_reads.propose)
    events.listen(DeviceCommandDone, energizing.note)
    events.listen(WorkOrderDone, energizing.note_work)
    _move_applications()
    _bind_changes()
    jobs.register(mailings.WORK, mailings.work)
    jobs.register(bounces.WORK, bounces.work, schedule=Every(BOUNCES_EVERY))
    jobs.register(notice_sending.GIVE_UP, notice_sending.give_up, schedule=Daily(TIDY_AT, settings.TIME_ZONE))
    outbox.send_by(letters.PRINT, letters.render)
    outbox.send_by(notice_drafts.SEND, notice_sending.send)
    outbox.send_many_by(notice_drafts.SEND, notice_sending.send_many, down=GatewayDown)
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
    wiring_money.bind()
    wiring_outages.bind()
    wiring_care.bind()
    wiring_people.bind()
    wiring_cases.bind()
    wiring_privacy.bind()
    wiring_metering.bind()
    wiring_demand.bind()
    _bind_gateways()


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


def _connect(started: AgreementStarted) -> None:
    """Count the service point of an agreement as connected, in the place of what was reserved for it."""
    capacity.connect_step(service_point_id=started.service_point_id, today=timezone.localdate(), actor=SYSTEM)


def _supplier_name(language: str) -> str:
    try:
        return supplier.current().name(language=language)
    except supplier.NoSupplier:
        return "Wattline"


def _bind_gateways() -> None:
    """Connect what the settings name, and nothing else."""
    head_end.use(registry.named())
    partner_bank.use(SandboxBank() if gateways.is_sandbox("PARTNER_BANK") else None)
