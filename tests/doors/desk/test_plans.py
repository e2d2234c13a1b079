"""Plans at the desk: previewed, made, decided on by a second person, ended; their papers and their list."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from arrears.models.collection import Hold
from arrears.models.plan import InstalmentPlan
from cis.kernel.enums import Role
from cis.platform import packs
from tests.doors.desk.conftest import make_billed, sign_in

pytestmark = pytest.mark.django_db


def text(answer):
    return " ".join(answer.content.decode().split())


def wish(page, **changes):
    """What the form of a new plan shows, as a browser sends it back."""
    context = page.context
    given = {"bills": [str(one.bill_id) for one in context["seen"].debts], "count": "3", "day": "5", "first": "now",
             "how": "agreed", "total": str(context["seen"].total_minor), "action": "make"}  # fmt: skip
    return {**given, **changes}


def make(browser, billed, **changes):
    address = f"/desk/customers/{billed.account.id}/plan/"
    return browser.post(address, wish(browser.get(address), **changes))


@pytest.fixture
def clerk(supplier):
    return sign_in(Client(), Role.CLERK)


def test_a_clerk_previews_and_makes_a_plan_by_telephone_and_ends_it(clerk, billed):
    assert "Offer a plan" in text(clerk.get(f"/desk/customers/{billed.account.id}/"))
    page = clerk.get(f"/desk/customers/{billed.account.id}/plan/")
    # January is overdue: 61.70 and 1.05 late fee. February is not due yet, and may be ticked too.
    assert [part.amount_minor for part in page.context["seen"].parts] == [2_275, 2_000, 2_000]
    assert "¥1.05 of it is late fees up to today" in text(page)
    shown = clerk.post(f"/desk/customers/{billed.account.id}/plan/", wish(page, count="2", action="preview"))
    assert [part.amount_minor for part in shown.context["seen"].parts] == [3_175, 3_100]
    assert not InstalmentPlan.objects.exists()
    assert "Look at the parts anew" in text(make(clerk, billed, total="6170"))
    assert make(clerk, billed).status_code == 302
    plan = InstalmentPlan.objects.get()
    page = text(clerk.get(f"/desk/overdue/plans/{plan.id}/"))
    assert "¥62.75" in page
    assert plan.parts.get(seq=1).code in page
    assert "The customer is told." in page
    for paper in ("agreement", "cards"):
        pdf = clerk.get(f"/desk/overdue/plans/{plan.id}/{paper}.pdf")
        assert pdf.content.startswith(b"%PDF")
    # The card leads the desk to the account.
    found = text(clerk.get("/desk/search/", {"q": plan.parts.get(seq=2).code}))
    assert billed.account.number in found
    assert "P000001" in text(clerk.get(f"/desk/customers/{billed.account.id}/"))
    act = f"/desk/overdue/plans/{plan.id}/act/"
    assert "is required" in text(clerk.post(act, {"action": "cancel", "reason": ""}))
    clerk.post(act, {"action": "cancel", "reason": "pays all at once"})
    assert "pays all at once" in text(clerk.get(f"/desk/overdue/plans/{plan.id}/"))
    assert clerk.post(act, {"action": "nonsense"}).status_code == 404
    csv = b"".join(clerk.get("/desk/overdue/plans.csv?state=cancelled").streaming_content).decode()
    assert "P000001" in csv


def test_an_offer_waits_for_the_customer_and_a_larger_plan_for_a_second_person(clerk, billed, desk, monkeypatch):
    make(clerk, billed, how="send")
    plan = InstalmentPlan.objects.get()
    assert "to be accepted by" in text(clerk.get(f"/desk/overdue/plans/{plan.id}/"))
    clerk.post(f"/desk/overdue/plans/{plan.id}/act/", {"action": "accept"})
    assert Hold.objects.filter(kind="plan").count() == 2
    clerk.post(f"/desk/overdue/plans/{plan.id}/act/", {"action": "cancel", "reason": "x"})
    value = dict(packs.rule("instalment_plans", at=plan.made_date))
    limits = {**value["limits"], "clerk": {**value["limits"]["clerk"], "most": "10.00"}}
    rule = packs.rule
    monkeypatch.setattr(
        packs, "rule", lambda key, *, at: {**value, "limits": limits} if key == "instalment_plans" else rule(key, at=at)
    )
    page = clerk.get(f"/desk/customers/{billed.account.id}/plan/")
    assert "the amount is above it" in text(page)
    make(clerk, billed)
    plan = InstalmentPlan.objects.latest("id")
    assert plan.state == "proposed"
    assert 'value="agree"' not in text(clerk.get(f"/desk/overdue/plans/{plan.id}/"))
    desk.post(f"/desk/overdue/plans/{plan.id}/act/", {"action": "agree"})
    plan.refresh_from_db()
    assert plan.state == "kept"
    assert "A plan is kept on this account" in text(clerk.get(f"/desk/customers/{billed.account.id}/plan/"))


def test_the_list_takes_as_many_statements_for_many_as_for_one(desk, billed):
    assert "No plan yet" in text(desk.get("/desk/overdue/plans/"))
    counts = []
    for one in (billed, *(make_billed(address=f"南京东路{n}号") for n in range(2))):
        make(desk, one)
        with CaptureQueriesContext(connection) as asked:
            page = text(desk.get("/desk/overdue/plans/"))
        counts.append(len(asked))
    assert counts[0] == counts[2] <= 9
    assert page.count("Being kept") >= 3
    assert "No plan fits these filters" in text(desk.get("/desk/overdue/plans/?state=late"))


def test_an_account_that_owes_nothing_has_nothing_to_be_paid_in_parts(desk, supplier):
    made = make_billed(months=0)
    assert "Nothing is there to be paid in parts" in text(desk.get(f"/desk/customers/{made.account.id}/plan/"))
