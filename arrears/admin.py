"""Reference-data pages of the room, read-only."""

from django.contrib import admin

from arrears.models.late_fee import LateFee, LateFeeNight, LateFeeWaiver
from cis.platform.admin import ReadOnlyAdmin


@admin.register(LateFee, LateFeeWaiver, LateFeeNight)
class ArrearsAdmin(ReadOnlyAdmin):
    """Late fees and their waivers."""
