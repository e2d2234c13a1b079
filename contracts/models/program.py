"""Programmes that the supplier offers, and who has joined them."""

from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.db import models
from django.utils import timezone

from cis.platform.fields import Code, choices_of, no_overlap, one_of
from contracts.domain.lease import DayCount, Method
from contracts.domain.programs import EnrollmentState, ProgramKind, ProgramState

_SIGNED = (
    EnrollmentState.SIGNED.value,
    EnrollmentState.RUNNING.value,
    EnrollmentState.ENDED.value,
    EnrollmentState.SETTLED.value,
)
_ON = (EnrollmentState.SIGNED.value, EnrollmentState.RUNNING.value)


class Program(models.Model):
    """What is offered, with its terms; published, it changes no more: other terms are another programme."""

    code = Code(unique=True)
    kind = Code(choices=choices_of(ProgramKind))
    state = Code(choices=choices_of(ProgramState), default=ProgramState.PUBLISHED.value)
    name_zh = models.CharField(max_length=100)
    name_en = models.CharField(max_length=100)
    text_zh = models.TextField(help_text="What is signed.")
    text_en = models.TextField()
    device_zh = models.CharField(max_length=200, default="", blank=True)
    device_en = models.CharField(max_length=200, default="", blank=True)
    legal_source = models.TextField(default="", blank=True)
    period = DateRangeField(help_text="Local dates on which it may be joined; no end: until it is withdrawn.")
    customer_classes = ArrayField(Code(), default=list, blank=True, help_text="Classes of tariffs; none: all.")
    tariffs = ArrayField(Code(), default=list, blank=True, help_text="Codes of tariffs; none: all.")
    months = models.SmallIntegerField(help_text="So many months, or instalments.")
    rent_minor = models.BigIntegerField(default=0, help_text="Rent or fee a month.")
    price_minor = models.BigIntegerField(default=0)
    down_minor = models.BigIntegerField(default=0)
    rate_e6 = models.IntegerField(default=0, help_text="Interest a year. [10^-6]")
    method = Code(choices=choices_of(Method), default=Method.ANNUITY.value)
    count = Code(choices=choices_of(DayCount), default=DayCount.CALENDAR_DAYS.value)
    leave_e6 = models.IntegerField(default=0, help_text="Part of what is to come that is owed for leaving. [10^-6]")
    is_by_calendar_month = models.BooleanField(default=False)
    is_financed = models.BooleanField(default=False, help_text="A partner bank pays the price.")
    green_blocks = models.SmallIntegerField(default=0)
    feature = Code(default="", blank=True)
    tariff = Code(default="", blank=True, help_text="Code of a tariff that holds meanwhile; empty: the customer's own.")
    limit_w = models.BigIntegerField(default=0, help_text="Power that a supply is limited to in an event. [W]")
    credit_e6 = models.BigIntegerField(default=0, help_text="What energy saved in events is worth. [10^-6 minor/kWh]")
    notice_minutes = models.IntegerField(default=0, help_text="An event is announced so long before it. [min]")
    opt_out_minutes = models.IntegerField(default=0, help_text="One may opt out until so long before it. [min]")
    events_most = models.SmallIntegerField(default=0, help_text="So many events in a calendar year.")
    sha256 = models.CharField(max_length=64, help_text="Of all that is signed.")
    published_at = models.DateTimeField(default=timezone.now)
    publisher_id = models.BigIntegerField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of(name="program_kind_is_known", column="kind", values=ProgramKind),
            one_of(name="program_state_is_known", column="state", values=ProgramState),
            one_of(name="program_method_is_known", column="method", values=Method),
            one_of(name="program_count_is_known", column="count", values=DayCount),
            models.CheckConstraint(
                name="program_numbers_are_of_its_kind",
                condition=models.Q(
                    kind=ProgramKind.GREEN.value, rent_minor__gte=0, price_minor=0, down_minor=0, is_financed=False
                )
                | models.Q(
                    kind=ProgramKind.LEASE.value, rent_minor__gt=0, price_minor=0, down_minor=0, is_financed=False
                )
                | models.Q(
                    kind=ProgramKind.INSTALMENT_SALE.value,
                    rent_minor=0,
                    price_minor__gt=0,
                    down_minor__gte=0,
                    down_minor__lt=models.F("price_minor"),
                )
                | models.Q(
                    kind=ProgramKind.DEMAND_RESPONSE.value, rent_minor=0, price_minor=0, down_minor=0, is_financed=False
                ),
            ),
            models.CheckConstraint(
                name="only_demand_response_has_events",
                condition=models.Q(
                    kind=ProgramKind.DEMAND_RESPONSE.value,
                    credit_e6__gt=0,
                    events_most__gt=0,
                    limit_w__gte=0,
                    opt_out_minutes__gte=0,
                    notice_minutes__gt=models.F("opt_out_minutes"),
                )
                | (
                    ~models.Q(kind=ProgramKind.DEMAND_RESPONSE.value)
                    & models.Q(limit_w=0, credit_e6=0, notice_minutes=0, opt_out_minutes=0, events_most=0)
                ),
            ),
            models.CheckConstraint(
                name="only_green_programs_change_energy",
                condition=models.Q(kind=ProgramKind.GREEN.value) | models.Q(green_blocks=0, feature="", tariff=""),
            ),
        ]


class Enrollment(models.Model):
    """A programme offered to an account, and what became of it."""

    program = models.ForeignKey("contracts.Program", on_delete=models.PROTECT, related_name="enrollments")
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="enrollments")
    customer = models.ForeignKey("accounts.Customer", on_delete=models.PROTECT, related_name="enrollments")
    agreement = models.ForeignKey(
        "contracts.ServiceAgreement", on_delete=models.PROTECT, null=True, related_name="enrollments"
    )
    state = Code(choices=choices_of(EnrollmentState), default=EnrollmentState.OFFERED.value)
    period = DateRangeField(help_text="Local dates from its start; what was ended early ends early.")
    held_tariff = models.ForeignKey(
        "tariffs.Tariff",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="What holds again afterwards.",
    )
    cancel_until = models.DateField(null=True, help_text="Last day of the cooling-off days.")
    request_key = models.CharField(max_length=100, unique=True, help_text="The same request twice is one enrolment.")
    request_sha256 = models.CharField(max_length=64)
    offered_at = models.DateTimeField(default=timezone.now)
    offerer_id = models.BigIntegerField(null=True)
    valid_until = models.DateField(help_text="Last local day on which the offer may be signed.")
    signed_at = models.DateTimeField(null=True)
    signed_name = models.CharField(max_length=150, default="", blank=True, help_text="Who signed, as typed.")
    signed_by = Code(default="", blank=True, help_text="How it was signed: portal, desk, api.")
    signed_sha256 = models.CharField(max_length=64, default="", blank=True, help_text="Of the text that was accepted.")
    signer_id = models.BigIntegerField(null=True)
    paper = models.ForeignKey(
        "platform.Document", on_delete=models.PROTECT, null=True, related_name="+", db_index=False,
        help_text="What is signed, with its schedule; empty: not rendered yet.",
    )  # fmt: skip
    scan = models.ForeignKey(
        "platform.Document", on_delete=models.PROTECT, null=True, related_name="+", db_index=False,
        help_text="What was signed on paper.",
    )  # fmt: skip
    closed_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        constraints = [
            one_of(name="enrollment_state_is_known", column="state", values=EnrollmentState),
            models.CheckConstraint(
                name="who_is_in_has_signed",
                condition=~models.Q(state__in=_SIGNED)
                | models.Q(signed_at__isnull=False, cancel_until__isnull=False)
                & ~models.Q(signed_sha256="")
                & ~models.Q(signed_name=""),
            ),
            models.CheckConstraint(
                name="who_signs_in_the_portal_has_seen_the_paper",
                condition=~models.Q(signed_by="portal") | models.Q(paper__isnull=False),
            ),
            no_overlap(
                name="a_program_is_joined_once_at_a_time",
                owner=("program_id", "account_id"),
                condition=models.Q(state__in=_ON),
            ),
        ]
        indexes = [models.Index(name="enrollment_by_state", fields=["state", "id"])]
