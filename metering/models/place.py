"""Places: where supply is delivered."""

from django.db import models

from cis.platform.fields import Code, ExternalId, SearchGrams, choices_of, one_of, search_index
from metering.domain.network import PointState
from metering.domain.places import POSITION_MOST, Voltage


class Premises(models.Model):
    """A building, flat or plot with an address."""

    external_id = ExternalId()
    address = models.CharField(max_length=300)
    district = models.CharField(max_length=100, default="", blank=True)
    postcode = models.CharField(max_length=12, default="", blank=True)
    search_grams = SearchGrams()

    class Meta:
        indexes = [search_index("premises_search")]
        verbose_name_plural = "premises"


class ServicePoint(models.Model):
    """
    The socket where supply is delivered and metered.

    It hangs on a transformer of the network, or on a feeder directly; on neither where that is not recorded.
    """

    external_id = ExternalId()
    premises = models.ForeignKey("metering.Premises", on_delete=models.PROTECT, related_name="service_points")
    voltage = Code(choices=choices_of(Voltage), default=Voltage.V220.value)
    capacity_w = models.BigIntegerField(default=8_000)
    state = Code(
        choices=choices_of(PointState), default=PointState.CONNECTED.value, db_default=PointState.CONNECTED.value
    )
    transformer = models.ForeignKey(
        "metering.Transformer", on_delete=models.PROTECT, null=True, blank=True, related_name="service_points"
    )
    feeder = models.ForeignKey(
        "metering.Feeder", on_delete=models.PROTECT, null=True, blank=True, related_name="service_points"
    )

    meter_position = models.CharField(
        max_length=POSITION_MOST, default="", blank=True, db_default="", help_text="Where the meter hangs there."
    )

    class Meta:
        constraints = [
            one_of(name="service_point_voltage_is_known", column="voltage", values=Voltage),
            one_of(name="service_point_state_is_known", column="state", values=PointState),
            models.CheckConstraint(
                name="service_point_hangs_on_one_asset", condition=models.Q(transformer=None) | models.Q(feeder=None)
            ),
        ]
