"""Customers who are one: pairs that look alike, merges with each row they moved; and codes that prove a number."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.domain.duplicates import PairState
from accounts.domain.merging import MergeState
from cis.platform.fields import Code, choices_of, one_of


class CustomerMerge(models.Model):
    """
    One customer in the place of two, and back.

    high_ids  by table the highest id at that time: what has a higher one came after the merge
    """

    survivor = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="+")
    merged = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="+")
    state = Code(choices=choices_of(MergeState))
    reason = models.CharField(max_length=300)
    choices = models.JSONField(default=dict, help_text="Whose value was kept, by field.")
    logins = ArrayField(models.BigIntegerField(), default=list, help_text="Logins that stay open.")
    high_ids = models.JSONField(default=dict)
    asked_at = models.DateTimeField(default=timezone.now)
    asker_id = models.BigIntegerField(null=True)
    asker_name = models.CharField(max_length=150, default="")
    decided_at = models.DateTimeField(null=True)
    decider_id = models.BigIntegerField(null=True)
    decider_name = models.CharField(max_length=150, default="")
    undone_at = models.DateTimeField(null=True)
    undone_by_name = models.CharField(max_length=150, default="")
    undone_reason = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        constraints = [
            one_of(name="merge_state_is_known", column="state", values=MergeState),
            models.CheckConstraint(name="nobody_is_merged_into_themselves", condition=~Q(survivor=F("merged"))),
            models.UniqueConstraint(
                name="customer_is_merged_once", fields=["merged"], condition=Q(state__in=["asked", "done"])
            ),
        ]  # fmt: skip
        indexes = [models.Index(name="merges_by_survivor", fields=["survivor", "state"])]


class MergedRows(models.Model):
    """The rows of a table that a merge moved: exactly these go back."""

    merge = models.ForeignKey(CustomerMerge, on_delete=models.PROTECT, related_name="rows")
    table_name = models.CharField(max_length=63)
    column_name = models.CharField(max_length=63)
    row_ids = ArrayField(models.BigIntegerField())

    class Meta:
        constraints = [models.UniqueConstraint(name="table_moves_once", fields=["merge", "table_name", "column_name"])]


class MergedValue(models.Model):
    """A value that a merge changed: it goes back unless somebody wrote another one since."""

    merge = models.ForeignKey(CustomerMerge, on_delete=models.PROTECT, related_name="values")
    table_name = models.CharField(max_length=63)
    row_id = models.BigIntegerField()
    column_name = models.CharField(max_length=63)
    was = models.JSONField(null=True)
    now = models.JSONField(null=True)


class DuplicatePair(models.Model):
    """Two customers who look like one; what somebody said of them is kept for ever."""

    first = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="+")
    score = models.SmallIntegerField(help_text="How sure it is, 0 to 100.")
    reasons = ArrayField(Code())
    state = Code(choices=choices_of(PairState), default=PairState.OPEN.value)
    found_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True)
    decider_id = models.BigIntegerField(null=True)
    decider_name = models.CharField(max_length=150, default="")
    note = models.CharField(max_length=300, default="", blank=True)
    merge = models.ForeignKey(
        CustomerMerge, on_delete=models.PROTECT, null=True, related_name="pairs",
        help_text="The merge that ended it, or by which it was said of another customer before.",
    )  # fmt: skip

    class Meta:
        constraints = [
            one_of(name="pair_state_is_known", column="state", values=PairState),
            models.CheckConstraint(name="pair_is_written_once", condition=Q(first__lt=F("second"))),
            models.UniqueConstraint(name="two_customers_are_one_pair", fields=["first", "second"]),
        ]
        indexes = [models.Index(name="open_pairs_by_score", fields=["-score", "id"], condition=Q(state="open"))]


class ContactCode(models.Model):
    """A one-time code sent to a number, to prove that it is this customer's; only a hash of it is kept."""

    contact_point = models.ForeignKey("accounts.ContactPoint", on_delete=models.CASCADE, related_name="codes")
    code_hash = models.CharField(max_length=64)
    sent_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    attempts = models.SmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)
    actor_id = models.BigIntegerField(null=True)
