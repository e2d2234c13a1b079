"""Runs reach back to usage that was corrected long ago, for the accounts that it concerns, and once."""

from datetime import date

import pytest
from django.db import transaction

from billing.models.bill import Bill
from billing.models.rebill import Rebill
from billing.models.run import HeldBill
from billing.operations import rebills, runs
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.periods import Period, add_months
from cis.kernel.workflow import NotAllowed
from cis.platform import events
from contracts.models.agreement import AgreementTerm, ServiceAgreement
from metering.domain.announcements import CorrectionMade
from metering.models.rule import UsageRule
from tariffs.models.tariff import TariffVersion
from tests.db.billing.night import bill, forget, issue, prove, rate, use
from tests.factories import corrections, mass, tariffs

pytestmark = pytest.mark.django_db

OLD = Period(date(2023, 2, 1), date(2023, 3, 1))
MONTHS = [Period(add_months(date(2023, 1, 1), n), add_months(date(2023, 1, 1), n + 1)) for n in range(30)]
LAST = MONTHS[-2]
NEXT = MONTHS[-1]
BILLER = Actor(ActorKind.STAFF, 7, "biller", frozenset({Role.BILLING}))


@pytest.fixture
def supplied():
    """Three accounts with thirty months of usage, of which four long ago and the last but one are billed."""
    ids = mass.supply(count=3, months=MONTHS)
    _supplied_since(MONTHS[0].start)
    for month in (*MONTHS[:4], LAST):
        bill(month)
    return ids


def _supplied_since(day):
    ServiceAgreement.objects.update(period=(day, None))
    AgreementTerm.objects.update(period=(day, None))


def _correct(account, period, wh, *, of=None):
    """Correct what was used, with a finding that says so."""
    use(account, period, wh)
    made = of or corrections.correction(
        meter_id=account, service_point_id=account, start_date=period.start, end_date=period.end
    )
    with transaction.atomic():
        events.announce(
            CorrectionMade(
                correction_id=made.id, service_point_id=account, start_date=period.start, end_date=period.end
            )
        )
    return made


def _corrected(run_id):
    """Which months of which account the bills of a run bill anew."""
    return {
        (segment.bill.account_id, segment.start_date)
        for one in Bill.objects.filter(run_id=run_id)
        for segment in one.segments.filter(cancels=None)
        if segment.start_date < NEXT.start
    }


def test_usage_that_was_corrected_long_ago_is_billed_by_the_next_run_and_once(supplied):
    account = supplied[0]
    before = dict(Bill.objects.filter(account_id=account).values_list("start_date", "amount_minor"))
    use(supplied[1], OLD, 700_000)  # of another account nothing was found
    _correct(account, OLD, 700_000)
    run_id = bill(NEXT)
    found = _corrected(run_id)
    # Its tier year follows; other years and accounts do not.
    assert {one for one, _ in found} == {account}
    assert {(account, OLD.start)} <= found <= {(account, month.start) for month in MONTHS[1:4]}
    carrier = Bill.objects.get(run_id=run_id, account_id=account)
    rebill = Rebill.objects.get()
    assert (rebill.state, rebill.bill_id, rebill.from_date) == ("billed", carrier.id, OLD.start)
    gone = carrier.segments.filter(start_date=OLD.start).exclude(cancels=None).get()
    assert -gone.amount_minor == before[OLD.start]
    prove()
    again = bill(NEXT)
    assert not Bill.objects.filter(run_id=again).exists()


def test_who_takes_a_part_of_a_meter_that_was_corrected_is_billed_anew_too(supplied):
    taking = {"kind": "share", "service_point_id": supplied[1], "source_id": supplied[0], "share_e6": 1}
    UsageRule.objects.create(period=(OLD.start, None), **taking)
    _correct(supplied[0], OLD, 700_000)
    assert set(Rebill.objects.values_list("account_id", flat=True)) == set(supplied[:2])


def test_a_correction_that_is_taken_back_leaves_the_bills_as_they_were(supplied):
    account = supplied[0]
    owed = sum(Bill.objects.filter(account_id=account).values_list("amount_minor", flat=True))
    used = Bill.objects.get(account_id=account, start_date=OLD.start).segments.get()
    peak = used.lines.filter(code="energy", period_of_use="peak").values_list("quantity", flat=True)
    was = sum(peak)
    made = _correct(account, OLD, was + 100_000)
    bill(LAST)
    assert sum(Bill.objects.filter(account_id=account).values_list("amount_minor", flat=True)) > owed
    _correct(account, OLD, was, of=made)
    bill(LAST)
    # Two decided on the correction and on its end: nobody is asked again whether money goes back.
    assert not HeldBill.objects.exists()
    assert sum(Bill.objects.filter(account_id=account).values_list("amount_minor", flat=True)) == owed
    assert set(Rebill.objects.values_list("state", flat=True)) == {"billed"}
    prove()


def test_a_dropped_run_leaves_the_rebill_open_and_a_later_one_bills_it(supplied):
    account = supplied[0]
    _correct(account, OLD, 700_000)
    dropped = rate(NEXT)
    carrier = Bill.objects.get(run_id=dropped, account_id=account)
    assert Rebill.objects.get().bill_id == carrier.id
    runs.drop(run_id=dropped, actor=SYSTEM)
    assert (Rebill.objects.get().state, Rebill.objects.get().bill_id) == ("open", None)
    assert (account, OLD.start) in _corrected(bill(NEXT))
    assert Rebill.objects.get().state == "billed"


def test_what_is_found_while_a_draft_waits_is_billed_by_the_run_after_it(supplied):
    account = supplied[0]
    _correct(account, OLD, 700_000)
    waiting = rate(LAST)
    _correct(account, MONTHS[3], 600_000)
    issue(waiting)
    assert sorted(Rebill.objects.values_list("from_date", "state")) == [
        (OLD.start, "billed"),
        (MONTHS[3].start, "open"),
    ]
    assert (account, MONTHS[3].start) in _corrected(bill(LAST))
    prove()


def test_an_account_that_cannot_be_rated_keeps_its_rebill_open(supplied):
    account = supplied[0]
    _correct(account, OLD, 700_000)
    forget(account, NEXT)
    bill(NEXT)
    assert HeldBill.objects.get().account_id == account
    assert Rebill.objects.get().state == "open"


def test_a_correction_that_changes_no_money_is_settled_too(supplied):
    made = corrections.correction(
        meter_id=supplied[0], service_point_id=supplied[0], start_date=OLD.start, end_date=OLD.end
    )
    with transaction.atomic():
        events.announce(
            CorrectionMade(correction_id=made.id, service_point_id=supplied[0], start_date=OLD.start, end_date=OLD.end)
        )
    bill(LAST)
    assert (Rebill.objects.get().state, Rebill.objects.get().bill_id) == ("billed", None)


def test_who_moved_out_long_ago_is_billed_by_the_run_of_all(supplied):
    account = supplied[0]
    ServiceAgreement.objects.filter(account_id=account).update(period=(MONTHS[0].start, MONTHS[3].start))
    AgreementTerm.objects.filter(agreement__account_id=account).update(period=(MONTHS[0].start, MONTHS[3].start))
    bill(LAST)  # what was billed after he left is paid back
    assert not Bill.objects.filter(run_id=bill(NEXT), account_id=account).exists()
    _correct(account, OLD, 700_000)
    assert (account, OLD.start) in _corrected(bill(NEXT))
    prove()


def test_a_rebill_reaches_back_to_prices_that_hold_no_more(supplied):
    """The old month keeps its old price, however long ago that ended."""
    account = supplied[0]
    tariff = TariffVersion.objects.get().tariff
    TariffVersion.objects.update(period=(date(2020, 1, 1), date(2023, 7, 1)))
    tariffs.version(of=tariff, source=mass.SIX_LINES.replace("0.617", "0.717"), start_date=date(2023, 7, 1))
    _correct(account, OLD, 700_000)
    bill(NEXT)
    anew = Bill.objects.get(account_id=account, start_date=NEXT.start).segments.get(start_date=OLD.start, cancels=None)
    assert anew.tariff_version == TariffVersion.objects.earliest("id")


def test_one_account_is_rebilled_at_once_by_an_ordinary_run(supplied):
    account = supplied[0]
    _correct(account, OLD, 700_000)
    run_id = rebills.rebill(account_id=account, today=date(2025, 6, 10), actor=BILLER)
    while runs.rate_chunk(run_id=run_id):
        pass
    issue(run_id)
    carrier = Bill.objects.get(run_id=run_id)
    assert (carrier.account_id, carrier.start_date, carrier.state) == (account, LAST.start, "issued")
    assert (account, OLD.start) in _corrected(run_id)
    with pytest.raises(NotAllowed):
        rebills.rebill(
            account_id=account,
            today=date(2025, 6, 10),
            actor=Actor(ActorKind.STAFF, 8, "clerk", frozenset({Role.CLERK})),
        )


def test_an_account_without_bills_has_nothing_to_rebill():
    ids = mass.supply(count=1, months=[NEXT])
    with pytest.raises(rebills.NothingBilled):
        rebills.rebill(account_id=ids[0], today=date(2025, 6, 10), actor=BILLER)
