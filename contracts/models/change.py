"""Changes of use: what was asked for, what became of it, and what it did."""

from django.db import models
from django.utils import timezone

from cis.kernel.actors import ActorKind
from cis.platform.fields import Code, choices_of, one_of
from contracts.domain.changes import ChangeAction, ChangeKind, ChangeState, PaperKind


class ChangeSet(models.Model):
    """
    A change of use: effects that take hold together at 00:00 of a local date.

    ``stuck_*``: why it could not take hold on its date; somebody has to look at it.
    """

    kind = Code(choices=choices_of(ChangeKind))
    state = Code(choices=choices_of(ChangeState), default=ChangeState.DRAFTED.value)
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, null=True, related_name="changes")
    agreement = models.ForeignKey(
        "contracts.ServiceAgreement", on_delete=models.PROTECT, null=True, related_name="changes"
    )
    asked_date = models.DateField(help_text="When the customer asked for it; notice counts from here.")
    effective_date = models.DateField(help_text="Local date from whose 00:00 on it holds.")
    until_date = models.DateField(null=True, help_text="First local date on which it holds no more.")
    customer = models.ForeignKey(
        "accounts.Customer", on_delete=models.PROTECT, null=True, related_name="changes", help_text="Who comes."
    )
    name = models.CharField(max_length=200, default="", blank=True)
    service_point = models.ForeignKey(
        "metering.ServicePoint", on_delete=models.PROTECT, null=True, related_name="changes"
    )
    tariff = models.ForeignKey("tariffs.Tariff", on_delete=models.PROTECT, null=True, related_name="changes")
    household = models.SmallIntegerField(null=True)
    capacity_va = models.BigIntegerField(null=True)
    suspended_va = models.BigIntegerField(null=True)
    contract_w = models.BigIntegerField(null=True)
    position = models.CharField(max_length=200, default="", blank=True, help_text="Where the meter is to hang.")
    reason = models.CharField(max_length=300, default="", blank=True)
    origin = Code(choices=choices_of(ActorKind), default=ActorKind.STAFF.value)
    request_key = models.CharField(max_length=100, unique=True)
    request_sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    carried_out_at = models.DateTimeField(null=True)
    new_account = models.ForeignKey(
        "accounts.Account", on_delete=models.PROTECT, null=True, related_name="begun_by_changes"
    )
    new_agreement = models.ForeignKey(
        "contracts.ServiceAgreement", on_delete=models.PROTECT, null=True, related_name="begun_by_changes"
    )
    stuck_code = models.CharField(max_length=60, default="", blank=True)
    stuck_message = models.TextField(default="", blank=True)

    class Meta:
        constraints = [
            one_of(name="change_kind_is_known", column="kind", values=ChangeKind),
            one_of(name="change_state_is_known", column="state", values=ChangeState),
            models.CheckConstraint(
                name="change_ends_after_it_holds",
                condition=models.Q(until_date=None) | models.Q(until_date__gt=models.F("effective_date")),
            ),
        ]
        indexes = [
            models.Index(name="change_that_is_due", fields=["effective_date"], condition=models.Q(state="confirmed")),
            models.Index(name="change_by_age", fields=["-created_at", "-id"]),
        ]


class ChangePart(models.Model):
    """One new supply of a split, or one supply that a merge gives up."""

    change = models.ForeignKey("contracts.ChangeSet", on_delete=models.PROTECT, related_name="parts")
    seq = models.SmallIntegerField()
    agreement = models.ForeignKey("contracts.ServiceAgreement", on_delete=models.PROTECT, null=True, related_name="+")
    service_point = models.ForeignKey("metering.ServicePoint", on_delete=models.PROTECT, null=True, related_name="+")
    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, null=True, related_name="+")
    tariff = models.ForeignKey("tariffs.Tariff", on_delete=models.PROTECT, null=True, related_name="+")
    household = models.SmallIntegerField(default=1)
    capacity_va = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="part_has_one_place", fields=["change", "seq"])]


class ChangeRead(models.Model):
    """What a counter shows at the instant of a change. [Wh, before the multiplier]"""

    change = models.ForeignKey("contracts.ChangeSet", on_delete=models.PROTECT, related_name="reads")
    serial = models.CharField(max_length=40)
    register = models.CharField(max_length=20, blank=True)
    reading_wh = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="change_reads_a_counter_once", fields=["change", "serial", "register"])
        ]


class ChangePaper(models.Model):
    """A paper that proves something for a change."""

    change = models.ForeignKey("contracts.ChangeSet", on_delete=models.PROTECT, related_name="papers")
    kind = Code(choices=choices_of(PaperKind))
    document_id = models.BigIntegerField(help_text="platform.Document")
    file_name = models.CharField(max_length=255)
    created_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [one_of(name="paper_kind_is_known", column="kind", values=PaperKind)]


class ChangeMove(models.Model):
    """One step of a change, with who did it."""

    change = models.ForeignKey("contracts.ChangeSet", on_delete=models.PROTECT, related_name="moves")
    action = Code(choices=choices_of(ChangeAction))
    state = Code(choices=choices_of(ChangeState))
    at = models.DateTimeField(default=timezone.now)
    actor_kind = Code(choices=choices_of(ActorKind))
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150)
    reason = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        constraints = [one_of(name="change_action_is_known", column="action", values=ChangeAction)]


class ChangeEffect(models.Model):
    """
    One effect as it was done, with what held before, so that it can be shown and taken back.

    ``old_*`` of a change of terms: what held on its first day before it; of a new name: the old one.
    """

    change = models.ForeignKey("contracts.ChangeSet", on_delete=models.PROTECT, related_name="effects")
    seq = models.SmallIntegerField()
    code = Code()
    on_date = models.DateField()
    until_date = models.DateField(null=True)
    agreement = models.ForeignKey("contracts.ServiceAgreement", on_delete=models.PROTECT, null=True, related_name="+")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, null=True, related_name="+")
    old_tariff = models.ForeignKey("tariffs.Tariff", on_delete=models.PROTECT, null=True, related_name="+")
    old_household = models.SmallIntegerField(null=True)
    old_capacity_va = models.BigIntegerField(null=True)
    old_contract_w = models.BigIntegerField(null=True)
    old_suspended_va = models.BigIntegerField(null=True)
    old_network_w = models.BigIntegerField(null=True, help_text="What the network counted there. [W]")
    old_name = models.CharField(max_length=200, default="", blank=True)
    text = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="effect_has_one_place", fields=["change", "seq"])]
