"""The endpoints on offers, meters, commands, work, energizing, charges and signatures: who may, what is not there."""

import hashlib
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models.account import Account
from billing.models.charge import BillCharge
from cis.kernel.enums import Role
from contracts.models.charge import OneOffCharge
from metering.models.command import DeviceCommand
from metering.models.device import Installation, Meter
from metering.models.work import WorkOrder
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import accounts, contracts, inspections, metering, papers_signed, work

pytestmark = pytest.mark.django_db(transaction=True)
SHA = "0" * 64
PLACES = (
    ("GET", "offers", "offers:read", None),
    ("GET", "offers/9", "offers:read", "unknown_offer"),
    ("GET", "offers/9/pdf", "offers:read", "unknown_offer"),
    ("POST", "offers", "offers:write", None),
    ("POST", "offers/9/send", "offers:write", "unknown_offer"),
    ("POST", "offers/9/accept", "offers:write", "unknown_offer"),
    ("POST", "offers/9/decline", "offers:write", "unknown_offer"),
    ("POST", "offers/9/withdraw", "offers:write", "unknown_offer"),
    ("POST", "contracts/999/signature", "contracts:write", None),
    ("GET", f"contracts/999/verification?sha256={SHA}", "contracts:read", "unknown_contract"),
    ("GET", "charges", "charges:read", None),
    ("GET", "charges/9", "charges:read", "unknown_charge"),
    ("POST", "charges", "charges:write", "unknown_account"),
    ("POST", "charges/9/reverse", "charges:write", "unknown_charge"),
    ("GET", "deposits", "deposits:read", None),
    ("GET", "deposits/9", "deposits:read", "unknown_deposit"),
    ("POST", "deposits", "deposits:write", "unknown_account"),
    ("POST", "deposits/9/return", "deposits:write", "unknown_deposit"),
    ("GET", "crews", "work:read", None),
    ("GET", "work-orders/9/slots", "work:read", "unknown_work_order"),
    ("GET", "work-orders/9/checklist", "work:read", "unknown_work_order"),
    ("POST", "work-orders/9/assign", "work:write", None),
    ("POST", "work-orders/9/appointment", "work:write", "unknown_work_order"),
    ("POST", "work-orders/9/start", "work:write", "unknown_work_order"),
    ("POST", "work-orders/9/survey", "work:write", "unknown_work_order"),
    ("POST", "work-orders/9/finish", "work:write", "unknown_work_order"),
    ("POST", "work-orders/9/fail", "work:write", "unknown_work_order"),
    ("POST", "work-orders/9/cancel", "work:write", "unknown_work_order"),
    ("POST", "work-orders/9/photos", "work:write", None),
    ("GET", "meters", "meters:read", None),
    ("GET", "meters/NONE", "meters:read", "unknown_meter"),
    ("POST", "meters/NONE/install", "meters:write", "unknown_meter"),
    ("POST", "meters/NONE/exchange", "meters:write", "unknown_meter"),
    ("POST", "meters/NONE/remove", "meters:write", "unknown_meter"),
    ("POST", "meter-deliveries", "meters:write", None),
    ("POST", "seals", "meters:write", None),
    ("GET", "usage-exceptions", "exceptions:read", None),
    ("GET", "usage-exceptions/9", "exceptions:read", "unknown_exception"),
    ("POST", "usage-exceptions/9/accept", "exceptions:write", None),
    ("POST", "usage-exceptions/9/edit", "exceptions:write", "unknown_exception"),
    ("POST", "usage-exceptions/9/estimate", "exceptions:write", "unknown_exception"),
    ("POST", "usage-exceptions/9/visit", "exceptions:write", "unknown_exception"),
    ("GET", "commands", "commands:read", None),
    ("GET", "commands/9", "commands:read", "unknown_command"),
    ("POST", "commands", "commands:write", "unknown_meter"),
    ("POST", "commands/9/cancel", "commands:write", "unknown_command"),
    ("GET", "energizings", "energizing:read", None),
    ("GET", "energizings/9", "energizing:read", "unknown_energizing"),
    ("POST", "energizings", "energizing:write", "unknown_application"),
    ("POST", "energizings/9/moves", "energizing:write", "unknown_energizing"),
    (
        "GET",
        "service-points/NONE/intervals?from_date=2026-07-01&until_date=2026-07-02",
        "values:read",
        "unknown_service_point",
    ),
    ("GET", "service-points/NONE/behaviour", "values:read", "unknown_service_point"),
    ("GET", "service-points/NONE/usage", "values:read", "unknown_service_point"),
    ("GET", "inspections", "inspections:read", None),
    ("GET", "inspections/9", "inspections:read", "unknown_inspection"),
    ("GET", "usage-inspections", "usage-inspections:read", None),
    ("GET", "usage-inspections/9", "usage-inspections:read", "unknown_usage_inspection"),
    ("POST", "usage-inspections", "usage-inspections:write", None),
    ("GET", "defects", "inspections:read", None),
    ("POST", "changes/9/withdraw", "changes:write", "unknown_change"),
    ("POST", "changes/preview", "changes:write", None),
)
TODAY = "2026-11-28"
BODIES = {
    "accept": {"tariff": "X"},
    "charges": {"account": "999", "kind": "works", "amount_minor": 100, "reason": "cable"},
    "reverse": {"reason": "wrong"},
    "deposits": {"account": "999", "cause": "temporary_supply"},
    "return": {"reason": "moves"},
    "appointment": {"slot": 1},
    "survey": {"verdict": "feasible"},
    "finish": {"outcome": "done"},
    "fail": {"hindrance": "weather"},
    "cancel": {"reason": "not needed"},
    "decide": {"decision": "agree"},
    "install": {"service_point": "SP", "from_date": TODAY},
    "exchange": {"new_meter": "NEW", "on_date": TODAY},
    "remove": {"on_date": TODAY},
    "commands": {"meter": "NONE", "command": "read_now"},
    "energizings": {"application": "A999", "service_point": "SP"},
    "moves": {"action": "retry"},
    "edit": {"reading_kwh": "1", "reason": "card"},
    "estimate": {"reason": "lost"},
}


@pytest.fixture(autouse=True)
def world(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path
    accounts.supplier()
    return contracts.world()


def ask(caller, method, path):
    body = BODIES.get(path.rsplit("/", 1)[-1], {})
    return caller.get(path) if method == "GET" else caller.post(path, body, idempotency_key="a")


@pytest.mark.parametrize(("method", "path", "scope", "code"), PLACES, ids=str)
def test_a_key_needs_the_scope_and_what_is_not_there_is_told(world, method, path, scope, code):
    assert_problem(ask(Caller("bills:read"), method, path), 403, "permission_denied")
    assert ask(Caller(), method, path).status_code == 401
    reply = ask(Caller(scope), method, path)
    assert reply.status_code != 403
    if code:
        assert_problem(reply, 404, code)


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [("GET", "consolidations/{}", "consolidated:read"), ("GET", "deposits/{}", "deposits:read"),
     ("POST", "refunds/{}/decide", "refunds:decide")],
)  # fmt: skip
def test_an_id_that_no_row_can_have_is_not_there(world, method, path, scope):
    huge = path.format(2**63)
    assert_problem(ask(Caller("bills:read"), method, huge), 403, "permission_denied")
    assert_problem(ask(Caller(scope), method, huge), 404, "not_found")


def send(caller, path, **fields):
    files = {name: SimpleUploadedFile("a.pdf", one) if isinstance(one, bytes) else one for name, one in fields.items()}
    return Client(raise_request_exception=False).post(f"/api/v1/{path}", files, headers=caller.headers)


class TestOffers:
    BODY = {
        "address": "幸福路 1 号", "use_class": "residential", "voltage": "220V", "supply_mode": "low_single_phase",
        "metering_side": "low_low", "boundary_zh": "出线端", "boundary_en": "terminals", "use": {"month_wh": 200_000},
        "fees": [{"kind": "meter_work", "amount_minor": 11_300, "reason": "box"}],
    }  # fmt: skip

    @pytest.fixture
    def caller(self):
        return Caller("offers:read", "offers:write", "contracts:read", "contracts:write", "charges:read")

    def _drafted(self, caller, world, key="a", **more):
        body = {**self.BODY, "account": world.account.number, "tariffs": [world.tariff.code], **more}
        reply = caller.post("offers", body, idempotency_key=key)
        assert reply.status_code == 201, reply.json()
        return reply.json()

    def test_from_the_draft_to_the_signed_contract_and_its_fee(self, world, caller):
        Account.objects.filter(id=world.account.id).update(opened_date="2020-01-01")
        made = self._drafted(caller, world)
        assert (made["state"], made["account"], made["application"]) == ("draft", world.account.number, None)
        assert made["fees"][0]["amount"]["amount_minor"] == 11_300
        assert made["tariffs"][0]["year"]["amount_minor"] > 0
        place = f"offers/{made['offer']}"
        assert_problem(
            caller.post(f"{place}/accept", {"tariff": world.tariff.code}, idempotency_key="b"), 409, "illegal_move"
        )
        assert caller.post(f"{place}/send", None, idempotency_key="c").json()["state"] == "sent"
        assert_problem(caller.post(f"{place}/accept", {"tariff": "X"}, idempotency_key="d"), 404, "unknown_offer")
        accepted = caller.post(f"{place}/accept", {"tariff": world.tariff.code}, idempotency_key="e").json()
        assert accepted["state"] == "accepted"
        assert caller.post(f"{place}/accept", {"tariff": world.tariff.code}, idempotency_key="e").json() == accepted
        assert caller.get(f"{place}/pdf").content.startswith(b"%PDF-")
        signing = f"contracts/{accepted['contract']}/signature"
        assert_problem(send(caller, signing, signed_by="王芳", scan=b"GIF89a"), 422, "bad_scan")
        assert send(caller, signing, signed_by="王芳", scan=b"%PDF-1.7 signed %%EOF").json()["state"] == "signed"
        assert_problem(send(caller, signing, signed_by="王芳", scan=b"%PDF-1.7 signed %%EOF"), 409, "illegal_move")
        assert [one["amount"]["amount_minor"] for one in caller.get("charges").json()["results"]] == [11_300]

    def test_they_are_listed_filtered_declined_and_withdrawn(self, world, caller):
        first, second = self._drafted(caller, world), self._drafted(caller, world, key="b")
        caller.post(f"offers/{second['offer']}/send", None, idempotency_key="c")
        declined = caller.post(f"offers/{second['offer']}/decline", None, idempotency_key="d").json()
        withdrawn = caller.post(f"offers/{first['offer']}/withdraw", None, idempotency_key="e").json()
        assert (declined["state"], withdrawn["state"]) == ("declined", "withdrawn")
        assert [one["offer"] for one in caller.get("offers").json()["results"]] == [second["offer"], first["offer"]]
        assert [one["offer"] for one in caller.get("offers?state=declined").json()["results"]] == [second["offer"]]

    @pytest.mark.parametrize("who", [{}, {"account": "1", "application": "A1"}])
    def test_it_is_made_to_one_application_or_one_account(self, caller, who):
        assert_problem(caller.post("offers", {**self.BODY, **who}, idempotency_key="a"), 422, "bad_target")


class TestVerification:
    def test_a_paper_is_told_genuine_altered_or_unknown(self, world):
        row, caller = papers_signed.signed(world), Caller("contracts:read")
        paper = caller.get(f"contracts/{row.number}/pdf").content

        def told(sha256):
            body = caller.get(f"contracts/{row.number}/verification?sha256={sha256}").json()
            return body["is_intact"], body["fits_text"], body["fits_paper"]

        assert told(row.content_sha256) == (True, True, False)
        assert told(hashlib.sha256(paper).hexdigest()) == (True, False, True)
        assert told(hashlib.sha256(paper + b"\n").hexdigest()) == (True, False, False)
        assert told(SHA) == (True, False, False)
        wrong = caller.get(f"contracts/{row.number}/verification?sha256=xyz")
        assert_problem(wrong, 422, "invalid_request")


class TestCharges:
    def test_they_are_agreed_once_shown_with_their_bills_and_reversed(self, world, bills):
        caller = Caller("charges:read", "charges:write")
        body = {"account": world.account.number, "kind": "works", "amount_minor": 10_900, "reason": "cable"}
        made = caller.post("charges", {**body, "supply": world.service_point.external_id}, idempotency_key="a")
        assert made.status_code == 201
        charge = made.json()
        assert (charge["state"], charge["tax"]["amount_minor"], charge["origin"]) == ("agreed", 900, "by_hand")
        assert charge["supply"] == world.service_point.external_id
        BillCharge.objects.create(bill=bills[0], charge_id=charge["charge"], amount_minor=10_900, tax_minor=900)
        shown = caller.get(f"charges/{charge['charge']}").json()
        assert shown["bills"] == [{"number": bills[0].number, "state": "issued", "is_taken_back": False}]
        assert caller.get(f"charges?account={world.account.number}&state=agreed").json()["results"] == [shown]
        place = f"charges/{charge['charge']}/reverse"
        assert caller.post(place, {"reason": "not done"}, idempotency_key="b").json()["state"] == "cancelled"
        assert_problem(caller.post(place, {"reason": ""}, idempotency_key="c"), 422, "invalid_request")

    def test_above_the_limit_nothing_is_owed_until_a_person_agrees(self, world):
        body = {"account": world.account.number, "kind": "works", "amount_minor": 200_001, "reason": "cable"}
        made = Caller("charges:write").post("charges", body, idempotency_key="a").json()
        assert (made["state"], made["agreed_date"]) == ("proposed", None)
        too_much = {**body, "amount_minor": 20_000_001}
        refused = Caller("charges:write").post("charges", too_much, idempotency_key="b")
        assert_problem(refused, 422, "charge_not_by_hand")
        assert OneOffCharge.objects.count() == 1

    def test_a_supply_of_another_account_is_refused(self, world):
        other = contracts.world()
        body = {"account": world.account.number, "kind": "works", "amount_minor": 100, "reason": "cable"}
        body["supply"] = other.service_point.external_id
        assert_problem(Caller("charges:write").post("charges", body, idempotency_key="a"), 404, "unknown_agreement")


class TestMeters:
    @pytest.fixture
    def caller(self):
        return Caller("meters:read", "meters:write", "commands:read", "commands:write")

    def test_from_the_delivery_to_the_exchange(self, caller):
        head = "serial,model,kind,certificate,certified_date,certified_until\n"
        lines = "".join(f"N{one},M,total,C{one},2026-01-01,2034-01-01\n" for one in (1, 2))
        assert send(caller, "meter-deliveries", file=(head + lines).encode()).status_code == 201
        again = send(caller, "meter-deliveries", file=(head + lines).encode())
        assert (again.status_code, again.json()["is_known"]) == (200, True)
        assert_problem(send(caller, "meter-deliveries", file=head.encode() + b"N1,M,total"), 422, "bad_delivery")
        assert [one["meter"] for one in caller.get("meters?state=in_store").json()["results"]] == ["N2", "N1"]
        point = metering.service_point()
        body = {"service_point": point.external_id, "from_date": "2026-02-01"}
        hung = caller.post("meters/N1/install", body, idempotency_key="a").json()
        assert (hung["state"], hung["service_point"]) == ("installed", point.external_id)
        assert_problem(caller.post("meters/N1/install", body, idempotency_key="b"), 409, "meter_taken")
        new = caller.post(
            "meters/N1/exchange", {"new_meter": "N2", "on_date": "2026-03-01"}, idempotency_key="c"
        ).json()
        assert (new["meter"], new["service_point"]) == ("N2", point.external_id)
        old = caller.get("meters/N1").json()
        assert [(one["start_date"], one["end_date"]) for one in old["installations"]] == [("2026-02-01", "2026-03-01")]
        gone = caller.post("meters/N2/remove", {"on_date": "2026-04-01"}, idempotency_key="d").json()
        assert (gone["state"], gone["service_point"]) == ("retired", None)
        assert Installation.objects.count() == 2

    def test_commands_are_ordered_once_read_and_taken_back(self, caller):
        meter = metering.meter(serial="N7")
        made = caller.post("commands", {"meter": "N7", "command": "read_now"}, idempotency_key="a")
        assert (made.status_code, made.json()["state"]) == (201, "queued")
        place = f"commands/{made.json()['command_id']}"
        same = caller.post("commands", {"meter": "N7", "command": "read_now"}, idempotency_key="b").json()
        assert same["command_id"] == made.json()["command_id"]
        assert caller.get(place).json()["meter"] == meter.serial
        assert len(caller.get("commands?meter=N7&state=queued").json()["results"]) == 1
        assert (
            caller.post(f"{place}/cancel", {"reason": "wrong one"}, idempotency_key="c").json()["state"] == "cancelled"
        )
        DeviceCommand.objects.update(state="sent")
        assert_problem(caller.post(f"{place}/cancel", {"reason": "late"}, idempotency_key="d"), 409, "illegal_move")
        assert Meter.objects.get(serial="N7").switch == "unknown"


class TestWork:
    @pytest.fixture
    def caller(self):
        return Caller("work:read", "work:write")

    def test_an_order_is_planned_promised_begun_and_finished(self, caller):
        crew = work.crew()
        slot, order = work.slot(of=crew), work.order()
        assert caller.get("crews").json()["results"][0]["crew"] == crew.id
        place = f"work-orders/{order.id}"
        assert [one["slot"] for one in caller.get(f"{place}/slots").json()["results"]] == [slot.id]
        booked = caller.post(f"{place}/appointment", {"slot": slot.id}, idempotency_key="a").json()
        assert (booked["state"], booked["appointment"]["start_time"]) == ("assigned", "09:00")
        day = timezone.localdate() + timedelta(days=3)
        other = {"crew": crew.id, "planned_date": day.isoformat()}
        assert_problem(caller.post(f"{place}/assign", other, idempotency_key="b"), 422, "appointment_stands")
        assert_problem(caller.post(f"{place}/finish", {"outcome": "done"}, idempotency_key="c"), 409, "illegal_move")
        begun = caller.post(f"{place}/start", None, idempotency_key="d")
        assert begun.status_code == 200, begun.content
        assert begun.json()["state"] == "started"
        wrong = caller.post(f"{place}/finish", {"outcome": "passed"}, idempotency_key="e")
        assert_problem(wrong, 422, "wrong_outcome")
        done = caller.post(f"{place}/finish", {"outcome": "done", "note": "read"}, idempotency_key="f").json()
        assert "detail" not in done, done
        assert (done["state"], done["outcome"], done["note"]) == ("done", "done", "read")

    def test_it_is_given_fails_is_planned_anew_and_dropped(self, caller):
        crew, order = work.crew(), work.order()
        place, today = f"work-orders/{order.id}", timezone.localdate()
        given = {"crew": crew.id, "planned_date": today.isoformat()}
        assert caller.post(f"{place}/assign", given, idempotency_key="a").json()["crew"] == crew.name
        failed = caller.post(f"{place}/fail", {"hindrance": "weather"}, idempotency_key="b").json()
        assert (failed["state"], failed["attempts"]) == ("open", 1)
        assert (
            caller.post(f"{place}/cancel", {"reason": "moved away"}, idempotency_key="c").json()["state"] == "cancelled"
        )
        assert WorkOrder.objects.get().state == "cancelled"

    def test_meters_belong_to_work_at_meters_and_surveys_to_their_report(self, caller):
        crew = work.crew()
        plain = work.order(crew=crew, state="started", started_at=timezone.now())
        survey = work.order(crew=crew, kind="survey", state="started", started_at=timezone.now())
        hung = {"meter": "N1", "readings_kwh": {"total": "0"}}
        reply = caller.post(f"work-orders/{plain.id}/finish", {"outcome": "done", "hung": hung}, idempotency_key="a")
        assert_problem(reply, 422, "wrong_meter_work")
        reply = caller.post(f"work-orders/{survey.id}/finish", {"outcome": "feasible"}, idempotency_key="b")
        assert_problem(reply, 422, "reported_elsewhere")
        reply = caller.post(f"work-orders/{survey.id}/survey", {"verdict": "feasible"}, idempotency_key="c")
        assert_problem(reply, 404, "unknown_survey")


def test_a_format_that_an_address_does_not_have_is_said_to_be_none(world):
    caller = Caller("charges:read", "bills:read")
    wrong = assert_problem(caller.get("charges?format=csv"), 400, "unknown_format")
    assert "json" in wrong["detail"]
    assert caller.get("charges?format=json").json() == caller.get("charges").json()
    assert_problem(caller.get("bills/0/pdf?format=pdf"), 404, "unknown_bill")
    assert_problem(caller.get("bills/0/pdf?format=xml"), 400, "unknown_format")
    described = Client().get("/api/v1/schema?format=json")
    assert described.json()["openapi"].startswith("3.")


def test_inspections_and_defects_are_listed_and_shown(world):
    made = inspections.made(of=inspections.supply(), protective_devices="no")
    caller = Caller("inspections:read")
    (row,) = [one for one in caller.get("inspections").json()["results"] if one["id"] == made]
    assert row == caller.get(f"inspections/{made}").json()
    assert len(row["defects"]) == 1
    assert caller.get("inspections?state=dropped").json()["results"] == []
    (defect,) = caller.get("defects?state=open").json()["results"]
    assert defect == {**row["defects"][0], "inspection": made}


def test_staff_without_the_role_are_kept_out_too(world, client):
    client.force_login(accounts.staff(Role.CASHIER), backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/api/v1/meters").status_code == 403
    client.force_login(accounts.staff(Role.METERING), backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/api/v1/meters").status_code == 200
