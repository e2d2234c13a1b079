"""Calls that people asked for, the tries to reach them, and how callers showed who they are."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from complaints.domain.caller_checks import CheckWay
from complaints.domain.calls import ABOUT_MOST, LIVE, NOTE_MOST, CallResult, CallSource, CallState
from complaints.models.case import Case

_LIVE = [state.value for state in LIVE]


class CallRequest(models.Model):
    """
    Somebody waits for a call: they hung up before anybody answered, or asked for it.

    customer  who asked in the portal, or was found by a clerk; never found by the number alone
    """

    phone = models.CharField(max_length=40, help_text="In international form.")
    name = models.CharField(max_length=200, default="", blank=True)
    about = models.CharField(max_length=ABOUT_MOST, default="", blank=True)
    source = Code(choices=choices_of(CallSource))
    language = models.CharField(max_length=10, default="zh-hans")
    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, null=True, related_name="call_requests")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, null=True, related_name="call_requests")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, related_name="call_requests")
    state = Code(choices=choices_of(CallState), default=CallState.WAITING.value)
    asked_at = models.DateTimeField(default=timezone.now)
    last_asked_at = models.DateTimeField(default=timezone.now)
    times = models.SmallIntegerField(default=1, help_text="How often it was asked for while it waited.")
    from_at = models.DateTimeField(null=True, help_text="They asked to be called from then on.")
    until_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(help_text="By when the place promises to call.")
    next_at = models.DateTimeField(help_text="Not to be called before.")
    owner = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, related_name="call_requests")
    claimed_at = models.DateTimeField(null=True)
    tries = models.SmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    sender = models.CharField(max_length=60, default="", help_text="Who brought the reference.")
    reference = models.CharField(max_length=80, default="", blank=True)
    taker_id = models.BigIntegerField(null=True)
    taker_kind = Code()
    taker_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [
            one_of(name="call_source_is_known", column="source", values=CallSource),
            one_of(name="call_state_is_known", column="state", values=CallState),
            models.UniqueConstraint(name="number_waits_for_one_call", fields=["phone"], condition=Q(state__in=_LIVE)),
            models.UniqueConstraint(
                name="call_of_a_sender_counts_once", fields=["sender", "reference"], condition=~Q(reference="")
            ),
            models.CheckConstraint(
                name="claimed_call_has_an_owner",
                condition=Q(state=CallState.CLAIMED.value, owner__isnull=False, claimed_at__isnull=False)
                | ~Q(state=CallState.CLAIMED.value),
            ),
            models.CheckConstraint(
                name="ended_call_has_its_instant",
                condition=Q(state__in=_LIVE, ended_at=None) | ~Q(state__in=_LIVE) & Q(ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="call_window_is_whole",
                condition=Q(from_at=None, until_at=None)
                | Q(from_at__isnull=False, until_at__isnull=False, until_at__gt=F("from_at")),
            ),
        ]
        indexes = [
            models.Index(name="live_calls", fields=["due_at"], condition=Q(state__in=_LIVE)),
            models.Index(name="calls_by_number", fields=["phone"]),
        ]


class CallReference(models.Model):
    """The number under which a program asked for a call that was owed already; it counts once, as that of a new one."""

    request = models.ForeignKey(CallRequest, on_delete=models.PROTECT, related_name="references")
    sender = models.CharField(max_length=60)
    reference = models.CharField(max_length=80)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="further_reference_counts_once", fields=["sender", "reference"]),
        ]


class CallAttempt(models.Model):
    """One call that was made, and how it went. Append-only."""

    request = models.ForeignKey(CallRequest, on_delete=models.PROTECT, related_name="attempts")
    at = models.DateTimeField(default=timezone.now)
    result = Code(choices=choices_of(CallResult))
    note = models.CharField(max_length=NOTE_MOST, default="", blank=True)
    key = models.CharField(max_length=100, default="", blank=True, help_text="The same form sent twice is one call.")
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [
            one_of(name="call_result_is_known", column="result", values=CallResult),
            models.UniqueConstraint(name="attempt_counts_once", fields=["request", "key"], condition=~Q(key="")),
        ]
        triggers = [pgtrigger.Protect(name="attempt_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class CallerCheck(models.Model):
    """
    A caller said who they are, and was asked to show it. Append-only; what they answered is kept nowhere.

    asked     codes of the questions, parted by commas; of a PIN none
    until_at  so long they count as known to who asked them; None: they did not show it
    """

    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="caller_checks")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="caller_checks")
    at = models.DateTimeField(default=timezone.now)
    way = Code(choices=choices_of(CheckWay))
    asked = models.CharField(max_length=200, default="", blank=True)
    right = models.SmallIntegerField(default=0)
    is_passed = models.BooleanField()
    until_at = models.DateTimeField(null=True)
    phone = models.CharField(max_length=40, default="", blank=True, help_text="From which they called, if it was told.")
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [
            one_of(name="check_way_is_known", column="way", values=CheckWay),
            models.CheckConstraint(
                name="passed_check_has_an_end",
                condition=Q(is_passed=True, until_at__isnull=False) | Q(is_passed=False, until_at=None),
            ),
        ]
        indexes = [models.Index(name="checks_of_customer", fields=["customer", "-at"])]
        triggers = [pgtrigger.Protect(name="check_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
