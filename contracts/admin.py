"""Reference-data pages of the room, read-only."""

from django.contrib import admin

from cis.platform.admin import ReadOnlyAdmin
from contracts.models.agreement import AgreementTerm, ServiceAgreement
from contracts.models.change import ChangeEffect, ChangeMove, ChangePaper, ChangePart, ChangeRead, ChangeSet
from contracts.models.charge import BreachCase, BreachStep, OneOffCharge
from contracts.models.inspection import Defect, DefectPhoto, ImportantCustomer, RectificationNotice, SafetyInspection
from contracts.models.lease import EquipmentLease, Financing, ScheduleRow
from contracts.models.program import Enrollment, Program


@admin.register(
    ServiceAgreement, AgreementTerm, BreachCase, BreachStep, OneOffCharge,
    ChangeSet, ChangePart, ChangeRead, ChangePaper, ChangeMove, ChangeEffect,
    Program, Enrollment, EquipmentLease, ScheduleRow, Financing,
    SafetyInspection, Defect, DefectPhoto, RectificationNotice, ImportantCustomer,
)  # fmt: skip
class ContractsAdmin(ReadOnlyAdmin):
    """Agreements and what holds in them."""
