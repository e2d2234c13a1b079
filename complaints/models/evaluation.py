"""What closed cases teach: cases that are looked at again, what was found, lessons, trends, published figures."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from complaints.domain.evaluation import Chosen
from complaints.domain.trends import TrendState
from complaints.models.case import Case


class ChosenCase(models.Model):
    """A closed case that is looked at again, once; ``team`` and ``month`` are those of its end."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="chosen")
    reason = Code(choices=choices_of(Chosen))
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, null=True, related_name="+")
    month = models.DateField(help_text="First day of the month in which it was closed.")
    chosen_at = models.DateTimeField(default=timezone.now)
    score = models.SmallIntegerField(null=True, help_text="Of the latest version; None: not looked at yet.")

    class Meta:
        constraints = [
            one_of(name="case_is_chosen_for_a_reason", column="reason", values=Chosen),
            models.CheckConstraint(
                name="evaluated_case_has_0_to_100", condition=Q(score=None) | Q(score__range=(0, 100))
            ),
        ]
        indexes = [
            models.Index(name="cases_to_evaluate", fields=["id"], condition=Q(score=None)),
            models.Index(name="evaluated_by_team", fields=["month", "team"], condition=Q(score__isnull=False)),
        ]


class Evaluation(models.Model):
    """How well a case was handled, by somebody who did not work on it; a correction is a new version. Append-only."""

    chosen = models.ForeignKey(ChosenCase, on_delete=models.PROTECT, related_name="evaluations")
    version = models.SmallIntegerField(default=1)
    marks = models.JSONField(help_text="Answers by question.")
    weights = models.JSONField(help_text="What each question weighed then.")
    score = models.SmallIntegerField()
    note = models.CharField(max_length=1000, default="", blank=True)
    reason = models.CharField(max_length=300, default="", blank=True, help_text="Why it was corrected.")
    at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField()
    actor_name = models.CharField(max_length=150)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="evaluation_has_a_version_once", fields=["chosen", "version"]),
            models.CheckConstraint(name="evaluation_is_0_to_100", condition=Q(score__range=(0, 100))),
            models.CheckConstraint(
                name="correction_says_why", condition=Q(version=1, reason="") | Q(version__gt=1) & ~Q(reason="")
            ),
        ]
        triggers = [pgtrigger.Protect(name="evaluation_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class Lesson(models.Model):
    """What is to change since a case went wrong, who sees to it until when, and what came of it."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="lessons")
    text = models.CharField(max_length=500)
    owner = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="lessons")
    due_date = models.DateField()
    key = models.CharField(max_length=100, unique=True, help_text="The same form sent twice is one lesson.")
    at = models.DateTimeField(default=timezone.now)
    actor_name = models.CharField(max_length=150, default="")
    done_at = models.DateTimeField(null=True)
    done_note = models.CharField(max_length=500, default="", blank=True)
    done_name = models.CharField(max_length=150, default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="lesson_that_is_done_says_how", condition=Q(done_at=None) | ~Q(done_note="")
            ),
        ]  # fmt: skip
        indexes = [models.Index(name="lessons_to_do", fields=["due_date"], condition=Q(done_at=None))]


class CaseTrend(models.Model):
    """A class in an area that came more often than before; one for each while it is open."""

    class_code = models.CharField(max_length=120)
    area = models.CharField(max_length=100, default="", blank=True)
    state = Code(choices=choices_of(TrendState), default=TrendState.OPEN.value)
    until_date = models.DateField(help_text="Last day that was counted.")
    count = models.IntegerField()
    window_days = models.SmallIntegerField()
    before = models.IntegerField()
    baseline_days = models.SmallIntegerField()
    tail_ppm = models.IntegerField(help_text="How likely so many are if nothing changed, in a million.")
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    owner_name = models.CharField(max_length=150, default="", blank=True)
    note = models.CharField(max_length=500, default="", blank=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of(name="case_trend_state_is_known", column="state", values=TrendState),
            models.UniqueConstraint(
                name="trend_is_told_once", fields=["class_code", "area"], condition=~Q(state="closed")
            ),
            models.CheckConstraint(
                name="closed_trend_says_what_came_of_it",
                condition=Q(state="closed", closed_at__isnull=False) & ~Q(note="") | ~Q(state="closed"),
            ),
        ]


class PublishedMonth(models.Model):
    """Figures of a month for everybody, as they were published; a correction is a new version. Append-only."""

    month = models.DateField(help_text="Its first day.")
    version = models.SmallIntegerField(default=1)
    figures = models.JSONField(help_text="As ``complaints.domain.publishing`` writes them, small counts left out.")
    reason = models.CharField(max_length=300, default="", blank=True, help_text="Why it was corrected.")
    at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="month_is_published_once_a_version", fields=["month", "version"]),
            models.CheckConstraint(
                name="corrected_month_says_why", condition=Q(version=1, reason="") | Q(version__gt=1) & ~Q(reason="")
            ),
            models.CheckConstraint(name="published_month_begins_on_its_first", condition=Q(month__day=1)),
        ]
        triggers = [
            pgtrigger.Protect(name="published_month_is_frozen", operation=pgtrigger.Update | pgtrigger.Delete),
        ]
