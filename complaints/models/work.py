"""What is done about a case: findings, answers, calls back, pictures, what it is about, what was executed from it."""

from functools import reduce
from operator import or_

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from complaints.domain.kinds import DeedKind, Evidence, ReplyWay, Satisfaction
from complaints.models.case import Case


class Finding(models.Model):
    """What was found, and what shows it. Append-only."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="findings")
    at = models.DateTimeField(default=timezone.now)
    text = models.CharField(max_length=1000)
    evidence = Code(choices=choices_of(Evidence))
    shown_by = models.CharField(max_length=200, default="", blank=True, help_text="Number of the bill, date of a read.")
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [one_of(name="finding_evidence_is_known", column="evidence", values=Evidence)]
        triggers = [pgtrigger.Protect(name="finding_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class CaseReply(models.Model):
    """What the caller was told; ``is_interim``: not yet the answer. Append-only."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="replies")
    at = models.DateTimeField(default=timezone.now)
    is_interim = models.BooleanField()
    way = Code(choices=choices_of(ReplyWay))
    text = models.CharField(max_length=2000)
    key = models.CharField(max_length=100, default="", blank=True, help_text="The same form sent twice is one word.")
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [
            one_of(name="reply_way_is_known", column="way", values=ReplyWay),
            models.UniqueConstraint(name="word_is_said_once", fields=["case", "key"], condition=~Q(key="")),
        ]
        triggers = [pgtrigger.Protect(name="reply_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class CallBack(models.Model):
    """A call back, or the customer's own word in the portal. Append-only."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="call_backs")
    at = models.DateTimeField(default=timezone.now)
    result = Code(choices=choices_of(Satisfaction))
    stars = models.SmallIntegerField(null=True)
    note = models.CharField(max_length=500, default="", blank=True)
    key = models.CharField(max_length=100, default="", blank=True, help_text="The same form sent twice is one call.")
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [
            one_of(name="call_back_result_is_known", column="result", values=Satisfaction),
            models.CheckConstraint(name="call_has_one_to_five_stars", condition=Q(stars=None) | Q(stars__range=(1, 5))),
            models.UniqueConstraint(name="call_counts_once", fields=["case", "key"], condition=~Q(key="")),
        ]
        triggers = [pgtrigger.Protect(name="call_back_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class CasePhoto(models.Model):
    """A picture that came with a case, or was taken later; customers see those that customers sent."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="photos")
    document = models.ForeignKey("platform.Document", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    actor_kind = Code(default="", blank=True)
    actor_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [models.UniqueConstraint(name="photo_is_in_a_case_once", fields=["case", "document"])]


LINKED = ("bill", "read", "work_order", "application", "fault_report", "meter_alarm")
"""What a link may be to, one of them a row."""


class CaseLink(models.Model):
    """What a case is about beside its account, one a row: a bill, read, order, application, report or alarm."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="links")
    bill = models.ForeignKey("billing.Bill", on_delete=models.PROTECT, null=True, related_name="case_links")
    read = models.ForeignKey("metering.RegisterRead", on_delete=models.PROTECT, null=True, related_name="case_links")
    work_order = models.ForeignKey("metering.WorkOrder", on_delete=models.PROTECT, null=True, related_name="case_links")
    application = models.ForeignKey(
        "contracts.ServiceApplication", on_delete=models.PROTECT, null=True, related_name="case_links"
    )
    fault_report = models.ForeignKey(
        "metering.FaultReport", on_delete=models.PROTECT, null=True, related_name="case_links"
    )
    meter_alarm = models.ForeignKey(
        "metering.MeterAlarm", on_delete=models.PROTECT, null=True, related_name="case_links"
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="link_is_to_one_thing",
                condition=reduce(
                    or_,
                    (Q(**{f"{one}__isnull": one != named for one in LINKED}) for named in LINKED),
                ),
            ),
            *(
                models.UniqueConstraint(
                    name=f"{column}_is_linked_once", fields=["case", column], condition=~Q(**{column: None})
                )
                for column in LINKED
            ),
        ]


class CaseDeed(models.Model):
    """
    Something that was executed from a case, once for its key.

    adjustment, refund, run, work_order, hold, document  what it made, by its kind
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="deeds")
    kind = Code(choices=choices_of(DeedKind))
    key = models.CharField(max_length=100, help_text="The same request twice is one deed.")
    at = models.DateTimeField(default=timezone.now)
    adjustment = models.ForeignKey("billing.Adjustment", on_delete=models.PROTECT, null=True, related_name="case_deeds")
    refund = models.ForeignKey("billing.Refund", on_delete=models.PROTECT, null=True, related_name="case_deeds")
    run = models.ForeignKey("billing.BillRun", on_delete=models.PROTECT, null=True, related_name="case_deeds")
    work_order = models.ForeignKey("metering.WorkOrder", on_delete=models.PROTECT, null=True, related_name="case_deeds")
    hold = models.ForeignKey("arrears.Hold", on_delete=models.PROTECT, null=True, related_name="case_deeds")
    document = models.ForeignKey("platform.Document", on_delete=models.PROTECT, null=True, related_name="+")
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="deed_is_done_once", fields=["case", "kind", "key"]),
            models.CheckConstraint(
                name="deed_names_what_it_made",
                condition=Q(kind=DeedKind.ADJUSTMENT.value, adjustment__isnull=False)
                | Q(kind=DeedKind.REFUND.value, refund__isnull=False)
                | Q(kind=DeedKind.REBILL.value, run__isnull=False)
                | Q(kind=DeedKind.RE_READ.value, work_order__isnull=False)
                | Q(kind=DeedKind.HOLD.value, hold__isnull=False)
                | Q(kind=DeedKind.APOLOGY.value, document__isnull=False),
            ),
        ]
