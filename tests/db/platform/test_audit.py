"""The audit trail keeps facts as plain JSON, with the request they came from, for ever."""

from datetime import UTC, date, datetime

import pytest
import structlog
from django.db import DatabaseError, transaction

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform import audit
from cis.platform.models import AuditEvent

pytestmark = pytest.mark.django_db
CLERK = Actor(ActorKind.STAFF, 5, "李雷", frozenset({Role.CLERK}))


def test_facts_of_any_kind_become_plain_json():
    audit.record(
        CLERK,
        "change",
        "user",
        9,
        on=date(2026, 3, 1),
        at=datetime(2026, 3, 1, 8, tzinfo=UTC),
        roles={Role.CLERK, Role.BILLING},
        nested={1: (Role.CLERK, None, True)},
        odd=2 + 3j,
    )
    event = AuditEvent.objects.get()
    assert (event.actor_kind, event.actor_id, event.actor_name) == ("staff", 5, "李雷")
    assert event.detail == {
        "on": "2026-03-01",
        "at": "2026-03-01T08:00:00+00:00",
        "roles": ["billing", "clerk"],
        "nested": {"1": ["clerk", None, True]},
        "odd": "(2+3j)",
    }


def test_an_event_names_its_request():
    with structlog.contextvars.bound_contextvars(request_id="abc"):
        audit.record(CLERK, "look", "customer", 1)
    audit.record(CLERK, "look", "customer", 2)
    assert list(AuditEvent.objects.order_by("id").values_list("request_id", flat=True)) == ["abc", ""]


def test_an_event_can_be_neither_changed_nor_deleted():
    audit.record(CLERK, "look", "customer", 1)
    for change in (lambda: AuditEvent.objects.update(action="x"), lambda: AuditEvent.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert AuditEvent.objects.get().action == "look"


def test_the_last_deeds_on_several_things_come_newest_first(django_assert_num_queries):
    for number in range(4):
        audit.record(CLERK, "look", "customer", number)
    audit.record(CLERK, "open", "account", 1)
    with django_assert_num_queries(2):
        entries = audit.of_subjects([("customer", [0, 2, 3]), ("account", [1])], most=3)
    assert [(entry.subject, entry.subject_id) for entry in entries] == [
        ("account", 1),
        ("customer", 3),
        ("customer", 2),
    ]
