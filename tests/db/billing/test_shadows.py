"""Shadow runs: rated before the real run, looked through, promoted."""

from datetime import date

import pytest

from billing.models.bill import Bill
from billing.models.run import BillRun, HeldBill
from billing.models.shadow import ShadowBill
from billing.operations import held, runs, shadows
from billing.queries import runs as found
from billing.queries import shadows as queries
from cis.kernel.actors import SYSTEM
from cis.kernel.errors import Refused
from cis.kernel.periods import Period
from cis.kernel.workflow import IllegalMove
from tests.db.billing.night import FEBRUARY, JANUARY, MARCH, bill, forget, prove, rate, use
from tests.db.billing.test_charges import agreed, charged
from tests.factories import mass

pytestmark = pytest.mark.django_db
TODAY = date(2025, 3, 2)
PLENTY_WH = 2_500_000


def shadow(period=FEBRUARY):
    run_id = shadows.open(period=period, as_of_date=period.end, actor=SYSTEM)
    while runs.rate_chunk(run_id=run_id):
        pass
    return run_id


def promote(run_id):
    real = shadows.promote(run_id=run_id, today=TODAY, actor=SYSTEM)
    while runs.rate_chunk(run_id=real):
        pass
    runs.approve(run_id=real, actor=SYSTEM)
    while runs.issue_chunk(run_id=real):
        pass
    return real


@pytest.fixture
def ids():
    """Four accounts with a bill of January and usage of February; the first uses very much more."""
    ids = mass.supply(count=4, months=[JANUARY, FEBRUARY, MARCH])
    bill(JANUARY)
    use(ids[0], FEBRUARY, PLENTY_WH)
    return ids


def states(run_id):
    return dict(ShadowBill.objects.filter(run_id=run_id).values_list("account_id", "state"))


def test_a_shadow_run_makes_no_bill_and_says_who_is_unlike_before(ids):
    bills = Bill.objects.count()
    run_id = shadow()
    assert Bill.objects.count() == bills
    assert states(run_id) == {ids[0]: "open", **dict.fromkeys(ids[1:], "plain")}
    one = ShadowBill.objects.get(run_id=run_id, account_id=ids[0])
    assert one.code in {"outlier_above", "usage_above"}
    assert one.last_days == 31
    assert one.own_days == 28
    assert not HeldBill.objects.exists()
    prove()


def test_a_charge_that_the_shadow_run_showed_is_issued_with_its_bill(ids):
    use(ids[0], FEBRUARY, 100_000)
    agreed(ids[1])
    run_id = shadow()
    summary = queries.summary(run_id=run_id)
    real = promote(run_id)
    assert set(Bill.objects.filter(run_id=real).values_list("state", flat=True)) == {"issued"}
    assert summary.amount_minor == sum(Bill.objects.filter(run_id=real).values_list("amount_minor", flat=True))
    assert charged(ids[1]) == [("issued", 50_000, 5_752)]
    prove()


def test_a_charge_that_came_after_the_shadow_run_waits_for_somebody(ids):
    run_id = shadow()
    agreed(ids[1])
    shown = ShadowBill.objects.get(run_id=run_id, account_id=ids[1]).amount_minor
    real = promote(run_id)
    one = Bill.objects.get(run_id=real, account_id=ids[1])
    assert (one.state, one.amount_minor) == ("held", shown + 50_000)
    waiting = HeldBill.objects.get(run_id=real, account_id=ids[1])
    assert (waiting.code, waiting.bill_id) == ("differs_from_shadow", one.id)
    held.release(held_id=waiting.id, today=TODAY, actor=SYSTEM)
    assert charged(ids[1]) == [("issued", 50_000, 5_752)]
    prove()


@pytest.mark.parametrize("is_before", [True, False])
def test_a_charge_alone_is_shown_and_waits_if_it_was_not(ids, is_before):
    use(ids[0], FEBRUARY, 100_000)
    bill(FEBRUARY)
    if is_before:
        agreed(ids[2])
    run_id = shadow()
    if not is_before:
        agreed(ids[2])
    assert states(run_id) == ({ids[2]: "plain"} if is_before else {})
    one = Bill.objects.get(run_id=promote(run_id), account_id=ids[2])
    assert (one.state, one.amount_minor) == ("issued" if is_before else "held", 50_000)
    assert HeldBill.objects.filter(bill=one).exists() is not is_before
    prove()


def test_its_sums_stand_beside_those_of_the_bills_before(ids):
    run_id = shadow()
    summary = queries.summary(run_id=run_id)
    january = sum(Bill.objects.filter(start_date=JANUARY.start).values_list("amount_minor", flat=True))
    assert (summary.last.accounts, summary.last.then_minor) == (4, january)
    assert summary.last.now_minor == summary.amount_minor
    assert summary.year.accounts == 0
    assert sum(summary.spread) == 4
    assert summary.spread[-1] == 1
    cards = queries.bills(run_id=run_id)
    assert [cards[0].account_id, cards[0].change_minor > 0] == [ids[0], True]
    assert [card.account_id for card in queries.bills(run_id=run_id, state="open")] == [ids[0]]
    with pytest.raises(found.UnknownRun):
        queries.summary(run_id=rate(FEBRUARY))


def test_other_runs_go_on_beside_it(ids):
    run_id = shadow()
    with pytest.raises(IllegalMove):
        runs.approve(run_id=run_id, actor=SYSTEM)
    bill(FEBRUARY)
    runs.drop(run_id=run_id, actor=SYSTEM)
    assert not ShadowBill.objects.exists()
    prove()


def test_what_was_approved_is_issued_and_an_outlier_that_nobody_accepted_is_held(ids):
    real = promote(shadow())
    assert set(Bill.objects.filter(run_id=real, state="issued").values_list("account_id", flat=True)) == set(ids[1:])
    one = HeldBill.objects.get()
    assert one.account_id == ids[0]
    held.release(held_id=one.id, today=TODAY, actor=SYSTEM)
    assert Bill.objects.filter(run_id=real, state="issued").count() == 4
    prove()


def test_an_accepted_outlier_is_issued_though_it_is_out_of_bounds(ids):
    run_id = shadow()
    assert shadows.accept(run_id=run_id, account_ids=[ids[0], ids[1]], actor=SYSTEM) == 1
    with pytest.raises(shadows.NotAnOutlier):
        shadows.accept(run_id=run_id, account_ids=[ids[0]], actor=SYSTEM)
    real = promote(run_id)
    assert Bill.objects.filter(run_id=real, state="issued").count() == 4
    assert not HeldBill.objects.exists()
    assert BillRun.objects.get(id=run_id).state == "promoted"
    with pytest.raises(IllegalMove):
        shadows.promote(run_id=run_id, today=TODAY, actor=SYSTEM)
    with pytest.raises(IllegalMove):
        shadows.accept(run_id=run_id, account_ids=ids, actor=SYSTEM)
    prove()


def test_what_changed_since_it_was_approved_is_held_with_both_amounts(ids):
    run_id = shadow()
    then = ShadowBill.objects.get(run_id=run_id, account_id=ids[2]).amount_minor
    use(ids[2], FEBRUARY, 177_000)
    real = promote(run_id)
    one = HeldBill.objects.get(account_id=ids[2])
    assert one.code == "differs_from_shadow"
    assert f"{then / 100:.2f}" in one.message
    assert f"{one.bill.amount_minor / 100:.2f}" in one.message
    assert set(Bill.objects.filter(run_id=real, state="issued").values_list("account_id", flat=True)) == {
        ids[1],
        ids[3],
    }


def test_who_could_not_be_billed_then_is_held_if_it_can_be_now(ids):
    kept = list(ids)
    forget(kept[3], MARCH)
    use(ids[0], FEBRUARY, 100_000)
    bill(FEBRUARY)
    run_id = shadow(MARCH)
    assert states(run_id)[ids[3]] == "blocked"
    assert ShadowBill.objects.get(run_id=run_id, account_id=ids[3]).code == "missing_read"
    with pytest.raises(shadows.NotAnOutlier):
        shadows.accept(run_id=run_id, account_ids=[ids[3]], actor=SYSTEM)
    real = promote(run_id)
    assert Bill.objects.filter(run_id=real, state="issued").count() == 3
    assert HeldBill.objects.get().code == "missing_read"


def test_one_account_that_fails_is_blocked_and_the_others_are_compared(ids, monkeypatch):
    from billing.operations import chunks

    find = chunks.segments.find

    def fail(*, account_ids, scope):
        if ids[1] in account_ids:
            raise Refused("odd", advice="none")
        return find(account_ids=account_ids, scope=scope)

    monkeypatch.setattr(chunks.segments, "find", fail)
    run_id = shadow()
    assert states(run_id) == {ids[0]: "open", ids[1]: "blocked", ids[2]: "plain", ids[3]: "plain"}
    assert found.totals(run_id=run_id).accounts_rated == 4


def test_only_one_shadow_of_a_cycle_is_under_way_and_a_night_does_not_take_it_for_a_run(ids):
    from billing.models.run import BillCycle, CycleMember
    from billing.operations import nights

    cycle = BillCycle.objects.create(code="c", name_zh="c", name_en="c", is_unattended=True)
    CycleMember.objects.bulk_create(CycleMember(account_id=one, cycle=cycle) for one in ids)
    given = {"period": FEBRUARY, "as_of_date": FEBRUARY.end, "actor": SYSTEM, "cycle_id": cycle.id}
    shadows.open(**given)
    with pytest.raises(runs.AccountsTaken):
        shadows.open(**given)
    real = runs.open_due(cycle_id=cycle.id, today=MARCH.start)
    assert BillRun.objects.get(id=real).is_shadow is False
    nights.work(None)
    assert sorted(BillRun.objects.filter(cycle=cycle).values_list("is_shadow", "state")) == [
        (False, "issued"),
        (True, "rated"),
    ]


def test_a_chunk_of_a_shadow_run_costs_the_same_statements_for_few_and_many(django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for count in (2, 30):
        ids = mass.supply(count=count, months=[JANUARY, FEBRUARY])
        run_id = shadows.open(period=Period(JANUARY.start, JANUARY.end), as_of_date=FEBRUARY.start, actor=SYSTEM)
        with CaptureQueriesContext(connection) as caught:
            runs.rate_chunk(run_id=run_id)
        counts.append(len(caught))
        assert ids
        runs.drop(run_id=run_id, actor=SYSTEM)
    assert counts[0] == counts[1]
