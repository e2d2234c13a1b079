"""Direct debit in the portal: set up by a code, seen, taken back; nobody else's."""

import re

import pytest
import time_machine

from accounts.models.notice import Notice
from cashiering.models.debit import Mandate
from contracts.models.supply_contract import SigningCode
from tests.factories import accounts, contracts
from tests.factories import debits as made

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/portal/debits"


@pytest.fixture(autouse=True)
def _day():
    with time_machine.travel("2026-03-10T12:00:00+08:00", tick=False):
        yield


@pytest.fixture
def world():
    accounts.supplier()
    found = contracts.world()
    accounts.contact_point(of=found.customer, is_proven=True)
    return found


@pytest.fixture
def visitor(world, client):
    client.force_login(accounts.portal_user(of=world.customer))
    client.cookies["django_language"] = "en"
    return client


def _ask(visitor, world, **values):
    given = {"holder_name": world.customer.name, "bank_account": made.ACCOUNT, "bank_code": made.BANK,
             "limit": "500"}  # fmt: skip
    return visitor.post(f"{URL}/ask", {**given, **values})


def _code():
    # The body of a notice is kept until it is sent.
    return re.search(r"\d{6}", Notice.objects.filter(event="one_time_code").latest("id").body).group()


def test_a_customer_sets_up_a_direct_debit_by_a_code_and_stops_it(visitor, world):
    assert "Set up direct debit" in visitor.get(URL).content.decode()
    assert _ask(visitor, world).status_code == 302
    mandate = Mandate.objects.get()
    assert (mandate.state, SigningCode.objects.get().subject_id) == ("asked", mandate.id)
    assert "Yes, you may debit" in visitor.get(URL).content.decode()
    visitor.post(f"{URL}/{mandate.id}/sign", {"code": "000000", "agree": "on"})
    visitor.post(f"{URL}/{mandate.id}/sign", {"code": _code()})
    assert Mandate.objects.get().state == "asked"
    visitor.post(f"{URL}/{mandate.id}/sign", {"code": _code(), "agree": "on"})
    assert Mandate.objects.get().state == "active"
    page = visitor.get(URL).content.decode()
    assert "…0123" in page
    assert made.ACCOUNT not in page
    assert Notice.objects.filter(event="mandate_active", channel="inbox").count() == 1
    assert _ask(visitor, world, bank_account="6222029999999999999").status_code == 302
    second = Mandate.objects.get(state="asked")
    visitor.post(f"{URL}/{second.id}/sign", {"code": _code(), "agree": "on"})
    assert list(Mandate.objects.order_by("id").values_list("state", "end_reason")) == [
        ("ended", "replaced"), ("active", ""),
    ]  # fmt: skip
    visitor.post(f"{URL}/{second.id}/revoke")
    assert Mandate.objects.get(id=second.id).end_reason == "revoked"


def test_an_account_of_somebody_else_needs_paper_and_a_wrong_number_is_told(visitor, world):
    assert "signs on paper" in _ask(visitor, world, holder_name="李四").content.decode()
    assert "12 digits" in _ask(visitor, world, bank_code="1").content.decode()
    assert not Mandate.objects.exists()


def test_mandates_of_others_do_not_exist(visitor, world):
    other = contracts.world()
    mandate_id = made.signed(other, on=made.at(world.agreement.period.lower).date())
    for verb in ("code", "sign", "revoke"):
        assert visitor.post(f"{URL}/{mandate_id}/{verb}", {"code": "1", "agree": "on"}).status_code == 404
    assert Mandate.objects.get().state == "active"
