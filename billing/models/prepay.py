"""Accounts that pay before they use: since when, by whose agreement, and what each night came to."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from billing.domain.prepay import Level, Review
from cis.platform.fields import Code, choices_of, one_of


class Prepayment(models.Model):
    """
    An account pays before it uses over [since_date, until_date); None: until it is switched back.

    The account, its ledger, its debts and its credit stay what they are. ``customer`` is who agreed: where another one
    holds the account, nobody has.
    """

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="prepayments")
    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="+")
    agreement_reference = models.CharField(
        max_length=100, default="", blank=True, help_text="Number of the signed agreement; empty: it was not shown."
    )
    since_date = models.DateField()
    until_date = models.DateField(null=True)
    level = Code(choices=choices_of(Level), default=Level.OK.value)
    level_date = models.DateField(null=True, help_text="Since when.")
    cut_date = models.DateField(null=True, help_text="From that day on the supply may be cut off, as was told.")
    started_at = models.DateTimeField(default=timezone.now)
    starter_id = models.BigIntegerField(null=True)
    starter_name = models.CharField(max_length=150, default="")
    ended_at = models.DateTimeField(null=True)
    ender_id = models.BigIntegerField(null=True)
    end_reason = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="account_is_prepaid_once", fields=["account"], condition=Q(until_date__isnull=True)
            ),
            models.CheckConstraint(
                name="prepayment_ends_after_it_began", condition=Q(until_date=None) | Q(until_date__gte=F("since_date"))
            ),
            one_of(name="prepaid_level_is_known", column="level", values=Level),
            models.CheckConstraint(
                name="prepaid_cut_has_its_day", condition=Q(level=Level.PENDING.value) | Q(cut_date=None)
            ),
        ]
        indexes = [models.Index(name="prepayment_by_level", fields=["level", "id"], condition=Q(until_date=None))]


class PrepaidDay(models.Model):
    """
    What a night found of a prepaid account: a row of numbers, not money. [minor unit]

    rated_until   energy is known and rated up to this day, exclusive; ``billed_until`` is the same for bills
    unbilled      energy of [billed_until, rated_until), and its cost with what corrections change of billed months
    cost_minor    that, and all energy on bills
    review        why a person has to look at it; ``accepted_at``: somebody did, and it counts
    """

    prepayment = models.ForeignKey(Prepayment, on_delete=models.PROTECT, related_name="days")
    day = models.DateField(help_text="Local date of the night.")
    billed_until = models.DateField(null=True)
    rated_until = models.DateField(null=True)
    unbilled_wh = models.BigIntegerField(default=0)
    unbilled_minor = models.BigIntegerField(default=0)
    cost_minor = models.BigIntegerField(default=0)
    balance_minor = models.BigIntegerField(default=0)
    review = Code(choices=choices_of(Review), default="", blank=True)
    review_text = models.CharField(max_length=300, default="", blank=True)
    rated_at = models.DateTimeField(default=timezone.now)
    accepted_at = models.DateTimeField(null=True)
    accepter_id = models.BigIntegerField(null=True)
    accept_reason = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="prepaid_night_once", fields=["prepayment", "day"]),
            models.CheckConstraint(
                name="prepaid_day_that_counts_is_rated",
                condition=Q(rated_until__isnull=False, billed_until__isnull=False)
                | Q(accepted_at=None) & ~Q(review=""),
            ),
        ]


class PrepaidMove(models.Model):
    """The balance of a prepaid account crossed a line: the customer is told of it once, under the id of this row."""

    prepayment = models.ForeignKey(Prepayment, on_delete=models.PROTECT, related_name="moves")
    level = Code(choices=choices_of(Level))
    day = models.DateField()
    at = models.DateTimeField(default=timezone.now)
    balance_minor = models.BigIntegerField()
    cut_date = models.DateField(null=True)
