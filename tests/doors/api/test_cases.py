"""Cases for other programs: taken in once, read, listed, findings added; what names somebody is not theirs."""

import pytest

from complaints.models.case import Case
from complaints.models.work import Finding
from metering.models.outage import FaultReport
from tests.doors.api.calls import Caller, assert_problem
from tests.factories import cases as made
from tests.factories import class_texts

pytestmark = pytest.mark.django_db
BODY = {"kind": "complaint", "text": "Far too high.", "class": made.ESTIMATED, "reference": "T-1"}


def test_a_program_takes_a_case_in_once_and_follows_it(world, bills):
    caller = Caller("cases:read", "cases:write")
    body = {**BODY, "account": world.account.number, "bill": bills[0].number}
    reply = caller.post("cases", body, idempotency_key="a")
    assert reply.status_code == 201, reply.content
    told = reply.json()
    assert (told["state"], told["class"], told["reference"], told["is_new"]) == (
        "classified",
        made.ESTIMATED,
        "T-1",
        True,
    )
    again = caller.post("cases", body, idempotency_key="b").json()
    assert (again["number"], again["is_new"]) == (told["number"], False)
    assert Case.objects.get().bill_id == bills[0].id
    assert caller.get(f"cases/{told['number']}").json() == {**told, "is_new": False}
    listed = caller.get(f"cases?account={world.account.number}").json()["cases"]
    assert [one["number"] for one in listed] == [told["number"]]
    found = {"text": "The read was estimated.", "evidence": "reads", "shown_by": "2026-01-31"}
    assert caller.post(f"cases/{told['number']}/findings", found, idempotency_key="c").status_code == 201
    assert Finding.objects.get().shown_by == "2026-01-31"


def test_what_is_wrong_is_refused_and_what_is_kept_from_it_is_not_there(world):
    caller = Caller("cases:read", "cases:write")
    for wrong, status, code in (
        ({**BODY, "kind": "whim"}, 422, "invalid_request"),
        ({**BODY, "class": "no/such/class"}, 404, "unknown_case_class"),
        ({**BODY, "account": "1"}, 404, "unknown_account"),
    ):
        assert_problem(caller.post("cases", wrong, idempotency_key=code), status, code)
    open_one = made.taken(account_id=world.account.id)
    named = made.taken(account_id=world.account.id, about_team_id=made.team(made.person()))
    assert_problem(caller.get(f"cases/{named.number}"), 404, "unknown_case")
    assert [one["number"] for one in caller.get("cases?state=all").json()["cases"]] == [open_one.number]
    told = Caller("notices:read").get(f"accounts/{world.account.number}/notices").json()["results"]
    bodies = [one["body"] for one in told if one["event"] == "case_taken"]
    assert bodies
    assert all(open_one.number in body and named.number not in body for body in bodies)
    assert_problem(caller.post(f"cases/{named.number}/findings", {"text": "x", "evidence": "call"}, idempotency_key="f"),
                   404, "unknown_case")  # fmt: skip
    assert_problem(Caller("bills:read").post("cases", BODY, idempotency_key="g"), 403, "permission_denied")


def test_a_class_is_suggested_of_a_text_and_taken_at_once_only_where_it_is_sure(world):
    reader, writer = Caller("cases:read"), Caller("cases:read", "cases:write")
    ask = {"text": "Blackout in the whole street, the entire village is dark", "account": world.account.number}
    nothing = {"classes": [], "severity": None, "language": "", "facts": []}
    assert reader.post("cases/suggestions", ask).json() == nothing
    class_texts.model()
    told = reader.post("cases/suggestions", ask).json()
    assert told["classes"][0]["class"] == "supply/outage/area"
    assert (told["severity"], told["language"], told["facts"]) == ("urgent", "en", [])
    assert not Case.objects.exists()
    sure = {"kind": "fault", "text": ask["text"], "reference": "S-1"}
    assert writer.post("cases", sure, idempotency_key="s1").json()["class"] == "supply/outage/area"
    unsure = {"kind": "fault", "text": "Hello?", "reference": "S-2"}
    taken = writer.post("cases", unsure, idempotency_key="s2").json()
    assert (taken["class"], taken["state"]) == ("", "received")
    assert_problem(reader.post("cases/suggestions", {"text": "x", "account": "1"}), 404, "unknown_account")
    assert_problem(reader.post("cases/suggestions", {}), 422, "invalid_request")
    assert_problem(Caller("bills:read").post("cases/suggestions", ask), 403, "permission_denied")


def test_a_fault_sends_a_crew_at_once_only_for_who_may_report_faults(world):
    body = {"kind": "fault", "text": "Dark.", "class": "supply/outage/single", "account": world.account.number}
    for scopes, reports in ((("cases:write",), 0), (("cases:write", "faults:write"), 1)):
        reply = Caller("cases:read", *scopes).post(
            "cases", {**body, "reference": f"F-{reports}"}, idempotency_key=f"f{reports}"
        )
        assert (reply.status_code, FaultReport.objects.count()) == (201, reports)
