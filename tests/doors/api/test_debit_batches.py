"""Batches of debits by the API: read, proposed by one key, let go by another, taken as the bank's file."""

from dataclasses import replace
from datetime import date

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cashiering.gateways import debit_bank
from cashiering.models.debit import DebitBatch
from cashiering.operations import debit_batches, debits
from cashiering.queries import debit_rules
from cis.platform.models import AuditEvent
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import billing, contracts
from tests.factories.debits import at, signed

pytestmark = pytest.mark.django_db
SCOPES = tuple(f"debit-batches:{verb}" for verb in ("read", "write", "decide"))
SIGNED, NIGHT, SENT = date(2026, 2, 2), date(2026, 2, 3), date(2026, 2, 14)
RELEASE, KEEP = {"decision": "release"}, {"decision": "keep"}


@pytest.fixture(autouse=True)
def _by_hand(monkeypatch):
    """No bank is connected, and each batch is above the bound."""
    monkeypatch.setattr(debit_bank, "_bound", [])
    rule = debit_rules.rule
    monkeypatch.setattr(debit_rules, "rule", lambda *, at: replace(rule(at=at), batch_alone_most_minor=1))
    with time_machine.travel(at(SENT), tick=False):
        yield


def _batch(*worlds):
    """A batch of one debit of each."""
    for world in worlds:
        with time_machine.travel(at(SIGNED, 1), tick=False):
            billing.issued(world=world)
        signed(world, on=SIGNED)
    debits.plan(at(NIGHT))
    debit_batches.work(at(SENT))
    return DebitBatch.objects.latest("id").id


def test_a_batch_is_read_proposed_let_go_by_another_key_taken_and_brought_to_the_bank(world):
    first, second = Caller(*SCOPES), Caller(*SCOPES)
    where = f"debit-batches/{_batch(world)}"
    one = first.get(where).json()
    assert (one["state"], one["count"], one["amount"]["text"], one["has_file"]) == ("made", 1, "61.70", False)
    assert first.get("debit-batches?state=made").json()["results"] == [one]
    [debit] = first.get(f"{where}/debits").json()["results"]
    assert (debit["account"], debit["bank_account"], debit["state"]) == (world.account.number, "…0123", "batched")
    assert_problem(first.get(f"{where}/file", accept="application/xml"), 404, "unknown_debit_batch")
    assert_problem(second.post(f"{where}/decide", RELEASE, idempotency_key="a"), 403, "not_allowed")
    proposed = first.post(f"{where}/propose", {}, idempotency_key="b").json()
    assert (proposed["state"], proposed["proposed_by"][:7]) == ("proposed", "client ")
    assert second.post(f"{where}/decide", KEEP, idempotency_key="c").json()["state"] == "made"
    first.post(f"{where}/propose", {}, idempotency_key="d")
    assert_problem(first.post(f"{where}/decide", RELEASE, idempotency_key="e"), 422, "debit_same_person")
    released = second.post(f"{where}/decide", RELEASE, idempotency_key="f").json()
    assert (released["state"], released["has_file"]) == ("released", True)
    assert second.post(f"{where}/decide", RELEASE, idempotency_key="f").json() == released
    file = first.get(f"{where}/file", accept="application/xml")
    assert (file["Content-Type"], b"CstmrDrctDbtInitn" in file.content) == ("application/xml", True)
    assert AuditEvent.objects.filter(action="download", subject="debit_batch", actor_kind="client").count() == 1
    sent = first.post(f"{where}/sent", {}, idempotency_key="g").json()
    assert (sent["state"], sent["under_way"]["text"]) == ("sent", "61.70")
    assert_problem(first.post(f"{where}/sent", {}, idempotency_key="h"), 409, "illegal_move")


def test_each_address_asks_for_its_scope_and_says_what_is_not_there(world):
    where = f"debit-batches/{_batch(world)}"
    reader, writer = Caller("debit-batches:read"), Caller("debit-batches:write")
    for reply in (
        writer.get("debit-batches"), writer.get(where), writer.get(f"{where}/debits"), reader.get(f"{where}/file"),
        reader.post(f"{where}/propose", {}), reader.post(f"{where}/sent", {}), writer.post(f"{where}/decide", RELEASE),
    ):  # fmt: skip
        assert_problem(reply, 403, "permission_denied")
    for reply in (reader.get("debit-batches/9999"), reader.get("debit-batches/9999/debits")):
        assert_problem(reply, 404, "unknown_debit_batch")


def test_the_list_takes_as_many_statements_for_many_as_for_one(world):
    caller, counts = Caller(*SCOPES), []
    for number in range(3):
        batch_id = _batch(world if not number else contracts.world())
        caller.post(f"debit-batches/{batch_id}/propose", {}, idempotency_key=f"k{number}")
        with CaptureQueriesContext(connection) as asked:
            assert len(caller.get("debit-batches").json()["results"]) == number + 1
        counts.append(len(asked))
    assert counts[1] == counts[2] <= counts[0]
