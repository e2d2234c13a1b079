"""manage.py bill_run."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from billing.models.bill import Bill
from billing.models.run import BillRun
from billing.operations import chunks
from tests.db.billing.night import JANUARY, forget, prove
from tests.factories import mass

pytestmark = pytest.mark.django_db


def run(*arguments):
    out = StringIO()
    call_command("bill_run", *arguments, stdout=out)
    return out.getvalue()


def test_a_month_is_billed_and_summed_up():
    ids = mass.supply(count=3, months=[JANUARY])
    forget(ids[0], JANUARY)
    said = run("--month", "2025-01", "--as-of", "2025-02-02", "--issue")
    assert "is issued: 3 accounts, 2 bills, 1 held" in said
    assert "missing_read" in said
    assert Bill.objects.filter(state="issued").count() == 2
    prove()


def test_without_issue_drafts_are_left():
    mass.supply(count=1, months=[JANUARY])
    assert "is rated" in run("--month", "2025-01")


def test_what_failed_as_a_whole_is_said_and_retried(monkeypatch):
    mass.supply(count=100, months=[JANUARY])
    with monkeypatch.context() as broken:
        broken.setattr(chunks.segments, "find", lambda **_: 1 // 0)
        said = run("--month", "2025-01", "--issue")
    assert "ZeroDivisionError" in said.split("failed: ")[1]
    run_id = BillRun.objects.get().id
    said = run("--retry", str(run_id), "--issue")
    assert "failed:" not in said
    assert Bill.objects.filter(state="issued").count() > 100 - chunks.MOST_FAILURES
    with pytest.raises(CommandError):
        run("--retry", str(run_id))
    prove()


@pytest.mark.parametrize(
    "arguments", [["--month", "January"], ["--month", "2025-01"], ["--month", "2025-01", "--cycle", "x"]]
)
def test_what_cannot_be_billed_is_said(arguments):
    with pytest.raises(CommandError):
        run(*arguments)
