"""Programmes signed by a one-time code: the paper kept first, wrong codes counted, nobody signs without it."""

import re
from datetime import date

import pytest

from accounts.models.notice import Notice
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform import outbox
from contracts.domain import signing
from contracts.domain.lease import Rebate
from contracts.domain.signing import CodeRefused, TooManyCodes
from contracts.models.program import Enrollment
from contracts.models.supply_contract import SigningCode
from contracts.operations import enrollment_offers, program_signing, programs
from contracts.operations.program_signing import PaperNotSeen
from contracts.queries import program_papers
from contracts.queries.enrollments import UnknownEnrollment
from tests.factories import accounts, contracts
from tests.factories.programs import CLERK, GREEN, GREEN_TARIFF, LEASE, SALE, joined, published

pytestmark = pytest.mark.django_db(transaction=True)
TODAY = date(2026, 3, 10)
CUSTOMER = Actor(ActorKind.CUSTOMER, 3, "zhang", frozenset({Role.CUSTOMER}))


@pytest.fixture(autouse=True)
def _kept(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"


@pytest.fixture
def world():
    accounts.supplier()
    found = contracts.world(source=GREEN_TARIFF)
    accounts.contact_point(of=found.customer, is_proven=True)
    return found


@pytest.fixture
def card():
    return published(SALE)


@pytest.fixture
def offered(world, card):
    return programs.offer(
        program_id=card.id, account_id=world.account.id, start_date=TODAY, request_key="k", today=TODAY, actor=CUSTOMER
    )


def send(world, enrollment_id):
    program_signing.send_code(enrollment_id=enrollment_id, customer_id=world.customer.id, actor=CUSTOMER)
    return re.search(r"\d{6}", Notice.objects.filter(event="one_time_code").latest("id").body)[0]


def sign(world, card, enrollment_id, code, **more):
    given = {
        "enrollment_id": enrollment_id, "customer_id": world.customer.id, "code": code, "accepted_sha256": card.sha256,
        "signed_name": "张三", "today": TODAY, "actor": CUSTOMER,
    }  # fmt: skip
    program_signing.sign_by_code(**given | more)


def test_a_customer_signs_by_the_code_that_was_sent_and_by_nothing_else(world, card, offered):
    with pytest.raises(PaperNotSeen):
        send(world, offered)
    paper = program_signing.paper(enrollment_id=offered)
    code = send(world, offered)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for attempt in (1, 2):
        with pytest.raises(CodeRefused):
            sign(world, card, offered, wrong)
        assert SigningCode.objects.get().attempts == attempt
    with pytest.raises(UnknownEnrollment):
        sign(world, card, offered, code, customer_id=10**9)
    with pytest.raises(enrollment_offers.TextNotAccepted):
        sign(world, card, offered, code, accepted_sha256="0" * 64)
    assert Enrollment.objects.get().state == "offered"
    sign(world, card, offered, f" {code} ")
    row = Enrollment.objects.get()
    assert (row.state, row.signed_by, row.signed_name) == ("running", "portal", "张三")
    assert program_signing.paper(enrollment_id=offered) == paper
    with pytest.raises(CodeRefused):
        sign(world, card, offered, code)
    with pytest.raises(IllegalMove):
        send(world, offered)


def test_a_customer_has_no_way_around_the_code(world, card, offered):
    given = {"accepted_sha256": card.sha256, "signed_name": "x", "today": TODAY, "actor": CUSTOMER}
    with pytest.raises(NotAllowed):
        programs.sign(enrollment_id=offered, signed_by="desk", **given)
    with pytest.raises(NotAllowed):
        programs.join(
            program_id=card.id, account_id=world.account.id, start_date=TODAY, request_key="z", signed_by="api", **given
        )


@pytest.mark.parametrize("spoil", ["tried", "replaced"])
def test_a_code_that_was_tried_too_often_or_replaced_serves_no_more(world, card, offered, spoil):
    program_signing.paper(enrollment_id=offered)
    code = send(world, offered)
    if spoil == "tried":
        SigningCode.objects.update(attempts=signing.TRIES)
    elif send(world, offered) == code:
        pytest.skip("the same code was drawn twice")
    with pytest.raises(CodeRefused):
        sign(world, card, offered, code)
    assert Enrollment.objects.get().state == "offered"


def test_codes_are_not_sent_without_end(world, offered):
    program_signing.paper(enrollment_id=offered)
    for _ in range(signing.SENT_AN_HOUR):
        send(world, offered)
    with pytest.raises(TooManyCodes):
        send(world, offered)


def test_what_is_signed_at_the_counter_is_archived_too(world, card):
    made = joined(card, account_id=world.account.id, start=TODAY, actor=CLERK)
    assert Enrollment.objects.get().paper is None
    while outbox.deliver_due():
        pass
    assert Enrollment.objects.get(id=made).paper.media_type == "application/pdf"


@pytest.mark.parametrize("terms", [SALE, LEASE, GREEN], ids=["sale", "lease", "green"])
def test_the_paper_tells_for_each_month_what_ending_it_then_costs(terms):
    """What is shown before signing is what settling on that day computes, and never more than staying to the end."""
    card = published(terms)
    rows = card.terms.rows(TODAY)
    found = program_papers.exits(card.terms, start=TODAY, on=TODAY)
    assert len(found) == card.terms.months - 1
    for one in found:
        assert one == card.terms.settle(rows=rows, on=one.on, rebate=Rebate.UNEARNED)
        assert one.kept_minor + one.principal_minor <= sum(row.amount_minor for row in rows)
        assert one.total_minor == one.kept_minor + one.amount_minor
