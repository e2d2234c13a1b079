"""Tables of the platform. They hold ``actor_id`` without a key, since User lives upstream of nobody here."""

from enum import StrEnum

import pgtrigger
from django.db import models
from django.utils import timezone

from cis.kernel.deadlines import Unit
from cis.platform.fields import Code, choices_of, one_of


class JobState(StrEnum):
    """States of a long piece of work."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Job(models.Model):
    """Long work that pages show as a progress bar; ``UNIQUE(name, due_at)`` makes a schedule fire once."""

    name = Code()
    subject = models.CharField(max_length=200, default="")
    state = Code(choices=choices_of(JobState), default=JobState.WAITING.value)
    total = models.BigIntegerField(default=0)
    done = models.BigIntegerField(default=0)
    failed = models.BigIntegerField(default=0)
    message = models.TextField(default="")
    due_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    actor_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            one_of(name="job_state_is_known", column="state", values=JobState),
            models.UniqueConstraint(
                name="schedule_fires_once", fields=["name", "due_at"], condition=models.Q(due_at__isnull=False)
            ),
        ]


class OutboxState(StrEnum):
    """States of one message to the world outside."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"


class OutboxMessage(models.Model):
    """One thing to send after commit: mail, SMS, webhook, PDF, meter command; the row id is its Message-ID."""

    kind = Code()
    key = models.CharField(max_length=200, help_text="The same key is queued once.")
    payload = models.JSONField(help_text="Ids and texts only; never prices or money.")
    state = Code(choices=choices_of(OutboxState), default=OutboxState.WAITING.value)
    attempts = models.IntegerField(default=0)
    last_error = models.TextField(default="")
    due_at = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of(name="outbox_state_is_known", column="state", values=OutboxState),
            models.UniqueConstraint(name="message_queued_once", fields=["kind", "key"]),
        ]
        indexes = [
            models.Index(name="outbox_waiting", fields=["due_at", "id"], condition=models.Q(state="waiting")),
        ]


class Document(models.Model):
    """A kept file, named by the SHA-256 of its bytes; the bytes lie under settings.DOCUMENTS_DIR."""

    sha256 = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=255)
    media_type = models.CharField(max_length=100)
    size = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(null=True)
    sealed_name = models.CharField(max_length=64, db_default="", help_text="File of its encrypted bytes; empty: plain.")
    looked_at = models.DateTimeField(null=True, help_text="When it was looked whose it is.")
    erased_at = models.DateTimeField(null=True, help_text="Since when nobody can read it.")

    class Meta:
        indexes = [
            models.Index(name="document_to_look_at", fields=["id"], condition=models.Q(looked_at=None, sealed_name="")),
        ]


class PersonKey(models.Model):
    """
    The key of one customer: what is kept for that customer alone is encrypted with it.

    It is wrapped by a key of the installation (settings.DATA_KEYS). Whoever takes it away takes all those away.
    """

    customer_id = models.BigIntegerField(unique=True, help_text="No foreign key: the platform knows no rooms.")
    wrapped = models.TextField(help_text="Empty: it was destroyed.")
    created_at = models.DateTimeField(default=timezone.now)
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="destroyed_key_is_gone",
                condition=models.Q(wrapped="", destroyed_at__isnull=False)
                | ~models.Q(wrapped="") & models.Q(destroyed_at=None),
            ),
        ]


class DocumentKey(models.Model):
    """The key of one document, wrapped by that of a customer; a document of two has two of these."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="keys")
    customer_id = models.BigIntegerField(db_index=True)
    wrapped = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(name="a_customer_has_one_key", fields=["document", "customer_id"])]


class Sequence(models.Model):
    """A counter without gaps: its row is locked last and for the shortest time."""

    name = models.CharField(max_length=60, unique=True)
    last = models.BigIntegerField(default=0)


class AuditEvent(models.Model):
    """Who did or looked at what, when. Append-only."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    actor_kind = Code()
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=150, default="")
    action = Code(max_length=60)
    subject = Code(max_length=60)
    subject_id = models.BigIntegerField(null=True)
    detail = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, default="")

    class Meta:
        indexes = [models.Index(name="audit_by_subject", fields=["subject", "subject_id", "at"])]
        triggers = [
            pgtrigger.Protect(name="audit_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]


class IdempotencyKey(models.Model):
    """The stored reply of a POST: the same key gives the same reply, written with the effect or not at all."""

    client = models.CharField(max_length=60)
    key = models.CharField(max_length=255)
    request_sha256 = models.CharField(max_length=64)
    status = models.IntegerField()
    response = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(name="request_counts_once", fields=["client", "key"])]


class ApiKey(models.Model):
    """A client of the API: only the hash of its secret is kept."""

    name = models.CharField(max_length=100, unique=True)
    prefix = models.CharField(max_length=12, unique=True)
    secret_sha256 = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True)


class DeadlineState(StrEnum):
    """
    States of one deadline.

    RUNNING  its clock runs
    STOPPED  its clock stands still while somebody else has to act
    MET      what it is for was done, in time or not
    DROPPED  what it is for is not wanted any more
    """

    RUNNING = "running"
    STOPPED = "stopped"
    MET = "met"
    DROPPED = "dropped"


OPEN_DEADLINES = (DeadlineState.RUNNING.value, DeadlineState.STOPPED.value)


class Deadline(models.Model):
    """
    Until when something has to be done, by a service standard of the pack as it was when the clock started.

    ``due_at`` is empty while the clock stands still; a deadline that has passed keeps it.
    """

    subject = Code(max_length=60, help_text="Kind of row that it is about, as in the audit trail.")
    subject_id = models.BigIntegerField()
    standard = Code(max_length=80, help_text="Key of the service standard.")
    state = Code(choices=choices_of(DeadlineState), default=DeadlineState.RUNNING.value)
    within = models.IntegerField()
    unit = Code(choices=choices_of(Unit))
    warn = models.IntegerField(help_text="So much of the unit before the end somebody is warned.")
    started_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    warn_at = models.DateTimeField(null=True)
    warned_at = models.DateTimeField(null=True)
    passed_at = models.DateTimeField(null=True, help_text="When it was told that it has passed.")
    ended_at = models.DateTimeField(null=True, help_text="When it was met or dropped.")
    used_hundredths = models.IntegerField(null=True, help_text="What was used up when it was met; 1/100 of the unit.")
    in_time = models.BooleanField(null=True, help_text="Whether it was met in time; empty if it was not met.")
    taken_by_id = models.BigIntegerField(null=True, help_text="Who looks after it; empty: nobody yet.")
    taken_by = models.CharField(max_length=150, db_default="", help_text="The name of who looks after it.")
    taken_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            one_of(name="deadline_state_is_known", column="state", values=DeadlineState),
            one_of(name="deadline_unit_is_known", column="unit", values=Unit),
            models.UniqueConstraint(
                name="one_open_clock_of_a_standard",
                fields=["subject", "subject_id", "standard"],
                condition=models.Q(state__in=OPEN_DEADLINES),
            ),
            models.CheckConstraint(
                name="running_clock_has_an_end", condition=~models.Q(state="running") | models.Q(due_at__isnull=False)
            ),
            models.CheckConstraint(
                name="ended_deadline_has_its_instant",
                condition=models.Q(state__in=OPEN_DEADLINES, ended_at=None)
                | ~models.Q(state__in=OPEN_DEADLINES) & models.Q(ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="met_deadline_says_whether_in_time",
                condition=models.Q(state="met", in_time__isnull=False, used_hundredths__isnull=False)
                | ~models.Q(state="met") & models.Q(in_time=None, used_hundredths=None),
            ),
        ]
        indexes = [
            models.Index(name="deadline_by_subject", fields=["subject", "subject_id"]),
            models.Index(
                name="deadline_to_warn_of",
                fields=["warn_at"],
                condition=models.Q(state="running", warned_at=None, passed_at=None),
            ),
            models.Index(
                name="deadline_to_pass",
                fields=["due_at"],
                condition=models.Q(state__in=OPEN_DEADLINES, passed_at=None, due_at__isnull=False),
            ),
            models.Index(
                name="deadline_open",
                fields=["due_at", "id"],
                condition=models.Q(state__in=OPEN_DEADLINES, due_at__isnull=False),
            ),
            models.Index(name="deadline_by_end", fields=["subject", "ended_at"], condition=models.Q(state="met")),
        ]


class DeadlineStop(models.Model):
    """The clock of a deadline stood still over [stopped_at, went_on_at)."""

    deadline = models.ForeignKey(Deadline, on_delete=models.CASCADE, related_name="stops")
    stopped_at = models.DateTimeField()
    went_on_at = models.DateTimeField(null=True)
    reason = Code(max_length=60, help_text="For whom or what is waited.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_clock_stands_still_once", fields=["deadline"], condition=models.Q(went_on_at=None)
            ),
            models.CheckConstraint(
                name="a_stop_ends_after_it_began",
                condition=models.Q(went_on_at=None) | models.Q(went_on_at__gte=models.F("stopped_at")),
            ),
        ]
        indexes = [models.Index(name="stop_of_deadline", fields=["deadline", "stopped_at"])]


class RateCount(models.Model):
    """How often something public was done from one place within a span; the place is a hash."""

    key = models.CharField(max_length=64)
    since = models.DateTimeField()
    count = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(name="one_count_of_a_span", fields=["key", "since"])]
