"""
A factory with a transformer of its own at 10 kV: it takes what its feeder has left, so the next one is refused the same
kVA; it pays by a two-part tariff with contracted demand and power factor, and a smaller transformer makes it cheaper.
"""

import re
from datetime import date, datetime
from html import unescape

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models.notice import Notice
from billing.models.bill import Bill
from billing.models.run import HeldBill
from billing.operations import nights
from cis.platform import jobs
from contracts.models.agreement import AgreementTerm
from contracts.models.application import ServiceApplication
from contracts.models.change import ChangeSet
from contracts.models.offer import Offer
from contracts.models.supply_contract import SupplyContract
from contracts.operations import change_nights
from metering.models.network import CapacityReservation
from metering.operations import arrivals, uploads
from metering.queries import network
from tests.db.billing.night import prove
from tests.factories import accounts, connection, inspections, metering, tariffs
from tests.factories.connection import SURVEY

pytestmark = pytest.mark.django_db(transaction=True)
TYPED = {
    "kind": "new_point", "applicant_kind": "company", "name": "华东精密机械有限公司", "id_number": "91310115MA1K3XYT14",
    "phone": "13812345678", "language": "zh-hans", "address": "上海市浦东新区川沙路88号", "district": "浦东新区",
    "use_class": "industrial", "voltage": "10kV", "capacity": "630", "agent_scope": "file",
}  # fmt: skip
REGISTERS = ("peak", "flat", "valley", "reactive", "demand")


@pytest.fixture
def clock(monkeypatch, settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    settings.LANGUAGE_CODE = "en"
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)
    with time_machine.travel("2026-03-16T02:00:00Z", tick=False) as traveller:
        accounts.supplier(pack="cn-commercial")
        yield traveller


@pytest.fixture
def house(clock):
    return connection.house()


def words(answer):
    assert answer.status_code == 200, answer
    return " ".join(unescape(answer.content.decode()).split())


def applied(house, **values):
    """An application that came with its papers and is to be surveyed."""
    house.desk.post("/desk/applications/new/", {**TYPED, **values})
    row = ServiceApplication.objects.latest("id")
    page = f"/desk/applications/{row.id}/"
    for kind in ("business_licence", "identity", "premises_right"):
        scan = SimpleUploadedFile("a.pdf", f"%PDF-1.7 {row.id} {kind} %%EOF".encode())
        house.desk.post(f"{page}papers/", {"kind": kind, "file": scan})
    for action in ("confirm_documents", "assign_survey"):
        house.desk.post(f"{page}decide/", {"action": action})
    row.refresh_from_db()
    assert row.state == "surveying"
    return row


def state_of(row):
    row.refresh_from_db()
    return row.state


def month_read(house, on, shown):
    """Bring what the counters show on a day; the night makes bills of it."""
    head = "meter,register,read_at,reading,unit\n"
    units = {"reactive": "kvarh", "demand": "kW"}
    lines = (f"DS0630,{code},{on},{shown[code]},{units.get(code, 'kWh')}\n" for code in REGISTERS)
    file = SimpleUploadedFile(f"{on}.csv", f"{head}{''.join(lines)}".encode())
    assert house.desk.post("/desk/files/upload/", {"file": file})["Location"].startswith("/desk/files/")
    uploads.work(timezone.now())


def night(clock, at):
    clock.move_to(at)
    change_nights.work(timezone.now())
    arrivals.night(timezone.now())
    nights.night(datetime.fromisoformat(at))
    assert list(HeldBill.objects.filter(state="open").values_list("code", "message")) == []


def lines_of(bill):
    found = {}
    for line in bill.lines.exclude(amount_minor=0):
        key = f"{line.code}/{line.period_of_use}" if line.code == "energy" else line.code
        found[key] = line.amount_minor
    return found


def test_a_factory_is_connected_billed_by_two_parts_and_becomes_smaller(house, clock):
    takes_what_the_feeder_has_left(house)
    signs_for_what_was_offered(house, clock)
    is_hung_inspected_and_switched_on(house, clock)
    pays_demand_and_power_factor(house, clock)
    becomes_smaller(house, clock)
    prove()


def takes_what_the_feeder_has_left(house):
    # The feeder carries 800 kVA; 80 % of it may be used: 640. The factory wants 630.
    feeder = metering.feeder(name="East line", capacity_va=800_000)
    first = applied(house)
    survey = house.send("survey")
    house.picture(survey, "photo_building")
    report = {**SURVEY, "item_meter_place": "switch_room", "assets": [f"feeder-{feeder.id}"], "request_key": "s1"}
    assert house.phone.post(f"/desk/field/{survey.id}/survey/", report).status_code == 302
    assert state_of(first) == "surveyed"
    (card,) = network.feeders(at=timezone.localdate())
    assert (card.reserved_va, card.free_va) == (630_000, 10_000)

    # A neighbour wants as much. No supply point has room, and the one that is full cannot be chosen all the same.
    second = applied(house, name="川沙铸造有限公司", id_number="91310115MA1H8ABC4B", address="川沙路90号")
    survey = house.send("survey")
    house.picture(survey, "photo_building")
    page = f"/desk/field/{survey.id}/survey/"
    assert "No supply point at this voltage has room" in words(house.phone.get(page))
    refused = house.phone.post(page, {**report, "request_key": "s2"})
    assert "is not one of the available choices" in words(refused)
    assert (state_of(second), CapacityReservation.objects.count()) == ("surveying", 1)
    given = {**report, "assets": [], "verdict": "not_feasible", "reasons": ["no_capacity"], "request_key": "s3"}
    assert house.phone.post(page, given).status_code == 302
    assert state_of(second) == "documented"


def signs_for_what_was_offered(house, clock):
    tariff = tariffs.from_pack("commercial-contracted-demand", pack="cn-commercial").tariff
    clock.move_to("2026-03-24T02:00:00Z")
    house.sign_in()
    row = ServiceApplication.objects.earliest("id")
    page = f"/desk/applications/{row.id}/offer/"
    form = house.desk.get(page).context["form"]
    given = {name: value for name, value in form.initial.items() if value is not None} | {
        "month_kwh": "160000", "household": "1", "peak_percent": "31", "valley_percent": "31", "peak_kw": "380",
        "contract_kw": "400", "tariffs": [str(tariff.id)], "kind_0": "works", "amount_0": "5450.00",
        "reason_0": "cable", "boundary_zh": "10kV 分界开关", "boundary_en": "the 10 kV switch",
    }  # fmt: skip
    answer = house.desk.post(page, given)
    assert answer.status_code == 302, re.findall(r'class="error".*?</div>', answer.content.decode(), re.DOTALL)
    offer = Offer.objects.get()
    house.desk.post(f"/desk/offers/{offer.id}/act/", {"action": "send"})
    assert state_of(row) == "offered"
    house.desk.post(f"/desk/offers/{offer.id}/act/", {"action": "accept", "tariff": str(tariff.id)})
    contract = SupplyContract.objects.get()
    scan = SimpleUploadedFile("scan.pdf", b"%PDF-1.4 signed and sealed %%EOF")
    house.desk.post(f"/desk/contracts/{contract.id}/sign/", {"signed_by": "华东精密机械有限公司", "scan": scan})
    assert (state_of(row), contract.capacity_va) == ("contracted", 630_000)


def is_hung_inspected_and_switched_on(house, clock):
    row = ServiceApplication.objects.earliest("id")
    house.stock(serial="DS0630", kind="industry_periods", seals=("G001", "G002"))
    hung = house.hang(serial="DS0630", seals="G001", shown=dict.fromkeys(REGISTERS, "0"), multiplier=100)
    assert state_of(row) == "metered"
    # The plan of 10 kV looks at more than that of a home.
    look = house.send("inspection")
    assert look.checklist == "inspection-high"
    house.picture(look, "photo_room")
    given = {f"item_{code}": value for code, value in inspections.answers("inspection-high").items()}
    given |= {"outcome": "passed", "note": "", "request_key": "look"}
    assert house.phone.post(f"/desk/field/{look.id}/", given).status_code == 302
    # April begins; the page knows 630 kVA from the contract and 400 kW from the offer.
    clock.move_to("2026-04-01T02:00:00Z")
    house.sign_in()
    answer = house.energize(hung)
    assert answer.status_code == 302, re.findall(r'class="error".*?</div>', answer.content.decode(), re.DOTALL)
    connection.obey()
    assert state_of(row) == "energized"
    term = AgreementTerm.objects.get()
    assert (term.capacity_va, term.contract_w, term.agreement.period.lower) == (630_000, 400_000, date(2026, 4, 1))
    (card,) = network.feeders(at=timezone.localdate())
    assert (card.connected_va, card.reserved_va) == (630_000, 0)


def pays_demand_and_power_factor(house, clock):
    # The counters behind transformers of 100 : 1 show 500, 600, 500 kWh, 900 kvarh and 3.80 kW.
    clock.move_to("2026-05-01T06:00:00Z")
    house.sign_in()
    shown = {"peak": "500", "flat": "600", "valley": "500", "reactive": "900", "demand": "3.8"}
    month_read(house, "2026-05-01", shown)
    night(clock, "2026-05-01T18:00:00+00:00")
    bill = Bill.objects.get()
    # Energy floats on purchase 0.40 and transmission 0.15: 50,000 x 0.55 x 1.7 = 46,750.00; 60,000 x 0.55 = 33,000.00;
    # 50,000 x 0.55 x 0.38 = 10,450.00. Losses 160,000 x 0.40 x 0.035 / 0.965 = 2,321.24. System 160,000 x 0.03 = 4,800.00.
    # Demand: 380 kW stay below the 400 contracted, which count: 400 x 40 = 16,000.00. 160,000 kWh / 630 kVA are 253.97,
    # less than 260: nothing off. Together 113,321.24.
    # cos phi = 160,000 / sqrt(160,000^2 + 90,000^2) = 0.8716, so 0.87 of 0.90: 3 x 0.5 % more, 1,699.82.
    # Funds: 2 + 0.196875 + 0.62 + 1.9 fen: 3,200.00 + 315.00 + 992.00 + 3,040.00 = 7,547.00.
    assert lines_of(bill) | {"vat": 0} == {
        "energy/peak": 4_675_000, "energy/flat": 3_300_000, "energy/valley": 1_045_000, "line-loss": 232_124,
        "system": 480_000, "demand": 1_600_000, "power-factor": 169_982, "rural-grid": 320_000,
        "water-works": 31_500, "resettlement": 99_200, "renewable": 304_000, "vat": 0,
    }  # fmt: skip
    # 122,568.06 for energy with 13 % in it, 14,100.75; 5,450.00 for the cable with 9 % in it, 450.00.
    assert (bill.amount_minor, bill.tax_minor) == (12_256_806 + 545_000, 1_410_075 + 45_000)
    assert Notice.objects.filter(event="welcome").values("key").distinct().count() == 1


def becomes_smaller(house, clock):
    # In May it asks for a transformer of 500 kVA from June on. Whoever waits for room on the feeder has it then.
    clock.move_to("2026-05-18T02:00:00Z")
    house.sign_in()
    term = AgreementTerm.objects.get()
    form = f"/desk/customers/{term.agreement.account_id}/changes/capacity_reduction/?supply={term.agreement_id}"
    typed = {"request_key": "c", "asked_date": "2026-05-18", "effective_date": "2026-06-01", "capacity_kva": "500"}
    house.desk.post(form, {**typed, "enter": "1"})
    change = ChangeSet.objects.get()
    said = words(house.desk.post(f"/desk/changes/{change.id}/decide/", {"action": "confirm"}, follow=True))
    change.refresh_from_db()
    assert change.state == "confirmed", said
    clock.move_to("2026-06-01T06:00:00Z")
    house.sign_in()
    shown = {"peak": "1000", "flat": "1200", "valley": "1000", "reactive": "1800", "demand": "3.8"}
    month_read(house, "2026-06-01", shown)
    night(clock, "2026-06-01T18:00:00+00:00")
    clock.move_to("2026-07-01T06:00:00Z")
    house.sign_in()
    shown = {"peak": "1500", "flat": "1800", "valley": "1500", "reactive": "2700", "demand": "3.8"}
    month_read(house, "2026-07-01", shown)
    night(clock, "2026-07-01T18:00:00+00:00")
    may, june = Bill.objects.order_by("start_date")[1:]
    # May is April without the cable. In June 160,000 kWh / 500 kVA are 320, above 260: demand costs 0.9 of 16,000.00.
    # The base of the power factor falls to 111,721.24, so 1,675.82 more; with the funds 120,944.06.
    assert may.amount_minor == 12_256_806
    assert (lines_of(june)["demand"], lines_of(june)["power-factor"]) == (1_440_000, 167_582)
    assert june.amount_minor == 12_094_406
    (card,) = network.feeders(at=timezone.localdate())
    assert card.free_va == 140_000
