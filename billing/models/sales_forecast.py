"""What classes of customers are expected to take in the months that come."""

from django.db import models
from django.utils import timezone

from billing.domain.sales_forecast import SalesMethod
from cis.platform.fields import Code, choices_of, one_of


class SalesForecast(models.Model):
    """
    Energy of a class in a month, by the months that were known when it was foretold.

    Foretold once more while the same months are known, it is written over.
    """

    customer_class = Code(blank=True, help_text="Empty: of tariffs that name none.")
    month = models.DateField(help_text="Its first day.")
    known_until = models.DateField(help_text="First day of the first month that was not known.")
    made_at = models.DateTimeField(default=timezone.now)
    method = Code(choices=choices_of(SalesMethod))
    energy_wh = models.BigIntegerField()
    amount_minor = models.BigIntegerField(help_text="At the mean price of the last twelve known months.")
    error_e4 = models.IntegerField(null=True, help_text="Of the trees on months that were tried; empty: not tried.")
    naive_error_e4 = models.IntegerField(null=True, help_text="Of the same months a year before. [10^-4]")

    class Meta:
        constraints = [
            one_of(name="sales_method_is_known", column="method", values=SalesMethod),
            models.UniqueConstraint(
                name="sales_are_foretold_once", fields=["known_until", "customer_class", "month"]
            ),
            models.CheckConstraint(name="sales_month_is_ahead", condition=models.Q(month__gte=models.F("known_until"))),
        ]  # fmt: skip
