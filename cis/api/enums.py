"""Names of sets of words in the description of the API, where fields of one name have different ones."""

from accounts.domain.notice_kinds import Channel as NoticeChannel
from accounts.domain.privacy import ErasureReason, ErasureState, ExportState
from accounts.domain.protections import ProtectionKind
from arrears.domain.cut_facts import HoldKind
from billing.domain.accruals import AccrualState
from billing.domain.accruals import Outcome as AccrualOutcome
from billing.domain.adjustments import AdjustmentState
from billing.domain.e_invoices import InvoiceKind, InvoiceState
from complaints.domain.kinds import CaseKind
from complaints.domain.kinds import Severity as CaseSeverity
from complaints.domain.suggestions import FactKind
from contracts.domain.application_workflow import ApplicationState
from contracts.domain.applications import ApplicationKind, PaperKind
from contracts.domain.changes import ChangeKind
from contracts.domain.demand_response import PartState
from contracts.domain.inspection import Severity as DefectSeverity
from contracts.domain.inspection_workflow import DefectState
from contracts.domain.offer_workflow import OfferState
from contracts.domain.usage_inspection import UsageState
from metering.domain.exception_acts import ChangeState
from metering.domain.exceptions import ExceptionState
from metering.domain.meter_store import MeterState
from metering.domain.network import SupplyMode
from metering.domain.vee import Severity as ExceptionSeverity

AccrualOutcomeEnum = [str(one) for one in AccrualOutcome]
AccrualStateEnum = [str(one) for one in AccrualState]
AdjustmentStateEnum = [str(one) for one in AdjustmentState]
ApplicationKindEnum = [str(one) for one in ApplicationKind]
ApplicationStateEnum = [str(one) for one in ApplicationState]
CaseKindEnum = [str(one) for one in CaseKind]
CaseSeverityEnum = [str(one) for one in CaseSeverity]
ChangeKindEnum = [str(one) for one in ChangeKind]
DefectSeverityEnum = [str(one) for one in DefectSeverity]
DefectStateEnum = [str(one) for one in DefectState]
EventPartStateEnum = [str(one) for one in PartState]
ExceptionSeverityEnum = [str(one) for one in ExceptionSeverity]
ExceptionStateEnum = [str(one) for one in ExceptionState]
FactKindEnum = [str(one) for one in FactKind]
HoldKindEnum = [str(one) for one in HoldKind]
InvoiceKindEnum = [str(one) for one in InvoiceKind]
InvoiceStateEnum = [str(one) for one in InvoiceState]
MeterStateEnum = [str(one) for one in MeterState]
NoticeChannelEnum = [str(one) for one in NoticeChannel]
OfferStateEnum = [str(one) for one in OfferState]
PaperKindEnum = [str(one) for one in PaperKind]
ReadChangeStateEnum = [str(one) for one in ChangeState]
ProtectionKindEnum = [str(one) for one in ProtectionKind]
SupplyModeEnum = [str(one) for one in SupplyMode]
UsageInspectionStateEnum = [str(one) for one in UsageState]
BillKindEnum = ["regular", "credit", "note", "late_fee"]
BillPaidEnum = ["open", "paid", "nothing"]
DebitDecisionEnum = ["release", "keep"]
DecisionEnum = ["agree", "drop"]
ErasureDecisionEnum = ["release", "drop"]
ErasureReasonEnum = [str(one) for one in ErasureReason]
ErasureStateEnum = [str(one) for one in ErasureState]
ExportStateEnum = [str(one) for one in ExportState]
BillStateEnum = ["issued", "cancelled"]
ContractStateEnum = ["issued", "signed", "withdrawn", "replaced", "ended"]
PaymentChannelAskedEnum = ["api", "bank", "online"]
