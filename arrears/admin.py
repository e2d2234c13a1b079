"""Reference-data pages of the room, read-only."""

from django.contrib import admin

from arrears.models.collection import (
    CollectionCase,
    CollectionMove,
    DisconnectionMove,
    DisconnectionOrder,
    Forecast,
    Hold,
    PrepaidCutBatch,
)
from arrears.models.dunning import DunningBatch, DunningTarget
from arrears.models.late_fee import LateFee, LateFeeNight, LateFeeWaiver
from arrears.models.plan import InstalmentPlan, PlanDebt, PlanMove, PlanPart
from cis.platform.admin import ReadOnlyAdmin


@admin.register(
    LateFee, LateFeeWaiver, LateFeeNight,
    CollectionCase, CollectionMove, DunningBatch, DunningTarget, Hold, Forecast, DisconnectionOrder, DisconnectionMove,
    PrepaidCutBatch, InstalmentPlan, PlanDebt, PlanPart, PlanMove,
)  # fmt: skip
class ArrearsAdmin(ReadOnlyAdmin):
    """Late fees, demands and their batches, holds, forecasts, orders of disconnection, plans, and their moves."""
