"""Addresses of the API, version 1."""

from django.urls import path, re_path

from accounts.api import endpoints as accounts
from accounts.api import mail_events, receipts
from arrears.api import endpoints as arrears
from arrears.api import plans
from billing.api import (
    advice,
    books,
    budgets,
    charges,
    consolidated,
    decisions,
    deposits,
    e_invoices,
    energizing,
    prepaid,
    previews,
)
from arrears.api import enquiries
from billing.api import advice, books, charges, consolidated, energizing, previews
from billing.api import endpoints as billing
from cashiering.api import agents, checkouts, mandates, payment_events
from cashiering.api import endpoints as cashiering
from cis.api import schema
from contracts.api import applications, archive, changes, inspections, offers, programs, signing, surveys
from metering.api import endpoints as metering
from metering.api import field_endpoints as field
from metering.api import meter_endpoints as meters
from metering.api import work_endpoints as work
from tariffs.api import endpoints as tariffs

urlpatterns = [
    path("bills", billing.BillList.as_view(), name="api_bills"),
    path("bills/<str:number>", billing.BillOne.as_view(), name="api_bill"),
    path("bills/<str:number>/pdf", billing.BillPdf.as_view(), name="api_bill_pdf"),
    path("bills/<str:number>/proof", billing.BillProof.as_view(), name="api_bill_proof"),
    path("bills/<str:number>/e-invoices", e_invoices.InvoicesOfBill.as_view(), name="api_bill_e_invoices"),
    path("e-invoices", e_invoices.InvoiceList.as_view(), name="api_e_invoices"),
    path("e-invoices/<int:invoice_id>", e_invoices.InvoiceOne.as_view(), name="api_e_invoice"),
    path("e-invoices/<int:invoice_id>/red", e_invoices.TakeBackInvoice.as_view(), name="api_take_back_e_invoice"),
    path("accounts/<str:number>/tax-profile", e_invoices.AccountTaxProfile.as_view(), name="api_tax_profile"),
    path("enquiries", enquiries.EnquiryList.as_view(), name="api_enquiries"),
    path("consolidated-bills", consolidated.ConsolidatedBillList.as_view(), name="api_consolidated_bills"),
    path("consolidated-bills/<str:number>", consolidated.ConsolidatedBillOne.as_view(), name="api_consolidated_bill"),
    path("consolidations", consolidated.ConsolidationList.as_view(), name="api_consolidations"),
    path("consolidations/<int:consolidation_id>", consolidated.ConsolidationOne.as_view(), name="api_consolidation"),
    path("accounts/<str:number>/balance", billing.AccountBalance.as_view(), name="api_balance"),
    path("accounts/<str:number>/prepayment", prepaid.AccountPrepayment.as_view(), name="api_prepayment"),
    path("accounts/<str:number>/prepayment/end", prepaid.EndPrepayment.as_view(), name="api_end_prepayment"),
    path("accounts/<str:number>/advice", advice.AccountAdvice.as_view(), name="api_advice"),
    path("accounts/<str:number>/budget", budgets.AccountBudget.as_view(), name="api_budget"),
    path("accounts/<str:number>/budget/end", budgets.EndBudget.as_view(), name="api_end_budget"),
    path("accounts/<str:number>/notices", accounts.AccountNotices.as_view(), name="api_notices"),
    path("accounts/<str:number>/consent", accounts.AccountConsent.as_view(), name="api_consent"),
    path("receipts", receipts.take, name="api_receipts"),
    path("mail-events", mail_events.take, name="api_mail_events"),
    path("applications", applications.ApplicationList.as_view(), name="api_applications"),
    path("applications/<str:number>", applications.ApplicationOne.as_view(), name="api_application"),
    path("applications/<str:number>/papers", applications.PaperList.as_view(), name="api_papers"),
    path("applications/<str:number>/moves", applications.MoveList.as_view(), name="api_moves"),
    path("places/<str:place>/inspections", inspections.PlaceInspections.as_view(), name="api_place_inspections"),
    path("changes", changes.ChangeList.as_view(), name="api_changes"),
    path("changes/<int:change_id>", changes.ChangeOne.as_view(), name="api_change"),
    path("changes/<int:change_id>/withdraw", changes.WithdrawChange.as_view(), name="api_withdraw_change"),
    path("changes/preview", previews.ChangePreviews.as_view(), name="api_preview_change"),
    path("payments", billing.PaymentList.as_view(), name="api_payments"),
    path("payments/<int:payment_id>", billing.PaymentOne.as_view(), name="api_payment"),
    path("deposits", deposits.DepositList.as_view(), name="api_deposits"),
    path("deposits/<int:deposit_id>", deposits.DepositOne.as_view(), name="api_deposit"),
    path("deposits/<int:deposit_id>/return", deposits.ReturnDeposit.as_view(), name="api_return_deposit"),
    path("ageing", books.AgeingNow.as_view(), name="api_ageing"),
    path("ageing/accounts", books.AgedAccountList.as_view(), name="api_aged_accounts"),
    path("trial-balances/<str:month>", books.TrialBalanceOne.as_view(), name="api_trial_balance"),
    path("transfers", books.TransferList.as_view(), name="api_transfers"),
    path("journals/<str:month>", books.JournalOne.as_view(), name="api_journal"),
    path("bank-statements", cashiering.StatementList.as_view(), name="api_bank_statements"),
    path("bank-statements/<int:statement_id>", cashiering.StatementOne.as_view(), name="api_bank_statement"),
    path("checkouts", checkouts.CheckoutList.as_view(), name="api_checkouts"),
    path("checkouts/<str:reference>", checkouts.CheckoutOne.as_view(), name="api_checkout"),
    path("payment-events/<slug:provider>", payment_events.take, name="api_payment_events"),
    path("mandates", mandates.MandateList.as_view(), name="api_mandates"),
    path("mandates/<int:mandate_id>", mandates.MandateOne.as_view(), name="api_mandate"),
    path("mandates/<int:mandate_id>/revoke", mandates.RevokeMandate.as_view(), name="api_revoke_mandate"),
    path("accounts/<str:number>/mandates", mandates.AccountMandates.as_view(), name="api_account_mandates"),
    path("accounts/<str:number>/instalment-plans", plans.AccountPlans.as_view(), name="api_account_plans"),
    path("accounts/<str:number>/instalment-plans/preview", plans.PreviewPlan.as_view(), name="api_preview_plan"),
    path("instalment-plans", plans.PlanList.as_view(), name="api_plans"),
    path("instalment-plans/<int:plan_id>", plans.PlanOne.as_view(), name="api_plan"),
    path("instalment-plans/<int:plan_id>/cancel", plans.CancelPlan.as_view(), name="api_cancel_plan"),
    path("holds", arrears.HoldList.as_view(), name="api_holds"),
    path("accounts/<str:number>/holds", arrears.AccountHolds.as_view(), name="api_account_holds"),
    path("agent", agents.AgentOwn.as_view(), name="api_agent"),
    path("agent/accounts/<str:number>", agents.AgentAccount.as_view(), name="api_agent_account"),
    path("agent/payments", agents.AgentPayments.as_view(), name="api_agent_payments"),
    path("agent/payments/<str:reference>", agents.AgentPaymentOne.as_view(), name="api_agent_payment"),
    path("agent/payments/<str:reference>/cancel", agents.AgentPaymentCancel.as_view(), name="api_cancel_agent_payment"),
    path("agent/days/<str:day>", agents.AgentDays.as_view(), name="api_agent_day"),
    path("contracts", archive.ContractList.as_view(), name="api_contracts"),
    path("contracts/<str:number>", archive.ContractOne.as_view(), name="api_contract"),
    path("contracts/<str:number>/pdf", archive.ContractPdf.as_view(), name="api_contract_pdf"),
    path("contracts/<str:number>/signature", signing.SignContract.as_view(), name="api_contract_signature"),
    path("contracts/<str:number>/verification", signing.ContractVerification.as_view(), name="api_verification"),
    path("offers", offers.OfferList.as_view(), name="api_offers"),
    path("offers/<int:offer_id>", offers.OfferOne.as_view(), name="api_offer"),
    path("offers/<int:offer_id>/pdf", offers.OfferPdf.as_view(), name="api_offer_pdf"),
    path("offers/<int:offer_id>/send", offers.SendOffer.as_view(), name="api_send_offer"),
    path("offers/<int:offer_id>/accept", offers.AcceptOffer.as_view(), name="api_accept_offer"),
    path("offers/<int:offer_id>/decline", offers.DeclineOffer.as_view(), name="api_decline_offer"),
    path("offers/<int:offer_id>/withdraw", offers.WithdrawOffer.as_view(), name="api_withdraw_offer"),
    *(
        path(f"{where}{rest}", view.as_view(), name=f"api_{name}")
        for one, (where, views) in decisions.VIEWS.items()
        for rest, name, view in zip(
            ("", "/<int:row_id>", "/<int:row_id>/decide"), (f"{one}s", one, f"decide_{one}"), views, strict=True
        )
    ),
    path("charges", charges.ChargeList.as_view(), name="api_charges"),
    path("charges/<int:charge_id>", charges.ChargeOne.as_view(), name="api_charge"),
    path("charges/<int:charge_id>/reverse", charges.ReverseCharge.as_view(), name="api_reverse_charge"),
    path("inspections", inspections.InspectionList.as_view(), name="api_inspections"),
    path("inspections/<int:inspection_id>", inspections.InspectionOne.as_view(), name="api_inspection"),
    path("defects", inspections.DefectList.as_view(), name="api_defects"),
    path("programs", programs.ProgramList.as_view(), name="api_programs"),
    path("enrolments", programs.EnrolmentList.as_view(), name="api_enrolments"),
    path("enrolments/<int:enrollment_id>", programs.EnrolmentOne.as_view(), name="api_enrolment"),
    path("reads", metering.ReadList.as_view(), name="api_reads"),
    path("work-orders", field.WorkOrderList.as_view(), name="api_work_orders"),
    path("work-orders/<int:work_order_id>", field.WorkOrderOne.as_view(), name="api_work_order"),
    path("work-orders/<int:work_order_id>/assign", work.AssignWork.as_view(), name="api_assign_work"),
    path("work-orders/<int:work_order_id>/slots", work.WorkSlots.as_view(), name="api_work_slots"),
    path("work-orders/<int:work_order_id>/appointment", work.BookWork.as_view(), name="api_book_work"),
    path("work-orders/<int:work_order_id>/start", work.StartWork.as_view(), name="api_start_work"),
    path("work-orders/<int:work_order_id>/checklist", work.WorkChecklist.as_view(), name="api_checklist"),
    path("work-orders/<int:work_order_id>/photos", work.WorkPhotos.as_view(), name="api_work_photos"),
    path("work-orders/<int:work_order_id>/survey", surveys.SurveyReports.as_view(), name="api_survey"),
    path("work-orders/<int:work_order_id>/finish", work.FinishWork.as_view(), name="api_finish_work"),
    path("work-orders/<int:work_order_id>/fail", work.FailWork.as_view(), name="api_fail_work"),
    path("work-orders/<int:work_order_id>/cancel", work.CancelWork.as_view(), name="api_cancel_work"),
    path("crews", work.CrewList.as_view(), name="api_crews"),
    path("meters", meters.MeterList.as_view(), name="api_meters"),
    path("meters/<str:serial>", meters.MeterOne.as_view(), name="api_meter"),
    path("meters/<str:serial>/install", meters.InstallMeter.as_view(), name="api_install_meter"),
    path("meters/<str:serial>/exchange", meters.ExchangeMeter.as_view(), name="api_exchange_meter"),
    path("meters/<str:serial>/remove", meters.RemoveMeter.as_view(), name="api_remove_meter"),
    path("meter-deliveries", meters.DeliveryList.as_view(), name="api_deliveries"),
    path("seals", meters.SealList.as_view(), name="api_seals"),
    path("commands", meters.CommandList.as_view(), name="api_commands"),
    path("commands/<int:command_id>", meters.CommandOne.as_view(), name="api_command"),
    path("commands/<int:command_id>/cancel", meters.CancelCommand.as_view(), name="api_cancel_command"),
    path("energizings", energizing.EnergizingList.as_view(), name="api_energizings"),
    path("energizings/<int:energizing_id>", energizing.EnergizingOne.as_view(), name="api_energizing"),
    path("energizings/<int:energizing_id>/moves", energizing.EnergizingMoves.as_view(), name="api_energizing_moves"),
    path("transformers", field.TransformerList.as_view(), name="api_transformers"),
    path("transformers/<str:code>", field.TransformerOne.as_view(), name="api_transformer"),
    path("rate-checks", tariffs.RateCheck.as_view(), name="api_rate_checks"),
    path("schema", schema.Schema.as_view(), name="api_schema"),
    path("", schema.Reference.as_view(url_name="api_schema"), name="api_reference"),
    # Not the converter of paths: it does not take an address with a line break in it.
    re_path(r"^(?P<rest>(?s:.+))\Z", schema.NotThere.as_view(), name="api_not_there"),
]
