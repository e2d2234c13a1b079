"""Sales that a bank pays for: it accepts, refuses, takes its time, says things twice or in any order."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import NotAllowed
from cis.platform import events, jobs, outbox, packs
from cis.platform.models import AuditEvent, OutboxMessage
from contracts.domain.announcements import FinancingPaid, FinancingReturned, FinancingUnwanted
from contracts.domain.financing import BankAnswer, FinancingAction
from contracts.gateways import partner_bank
from contracts.models.charge import OneOffCharge
from contracts.models.lease import Financing, SandboxBankAnswer, ScheduleRow
from contracts.models.program import Enrollment
from contracts.operations import financing, program_nights, programs
from tests.factories import accounts
from tests.factories.programs import CLERK, SALE, joined, published

pytestmark = pytest.mark.django_db
ACCEPT, REFUSE, PAY = FinancingAction.ACCEPT, FinancingAction.REFUSE, FinancingAction.PAY


@pytest.fixture(autouse=True)
def heard(monkeypatch):
    accounts.supplier()
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    told = []
    kinds = (FinancingPaid, FinancingReturned, FinancingUnwanted)
    monkeypatch.setattr(events, "LISTENERS", {kind: [told.append] for kind in kinds})
    return told


def today():
    return timezone.localdate()


def sold(cents=0):
    """A sale of which the bank is asked for 2,000 yuan and some cents."""
    card = published(SALE, changed={"is_financed": True, "price_minor": 240_000 + cents})
    account = accounts.account()
    return joined(card, account_id=account.id, start=today())


def states(made):
    return Enrollment.objects.get(id=made).state, Financing.objects.get(enrollment_id=made).state


def say(made, action, *, actor=SYSTEM, reason=""):
    row = Financing.objects.get(enrollment_id=made)
    answer = BankAnswer(
        answer_id="1", reference=financing.REFERENCE.format(row.id), action=action, on=today(), bank_reference="B1",
        reason=reason,
    )  # fmt: skip
    return financing.record_answer(answer=answer, today=today(), actor=actor)


def test_a_bank_that_accepts_pays_the_price_and_gets_the_instalments(heard):
    made = sold()
    assert states(made) == ("signed", "asked")
    outbox.deliver_due()
    assert states(made) == ("running", "paid")
    row = Financing.objects.get()
    assert (row.amount_minor, row.paid_date, row.reference) == (200_000, today(), f"SB-WL-{row.id}")
    assert [(type(one), one.amount_minor) for one in heard] == [(FinancingPaid, 200_000)]
    program_nights.day(today=today() + timedelta(days=400))
    # Ours is the down payment alone.
    assert list(OneOffCharge.objects.values_list("kind", "amount_minor")) == [("instalment", 40_000)]
    assert ScheduleRow.objects.filter(is_ours=False, charge=None).count() == 12
    assert states(made) == ("ended", "paid")


def test_a_bank_that_refuses_leaves_nothing():
    made = sold(cents=1)
    outbox.deliver_due()
    assert states(made) == ("cancelled", "refused")
    assert Enrollment.objects.get().reason == "the bank refused: income not proven"
    program_nights.day(today=today() + timedelta(days=40))
    assert OneOffCharge.objects.count() == 0


def test_a_bank_that_takes_its_time_is_waited_for(heard):
    made = sold(cents=2)
    outbox.deliver_due()
    program_nights.day(today=today())
    assert (states(made), OneOffCharge.objects.count()) == (("signed", "asked"), 0)
    SandboxBankAnswer.objects.filter(place=0).update(due_at=timezone.now())
    financing.take_answers(timezone.now())
    assert (states(made), heard) == (("running", "accepted"), [])
    SandboxBankAnswer.objects.update(due_at=timezone.now())
    financing.take_answers(timezone.now())
    assert (states(made), len(heard)) == (("running", "paid"), 1)
    assert financing.take_answers(timezone.now()) == 0


def test_a_bank_that_says_everything_twice_changes_things_once(heard):
    made = sold(cents=3)
    outbox.deliver_due()
    assert (states(made), len(heard), SandboxBankAnswer.objects.count()) == (("running", "paid"), 1, 4)


def test_a_bank_that_cannot_be_reached_is_asked_again():
    made = sold(cents=4)
    outbox.deliver_due()
    message = OutboxMessage.objects.get(kind=financing.ASK)
    assert (message.state, message.attempts) == ("waiting", 1)
    assert "BankUnreachable" in message.last_error
    assert states(made) == ("signed", "asked")


def test_money_that_comes_before_the_yes_is_a_yes(heard):
    made = sold()
    assert say(made, PAY) is True
    assert (states(made), len(heard)) == (("running", "paid"), 1)
    assert [say(made, ACCEPT), say(made, PAY)] == [False, False]
    assert (states(made), len(heard)) == (("running", "paid"), 1)


def test_an_answer_that_contradicts_changes_nothing():
    made = sold()
    say(made, ACCEPT)
    assert say(made, REFUSE, reason="too late") is False
    assert states(made) == ("running", "accepted")


def test_who_is_not_the_bank_says_nothing():
    made = sold()
    with pytest.raises(NotAllowed):
        say(made, ACCEPT, actor=CLERK)
    with pytest.raises(NotAllowed):
        say(made, PAY, actor=Actor(ActorKind.STAFF, 1, "x", frozenset({Role.AUDITOR})))
    for reference in ("WL-999999", "WL-", "XX-1", "WL-１"):
        answer = BankAnswer(answer_id="1", reference=reference, action=ACCEPT, on=today())
        with pytest.raises(financing.UnknownFinancing):
            financing.record_answer(answer=answer, today=today(), actor=SYSTEM)


def test_a_customer_who_cancels_takes_the_sale_back_from_the_bank(heard):
    made = sold()
    outbox.deliver_due()
    program_nights.day(today=today())
    programs.cancel(enrollment_id=made, reason="changed my mind", today=today(), actor=CLERK)
    assert states(made) == ("cancelled", "withdrawn")
    assert OneOffCharge.objects.get().state == "cancelled"
    assert [type(one) for one in heard] == [FinancingPaid, FinancingReturned]
    outbox.deliver_due()
    assert OutboxMessage.objects.get(kind=financing.WITHDRAW).state == "sent"
    assert say(made, PAY) is False


@pytest.mark.parametrize("before", ["withdrawn", "refused"])
def test_money_for_a_sale_that_is_off_is_kept_and_asked_to_go_back_once(heard, before):
    made = sold()
    if before == "refused":
        say(made, REFUSE)
    else:
        programs.cancel(enrollment_id=made, reason="changed my mind", today=today(), actor=CLERK)
    assert [say(made, PAY), say(made, PAY)] == [True, False]
    row = Financing.objects.get()
    assert (states(made), row.paid_date) == (("cancelled", before), today())
    assert heard == [FinancingUnwanted(financing_id=row.id, amount_minor=200_000, on=today())]
    assert OutboxMessage.objects.filter(kind=financing.WITHDRAW, key=f"{row.id}:paid").count() == 1
    with pytest.raises(NotAllowed):
        say(made, PAY, actor=Actor(ActorKind.STAFF, 1, "x", frozenset({Role.AUDITOR})))


class Bank:
    """A bank that has something to say, and notes what it is told."""

    def __init__(self, *answers):
        self.waiting, self.confirmed, self.withdrawn = list(answers), [], []

    def ask(self, request):
        """Say nothing to it yet."""

    def withdraw(self, reference):
        self.withdrawn.append(reference)

    def answers(self, *, most):
        return [one for one in self.waiting if one.answer_id not in self.confirmed][:most]

    def confirm(self, answer_ids):
        self.confirmed += answer_ids


def test_what_is_said_of_nothing_that_was_asked_is_kept_and_its_money_asked_to_go_back(monkeypatch):
    odd = [
        BankAnswer(answer_id=f"A{n}", reference="WL-999999", action=action, on=today(), bank_reference="B7")
        for n, action in enumerate((ACCEPT, PAY))
    ]
    bank = Bank(*odd)
    monkeypatch.setattr(partner_bank, "_bound", [bank])
    assert financing.take_answers(timezone.now()) == 2
    assert bank.confirmed == ["A0", "A1"]
    kept = AuditEvent.objects.filter(action="unknown_answer", subject="financing")
    assert [row.detail["answer"] for row in kept.order_by("id")] == ["accept", "pay"]
    assert kept.first().detail["reference"] == "WL-999999"
    outbox.deliver_due()
    assert bank.withdrawn == ["WL-999999"]


def test_an_answer_that_cannot_be_kept_now_comes_again_and_stops_no_other(monkeypatch, heard):
    stuck, fine = sold(), sold()
    ids = {made: Financing.objects.get(enrollment_id=made).id for made in (stuck, fine)}
    bank = Bank(
        *(
            BankAnswer(answer_id=str(made), reference=f"WL-{ids[made]}", action=ACCEPT, on=today())
            for made in (stuck, fine)
        )
    )
    monkeypatch.setattr(partner_bank, "_bound", [bank])
    real = financing.record_answer

    def refuse(*, answer, **given):
        if answer.answer_id == str(stuck):
            raise packs.MissingRule("The pack has no such rule.")
        return real(answer=answer, **given)

    monkeypatch.setattr(financing, "record_answer", refuse)
    financing.take_answers(timezone.now())
    assert (states(stuck)[1], states(fine)[1], bank.confirmed) == ("asked", "accepted", [str(fine)])
    monkeypatch.setattr(financing, "record_answer", real)
    financing.take_answers(timezone.now())
    assert states(stuck)[1] == "accepted"


def test_what_a_bank_finances_is_settled_there():
    made = sold()
    outbox.deliver_due()
    with pytest.raises(financing.FinancedByBank):
        programs.settle_early(enrollment_id=made, on_date=today(), today=today(), actor=CLERK)


def test_without_a_bank_nothing_is_sold_that_it_would_pay(monkeypatch):
    card = published(SALE, changed={"is_financed": True})
    account = accounts.account()
    monkeypatch.setattr(partner_bank, "_bound", [])
    with pytest.raises(partner_bank.NoPartnerBank) as refused:
        joined(card, account_id=account.id, start=today())
    assert "PARTNER_BANK" in refused.value.advice
    assert (Enrollment.objects.count(), Financing.objects.count()) == (0, 0)
    assert financing.take_answers(timezone.now()) == 0
    joined(published(SALE), account_id=account.id, start=today())


def test_first_due_day_is_what_the_bank_is_told(monkeypatch):
    asked = []

    class Bank:
        def ask(self, request):
            asked.append(request)

        def answers(self, *, most):
            return []

    monkeypatch.setattr(partner_bank, "_bound", [Bank()])
    sold()
    outbox.deliver_due()
    [request] = asked
    first = ScheduleRow.objects.get(seq=1)
    assert (request.amount_minor, request.instalments, request.rate_e6) == (200_000, 12, 60_000)
    assert request.first_due_date == first.due_date > date(2026, 1, 1)
