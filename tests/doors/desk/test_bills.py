"""Bills on the desk: the list, one bill and why, paper, cancelling."""

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext

from billing.models.bill import Bill
from billing.operations import proof
from billing.queries import bills, documents
from cis.platform.models import AuditEvent
from tests.db.billing import night, proven
from tests.db.billing import test_charges as charged
from tests.db.billing import test_measured as measured
from tests.db.billing import test_proration as prorated
from tests.db.billing import test_sequence as chained
from tests.doors.desk.conftest import make_billed
from tests.factories import accounts, billing

pytestmark = pytest.mark.django_db


def test_a_bill_shows_its_lines_its_sums_and_why(desk, billed):
    page = desk.get(f"/desk/bills/{billed.bills[1].id}/").content.decode()
    for text in ("100 kWh", "0.617", "¥61.70", "¥7.10", "Why this amount", "Month before"):
        assert text in page, text
    assert AuditEvent.objects.filter(action="look", subject_id=billed.customer.id).exists()


def test_a_bill_comes_as_pdf(desk, billed):
    answer = desk.get(f"/desk/bills/{billed.bills[0].id}/bill.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")


def test_cancelling_needs_a_reason_and_leaves_the_books_balanced(desk, billed):
    url = f"/desk/bills/{billed.bills[0].id}/cancel/"
    assert "A credit note of ¥61.70" in desk.get(url).content.decode()
    assert "required" in desk.post(url, {"reason": " "}).content.decode()
    page = desk.post(url, {"reason": "read was wrong"}, follow=True).content.decode()
    assert "is cancelled" in page
    assert "Credit note" in page
    assert Bill.objects.get(id=billed.bills[0].id).state == "cancelled"
    assert proof.verify() == ()
    assert "cannot be cancelled" in desk.post(url, {"reason": "again"}).content.decode()


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("", 2),
        ("state=overdue", 1),
        ("state=issued", 2),
        ("state=cancelled", 0),
        ("month=2026-01-01", 1),
        ("text=9999999999", 0),
        ("page=2", 0),
        ("state=nonsense", 2),
    ],
)
def test_filters_choose_bills(desk, billed, query, rows):
    page = desk.get(f"/desk/bills/?{query}").content.decode()
    assert sum(f'href="/desk/bills/{bill.id}/"' in page for bill in billed.bills) == rows


def test_the_list_comes_as_a_file(desk, billed):
    text = b"".join(desk.get("/desk/bills.csv?month=2026-01-01").streaming_content).decode("utf-8-sig")
    assert text.splitlines()[1].startswith(
        f"{billed.bills[0].number},{billed.account.number},regular,issued,2026-01-01"
    )
    assert len(text.splitlines()) == 2


def _statements(desk, url):
    desk.get(url)
    with CaptureQueriesContext(connection) as taken:
        desk.get(url)
    return len(taken)


@pytest.mark.parametrize("url", ["/desk/bills/", "/desk/bills/?state=overdue", "/desk/customers/", "/desk/runs/", "/"])
def test_lists_take_a_constant_number_of_statements(desk, billed, url):
    before = _statements(desk, url)
    for month in range(3):
        make_billed(name=f"客户{month}")
    assert _statements(desk, url) == before <= 20


def test_one_bill_takes_a_constant_number_of_statements(desk, billed, supplier):
    one = _statements(desk, f"/desk/bills/{billed.bills[0].id}/")
    make_billed()
    assert _statements(desk, f"/desk/bills/{billed.bills[1].id}/") == one <= 22


def test_a_draft_has_no_number_and_cannot_be_cancelled(desk, billed):
    draft = billing.draft(world=_world(billed))
    page = desk.get(f"/desk/bills/{draft.id}/").content.decode()
    assert "Draft of a bill" in page
    assert f"/desk/bills/{draft.id}/cancel/" not in page


def _world(billed):
    class World:
        account = billed.account
        agreement = billed.agreement
        version = billed.tariff.versions.get()

    return World


def test_a_bill_is_explained_from_its_readings_to_its_postings(desk, billed):
    bill = billed.bills[1]
    page = desk.get(f"/desk/bills/{bill.id}/explain/").content.decode()
    for text in ("1,100 → 1,200", "energy · energy", ">6170<", "revenue.energy", "Since Jan 2026"):
        assert text in page, text
    assert "28 days instead of 31" in page
    assert f'href="/desk/bills/{bill.id}/proof.json"' in page
    looks = AuditEvent.objects.filter(action="look").values_list("subject", "subject_id")
    assert {("bill_proof", bill.id), ("customer", billed.customer.id)} <= set(looks)


def test_the_proof_comes_as_a_file_and_a_bill_that_is_not_there_as_404(desk, billed):
    answer = desk.get(f"/desk/bills/{billed.bills[0].id}/proof.json")
    assert answer["Content-Disposition"] == 'attachment; filename="bill-0000000001.json"'
    assert answer.json()["bill"]["amount_minor"] == 6170
    for page in ("explain/", "proof.json"):
        assert desk.get(f"/desk/bills/999999/{page}").status_code == 404


def test_a_bill_without_kept_inputs_and_a_credit_note_are_explained_too(desk, billed):
    bill = billed.bills[0]
    bill.segments.update(inputs=None)
    assert "Inputs not kept" in desk.get(f"/desk/bills/{bill.id}/explain/").content.decode()
    desk.post(f"/desk/bills/{bill.id}/cancel/", {"reason": "read was wrong"})
    note = Bill.objects.get(kind="credit")
    page = desk.get(f"/desk/bills/{note.id}/explain/").content.decode()
    assert f"takes back what bill {bill.number} charged" in page


def test_explaining_takes_the_same_number_of_statements_however_many_lines(desk, billed):
    url = f"/desk/bills/{billed.bills[1].id}/explain/"
    desk.get(url)
    with CaptureQueriesContext(connection) as few:
        desk.get(url)
    line = billed.bills[1].lines.get()
    for seq in range(2, 12):
        line.seq = seq
        line.save(force_insert=True)
    with CaptureQueriesContext(connection) as many:
        desk.get(url)
    assert len(many) == len(few) <= 45


def paper(bill):
    return render_to_string("documents/bill.html", {"document": documents.of_bill(bill_id=bill.id)})


@pytest.mark.parametrize(("amount_minor", "note"), [(0, ""), (-500, "Booked on the account")])
def test_a_bill_of_nothing_and_one_that_is_a_credit_are_not_said_to_be_paid(desk, billed, amount_minor, note):
    bill = billed.bills[1]
    Bill.objects.filter(id=bill.id).update(amount_minor=amount_minor, balance_before_minor=0)
    page = desk.get(f"/desk/bills/{bill.id}/").content.decode()
    assert '<span class="state">Nothing to pay</span>' in page
    text = paper(bill)
    assert "Nothing to pay" in text
    assert "Taken from your credit" not in text
    assert note in text


def test_energy_at_hourly_prices_shows_the_mean_and_the_margin(desk):
    measured.TestHourlyPrices().account()
    measured.load(night.JANUARY)
    night.bill()
    bill = Bill.objects.get()
    line = bills.one(bill_id=bill.id).segments[0].lines[0]
    assert line.price != line.margin == "0.02"
    page = desk.get(f"/desk/bills/{bill.id}/").content.decode()
    assert f"{line.price}<br>" in page
    assert "mean of hourly prices, margin 0.02 in it" in page
    page = desk.get(f"/desk/bills/{bill.id}/explain/").content.decode()
    assert "day-ahead" in page
    assert "exchange" in page
    assert "逐时电价均价，含加价 0.02" in paper(bill)


def test_usage_that_was_dealt_to_days_is_explained_as_an_estimate(desk):
    accounts.supplier()
    _, version = prorated.supplied()
    prorated.change_price(version, prorated.BY_DAYS)
    proven.read_as_approved()
    night.bill()
    bill = Bill.objects.get()
    assert [one.split_by for one in bills.one(bill_id=bill.id).segments] == ["days", "days"]
    for page in (f"/desk/bills/{bill.id}/", f"/desk/bills/{bill.id}/explain/"):
        found = desk.get(page).content.decode()
        assert "dealt to the days evenly" in found or "dealt to days evenly" in found
    assert "按日平均分摊" in paper(bill)


def test_what_earlier_bills_hand_on_and_a_penalty_are_explained(desk):
    home = chained.supplied(chained.document(chained.NET, chained.ENERGY))
    for number, given in enumerate((300, 0)):
        chained.used(home, number, 100, given)
    proven.read_as_approved()
    night.bill(chained.month(0))
    charged.agreed(home.id)
    night.bill(chained.month(1))
    bill = Bill.objects.latest("id")
    page = desk.get(f"/desk/bills/{bill.id}/explain/").content.decode()
    for text in ("What earlier bills hand on", "Carried on", "breach_tampering", "home 500"):
        assert text in page, text
