"""The company's chart of accounts: under which of its numbers a ledger account is kept, and from which month on."""

import pgtrigger
from django.db import models
from django.utils import timezone


class ChartEntry(models.Model):
    """
    The number and name that a ledger account has in the company's books, from a month on until the next entry.

    Entries stay, so a journal of a closed month can be written again as it was.
    """

    code = models.CharField(max_length=40, help_text="Of the ledger account; customer: all customers together.")
    since_month = models.DateField(help_text="First day of the month.")
    number = models.CharField(max_length=30, help_text="In the company's chart of accounts.")
    name = models.CharField(max_length=100)
    created_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="chart_entry_once", fields=["code", "since_month"]),
            models.CheckConstraint(name="chart_entry_begins_a_month", condition=models.Q(since_month__day=1)),
        ]
        triggers = [pgtrigger.Protect(name="chart_entry_stays", operation=pgtrigger.Update | pgtrigger.Delete)]
