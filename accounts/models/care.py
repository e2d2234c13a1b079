"""Care of customers: protections, points, follow-up visits, service plans, segments."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.domain.care_plans import PlanState
from accounts.domain.loyalty import EntryKind
from accounts.domain.protections import ProtectionKind
from accounts.domain.visits import NextStep, Outcome, VisitState, Way
from cis.platform.fields import Code, choices_of, one_of


class Protection(models.Model):
    """
    Why a customer is treated with care, from a day until another; the one register of life support, of vulnerable
    customers and of key accounts. Never deleted: it ends, with a reason.
    """

    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="protections")
    account = models.ForeignKey(
        "accounts.Account", on_delete=models.PROTECT, null=True, related_name="protections",
        help_text="None: it is about the customer, with all accounts.",
    )  # fmt: skip
    kind = Code(choices=choices_of(ProtectionKind))
    place_id = models.BigIntegerField(null=True, help_text="Service point that is protected, whoever is supplied.")
    person = models.CharField(max_length=120, default="", blank=True, help_text="Who is meant, and by what device.")
    told = models.CharField(max_length=300, help_text="What was said, or which paper was shown, at its beginning.")
    since_date = models.DateField()
    until_date = models.DateField(null=True, help_text="First day on which it holds no more.")
    evidence = Code(default="", help_text="Kind of paper that shows it; empty: still to come.")
    evidence_text = models.CharField(max_length=200, default="", blank=True, help_text="Number and issuer.")
    proven_date = models.DateField(null=True)
    review_date = models.DateField(null=True)
    review_asked_date = models.DateField(null=True, help_text="Since when it waits to be looked at again.")
    is_twin = models.BooleanField(
        db_default=False, default=False,
        help_text="It came with a merged customer, beside one of the same kind: both hold.",
    )  # fmt: skip
    hold_ids = ArrayField(models.BigIntegerField(), default=list, help_text="Holds placed for it.")
    end_reason = models.CharField(max_length=300, default="", blank=True)
    asked_reason = models.CharField(max_length=300, default="", blank=True, help_text="Somebody asks to end it.")
    asker_id = models.BigIntegerField(null=True)
    ender_id = models.BigIntegerField(null=True)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            one_of(name="protection_kind_is_known", column="kind", values=ProtectionKind),
            models.CheckConstraint(
                name="protection_ends_after_it_began", condition=Q(until_date=None) | Q(until_date__gte=F("since_date"))
            ),
            models.CheckConstraint(
                name="what_is_proven_has_evidence", condition=Q(proven_date=None) | ~Q(evidence="")
            ),
            models.UniqueConstraint(
                name="customer_is_protected_once", fields=["customer", "account", "kind", "place_id"],
                condition=Q(until_date=None, is_twin=False), nulls_distinct=False,
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(
                name="protections_to_review", fields=["review_date"],
                condition=Q(until_date=None, review_asked_date=None, review_date__isnull=False),
            ),
        ]  # fmt: skip


class PointsRedemption(models.Model):
    """Points that became a credit of an account; the same key twice is one redemption. [minor unit]"""

    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="redemptions")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="redemptions")
    points = models.IntegerField()
    amount_minor = models.BigIntegerField()
    note_id = models.BigIntegerField(null=True, help_text="The note that credits it.")
    day = models.DateField()
    key = models.CharField(max_length=100, unique=True)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="redemption_is_worth_something", condition=Q(points__gt=0, amount_minor__gt=0)
            ),
        ]  # fmt: skip


class PointsEntry(models.Model):
    """
    Points that a customer earned or that went; append-only. The balance is the sum.

    lot           what goes, goes from points that were earned together
    short_points  of what was taken back: so many were spent already, and are taken from what is earned next
    """

    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="points")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="points")
    kind = Code(choices=choices_of(EntryKind))
    source = Code(default="", help_text="What they were earned by.")
    source_id = models.BigIntegerField(default=0, help_text="Its bill, or its month.")
    points = models.IntegerField()
    short_points = models.IntegerField(default=0)
    lot = models.ForeignKey("accounts.PointsEntry", on_delete=models.PROTECT, null=True, related_name="went")
    redemption = models.ForeignKey(PointsRedemption, on_delete=models.PROTECT, null=True, related_name="entries")
    day = models.DateField()
    expires_date = models.DateField(null=True, help_text="First day on which what is left of them counts no more.")
    key = models.CharField(max_length=100, unique=True, help_text="Each source counts once.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            one_of(name="points_kind_is_known", column="kind", values=EntryKind),
            models.CheckConstraint(
                name="points_come_by_earning_and_go_from_a_lot",
                condition=Q(kind="earn", points__gt=0, lot=None, expires_date__isnull=False)
                | Q(points__lte=0, lot__isnull=False) & ~Q(kind="earn"),
            ),
            models.CheckConstraint(name="only_what_is_taken_back_is_short", condition=Q(short_points=0)
                                   | Q(short_points__gt=0, kind="reverse") | Q(short_points__lt=0, kind="offset")),
        ]  # fmt: skip
        indexes = [
            models.Index(name="points_by_expiry", fields=["expires_date"], condition=Q(kind="earn")),
            models.Index(name="points_by_source", fields=["account", "source", "source_id"], condition=Q(kind="earn")),
            models.Index(name="points_by_day", fields=["day"]),
        ]  # fmt: skip
        triggers = [
            pgtrigger.Protect(name="points_are_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]  # fmt: skip


class FollowUpVisit(models.Model):
    """
    Somebody asks a customer how it went, by telephone or at the place; then the customer is asked how likely it is
    that they recommend the supplier (``Survey``).
    """

    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="visits")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="visits")
    plan = Code(help_text="Plan of the pack, or what somebody planned by hand.")
    key = models.CharField(max_length=100, unique=True, help_text="One visit for each occasion.")
    reason = models.CharField(max_length=200, default="", blank=True)
    way = Code(choices=choices_of(Way))
    state = Code(choices=choices_of(VisitState), default=VisitState.OPEN.value)
    segment = Code(default="", help_text="Segment of the customer when it was planned.")
    start_date = models.DateField(help_text="From when it may be made.")
    due_date = models.DateField()
    is_asked = models.BooleanField(default=False, help_text="It is a task since its first day.")
    place_id = models.BigIntegerField(null=True, help_text="Service point, where it is at the place.")
    work_order_id = models.BigIntegerField(null=True)
    assignee_id = models.BigIntegerField(null=True)
    assignee_name = models.CharField(max_length=150, default="")
    tries = models.SmallIntegerField(default=0, help_text="Calls that nobody answered.")
    outcome = Code(choices=choices_of(Outcome), default="")
    note = models.TextField(default="", blank=True)
    next_step = Code(choices=choices_of(NextStep), default="")
    follows = models.ForeignKey("accounts.FollowUpVisit", on_delete=models.PROTECT, null=True, related_name="next")
    done_date = models.DateField(null=True)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            one_of(name="visit_state_is_known", column="state", values=VisitState),
            one_of(name="visit_way_is_known", column="way", values=Way),
            models.CheckConstraint(name="visit_is_due_after_it_begins", condition=Q(due_date__gte=F("start_date"))),
            models.CheckConstraint(
                name="visit_that_was_made_has_a_result", condition=~Q(state="done") | ~Q(outcome="")
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(name="open_visits_by_due_date", fields=["due_date", "id"], condition=Q(state="open")),
        ]  # fmt: skip


class CarePlan(models.Model):
    """What one person of the supplier does for one customer: goals, measures, and when it is looked at again."""

    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="care_plans")
    title = models.CharField(max_length=120)
    goal = models.TextField()
    state = Code(choices=choices_of(PlanState), default=PlanState.RUNNING.value)
    responsible_id = models.BigIntegerField()
    responsible_name = models.CharField(max_length=150)
    start_date = models.DateField()
    review_date = models.DateField()
    is_asked = models.BooleanField(default=False, help_text="It waits to be looked at again.")
    ended_date = models.DateField(null=True)
    end_note = models.CharField(max_length=300, default="", blank=True)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            one_of(name="care_plan_state_is_known", column="state", values=PlanState),
            models.CheckConstraint(
                name="care_plan_that_runs_has_no_end",
                condition=Q(state="running", ended_date=None) | ~Q(state="running") & Q(ended_date__isnull=False),
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(
                name="care_plans_to_review", fields=["review_date"], condition=Q(state="running", is_asked=False)
            ),
        ]  # fmt: skip


class CareMeasure(models.Model):
    """One thing that is done for a goal; ``done_date`` None: it is still to be done."""

    plan = models.ForeignKey(CarePlan, on_delete=models.PROTECT, related_name="measures")
    text = models.CharField(max_length=300)
    due_date = models.DateField(null=True)
    done_date = models.DateField(null=True)
    result = models.CharField(max_length=300, default="", blank=True)
    actor_name = models.CharField(max_length=150, default="")


class CustomerSegment(models.Model):
    """The segment of a customer, as the rules of the place gave it in the last night."""

    customer = models.OneToOneField("accounts.Customer", on_delete=models.PROTECT, related_name="segment")
    segment = Code()
    since_date = models.DateField(help_text="Since when it is this one.")

    class Meta:
        indexes = [models.Index(name="customers_by_segment", fields=["segment", "customer"])]
