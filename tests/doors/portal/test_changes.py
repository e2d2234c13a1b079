"""Moving out, moving in, many persons, another tariff: asked for by the customer, in plain words, with the money."""

from datetime import date
from io import BytesIO
from itertools import pairwise

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from contracts.models.change import ChangeSet
from tests.doors.portal.test_pages import _words
from tests.factories import accounts, contracts, metering, tariffs
from tests.factories.changes import CLERK, drafted, wanted

pytestmark = pytest.mark.django_db
MONTHS = [date(2025, month, 1) for month in range(1, 13)] + [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]


@pytest.fixture(autouse=True)
def day():
    with time_machine.travel("2026-03-10T12:00:00+08:00", tick=False):
        yield


@pytest.fixture
def world(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path
    accounts.supplier()
    made = contracts.world()
    (register,) = metering.metered(at=made.service_point)
    for start, end in pairwise(MONTHS):
        metering.usage(of=register, start_date=start, end_date=end, kwh=(end - start).days * 10, at=made.service_point)
    return made


@pytest.fixture
def visitor(world, client):
    client.force_login(accounts.portal_user(of=world.customer))
    client.cookies["django_language"] = "en"
    return client


def address(kind, world):
    return f"{reverse('portal:new_change', args=[kind])}?supply={world.agreement.id}"


def test_moving_out_shows_the_final_bill_and_is_agreed_to_at_once(visitor, world):
    assert "I move out" in _words(visitor.get(reverse("portal:changes")))
    typed = {"request_key": "k", "effective_date": "2026-03-21"}
    words = _words(visitor.post(address("move_out", world), {**typed, "look": "1"}))
    # Two weeks and six days at 10 kWh: 200 x 0.617.
    assert "Your final bill, as far as we can tell" in words
    assert "¥123.40" in words
    assert not ChangeSet.objects.exists()
    words = _words(visitor.post(address("move_out", world), {**typed, "send": "1"}, follow=True))
    assert "Thank you. It is noted." in words
    assert "agreed, to come" in words
    change = ChangeSet.objects.get()
    assert (change.state, change.origin) == ("confirmed", "customer")
    visitor.post(reverse("portal:withdraw_change", args=[change.id]))
    change.refresh_from_db()
    assert change.state == "withdrawn"


@pytest.mark.parametrize("number", ["9" * 19, "9" * 4_400])
def test_a_supply_of_too_many_digits_is_none(visitor, world, number):
    place = f"{reverse('portal:new_change', args=['move_out'])}?supply={number}"
    assert visitor.get(place).status_code == 404


def test_many_persons_send_their_papers_and_wait(visitor, world):
    out = BytesIO()
    Image.new("RGB", (30, 30), "white").save(out, "JPEG")
    typed = {"request_key": "k", "effective_date": "2026-03-01", "household": "6", "until_date": "2027-03-01"}
    paper = SimpleUploadedFile("hukou.jpg", out.getvalue(), content_type="image/jpeg")
    words = _words(visitor.post(address("household", world), {**typed, "look": "1"}))
    assert "We look at your papers first" in words
    words = _words(visitor.post(address("household", world), {**typed, "paper": paper, "send": "1"}, follow=True))
    assert "We look at it and tell you." in words
    change = ChangeSet.objects.get()
    assert (change.state, change.papers.get().kind) == ("waiting", "household_register")


def test_a_paper_is_kept_with_its_change_or_not_at_all(visitor, world, settings, monkeypatch):
    typed = {"request_key": "k", "effective_date": "2026-03-01", "household": "6", "until_date": "2027-03-01"}

    def files():
        kept = settings.DOCUMENTS_DIR
        return [one for one in kept.rglob("*") if one.is_file()] if kept.exists() else []

    # What cannot be agreed to keeps no paper; a paper that cannot be kept keeps no change.
    late = {**typed, "effective_date": "2020-01-01", "send": "1"}
    visitor.post(address("household", world), {**late, "paper": SimpleUploadedFile("a.pdf", b"%PDF-1.7 x %%EOF")})
    assert (ChangeSet.objects.count(), files()) == (0, [])
    sent = {**typed, "send": "1"}
    words = _words(visitor.post(address("household", world), {**sent, "paper": SimpleUploadedFile("a.pdf", b"MZ")}))
    assert "PDF, JPEG or PNG" in words
    assert (ChangeSet.objects.count(), files()) == (0, [])

    def broken(*_args, **_values):
        raise RuntimeError

    monkeypatch.setattr("contracts.operations.changes._add_paper", broken)
    with pytest.raises(RuntimeError):
        visitor.post(address("household", world), {**sent, "paper": SimpleUploadedFile("a.pdf", b"%PDF-1.7 x %%EOF")})
    assert ChangeSet.objects.count() == 0


def test_another_tariff_is_chosen_among_those_that_are_open(visitor, world):
    source = tariffs.FLAT.replace('"flat"', '"other"').replace("0.617", "0.5").replace('"61.70"', '"50.00"')
    source = source.replace("[labels.energy]", '[choice]\nkinds = ["resident"]\n\n[labels.energy]', 1)
    tariffs.version(source=tariffs.FLAT.replace('"flat"', '"shut"'))
    other = tariffs.version(of=tariffs.tariff(code="other"), source=source.replace("One price", "Night owl")).tariff
    page = visitor.get(address("tou_opt_in", world)).content.decode()
    assert page.count("<option") == 1
    typed = {"request_key": "k", "effective_date": "2026-04-01", "tariff": other.id}
    words = _words(visitor.post(address("tou_opt_in", world), {**typed, "look": "1"}))
    assert "Night owl" in words
    assert "¥150.00" in words  # 300 kWh of April
    visitor.post(address("tou_opt_in", world), {**typed, "send": "1"})
    assert ChangeSet.objects.get().state == "confirmed"
    early = {**typed, "effective_date": "2026-03-15", "request_key": "k2"}
    assert "first day of a month" in _words(visitor.post(address("tou_opt_in", world), {**early, "look": "1"}))


def test_moving_in_says_nothing_of_what_others_used_there(visitor, world):
    empty = contracts.world(end_date=date(2026, 1, 1))
    (register,) = metering.metered(at=empty.service_point)
    metering.usage(of=register, start_date=MONTHS[0], end_date=MONTHS[1], kwh=777, at=empty.service_point)
    form = reverse("portal:new_change", args=["move_in"])
    typed = {"request_key": "k", "effective_date": "2026-04-01", "service_point": empty.service_point.external_id}
    words = _words(visitor.post(form, {**typed, "look": "1"}))
    assert "as far as we can tell" not in words
    visitor.post(form, {**typed, "send": "1"})
    assert ChangeSet.objects.get().state == "waiting"
    taken = {**typed, "service_point": contracts.world().service_point.external_id, "request_key": "k2"}
    assert "Somebody is supplied there" in _words(visitor.post(form, {**taken, "look": "1"}))


def test_nothing_of_anybody_else_is_there(visitor, world):
    other = contracts.world()
    assert visitor.get(address("move_out", other)).status_code == 404
    assert visitor.get(address("removal", world)).status_code == 404
    change_id = drafted(wanted("move_out", other.agreement, date(2026, 4, 1)), today=date(2026, 3, 10), actor=CLERK)
    assert visitor.post(reverse("portal:withdraw_change", args=[change_id])).status_code == 404
    assert ChangeSet.objects.get().state == "drafted"
