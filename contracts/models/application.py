"""Applications for a supply: what is asked for, by whom, with which papers, and each move on its way."""

import pgtrigger
from django.db import models
from django.utils import timezone

from accounts.domain.identity import CustomerKind
from cis.platform.fields import Code, SearchGrams, choices_of, one_of, search_index
from contracts.domain.application_workflow import OPEN, ApplicationAction, ApplicationState, StandardClass, WaitsFor
from contracts.domain.applications import AgentScope, ApplicationChannel, ApplicationKind, PaperKind
from contracts.domain.terms import UseClass
from metering.domain.places import Voltage

_OPEN = [state.value for state in OPEN]


class ServiceApplication(models.Model):
    """
    One application for one supply or many at one place.

    Customer and account are known once the papers are confirmed, or before if the customer was known.
    """

    number = models.CharField(max_length=20, unique=True, help_text="As the applicant is told.")
    kind = Code(choices=choices_of(ApplicationKind))
    channel = Code(choices=choices_of(ApplicationChannel))
    state = Code(choices=choices_of(ApplicationState), default=ApplicationState.APPLIED.value)
    state_since = models.DateTimeField(default=timezone.now)
    waits_for = Code(choices=choices_of(WaitsFor), default=WaitsFor.DESK.value)
    suspended_at = models.DateTimeField(null=True, help_text="Its clocks stand still since then.")
    standard_class = Code(choices=choices_of(StandardClass))
    applicant_kind = Code(choices=choices_of(CustomerKind))
    name = models.CharField(max_length=200)
    id_number = models.CharField(max_length=40)
    phone = models.CharField(max_length=60, default="", blank=True)
    is_mobile = models.BooleanField(default=False)
    email = models.CharField(max_length=254, default="", blank=True)
    language = models.CharField(max_length=10, default="zh-hans")
    agent_name = models.CharField(max_length=200, default="", blank=True)
    agent_id_number = models.CharField(max_length=40, default="", blank=True)
    agent_phone = models.CharField(max_length=60, default="", blank=True)
    agent_scope = Code(choices=choices_of(AgentScope), default="", blank=True)
    premises = models.ForeignKey("metering.Premises", on_delete=models.PROTECT, null=True, related_name="applications")
    address = models.CharField(max_length=300)
    district = models.CharField(max_length=100, default="", blank=True)
    postcode = models.CharField(max_length=12, default="", blank=True)
    is_dual = models.BooleanField(default=False, help_text="Fed from two sources.")
    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, null=True, related_name="applications")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, null=True, related_name="applications")
    kept_customer_since = models.DateTimeField(
        null=True,
        help_text="Since when it is of a customer who was kept before: who looked earlier may not.",
    )
    contract_number = models.CharField(max_length=40, default="", blank=True)
    note = models.TextField(default="", blank=True)
    external_id = models.CharField(max_length=64, default="", blank=True)
    link_sha256 = models.CharField(max_length=64, default="", help_text="Of the secret in the link to its page.")
    link_until = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, help_text="When it was energized, withdrawn or rejected.")
    actor_id = models.BigIntegerField(null=True)
    search_grams = SearchGrams()

    class Meta:
        constraints = [
            one_of(name="application_state_is_known", column="state", values=ApplicationState),
            one_of(name="application_kind_is_known", column="kind", values=ApplicationKind),
            one_of(name="application_waits_for_somebody", column="waits_for", values=WaitsFor),
            models.UniqueConstraint(
                name="application_of_a_system_is_one",
                fields=["actor_id", "external_id"],
                condition=~models.Q(external_id=""),
            ),
            models.CheckConstraint(
                name="ended_application_has_its_instant",
                condition=models.Q(state__in=_OPEN, ended_at=None)
                | ~models.Q(state__in=_OPEN) & models.Q(ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="documented_application_has_a_customer",
                condition=models.Q(state__in=["applied", "withdrawn", "rejected"])
                | models.Q(customer__isnull=False, account__isnull=False),
            ),
        ]
        indexes = [
            search_index("application_search"),
            models.Index(name="application_open", fields=["waits_for", "-id"], condition=models.Q(state__in=_OPEN)),
            models.Index(name="application_by_state", fields=["state", "-id"]),
            models.Index(name="application_by_id_number", fields=["id_number"]),
        ]


class ApplicationItem(models.Model):
    """One supply of an application: what is asked for, and the service point, meter and agreement that it got."""

    application = models.ForeignKey("contracts.ServiceApplication", on_delete=models.PROTECT, related_name="items")
    seq = models.IntegerField()
    unit = models.CharField(max_length=60, default="", blank=True)
    use_class = Code(choices=choices_of(UseClass))
    voltage = Code(choices=choices_of(Voltage))
    capacity_w = models.BigIntegerField()
    conflict_key = models.CharField(max_length=400)
    is_open = models.BooleanField(default=True, help_text="Its application is open: nobody else applies for the same.")
    service_point = models.ForeignKey(
        "metering.ServicePoint", on_delete=models.PROTECT, null=True, related_name="application_items"
    )
    agreement = models.ForeignKey(
        "contracts.ServiceAgreement", on_delete=models.PROTECT, null=True, related_name="application_items"
    )
    metered_at = models.DateTimeField(null=True)
    energized_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="application_item_has_one_place", fields=["application", "seq"]),
            models.UniqueConstraint(
                name="one_open_application_for_a_supply", fields=["conflict_key"], condition=models.Q(is_open=True)
            ),
            one_of(name="item_voltage_is_known", column="voltage", values=Voltage),
            one_of(name="item_use_class_is_known", column="use_class", values=UseClass),
            models.CheckConstraint(name="item_asks_for_capacity", condition=models.Q(capacity_w__gt=0)),
        ]


class ApplicationLoad(models.Model):
    """Appliances or machines that the applicant names. [W]"""

    application = models.ForeignKey("contracts.ServiceApplication", on_delete=models.PROTECT, related_name="loads")
    seq = models.SmallIntegerField()
    name = models.CharField(max_length=100)
    power_w = models.BigIntegerField()
    count = models.IntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="load_has_one_place", fields=["application", "seq"]),
            models.CheckConstraint(name="load_is_a_load", condition=models.Q(power_w__gt=0, count__gt=0)),
        ]


class ApplicationPaper(models.Model):
    """A paper that came with an application; a later one of a kind stands beside the earlier."""

    application = models.ForeignKey("contracts.ServiceApplication", on_delete=models.PROTECT, related_name="papers")
    kind = Code(choices=choices_of(PaperKind))
    document = models.ForeignKey("platform.Document", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=255, help_text="As the file was called.")
    came_at = models.DateTimeField(default=timezone.now)
    actor_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [
            one_of(name="application_paper_kind_is_known", column="kind", values=PaperKind),
            models.UniqueConstraint(name="application_paper_comes_once", fields=["application", "kind", "document"]),
        ]


class ApplicationMove(models.Model):
    """One move of an application. Append-only."""

    application = models.ForeignKey("contracts.ServiceApplication", on_delete=models.PROTECT, related_name="moves")
    at = models.DateTimeField(default=timezone.now)
    action = Code(help_text="apply, or an action of the workflow.")
    before = Code(default="", blank=True)
    after = Code(choices=choices_of(ApplicationState))
    reason = models.CharField(max_length=500, default="", blank=True)
    actor_kind = Code()
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="application_action_is_known",
                condition=models.Q(action__in=["apply", *[one.value for one in ApplicationAction]]),
            )
        ]
        indexes = [
            models.Index(name="move_of_application", fields=["application", "id"]),
            models.Index(name="move_by_action", fields=["action", "at"]),
        ]
        triggers = [
            pgtrigger.Protect(name="move_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]


class ApplicationMessage(models.Model):
    """What supplier and applicant write to each other about an application."""

    application = models.ForeignKey("contracts.ServiceApplication", on_delete=models.PROTECT, related_name="messages")
    at = models.DateTimeField(default=timezone.now)
    is_from_applicant = models.BooleanField()
    text = models.CharField(max_length=1000)
    actor_name = models.CharField(max_length=150, default="")

    class Meta:
        indexes = [models.Index(name="message_of_application", fields=["application", "id"])]
