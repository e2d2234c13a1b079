"""Offers: what a supply would cost, and at which tariffs."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from contracts.domain.charge_kinds import OF_BREACH, ChargeKind
from contracts.domain.offer_workflow import OfferState
from contracts.domain.terms import MeteringSide, SupplyMode, UseClass
from metering.domain.places import Voltage

FEE_KINDS = [kind for kind in ChargeKind if kind not in OF_BREACH and kind is not ChargeKind.LATE_FEE]


class SupplyTerms(models.Model):
    """How a place is to be supplied: the same in an offer and in the contract that follows from it."""

    address = models.CharField(max_length=300)
    use_class = Code(choices=choices_of(UseClass))
    voltage = Code(choices=choices_of(Voltage))
    supply_mode = Code(choices=choices_of(SupplyMode))
    metering_side = Code(choices=choices_of(MeteringSide))
    capacity_va = models.BigIntegerField(null=True, help_text="None: none is agreed. [VA]")
    boundary_zh = models.CharField(max_length=300, default="", blank=True)
    boundary_en = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        abstract = True


class Offer(SupplyTerms):
    """
    A plan reply to an application or to a change of use: fees, tariffs with what a year would cost, until a day.

    A later offer for the same thing is a new version; once it is sent it replaces the one before, unless
    that one's contract is signed.
    """

    subject = Code(help_text="What it answers: application, change.")
    subject_id = models.BigIntegerField()
    version = models.SmallIntegerField(default=1)
    state = Code(choices=choices_of(OfferState), default=OfferState.DRAFT.value)
    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, null=True, related_name="offers")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, null=True, related_name="offers")
    recipient = models.CharField(max_length=200, help_text="Who it is made to, customer or not yet.")
    household = models.SmallIntegerField(default=1)
    contract_w = models.BigIntegerField(null=True, help_text="Contracted maximum demand. [W]")
    month_wh = models.BigIntegerField(help_text="Use that the estimates take for each month. [Wh]")
    peak_w = models.BigIntegerField(null=True, help_text="Largest demand that the estimates take. [W]")
    sharp_percent = models.SmallIntegerField(default=0)
    peak_percent = models.SmallIntegerField(default=0)
    valley_percent = models.SmallIntegerField(default=0)
    valid_until = models.DateField(help_text="Last day on which it may be accepted.")
    note = models.TextField(default="", blank=True)
    chosen = models.ForeignKey("contracts.OfferTariff", on_delete=models.PROTECT, null=True, related_name="+")
    actor_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of(name="offer_state_is_known", column="state", values=OfferState),
            models.UniqueConstraint(name="offer_version_is_once", fields=["subject", "subject_id", "version"]),
            models.UniqueConstraint(
                name="one_offer_at_a_time",
                fields=["subject", "subject_id"],
                condition=models.Q(state=OfferState.SENT.value),
            ),
            models.CheckConstraint(
                name="accepted_offer_names_its_tariff",
                condition=models.Q(chosen__isnull=False) | ~models.Q(state=OfferState.ACCEPTED.value),
            ),
            models.CheckConstraint(
                name="offer_shares_are_percents",
                condition=models.Q(
                    sharp_percent__gte=0,
                    peak_percent__gte=0,
                    valley_percent__gte=0,
                    valley_percent__lte=100 - models.F("sharp_percent") - models.F("peak_percent"),
                ),
            ),
        ]


class OfferFee(models.Model):
    """One amount that is charged once when the contract is signed, before a tax that comes on top."""

    offer = models.ForeignKey("contracts.Offer", on_delete=models.CASCADE, related_name="fees")
    seq = models.SmallIntegerField()
    kind = Code(choices=choices_of(FEE_KINDS))
    amount_minor = models.BigIntegerField()
    reason = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="offer_fee_has_one_place", fields=["offer", "seq"]),
            one_of(name="offer_fee_kind_is_known", column="kind", values=FEE_KINDS),
            models.CheckConstraint(name="offer_fee_is_an_amount", condition=models.Q(amount_minor__gt=0)),
        ]


class OfferTariff(models.Model):
    """
    A tariff that may be chosen, with what a year of the estimated use would cost by its version of the day.

    ``months_minor``: twelve amounts from the month after the offer on; empty where it could not be told, and why.
    """

    offer = models.ForeignKey("contracts.Offer", on_delete=models.CASCADE, related_name="tariffs")
    seq = models.SmallIntegerField()
    tariff = models.ForeignKey("tariffs.Tariff", on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey("tariffs.TariffVersion", on_delete=models.PROTECT, related_name="+")
    months_minor = ArrayField(models.BigIntegerField(), default=list)
    obstacle = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="offer_tariff_has_one_place", fields=["offer", "seq"]),
            models.UniqueConstraint(name="offer_names_a_tariff_once", fields=["offer", "tariff"]),
            models.CheckConstraint(
                name="offer_tariff_is_estimated_or_says_why_not",
                condition=models.Q(months_minor__len=12, obstacle="")
                | models.Q(months_minor__len=0) & ~models.Q(obstacle=""),
            ),
        ]
