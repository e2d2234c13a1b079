"""Settlement files of providers against our payments: what fits, what is missing here and there, amounts and fees."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.models.ledger import Transfer
from cashiering.domain import checkouts as domain
from cashiering.domain.settlements import PayoutRefused
from cashiering.gateways import online
from cashiering.gateways.online import ProviderUnreachable, SettlementFile
from cashiering.models.checkout import Checkout, Payout
from cashiering.operations import checkout_events, payouts, sandbox_provider
from cashiering.operations.payouts import NotAcceptable
from cashiering.queries import payouts as queries
from tests.db.cashiering import test_checkouts as money
from tests.db.cashiering.test_checkouts import CASHIER, TODAY, clock, world  # noqa: F401 (fixtures)

pytestmark = pytest.mark.django_db(transaction=True)
WALLET = "sandbox_wechat"


@pytest.fixture(autouse=True)
def fees(settings):
    settings.PAYMENT_FEES = {WALLET: "0.6"}


def _paid(world, amount_minor):  # noqa: F811
    row = money.begin(world, amount_minor, provider=WALLET)
    money.decide(row)
    sandbox_provider.deliver(provider=WALLET, now=timezone.now())
    checkout_events.record_waiting(provider=WALLET)
    row.refresh_from_db()
    return row


def _file(on=TODAY):
    (file,) = online.of(WALLET).settlement_files(on)
    return file.content.decode("utf-8-sig")


def _take(text):
    taken = payouts.take(content=text.encode(), name="b.csv", provider=WALLET, today=TODAY, actor=CASHIER)
    return Payout.objects.get(id=taken.payout_id), taken.is_new


def test_a_bill_whose_lines_fit_posts_its_fees_once_and_the_bank_clears_it(world, monkeypatch):  # noqa: F811
    rows = [_paid(world, 1_000), _paid(world, 6_100)]
    monkeypatch.setattr(payouts, "LINES_OF_ONE_STATEMENT", 1)
    with CaptureQueriesContext(connection) as asked:
        row, is_new = _take(_file().replace(f"{WALLET}-", f"{WALLET}.1-"))
    assert sum('UPDATE "cashiering_payoutline"' in one["sql"] for one in asked) == 2, "never more lines than so many"
    assert (is_new, row.state, row.gross_minor, row.fee_minor) == (True, "waiting", 7_100, 43)
    assert _take(_file().replace(f"{WALLET}-", f"{WALLET}.1-")) == (row, False)
    assert set(row.lines.values_list("checkout_id", "state", "kind")) == {(one.id, "known", "payment") for one in rows}
    assert queries.missing(most=10) == ()
    money.bring(row.net_minor, text=f"结算 {row.reference}.")
    assert payouts.match(today=TODAY) == 1
    assert (money.system(domain.FEES), money.system(domain.transit(WALLET))) == (43, 0)
    money.sound()


def test_a_line_is_told_by_the_providers_name_where_ours_is_missing(world):  # noqa: F811
    paid = _paid(world, 1_000)
    row, _new = _take(_file().replace(f"`{paid.reference}", "`"))
    assert (row.state, row.lines.get().checkout_id) == ("waiting", paid.id)


def test_what_differs_is_told_apart_and_a_fee_alone_may_go_on(world):  # noqa: F811
    one, two = _paid(world, 1_000), _paid(world, 2_000)
    text = _file()
    other = text.replace(one.reference, "CNOBODY").replace(f"`{one.payment_reference},", "`4299,")
    row, _new = _take(other)
    assert row.state == "held"
    assert dict(row.lines.values_list("reference", "state")) == {"CNOBODY": "unknown", two.reference: "known"}
    assert [found.checkout_id for found in queries.missing(most=10)] == [one.id], "it is here, and not there"
    assert [found.checkout_id for found in queries.missing(payout_id=row.id, most=10)] == [one.id]
    assert queries.to_look_at() == 2
    dear = text.replace("`0.06", "`0.60").replace("`0.18", "`0.72").replace("`29.82", "`29.28")
    dear = dear.replace(f"{WALLET}-", f"{WALLET}-B")
    Payout.objects.get().lines.all().delete()
    row, _new = _take(dear)
    assert dict(row.lines.values_list("reference", "state")) == {one.reference: "fee_differs", two.reference: "known"}
    assert (row.state, queries.missing(most=10)) == ("held", ())
    assert not Transfer.objects.filter(part="payout_fees").exists()
    payouts.accept(payout_id=row.id, actor=CASHIER)
    row.refresh_from_db()
    assert (row.state, money.system(domain.FEES)) == ("waiting", 72)
    with pytest.raises(NotAcceptable):
        payouts.accept(payout_id=row.id, actor=CASHIER)


def test_providers_are_asked_each_day_and_one_that_cannot_be_read_does_not_stop_the_others(world, monkeypatch):  # noqa: F811
    _paid(world, 1_000)
    bad = SettlementFile("x.csv", b"#nothing")
    monkeypatch.setattr(type(online.of("sandbox")), "settlement_files", lambda self, on: (bad,))
    for days in (3, 4):  # the providers did not answer before
        with pytest.raises(PayoutRefused):
            payouts.fetch(timezone.now() + timedelta(days=days))
    assert Payout.objects.get().provider == WALLET
    assert Checkout.objects.get().payout_lines.count() == 1


def test_a_bad_file_or_no_answer_fails_the_job_and_leaves_out_nothing_else(world, monkeypatch):  # noqa: F811
    _paid(world, 1_000)
    (good,) = online.of(WALLET).settlement_files(TODAY)
    others = {"sandbox": ProviderUnreachable("no answer"), WALLET: (SettlementFile("x.csv", b"#nothing"), good)}

    def files(name):
        if isinstance(others[name], Exception):
            raise others[name]
        return others[name]

    monkeypatch.setattr(online, "names", lambda: tuple(others))
    for name in others:
        monkeypatch.setattr(type(online.of(name)), "settlement_files", lambda self, on: files(self.name))
    with pytest.raises((ProviderUnreachable, PayoutRefused)):
        payouts.fetch(timezone.now() + timedelta(days=1))
    assert Payout.objects.get().provider == WALLET
    others[WALLET] = (good,)
    with pytest.raises(ProviderUnreachable):
        payouts.fetch(timezone.now() + timedelta(days=1))


def test_a_fee_alone_is_known_whatever_number_it_carries(world):  # noqa: F811
    paid = _paid(world, 1_000)
    text = _file()
    fees = "".join(
        f"`2026-03-09 23:59:59,`{name},`,`FEE,`CNY,`0.00,`0.00,`1.00\n" for name in ("4299", paid.payment_reference)
    )
    text = text.replace("总交易单数", fees + "总交易单数").replace(
        "`1,`10.00,`0.00,`0.06,`9.94", "`3,`10.00,`0.00,`2.06,`7.94"
    )
    row, is_new = _take(text)
    assert (is_new, row.state, row.fee_minor) == (True, "waiting", 206)
    assert list(row.lines.order_by("line_no").values_list("checkout_id", "state")) == [
        (paid.id, "known"), (None, "known"), (None, "known")
    ]  # fmt: skip


def test_lists_take_a_constant_number_of_statements(world):  # noqa: F811
    for amount in (1_000, 1_100, 1_200):
        _paid(world, amount)
    row, _new = _take(_file())
    with CaptureQueriesContext(connection) as asked:
        assert len(queries.lines(payout_id=row.id, most=50)) == 3
        queries.missing(most=50)
    assert len(asked) == 2
