"""Paying online through the sandbox: each of its bad days, each message once, and books that agree with the bank."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.domain.receipts import BadSignature, Signed
from accounts.models.notice import Notice
from arrears.queries import hindrances
from billing.models.ledger import LedgerAccount, Transfer
from billing.models.payment import Payment, PaymentReturn
from billing.operations import payments, proof
from billing.queries import balances, bills
from cashiering.domain import checkouts as domain
from cashiering.domain.checkouts import BadCheckout, Origin, Said, Word
from cashiering.domain.settlements import PayoutChanged
from cashiering.gateways import online, sandbox
from cashiering.gateways.online import BadMessage, NoProvider, WrongHost
from cashiering.models.bank import BankStatement, StatementLine
from cashiering.models.checkout import Checkout, CheckoutEvent, Payout, SandboxCheckout, SandboxSaying
from cashiering.operations import (
    checkout_cases,
    checkout_events,
    checkouts,
    payouts,
    posting,
    sandbox_provider,
    statements,
)
from cashiering.operations.checkouts import ProviderDown, Wish
from cashiering.operations.payouts import NotAcceptable
from cashiering.operations.suspense import SamePerson
from cashiering.queries import bank
from cashiering.queries import checkouts as queries
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform import jobs, outbox
from cis.platform.db import door_transaction
from cis.platform.models import IdempotencyKey
from tests.doors.api.calls import Caller
from tests.factories import accounts, bank_files, billing, contracts
from tests.factories.bank_files import Movement

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 3, 10, 4, tzinfo=UTC)
TODAY = NOW.date()
CASHIER = Actor(ActorKind.STAFF, 11, "Li", frozenset({Role.CASHIER}))
SECOND = Actor(ActorKind.STAFF, 12, "Wang", frozenset({Role.SUPERVISOR}))
PROVIDERS = ("sandbox", "sandbox_alipay", "sandbox_wechat")


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def world():
    accounts.supplier()
    made = contracts.world()
    billing.issued(world=made)  # 61.70 are open
    return made


def begin(world, amount_minor=None, provider="sandbox", bills_=(), origin=Origin.PORTAL):
    wish = Wish(
        account_id=world.account.id, provider=provider, origin=origin, amount_minor=amount_minor, bill_ids=bills_
    )
    begun = checkouts.begin(wish=wish, at=timezone.now(), actor=SYSTEM)
    return Checkout.objects.get(reference=begun.reference)


def decide(row, *, is_paid=True):
    token = SandboxCheckout.objects.get(reference=row.reference).token
    sandbox_provider.decide(token=token, is_paid=is_paid, now=timezone.now())


def deliver():
    while outbox.deliver_due():
        pass


def paid(world, amount_minor, provider="sandbox"):
    row = begin(world, amount_minor, provider)
    decide(row)
    deliver()
    row.refresh_from_db()
    return row


def later(clock, minutes):
    clock.shift(timedelta(minutes=minutes))
    for provider in PROVIDERS:  # the outbox goes by the clock of the database, which does not travel
        sandbox_provider.deliver(provider=provider, now=timezone.now())
    deliver()


def system(code):
    """Debits less credits of a ledger account."""
    found = LedgerAccount.objects.filter(code=code).first()
    rows = Transfer.objects.values_list("debit_id", "credit_id", "amount_minor")
    return sum(a * ((d == found.id) - (c == found.id)) for d, c, a in rows) if found else 0


def owed(world):
    return balances.of_account(account_id=world.account.id, today=TODAY).balance_minor


def sound():
    """Each payment of the door stands in transit, nothing is left in the channel's own account, the books are proved."""
    assert system(domain.CASH) == 0
    assert proof.verify() == ()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_payment_comes_back_as_money_that_pays_its_bill(world, provider):
    (bill,) = bills.of_account(account_id=world.account.id)
    row = begin(world, provider=provider, bills_=(bill.id,))
    assert (row.state, row.amount_minor) == ("created", 6_170)
    decide(row)
    deliver()
    row.refresh_from_db()
    assert (row.state, row.payment.reference, row.payment.channel) == ("paid", row.reference, "online")
    assert bills.listed(bill_ids=[bill.id])[0].open_minor == 0
    assert system(domain.transit(provider)) == 6_170
    sound()


def test_the_same_wish_twice_is_one_payment_and_another_is_not(world):
    (bill,) = bills.of_account(account_id=world.account.id)
    first = begin(world, bills_=(bill.id,))
    assert begin(world, bills_=(bill.id,)).id == first.id
    assert begin(world, 6_170).id != first.id
    assert begin(world, bills_=(bill.id,), provider="sandbox_wechat").id != first.id


@pytest.mark.parametrize("amount", [0, 5_000_001])
def test_too_little_and_too_much_are_refused(world, amount):
    with pytest.raises(BadCheckout):
        begin(world, amount)


def test_bills_of_others_and_paid_ones_are_refused(world):
    other = contracts.world()
    billing.issued(world=other)
    (foreign,) = bills.of_account(account_id=other.account.id)
    with pytest.raises(BadCheckout):
        begin(world, bills_=(foreign.id,))
    (own,) = bills.of_account(account_id=world.account.id)
    paid(world, 6_170)
    with pytest.raises(BadCheckout):
        begin(world, bills_=(own.id,))


def test_a_bill_that_is_paid_meanwhile_leaves_a_credit(world):
    (bill,) = bills.of_account(account_id=world.account.id)
    row = begin(world, bills_=(bill.id,))
    paid(world, 6_170)
    decide(row)
    deliver()
    row.refresh_from_db()
    assert (row.state, owed(world)) == ("paid", -6_170)
    sound()


def test_a_payer_may_turn_away(world):
    row = begin(world, 6_100)
    decide(row, is_paid=False)
    deliver()
    row.refresh_from_db()
    assert (row.state, owed(world), Payment.objects.count()) == ("failed", 6_170, 0)


# ---- the bad days of the sandbox --------------------------------------------------------------------------------------


def test_01_the_bank_refuses(world):
    assert paid(world, 1_001).state == "failed"
    assert not Payment.objects.exists()


def test_02_pending_keeps_the_account_from_being_cut_off_until_it_is_paid(world, clock):
    row = paid(world, 1_002)
    assert (row.state, Payment.objects.count()) == ("pending", 0)
    assert set(queries.under_way([world.account.id], at=timezone.now())) == {world.account.id}
    holds = hindrances.of_accounts(account_ids=[world.account.id], at=timezone.now())[world.account.id]
    assert [hold.kind for hold in holds if hold.holds_at(timezone.now())] == ["pending_payment"]
    assert queries.under_way([world.account.id], at=timezone.now() + timedelta(hours=73)) == {}
    later(clock, 2)
    row.refresh_from_db()
    assert (row.state, owed(world)) == ("paid", 5_168)
    assert queries.under_way([world.account.id], at=timezone.now()) == {}
    sound()


def test_03_said_three_times_is_paid_once(world):
    paid(world, 1_003)
    assert (Payment.objects.count(), CheckoutEvent.objects.count()) == (1, 1)
    sound()


def test_04_a_chargeback_takes_the_payment_back_and_tells_the_customer(world, clock):
    row = paid(world, 1_004)
    assert (row.state, owed(world)) == ("paid", 5_166)
    later(clock, 2)
    row.refresh_from_db()
    assert (row.state, row.need, owed(world)) == ("reversed", "reversed", 6_170)
    assert PaymentReturn.objects.get().reason == "charged back by the payer's bank"
    assert system(domain.transit("sandbox")) == 0
    assert Notice.objects.filter(event="payment_reversed").exists()
    checkout_cases.done(checkout_id=row.id, actor=CASHIER)
    assert queries.needing() == 0
    sound()


def test_05_pending_after_paid_changes_nothing(world):
    assert paid(world, 1_005).state == "paid"
    assert CheckoutEvent.objects.count() == 2
    sound()


@pytest.mark.parametrize("cents", [6, 7, 13])
def test_06_07_13_what_no_good_message_told_is_found_by_asking(world, clock, cents):
    row = paid(world, 1_000 + cents)
    assert (row.state, CheckoutEvent.objects.count()) == ("created", 0)
    clock.shift(timedelta(minutes=3))
    checkout_events.look(timezone.now())
    row.refresh_from_db()
    assert (row.state, owed(world)) == ("paid", 5_170 - cents)
    sound()


def test_08_a_provider_that_does_not_answer_takes_no_money(world):
    with pytest.raises(ProviderDown):
        begin(world, 1_008)
    assert Checkout.objects.get().page_url == ""


def test_09_another_amount_stands_in_suspense_until_a_person_books_it(world):
    row = paid(world, 1_009)
    assert (row.state, row.need, row.suspense_minor, owed(world)) == ("held", "other_amount", 909, 6_170)
    assert (system(domain.SUSPENSE), system(domain.transit("sandbox"))) == (-909, 909)
    checkout_cases.book(checkout_id=row.id, today=TODAY, actor=CASHIER)
    row.refresh_from_db()
    assert (row.state, row.need, owed(world), system(domain.SUSPENSE)) == ("paid", "", 5_261, 0)
    sound()


def test_09_or_a_second_person_agrees_that_it_goes_back(world):
    row = paid(world, 200_009)
    assert checkout_cases.give_back(checkout_id=row.id, today=TODAY, actor=CASHIER) is False
    with pytest.raises(SamePerson):
        checkout_cases.give_back(checkout_id=row.id, today=TODAY, actor=CASHIER)
    assert checkout_cases.give_back(checkout_id=row.id, today=TODAY, actor=SECOND) is True
    deliver()
    checkout_events.ask(checkout_id=row.id, at=timezone.now())
    row.refresh_from_db()
    assert (row.state, row.need, row.suspense_minor) == ("reversed", "", 0)
    assert (system(domain.SUSPENSE), system(domain.transit("sandbox")), owed(world)) == (0, 0, 6_170)
    sound()


def test_10_another_currency_is_posted_nowhere(world):
    row = paid(world, 1_010)
    assert (row.state, row.said_currency, row.suspense_minor, Transfer.objects.filter(kind="online").count()) == (
        "held", "USD", 0, 0,
    )  # fmt: skip
    with pytest.raises(checkout_cases.NotOurCurrency):
        checkout_cases.book(checkout_id=row.id, today=TODAY, actor=CASHIER)


def test_11_money_after_the_end_is_money(world, clock):
    row = paid(world, 1_011)
    assert row.state == "expired"
    later(clock, 2)
    row.refresh_from_db()
    assert (row.state, owed(world)) == ("paid", 5_159)


def test_12_reversed_before_paid_leaves_no_trace_in_the_books(world, clock):
    row = paid(world, 1_012)
    assert row.state == "reversed"
    later(clock, 2)
    row.refresh_from_db()
    assert (row.state, row.need, Payment.objects.count(), owed(world)) == ("reversed", "", 0, 6_170)


def test_14_a_second_payment_for_one_order_is_for_a_person(world):
    row = paid(world, 1_014)
    assert (row.state, row.need, Payment.objects.count()) == ("paid", "paid_twice", 1)


def test_15_a_provider_that_is_silent_is_asked_until_it_speaks(world, clock):
    row = paid(world, 1_015)
    clock.shift(timedelta(minutes=3))
    checkout_events.look(timezone.now())
    row.refresh_from_db()
    assert (row.state, row.asked_at) == ("created", timezone.now())
    clock.shift(timedelta(minutes=9))
    checkout_events.look(timezone.now())
    row.refresh_from_db()
    assert row.state == "paid"


def test_nobody_who_never_paid_is_asked_about_for_ever(world, clock):
    row = begin(world, 1_000)
    clock.shift(timedelta(minutes=31))
    checkout_events.look(timezone.now())
    row.refresh_from_db()
    assert row.state == "expired"
    with CaptureQueriesContext(connection) as asked:
        checkout_events.look(timezone.now() + timedelta(days=1))
    assert not any("cashiering_checkoutevent" in one["sql"] for one in asked)


# ---- messages ---------------------------------------------------------------------------------------------------------


def said(row, word, event_id, **more):
    given = {
        "amount_minor": row.amount_minor,
        "currency": "CNY",
        "occurred_at": timezone.now(),
        "payment": "P1",
        **more,
    }
    return Said(event_id=event_id, reference=row.reference, word=word, **given)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_message_that_is_forged_changed_or_old_is_refused_and_kept_nowhere(world, provider):
    row, gateway = begin(world, 1_000, provider), online.of(provider)
    good = gateway.written(said(row, Word.PAID, "e1"), at=NOW)
    changed = Signed(good.headers, good.body.replace(b"10", b"90"))
    old = gateway.written(said(row, Word.PAID, "e1"), at=NOW - timedelta(minutes=6))
    to_come = gateway.written(said(row, Word.PAID, "e1"), at=NOW + timedelta(minutes=6))
    for bad in (gateway.spoiled(good), changed, old, to_come, Signed({}, b"")):
        with pytest.raises((BadSignature, BadMessage)):
            checkout_events.take(provider=provider, message=bad, at=NOW)
    assert not CheckoutEvent.objects.exists()
    thanks = checkout_events.take(provider=provider, message=good, at=NOW)
    assert thanks.status in {200, 204}
    assert CheckoutEvent.objects.get().body


def test_a_message_about_nothing_of_ours_is_kept_for_a_person(world):
    row = begin(world, 1_000)
    stranger = Said(
        event_id="e9",
        reference="CNOTOURS",
        word=Word.PAID,
        amount_minor=5,
        currency="CNY",
        occurred_at=NOW,
        payment="P",
    )
    checkout_events.take(provider="sandbox", message=online.of("sandbox").written(stranger, at=NOW), at=NOW)
    deliver()
    assert [event.reference for event in queries.of_nobody()] == ["CNOTOURS"]
    row.refresh_from_db()
    assert row.state == "created"


@settings(max_examples=8)
@given(
    words=st.permutations([Word.PENDING, Word.PAID, Word.PAID, Word.REVERSED, Word.EXPIRED]),
    times=st.lists(st.integers(1, 3), min_size=5, max_size=5),
    has_reversal=st.booleans(),
)
def test_messages_in_any_order_any_number_of_times_post_once(replayed, words, times, has_reversal):
    """The oracle: the money stands if it was paid and did not go back, and no posting is made twice."""
    row = begin(replayed, 1_000)
    for word, many in zip(words, times, strict=True):
        if word is Word.REVERSED and not has_reversal:
            continue
        message = online.of("sandbox").written(said(row, word, f"{row.reference}-{word}"), at=timezone.now())
        for _ in range(many):
            checkout_events.take(provider="sandbox", message=message, at=timezone.now())
            checkout_events.record(provider="sandbox", event_id=f"{row.reference}-{word}")
    row.refresh_from_db()
    assert row.state == ("reversed" if has_reversal else "paid")
    booked = Payment.objects.filter(reference=row.reference)
    back = PaymentReturn.objects.filter(payment__in=booked).count()
    assert booked.count() - back == (0 if has_reversal else 1)
    assert booked.count() <= 1
    online_ = Transfer.objects.filter(kind="online", source_id=row.id).values_list("part", flat=True)
    assert sorted(online_) == (["back", "transit"] if back else ["transit"] if booked.count() else [])


@pytest.fixture
def replayed(world):
    return world


def test_a_reversal_of_a_payment_that_a_clerk_took_back_goes_to_a_person(world):
    row = paid(world, 1_000)
    with door_transaction():
        payments.take_back_step(
            payment_id=row.payment_id,
            kind=payments.ReturnKind.MOVED,
            returned_date=TODAY,
            reason="moved",
            actor=CASHIER,
        )
    message = online.of("sandbox").written(said(row, Word.REVERSED, "back", payment=row.payment_reference), at=NOW)
    checkout_events.take(provider="sandbox", message=message, at=NOW)
    deliver()
    row.refresh_from_db()
    assert (row.state, row.need) == ("paid", "back_unclear")


# ---- who is used, and where payers are sent -----------------------------------------------------------------------------


def test_without_a_provider_nothing_is_offered(world):
    with _bound():
        with pytest.raises(NoProvider):
            begin(world, 1_000)
        assert online.names() == ()


def test_a_payer_is_sent_to_no_host_that_the_settings_do_not_name(world, settings):
    class Elsewhere(sandbox.Sandbox):
        def create(self, order):
            return online.Offered("X", "https://evil.example/pay", "")

    with _bound(Elsewhere()):
        with pytest.raises(WrongHost):
            begin(world, 1_000)
        settings.PAYMENT_HOSTS = ["evil.example:8443"]
        with pytest.raises(WrongHost):
            begin(world, 1_000)
        settings.PAYMENT_HOSTS = ["evil.example"]
        assert begin(world, 1_000).page_url == "https://evil.example/pay"


@contextmanager
def _bound(*providers):
    before = [online.of(name) for name in online.names()]
    online.use(providers)
    try:
        yield
    finally:
        online.use(before)


# ---- payouts ------------------------------------------------------------------------------------------------------------


def report(reference="P-1"):
    return sandbox.report(name="sandbox", reference=reference, on=TODAY).encode()


def take(content):
    return payouts.take(content=content, name="p.csv", provider="sandbox", today=TODAY, actor=CASHIER)


def bring(amount_minor, text="P-1", *, is_credit=True):
    movement = Movement(amount_minor=amount_minor, reference=f"R{text}", text=text, is_credit=is_credit)
    content = bank_files.camt([movement], reference=f"S{text}")
    statements.take(source=BytesIO(content), name="b.xml", today=TODAY, actor=CASHIER)
    while posting.post_chunk(today=TODAY):
        pass


def reconciled():
    return all(bank.reconcile(statement_id=row.id).difference_minor == 0 for row in BankStatement.objects.all())


def test_a_payout_is_cleared_by_the_banks_line_and_nothing_is_left_in_transit(world, clock):
    paid(world, 1_000)
    paid(world, 2_004)
    later(clock, 2)  # the second is charged back
    content = report()
    taken = take(content)
    assert take(content).is_new is False
    row = Payout.objects.get(id=taken.payout_id)
    # 10.00 and 20.04 less 0.6 %, 20.04 went back: fees 0.06 and 0.12
    assert (row.state, row.gross_minor, row.fee_minor, row.net_minor) == ("waiting", 1_000, 18, 982)
    assert (system(domain.FEES), system(domain.transit("sandbox"))) == (18, 982)
    bring(982)
    assert payouts.match(today=TODAY) == 1
    row.refresh_from_db()
    line = StatementLine.objects.get()
    assert (row.state, row.line_id, line.state, line.suspense_minor) == ("cleared", line.id, "settled", 0)
    assert (system(domain.transit("sandbox")), system(domain.SUSPENSE), system("cash.bank")) == (0, 0, 982)
    assert reconciled()
    sound()


def test_a_payout_that_the_bank_showed_first_is_cleared_when_its_report_comes(world):
    paid(world, 1_000)
    bring(994)
    assert Payout.objects.count() == 0
    take(report())
    assert Payout.objects.get().state == "cleared"


@pytest.mark.parametrize(("amount", "text"), [(993, "P-1"), (994, "P-10"), (994, "thank you")])
def test_another_line_does_not_bring_a_payout(world, amount, text):
    paid(world, 1_000)
    take(report())
    bring(amount, text)
    assert payouts.match(today=TODAY) == 0


def test_a_payout_of_what_we_do_not_know_waits_for_a_person_and_the_rest_stays_in_suspense(world):
    paid(world, 1_000)
    decide(begin(world, 2_007))  # its message gets lost
    deliver()
    row = Payout.objects.get(id=take(report()).payout_id)
    assert row.state == "held"
    assert sorted(row.lines.values_list("state", flat=True)) == ["differs", "known"]
    assert not Transfer.objects.filter(part="payout_fees").exists()
    payouts.accept(payout_id=row.id, actor=CASHIER)
    bring(row.net_minor)
    payouts.match(today=TODAY)
    line = StatementLine.objects.get()
    assert (line.state, line.suspense_minor) == ("suspense", 2_007)
    assert system(domain.transit("sandbox")) == 0
    assert reconciled()
    # If the bank takes it back, a part of it is the payout's: a person looks.
    back = Movement(amount_minor=row.net_minor, reference="RP-1", is_credit=False, is_reversal=True)
    statements.take(
        source=BytesIO(bank_files.camt([back], reference="S9")), name="b.xml", today=TODAY, actor=CASHIER
    )  # fmt: skip
    posting.post_chunk(today=TODAY)
    assert list(StatementLine.objects.order_by("id").values_list("state", "suspense_minor")) == [
        ("suspense", 2_007), ("suspense", row.net_minor),
    ]  # fmt: skip
    assert (system("cash.bank"), reconciled()) == (0, True)
    with pytest.raises(NotAcceptable):
        payouts.accept(payout_id=row.id, actor=CASHIER)


def test_looking_again_asks_the_provider_first(world):
    decide(begin(world, 2_007))
    row = Payout.objects.get(id=take(report()).payout_id)
    assert row.state == "held"
    assert payouts.look_again(payout_id=row.id, at=timezone.now(), actor=CASHIER) == "waiting"
    assert Checkout.objects.get().state == "paid"
    sound()


def test_the_same_money_in_two_payouts_is_brought_once(world):
    paid(world, 1_000)
    content = report()
    take(content)
    again = Payout.objects.get(id=take(content.replace(b"P-1", b"P-2")).payout_id)
    assert (again.state, again.lines.get().state) == ("held", "differs")
    with pytest.raises(PayoutChanged):
        take(content.replace(b"\n", b"\r\n"))


def test_a_payout_that_is_looked_at_again_does_not_bring_what_a_later_one_brought(world):
    decide(begin(world, 2_007))  # its message gets lost
    deliver()
    content = report()
    first = take(content).payout_id
    checkout_events.ask(checkout_id=Checkout.objects.get().id, at=timezone.now())
    assert Payout.objects.get(id=take(content.replace(b"P-1", b"P-2")).payout_id).state == "waiting"
    assert payouts.look_again(payout_id=first, at=timezone.now(), actor=CASHIER) == "held"
    sound()


def test_a_list_has_a_constant_number_of_statements(world):
    for cents in range(3):
        begin(world, 1_000 + cents * 100)
    with CaptureQueriesContext(connection) as asked:
        assert len(queries.listed(wanted=queries.Wanted(provider="sandbox"), most=50)) == 3
    assert len(asked) == 1
    assert not SandboxSaying.objects.exists()


# ---- a provider that is slow, and one during whose answer we are killed -------------------------------------------------


def _post(world, caller):
    given = {"account": world.account.number, "provider": "sandbox", "amount_minor": 1_000}
    return caller.post("checkouts", given, idempotency_key="k")


def test_no_transaction_waits_for_a_provider_that_is_asked_by_api(world):
    seen = []

    def look(reference):
        try:
            with transaction.atomic():
                rows = Checkout.objects.select_for_update(nowait=True).filter(reference=reference)
                keys = IdempotencyKey.objects.select_for_update(nowait=True)
                seen.append((list(rows.values_list("state", flat=True)), keys.get().status))
        finally:
            connection.close()

    class Slow(sandbox.Sandbox):
        def create(self, order):
            with ThreadPoolExecutor(1) as pool:  # somebody else, while the provider takes his time
                pool.submit(look, order.reference).result()
            return super().create(order)

    caller = Caller("checkouts:write")
    with _bound(Slow()):
        reply = _post(world, caller)
    assert (reply.status_code, seen) == (201, [(["created"], 102)])
    assert _post(world, caller).json() == reply.json()
    assert IdempotencyKey.objects.get().status == 201


class _Killer(sandbox.Sandbox):
    def create(self, order):
        super().create(order)
        raise SystemExit


def test_a_kill_while_the_provider_is_asked_is_gone_on_with_under_the_same_key(world):
    caller = Caller("checkouts:write")
    with _bound(_Killer()), pytest.raises(SystemExit):
        _post(world, caller)
    assert Checkout.objects.get().page_url == ""
    reply = _post(world, caller)
    assert (reply.status_code, Checkout.objects.count(), SandboxCheckout.objects.count()) == (201, 1, 1)
    assert reply.json()["page_url"] == Checkout.objects.get().page_url != ""


def test_a_kill_after_which_nobody_comes_back_leaves_a_payment_that_expires(world, clock):
    with _bound(_Killer()), pytest.raises(SystemExit):
        _post(world, Caller("checkouts:write"))
    row = Checkout.objects.get()
    assert queries.under_way([world.account.id], at=timezone.now()) == {}
    clock.move_to(row.expires_at + timedelta(hours=2))
    checkout_events.look(timezone.now())
    deliver()
    row.refresh_from_db()
    assert (row.state, row.need) == ("expired", "")
