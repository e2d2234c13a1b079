"""Reads that come after their days were billed, further back than runs look: proposed once, decided on, billed once."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from billing.domain.rebills import TooLate
from billing.models.bill import Bill
from billing.models.rebill import Rebill
from billing.operations import late_reads
from billing.queries import late_reads as queries
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform import events
from cis.platform.models import AuditEvent
from contracts.models.agreement import ServiceAgreement
from metering.domain.announcements import CorrectionMade, UsageCorrected
from metering.models.usage import Usage
from tests.db.billing import proven
from tests.db.billing.night import JANUARY, bill, prove, use
from tests.db.billing.test_rebills import BILLER, LAST, MONTHS, NEXT, OLD, _correct, _corrected, supplied  # noqa: F401
from tests.factories import corrections, metering

pytestmark = pytest.mark.django_db
TODAY = NEXT.end
CLERK = Actor(ActorKind.STAFF, 8, "clerk", frozenset({Role.CLERK}))
SENT = {"reason": "The read came with the exchange.", "today": TODAY, "actor": BILLER}


def _late(*accounts, since=OLD.start):
    """Say that usage of some accounts was replaced since a day."""
    with transaction.atomic():
        events.announce(UsageCorrected(service_point_ids=accounts, from_date=since))


def _waiting():
    return list(Rebill.objects.filter(state="proposed").values_list("account_id", "from_date"))


def test_late_reads_are_proposed_and_billed_once_somebody_says_so(supplied):  # noqa: F811
    account = supplied[0]
    use(account, OLD, 700_000)
    _late(account)
    assert _waiting() == [(account, OLD.start)]
    assert _corrected(bill(NEXT)) == set()  # until somebody decides, the bills stay as they are
    (card,) = queries.listed(state=queries.WAITING)
    seen = late_reads.preview(rebill_id=card.id, today=TODAY)
    assert (seen.start_date, seen.change.obstacle) == (OLD.start, None)
    assert _waiting() == [(account, OLD.start)]  # to look changes nothing
    owed = sum(Bill.objects.filter(account_id=account).values_list("amount_minor", flat=True))
    assert late_reads.bill(rebill_id=card.id, **SENT) == OLD.start
    run_id = bill(NEXT)
    assert (account, OLD.start) in _corrected(run_id)
    assert {one for one, _ in _corrected(run_id)} == {account}
    now = sum(Bill.objects.filter(account_id=account).values_list("amount_minor", flat=True))
    assert now - owed == seen.change.change_minor != 0
    assert Rebill.objects.get().state == "billed"
    assert not Bill.objects.filter(run_id=bill(NEXT)).exists()
    event = AuditEvent.objects.get(subject="late_reads")
    assert (event.action, event.subject_id, event.actor_id) == ("bill", card.id, BILLER.id)
    prove()


def test_what_the_next_run_looks_at_by_itself_is_not_asked(supplied):  # noqa: F811
    use(supplied[0], LAST, 700_000)
    _late(supplied[0], since=LAST.start)
    assert not Rebill.objects.exists()
    assert (supplied[0], LAST.start) in _corrected(bill(NEXT))


def test_who_was_billed_to_the_end_is_asked_for_since_no_run_comes_there(supplied):  # noqa: F811
    account = supplied[0]
    ServiceAgreement.objects.filter(account_id=account).update(period=(MONTHS[0].start, LAST.end))
    use(account, LAST, 700_000)
    _late(account, since=LAST.start)
    assert _waiting() == [(account, LAST.start)]
    late_reads.bill(rebill_id=Rebill.objects.get().id, **SENT)
    assert (account, LAST.start) in _corrected(bill(NEXT))


def test_an_account_waits_for_one_decision_that_begins_with_the_first_day(supplied):  # noqa: F811
    first, second, _third = supplied
    _late(first, second, since=MONTHS[3].start)
    _late(first, since=OLD.start)
    _late(first, since=MONTHS[2].start)
    assert sorted(_waiting()) == [(first, OLD.start), (second, MONTHS[3].start)]


def test_who_was_not_billed_is_not_asked_for(supplied):  # noqa: F811
    _late(supplied[0], since=NEXT.start)
    assert not Rebill.objects.exists()


def test_a_correction_takes_along_what_waits(supplied):  # noqa: F811
    account = supplied[0]
    _late(account)
    _correct(account, OLD, 700_000)
    assert _waiting() == []
    _late(account, since=MONTHS[2].start)
    assert _waiting() == []  # the open rebill reaches back to it
    assert (account, OLD.start) in _corrected(bill(NEXT))


def test_a_correction_of_later_days_leaves_it_waiting(supplied):  # noqa: F811
    account = supplied[0]
    _late(account)
    made = corrections.correction(meter_id=account, service_point_id=account, start_date=LAST.start, end_date=LAST.end)
    told = CorrectionMade(correction_id=made.id, service_point_id=account, start_date=LAST.start, end_date=LAST.end)
    with transaction.atomic():
        events.announce(told)
    assert _waiting() == [(account, OLD.start)]


def test_bills_that_are_left_stay_as_they_are_and_later_reads_ask_anew(supplied):  # noqa: F811
    account = supplied[0]
    use(account, OLD, 700_000)
    _late(account)
    found = Rebill.objects.get()
    late_reads.leave(rebill_id=found.id, reason="The meter was tested.", actor=BILLER)
    assert _corrected(bill(NEXT)) == set()
    with pytest.raises(IllegalMove):
        late_reads.bill(rebill_id=found.id, **SENT)
    _late(account)
    assert _waiting() == [(account, OLD.start)]
    assert queries.count() == 2


def test_only_who_bills_decides_and_says_why(supplied):  # noqa: F811
    _late(supplied[0])
    found = Rebill.objects.get().id
    with pytest.raises(NotAllowed):
        late_reads.bill(rebill_id=found, **{**SENT, "actor": CLERK})
    with pytest.raises(NotAllowed):
        late_reads.leave(rebill_id=found, reason="why", actor=CLERK)
    for reason in ("", "  "):
        with pytest.raises(late_reads.ReasonMissing):
            late_reads.leave(rebill_id=found, reason=reason, actor=BILLER)
    with pytest.raises(queries.UnknownLateRead):
        late_reads.leave(rebill_id=_correct(supplied[1], OLD, 700_000).id + 10_000, reason="x", actor=BILLER)
    assert len(_waiting()) == 1


def test_more_is_asked_for_as_far_back_as_the_place_allows(supplied, monkeypatch):  # noqa: F811
    cap = date(2023, 2, 15)
    monkeypatch.setattr(
        late_reads.correction_plans,
        "first_billable",
        lambda *, is_customer_fault, today: None if is_customer_fault else cap,
    )
    account = supplied[0]
    use(account, OLD, 9_000_000)
    _late(account)
    found = Rebill.objects.get().id
    assert late_reads.preview(rebill_id=found, is_customer_fault=True, today=TODAY).start_date == OLD.start
    begins = late_reads.preview(rebill_id=found, today=TODAY).start_date
    if begins is None:
        with pytest.raises(TooLate):
            late_reads.bill(rebill_id=found, **SENT)
        assert _waiting() == [(account, OLD.start)]
    else:
        assert late_reads.bill(rebill_id=found, **SENT) == begins >= cap
        assert (account, OLD.start) not in _corrected(bill(NEXT))


def test_a_read_that_comes_late_goes_the_whole_way():
    """From a counter value through the approval to the proposal, without anybody announcing anything."""
    (register,) = proven.supply().values()
    ServiceAgreement.objects.update(period=(JANUARY.start, JANUARY.end))
    proven.read(register, d0101=100, d0201=300)
    proven.approve(JANUARY)
    bill(JANUARY)
    assert not Rebill.objects.exists()
    metering.read(of=register, on=JANUARY.end, kwh=450, version=2)
    proven.approve(JANUARY)
    proven.approve(JANUARY)
    found = Rebill.objects.get()
    assert (found.state, found.from_date) == ("proposed", JANUARY.start)
    seen = late_reads.preview(rebill_id=found.id, today=TODAY)
    (month,) = seen.change.months
    assert (month.before_wh, month.after_wh) == (200_000, 350_000)
    late_reads.bill(rebill_id=found.id, **SENT)
    bill(JANUARY)
    assert Usage.objects.get(is_current=True).energy_wh == 350_000
    assert (
        sum(Bill.objects.values_list("amount_minor", flat=True))
        == Bill.objects.first().amount_minor + month.change_minor
    )
    prove()


def test_the_database_knows_who_decides(supplied):  # noqa: F811
    _late(supplied[0])
    rows = Rebill.objects.all()
    for change in ({"state": "open"}, {"state": "left"}, {"state": "nonsense"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Rebill.objects.create(account_id=supplied[0], from_date=OLD.start, state="proposed")
    rows.update(state="left", decided_at=timezone.now())


def test_many_are_proposed_in_as_many_statements_as_one(supplied, django_assert_num_queries):  # noqa: F811
    told = UsageCorrected(service_point_ids=tuple(supplied), from_date=OLD.start)
    late_reads.queries.unreached(service_point_ids=supplied[:1], from_date=OLD.start)  # plans are compiled once
    with transaction.atomic(), django_assert_num_queries(5):
        late_reads.propose(told)
    assert len(_waiting()) == 3
