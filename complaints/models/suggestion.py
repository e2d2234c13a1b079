"""What was suggested of cases, what became of it, and the models that suggested it."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from complaints.domain.kinds import Severity
from complaints.domain.suggestions import Verdict
from complaints.models.case import Case


class ClassModel(models.Model):
    """
    A model of classes that was learned: numbers only, no words of anybody.

    texts, cases   how many texts it was learned from, and how many of them are closed cases
    crossed        macro-F1 over texts that were kept out in turn, in thousandths
    held_out       macro-F1 over texts that no model learns from; held_before: of the model in use until then
    is_used        by it is suggested now
    """

    made_at = models.DateTimeField(default=timezone.now)
    content = models.BinaryField()
    texts = models.IntegerField()
    cases = models.IntegerField()
    classes = models.SmallIntegerField()
    crossed = models.SmallIntegerField()
    held_out = models.SmallIntegerField()
    held_before = models.SmallIntegerField(null=True)
    is_used = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_class_model_is_used", fields=["is_used"], condition=Q(is_used=True)),
            models.CheckConstraint(
                name="class_model_scores_are_thousandths",
                condition=Q(crossed__range=(0, 1000), held_out__range=(0, 1000)),
            ),
            models.CheckConstraint(name="class_model_counts_its_cases", condition=Q(cases__lte=F("texts"))),
        ]


class CaseSuggestion(models.Model):
    """
    What was suggested of a case as it came in.

    confidence    in thousandths; others: classes that came after it, the surest first
    reasons       facts that made it likelier
    is_automatic  the case had the class at once
    chosen_code   what a person chose in the end
    """

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="suggestion")
    model = models.ForeignKey(ClassModel, on_delete=models.PROTECT, related_name="suggestions")
    at = models.DateTimeField(default=timezone.now)
    class_code = models.CharField(max_length=120)
    confidence = models.SmallIntegerField()
    others = models.JSONField(default=list)
    reasons = models.JSONField(default=list)
    severity = Code(choices=choices_of(Severity))
    is_automatic = models.BooleanField(default=False)
    verdict = Code(choices=choices_of(Verdict), default=Verdict.OPEN.value)
    chosen_code = models.CharField(max_length=120, default="", blank=True)
    judged_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of(name="suggestion_severity_is_known", column="severity", values=Severity),
            one_of(name="suggestion_verdict_is_known", column="verdict", values=Verdict),
            models.CheckConstraint(name="suggestion_is_as_sure_as_can_be", condition=Q(confidence__range=(0, 1000))),
            models.CheckConstraint(
                name="judged_suggestion_says_by_what",
                condition=Q(verdict=Verdict.OPEN.value, chosen_code="", judged_at=None)
                | ~Q(verdict=Verdict.OPEN.value) & ~Q(chosen_code="") & Q(judged_at__isnull=False),
            ),
        ]
        indexes = [models.Index(name="judged_suggestions", fields=["at"], condition=~Q(verdict=Verdict.OPEN.value))]
