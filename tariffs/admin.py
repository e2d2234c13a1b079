"""Reference-data pages of the room, read-only."""

from django.contrib import admin

from cis.platform.admin import ReadOnlyAdmin
from tariffs.models.price import PriceEvent, PriceSeries, PriceSeriesDay
from tariffs.models.tariff import Tariff, TariffVersion


@admin.register(Tariff, TariffVersion, PriceSeries, PriceSeriesDay, PriceEvent)
class TariffsAdmin(ReadOnlyAdmin):
    """The price book with the text of each version, price series and announced events."""
