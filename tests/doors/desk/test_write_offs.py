"""Debts that are given up, at the desk: proposed with what shows it, decided by another, listed, reported."""

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.models.write_off import WriteOff, WriteOffBatch
from billing.operations import write_off_batches
from billing.queries import balances
from cis.kernel.enums import Role
from tests.doors.desk.conftest import TODAY, make_billed, sign_in
from tests.factories import billing, contracts
from tests.factories.refunds import paid_in

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.4\n%%EOF\n"
LIST = "/desk/refunds/write-offs/"


def text(answer):
    return answer.content.decode()


@pytest.fixture
def clerk(supplier):
    return sign_in(Client(), Role.CLERK)


@pytest.fixture
def debtor(supplier):
    """Somebody who owes one very old bill, and nothing else."""
    world = contracts.world()
    _bill(world)
    return world


def _bill(world):
    return billing.issued(world=world, start_date=date(2022, 1, 1), end_date=date(2022, 2, 1))


def _propose(client, world, **changes):
    bill_ids = [str(world.account.bills.first().id)]
    typed = {"reason": "too_old", "bills": bill_ids, "evidence": "letters came back", "request_key": "k1", **changes}
    return client.post(f"/desk/customers/{world.account.id}/write-off/", typed, follow=True)


def _owed(world):
    return balances.of_account(account_id=world.account.id, today=TODAY).balance_minor


def test_it_is_proposed_decided_by_another_seen_at_once_and_taken_back(clerk, desk, debtor):
    page = f"/desk/customers/{debtor.account.id}/"
    assert f"{page}write-off/" in text(clerk.get(page))
    assert debtor.account.bills.first().number in text(clerk.get(f"{page}write-off/"))
    assert "a second person decides" in text(_propose(clerk, debtor))
    made = WriteOff.objects.get()
    act = f"{LIST}{made.id}/act/"
    assert act not in text(clerk.get(f"{LIST}{made.id}/"))
    assert clerk.post(act, {"action": "agree"}).status_code == 403
    desk.post(act, {"action": "agree"})
    assert _owed(debtor) == 0
    assert "¥61.70 of this customer" in text(clerk.get(page))
    paid_in(debtor.account.id, 1_000, on=TODAY)
    shown = text(desk.get(f"{LIST}{made.id}/"))
    assert "¥51.70" in shown
    assert "Money came in" in shown
    csv = b"".join(desk.get("/desk/refunds/write-offs.csv?state=made").streaming_content).decode()
    assert "51.70" in csv
    months = text(desk.get(f"{LIST}months/?reason=too_old"))
    assert "¥51.70" in months
    assert "¥10.00" in months
    assert b"".join(desk.get(f"{LIST}months.csv").streaming_content).decode().count("\n") == 2
    desk.post(act, {"action": "reverse", "reason": "he was found"})
    assert _owed(debtor) == 5_170


def test_a_bankruptcy_is_shown_by_a_file(clerk, debtor):
    assert "paper" in text(_propose(clerk, debtor, reason="bankrupt")).lower()
    assert not WriteOff.objects.exists()
    file = SimpleUploadedFile("court.pdf", PDF, content_type="application/pdf")
    _propose(clerk, debtor, reason="bankrupt", paper=file)
    made = WriteOff.objects.get()
    assert b"".join(clerk.get(f"{LIST}{made.id}/paper/").streaming_content) == PDF
    assert sign_in(Client(), Role.AUDITOR).get(f"{LIST}{made.id}/paper/").status_code == 403


def test_the_list_of_the_night_becomes_a_batch_that_another_supervisor_lets_go(clerk, desk, debtor):
    assert "list is made each night" in text(desk.get(f"{LIST}candidates/"))
    write_off_batches.find(today=TODAY)
    assert "¥61.70" in text(desk.get(f"{LIST}candidates/?reason=too_old"))
    assert b"".join(desk.get(f"{LIST}candidates.csv").streaming_content).decode().count("\n") == 2
    clerk.post(f"{LIST}batches/new/", {"request_key": "b", "reason": ""})
    batch = WriteOffBatch.objects.get()
    page = f"{LIST}batches/{batch.id}/"
    assert "Write them off" not in text(clerk.get(page))
    assert "Write them off" in text(desk.get(page))
    desk.post(f"{page}decide/", {"action": "agree"})
    write_off_batches.work(timezone.now())
    assert "Done" in text(desk.get(page))
    assert _owed(debtor) == 0
    assert desk.post(f"{page}decide/", {"action": "nonsense"}).status_code == 404


@pytest.mark.parametrize("address", [LIST, f"{LIST}candidates/", f"{LIST}months/"])
def test_lists_take_as_many_statements_for_many_as_for_one(clerk, desk, address):
    counts = []
    for number in range(3):
        world = contracts.world()
        for_list = contracts.world()
        for one in (world, for_list):
            _bill(one)
        _propose(clerk, world, request_key=f"k{number}")
        desk.post(f"{LIST}{WriteOff.objects.latest('id').id}/act/", {"action": "agree"})
        write_off_batches.find(today=TODAY)
        with CaptureQueriesContext(connection) as asked:
            assert desk.get(address).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[2] <= 10


def test_who_owes_nothing_that_is_late_is_not_written_off(clerk, supplier):
    billed = make_billed(months=1)
    paid_in(billed.account.id, 6_170, on=TODAY)
    answer = clerk.get(f"/desk/customers/{billed.account.id}/write-off/", follow=True)
    assert "past its due date" in text(answer)
