"""Reference-data pages of the room, read-only."""

from django.contrib import admin

from arrears.models.collection import (
    CollectionCase,
    CollectionMove,
    DisconnectionMove,
    DisconnectionOrder,
    Forecast,
    Hold,
)
from arrears.models.late_fee import LateFee, LateFeeNight, LateFeeWaiver
from cis.platform.admin import ReadOnlyAdmin


@admin.register(
    LateFee, LateFeeWaiver, LateFeeNight,
    CollectionCase, CollectionMove, Hold, Forecast, DisconnectionOrder, DisconnectionMove,
)  # fmt: skip
class ArrearsAdmin(ReadOnlyAdmin):
    """Late fees, demands, holds, forecasts, and orders of disconnection with their moves."""
