"""Objects of OpenADR: programs, events, reports, subscriptions, VENs and their resources, as clients wrote them."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from contracts.domain.openadr import ObjectKind

_LIVE = models.Q(deleted_at=None)


class OpenAdrObject(models.Model):
    """
    One object. Its document is a text of somebody else, kept as it was written; what is looked for stands beside it.

    Deleted, it stays as a row, for those who are to be told so.
    """

    kind = Code(choices=choices_of(ObjectKind))
    object_id = models.CharField(max_length=36, unique=True)
    client_id = models.CharField(max_length=128, help_text="Name of the key whose it is; empty: ours.", blank=True)
    name = models.CharField(max_length=128, default="", blank=True, help_text="By which it is looked for.")
    targets = ArrayField(models.CharField(max_length=128), default=list, blank=True)
    """Of a report: those of the enrolments of whom it speaks."""
    document = models.TextField()
    version = models.IntegerField(default=1)
    program = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    event = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    ven = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    modified_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True, help_text="When an event is over; empty: nobody can say.")
    deleted_at = models.DateTimeField(null=True)
    demand_program = models.ForeignKey("contracts.Program", on_delete=models.PROTECT, null=True, related_name="+")
    demand_event = models.ForeignKey("contracts.DemandEvent", on_delete=models.PROTECT, null=True, related_name="+")
    enrollment = models.ForeignKey(
        "contracts.Enrollment", on_delete=models.PROTECT, null=True, related_name="+",
        help_text="Of a resource: who answers by it. Of a report: of whom it speaks.",
    )  # fmt: skip
    blocked_at = models.DateTimeField(null=True, help_text="Of a VEN: its client is refused.")
    called_at = models.DateTimeField(null=True, help_text="Of a subscription: when it was called back last.")
    call_error = models.CharField(max_length=200, default="", blank=True, help_text="Empty: it took what it was told.")

    class Meta:
        constraints = [
            one_of(name="openadr_kind_is_known", column="kind", values=ObjectKind),
            models.UniqueConstraint(
                name="openadr_name_is_taken_once", fields=["kind", "name"],
                condition=_LIVE & models.Q(kind__in=[ObjectKind.PROGRAM.value, ObjectKind.VEN.value]),
            ),
            models.UniqueConstraint(
                name="a_ven_names_a_resource_once", fields=["ven", "name"],
                condition=_LIVE & models.Q(kind=ObjectKind.RESOURCE.value),
            ),
            models.UniqueConstraint(
                name="a_programme_is_shown_once", fields=["demand_program"],
                condition=models.Q(demand_program__isnull=False),
            ),
            models.UniqueConstraint(
                name="a_demand_event_is_shown_once", fields=["demand_event"],
                condition=models.Q(demand_event__isnull=False),
            ),
            models.UniqueConstraint(
                name="an_enrolment_has_one_resource", fields=["enrollment"],
                condition=_LIVE & models.Q(kind=ObjectKind.RESOURCE.value, enrollment__isnull=False),
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(name="openadr_by_kind", fields=["kind", "id"], condition=_LIVE),
            models.Index(name="openadr_by_client", fields=["client_id", "kind"]),
            GinIndex(name="openadr_by_target", fields=["targets"]),
        ]
