"""Pages of meters: store, one meter, seals, commands, energizing, and the phone page of meter work."""

from datetime import date
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from billing.models.energizing import CycleRule, Energizing
from billing.models.run import BillCycle
from cis.kernel.enums import Role
from cis.platform import jobs
from metering.domain.meter_store import COLUMNS
from metering.models.command import DeviceCommand
from metering.models.device import Installation, Meter
from metering.models.store import ReadPhoto, Seal
from metering.models.work import WorkOrder
from tests.doors.desk.conftest import TODAY, sign_in
from tests.factories import accounts, deposits, metering, tariffs, work

pytestmark = pytest.mark.django_db
UNTIL = date(2030, 1, 1)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch, supplier):
    monkeypatch.setattr(jobs, "send", lambda *_, **__: None)


def text(answer):
    return answer.content.decode()


def lines(answer):
    return b"".join(answer.streaming_content).decode().splitlines()


def on_van(crew, serial="N1", **values):
    return metering.meter(serial=serial, state="on_van", crew=crew, certified_until=UNTIL, **values)


def started(crew, kind="meter_install", **values):
    point = values.pop("point", None) or metering.service_point()
    return work.order(
        crew=crew, at=point.premises, on=TODAY, kind=kind, service_point=point, state="started",
        started_at=timezone.now(), **values,
    )  # fmt: skip


def test_a_delivery_is_taken_in_listed_and_given_to_a_crew(desk):
    crew = work.crew()
    row = "A7,DDZY,total,JD1,2026-01-01,2034-01-01"
    file = SimpleUploadedFile("march.csv", f"{','.join(COLUMNS)}\n{row}\n".encode())
    desk.post("/desk/meters/move/", {"deliver": "1", "file": file})
    page = text(desk.get("/desk/meters/?state=in_store"))
    assert "A7" in page
    assert "1 meter" in page
    desk.post("/desk/meters/move/", {"issue": "1", "serials": "A7", "crew": str(crew.id)})
    assert Meter.objects.get(serial="A7").crew == crew
    page = text(desk.post("/desk/meters/move/", {"issue": "1", "serials": "A7 B9", "crew": "0"}))
    assert 'id="id_serials_error"' in page
    assert lines(desk.get("/desk/meters.csv?state=on_van"))[1].startswith("A7,DDZY,on_van,")
    assert "No meter fits" in text(desk.get("/desk/meters/?text=ZZZ"))
    wrong = SimpleUploadedFile("x.csv", f"{','.join(COLUMNS)}\nA7,m,total,C,2026-01-01,2034-01-01".encode())
    assert "A7" in text(desk.post("/desk/meters/move/", {"deliver": "1", "file": wrong}))


def test_one_meter_shows_its_life_and_takes_commands(desk, billed):
    meter = billed.register.meter
    Seal.objects.create(number="S5", state="set", meter=meter, set_at=timezone.now())
    page = text(desk.get(f"/desk/meters/{meter.id}/"))
    for shown in (meter.serial, "S5", "Seal put on", billed.agreement.service_point.external_id):
        assert shown in page
    desk.post(f"/desk/meters/{meter.id}/act/", {"command": "switch_off"})
    command = DeviceCommand.objects.get()
    assert (command.command, command.state) == ("switch_off", "queued")
    assert "Cut the supply off" in text(desk.get("/desk/meter-commands/?state=under_way"))
    assert lines(desk.get("/desk/meter-commands.csv"))[1].split(",")[1] == meter.serial
    desk.post(f"/desk/meter-commands/{command.id}/cancel/", {"reason": "paid"})
    command.refresh_from_db()
    assert command.state == "cancelled"
    assert desk.get("/desk/meters/999999/").status_code == 404
    assert desk.get(f"/desk/meters/{meter.id}/photos/1/").status_code == 404


def test_the_demand_of_a_meter_is_limited_and_the_limit_lifted(desk, billed):
    meter = billed.register.meter
    place = f"/desk/meters/{meter.id}/"
    told = desk.post(f"{place}act/", {"command": "demand_limit", "limit_kw": "0"}, follow=True)
    assert "more than zero" in text(told)
    assert not DeviceCommand.objects.exists()
    desk.post(f"{place}act/", {"command": "demand_limit", "limit_kw": "3.5"})
    assert DeviceCommand.objects.get().value_w == 3_500
    assert "3.5 kW" in text(desk.get("/desk/meter-commands/"))
    Meter.objects.update(demand_limit_w=3_500, clock_drift_s=-42)
    assert [said in text(desk.get(place)) for said in ("Lift the limit", "Clock ahead (s)", "-42")] == [True] * 3
    desk.post(f"{place}act/", {"command": "demand_limit", "lift": "1"})
    assert DeviceCommand.objects.latest("id").value_w is None


def test_a_meter_is_tested_anew_and_scrapped(desk):
    meter = metering.meter(state="retired")
    given = {"certificate": "JD2", "certified_date": "2026-03-01", "certified_until": "2025-03-01", "take_in": "1"}
    assert "id_certified_until_error" in text(desk.post(f"/desk/meters/{meter.id}/", given))
    desk.post(f"/desk/meters/{meter.id}/", {**given, "certified_until": "2032-03-01"})
    meter.refresh_from_db()
    assert (meter.state, meter.certificate) == ("in_store", "JD2")
    desk.post(f"/desk/meters/{meter.id}/act/", {"action": "scrap", "reason": ""})
    desk.post(f"/desk/meters/{meter.id}/act/", {"action": "scrap", "reason": "burnt"})
    meter.refresh_from_db()
    assert meter.state == "scrapped"


def test_seals_are_received_given_out_broken_and_listed(desk):
    crew = work.crew()
    move = "/desk/seals/move/"
    desk.post(move, {"first_number": "F001", "last_number": "F003", "goes": "new", "move": "1"})
    desk.post(move, {"first_number": "F001", "last_number": "F002", "goes": str(crew.id), "move": "1"})
    assert 'id="id_first_number_error"' in text(
        desk.post(move, {"first_number": "F002", "last_number": "F003", "goes": str(crew.id), "move": "1"})
    )
    desk.post(move, {"number": "F003", "reason": "gone", "end": "lost"})
    assert [line.split(",")[:2] for line in lines(desk.get("/desk/seals.csv"))[1:]] == [
        ["F001", "given_out"], ["F002", "given_out"], ["F003", "lost"],
    ]  # fmt: skip
    assert "F003" in text(desk.get("/desk/seals/?state=lost"))


def test_a_crew_hangs_a_meter_up_on_the_phone(client, desk):
    crew = work.crew()
    meter = on_van(crew, registers=("peak", "valley"))
    Seal.objects.create(number="S1", state="given_out", crew=crew)
    row = started(crew)
    user = crew.members.get().user
    client.force_login(user)
    page = f"/desk/field/{row.id}/meter/"
    assert f'value="{meter.serial}"' in text(client.get(page))
    assert "There is no such meter" in text(client.get(f"{page}?serial=none"))
    shown = text(client.get(f"{page}?serial=N1"))
    assert 'name="new_peak"' in shown
    assert 'name="new_valley"' in shown
    given = {
        "new_serial": "N1", "new_peak": "1.5", "new_valley": "2", "multiplier": "20", "seals": "s1", "note": "",
        "request_key": "abc",
    }  # fmt: skip
    assert "Photo" in text(client.post(page, given)) or "photo" in text(client.post(page, given))
    for code in ("peak", "valley"):
        client.post(f"/desk/field/{row.id}/photos/new_{code}/", {f"photo_new_{code}": picture()})
    assert client.post(page, given).status_code == 302
    installation = Installation.objects.get()
    assert (installation.meter, installation.multiplier, installation.period.lower) == (meter, 20, TODAY)
    assert ReadPhoto.objects.count() == 2
    sign_in(client, Role.METERING)
    shown = text(client.get(f"/desk/meters/{meter.id}/"))
    assert "/photos/" in shown
    photo = ReadPhoto.objects.first()
    assert client.get(f"/desk/meters/{meter.id}/photos/{photo.document_id}/")["Content-Type"] == "image/jpeg"


def picture():
    found = work.photo()
    return SimpleUploadedFile("a.jpg", found.read() if isinstance(found, BytesIO) else b"", content_type="image/jpeg")


def test_the_phone_page_is_of_the_crew_and_of_meter_work_only(client):
    crew, other = work.crew(), work.crew()
    row = started(crew)
    client.force_login(other.members.get().user)
    assert client.get(f"/desk/field/{row.id}/meter/").status_code == 404
    client.force_login(crew.members.get().user)
    assert client.get(f"/desk/field/{started(crew, kind='re_read').id}/meter/").status_code == 404


def test_an_old_meter_is_shown_with_its_registers_when_it_is_exchanged(client, billed):
    crew = work.crew()
    row = started(crew, kind="meter_exchange", point=billed.agreement.service_point)
    client.force_login(crew.members.get().user)
    on_van(crew)
    page = text(client.get(f"/desk/field/{row.id}/meter/?serial=N1"))
    assert 'name="old_total"' in page
    assert 'name="new_total"' in page
    assert billed.register.meter.serial in page


def test_a_supply_is_energized_from_its_work_order(desk):
    BillCycle.objects.create(code="C1", name_zh="一", name_en="One")
    account, tariff = accounts.account(), tariffs.version(source=tariffs.FLAT).tariff
    point = metering.service_point()
    metering.metered(at=point, start_date=TODAY)
    done = {"state": "done", "done_at": timezone.now(), "subject": "case", "subject_id": 4}
    row = work.order(kind="meter_install", service_point=point, outcome="done", **done)
    assert f"/desk/energizing/new/{row.id}/" in text(desk.get(f"/desk/work/{row.id}/"))
    page = f"/desk/energizing/new/{row.id}/"
    assert point.external_id in text(desk.get(page))
    given = {
        "service_point": point.external_id, "account": account.number, "tariff": str(tariff.id), "household": "2",
        "use_class": "", "cycle": "", "by_hand": "",
    }  # fmt: skip
    assert "inspection" in text(desk.post(page, given))
    desk.post(f"{page}inspect/")
    assert WorkOrder.objects.get(kind="inspection").subject_id == 4
    WorkOrder.objects.filter(kind="inspection").update(state="done", outcome="passed", done_at=timezone.now())
    assert 'id="id_cycle_error"' in text(desk.post(page, given))
    desk.post("/desk/runs/cycles/rules/", {"district": "", "use_class": "", "cycle_code": "C1"})
    assert "C1" in text(desk.get("/desk/runs/cycles/"))
    assert desk.post(page, given).status_code == 302
    made = Energizing.objects.get()
    assert (made.state, made.cycle_code) == ("switching", "C1")
    assert account.number in text(desk.get("/desk/energizing/?state=open"))
    assert lines(desk.get("/desk/energizing.csv"))[1].split(",")[1] == account.number
    Energizing.objects.update(state="failed", code="switch_refused", message="The meter refused: load above the limit")
    assert "load above the limit" in text(desk.get("/desk/energizing/"))
    assert "Try again" in text(desk.get("/desk/energizing/"))
    desk.post(f"/desk/energizing/{made.id}/act/", {"action": "by_hand", "note": "Crew 3"})
    made.refresh_from_db()
    assert (made.state, made.note, made.on_date) == ("started", "Crew 3", TODAY)
    rule = CycleRule.objects.get()
    desk.post("/desk/runs/cycles/rules/", {"drop": str(rule.id)})
    assert not CycleRule.objects.exists()


def test_a_supply_waits_for_its_deposit_and_says_so_with_a_link(desk):
    BillCycle.objects.create(code="C1", name_zh="一", name_en="One")
    account, tariff = accounts.account(), tariffs.version(source=tariffs.FLAT).tariff
    point = metering.service_point()
    metering.metered(at=point, start_date=TODAY)
    done = {"state": "done", "done_at": timezone.now(), "subject": "case", "subject_id": 4}
    row = work.order(kind="meter_install", service_point=point, outcome="done", **done)
    work.order(kind="inspection", outcome="passed", **done)
    deposit_id = deposits.demanded(account.id, on=TODAY, cause="temporary_supply")
    page, link = f"/desk/energizing/new/{row.id}/", f"/desk/refunds/deposits/{deposit_id}/"
    given = {
        "service_point": point.external_id, "account": account.number, "tariff": str(tariff.id), "household": "2",
        "use_class": "", "cycle": "C1", "by_hand": "",
    }  # fmt: skip
    bad = desk.post(page, {**given, "household": "0"})
    assert link in text(bad)
    assert "switched on by itself once it is" in text(desk.post(page, given, follow=True))
    assert link in text(desk.get("/desk/energizing/"))
    assert "No current is switched on at this account before it is paid" in text(desk.get(link))
    asked = {"kind": "supply", "amount": "", "reason": "building site of the city", "request_key": "r1"}
    desk.post(f"{link}ask/", asked)  # 2,000.00 is within the limit of a supervisor
    assert Energizing.objects.get().state == "switching"
    assert "No current is switched on" not in text(desk.get(link))


@pytest.mark.parametrize("role", [Role.CLERK, Role.CASHIER, Role.BILLING, Role.FIELD, Role.AUDITOR])
def test_others_look_and_change_nothing(client, billed, role):
    sign_in(client, role)
    meter = billed.register.meter
    for page in (
        "/desk/meters/",
        f"/desk/meters/{meter.id}/",
        "/desk/seals/",
        "/desk/meter-commands/",
        "/desk/energizing/",
    ):
        assert client.get(page).status_code == 200
    for page in ("/desk/meters/move/", "/desk/seals/move/", f"/desk/meters/{meter.id}/act/"):
        assert client.post(page, {"command": "switch_off"}).status_code == 403
    assert not DeviceCommand.objects.exists()


def test_pages_take_the_same_number_of_statements_whatever_is_listed(desk, django_assert_max_num_queries):
    crew = work.crew()
    for number in range(30):
        on_van(crew, serial=f"N{number:02d}")
    with django_assert_max_num_queries(14):
        desk.get("/desk/meters/")
