"""One bill a month for many accounts: collected, made once, paid as a whole, corrected."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models.notice import Notice
from billing.domain.channels import PaymentChannel, ReturnKind
from billing.models.bill import Bill
from billing.models.consolidated import ConsolidatedBill, ConsolidatedPayment
from billing.models.payment import Payment
from billing.models.run import BillRun, HeldBill
from billing.operations import (
    bills,
    consolidated_payments,
    consolidated_telling,
    consolidating,
    consolidations,
    issuing,
    proof,
    telling,
)
from billing.operations.consolidations import BadConsolidation, Terms
from billing.operations.payments import ReferenceReused
from billing.queries import balances, consolidated
from billing.queries import consolidations as arrangements
from cis.kernel.actors import SYSTEM
from contracts.queries import due_days
from tests.db.billing.test_adjustments import BILLER, CLERK
from tests.factories import accounts, billing, contracts

pytestmark = pytest.mark.django_db
AGREED, ISSUED, NIGHT, LATE = date(2026, 1, 20), date(2026, 2, 2), date(2026, 2, 3), date(2026, 2, 11)


def worlds(count):
    """So many accounts of one company, each with a supply."""
    accounts.supplier()
    owner = accounts.customer(name="连锁商店有限公司", kind="company")
    version = None
    made = []
    for _ in range(count):
        account = accounts.account(holder=owner)
        version = version or contracts.world().version
        place = contracts.service_point()
        agreement = contracts.agreement(account=account, service_point=place, tariff=version.tariff)
        made.append(contracts.World(owner, account, place, version.tariff, version, agreement))
    return made


def agreed(found, **given):
    terms = Terms(
        customer_id=found[0].customer.id, name="华东门店", lead_account_id=found[0].account.id,
        account_ids=tuple(world.account.id for world in found),
    )  # fmt: skip
    return consolidations.agree(terms=terms, from_date=AGREED, today=AGREED, actor=CLERK, **given)


def issue(found, *, on=ISSUED, kwh=100, **given):
    drafts = [billing.draft(world=world, kwh=kwh, **given) for world in found]
    with transaction.atomic():
        issuing.issue(
            bill_ids=[one.id for one in drafts], account_ids=[one.account_id for one in drafts], issue_date=on,
            actor=SYSTEM,
        )  # fmt: skip
    return drafts


def pay(bill_id, amount, *, reference="R1", on=NIGHT):
    with transaction.atomic():
        return consolidated_payments.book_step(
            consolidated_bill_id=bill_id, amount_minor=amount, channel=PaymentChannel.BANK, reference=reference,
            received_date=on, today=on, actor=SYSTEM,
        )  # fmt: skip


def card(bill_id):
    return consolidated.one(consolidated_bill_id=bill_id)


@pytest.fixture
def three():
    return worlds(3)


def test_bills_of_a_month_are_asked_for_by_one(three):
    consolidation_id = agreed(three)
    made = issue(three)
    alone = issue(worlds(1))
    # Until the consolidated bill is made, the latest day on which it can be due holds: the 11th and 15 days.
    assert {Bill.objects.get(id=one.id).due_date for one in made} == {date(2026, 2, 26)}
    assert Bill.objects.get(id=alone[0].id).due_date == ISSUED + timedelta(days=15)
    consolidating.work(datetime(2026, 2, 3, 3, 0, tzinfo=ZoneInfo("Asia/Shanghai")))
    consolidating.work(datetime(2026, 2, 4, 3, 0, tzinfo=ZoneInfo("Asia/Shanghai")))
    (one,) = consolidated.listed(wanted=consolidated.Wanted(), today=NIGHT)
    assert (one.bills, one.amount_minor, one.to_pay_minor, one.open_minor) == (3, 3 * 6_170, 3 * 6_170, 3 * 6_170)
    assert (one.month, one.due_date, one.gaps) == (date(2026, 1, 1), date(2026, 2, 18), 0)
    assert {Bill.objects.get(id=each.id).due_date for each in made} == {one.due_date}
    assert len(one.number) == 12
    assert [tax.percent for tax in consolidated.taxes(consolidated_bill_id=one.id)] == [13]
    telling.tell_bills(bill_ids=[each.id for each in [*made, *alone]])
    consolidated_telling.tell_bill(consolidated_bill_id=one.id)
    consolidated_telling.tell_bill(consolidated_bill_id=one.id)
    told = set(Notice.objects.values_list("event", "account_id"))
    assert told == {("bill_issued", alone[0].account_id), ("consolidated_issued", None)}
    assert arrangements.one(consolidation_id=consolidation_id).waiting == 0


def test_a_consolidated_bill_is_not_due_before_the_bills_in_it(three, monkeypatch):
    monkeypatch.setattr(due_days, "by_class", lambda **_: {"other": 15, "commercial": 40})
    consolidation_id = agreed(three)
    made = issue(three)
    own = ISSUED + timedelta(days=40)
    assert {Bill.objects.get(id=one.id).due_date for one in made} == {own}
    assert consolidating.make(consolidation_id=consolidation_id, today=NIGHT)
    assert {ConsolidatedBill.objects.get().due_date, *Bill.objects.values_list("due_date", flat=True)} == {own}


def test_a_month_waits_for_what_is_held_and_goes_without_it_then(three):
    consolidation_id = agreed(three)
    issue(three[:2])
    run = BillRun.objects.create(start_date=date(2026, 1, 1), end_date=date(2026, 2, 1), as_of_date=ISSUED)
    HeldBill.objects.create(
        run=run, account=three[2].account, start_date=run.start_date, end_date=run.end_date, code="x", message="x"
    )
    assert consolidating.make(consolidation_id=consolidation_id, today=LATE - timedelta(days=1)) is None
    made = consolidating.make(consolidation_id=consolidation_id, today=LATE)
    (gap,) = consolidated.gaps_of(consolidated_bill_id=made)
    assert (gap.account_number, gap.reason) == (three[2].account.number, "held")
    # The latecomer comes with the next one, and is not due before that can be.
    (late,) = issue(three[2:], on=date(2026, 2, 20))
    assert Bill.objects.get(id=late.id).due_date == date(2026, 3, 26)
    assert consolidating.make(consolidation_id=consolidation_id, today=date(2026, 2, 21)) is None
    issue(three, on=date(2026, 3, 2), start_date=date(2026, 2, 1), end_date=date(2026, 3, 1))
    second = consolidating.make(consolidation_id=consolidation_id, today=date(2026, 3, 3))
    assert card(second).bills == 4


def test_one_payment_pays_all_and_counts_once(three):
    made = issue_made(three)
    first = pay(made, 10_000)
    again = pay(made, 10_000)
    assert (first.is_new, again.is_new, again.parts) == (True, False, first.parts)
    assert [amount for _payment, amount in first.parts] == [6_170, 3_830]
    assert card(made).open_minor == 3 * 6_170 - 10_000
    with pytest.raises(ReferenceReused):
        pay(made, 10_001)
    pay(made, 10_000, reference="R2")
    lead = balances.of_account(account_id=three[0].account.id, today=NIGHT)
    assert (card(made).open_minor, card(made).state, lead.balance_minor) == (0, "paid", 3 * 6_170 - 20_000)
    assert proof.verify() == ()
    telling.tell_payments(payment_ids=list(Payment.objects.values_list("id", flat=True)))
    assert not Notice.objects.exists()
    for row in ConsolidatedPayment.objects.all():
        consolidated_telling.tell_payment(consolidated_payment_id=row.id)
    assert list(Notice.objects.values_list("event", flat=True).distinct()) == ["consolidated_paid"]
    for amount_minor, state in ((3 * 6_170, "paid"), (0, "nothing"), (-5, "nothing")):
        with transaction.atomic():
            ConsolidatedBill.objects.update(amount_minor=amount_minor)
            assert card(made).state == state
            of = {name: len(consolidated.listed(wanted=consolidated.Wanted(state=name), today=NIGHT))
                  for name in ("open", "paid", "nothing")}  # fmt: skip
            assert of == {"open": 0, "paid": 0, "nothing": 0} | {state: 1}
            transaction.set_rollback(True)
    with transaction.atomic():
        consolidated_payments.take_back_step(
            consolidated_payment_id=first.consolidated_payment_id, kind=ReturnKind.BOUNCED, returned_date=LATE,
            reason="no money", actor=SYSTEM,
        )  # fmt: skip
    # What was over of the second payment pays the lead account's bill again.
    assert card(made).open_minor == 3 * 6_170 - 10_000
    assert proof.verify() == ()


def issue_made(found):
    consolidation_id = agreed(found)
    issue(found)
    return consolidating.make(consolidation_id=consolidation_id, today=NIGHT)


def test_a_bill_that_is_cancelled_is_open_no_more_and_told_on_the_next(three):
    made = issue_made(three)
    item = consolidated.items(consolidated_bill_id=made)[1]
    bills.cancel(bill_id=item.bill_id, reason="wrong meter", as_of_date=date(2026, 2, 5), actor=BILLER)
    assert card(made).open_minor == 2 * 6_170
    issue(three, on=date(2026, 3, 2), start_date=date(2026, 2, 1), end_date=date(2026, 3, 1))
    second = consolidating.make(consolidation_id=card(made).consolidation_id, today=date(2026, 3, 3))
    (told,) = consolidated.corrections_of(consolidated_bill_id=second)
    assert (told.bill_id, told.earlier, told.amount_minor) == (item.bill_id, card(made).number, 6_170)
    assert told.credit_note


def test_what_waits_and_is_cancelled_is_not_collected(three):
    consolidation_id = agreed(three)
    (gone, *_rest) = issue(three)
    bills.cancel(bill_id=gone.id, reason="wrong meter", as_of_date=ISSUED, actor=BILLER)
    made = consolidating.make(consolidation_id=consolidation_id, today=NIGHT)
    assert card(made).bills == 2


def test_accounts_come_and_go(three):
    consolidation_id = agreed(three)
    with pytest.raises(BadConsolidation, match="another consolidated bill"):
        agreed(three)
    stranger = contracts.world()
    with pytest.raises(BadConsolidation, match="does not hold"):
        agreed([three[0], stranger])
    terms = Terms(
        customer_id=three[0].customer.id, name="A", lead_account_id=three[0].account.id,
        account_ids=(three[0].account.id, three[1].account.id),
    )  # fmt: skip
    consolidations.change(consolidation_id=consolidation_id, terms=terms, from_date=ISSUED, today=AGREED, actor=CLERK)
    issue(three)
    made = consolidating.make(consolidation_id=consolidation_id, today=NIGHT)
    assert {one.account_id for one in consolidated.items(consolidated_bill_id=made)} == set(terms.account_ids)
    consolidations.end(consolidation_id=consolidation_id, from_date=LATE, today=LATE, actor=CLERK)
    late = issue(three[:1], on=LATE, start_date=date(2026, 2, 1), end_date=date(2026, 2, 10))
    assert not consolidated.of_bills(bill_ids=[late[0].id])


def test_four_hundred_accounts_cost_as_many_statements_as_two():
    counts = []
    for count in (2, 400):
        found = worlds(count)
        consolidation_id = agreed(found)
        issue(found)
        with CaptureQueriesContext(connection) as making:
            made = consolidating.make(consolidation_id=consolidation_id, today=NIGHT)
        with CaptureQueriesContext(connection) as paying:
            pay(made, count * 6_170, reference=f"R{count}")
        with CaptureQueriesContext(connection) as looking:
            assert len(consolidated.items(consolidated_bill_id=made)) == count
        assert card(made).open_minor == 0
        counts.append((len(making), len(paying), len(looking)))
    assert counts[0] == counts[1]
    assert ConsolidatedBill.objects.count() == 2
    assert proof.verify() == ()
