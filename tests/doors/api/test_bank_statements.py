"""Files of the bank from other programs: once, as the bank sent them."""

import pytest
import time_machine
from django.utils import timezone

from cashiering.models.bank import BankStatement
from cashiering.operations import posting
from tests.doors.api.calls import Caller
from tests.factories import bank_files
from tests.factories.bank_files import Movement

pytestmark = pytest.mark.django_db


def _bring(caller, content, key="a", content_type="application/xml"):
    return caller._client.post(
        "/api/v1/bank-statements?name=day.xml",
        data=content,
        content_type=content_type,
        headers={**caller.headers, "Idempotency-Key": key},
    )


@time_machine.travel("2026-03-10T02:00:00Z", tick=False)
def test_a_file_is_taken_once_and_reconciles(world):
    caller = Caller("statements:write", "statements:read")
    content = bank_files.camt([Movement(amount_minor=500, reference="R1", text=world.account.number)])
    reply = _bring(caller, content)
    assert reply.status_code == 201, reply.content
    (statement_id,) = reply.json()["statements"]
    assert _bring(caller, content)["Idempotency-Replayed"] == "true"
    assert _bring(caller, content, key="b").json()["is_known"] is True
    posting.work(timezone.now())
    shown = caller.get(f"bank-statements/{statement_id}").json()
    assert (shown["difference"]["amount_minor"], shown["suspense"]["amount_minor"]) == (0, 500)
    assert BankStatement.objects.count() == 1


@time_machine.travel("2026-03-10T02:00:00Z", tick=False)
def test_mt940_comes_as_text_and_a_wrong_one_is_a_problem(world):
    caller = Caller("statements:write")
    movements = [Movement(amount_minor=500, reference="R1")]
    assert _bring(caller, bank_files.mt940(movements), content_type="text/plain").status_code == 201
    reply = _bring(caller, bank_files.mt940(movements, closing=1), key="b", content_type="text/plain")
    assert (reply.status_code, reply.json()["code"]) == (422, "statement_refused")
