"""Cases of breach, and amounts that are charged once."""

from django.db import models
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from contracts.domain.breaches import BreachKind, ChargeKind
from contracts.domain.charge_workflow import ChargeState


class BreachCase(models.Model):
    """
    One breach of a supply contract, or theft of energy: what was found, and what it costs by which rule.

    The energy of a theft is a correction of usage, which is billed as energy at the prices of its months; it is applied
    when the case is agreed. All else are charges.
    """

    agreement = models.ForeignKey("contracts.ServiceAgreement", on_delete=models.PROTECT, related_name="breaches")
    kind = Code(choices=choices_of(BreachKind))
    state = Code(choices=choices_of(ChargeState), default=ChargeState.PROPOSED.value)
    found_date = models.DateField()
    given = models.JSONField(default=dict, help_text="What was typed in, by name, as text.")
    evidence = models.TextField(help_text="Report, photo, order: what shows it.")
    correction = models.ForeignKey(
        "metering.UsageCorrection", on_delete=models.PROTECT, null=True, related_name="breaches"
    )
    request_key = models.CharField(max_length=64, unique=True, help_text="The same request twice is one case.")
    proposed_at = models.DateTimeField(default=timezone.now)
    proposer_id = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField(null=True)
    decider_id = models.BigIntegerField(null=True, help_text="Who agreed to it or dropped it.")
    cancelled_at = models.DateTimeField(null=True)
    canceller_id = models.BigIntegerField(null=True)
    cancel_reason = models.CharField(max_length=300, default="")

    class Meta:
        constraints = [
            one_of(name="breach_kind_is_known", column="kind", values=BreachKind),
            one_of(name="breach_state_is_known", column="state", values=ChargeState),
        ]


class OneOffCharge(models.Model):
    """
    An amount that the next bill of the agreement's account carries, once.

    Agreed by two persons, taken back by cancelling: the bill after that takes it back if one has carried it.
    """

    agreement = models.ForeignKey("contracts.ServiceAgreement", on_delete=models.PROTECT, related_name="charges")
    case = models.ForeignKey("contracts.BreachCase", on_delete=models.PROTECT, null=True, related_name="charges")
    kind = Code(choices=choices_of(ChargeKind))
    state = Code(choices=choices_of(ChargeState), default=ChargeState.PROPOSED.value)
    amount_minor = models.BigIntegerField(help_text="What is owed, tax included.")
    tax_minor = models.BigIntegerField(default=0, help_text="VAT contained in the amount.")
    ledger_class = models.CharField(max_length=20)
    reason = models.CharField(max_length=200, help_text="What it is for: the breach.")
    legal_source = models.TextField()
    agreed_date = models.DateField(null=True)

    class Meta:
        constraints = [
            one_of(name="charge_kind_is_known", column="kind", values=ChargeKind),
            one_of(name="charge_state_is_known", column="state", values=ChargeState),
            models.CheckConstraint(
                name="charge_is_an_amount",
                condition=models.Q(amount_minor__gt=0, tax_minor__gte=0, tax_minor__lt=models.F("amount_minor")),
            ),
            models.CheckConstraint(
                name="agreed_charge_has_its_day",
                condition=models.Q(agreed_date__isnull=False) | models.Q(state__in=["proposed", "dropped"]),
            ),
        ]
