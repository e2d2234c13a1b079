"""Safety inspections, the defects that they found, notices of rectification, the register of important customers."""

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from cis.platform.fields import Code, choices_of, no_overlap, one_of
from contracts.domain.important import Backup
from contracts.domain.inspection import Grade, InspectionKind, Severity
from contracts.domain.inspection_workflow import REPORTED, UNDER_WAY, DefectState, InspectionState


class SafetyInspection(models.Model):
    """
    An inspection of what a customer has behind the meter.

    It belongs to an agreement, or to an application whose place has none yet. ``season`` names the special inspection
    that it is one of. A follow-up names the inspection whose defects it looks at.
    """

    agreement = models.ForeignKey(
        "contracts.ServiceAgreement", on_delete=models.PROTECT, null=True, related_name="inspections"
    )
    application = models.ForeignKey(
        "contracts.ServiceApplication", on_delete=models.PROTECT, null=True, related_name="inspections",
        db_index=False, help_text="Of a new connection; empty: of a supply.",
    )  # fmt: skip
    service_point = models.ForeignKey(
        "metering.ServicePoint", on_delete=models.PROTECT, null=True, related_name="inspections"
    )
    customer_name = models.CharField(max_length=200, default="", help_text="Who was there then.")
    address = models.CharField(max_length=300)
    district = models.CharField(max_length=100, default="", blank=True)
    plan = Code(help_text="Of the pack, as it was when the inspection was made.")
    checklist = Code()
    kind = Code(choices=choices_of(InspectionKind))
    season = Code(default="", blank=True)
    follows = models.ForeignKey(
        "contracts.SafetyInspection", on_delete=models.PROTECT, null=True, related_name="follow_ups"
    )
    state = Code(choices=choices_of(InspectionState), default=InspectionState.PLANNED.value)
    due_date = models.DateField()
    work_order = models.ForeignKey(
        "metering.WorkOrder", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    done_date = models.DateField(null=True)
    reason = models.CharField(max_length=300, default="", blank=True, help_text="Why it is made out of turn, or not.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            one_of(name="inspection_kind_is_known", column="kind", values=InspectionKind),
            one_of(name="inspection_state_is_known", column="state", values=InspectionState),
            models.CheckConstraint(
                name="inspection_is_of_a_supply_or_an_application",
                condition=Q(agreement__isnull=False, application=None) | Q(agreement=None, application__isnull=False),
            ),
            models.CheckConstraint(
                name="inspection_that_was_made_has_its_day",
                condition=Q(state__in=[one.value for one in REPORTED], done_date__isnull=False)
                | ~Q(state__in=[one.value for one in REPORTED]) & Q(done_date=None),
            ),
            models.UniqueConstraint(
                name="periodic_inspection_is_made_once",
                fields=["agreement"],
                condition=Q(kind=InspectionKind.PERIODIC.value, state__in=[one.value for one in UNDER_WAY]),
            ),
            models.UniqueConstraint(
                name="special_inspection_is_made_once", fields=["agreement", "season"], condition=~Q(season="")
            ),
            models.UniqueConstraint(
                name="acceptance_is_inspected_once_at_a_time",
                fields=["application"],
                condition=Q(kind=InspectionKind.ACCEPTANCE.value, state__in=[one.value for one in UNDER_WAY]),
            ),
            models.UniqueConstraint(
                name="inspection_is_followed_up_once_at_a_time",
                fields=["follows"],
                condition=Q(kind=InspectionKind.FOLLOW_UP.value, state__in=[one.value for one in UNDER_WAY]),
            ),
        ]
        indexes = [
            models.Index(name="inspection_by_state", fields=["state", "due_date"]),
            models.Index(name="inspection_of_application", fields=["application"]),
        ]


class Defect(models.Model):
    """
    What an inspection found, in the words that the catalogue had then.

    ``due_date`` is the last day on which it may be rectified, by the deadline engine (subject ``defect``).
    An urgent one is waived by two persons: the database knows that too.
    """

    inspection = models.ForeignKey("contracts.SafetyInspection", on_delete=models.PROTECT, related_name="defects")
    code = Code(max_length=60, help_text="Of the catalogue.")
    severity = Code(choices=choices_of(Severity))
    state = Code(choices=choices_of(DefectState), default=DefectState.OPEN.value)
    text_en = models.CharField(max_length=300)
    text_zh = models.CharField(max_length=300)
    remedy_en = models.CharField(max_length=300, default="", blank=True)
    remedy_zh = models.CharField(max_length=300, default="", blank=True)
    note = models.CharField(max_length=500, default="", blank=True, help_text="Where exactly, and what was measured.")
    found_at = models.DateTimeField(default=timezone.now)
    due_date = models.DateField()
    claimed_at = models.DateTimeField(null=True)
    claim_note = models.CharField(max_length=500, default="", blank=True)
    closed_date = models.DateField(null=True)
    reason = models.CharField(max_length=300, default="", blank=True, help_text="How it was seen, or why it may stay.")
    asker_id = models.BigIntegerField(null=True, help_text="Who wants it waived.")
    decider_id = models.BigIntegerField(null=True, help_text="Who closed it.")

    class Meta:
        constraints = [
            one_of(name="defect_severity_is_known", column="severity", values=Severity),
            one_of(name="defect_state_is_known", column="state", values=DefectState),
            models.UniqueConstraint(name="defect_is_found_once", fields=["inspection", "code", "text_en", "note"]),
            models.CheckConstraint(
                name="waived_defect_has_a_reason", condition=~Q(state=DefectState.WAIVED.value) | ~Q(reason="")
            ),
            models.CheckConstraint(
                name="urgent_defect_is_waived_by_two",
                condition=~Q(state=DefectState.WAIVED.value, severity=Severity.URGENT.value)
                | Q(asker_id__isnull=False, decider_id__isnull=False) & ~Q(decider_id=F("asker_id")),
            ),
            models.CheckConstraint(
                name="closed_defect_has_its_day",
                condition=Q(
                    state__in=[DefectState.RECTIFIED.value, DefectState.WAIVED.value], closed_date__isnull=False
                )
                | ~Q(state__in=[DefectState.RECTIFIED.value, DefectState.WAIVED.value]) & Q(closed_date=None),
            ),
        ]
        indexes = [models.Index(name="defect_by_deadline", fields=["state", "due_date"])]


class DefectPhoto(models.Model):
    """A photo of a defect: as it was found, or as it was rectified."""

    defect = models.ForeignKey("contracts.Defect", on_delete=models.PROTECT, related_name="photos")
    is_evidence = models.BooleanField(default=False, help_text="It shows that the defect is rectified.")
    document = models.ForeignKey("platform.Document", on_delete=models.PROTECT, related_name="+", db_index=False)
    kept_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="defect_photo_is_kept_once", fields=["defect", "document"])]


class RectificationNotice(models.Model):
    """
    The notice (整改通知书) of an inspection's defects: numbered without gaps, kept as it was delivered.

    What the customer did with it is in the receipt: signed on glass, refused for a reason, or neither.
    """

    inspection = models.OneToOneField("contracts.SafetyInspection", on_delete=models.PROTECT, related_name="notice")
    number = models.CharField(max_length=20, unique=True)
    issued_at = models.DateTimeField(default=timezone.now)
    signer_name = models.CharField(max_length=100, default="", blank=True)
    signature = models.ForeignKey(
        "platform.Document", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    refusal = models.CharField(max_length=300, default="", blank=True, help_text="Why nobody signed.")
    witness = models.CharField(max_length=150, default="", help_text="Who of the supplier handed it over.")
    document = models.ForeignKey(
        "platform.Document", on_delete=models.PROTECT, null=True, related_name="+", db_index=False,
        help_text="The paper; empty: not rendered yet.",
    )  # fmt: skip
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="notice_is_signed_or_refused",
                condition=Q(signature__isnull=True) | Q(refusal="") & ~Q(signer_name=""),
            )
        ]


class ImportantCustomer(models.Model):
    """
    A place whose supply is important (重要电力用户), for a time; at most one entry of a place at a time.

    Rows are closed and begun anew when something changes, so what was known when stands.
    """

    service_point = models.ForeignKey(
        "metering.ServicePoint", on_delete=models.PROTECT, related_name="important_entries"
    )
    grade = Code(choices=choices_of(Grade))
    reason = models.CharField(max_length=300, help_text="What would happen without supply; whose decision it was.")
    backup = Code(choices=choices_of(Backup))
    backup_va = models.BigIntegerField(default=0)
    security_va = models.BigIntegerField(default=0, help_text="Load that must not fail (保安负荷); 0: not known.")
    period = DateRangeField(help_text="Local dates, half-open.")
    reviewed_date = models.DateField()
    review_due_date = models.DateField()
    created_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            no_overlap(name="place_is_important_once_at_a_time", owner="service_point_id"),
            one_of(name="important_grade_is_known", column="grade", values=Grade),
            one_of(name="important_backup_is_known", column="backup", values=Backup),
            models.CheckConstraint(
                name="backup_supply_has_power",
                condition=Q(backup=Backup.NONE.value, backup_va=0) | ~Q(backup=Backup.NONE.value) & Q(backup_va__gt=0),
            ),
            models.CheckConstraint(name="security_load_is_real", condition=Q(security_va__gte=0)),
            models.CheckConstraint(
                name="review_comes_after_review", condition=Q(review_due_date__gt=F("reviewed_date"))
            ),
        ]
