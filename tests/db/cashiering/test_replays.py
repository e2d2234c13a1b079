"""
Each input of money, up to three times and in any order: no posting is made twice, and the sums are the same.

The inputs are of one day: files of the bank in two formats, the bank's report on debits, messages and the list of an
agent, a provider's messages and its payout, a form of the till, a payment by API. Four of them say something else when
they come before what they are about; the test says what is expected then: the same sums, a line in suspense for a
person, or a refusal.
"""

import os
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
import time_machine
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.models.ledger import LedgerAccount, Transfer
from billing.models.payment import Payment
from billing.operations import proof
from billing.queries import bills
from cashiering.domain.agents import DifferenceKind, Verdict
from cashiering.domain.checkouts import Origin
from cashiering.domain.debits import name_of
from cashiering.domain.tills import Means
from cashiering.gateways import debit_bank, online, sandbox
from cashiering.models.agent import AgentDifference
from cashiering.models.bank import StatementLine
from cashiering.models.checkout import Checkout, Payout, SandboxCheckout
from cashiering.models.debit import Debit, Mandate
from cashiering.models.till import Receipt
from cashiering.operations import (
    agent_days,
    agents,
    checkout_events,
    checkouts,
    debit_batches,
    debit_follow_ups,
    debit_reports,
    payouts,
    posting,
    receipts,
    sandbox_provider,
    statements,
    tills,
)
from cashiering.operations.checkouts import Wish
from cashiering.operations.receipts import Part
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.errors import Refused
from cis.platform import api, keys
from tests.doors.api.calls import Caller
from tests.factories import accounts, bank_files, billing, contracts
from tests.factories.bank_files import Movement
from tests.factories.debits import signed

pytestmark = pytest.mark.django_db
EXAMPLES = 400 if os.environ.get("WATTLINE_PROOF") else 2
NOW = datetime(2026, 3, 10, 4, tzinfo=UTC)
TODAY = NOW.date()
CASHIER = Actor(ActorKind.STAFF, 11, "Li")
BILL = 6_170
"""Open of each account at the start. [fen]"""
KEPT_BACK = 14
"""Fees of the payout: 0.6 % of 11.00 and of 12.04."""
BOOKS = (
    "cash.bank", "cash.cash", "cash.agent", "cash.online", "cash.transit_sandbox", "expense.provider_fees",
    "liability.suspense",
)  # fmt: skip
REPORT = """<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.03"><CstmrPmtStsRpt>
<OrgnlGrpInfAndSts><OrgnlMsgId>{batch}</OrgnlMsgId><GrpSts>PART</GrpSts></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts>
<OrgnlPmtInfId>{batch}</OrgnlPmtInfId><TxInfAndSts><OrgnlEndToEndId>{debit}</OrgnlEndToEndId><TxSts>RJCT</TxSts>
<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf></TxInfAndSts></OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"""


class Day:
    """A supplier's day: what comes in, and what must have come of it."""

    def __init__(self) -> None:
        accounts.supplier()
        self.named, self.mixed, self.collected, self.rejected = (contracts.world() for _ in range(4))
        for one in (self.named, self.mixed, self.collected, self.rejected):
            billing.issued(world=one)
        self.agent_client = self._agent()
        till_id = tills.add(code="T1", name="Counter", place="", actor=CASHIER)
        self.session_id = tills.open_session(till_id=till_id, pieces={}, today=TODAY, actor=CASHIER)
        self.batch_id, self.debits = self._debits()
        self.caller = Caller("payments:write")
        self.rows = [self._checkout(1_100), self._checkout(1_204)]  # .04: taken back a minute later
        self.inputs = {
            **self._files(), **self._messages(), **self._agent_inputs(),
            "sent": lambda: debit_batches.mark_sent(batch_id=self.batch_id, actor=SYSTEM),
            "till": self._till,
            "api": self._api,
        }  # fmt: skip

    def _agent(self) -> int:
        keys.create(name="shop", scopes=[agents.SCOPE], known_scopes=api.known_scopes(), actor=SYSTEM)
        self.agent_id = agents.register(code="S1", name="Shop", client="shop", limit_minor=10_000, actor=CASHIER)
        return keys.id_of(name="shop", scope=agents.SCOPE)

    def _debits(self) -> tuple[int, list[Debit]]:
        """Two debits in a batch whose file somebody carries to the bank."""
        made = [
            Debit.objects.create(
                mandate_id=signed(world, on=TODAY), account=world.account, bill=world.account.bills.get(),
                amount_minor=BILL, collection_date=TODAY,
            )
            for world in (self.collected, self.rejected)
        ]  # fmt: skip
        batch_id = debit_batches.make(at=NOW)
        assert batch_id
        for one in made:
            one.refresh_from_db()
        return batch_id, made

    def _checkout(self, amount_minor: int) -> Checkout:
        wish = Wish(
            account_id=self.mixed.account.id, provider="sandbox", origin=Origin.PORTAL, amount_minor=amount_minor
        )
        row = Checkout.objects.get(reference=checkouts.begin(wish=wish, at=NOW, actor=SYSTEM).reference)
        token = SandboxCheckout.objects.get(reference=row.reference).token
        sandbox_provider.decide(token=token, is_paid=True, now=NOW)
        return row

    def _files(self):
        named = Movement(amount_minor=BILL, reference="R1", end_to_end="E1", text=self.named.account.bills.get().number)
        debit = Movement(amount_minor=BILL, reference="R3", end_to_end=name_of(self.debits[0].id))
        payout = Movement(amount_minor=1_100 - KEPT_BACK, reference="R4", text="P-1")
        lines = [named, Movement(amount_minor=500, reference="R2", text="?"), debit, payout]
        holder = {"text": self.mixed.account.number, "name": self.mixed.customer.name}
        others = [Movement(amount_minor=600, reference="M1", **holder), Movement(amount_minor=700, reference="M2")]
        back = Movement(amount_minor=BILL, is_credit=False, reference="R9", end_to_end="E1", reason="AC04")
        files = {
            "camt": bank_files.camt(lines, reference="S1"),
            "mt940 of the same": bank_files.mt940(lines),
            "mt940 of others": bank_files.mt940(others, number="00002/001"),
            "return": bank_files.camt([back], reference="S9", version=8),
        }
        batch = debit_batches.DebitBatch.objects.get(id=self.batch_id).reference
        report = REPORT.format(batch=batch, debit=name_of(self.debits[1].id)).encode()
        return {
            **{name: lambda name=name: self._statement(name, files[name]) for name in files},
            "pain.002": lambda: debit_reports.take(content=report, name="report.xml", actor=SYSTEM),
        }

    def _statement(self, name, content):
        statements.take(source=BytesIO(content), name=name, today=TODAY, actor=SYSTEM)
        posting.work(NOW)

    def _messages(self):
        with time_machine.travel(NOW + timedelta(minutes=2), tick=False):
            signed_ = [one for _id, one in sandbox.due(online.of("sandbox"), now=NOW + timedelta(minutes=2), most=9)]
            report = sandbox.report(name="sandbox", reference="P-1", on=TODAY).encode()
        names = ("paid", "paid too", "taken back")
        assert len(signed_) == len(names)

        def hear(message):
            checkout_events.take(provider="sandbox", message=message, at=NOW + timedelta(minutes=2))
            checkout_events.record_waiting(provider="sandbox")

        def pay_out():
            payouts.take(content=report, name="p.csv", provider="sandbox", today=TODAY, actor=CASHIER)

        heard = {name: lambda one=one: hear(one) for name, one in zip(names, signed_, strict=True)}
        return {**heard, "payout": pay_out}

    def _agent_inputs(self):
        given = {"client_id": self.agent_client, "today": TODAY, "actor": SYSTEM}
        number = self.mixed.account.number

        def take(reference, amount):
            agents.take(account_number=number, amount_minor=amount, reference=reference, **given)

        content = f"reference,account,amount\nK-1,{number},9.00\nK-9,{number},3.00\n".encode()
        return {
            "K-1": lambda: take("K-1", 900),
            "K-2": lambda: take("K-2", 800),
            "K-2 cancelled": lambda: agents.cancel(reference="K-2", reason="typed wrong", **given),
            "list": lambda: agent_days.take_list(
                agent_id=self.agent_id, day=TODAY, content=content, today=TODAY, actor=SYSTEM
            ),
        }

    def _till(self):
        receipts.take(
            session_id=self.session_id, parts=[Part(self.mixed.account.id, 1_000)], means=Means.CASH,
            tendered_minor=None, reference="", form="F1", today=TODAY, actor=CASHIER,
        )  # fmt: skip

    def _api(self):
        body = {"account": self.mixed.account.number, "amount_minor": 750, "currency": "CNY", "channel": "bank",
                "reference": "BOC-1", "received_date": str(TODAY)}  # fmt: skip
        reply = self.caller.post("payments", body, idempotency_key="a")
        assert reply.status_code == 201, reply.content

    def play(self, order):
        """Let the inputs come; return which of them were refused, and why."""
        refused = []
        for name in order:
            try:
                self.inputs[name]()
            except Refused as refusal:
                refused.append((name, refusal.code))
            debit_follow_ups.work(NOW)
        self._people()
        return refused

    def _people(self):
        """At the end of the day people look at what waits: the agent is right, and the payout is looked at again."""
        payouts.look_again(payout_id=Payout.objects.get().id, at=NOW + timedelta(minutes=2), actor=CASHIER)
        for one in AgentDifference.objects.filter(decided_at=None):
            is_new = one.kind == DifferenceKind.MISSING_HERE
            verdict = Verdict.THEIRS if is_new else Verdict.OURS
            agent_days.decide(difference_id=one.id, verdict=verdict, reason="asked", today=TODAY, actor=CASHIER)


@contextmanager
def undone():
    """What happens within is taken back. Not by ``atomic``: below it a use case would be no transaction of its own."""
    place = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(place)


@pytest.fixture
def day(monkeypatch, settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path
    monkeypatch.setattr(debit_bank, "_bound", [])
    with time_machine.travel(NOW, tick=False) as clock:
        made = Day()
        clock.shift(timedelta(minutes=2))
        yield made


def places(order, name):
    return [place for place, one in enumerate(order) if one == name]


def refusals(order):
    """The oracle: what comes before its time, or names what is over, is refused; nothing else is."""
    done, found = set(), []
    for name in order:
        if name == "pain.002" and "sent" not in done:
            found.append((name, "unknown_debit_batch"))
        elif name == "sent" and "sent" in done:
            found.append((name, "illegal_move"))
        elif name == "K-2 cancelled" and "K-2" not in done:
            found.append((name, "unknown_agent_payment"))
        elif name == "K-2" and "K-2 cancelled" in done:
            found.append((name, "reference_reused"))
        else:
            done.add(name)
    return found


def expected(order):
    """The oracle: what stands where at the end, from the inputs and their order alone."""
    lines = min(places(order, "camt") + places(order, "mt940 of the same"))
    # A return that came before its payment, and money of a debit that we had not sent, wait for a person.
    is_back = lines < places(order, "return")[0]
    is_collected = places(order, "sent")[0] < lines
    is_rejected = places(order, "sent")[0] < places(order, "pain.002")[-1]
    is_cancelled = places(order, "K-2")[0] < places(order, "K-2 cancelled")[-1]
    k2 = 0 if is_cancelled else 800
    waiting = Counter({500: 1, 700: 1}) + Counter({BILL: (not is_back) + (not is_collected)})
    payments = Counter({("agent", 900): 1, ("agent", 300): 1, ("bank", 600): 1, ("bank", 750): 1, ("cash", 1_000): 1})
    payments += Counter({("online", 1_100): 1, ("agent", k2): bool(k2), ("bank", BILL): (not is_back) + is_collected})
    return {
        "debits": ["collected" if is_collected else "sent", "rejected" if is_rejected else "sent"],
        "mandate of the rejected": "suspended" if is_rejected else "active",
        "lines in suspense": waiting,
        "payments that stand": payments,
        "receipts": 1,
        "payout": "cleared",
        "checkouts": ["paid", "reversed"],
        "owed": [BILL * is_back, BILL - 4_650 - k2, BILL * (not is_collected), BILL],
        "open of bills": [BILL * is_back, BILL - 4_650 - k2, BILL * (not is_collected), BILL],
        "books": {
            "cash.bank": 500 + 600 + 700 + 750 + BILL + 1_100 - KEPT_BACK, "cash.cash": 1_000,
            "cash.agent": 1_200 + k2, "cash.online": 0, "cash.transit_sandbox": 0,
            "expense.provider_fees": KEPT_BACK,
            "liability.suspense": -500 - 700 + BILL * (not is_back) - BILL * (not is_collected),
        },
    }  # fmt: skip


def found(day):
    """The same, as it is."""
    worlds = (day.named, day.mixed, day.collected, day.rejected)
    sums = Counter()
    for debit, credit, amount in Transfer.objects.values_list("debit_id", "credit_id", "amount_minor"):
        sums[debit] += amount
        sums[credit] -= amount
    of_account = {row.account_id or row.code: sums[row.id] for row in LedgerAccount.objects.all()}
    return {
        "debits": list(Debit.objects.order_by("id").values_list("state", flat=True)),
        "mandate of the rejected": Mandate.objects.get(account=day.rejected.account).state,
        "lines in suspense": Counter(
            StatementLine.objects.filter(state="suspense").values_list("amount_minor", flat=True)
        ),
        "payments that stand": Counter(Payment.objects.filter(returned=None).values_list("channel", "amount_minor")),
        "receipts": Receipt.objects.count(),
        "payout": Payout.objects.get().state,
        "checkouts": list(Checkout.objects.order_by("id").values_list("state", flat=True)),
        "owed": [of_account[one.account.id] for one in worlds],
        "open of bills": [
            sum(card.open_minor for card in bills.of_account(account_id=one.account.id)) for one in worlds
        ],
        "books": {code: of_account.get(code, 0) for code in BOOKS},
    }


def test_all_inputs_of_a_day_in_any_order_up_to_three_times_post_once(day):
    names = list(day.inputs)

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(data=st.data())
    def check(data):
        times = data.draw(st.lists(st.integers(1, 3), min_size=len(names), max_size=len(names)), label="times")
        many = [name for name, count in zip(names, times, strict=True) for _ in range(count)]
        order = data.draw(st.permutations(many), label="order")
        with undone():
            assert day.play(order) == refusals(order)
            assert found(day) == expected(order)
            assert proof.verify() == ()

    check()
