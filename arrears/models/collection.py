"""What is done about debts: demands, what stops them, weather, and orders of disconnection with their moves."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from arrears.domain.cut_facts import HoldKind
from arrears.domain.disconnection import UNDER_WAY, CutBatchState, OrderState, Way
from cis.platform.fields import Code, choices_of, one_of


class CollectionCase(models.Model):
    """
    The pursuit of an account that is overdue, from its first demand until it owes nothing overdue.

    What it owed and what comes next stands as it was when the case was last looked at (``seen_date``): each night, and
    whenever money, a hold or a proof comes in.
    """

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="collection_cases")
    customer_class = Code()
    opened_date = models.DateField()
    closed_date = models.DateField(null=True)
    seen_date = models.DateField(null=True)
    oldest_due_date = models.DateField(null=True)
    overdue_minor = models.BigIntegerField(default=0)
    last_step = Code(default="")
    next_step = Code(default="")
    next_date = models.DateField(null=True, help_text="None: it waits for a proof, or for the end of a hold.")
    awaits = Code(default="", help_text="The step whose proof is missing.")
    held_by = Code(default="", help_text="Kind of the hold that stops it.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="account_has_one_open_case", fields=["account"], condition=Q(closed_date__isnull=True)
            ),
        ]
        indexes = [
            models.Index(name="open_cases_by_debt", fields=["-overdue_minor"], condition=Q(closed_date__isnull=True)),
        ]


class CollectionMove(models.Model):
    """
    A step of the ladder; ``done_at`` None: a call or a visit that is still to be made; ``proven_at``: when the
    customer had it, shown by ``proof``.
    """

    case = models.ForeignKey(CollectionCase, on_delete=models.PROTECT, related_name="moves")
    batch = models.ForeignKey("arrears.DunningBatch", on_delete=models.PROTECT, null=True, related_name="moves")
    step = Code()
    channel = Code()
    wants = Code(default="none", help_text="What has to prove that it was received.")
    amount_minor = models.BigIntegerField(default=0, help_text="What was overdue when it was made.")
    made_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True)
    proven_at = models.DateTimeField(null=True)
    proof = models.CharField(max_length=300, default="", blank=True)
    tries = models.SmallIntegerField(default=0, help_text="Calls that nobody answered.")
    work_order_id = models.BigIntegerField(null=True)
    notice_id = models.BigIntegerField(null=True, help_text="The notice whose receipt proves it.")
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(name="proof_of_a_demand_is_named", condition=Q(proven_at=None) | ~Q(proof="")),
            models.CheckConstraint(
                name="what_is_proven_was_done", condition=Q(proven_at=None) | Q(done_at__isnull=False)
            ),
        ]
        indexes = [
            models.Index(
                name="demands_to_be_proven",
                fields=["id"],
                condition=Q(proven_at=None, channel__in=("sms", "email", "letter")),
            ),
            models.Index(name="demands_to_be_made", fields=["channel", "id"], condition=Q(done_at=None)),
        ]


class Hold(models.Model):
    """
    What keeps an account, or one bill, from being pursued.

    People who are protected (their register is ``Protection`` of accounts), disputes, complaints, plans, money under
    way. A row is never deleted; it is lifted, with a reason.
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
    lift_asked_reason = models.CharField(
        max_length=300, default="", blank=True, help_text="Somebody asks to lift it; another person decides."
    )
    lift_asker_id = models.BigIntegerField(null=True)
    lifter_id = models.BigIntegerField(null=True)
    service_point = models.ForeignKey(
        "metering.ServicePoint",
        on_delete=models.PROTECT,
        null=True,
        related_name="holds",
        help_text="The place that it protects, whoever holds an account there.",
    )
    placed_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [
            one_of(name="hold_kind_is_known", column="kind", values=HoldKind),
            models.CheckConstraint(
                name="hold_ends_after_it_began", condition=Q(until_at=None) | Q(until_at__gte=F("since_at"))
            ),
            models.CheckConstraint(
                name="hold_is_lifted_by_another_than_asked",
                condition=Q(lifter_id=None) | Q(lift_asker_id=None) | ~Q(lifter_id=F("lift_asker_id")),
            ),
        ]


class Forecast(models.Model):
    """Temperatures that are foretold up to an instant. [1/10 degree Celsius]"""

    made_at = models.DateTimeField(unique=True)
    until_at = models.DateTimeField()
    coldest_tenths = models.SmallIntegerField()
    hottest_tenths = models.SmallIntegerField()
    source = models.CharField(max_length=200, default="", blank=True, help_text="Whose forecast it is.")
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")


class DisconnectionOrder(models.Model):
    """
    An order to cut one place off for the debts of one account, or for its balance where it is prepaid, from proposal to
    current that flows again.
    """

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
    prepayment_id = models.BigIntegerField(
        null=True, db_index=True, help_text="For whose balance it is; None: for debts."
    )
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


class PrepaidCutBatch(models.Model):
    """
    Prepaid supplies of one day that are more than go without a person: they wait until somebody lets them go.

    count  of that day, those that went before and those let go before included
    """

    day = models.DateField()
    state = Code(choices=choices_of(CutBatchState), default=CutBatchState.WAITING.value)
    order_ids = ArrayField(models.BigIntegerField(), default=list, help_text="The orders that wait; only these go.")
    count = models.IntegerField()
    bound = models.IntegerField(help_text="From so many on a person is asked, as the pack said then.")
    made_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True)
    decider_id = models.BigIntegerField(null=True)
    decider_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [
            one_of(name="prepaid_cut_batch_state_is_known", column="state", values=CutBatchState),
            models.UniqueConstraint(
                name="one_prepaid_cut_batch_waits", fields=["day"], condition=Q(state=CutBatchState.WAITING.value)
            ),
            models.CheckConstraint(
                name="prepaid_cut_batch_is_decided_by_somebody",
                condition=Q(state__in=[CutBatchState.WAITING.value, CutBatchState.LAPSED.value], decided_at=None)
                | Q(
                    state__in=[CutBatchState.APPROVED.value, CutBatchState.DROPPED.value],
                    decider_id__isnull=False,
                    decided_at__isnull=False,
                ),
            ),
        ]
