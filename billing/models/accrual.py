"""Accruals of revenue: what of a month's energy is on no bill at its end, with the accounts it comes from."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from billing.domain.accruals import AccrualState, Outcome
from billing.domain.adjustments import AdjustmentState
from billing.models.second_person import Decision, decided_by_two
from cis.platform.fields import Code, choices_of, one_of


class RevenueAccrual(models.Model):
    """
    One accrual of one month. A month has one that is posted, and beside it one that is being made.

    is_listed  its accounts are listed
    job        the bar of its progress
    net        what was posted, tax apart [minor unit]

    opener_id, poster_id  users; below 0: a program, by its key
    """

    month = models.DateField(help_text="First day of the month.")
    state = Code(choices=choices_of(AccrualState), default=AccrualState.RATING.value)
    is_listed = models.BooleanField(default=False)
    job_id = models.BigIntegerField(null=True)
    net_minor = models.BigIntegerField(default=0)
    opener_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    poster_id = models.BigIntegerField(null=True)
    posted_at = models.DateTimeField(null=True)
    replaced_by = models.ForeignKey("billing.RevenueAccrual", on_delete=models.PROTECT, null=True, related_name="+")
    error = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            one_of(name="accrual_state_is_known", column="state", values=AccrualState),
            models.CheckConstraint(name="accrual_begins_a_month", condition=Q(month__day=1)),
            models.CheckConstraint(
                name="posted_accrual_says_when",
                condition=Q(posted_at__isnull=False, state__in=["posted", "undone"])
                | Q(posted_at__isnull=True) & ~Q(state__in=["posted", "undone"]),
            ),
            models.UniqueConstraint(name="one_accrual_a_month", fields=["month"], condition=Q(state="posted")),
            models.UniqueConstraint(
                name="one_accrual_under_way", fields=["month"], condition=Q(state__in=["rating", "rated"])
            ),
        ]


class AccrualAccount(models.Model):
    """
    An account that had unbilled days at the month's end, and what became of it.

    billed_until, told_until  it is accrued over [billed_until, told_until); told_until None: no usage is known at all
    is_whole                  usage is known to the end of the month, or to that of its supplies
    reason, text              why it is not accrued, by code and in words; "" where it is
    """

    accrual = models.ForeignKey("billing.RevenueAccrual", on_delete=models.PROTECT, related_name="accounts")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+")
    billed_until = models.DateField()
    told_until = models.DateField(null=True)
    is_whole = models.BooleanField(default=False)
    outcome = Code(choices=choices_of(Outcome), default=Outcome.WAITING.value)
    reason = Code(default="", blank=True)
    text = models.CharField(max_length=300, default="", blank=True)
    used_wh = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            one_of(name="accrual_outcome_is_known", column="outcome", values=Outcome),
            models.UniqueConstraint(name="account_accrued_once", fields=["accrual", "account"]),
        ]
        indexes = [
            models.Index(
                name="accrual_account_waits",
                fields=["accrual", "billed_until", "told_until", "account"],
                condition=Q(outcome="waiting"),
            ),
        ]


class AccrualLine(models.Model):
    """What is unbilled of an account by tariff version and ledger class. [minor unit, tax contained in the amount]"""

    accrual = models.ForeignKey("billing.RevenueAccrual", on_delete=models.PROTECT, related_name="lines")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+", db_index=False)
    tariff_version = models.ForeignKey(
        "tariffs.TariffVersion", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    ledger_class = Code()
    amount_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="accrual_line_once", fields=["accrual", "account", "tariff_version", "ledger_class"]
            ),
        ]


class AccrualPosting(Decision):
    """
    The decision to post an accrual: by one person up to a limit, by two above it.

    amount_minor  what it moves between ledger accounts, whichever way each of them goes
    """

    accrual = models.ForeignKey(RevenueAccrual, on_delete=models.PROTECT, related_name="postings")
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            one_of(name="accrual_posting_state_is_known", column="state", values=AdjustmentState),
            decided_by_two("accrual_above_the_limit_is_posted_by_two"),
            models.UniqueConstraint(
                name="one_accrual_posting_waits", fields=["accrual"], condition=Q(state=AdjustmentState.PROPOSED.value)
            ),
        ]
