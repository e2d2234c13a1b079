"""What customers may ask of us about their own data: to get them all, and that they are overwritten."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.domain.privacy import OPEN_ERASURES, ErasureReason, ErasureState, ExportState
from cis.platform.fields import Code, choices_of, one_of


class Erasure(models.Model):
    """
    The personal data of a customer are to be overwritten: found by night or asked for, released by another person.

    counts                rows that were overwritten, by table
    asker_id, decider_id  users; below 0: a program, by its key
    """

    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="erasures")
    state = Code(choices=choices_of(ErasureState), default=ErasureState.DUE.value)
    reason = Code(choices=choices_of(ErasureReason))
    since_date = models.DateField(help_text="Last day that anything held the data; the retention counts from here.")
    asker_kind = Code()
    asker_id = models.BigIntegerField(null=True)
    asker_name = models.CharField(max_length=150, default="")
    created_at = models.DateTimeField(default=timezone.now)
    decider_id = models.BigIntegerField(null=True, help_text="The second person.")
    decider_name = models.CharField(max_length=150, default="")
    decided_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    stuck = Code(default="", help_text="What stood against it when it was to be done.")
    counts = models.JSONField(default=dict)

    class Meta:
        constraints = [
            one_of(name="erasure_state_is_known", column="state", values=ErasureState),
            models.UniqueConstraint(
                name="customer_is_erased_once", fields=["customer"],
                condition=Q(state__in=[one.value for one in OPEN_ERASURES]),
            ),
            models.CheckConstraint(
                name="nobody_erases_alone",
                condition=Q(decider_id=None) | Q(asker_id=None) | ~Q(decider_id=F("asker_id")),
            ),
            models.CheckConstraint(
                name="erasure_that_is_done_was_released",
                condition=~Q(state__in=["released", "done"]) | Q(decider_id__isnull=False),
            ),
        ]  # fmt: skip


class DataExport(models.Model):
    """
    All that is held on a customer, as a file for that customer; it can be fetched for some days.

    kept_back  rows that are kept from whoever asked, by kind (``cis.platform.concealed``)
    """

    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="data_exports")
    state = Code(choices=choices_of(ExportState), default=ExportState.WAITING.value)
    asker_kind = Code()
    asker_id = models.BigIntegerField(null=True)
    asker_name = models.CharField(max_length=150, default="")
    kept_back = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    made_at = models.DateTimeField(null=True)
    expires_date = models.DateField(null=True, help_text="First day on which it cannot be fetched.")
    document_id = models.BigIntegerField(null=True)
    fetched = models.IntegerField(default=0)

    class Meta:
        constraints = [
            one_of(name="export_state_is_known", column="state", values=ExportState),
            models.CheckConstraint(
                name="export_that_is_ready_has_a_file",
                condition=~Q(state="ready") | Q(document_id__isnull=False, expires_date__isnull=False),
            ),
        ]
        indexes = [models.Index(name="exports_of_customer", fields=["customer", "-id"])]
