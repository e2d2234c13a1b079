"""What a customer proves himself by on the telephone."""

from django.db import models
from django.utils import timezone


class TelephonePin(models.Model):
    """
    A secret number of an account's holder, kept as a slow hash; it ends with the holder.

    customer  whose it is: nobody who holds the account later
    """

    account = models.OneToOneField("accounts.Account", on_delete=models.PROTECT, related_name="telephone_pin")
    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="+")
    hash = models.CharField(max_length=200)
    set_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)
