"""Calls back: one number waits for one call; claimed, made, tried again. And callers who show who they are."""

from datetime import timedelta

import pytest

from accounts.operations import telephone_pins
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform.models import AuditEvent
from complaints.domain.calls import BadWindow, CallResult, CallSource, CallState
from complaints.models.call import CallAttempt, CallerCheck, CallRequest
from complaints.operations import call_requests, caller_checks, cases
from complaints.operations.call_requests import CallTaken, NewCall, StillToTry
from complaints.operations.caller_checks import CallerLocked, CallerNotKnown
from complaints.queries import caller_file, calls
from complaints.queries.calls import UnknownCall, WantedCalls
from tests.factories import accounts, billing, contracts
from tests.factories import cases as made

pytestmark = pytest.mark.django_db
AT, MINUTE, HOUR = made.AT, timedelta(minutes=1), timedelta(hours=1)
PROGRAM = Actor(ActorKind.CLIENT, 5, "ivr")


@pytest.fixture(autouse=True)
def _here():
    accounts.supplier()


def ask(*, at=AT, actor=PROGRAM, **values):
    given = {"phone": "138 1234 5678", "source": CallSource.TELEPHONE, **values}
    return call_requests.ask(new=NewCall(**given), at=at, actor=actor)


def test_a_number_that_asks_again_waits_for_one_call():
    first = ask(reference="c1", about="bills")
    assert (first.is_new, first.due_at) == (True, AT + HOUR)
    again = ask(reference="c2", about="and the meter", at=AT + 5 * MINUTE, phone="+86 13812345678")
    assert (again.request_id, again.is_new, again.due_at) == (first.request_id, False, AT + HOUR)
    row = CallRequest.objects.get()
    assert (row.phone, row.times, row.about) == ("+8613812345678", 2, "bills\nand the meter")
    assert ask(reference="c1", at=AT + 6 * MINUTE).is_new is False
    assert CallRequest.objects.get().times == 2  # the same reference counts once
    with pytest.raises(call_requests.BadCall):
        ask(phone="12")


def test_each_reference_of_a_program_counts_once_also_those_under_which_it_asked_again():
    first, other = ask(reference="c1"), Actor(ActorKind.CLIENT, 6, "another")
    for _ in range(2):
        assert ask(reference="c2").request_id == first.request_id
    assert ask(reference="c2", actor=other).request_id == first.request_id
    assert CallRequest.objects.get().times == 3
    detail = calls.detail(request_id=first.request_id, actor=other)  # whoever asked again may follow it, under its own
    assert calls.reference_of(detail.row, actor=other) == "c2"
    call_requests.withdraw(request_id=first.request_id, at=AT, actor=made.person())
    assert ask(reference="c2", at=AT + HOUR).is_new is False  # sent once more after the call: nobody is called again
    assert CallRequest.objects.count() == 1


def test_a_number_that_is_typed_in_the_portal_changes_nothing_of_anothers_call():
    mine, theirs, asker = accounts.customer(), accounts.customer(), Actor(ActorKind.CUSTOMER, 9, "Fang")
    accounts.contact_point(of=theirs, value="+8613812345678")
    request_id = ask(about="nobody's business").request_id
    due_at = CallRequest.objects.get().due_at
    window = {"from_at": AT + 4 * HOUR, "until_at": AT + 6 * HOUR}
    ask(actor=asker, source=CallSource.PORTAL, customer_id=mine.id, **window)
    row = CallRequest.objects.get()
    assert (row.customer_id, row.due_at, row.times) == (None, due_at, 2)
    assert calls.waiting_of(mine.id) is None  # they neither see it nor take it back
    ask(actor=asker, source=CallSource.PORTAL, customer_id=theirs.id, **window)
    row.refresh_from_db()
    assert (row.customer_id, row.due_at) == (theirs.id, AT + 6 * HOUR)
    ask(actor=asker, source=CallSource.PORTAL, customer_id=mine.id, from_at=AT + 6 * HOUR, until_at=AT + 8 * HOUR)
    row.refresh_from_db()
    assert (row.id, row.customer_id, row.due_at) == (request_id, theirs.id, AT + 6 * HOUR)


def test_another_time_that_is_named_later_is_the_one_that_counts():
    ask()
    ask(from_at=AT + 4 * HOUR, until_at=AT + 6 * HOUR, at=AT + MINUTE)
    row = CallRequest.objects.get()
    assert (row.next_at, row.due_at) == (AT + 4 * HOUR, AT + 6 * HOUR)
    with pytest.raises(BadWindow):
        ask(phone="13900001111", from_at=AT + 12 * HOUR, until_at=AT + 13 * HOUR)


def test_a_call_is_taken_by_one_and_lost_to_who_does_nothing():
    one, other = made.person(), made.person()
    request_id = ask().request_id
    call_requests.claim(request_id=request_id, at=AT, actor=one)
    with pytest.raises(CallTaken):
        call_requests.claim(request_id=request_id, at=AT + MINUTE, actor=other)
    call_requests.claim(request_id=request_id, at=AT + 21 * MINUTE, actor=other)
    with pytest.raises(CallTaken):
        call_requests.note(request_id=request_id, result=CallResult.REACHED, at=AT + 22 * MINUTE, actor=one)
    with pytest.raises(NotAllowed):
        call_requests.claim(request_id=request_id, at=AT + HOUR, actor=made.person(Role.BILLING))


def test_who_does_not_answer_is_called_again_and_given_up_after_three_calls():
    clerk, request_id = made.person(), ask().request_id
    for tried in range(3):
        at = AT + tried * HOUR
        call_requests.claim(request_id=request_id, at=at, actor=clerk)
        if tried < 2:
            with pytest.raises(StillToTry):
                call_requests.give_up(request_id=request_id, at=at, actor=clerk)
        state = call_requests.note(
            request_id=request_id, result=CallResult.NO_ANSWER, at=at, actor=clerk, key=f"k{tried}"
        )
        assert state is CallState.WAITING
        assert CallRequest.objects.get().next_at == at + HOUR
    assert call_requests.note(request_id=request_id, result=CallResult.NO_ANSWER, at=AT, actor=clerk, key="k2") is state
    assert CallAttempt.objects.count() == 3  # the same form again is one call
    call_requests.claim(request_id=request_id, at=AT + 4 * HOUR, actor=clerk)
    call_requests.give_up(request_id=request_id, at=AT + 4 * HOUR, actor=clerk)
    with pytest.raises(IllegalMove):
        call_requests.claim(request_id=request_id, at=AT + 5 * HOUR, actor=clerk)
    assert ask(at=AT + 5 * HOUR).is_new is True


def test_a_call_that_went_well_names_its_case_and_is_hidden_with_it():
    clerk, other = made.person(), made.person()
    row, request_id = made.taken(), ask().request_id
    call_requests.claim(request_id=request_id, at=AT, actor=clerk)
    state = call_requests.note(
        request_id=request_id, result=CallResult.REACHED, case_number=row.number, at=AT, actor=clerk
    )
    assert state is CallState.DONE
    team = made.team(other)
    cases.concern(case_id=row.id, about_team_id=team, actor=clerk)
    everything = WantedCalls(state="all")
    assert len(calls.listed(wanted=everything, at=AT, actor=clerk)) == 1
    assert calls.listed(wanted=everything, at=AT, actor=other) == ()
    with pytest.raises(UnknownCall):
        calls.detail(request_id=request_id, actor=other)
    with pytest.raises(UnknownCall):
        calls.detail(request_id=request_id, actor=Actor(ActorKind.CLIENT, 6, "another"))


def test_a_customer_takes_back_only_their_own():
    who, other = accounts.customer(), accounts.customer()
    asker = Actor(ActorKind.CUSTOMER, 9, "Fang")
    request_id = ask(actor=asker, source=CallSource.PORTAL, customer_id=who.id).request_id
    with pytest.raises(UnknownCall):
        call_requests.withdraw(request_id=request_id, at=AT, actor=asker, customer_id=other.id)
    call_requests.withdraw(request_id=request_id, at=AT, actor=asker, customer_id=who.id)
    assert calls.waiting_of(who.id) is None


@pytest.fixture
def world():
    found = contracts.world()
    accounts.contact_point(of=found.customer, kind="email", value="fang@example.com")
    billing.issued(world=found, kwh=100)
    return found


def answers(world, sheet, *, wrong=0):
    facts = caller_file.facts(account_id=world.account.id, today=AT.date())[1]
    good = {
        "id_tail": facts.id_number[-4:], "meter_tail": "".join(filter(str.isdigit, (facts.meters or ("",))[0]))[-4:],
        "email": "FANG@example.com", "last_bill": f"{(facts.last_bill_minor or 0) / 100:.2f}",
    }  # fmt: skip
    return {code: "x" if place < wrong else good[code] for place, code in enumerate(sheet.questions)}


def test_a_caller_is_known_by_the_pin_for_a_while_to_who_asked():
    world = contracts.world()
    clerk, other = made.person(), made.person()
    customer_id, account_id = world.customer.id, world.account.id
    telephone_pins.set_pin(account_id=account_id, customer_id=customer_id, pin="480213", digits=6, actor=SYSTEM)
    with pytest.raises(CallerNotKnown):
        caller_checks.see_known(customer_id=customer_id, at=AT, actor=clerk)
    given = {"account_id": account_id, "phone": "+8613812345678", "actor": clerk}
    assert caller_checks.check_pin(pin="480214", at=AT, **given) is False
    assert caller_checks.check_pin(pin="480213", at=AT, **given) is True
    until_at = caller_checks.see_known(customer_id=customer_id, at=AT + 19 * MINUTE, actor=clerk).until_at
    assert until_at == AT + 20 * MINUTE
    for actor, at in ((clerk, AT + 20 * MINUTE), (other, AT)):
        with pytest.raises(CallerNotKnown):
            caller_checks.see_known(customer_id=customer_id, at=at, actor=actor)
    kept = AuditEvent.objects.filter(subject="customer", subject_id=customer_id, action__endswith="know_caller")
    assert list(kept.order_by("id").values_list("action", flat=True)) == ["not_know_caller", "know_caller"]


def test_too_many_wrong_pins_lock_the_account_for_the_day():
    world, clerk = contracts.world(), made.person()
    given = {"account_id": world.account.id, "phone": "", "actor": clerk}
    for _ in range(5):
        assert caller_checks.check_pin(pin="1", at=AT, **given) is False
    with pytest.raises(CallerLocked):
        caller_checks.check_pin(pin="1", at=AT, **given)


def test_a_caller_is_known_by_answers_from_the_file(world):
    clerk = made.person()
    world.customer.id_number = "31010119800101123X"
    world.customer.save(update_fields=["id_number"])
    sheet = caller_checks.sheet(account_id=world.account.id, at=AT)
    assert len(sheet.questions) == 3
    assert not sheet.has_pin
    given = {"account_id": world.account.id, "phone": "", "at": AT, "actor": clerk}
    assert caller_checks.check_answers(answers=answers(world, sheet, wrong=2), **given) is False
    sheet = caller_checks.sheet(account_id=world.account.id, at=AT)
    assert caller_checks.check_answers(answers=answers(world, sheet, wrong=1), **given) is True
    assert CallerCheck.objects.latest("id").right == 2
    for _ in range(3):
        caller_checks.check_answers(answers={}, **given)
    with pytest.raises(CallerLocked):
        caller_checks.check_answers(answers={}, **given)
