"""What is done about debts: demands, what stops them, weather, and orders of disconnection with their moves."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from arrears.domain.cut_facts import HoldKind
from arrears.domain.disconnection import UNDER_WAY, OrderState, Way
from cis.platform.fields import Code, choices_of, one_of


class CollectionCase(models.Model):
    """The pursuit of an account that is overdue, from its first demand until it owes nothing overdue."""

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="collection_cases")
    customer_class = Code()
    opened_date = models.DateField()
    closed_date = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="account_has_one_open_case", fields=["account"], condition=Q(closed_date__isnull=True)
            ),
        ]


class CollectionMove(models.Model):
    """A step of the ladder that was done; ``proven_at``: when the customer had it, shown by ``proof``."""

    case = models.ForeignKey(CollectionCase, on_delete=models.PROTECT, related_name="moves")
    step = Code()
    channel = Code()
    done_at = models.DateTimeField()
    proven_at = models.DateTimeField(null=True)
    proof = models.CharField(max_length=300, default="", blank=True)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(name="proof_of_a_demand_is_named", condition=Q(proven_at=None) | ~Q(proof="")),
        ]


class Hold(models.Model):
    """
    What keeps an account, or one bill, from being pursued: the register of life support and of vulnerable customers,
    disputes, complaints, plans, money under way. A row is never deleted; it is lifted, with a reason.
    """

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="holds")
    kind = Code(choices=choices_of(HoldKind))
    bill = models.ForeignKey(
        "billing.Bill", on_delete=models.PROTECT, null=True, related_name="holds", db_constraint=False
    )
    since_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True)
    evidence = models.CharField(max_length=300, help_text="Certificate, complaint, agreement: what shows it.")
    lift_reason = models.CharField(max_length=300, default="", blank=True)
    placed_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [
            one_of(name="hold_kind_is_known", column="kind", values=HoldKind),
            models.CheckConstraint(
                name="hold_ends_after_it_began", condition=Q(until_at=None) | Q(until_at__gte=F("since_at"))
            ),
        ]


class Forecast(models.Model):
    """Temperatures that are foretold up to an instant. [1/10 degree Celsius]"""

    made_at = models.DateTimeField(unique=True)
    until_at = models.DateTimeField()
    coldest_tenths = models.SmallIntegerField()
    hottest_tenths = models.SmallIntegerField()


class DisconnectionOrder(models.Model):
    """An order to cut one place off for the debts of one account, from proposal to current that flows again."""

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="disconnections")
    service_point = models.ForeignKey("metering.ServicePoint", on_delete=models.PROTECT, related_name="disconnections")
    customer_class = Code()
    state = Code(choices=choices_of(OrderState), default=OrderState.PROPOSED.value)
    way = Code(choices=choices_of(Way))
    reason = models.CharField(max_length=300)
    bill_ids = ArrayField(models.BigIntegerField(), default=list, help_text="Bills that the notice names.")
    notice_proven_at = models.DateTimeField(null=True)
    notice_proof = models.CharField(max_length=300, default="", blank=True)
    slot_start_at = models.DateTimeField(null=True)
    slot_end_at = models.DateTimeField(null=True)
    copied_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(help_text="An order that was not dispatched by then is none.")
    meter_id = models.BigIntegerField(null=True)
    command_id = models.BigIntegerField(null=True, help_text="The command that cuts, or restores.")
    work_order_id = models.BigIntegerField(null=True)
    proposed_at = models.DateTimeField()
    proposer_id = models.BigIntegerField(null=True)
    proposer_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [
            one_of(name="disconnection_state_is_known", column="state", values=OrderState),
            one_of(name="disconnection_way_is_known", column="way", values=Way),
            models.UniqueConstraint(
                name="place_is_cut_off_once_at_a_time",
                fields=["service_point"],
                condition=Q(state__in=[state.value for state in UNDER_WAY]),
            ),
        ]
        indexes = [models.Index(name="disconnection_by_state", fields=["state", "id"])]


class DisconnectionMove(models.Model):
    """One move of an order: who did what when."""

    order = models.ForeignKey(DisconnectionOrder, on_delete=models.PROTECT, related_name="moves")
    action = Code()
    state = Code()
    at = models.DateTimeField()
    note = models.CharField(max_length=300, default="", blank=True)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")
