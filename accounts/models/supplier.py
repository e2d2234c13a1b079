"""The electricity supplier that runs this installation."""

from django.db import models


class Supplier(models.Model):
    """The one supplier: what stands on the head of each bill."""

    code = models.CharField(max_length=20, unique=True)
    name_zh = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)
    tax_number = models.CharField(max_length=40, default="")
    address = models.CharField(max_length=300, default="")
    phone = models.CharField(max_length=40, default="")
    website = models.CharField(max_length=200, default="")
    bank_name = models.CharField(max_length=200, default="")
    bank_account = models.CharField(max_length=60, default="")
    pack = models.CharField(max_length=40, help_text="Jurisdiction pack, e.g. cn-shanghai.")
    currency = models.CharField(max_length=3, default="CNY")
    time_zone = models.CharField(max_length=60, default="Asia/Shanghai")

    class Meta:
        constraints = [
            # One installation serves one supplier.
            models.CheckConstraint(name="one_supplier", condition=models.Q(id=1)),
        ]
