"""Who owes."""

from enum import StrEnum

from django.contrib.postgres.fields import DateRangeField
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.utils import timezone

from cis.platform.fields import Code, ExternalId, choices_of, no_overlap, one_of


class AccountState(StrEnum):
    """Whether an account is still billed."""

    OPEN = "open"
    CLOSED = "closed"


class Account(models.Model):
    """What is owed by one holder for one or more agreements; the bill's addressee is its holder."""

    number = models.CharField(max_length=20, unique=True, help_text="10 digits (户号).")
    external_id = ExternalId()
    state = Code(choices=choices_of(AccountState), default=AccountState.OPEN.value)
    paper_bill = models.BooleanField(default=False)
    opened_date = models.DateField()
    closed_date = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [one_of(name="account_state_is_known", column="state", values=AccountState)]
        indexes = [models.Index(OpClass("number", name="text_pattern_ops"), name="account_by_number_prefix")]


class AccountHolder(models.Model):
    """Which customer holds the account, and when."""

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="holders")
    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="holdings")
    period = DateRangeField(help_text="Local dates, half-open; no end: until further notice.")

    class Meta:
        constraints = [no_overlap(name="account_has_one_holder", owner="account_id")]
