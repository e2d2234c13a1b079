"""What is doubtful about energy: what a person looks at, and what keeps it from being approved."""

from django.db import models
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from metering.domain.exceptions import ExceptionState
from metering.domain.vee import Severity


class UsageException(models.Model):
    """
    A finding about a register over [start_date, end_date), kept while its cause is there.

    The approval of usage opens it once, brings it up to date, and sets it to ``gone`` when the cause is gone. A person
    accepts it with a reason: what was accepted is not opened again while it says the same. What is missing or does not
    fit at all is of one day, and start and end are that day.
    """

    service_point = models.ForeignKey("metering.ServicePoint", on_delete=models.PROTECT, related_name="exceptions")
    register = models.ForeignKey(
        "metering.Register", on_delete=models.PROTECT, related_name="exceptions", db_index=False
    )
    code = Code(help_text="metering.domain.vee.Code, or what usage_rows finds.")
    severity = Code(choices=choices_of(Severity))
    state = Code(choices=choices_of(ExceptionState), default=ExceptionState.OPEN.value)
    start_date = models.DateField()
    end_date = models.DateField()
    fact_date = models.DateField(help_text="Day on which it shows.")
    measure = models.BigIntegerField(null=True, help_text="What was found, in the unit of the rule; empty: no number.")
    bound = models.BigIntegerField(null=True, help_text="What it is held against.")
    opened_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, help_text="When it was accepted, or its cause was gone.")
    decider_id = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        constraints = [
            one_of(name="exception_state_is_known", column="state", values=ExceptionState),
            one_of(name="exception_severity_is_known", column="severity", values=Severity),
            models.CheckConstraint(
                name="exception_does_not_end_before_it_begins",
                condition=models.Q(end_date__gte=models.F("start_date")),
            ),
            models.CheckConstraint(
                name="accepted_exception_says_by_whom_and_why",
                condition=~models.Q(state=ExceptionState.ACCEPTED.value)
                | (models.Q(decider_id__isnull=False, closed_at__isnull=False) & ~models.Q(reason="")),
            ),
            models.UniqueConstraint(
                name="exception_stands_once",
                fields=["register", "code", "start_date"],
                condition=models.Q(state__in=["open", "accepted"]),
            ),
        ]
        indexes = [models.Index(name="exception_by_state", fields=["state", "-id"])]
