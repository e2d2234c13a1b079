"""E-invoices of bills: each once, whatever the platform does; corrections by red ones; VAT that agrees with the books."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from stdnum.cn import uscc

from accounts.domain.tax_profiles import ConsentWay, TaxData
from accounts.models.customer import Customer
from accounts.models.notice import Notice
from accounts.operations import tax_profiles
from billing.domain.channels import PaymentChannel
from billing.domain.e_invoices import RedReason
from billing.gateways import e_invoice
from billing.gateways.e_invoice import Answer, PlatformUnreachable, Said
from billing.gateways.sandbox_invoices import SandboxInvoices
from billing.models.e_invoice import EInvoice, SandboxInvoice
from billing.operations import bills, e_invoice_cases, e_invoice_sending, e_invoices, payments
from billing.operations.e_invoices import NoInvoiceForBill
from billing.queries import e_invoice_vat
from billing.queries import e_invoices as queries
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.periods import month_of
from tariffs.queries import plans
from tests.factories import accounts as people
from tests.factories import billing, contracts, tariffs

pytestmark = pytest.mark.django_db
BILLER = Actor(ActorKind.STAFF, 7, "biller", frozenset({Role.BILLING}))
SECOND = Actor(ActorKind.STAFF, 8, "second", frozenset({Role.SUPERVISOR}))
MINUTES = timedelta(minutes=1)


@pytest.fixture
def platform():
    people.supplier()
    made = SandboxInvoices()
    before = e_invoice.current()
    e_invoice.use(made)
    yield made
    e_invoice.use(before)


def _world():
    return contracts.world(start_date=_month(-1), source=tariffs.TAXED)


@pytest.fixture
def world():
    return _world()


def _month(step):
    day = month_of(timezone.localdate()).start
    for _ in range(-step):
        day = month_of(day - timedelta(days=1)).start
    return day


def _bill(world, *, kwh=100, back=1):
    start, end = _month(-back), _month(1 - back)
    return billing.issued(world=world, kwh=kwh, start_date=start, end_date=end)


def _pay(world, amount, reference="t1"):
    today = timezone.localdate()
    payments.receive(account_id=world.account.id, amount_minor=amount, channel=PaymentChannel.CASH,
                     reference=reference, received_date=today, today=today, actor=SYSTEM)  # fmt: skip


def _night(after=timedelta()):
    e_invoice_sending.work(timezone.now() + after)


def _rows():
    return [(row.state, row.reverses_id is not None, row.net_minor, row.tax_minor) for row in
            EInvoice.objects.order_by("id")]  # fmt: skip


def test_a_bill_gets_its_invoice_once_it_is_paid_and_once_only(world, platform):
    bill = _bill(world)
    _night()
    assert _rows() == []
    _pay(world, bill.amount_minor)
    for _ in range(3):
        _night()
    assert _rows() == [("issued", False, 5_460, 710)]
    row = EInvoice.objects.get()
    assert len(row.number) == 20
    assert row.number.isdigit()
    assert row.is_specimen
    found = queries.one(invoice_id=row.id)
    assert [(line.name, line.quantity, line.net_minor) for line in found.lines] == [("*供电*电度电费", 100_000, 5_460)]
    assert SandboxInvoice.objects.count() == 1
    assert Notice.objects.filter(event="e_invoice_issued").values_list("key", flat=True)[0] == f"e_invoice:{row.id}"


def test_asked_for_twice_it_is_the_same(world, platform):
    bill = _bill(world)
    given = {"bill_id": bill.id, "today": timezone.localdate(), "actor": BILLER}
    assert e_invoices.request(**given) == e_invoices.request(**given)
    assert EInvoice.objects.count() == 1
    credit = bills.cancel(bill_id=bill.id, reason="wrong", as_of_date=timezone.localdate(), actor=SYSTEM)
    with pytest.raises(NoInvoiceForBill):
        e_invoices.request(bill_id=credit, today=timezone.localdate(), actor=BILLER)


def _ask(world, kwh=100):
    bill = _bill(world, kwh=kwh)
    e_invoices.request(bill_id=bill.id, today=timezone.localdate(), actor=BILLER)
    return bill


def test_an_answer_that_gets_lost_makes_no_second_invoice(world, platform, monkeypatch):
    _ask(world)
    monkeypatch.setattr("billing.gateways.sandbox_invoices.LOST", 70)  # 61.70
    _night()
    assert [row[0] for row in _rows()] == ["asked"]
    assert SandboxInvoice.objects.get().number
    _night(after=6 * MINUTES)
    assert [row[0] for row in _rows()] == ["issued"]
    assert EInvoice.objects.get().number == SandboxInvoice.objects.get().number


def test_a_worker_that_dies_between_asking_and_hearing_leaves_one_invoice(world, platform, monkeypatch):
    _ask(world)

    def killed(*_args, **_kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(e_invoice_sending, "take", killed)
        with pytest.raises(KeyboardInterrupt):
            _night()
    assert [row[0] for row in _rows()] == ["asked"]
    _night()  # too early to be looked up
    assert [row[0] for row in _rows()] == ["asked"]
    _night(after=6 * MINUTES)
    assert [row[0] for row in _rows()] == ["issued"]
    assert SandboxInvoice.objects.count() == 1


def test_what_the_platform_never_heard_of_is_asked_for_again(world, platform):
    _ask(world)
    platform.down = True
    _night()
    assert [row[0] for row in _rows()] == ["asked"]
    platform.down = False
    _night(after=6 * MINUTES)
    assert [row[0] for row in _rows()] == ["issued"]
    assert EInvoice.objects.get().tries == 2


def test_an_answer_twice_counts_once_and_another_number_changes_nothing(world, platform):
    _ask(world)
    _night()
    row = EInvoice.objects.get()
    same = platform.look(row.request_id)
    other = Answer(request_id=row.request_id, said=Said.ISSUED, number="9" * 20, issued_at=timezone.now())
    for answer in (same, other, Answer(request_id=row.request_id, said=Said.REFUSED, code="late")):
        e_invoice_sending.take([answer], is_specimen=True, at=timezone.now())
    again = EInvoice.objects.get()
    assert (again.number, again.state, again.issued_at) == (row.number, "issued", row.issued_at)


@pytest.mark.parametrize("state", ["due", "failed", "dropped", "proposed"])
def test_an_answer_to_what_is_not_asked_for_changes_nothing(world, platform, state):
    """It comes late: somebody dropped the invoice, or asks anew."""
    _ask(world)
    row = EInvoice.objects.get()
    EInvoice.objects.update(state=state)
    for said in ({"said": Said.ISSUED, "number": "9" * 20, "issued_at": timezone.now()}, {"said": Said.REFUSED}):
        e_invoice_sending.take([Answer(request_id=row.request_id, **said)], is_specimen=True, at=timezone.now())
    again = EInvoice.objects.get()
    assert (again.state, again.number, again.fail_code) == (state, None, "")
    assert not Notice.objects.filter(event="e_invoice_issued").exists()


def test_a_refusal_stops_its_own_bill_and_is_mended(world, platform):
    other = _world()
    Customer.objects.filter(id=world.customer.id).update(kind="company", id_number="")
    bill = _ask(world)
    _ask(other, kwh=200)
    _night()
    states = dict(EInvoice.objects.values_list("bill_id", "state"))
    assert states.pop(bill.id) == "failed"
    assert list(states.values()) == ["issued"]
    failed = EInvoice.objects.get(bill_id=bill.id)
    assert failed.fail_code == "buyer_number_missing"
    data = TaxData(
        name="上海示范机械有限公司", tax_number=_uscc("91310000MA1K35XM2"), wants_special=True, consent_by="财务 李梅"
    )
    tax_profiles.save(account_id=world.account.id, data=data, way=ConsentWay.PAPER, from_date=timezone.localdate(),
                      actor=BILLER)  # fmt: skip
    e_invoice_cases.again(invoice_id=failed.id, today=timezone.localdate(), actor=BILLER)
    _night()
    mended = EInvoice.objects.get(id=failed.id)
    assert (mended.state, mended.kind, mended.buyer_name) == ("issued", "special", "上海示范机械有限公司")
    assert mended.request_id.endswith("-2")


def _uscc(first):
    return first + uscc.calc_check_digit(first)


def test_a_full_quota_waits_and_passes_the_next_day(world, platform):
    _ask(world)
    platform.quota_minor = 5_000
    _night()
    assert EInvoice.objects.get().fail_code == "quota"
    platform.quota_minor = 10**9
    _night()
    assert EInvoice.objects.get().state == "failed"
    _night(after=timedelta(days=1, minutes=1))
    assert EInvoice.objects.get().state == "issued"


def test_a_cancelled_bill_is_taken_back_by_a_red_invoice(world, platform):
    bill = _ask(world)
    _night()
    bills.cancel(bill_id=bill.id, reason="meter read twice", as_of_date=timezone.localdate(), actor=SYSTEM)
    _night()
    assert _rows() == [("issued", False, 5_460, 710), ("issued", True, -5_460, -710)]
    red = EInvoice.objects.get(reverses__isnull=False)
    assert (red.red_reason, len(red.confirmation)) == ("error", 20)
    assert SandboxInvoice.objects.get(is_red=True).blue_number == EInvoice.objects.get(reverses=None).number
    _night()
    assert EInvoice.objects.count() == 2


def test_a_bill_cancelled_before_it_was_asked_for_needs_no_invoice(world, platform):
    bill = _ask(world)
    bills.cancel(bill_id=bill.id, reason="meter read twice", as_of_date=timezone.localdate(), actor=SYSTEM)
    _night()
    assert [row[0] for row in _rows()] == ["dropped"]
    assert not SandboxInvoice.objects.exists()


def test_a_part_is_taken_back_by_hand_and_above_the_bound_by_two(world, platform):
    bill = _ask(world, kwh=30_000)
    _night()
    blue = EInvoice.objects.get()
    given = {"invoice_id": blue.id, "reason": RedReason.ALLOWANCE, "text": "outage", "anew": False,
             "today": timezone.localdate(), "actor": BILLER}  # fmt: skip
    small = e_invoice_cases.take_back(amount_minor=1_130, **given)
    large = e_invoice_cases.take_back(amount_minor=None, **given)
    assert EInvoice.objects.get(id=large).state == "proposed"
    with pytest.raises(e_invoice_cases.OwnRed):
        e_invoice_cases.decide(invoice_id=large, is_agreed=True, actor=BILLER)
    e_invoice_cases.decide(invoice_id=large, is_agreed=True, actor=SECOND)
    _night()
    assert EInvoice.objects.get(id=small).net_minor == -1_000
    sums = EInvoice.objects.filter(bill=bill, state="issued").aggregate(net=Sum("net_minor"), tax=Sum("tax_minor"))
    assert sums == {"net": 0, "tax": 0}
    with pytest.raises(e_invoice_cases.NotReversible):
        e_invoice_cases.take_back(amount_minor=None, **given)


def test_an_invoice_to_the_wrong_buyer_is_issued_anew(world, platform):
    _ask(world)
    _night()
    blue = EInvoice.objects.get()
    tax_profiles.save(account_id=world.account.id, data=TaxData(name="王小明"), way=ConsentWay.DESK,
                      from_date=timezone.localdate(), actor=BILLER)  # fmt: skip
    e_invoice_cases.take_back(invoice_id=blue.id, reason=RedReason.ERROR, amount_minor=None, text="name", anew=True,
                              today=timezone.localdate(), actor=BILLER)  # fmt: skip
    _night()
    rows = list(EInvoice.objects.order_by("id"))
    assert [(row.state, row.net_minor) for row in rows] == [("issued", 5_460), ("issued", -5_460), ("issued", 5_460)]
    assert rows[2].buyer_name == "王小明"
    assert rows[1].buyer_name == blue.buyer_name


def test_the_vat_of_a_month_is_explained_to_the_last_unit(world, platform):
    paid, other = _bill(world), _world()
    _bill(other, kwh=50)
    _pay(world, paid.amount_minor)
    _night()
    month = _month(0)
    found = e_invoice_vat.reconcile(month=month)
    assert (found.ledger_minor, found.invoices_minor) == (710 + 355, 710)
    assert [(one.cause, one.bills, one.tax_minor) for one in found.differences] == [("not_wanted", 1, 355)]
    assert found.unexplained_minor == 0
    bills.cancel(bill_id=paid.id, reason="wrong", as_of_date=timezone.localdate(), actor=SYSTEM)
    assert e_invoice_vat.reconcile(month=month).unexplained_minor in {0, -710}
    _night()
    found = e_invoice_vat.reconcile(month=month)
    assert (found.ledger_minor, found.invoices_minor, found.unexplained_minor) == (355, 0, 0)
    assert [(one.rate_e6, one.is_red, one.tax_minor) for one in e_invoice_vat.by_rate(month=month)] == [
        (130_000, False, 710),
        (130_000, True, -710),
    ]


def _paid(count):
    for one in [_world() for _ in range(count)]:
        _pay(one, _bill(one).amount_minor, reference=f"t{one.account.id}")
        plans.compiled(one.version.id)


def test_a_chunk_takes_a_constant_number_of_statements(world, platform):
    _paid(3)
    today = timezone.localdate()
    with CaptureQueriesContext(connection) as few:
        e_invoices.plan_chunk(after=0, today=today)
    _paid(6)
    with CaptureQueriesContext(connection) as many:
        e_invoices.plan_chunk(after=0, today=today)
    assert len(many) == len(few)
    assert EInvoice.objects.count() == 9


def test_a_platform_that_is_down_is_left_alone(world, platform):
    for one in range(5):
        _ask(_world(), kwh=100 + one)
    asked = []

    def silent(order):
        asked.append(order.request_id)
        raise PlatformUnreachable("down")

    platform.issue = silent
    _night()
    assert len(asked) == e_invoice_sending.SILENT_MOST
