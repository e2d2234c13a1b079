"""
Reference-data pages of the room, read-only.

Interval days have no page: their table has a key of three columns, and outside readers have the view
``metering_interval_value``.
"""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from cis.platform.admin import ReadOnlyAdmin
from metering.models.alarm import MeterAlarm
from metering.models.command import DeviceCommand
from metering.models.device import Installation, Meter, Register
from metering.models.outage import FaultReport, Outage, PlannedOutage
from metering.models.place import Premises, ServicePoint
from metering.models.read import ReadFile, ReadRejection, RegisterRead
from metering.models.rule import UsageRule
from metering.models.stream import StreamName
from metering.models.usage import Usage


@admin.register(
    Register,
    Installation,
    ReadFile,
    ReadRejection,
    RegisterRead,
    StreamName,
    Usage,
    DeviceCommand,
    Outage,
    FaultReport,
    PlannedOutage,
    MeterAlarm,
)
class MeteringAdmin(ReadOnlyAdmin):
    """Counters, where meters hung, delivered files, what was refused, reads, usage, commands, outages, alarms."""


@admin.register(UsageRule)
class UsageRuleAdmin(ReadOnlyAdmin):
    """What places are billed on, by the rows that hold; those that were retired are kept for proofs."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[UsageRule]:
        """Show the rows that hold."""
        return super().get_queryset(request).filter(retired_at=None)


@admin.register(Premises)
class PremisesAdmin(ReadOnlyAdmin):
    """Buildings, flats and plots."""

    search_fields = ("external_id__exact", "address__startswith")


@admin.register(ServicePoint)
class ServicePointAdmin(ReadOnlyAdmin):
    """Sockets where supply is delivered."""

    search_fields = ("external_id__exact",)


@admin.register(Meter)
class MeterAdmin(ReadOnlyAdmin):
    """Meters."""

    search_fields = ("serial__startswith", "external_id__exact")
