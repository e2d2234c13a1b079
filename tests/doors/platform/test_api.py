"""Endpoints: who calls, what that one may do, how errors look, how lists are paged."""

import json

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from cis.kernel.actors import SYSTEM
from cis.kernel.enums import Role
from cis.platform import api, keys
from cis.platform.models import ApiKey, AuditEvent, Job

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.doors.platform.small_api")]


@pytest.fixture
def key(transactional_db):
    return keys.create(name="kiosk", scopes=["test:read"], known_scopes=["test:read"], actor=SYSTEM)


@pytest.fixture
def kiosk(key):
    return Client(headers={"Authorization": f"Bearer {key}"}, raise_request_exception=False)


def staff(*roles, name="li"):
    user = get_user_model().objects.create_user(name, password="a long word", roles=[str(role) for role in roles])
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


# ---- keys ----------------------------------------------------------------------------------------------------------


def test_a_program_comes_in_with_its_key_and_acts_in_its_own_name(kiosk):
    assert kiosk.get("/things").json() == {"actor": "kiosk"}
    assert kiosk.get("/function").json() == {"by": "function"}


def test_only_the_hash_of_a_key_is_kept(key):
    row = ApiKey.objects.get()
    assert not any(len(part) > 12 and part in str(vars(row)) for part in key.split("_", 2))
    assert AuditEvent.objects.get().action == "create"
    assert key.rpartition("_")[2] not in str(AuditEvent.objects.get().detail)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: key[:-1] + ("a" if key[-1] != "a" else "b"),
        lambda key: key.replace("wl_", "wx_"),
        lambda key: "wl_0000000000_" + key.rpartition("_")[2],
        lambda key: key.replace("_", "", 1),
        lambda _: "wl__",
        lambda _: "",
        lambda _: "wl_é_ü",
    ],
)
def test_a_spoilt_key_is_answered_with_401(key, spoil):
    answer = Client().get("/things", headers={"Authorization": f"Bearer {spoil(key)}"})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
    assert answer.json()["code"] == "authentication_failed"


def test_a_revoked_key_opens_nothing(kiosk):
    keys.revoke(name="kiosk", actor=SYSTEM)
    assert kiosk.get("/things").status_code == 401
    with pytest.raises(keys.UnknownKey):
        keys.revoke(name="kiosk", actor=SYSTEM)


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"name": "kiosk"}, keys.KeyNameTaken),
        ({"name": " "}, keys.BadKeyName),
        ({"scopes": ["test:reed"]}, keys.UnknownScope),
        ({"scopes": []}, keys.UnknownScope),
    ],
)
def test_a_key_is_made_only_for_a_new_name_and_known_scopes(key, values, refusal):
    with pytest.raises(refusal):
        keys.create(
            **{"name": "new", "scopes": ["test:read"], "known_scopes": ["test:read"], "actor": SYSTEM, **values}
        )


# ---- rights --------------------------------------------------------------------------------------------------------


def test_without_a_key_nobody_comes_in():
    answer = Client().get("/things")
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_authenticated"


def test_a_right_that_the_key_has_not_is_answered_with_403(kiosk):
    answer = kiosk.post("/things", {}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


def test_what_declares_no_right_is_denied(kiosk):
    assert kiosk.get("/undeclared").status_code == 403


@pytest.mark.parametrize(
    ("method", "address"), [("DELETE", "/things"), ("PATCH", "/jobs"), ("BREW", "/things"), ("POST", "/function")]
)
def test_a_method_that_an_endpoint_does_not_have_is_told_with_those_it_has(kiosk, method, address):
    answer = kiosk.generic(method, address)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "GET" in answer["Allow"]
    assert answer["Content-Type"] == "application/problem+json"
    assert Client().generic(method, address).status_code == 401


def test_head_and_options_need_the_right_too(kiosk):
    assert kiosk.head("/things").status_code == 200
    assert kiosk.options("/things").status_code == 200
    assert Client().options("/things").status_code == 401
    assert Client().head("/things").status_code == 401


def test_staff_on_pages_have_the_rights_of_their_roles():
    assert staff(Role.CLERK).get("/things").json() == {"actor": "li"}
    assert staff(Role.FIELD, name="wang").get("/things").status_code == 403


def test_writing_from_a_page_needs_the_csrf_token():
    user = get_user_model().objects.create_user("li", password="x", roles=["supervisor"])
    client = Client(enforce_csrf_checks=True)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.post("/things", {"name": "a"}, content_type="application/json")
    assert answer.status_code == 403
    assert "CSRF" in answer.json()["detail"]


def test_two_scopes_cannot_have_one_name():
    with pytest.raises(ValueError, match="test:read"):
        api.scope("test:read", "Something else.")


# ---- errors --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("full", 422, "full"),
        ("unknown", 404, "unknown_thing"),
        ("taken", 409, "seat_taken"),
        ("not_allowed", 403, "not_allowed"),
    ],
)
def test_a_refusal_says_its_code_and_what_to_do(kiosk, kind, status, code):
    answer = kiosk.get(f"/refusals/{kind}")
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["code"], body["instance"]) == (status, code, f"/refusals/{kind}")
    assert body.get("advice", "") == ("Come back." if kind == "full" else "")


def test_an_answer_names_its_request_and_not_what_a_stranger_calls_it(kiosk):
    answers = [kiosk.get("/refusals/full", headers={"X-Request-ID": "chosen"}).json() for _ in range(2)]
    ids = {answer["request_id"] for answer in answers}
    assert len(ids - {"chosen"}) == 2


def test_all_findings_are_listed(kiosk):
    [finding] = kiosk.get("/refusals/findings").json()["errors"]
    assert finding == {"where": "line 3", "code": "bad_value", "message": "3 is too much.", "advice": "Take 2."}


def test_a_fault_of_the_program_tells_nothing_of_itself(kiosk, caplog):
    answer = kiosk.get("/refusals/bug")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "4711" not in answer.text
    assert "4711" in caplog.text


def test_wrong_fields_are_named_by_their_place():
    client = staff(Role.SUPERVISOR)
    body = {"name": "", "lines": [{"amount_minor": 1}, {"amount_minor": 0}, {}]}
    answer = client.post("/things", body, content_type="application/json", headers={"Idempotency-Key": "1"})
    assert answer.status_code == 422
    found = {(one["where"], one["code"]) for one in answer.json()["errors"]}
    assert found == {("name", "blank"), ("lines[1].amount_minor", "min_value"), ("lines[2].amount_minor", "required")}


def test_what_is_wrong_as_a_whole_has_no_place():
    answer = staff(Role.SUPERVISOR).post(
        "/things", {"name": "wrong"}, content_type="application/json", headers={"Idempotency-Key": "1"}
    )
    assert [one["where"] for one in answer.json()["errors"]] == [""]


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [("{", "application/json", 400), ("a=1", "text/plain", 415), ("[1]", "application/json", 422)],
)
def test_what_cannot_be_read_is_refused(content, media_type, status):
    client = staff(Role.SUPERVISOR)
    answer = client.post("/things", content, content_type=media_type, headers={"Idempotency-Key": "1"})
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"


def test_too_large_a_body_is_refused(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    client = staff(Role.SUPERVISOR)
    body = json.dumps({"name": "a" * 200})
    answer = client.post("/things", body, content_type="application/json", headers={"Idempotency-Key": "1"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


# ---- lists ---------------------------------------------------------------------------------------------------------


def test_pages_hold_each_row_once_though_rows_come_meanwhile(kiosk):
    Job.objects.bulk_create(Job(name=str(number)) for number in range(25))
    seen, url = [], "/jobs?page_size=10"
    while url:
        page = kiosk.get(url).json()
        seen += [int(row["name"]) for row in page["results"]]
        url = page["next"]
        Job.objects.create(name="999")
    assert seen == list(range(24, -1, -1))


def test_a_page_has_at_most_1000_rows(kiosk):
    Job.objects.bulk_create(Job(name="x") for _ in range(1_100))
    assert len(kiosk.get("/jobs?page_size=99999").json()["results"]) == 1_000
    assert len(kiosk.get("/jobs").json()["results"]) == 100
    assert kiosk.get("/jobs?cursor=nonsense").status_code == 404
