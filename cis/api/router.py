"""Addresses of the API, version 1."""

from django.urls import path

from accounts.api import endpoints as accounts
from accounts.api import mail_events, receipts
from billing.api import advice
from billing.api import endpoints as billing
from cis.api import schema
from contracts.api import applications, archive, changes, inspections, programs
from metering.api import endpoints as metering
from metering.api import field_endpoints as field
from tariffs.api import endpoints as tariffs

urlpatterns = [
    path("bills", billing.BillList.as_view(), name="api_bills"),
    path("bills/<str:number>", billing.BillOne.as_view(), name="api_bill"),
    path("bills/<str:number>/pdf", billing.BillPdf.as_view(), name="api_bill_pdf"),
    path("bills/<str:number>/proof", billing.BillProof.as_view(), name="api_bill_proof"),
    path("accounts/<str:number>/balance", billing.AccountBalance.as_view(), name="api_balance"),
    path("accounts/<str:number>/advice", advice.AccountAdvice.as_view(), name="api_advice"),
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
    path("payments", billing.PaymentList.as_view(), name="api_payments"),
    path("payments/<int:payment_id>", billing.PaymentOne.as_view(), name="api_payment"),
    path("contracts", archive.ContractList.as_view(), name="api_contracts"),
    path("contracts/<str:number>", archive.ContractOne.as_view(), name="api_contract"),
    path("contracts/<str:number>/pdf", archive.ContractPdf.as_view(), name="api_contract_pdf"),
    path("programs", programs.ProgramList.as_view(), name="api_programs"),
    path("enrolments", programs.EnrolmentList.as_view(), name="api_enrolments"),
    path("enrolments/<int:enrollment_id>", programs.EnrolmentOne.as_view(), name="api_enrolment"),
    path("reads", metering.ReadList.as_view(), name="api_reads"),
    path("work-orders", field.WorkOrderList.as_view(), name="api_work_orders"),
    path("work-orders/<int:work_order_id>", field.WorkOrderOne.as_view(), name="api_work_order"),
    path("transformers", field.TransformerList.as_view(), name="api_transformers"),
    path("transformers/<str:code>", field.TransformerOne.as_view(), name="api_transformer"),
    path("rate-checks", tariffs.RateCheck.as_view(), name="api_rate_checks"),
    path("schema", schema.Schema.as_view(), name="api_schema"),
    path("", schema.Reference.as_view(url_name="api_schema"), name="api_reference"),
    path("<path:rest>", schema.NotThere.as_view(), name="api_not_there"),
]
