"""Customers on the desk: the list, a new one whole, edits that meet, contacts, terms."""

import pytest

from accounts.models.account import Account
from accounts.models.customer import Customer
from billing.models.bill import Bill
from billing.models.run import BillCycle
from billing.operations import runs
from cis.kernel.actors import SYSTEM
from cis.kernel.periods import Period
from contracts.models.agreement import AgreementTerm, ServiceAgreement
from metering.models.place import ServicePoint
from metering.models.read import RegisterRead
from metering.operations import reads, usage
from tests.doors.desk.conftest import TODAY, make_billed
from tests.factories import contracts, metering, tariffs

pytestmark = pytest.mark.django_db
NEW = {
    "name": "欧阳小明",
    "kind": "resident",
    "id_number": "",
    "language": "zh-hans",
    "phone": "13812345678",
    "email": "",
    "postal_address": "",
    "note": "",
    "opened_date": "2026-02-01",
    "wants_supply": "yes",
    "where": "new",
    "service_point": "",
    "address": "上海市静安区北京西路1号",
    "district": "静安区",
    "postcode": "200040",
    "voltage": "220V",
    "capacity_kw": "8",
    "serial": "SN-77",
    "model": "",
    "registers": "total",
    "multiplier": "1",
    "reading": "12.5",
    "household": "3",
    "start_date": "2026-02-01",
}


CAPACITY = tariffs.FLAT.replace('"flat"', '"asking"').replace(
    "[[vector]]",
    """[labels.capacity]
zh = "容量"
en = "Capacity"
[[component]]
kind = "capacity"
code = "capacity"
unit = "yuan/kVA"
price = "30"
proration = "thirtieths"
not_for = ["relief"]
[[vector]]
inputs = { capacity_kva = "0" }""",
)


@pytest.fixture
def tariff(supplier):
    BillCycle.objects.create(code="01", name_zh="一段", name_en="One")
    return tariffs.version(of=tariffs.tariff(code="flat")).tariff


def _new(tariff, /, **values):
    return {**NEW, "tariff": str(tariff.id), "cycle": "01", **values}


def test_a_new_customer_can_be_billed_the_whole_way(desk, tariff):
    answer = desk.post("/desk/customers/new/", _new(tariff), follow=True)
    assert "is open" in answer.content.decode()
    account = Account.objects.get()
    assert answer.redirect_chain == [(f"/desk/customers/{account.id}/", 302)]
    assert RegisterRead.objects.get().reading_wh == 12_500
    reads.enter(serial="SN-77", read_date=TODAY.replace(day=1), reading_wh=112_500, actor=SYSTEM, today=TODAY)
    period = Period(TODAY.replace(month=2, day=1), TODAY.replace(day=1))
    usage.approve(start_date=period.start, end_date=period.end)
    run_id = runs.open(period=period, as_of_date=TODAY, cycle_id=BillCycle.objects.get().id, actor=SYSTEM)
    while runs.rate_chunk(run_id=run_id):
        pass
    assert Bill.objects.get(account=account).amount_minor == 6_170


def test_what_one_step_refuses_leaves_nothing_behind(desk, tariff):
    metering.installation(of=metering.meter(serial="SN-77"))
    places = ServicePoint.objects.count()
    page = desk.post("/desk/customers/new/", _new(tariff)).content.decode()
    assert "There is a meter SN-77 already" in page
    assert 'value="欧阳小明"' in page
    assert (Customer.objects.count(), Account.objects.count()) == (0, 0)
    assert ServicePoint.objects.count() == places


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"name": ""}, "required"),
        ({"phone": "12"}, "is no telephone number"),
        ({"id_number": "310101199001011235"}, "does not fit"),
        ({"address": ""}, "required"),
        ({"reading": ""}, "required"),
        ({"reading": "1e5"}, "is not a number"),
        ({"tariff": ""}, "required"),
        ({"start_date": "2019-01-01"}, "not open"),
        ({"where": "known", "service_point": "nowhere"}, "no service point nowhere"),
    ],
)
def test_wrong_fields_are_answered_and_nothing_is_written(desk, tariff, wrong, text):
    page = desk.post("/desk/customers/new/", _new(tariff, **wrong)).content.decode()
    assert text in page
    assert Customer.objects.count() == 0


def test_a_customer_may_be_taken_on_without_a_supply(desk, tariff):
    given = {name: NEW[name] for name in ("name", "kind", "language", "opened_date")}
    page = desk.post("/desk/customers/new/", {**given, "wants_supply": "no"}, follow=True).content.decode()
    assert "No supply yet" in page


def test_a_supply_begins_where_a_meter_hangs(desk, tariff, billed):
    free = contracts.service_point()
    metering.installation(of=metering.meter(serial="HANGS"), at=free)
    url = f"/desk/customers/{billed.account.id}/supply/"
    given = {
        "where": "known",
        "service_point": free.external_id,
        "serial": "",
        "start_date": "2026-03-01",
        "household": "1",
    }
    page = desk.post(url, {**given, "tariff": str(tariff.id), "cycle": ""}, follow=True).content.decode()
    assert "HANGS" in page
    assert ServiceAgreement.objects.filter(account=billed.account).count() == 2


class TestEdits:
    def _form(self, billed, **values):
        version = Customer.objects.get(id=billed.customer.id).version
        return {
            "name": "张三丰", "kind": "resident", "language": "zh-hans", "note": "", "version": version, **values,
        }  # fmt: skip

    def test_an_edit_is_kept_and_told(self, desk, billed):
        url = f"/desk/customers/{billed.account.id}/holder/{billed.customer.id}/"
        page = desk.post(url, self._form(billed, note="rings twice"), follow=True).content.decode()
        assert "rings twice" in page
        assert "Customer edited" in page

    def test_two_edits_at_once_lose_nothing(self, desk, billed):
        url = f"/desk/customers/{billed.account.id}/holder/{billed.customer.id}/"
        mine, theirs = self._form(billed, note="mine"), self._form(billed, note="theirs")
        desk.post(url, theirs)
        page = desk.post(url, mine).content.decode()
        assert "Somebody else saved this customer meanwhile" in page
        assert "theirs" in page
        assert ">\nmine</textarea>" in page.replace("\r", "")
        assert Customer.objects.get(id=billed.customer.id).note == "theirs"
        desk.post(url, self._form(billed, note="mine"))
        assert Customer.objects.get(id=billed.customer.id).note == "mine"

    def test_contacts_are_added_preferred_and_removed(self, desk, billed):
        url = f"/desk/customers/{billed.account.id}/holder/{billed.customer.id}/contacts/"
        desk.post(url, {"do": "add", "kind": "email", "value": "a@example.com"})
        point = billed.customer.contact_points.get(kind="email")
        assert point.is_preferred
        page = desk.post(url, {"do": "add", "kind": "email", "value": "nonsense"}).content.decode()
        assert "is no e-mail address" in page
        desk.post(url, {"do": "remove", "contact": point.id})
        assert not billed.customer.contact_points.filter(kind="email").exists()

    def test_a_tariff_changes_from_a_date_on(self, desk, tariff, billed):
        url = f"/desk/customers/{billed.account.id}/supply/{billed.agreement.id}/"
        page = desk.post(
            url, {"tariff": tariff.id, "household": 5, "from_date": "2026-03-01"}, follow=True
        ).content.decode()
        assert "The change is entered" in page
        assert AgreementTerm.objects.filter(agreement=billed.agreement, tariff=tariff, household=5).count() == 1

    def test_a_tariff_that_asks_for_a_capacity_is_agreed_with_it_or_not_at_all(self, desk, billed):
        asking = tariffs.version(source=CAPACITY).tariff
        url = f"/desk/customers/{billed.account.id}/supply/{billed.agreement.id}/"
        given = {"tariff": asking.id, "household": 1, "from_date": "2026-03-01"}
        page = desk.get(url).content.decode()
        assert "What tariffs ask for" in page
        assert "<code>relief</code>" in page
        page = desk.post(url, given, follow=True).content.decode()
        assert "The tariff asks for a capacity." in page
        assert not AgreementTerm.objects.filter(tariff=asking).exists()
        facts = {
            "capacity_kva": "800.5",
            "suspended_kva": "300",
            "contract_kw": "600",
            "features": "relief",
            "green_blocks": "2",
        }
        page = desk.post(url, {**given, **facts}, follow=True).content.decode()
        assert "The change is entered" in page
        term = AgreementTerm.objects.get(tariff=asking)
        assert (term.capacity_va, term.contract_w, term.features, term.green_blocks) == (
            800_500,
            600_000,
            ["relief"],
            2,
        )
        page = desk.get(url).content.decode()
        assert "800.5" in page
        assert term.suspended_va == 300_000
        text = b"".join(desk.get(f"{url}terms.csv").streaming_content).decode("utf-8-sig")
        assert "800500,300000,600000,2,relief" in text

    def test_an_agreement_of_somebody_else_is_not_found(self, desk, billed):
        other = make_billed(name="别人")
        url = f"/desk/customers/{billed.account.id}/supply/{other.agreement.id}/"
        assert desk.get(url).status_code == 404
        assert desk.get(f"{url}end/").status_code == 404


class TestList:
    @pytest.mark.parametrize(
        ("query", "found"),
        [("", True), ("text=三丰", True), ("text=无此人", False), ("kind=company", False), ("state=open", True)],
    )
    def test_filters_choose(self, desk, billed, query, found):
        assert (billed.account.number in desk.get(f"/desk/customers/?{query}").content.decode()) is found

    def test_the_file_holds_what_the_filters_choose(self, desk, billed):
        make_billed(name="李四光")
        text = b"".join(desk.get("/desk/customers.csv?text=四光").streaming_content).decode("utf-8-sig")
        assert "李四光" in text
        assert "张三丰" not in text
