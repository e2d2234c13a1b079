"""Cases of breach, and amounts that are charged once."""

from django.db import models
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from contracts.domain.breach_steps import StepCode
from contracts.domain.breaches import BreachKind
from contracts.domain.charge_kinds import BY_NOTE, OF_BREACH, ChargeKind
from contracts.domain.charge_workflow import CaseState, ChargeState

_WITHOUT_CASE = (ChargeState.AGREED.value, ChargeState.CANCELLED.value)
_NOT_OWED = (ChargeState.PROPOSED.value, ChargeState.DROPPED.value)
_TWO_PERSONS = (CaseState.AGREED.value, CaseState.CANCELLING.value, CaseState.CANCELLED.value)


class BreachCase(models.Model):
    """
    One breach of a supply contract, or theft of energy: what was found, and what it costs by which rule.

    The energy of a theft is a correction of usage, which is billed as energy at the prices of its months; it is applied
    when the case is agreed. All else are charges. Two persons agree to it, and two persons cancel it: the database
    knows that too.
    """

    agreement = models.ForeignKey("contracts.ServiceAgreement", on_delete=models.PROTECT, related_name="breaches")
    kind = Code(choices=choices_of(BreachKind))
    state = Code(choices=choices_of(CaseState), default=CaseState.PROPOSED.value)
    found_date = models.DateField()
    given = models.JSONField(default=dict, help_text="What was typed in, by name, as text.")
    evidence = models.TextField(help_text="Report, photo, order: what shows it.")
    correction = models.ForeignKey(
        "metering.UsageCorrection", on_delete=models.PROTECT, null=True, related_name="breaches"
    )
    owed_minor = models.BigIntegerField(null=True, help_text="What the penalty of a theft is a multiple of.")
    computed_minor = models.BigIntegerField(null=True, help_text="What the bills say that the stolen energy costs.")
    owed_reason = models.CharField(max_length=300, default="", help_text="Why another cost is taken than that.")
    request_key = models.CharField(max_length=64, unique=True, help_text="The same request twice is one case.")
    request_sha256 = models.CharField(max_length=64, help_text="Of all that was asked for under the key.")
    proposed_at = models.DateTimeField(default=timezone.now)
    proposer_id = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField(null=True)
    decider_id = models.BigIntegerField(null=True, help_text="Who agreed to it or dropped it.")
    cancel_asked_at = models.DateTimeField(null=True)
    canceller_id = models.BigIntegerField(null=True, help_text="Who wants it cancelled.")
    cancel_reason = models.CharField(max_length=300, default="")
    cancelled_at = models.DateTimeField(null=True)
    cancel_decider_id = models.BigIntegerField(null=True, help_text="Who agreed to that.")

    class Meta:
        constraints = [
            one_of(name="breach_kind_is_known", column="kind", values=BreachKind),
            one_of(name="breach_state_is_known", column="state", values=CaseState),
            models.CheckConstraint(
                name="nobody_agrees_to_their_own_case",
                condition=~models.Q(state__in=_TWO_PERSONS)
                | models.Q(proposer_id__isnull=False, decider_id__isnull=False)
                & ~models.Q(decider_id=models.F("proposer_id")),
            ),
            models.CheckConstraint(
                name="nobody_cancels_a_case_alone",
                condition=~models.Q(state=CaseState.CANCELLED.value)
                | models.Q(canceller_id__isnull=False, cancel_decider_id__isnull=False)
                & ~models.Q(cancel_decider_id=models.F("canceller_id"))
                & ~models.Q(cancel_reason=""),
            ),
            models.CheckConstraint(
                name="cost_of_a_theft_is_computed_or_reasoned",
                condition=models.Q(owed_minor=None, computed_minor=None) & ~models.Q(kind=BreachKind.THEFT.value)
                | models.Q(kind=BreachKind.THEFT.value, owed_minor__gt=0)
                & (
                    models.Q(computed_minor__isnull=False, computed_minor=models.F("owed_minor"))
                    | ~models.Q(owed_reason="")
                ),
            ),
        ]


class OneOffCharge(models.Model):
    """
    An amount that the next bill of the account carries, once; cancelled, the bill after that takes it back.

    It comes from a case of breach, to which two persons agree, or from something that the customer signed, or it was
    agreed by hand: then it has a key, under which it is agreed once, and names what it comes from. By hand two persons
    agree to what is above the limit of the place; the database knows that too.
    """

    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="charges")
    agreement = models.ForeignKey(
        "contracts.ServiceAgreement", on_delete=models.PROTECT, null=True, related_name="charges"
    )
    case = models.ForeignKey("contracts.BreachCase", on_delete=models.PROTECT, null=True, related_name="charges")
    kind = Code(choices=choices_of(ChargeKind))
    state = Code(choices=choices_of(ChargeState), default=ChargeState.PROPOSED.value)
    amount_minor = models.BigIntegerField(help_text="What is owed, tax included.")
    tax_minor = models.BigIntegerField(default=0, help_text="VAT contained in the amount.")
    ledger_class = models.CharField(max_length=20)
    reason = models.CharField(max_length=200, help_text="What it is for, as people read it; of a case: the breach.")
    legal_source = models.TextField()
    agreed_date = models.DateField(null=True)
    key = models.CharField(  # noqa: DJ001 (none for those of a case)
        max_length=100, unique=True, null=True, help_text="The same key twice is one charge."
    )
    subject = Code(default="", help_text="What it comes from: offer, lease; empty: a case.")
    subject_id = models.BigIntegerField(null=True)
    cancel_reason = models.CharField(max_length=300, default="")
    is_for_two = models.BooleanField(default=False, help_text="By hand, above what one person agrees alone.")
    proposer_id = models.BigIntegerField(null=True, help_text="Staff who entered it by hand.")
    decider_id = models.BigIntegerField(null=True, help_text="Who agreed to it as the second person, or dropped it.")

    class Meta:
        constraints = [
            one_of(name="charge_kind_is_known", column="kind", values=ChargeKind),
            one_of(name="charge_state_is_known", column="state", values=ChargeState),
            models.CheckConstraint(
                name="charge_is_an_amount",
                condition=models.Q(amount_minor__gt=0, tax_minor__gte=0, tax_minor__lt=models.F("amount_minor"))
                | models.Q(
                    amount_minor__lt=0,
                    tax_minor__lte=0,
                    tax_minor__gt=models.F("amount_minor"),
                    kind__in=[one.value for one in BY_NOTE],
                ),
            ),
            models.CheckConstraint(
                name="agreed_charge_has_its_day",
                condition=models.Q(agreed_date__isnull=False) | models.Q(state__in=["proposed", "dropped"]),
            ),
            models.CheckConstraint(
                name="charge_comes_from_a_case_or_has_a_key",
                condition=models.Q(
                    case__isnull=False, agreement__isnull=False, key=None, kind__in=[one.value for one in OF_BREACH]
                )
                | models.Q(case=None, key__isnull=False)
                & (models.Q(state__in=_WITHOUT_CASE) | models.Q(state__in=_NOT_OWED, is_for_two=True))
                & ~models.Q(kind__in=[one.value for one in OF_BREACH])
                & ~models.Q(subject=""),
            ),
            models.CheckConstraint(
                name="charge_above_the_limit_is_agreed_by_two",
                condition=models.Q(is_for_two=False)
                | models.Q(state__in=_NOT_OWED)
                | models.Q(decider_id__isnull=False)
                & (models.Q(proposer_id=None) | ~models.Q(decider_id=models.F("proposer_id"))),
            ),
            models.CheckConstraint(
                name="charge_without_a_case_is_cancelled_for_a_reason",
                condition=~models.Q(case=None, state=ChargeState.CANCELLED.value) | ~models.Q(cancel_reason=""),
            ),
        ]


class BreachStep(models.Model):
    """
    One step by which the amounts of a case were worked out, kept as it was shown to those who decided.

    ``charge``: the charge that it belongs to; empty: it leads to the facts of the case.
    """

    case = models.ForeignKey("contracts.BreachCase", on_delete=models.PROTECT, related_name="steps")
    charge = models.ForeignKey("contracts.OneOffCharge", on_delete=models.PROTECT, null=True, related_name="steps")
    seq = models.SmallIntegerField()
    code = Code(choices=choices_of(StepCode))
    text = models.TextField(help_text="As 5 kW × 12 h × 90 d = 5,400 kWh; amounts in major units.")

    class Meta:
        constraints = [
            one_of(name="breach_step_is_known", column="code", values=StepCode),
            models.UniqueConstraint(name="breach_step_has_one_place", fields=["case", "seq"]),
        ]
