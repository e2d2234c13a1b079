"""The first page of the desk."""

import pytest

from cis.platform import jobs

pytestmark = pytest.mark.django_db


def test_work_of_the_night_that_failed_is_shown_with_its_reason(desk):
    done = jobs.start(name="billing_night")
    jobs.finish(done)
    failed = jobs.start(name="ledger_proof")
    jobs.fail(failed, "LawsBroken: 1 of 10 laws do not hold")
    page = desk.get("/").content.decode()
    assert "Proof of the books" in page
    assert "1 of 10 laws do not hold" in page
    assert "Billing by night" not in page
