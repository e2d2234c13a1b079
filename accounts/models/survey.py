"""Questions to customers after something happened: how likely is it that they recommend us?"""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.domain.surveys import SurveyEvent, SurveyState
from cis.platform.fields import Code, choices_of, one_of


class Survey(models.Model):
    """
    One question to one customer after one event, answered once by a signed link. It names its event by number alone:
    what is kept from somebody of the event is kept from them of its answer (``cis.platform.concealed``).
    """

    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="surveys")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, null=True, related_name="surveys")
    event = Code(choices=choices_of(SurveyEvent))
    source_id = models.BigIntegerField(help_text="Case, agreement, outage, visit or bill, by the event.")
    key = models.CharField(max_length=100, unique=True, help_text="One question for each occasion and account.")
    visit = models.OneToOneField(
        "accounts.FollowUpVisit", on_delete=models.PROTECT, null=True, related_name="survey",
        help_text="The visit after which it is asked.",
    )  # fmt: skip
    segment = Code(default="", blank=True, help_text="Segment of the customer when it was planned.")
    state = Code(choices=choices_of(SurveyState), default=SurveyState.WAITING.value)
    send_at = models.DateTimeField(help_text="When the customer is asked.")
    asked_at = models.DateTimeField(null=True)
    score = models.SmallIntegerField(null=True)
    text = models.CharField(max_length=500, default="", blank=True)
    wants_contact = models.BooleanField(default=False)
    scored_at = models.DateTimeField(null=True)
    follow_up = models.OneToOneField(
        "accounts.FollowUpVisit", on_delete=models.PROTECT, null=True, related_name="+",
        help_text="The call that came of the answer.",
    )  # fmt: skip
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            one_of(name="survey_event_is_known", column="event", values=SurveyEvent),
            one_of(name="survey_state_is_known", column="state", values=SurveyState),
            models.CheckConstraint(
                name="survey_score_is_0_to_10",
                condition=Q(state="answered", score__gte=0, score__lte=10, scored_at__isnull=False)
                | ~Q(state="answered") & Q(score=None, scored_at=None),
            ),
            models.CheckConstraint(
                name="asked_survey_has_its_instant",
                condition=Q(state__in=["asked", "answered"], asked_at__isnull=False)
                | Q(state__in=["waiting", "skipped"], asked_at=None),
            ),
        ]
        indexes = [
            models.Index(name="surveys_to_send", fields=["send_at", "id"], condition=Q(state="waiting")),
            models.Index(name="surveys_by_answer", fields=["scored_at"], condition=Q(score__isnull=False)),
            models.Index(name="surveys_of_customer", fields=["customer", "asked_at"]),
        ]
