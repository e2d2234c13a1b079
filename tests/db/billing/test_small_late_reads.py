"""Late reads that cost too little to ask about go with the next bill, and the customer is told of it all the same."""

from datetime import UTC, datetime, time

import pytest

from billing.models.rebill import Rebill
from billing.operations import late_reads
from billing.queries import late_reads as queries
from cis.platform import jobs
from cis.platform.models import AuditEvent
from contracts.models.agreement import ServiceAgreement
from metering.models.usage import Usage
from tests.db.billing.night import bill, prove, use
from tests.db.billing.test_late_reads import TODAY, _late, _waiting
from tests.db.billing.test_rebills import LAST, MONTHS, NEXT, OLD, _corrected, supplied  # noqa: F401

pytestmark = pytest.mark.django_db
NEXT_NIGHT = datetime.combine(TODAY, time(1), tzinfo=UTC)


def _peak(account, period):
    return Usage.objects.get(
        service_point_id=account, period_of_use="peak", start_date=period.start, is_current=True
    ).energy_wh


def test_a_small_difference_goes_with_the_next_bill_without_a_person(supplied):  # noqa: F811
    account = supplied[0]
    use(account, OLD, _peak(account, OLD) + 1_000)  # less than a yuan
    _late(account)
    found = Rebill.objects.get()
    late_reads.net(rebill_id=found.id, today=TODAY)
    found.refresh_from_db()
    assert (found.state, found.decider_id, found.decided_at is None) == ("open", None, False)
    (card,) = queries.listed()
    assert card.is_by_rule
    assert AuditEvent.objects.get(subject="late_reads").actor_id is None
    assert (account, OLD.start) in _corrected(bill(NEXT))
    assert Rebill.objects.get().state == "billed"
    prove()


def test_a_large_one_waits_for_a_person(supplied):  # noqa: F811
    use(supplied[0], OLD, 700_000)
    _late(supplied[0])
    assert late_reads.net(rebill_id=Rebill.objects.get().id, today=TODAY) is None
    assert _waiting() == [(supplied[0], OLD.start)]


def test_large_ones_that_cancel_out_wait_for_a_person(supplied):  # noqa: F811
    account = supplied[0]
    for month, more in ((OLD, 100_000), (MONTHS[2], -100_000)):
        use(account, month, _peak(account, month) + more)
    _late(account)
    assert late_reads.net(rebill_id=Rebill.objects.get().id, today=TODAY) is None
    assert _waiting() == [(account, OLD.start)]


def test_who_gets_no_bill_any_more_is_not_asked_for_it_and_paid_back_by_a_person(supplied):  # noqa: F811
    asked, owed, _third = supplied
    ServiceAgreement.objects.update(period=(MONTHS[0].start, LAST.end))
    for account, more in ((asked, 1_000), (owed, -1_000)):
        use(account, LAST, _peak(account, LAST) + more)
        _late(account, since=LAST.start)
    for one in Rebill.objects.all():
        late_reads.net(rebill_id=one.id, today=TODAY)
    assert dict(Rebill.objects.values_list("account_id", "state")) == {asked: "left", owed: "proposed"}


def test_the_night_decides_on_all_that_is_small_before_bills_are_made(supplied):  # noqa: F811
    for account, wh in ((supplied[0], 1_000), (supplied[1], 300_000)):
        use(account, OLD, _peak(account, OLD) + wh)
        _late(account)
    late_reads.night(NEXT_NIGHT)
    assert [account for account, _since in _waiting()] == [supplied[1]]
    at = jobs.REGISTRY[late_reads.WORK].schedule.at
    assert jobs.REGISTRY["usage_arrivals"].schedule.at < at < jobs.REGISTRY["billing_night"].schedule.at


def test_the_night_goes_through_all_though_those_that_wait_for_a_person_come_first(supplied, monkeypatch):  # noqa: F811
    monkeypatch.setattr(late_reads, "CHUNK", 1)
    for account, wh in ((supplied[0], 1_000), (supplied[1], 300_000), (supplied[2], 300_000)):
        use(account, OLD, _peak(account, OLD) + wh)
        _late(account)
    late_reads.night(NEXT_NIGHT)
    assert {account for account, _since in _waiting()} == {supplied[1], supplied[2]}
