"""Cases and each move on their way."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from cis.platform.fields import Code, SearchGrams, choices_of, one_of, search_index
from complaints.domain.case_workflow import LIVE, UNPLACED, CaseAction, CaseState
from complaints.domain.kinds import CaseChannel, CaseKind, Severity

_LIVE = [state.value for state in LIVE]


class Case(models.Model):
    """
    What somebody brought to us: a complaint, a report, a request, a fault, a question, praise.

    Read only through ``complaints.queries.sight``: who belongs to the team that is complained about does not see it.
    """

    number = models.CharField(max_length=20, unique=True, help_text="As the caller is told.")
    kind = Code(choices=choices_of(CaseKind))
    channel = Code(choices=choices_of(CaseChannel))
    state = Code(choices=choices_of(CaseState), default=CaseState.RECEIVED.value)
    state_since = models.DateTimeField(default=timezone.now)
    waits_since = models.DateTimeField(null=True, help_text="Its clocks stand still since then, for the caller.")
    class_code = models.CharField(max_length=120, default="", blank=True, help_text="As the pack names it.")
    severity = Code(choices=choices_of(Severity), default=Severity.GENERAL.value)
    title = models.CharField(max_length=120)
    text = models.TextField()
    language = models.CharField(max_length=10, default="zh-hans")
    is_anonymous = models.BooleanField(default=False)
    caller_name = models.CharField(max_length=200, default="", blank=True)
    caller_phone = models.CharField(max_length=40, default="", blank=True)
    caller_email = models.CharField(max_length=254, default="", blank=True)
    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, null=True, related_name="cases")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, null=True, related_name="cases")
    service_point = models.ForeignKey(
        "metering.ServicePoint", on_delete=models.PROTECT, null=True, related_name="cases"
    )
    district = models.CharField(max_length=100, default="", blank=True)
    place = models.CharField(max_length=300, default="", blank=True, help_text="Where it is, in words.")
    bill = models.ForeignKey("billing.Bill", on_delete=models.PROTECT, null=True, related_name="cases")
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, null=True, related_name="cases")
    owner = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, related_name="cases")
    about_team = models.ForeignKey(
        "accounts.Team", on_delete=models.PROTECT, null=True, related_name="cases_about", help_text="Complained about."
    )
    about_user = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, related_name="cases_about", help_text="Complained about."
    )
    authority = Code(default="", blank=True, help_text="That referred it, or to which it went.")
    authority_number = models.CharField(max_length=80, default="", blank=True)
    raised_at = models.DateTimeField(null=True, help_text="Since when a supervisor is asked; None: nobody asks.")
    sender = models.CharField(max_length=60, default="", help_text="Who brought the reference.")
    reference = models.CharField(max_length=80, default="", blank=True)
    request_key = models.CharField(
        max_length=64, default="", blank=True, help_text="The same form sent twice is one case."
    )
    repeats = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="repeated_by")
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="merged")
    cause_code = models.CharField(max_length=120, default="", blank=True)
    is_liable = models.BooleanField(null=True, help_text="None: not decided.")
    taken_at = models.DateTimeField(default=timezone.now)
    contacted_at = models.DateTimeField(null=True)
    replied_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    reopened = models.SmallIntegerField(default=0)
    calls = models.SmallIntegerField(default=0, help_text="Calls back that nobody answered since the reply.")
    is_satisfied = models.BooleanField(null=True)
    stars = models.SmallIntegerField(null=True, help_text="1 to 5, as the caller gave them.")
    taker_id = models.BigIntegerField(null=True)
    taker_kind = Code()
    taker_name = models.CharField(max_length=150, default="")
    search_grams = SearchGrams()

    class Meta:
        constraints = [
            one_of(name="case_kind_is_known", column="kind", values=CaseKind),
            one_of(name="case_channel_is_known", column="channel", values=CaseChannel),
            one_of(name="case_state_is_known", column="state", values=CaseState),
            one_of(name="case_severity_is_known", column="severity", values=Severity),
            models.UniqueConstraint(
                name="reference_of_a_sender_counts_once", fields=["sender", "reference"], condition=~Q(reference="")
            ),
            models.UniqueConstraint(
                name="form_of_a_case_counts_once",
                fields=["taker_kind", "taker_id", "request_key"],
                condition=~Q(request_key=""),
            ),
            models.CheckConstraint(
                name="anonymous_case_names_nobody",
                condition=Q(is_anonymous=False)
                | Q(customer=None, account=None, caller_name="", caller_phone="", caller_email=""),
            ),
            models.CheckConstraint(
                name="merged_case_names_its_main_one",
                condition=Q(state=CaseState.MERGED.value, merged_into__isnull=False)
                | ~Q(state=CaseState.MERGED.value) & Q(merged_into=None),
            ),
            models.CheckConstraint(name="case_is_not_merged_into_itself", condition=~Q(merged_into=F("id"))),
            models.CheckConstraint(
                name="ended_case_has_its_instant",
                condition=Q(state__in=_LIVE, closed_at=None) | ~Q(state__in=_LIVE) & Q(closed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="dispatched_case_has_a_team",
                condition=Q(state__in=[CaseState.RECEIVED.value, *(one.value for one in UNPLACED)])
                | Q(state__in=[CaseState.WITHDRAWN.value, CaseState.MERGED.value])
                | Q(team__isnull=False),
            ),
            models.CheckConstraint(name="case_has_one_to_five_stars", condition=Q(stars=None) | Q(stars__range=(1, 5))),
        ]
        indexes = [
            search_index("case_search"),
            models.Index(name="live_cases", fields=["state", "-id"], condition=Q(state__in=_LIVE)),
            models.Index(name="live_cases_of_team", fields=["team"], condition=Q(state__in=_LIVE)),
            models.Index(name="cases_about_somebody", fields=["about_team"], condition=Q(about_team__isnull=False)),
            models.Index(name="cases_by_phone", fields=["caller_phone"], condition=~Q(caller_phone="")),
            models.Index(name="cases_by_matter", fields=["class_code", "taken_at"]),
        ]


class CaseMove(models.Model):
    """One move of a case. Append-only."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="moves")
    at = models.DateTimeField(default=timezone.now)
    action = Code(help_text="take, or an action of the workflow.")
    before = Code(default="", blank=True)
    after = Code(choices=choices_of(CaseState))
    reason = models.CharField(max_length=500, default="", blank=True)
    actor_kind = Code()
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="case_action_is_known",
                condition=Q(action__in=["take", *[one.value for one in CaseAction]]),
            )
        ]
        indexes = [models.Index(name="move_of_case", fields=["case", "id"])]
        triggers = [
            pgtrigger.Protect(name="case_move_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]


class Assignment(models.Model):
    """A team, and then somebody of it, has a case from one instant to another; ``until_at`` None: still."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="assignments")
    team = models.ForeignKey("accounts.Team", on_delete=models.PROTECT, related_name="case_assignments")
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, related_name="case_assignments")
    since_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    until_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_team_has_a_case", fields=["case"], condition=Q(until_at__isnull=True)),
            models.CheckConstraint(
                name="who_has_a_case_accepted_it", condition=Q(user=None) | Q(accepted_at__isnull=False)
            ),
        ]
