"""Work in the field: crews, work orders with their history, answers and photos, appointments."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from cis.platform.fields import Code, choices_of, one_of
from metering.domain.appointments import AppointmentState
from metering.domain.checklists import ItemKind
from metering.domain.work_orders import UNDER_WAY, Hindrance, Outcome, Priority, WorkAction, WorkKind, WorkState


class Crew(models.Model):
    """
    People who are sent out together.

    ``areas`` are the districts where they work, ``kinds`` what they do; an empty list is all of them.
    """

    name = models.CharField(max_length=80, unique=True)
    areas = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    kinds = ArrayField(Code(choices=choices_of(WorkKind)), default=list, blank=True)
    is_active = models.BooleanField(default=True)


class CrewMember(models.Model):
    """A person of the crew; everybody is in one crew at most."""

    crew = models.ForeignKey("metering.Crew", on_delete=models.PROTECT, related_name="members")
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(name="person_is_in_one_crew", fields=["user"])]


class WorkOrder(models.Model):
    """
    Work that a case asked for at a place.

    ``subject`` and ``subject_id`` name the case. ``facts`` are texts that the crew should know; never prices or money.
    ``route_place`` is where it stands in the day of its crew.
    """

    kind = Code(choices=choices_of(WorkKind))
    state = Code(choices=choices_of(WorkState), default=WorkState.OPEN.value)
    priority = Code(choices=choices_of(Priority), default=Priority.NORMAL.value)
    subject = Code()
    subject_id = models.BigIntegerField()
    premises = models.ForeignKey("metering.Premises", on_delete=models.PROTECT, null=True, related_name="work_orders")
    service_point = models.ForeignKey(
        "metering.ServicePoint", on_delete=models.PROTECT, null=True, related_name="work_orders"
    )
    address = models.CharField(max_length=300)
    district = models.CharField(max_length=100, default="", blank=True)
    facts = models.JSONField(default=dict, help_text="Texts by name.")
    checklist = Code(default="", blank=True, help_text="Code of the list to fill in; empty: none.")
    due_date = models.DateField()
    crew = models.ForeignKey("metering.Crew", on_delete=models.PROTECT, null=True, related_name="work_orders")
    planned_date = models.DateField(null=True)
    route_place = models.IntegerField(default=0, help_text="Place in the day of the crew; 0: not laid yet.")
    attempts = models.IntegerField(default=0, help_text="How often it was not possible.")
    outcome = Code(choices=choices_of(Outcome), default="", blank=True)
    note = models.CharField(max_length=500, default="", blank=True, help_text="What the crew says at the end.")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of(name="work_kind_is_known", column="kind", values=WorkKind),
            one_of(name="work_state_is_known", column="state", values=WorkState),
            one_of(name="work_priority_is_known", column="priority", values=Priority),
            models.CheckConstraint(
                name="done_work_has_an_outcome",
                condition=Q(
                    state=WorkState.DONE.value, outcome__in=[one.value for one in Outcome], done_at__isnull=False
                )
                | (~Q(state=WorkState.DONE.value) & Q(outcome="", done_at=None)),
            ),
            models.CheckConstraint(
                name="assigned_work_has_a_crew_and_a_day",
                condition=~Q(state__in=[WorkState.ASSIGNED.value, WorkState.STARTED.value])
                | Q(crew__isnull=False, planned_date__isnull=False),
            ),
            models.UniqueConstraint(
                name="work_is_ordered_once",
                fields=["kind", "subject", "subject_id", "service_point"],
                condition=Q(state__in=[state.value for state in UNDER_WAY]),
                nulls_distinct=False,
            ),
        ]
        indexes = [
            models.Index(name="work_of_a_case", fields=["subject", "subject_id"]),
            models.Index(name="work_of_a_day", fields=["crew", "planned_date"]),
            models.Index(name="work_by_state", fields=["state", "due_date"]),
        ]


class WorkOrderMove(models.Model):
    """One step of a work order; ``request_key`` makes the same form sent twice one step."""

    work_order = models.ForeignKey("metering.WorkOrder", on_delete=models.PROTECT, related_name="moves")
    at = models.DateTimeField(default=timezone.now)
    action = Code(choices=choices_of(WorkAction))
    to_state = Code(choices=choices_of(WorkState))
    crew = models.ForeignKey("metering.Crew", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    planned_date = models.DateField(null=True)
    hindrance = Code(choices=choices_of(Hindrance), default="", blank=True)
    note = models.CharField(max_length=500, default="", blank=True)
    request_key = models.CharField(max_length=64, default="", blank=True)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="request_moves_work_once", fields=["work_order", "request_key"], condition=~Q(request_key="")
            ),
            one_of(name="work_action_is_known", column="action", values=WorkAction),
            models.CheckConstraint(
                name="failed_work_says_why",
                condition=~Q(action=WorkAction.FAIL.value) | Q(hindrance__in=[one.value for one in Hindrance]),
            ),
        ]


class WorkAnswer(models.Model):
    """An answer to an item of the checklist, with the words that the item had then."""

    work_order = models.ForeignKey("metering.WorkOrder", on_delete=models.PROTECT, related_name="answers")
    place = models.IntegerField(help_text="Of the item in its list.")
    item = Code(max_length=60)
    kind = Code(choices=choices_of(ItemKind))
    label_en = models.CharField(max_length=200)
    label_zh = models.CharField(max_length=200)
    value = models.CharField(max_length=500)
    value_en = models.CharField(max_length=500, help_text="As it reads: with its unit, or the words of the choice.")
    value_zh = models.CharField(max_length=500)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="item_is_answered_once", fields=["work_order", "item"]),
            one_of(name="answer_kind_is_known", column="kind", values=ItemKind),
        ]


class WorkPhoto(models.Model):
    """A photo of an item; its bytes are a document without position and other data of the camera."""

    work_order = models.ForeignKey("metering.WorkOrder", on_delete=models.PROTECT, related_name="photos")
    item = Code(max_length=60)
    document = models.ForeignKey("platform.Document", on_delete=models.PROTECT, related_name="+", db_index=False)
    taken_at = models.DateTimeField(null=True, help_text="As the camera says; empty: it does not.")
    kept_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="photo_is_kept_once", fields=["work_order", "item", "document"]),
        ]


class AppointmentSlot(models.Model):
    """
    Hours of a crew that customers may book, so many at a time.

    ``taken`` is changed by one atomic statement; the constraint makes that nobody books beyond the capacity.
    """

    crew = models.ForeignKey("metering.Crew", on_delete=models.PROTECT, related_name="slots")
    date = models.DateField()
    start_time = models.TimeField()
    end_time = models.TimeField()
    capacity = models.IntegerField()
    taken = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="slot_is_opened_once", fields=["crew", "date", "start_time"]),
            models.CheckConstraint(name="slot_has_time", condition=Q(end_time__gt=F("start_time"))),
            models.CheckConstraint(
                name="slot_is_not_overbooked", condition=Q(taken__gte=0, taken__lte=F("capacity"), capacity__gte=0)
            ),
        ]
        indexes = [models.Index(name="slot_by_date", fields=["date", "start_time"])]


class Appointment(models.Model):
    """A customer's hours for a work order; at most one stands at a time."""

    work_order = models.ForeignKey("metering.WorkOrder", on_delete=models.PROTECT, related_name="appointments")
    slot = models.ForeignKey("metering.AppointmentSlot", on_delete=models.PROTECT, related_name="appointments")
    state = Code(choices=choices_of(AppointmentState), default=AppointmentState.BOOKED.value)
    reason = models.CharField(max_length=300, default="", blank=True, help_text="Why it was missed or dropped.")
    booked_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            one_of(name="appointment_state_is_known", column="state", values=AppointmentState),
            models.UniqueConstraint(
                name="one_appointment_stands",
                fields=["work_order"],
                condition=Q(state__in=[AppointmentState.BOOKED.value, AppointmentState.CONFIRMED.value]),
            ),
        ]
