"""Each way of paying tops up a prepaid account at once, and brings current back where it was cut off."""

from io import BytesIO

import pytest
import time_machine
from django.utils import timezone

from arrears.domain.disconnection import Way
from arrears.models.collection import DisconnectionOrder
from billing.models.prepay import PrepaidDay, Prepayment
from billing.queries import prepaid
from cashiering.domain.checkouts import Origin
from cashiering.domain.debits import name_of
from cashiering.domain.tills import Means
from cashiering.gateways import online, sandbox
from cashiering.models.checkout import SandboxCheckout
from cashiering.models.debit import Debit
from cashiering.operations import (
    agents,
    checkout_events,
    checkouts,
    posting,
    receipts,
    sandbox_provider,
    statements,
    tills,
)
from cashiering.operations.checkouts import Wish
from cashiering.operations.receipts import Part
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.platform.models import ApiKey
from metering.models.command import DeviceCommand
from metering.models.device import Meter
from tests.db.arrears.test_prepaid_cuts import AT, darkened
from tests.doors.api.calls import Caller
from tests.factories import accounts, bank_files, billing
from tests.factories.bank_files import Movement
from tests.factories.debits import signed

pytestmark = pytest.mark.django_db
TODAY = AT.date()
CASHIER = Actor(ActorKind.STAFF, 11, "Li")
OWES, PAYS = 5_000, 6_000


@pytest.fixture
def dark(settings, tmp_path):
    """A home that has used 50.00 more than it paid, and is cut off."""
    settings.DOCUMENTS_DIR = tmp_path
    with time_machine.travel(AT, tick=False):
        accounts.supplier()
        world = darkened()
        DisconnectionOrder.objects.create(
            account=world.account, service_point=world.service_point, way=Way.REMOTE.value, reason="prepaid",
            customer_class="residential", state="cut", proposed_at=AT, expires_at=AT, meter_id=Meter.objects.get().id,
            prepayment_id=Prepayment.objects.get().id,
        )  # fmt: skip
        yield world


def _till(world, means=Means.CASH):
    till_id = tills.add(code="T1", name="Counter", place="", actor=CASHIER)
    session_id = tills.open_session(till_id=till_id, pieces={}, today=TODAY, actor=CASHIER)
    receipts.take(
        session_id=session_id, parts=[Part(world.account.id, PAYS)], means=means, tendered_minor=None,
        reference="" if means is Means.CASH else "slip 7", form="F1", today=TODAY, actor=CASHIER,
    )  # fmt: skip


def _card(world):
    _till(world, Means.CARD)


def _shop():
    """The program of an agent that may hold enough."""
    caller = Caller(agents.SCOPE)
    client = ApiKey.objects.latest("id")
    agents.register(code="K7", name="Kiosk", client=client.name, limit_minor=PAYS, actor=CASHIER)
    return caller, client.id


def _agent(world):
    _caller, client_id = _shop()
    agents.take(
        client_id=client_id, account_number=world.account.number, amount_minor=PAYS, reference="K7-1", today=TODAY,
        actor=SYSTEM,
    )  # fmt: skip


def _kiosk(world):
    caller, _client_id = _shop()
    body = {"account": world.account.number, "amount_minor": PAYS, "currency": "CNY", "reference": "K7-1"}
    assert caller.post("agent/payments", body, idempotency_key="a").status_code == 201


def _checkout(world, provider="sandbox", origin=Origin.PORTAL):
    wish = Wish(account_id=world.account.id, provider=provider, origin=origin, amount_minor=PAYS)
    begun = checkouts.begin(wish=wish, at=AT, actor=SYSTEM)
    token = SandboxCheckout.objects.get(reference=begun.reference).token
    sandbox_provider.decide(token=token, is_paid=True, now=AT)
    ((_id, message),) = sandbox.due(online.of(provider), now=timezone.now(), most=9)
    checkout_events.take(provider=provider, message=message, at=AT)
    checkout_events.record_waiting(provider=provider)


def _qr(world):
    _checkout(world, "sandbox_wechat", Origin.LINK)


def _take(movement):
    statements.take(source=BytesIO(bank_files.camt([movement])), name="b.xml", today=TODAY, actor=SYSTEM)
    posting.work(AT)


def _bank(world):
    _take(Movement(amount_minor=PAYS, reference="R1", text=world.account.number, name=world.customer.name))


WAYS = {
    "till": _till, "card at the till": _card, "agent": _agent, "kiosk": _kiosk, "checkout": _checkout, "QR": _qr,
    "bank line": _bank,
}  # fmt: skip


def _standing(world):
    return prepaid.of_account(account_id=world.account.id, today=TODAY)


@pytest.mark.parametrize("way", WAYS)
def test_each_way_tops_up_at_once_and_brings_current_back(dark, way):
    assert (_standing(dark).balance_minor, _standing(dark).level) == (-OWES, "pending")
    WAYS[way](dark)
    assert (_standing(dark).balance_minor, _standing(dark).level) == (PAYS - OWES, "low")
    assert DisconnectionOrder.objects.get().state == "restoring"
    assert list(DeviceCommand.objects.values_list("command", flat=True)) == ["switch_on"]


def test_a_debit_pays_what_a_bill_owes_and_tops_nothing_up(dark):
    """A mandate is debited for bills alone, so it brings a balance to 0 at most: no way to top up, and current stays off."""
    bill = billing.issued(world=dark)
    PrepaidDay.objects.update(cost_minor=bill.amount_minor, unbilled_minor=0)
    debit = Debit.objects.create(
        mandate_id=signed(dark, on=TODAY), account=dark.account, bill=bill, amount_minor=bill.amount_minor,
        collection_date=TODAY, state="sent",
    )  # fmt: skip
    assert _standing(dark).balance_minor == -bill.amount_minor
    _take(Movement(amount_minor=bill.amount_minor, reference="R1", end_to_end=name_of(debit.id)))
    debit.refresh_from_db()
    assert debit.state == "collected"
    assert _standing(dark).balance_minor == 0
    assert DisconnectionOrder.objects.get().state == "cut"
