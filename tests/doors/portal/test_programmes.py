"""Programmes in the portal: what I may join, signed by its text, mine alone, taken back and settled."""

import re
from io import BytesIO

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from accounts.models.contact import ContactPoint
from accounts.models.notice import Notice
from cis.platform.templatetags.local import money
from contracts.models.charge import OneOffCharge
from contracts.models.lease import ScheduleRow
from contracts.models.program import Enrollment
from contracts.models.supply_contract import SigningCode
from contracts.operations import program_nights, programs
from contracts.queries import program_papers
from tests.factories import accounts, contracts
from tests.factories.programs import CLERK, GREEN, GREEN_TARIFF, LEASE, SALE, joined, published

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _documents(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"


@pytest.fixture(autouse=True)
def day():
    with time_machine.travel("2026-03-10T12:00:00+08:00", tick=False) as travel:
        yield travel


@pytest.fixture
def world():
    accounts.supplier()
    found = contracts.world(source=GREEN_TARIFF)
    accounts.contact_point(of=found.customer, is_proven=True)
    return found


@pytest.fixture
def visitor(world, client):
    client.force_login(accounts.portal_user(of=world.customer))
    client.cookies["django_language"] = "en"
    return client


def _words(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def page(visitor, name, *args, **query):
    return _words(visitor.get(reverse(f"portal:{name}", args=args), query))


def asked(visitor, card, **values):
    """Ask for a programme; the words of the page on which it is signed."""
    given = {"start_date": "2026-03-10", "request_key": "k"}
    return _words(visitor.post(reverse("portal:ask_programme", args=[card.id]), given | values, follow=True))


def code_for(visitor, enrollment_id):
    """Have a code sent; the code."""
    visitor.post(reverse("portal:programme_code", args=[enrollment_id]))
    return re.search(r"\d{6}", Notice.objects.filter(event="one_time_code").latest("id").body)[0]


def sign(visitor, card, **values):
    """Ask for a programme and sign it by a code."""
    asked(visitor, card)
    row = Enrollment.objects.latest("id")
    given = {
        "sha256": card.sha256, "accepted": "on", "signed_name": "张三", "code": code_for(visitor, row.id),
    }  # fmt: skip
    return _words(visitor.post(reverse("portal:accept_programme", args=[row.id]), given | values, follow=True))


def today():
    return timezone.localdate()


def test_what_i_may_join_is_told_with_its_cost_and_joined_once(visitor):
    card = published(LEASE, name_en="Heat pump lease")
    published(LEASE, name_en="For works", customer_classes=("industrial",))
    words = page(visitor, "programmes")
    assert "Heat pump lease" in words
    assert "¥199.00 a month" in words
    assert "For works" not in words
    words = page(visitor, "programme_offer", card.id)
    assert "You rent: Heat pump, for 12 months." in words
    assert "The parties agree as follows." in words
    for _ in range(2):
        words = asked(visitor, card)
    assert "Send me a code" in words
    assert "Waits for a signature" in words
    row = Enrollment.objects.get()  # asked twice for the same day: one
    assert not ScheduleRow.objects.exists()
    words = sign(visitor, card)
    assert "In force" in words
    row.refresh_from_db()
    assert (row.signed_by, row.signed_sha256, row.signed_name) == ("portal", card.sha256, "张三")
    assert row.paper.sha256 in words
    assert "Heat pump lease" in page(visitor, "programmes")
    assert visitor.get(reverse("portal:programme_offer", args=[card.id])).status_code == 404


@pytest.mark.parametrize("wrong", [{"accepted": ""}, {"sha256": "0" * 64}, {"signed_name": ""}, {"code": "x"}])
def test_nothing_is_signed_that_was_not_accepted_or_without_the_code(visitor, wrong):
    card = published(LEASE)
    sign(visitor, card, **wrong)
    assert Enrollment.objects.get().state == "offered"
    assert not OneOffCharge.objects.exists()


def test_what_is_signed_shows_schedule_and_early_settlement_before_and_as_pdf(visitor):
    card = published(SALE, name_en="Charger by instalments")
    words = asked(visitor, card)
    rows = card.sample(today())
    for row in rows:
        assert money(row.amount_minor) in words
    costs = program_papers.exits(card.terms, start=today(), on=today())
    assert len(costs) == len(rows) - 2  # the down payment, and the last month, which ends by itself
    for one in costs:
        assert money(one.amount_minor) in words
    paper = visitor.get(reverse("portal:programme_pdf", args=[Enrollment.objects.get().id])).content
    shown = "".join("".join(page.extract_text() for page in PdfReader(BytesIO(paper)).pages).split())
    for expected in (card.sha256, *(f"{row.due_date}" for row in rows), *(money(one.amount_minor) for one in costs)):
        assert expected in shown, expected
    sign(visitor, card)
    assert visitor.get(reverse("portal:programme_pdf", args=[Enrollment.objects.get().id])).content == paper


def test_who_cannot_be_reached_is_told_so_and_gets_no_code(visitor, world):
    ContactPoint.objects.filter(customer=world.customer).delete()
    asked(visitor, published(LEASE))
    words = _words(visitor.post(reverse("portal:programme_code", args=[Enrollment.objects.get().id]), follow=True))
    assert "No number of the customer is proven, and no mailbox is known" in words
    assert not SigningCode.objects.exists()


def test_no_code_is_sent_and_nothing_signed_for_somebody_else(visitor):
    other = contracts.world()
    made = programs.offer(
        program_id=published(LEASE).id, account_id=other.account.id, start_date=today(), request_key="o", today=today(),
        actor=CLERK,
    )  # fmt: skip
    for name in ("programme_code", "accept_programme", "programme_pdf"):
        call = visitor.get if name.endswith("pdf") else visitor.post
        assert call(reverse(f"portal:{name}", args=[made])).status_code == 404
    assert not Notice.objects.filter(event="one_time_code").exists()


def test_a_programme_of_somebody_else_is_not_found(visitor):
    other = contracts.world()
    made = joined(published(LEASE), account_id=other.account.id, start=today())
    for name in ("programme", "leave_programme", "accept_programme"):
        call = visitor.get if name == "programme" else visitor.post
        assert call(reverse(f"portal:{name}", args=[made])).status_code == 404
    assert Enrollment.objects.get().state == "running"


def test_what_staff_offered_is_accepted_here(visitor, world):
    card = published(SALE)
    made = programs.offer(
        program_id=card.id, account_id=world.account.id, start_date=today(), request_key="k", today=today(), actor=CLERK
    )
    assert "You have not signed it" in page(visitor, "programme", made)
    given = {"sha256": card.sha256, "accepted": "on", "signed_name": "张三", "code": code_for(visitor, made)}
    visitor.post(reverse("portal:accept_programme", args=[made]), given)
    assert Enrollment.objects.get().state == "running"


def test_settling_early_shows_what_it_costs_and_does_it(visitor, world):
    made = joined(published(SALE), account_id=world.account.id, start=today())
    program_nights.day(today=today())
    words = page(visitor, "programme", made, on="2026-03-25")
    assert "Rest of the price ¥2,000.00" in words
    assert "It is settled on the day itself" in words
    visitor.post(reverse("portal:leave_programme", args=[made]), {"action": "end"})
    assert Enrollment.objects.get().state == "settled"
    assert OneOffCharge.objects.get(kind="early_settlement").amount_minor == 200_000


def test_a_package_ends_on_the_day_that_i_choose(visitor, world):
    made = joined(published(GREEN), account_id=world.account.id, start=today())
    visitor.post(reverse("portal:leave_programme", args=[made]), {"action": "end", "on": "2026-04-01"})
    row = Enrollment.objects.get()
    assert (row.state, row.period.upper.isoformat()) == ("running", "2026-04-01")


def test_it_is_taken_back_in_time_and_not_later(visitor, world, day):
    made = joined(published(GREEN), account_id=world.account.id, start=today())
    assert "you may take it back, without a reason" in page(visitor, "programme", made)
    day.move_to("2026-03-20T12:00:00+08:00")
    visitor.post(reverse("portal:leave_programme", args=[made]), {"action": "cancel"})
    assert Enrollment.objects.get().state == "running"
    day.move_to("2026-03-17T12:00:00+08:00")
    visitor.post(reverse("portal:leave_programme", args=[made]), {"action": "cancel"})
    assert Enrollment.objects.get().state == "cancelled"
