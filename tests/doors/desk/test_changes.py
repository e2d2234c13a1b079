"""Changes of use on the desk: offered, shown in money, entered, proven, agreed to, followed, taken back."""

from datetime import date
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from billing.models.settlement import FinalAccount, Refund
from billing.operations import final_accounts
from cis.kernel.enums import Role
from contracts.models.change import ChangeSet
from metering.models.usage import Usage
from tests.doors.desk.conftest import TODAY, sign_in
from tests.factories import accounts, tariffs
from tests.factories.changes import CLERK, done, drafted, wanted

KEY = {"asked_date": "2026-03-10", "request_key": "k1"}
DEAR = tariffs.FLAT.replace('"flat"', '"dear"').replace("0.617", "0.717").replace('"61.70"', '"71.70"')


def address(billed, kind):
    return f"/desk/customers/{billed.account.id}/changes/{kind}/?supply={billed.agreement.id}"


def picture():
    out = BytesIO()
    Image.new("RGB", (40, 40), "white").save(out, "PNG")
    return SimpleUploadedFile("hukou.png", out.getvalue(), content_type="image/png")


def text(answer):
    return answer.content.decode()


def test_the_account_offers_what_it_may_do_and_nothing_else(desk, billed):
    page = text(desk.get(f"/desk/customers/{billed.account.id}/"))
    for kind in ("transfer", "move_out", "household", "class_change"):
        assert f"/desk/customers/{billed.account.id}/changes/{kind}/?supply={billed.agreement.id}" in page
    assert "changes/suspension/" not in page
    assert desk.get(address(billed, "suspension")).status_code == 404
    assert desk.get(address(billed, "nonsense")).status_code == 404


def test_a_change_is_shown_in_money_entered_and_agreed_to(desk, billed):
    dear = tariffs.version(source=DEAR).tariff
    typed = {**KEY, "effective_date": "2026-03-11", "tariff": dear.id}
    form = address(billed, "class_change")
    page = text(desk.post(form, {**typed, "preview": "1"}))
    assert "With the change" in page
    assert "0.717" in page
    assert not ChangeSet.objects.exists()
    answer = desk.post(form, {**typed, "enter": "1"})
    change = ChangeSet.objects.get()
    assert answer["Location"] == f"/desk/changes/{change.id}/"
    page = text(desk.get(answer["Location"]))
    assert "Signed request" in page  # is to be proven
    desk.post(f"/desk/changes/{change.id}/decide/", {"action": "confirm"})
    change.refresh_from_db()
    assert change.state == "drafted"
    answer = desk.post(f"/desk/changes/{change.id}/papers/", {"kind": "request", "file": picture()}, follow=True)
    assert "hukou" in text(answer)
    desk.post(f"/desk/changes/{change.id}/decide/", {"action": "confirm"})
    change.refresh_from_db()
    assert change.state == "confirmed"
    paper = change.papers.get()
    assert desk.get(f"/desk/changes/{change.id}/papers/{paper.id}/").status_code == 200
    assert desk.get(f"/desk/changes/{change.id}/papers/{paper.id + 1}/").status_code == 404
    assert "With the change" in text(desk.get(f"/desk/changes/{change.id}/?preview=1"))


def test_a_transfer_takes_a_customer_whom_nobody_knows_yet(desk, billed):
    form = address(billed, "transfer")
    typed = {**KEY, "effective_date": "2026-03-10", "new_kind": "resident", "new_name": "赵六", "customer": ""}
    page = text(desk.post(form, {**typed, "preview": "1"}))
    assert "New account" in page
    assert "is owed for bills that were issued" in page
    desk.post(form, {**typed, "enter": "1"})
    assert ChangeSet.objects.get().customer.name == "赵六"
    page = text(desk.post(form, {**typed, "new_name": "", "request_key": "k2", "preview": "1"}))
    assert "Say who comes" in page
    page = text(desk.post(form, {**typed, "customer": billed.account.number, "request_key": "k3", "preview": "1"}))
    assert "has the supply already" in page
    change = ChangeSet.objects.get()
    page = text(desk.post(f"/desk/changes/{change.id}/decide/", {"action": "confirm"}, follow=True))
    assert "owes for bills" in page


def test_what_is_wrong_stands_beside_its_field(desk, billed):
    typed = {**KEY, "effective_date": "2026-03-01", "household": "3"}
    page = text(desk.post(address(billed, "household"), {**typed, "preview": "1"}))
    assert "There is an allowance for 5 persons or more." in page


def test_the_list_is_filtered_and_exported(desk, billed):
    first = drafted(wanted("move_out", billed.agreement, date(2026, 4, 1)), today=TODAY)
    done("rename", None, TODAY, today=TODAY, account_id=billed.account.id, name="李四")
    page = text(desk.get("/desk/changes/"))
    assert "Moving out" in page
    assert "Another name" in page
    page = text(desk.get("/desk/changes/?kind=move_out"))
    assert f"/desk/changes/{first}/" in page
    assert page.count('<td><a href="/desk/changes/') == 1
    assert "No change fits" in text(desk.get("/desk/changes/?state=stuck"))
    csv = b"".join(desk.get("/desk/changes.csv?kind=rename").streaming_content).decode()
    assert csv.count("\n") == 2
    assert "Another name" in csv


def test_moving_out_ends_in_a_refund_that_is_paid(desk, billed):
    register = billed.register
    Usage.objects.create(
        register=register, service_point_id=billed.agreement.service_point_id, start_date="2026-03-01",
        end_date="2026-03-05", energy_wh=10_000, basis="register",
    )  # fmt: skip
    desk.post(
        f"/desk/customers/{billed.account.id}/payment/",
        {"amount": "200", "channel": "bank", "reference": "c1", "received_date": "2026-03-03"},
    )
    change_id = done("move_out", billed.agreement, TODAY.replace(day=5), today=TODAY)
    final_accounts.work(timezone.now())
    refund = Refund.objects.get()
    assert refund.amount_minor == 20_000 - 2 * 6_170 - 617
    assert str(refund.id) in text(desk.get("/desk/refunds/"))
    page = text(desk.get(f"/desk/changes/{change_id}/"))
    assert "Billed to the end" in page
    assert f"/desk/refunds/{refund.id}/" in page
    act = f"/desk/refunds/{refund.id}/act/"
    desk.post(act, {"action": "payee", "payee": "a", "bank_account": "6222021234567890123", "bank_code": ""})
    sign_in(Client(), Role.BILLING).post(act, {"action": "approve"})
    desk.post(act, {"action": "send", "reference": "B1", "paid_date": "2026-03-10"})
    assert FinalAccount.objects.get().state == "settled"
    assert "No refund fits" in text(desk.get("/desk/refunds/?state=asked"))
    billed.account.refresh_from_db()
    assert billed.account.state == "closed"
    assert "changes/transfer/" not in text(desk.get(f"/desk/customers/{billed.account.id}/"))


def test_it_is_taken_back_with_a_reason(desk, billed):
    change_id = done("move_out", billed.agreement, TODAY, today=TODAY)
    answer = desk.post(f"/desk/changes/{change_id}/decide/", {"action": "reverse", "reason": ""}, follow=True)
    assert "wrong" in text(answer)
    desk.post(f"/desk/changes/{change_id}/decide/", {"action": "reverse", "reason": "stays"})
    assert ChangeSet.objects.get().state == "reversed"


@pytest.mark.parametrize("role", [Role.CASHIER, Role.METERING, Role.AUDITOR, Role.FIELD])
def test_others_look_and_do_nothing(client, billed, role):
    change_id = drafted(wanted("move_out", billed.agreement, TODAY), today=TODAY, actor=CLERK)
    sign_in(client, role)
    assert client.get(f"/desk/changes/{change_id}/").status_code == 200
    assert client.get(address(billed, "move_out")).status_code == 403
    assert client.post(f"/desk/changes/{change_id}/decide/", {"action": "confirm"}).status_code == 403
    assert "changes/transfer/" not in text(client.get(f"/desk/customers/{billed.account.id}/"))


def test_what_is_not_there_is_not_found(desk, billed):
    other = accounts.account()
    assert desk.get("/desk/changes/999/").status_code == 404
    assert desk.get("/desk/refunds/999/").status_code == 404
    assert desk.get(f"/desk/customers/{other.id}/changes/move_out/?supply={billed.agreement.id}").status_code == 404
