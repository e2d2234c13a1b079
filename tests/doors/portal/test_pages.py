"""What the portal's pages say."""

import re
from datetime import date
from html import unescape

import pytest
import time_machine
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models.account import AccountHolder
from billing.models.payment import Payment, PaymentChannel
from billing.operations import bills as bill_operations
from billing.operations import payments
from cis.kernel.actors import SYSTEM
from cis.kernel.periods import add_months
from cis.platform.models import AuditEvent
from tests.factories import accounts, billing, contracts, metering

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 10)


@pytest.fixture(autouse=True)
def day():
    with time_machine.travel("2026-03-10T12:00:00+08:00", tick=False):
        yield


@pytest.fixture
def world():
    accounts.supplier(bank_account="6200 1")
    return contracts.world()


@pytest.fixture
def visitor(world, client):
    client.force_login(accounts.portal_user(of=world.customer))
    client.cookies["django_language"] = "en"
    return client


def _pay(world, amount_minor, reference="R1"):
    payments.receive(
        account_id=world.account.id, amount_minor=amount_minor, channel=PaymentChannel.BANK, reference=reference,
        received_date=TODAY, today=TODAY, actor=SYSTEM,
    )  # fmt: skip


def _words(reply) -> str:
    return " ".join(unescape(reply.content.decode()).split())


def _home(visitor):
    return _words(visitor.get(reverse("portal:bills")))


def test_without_bills_the_page_says_when_they_come(world, visitor):
    words = _home(visitor)
    assert "No bills yet" in words
    assert "Nothing to pay" in words


def test_without_an_account_the_page_says_so(client):
    accounts.supplier()
    client.force_login(accounts.portal_user())
    client.cookies["django_language"] = "en"
    for page in ("bills", "payments"):
        assert "No account yet" in _words(client.get(reverse(f"portal:{page}")))
    assert client.get(reverse("portal:profile")).status_code == 200


def test_what_is_owed_stands_first_with_its_day(world, visitor):
    billing.issued(world=world, start_date=date(2026, 2, 1), end_date=date(2026, 3, 1))
    words = _home(visitor)
    assert "¥61.70" in words
    assert "Please pay by 21 Mar 2026." in words
    assert "6200 1" in words


def test_what_is_overdue_says_so(world, visitor):
    billing.issued(world=world)
    billing.issued(world=world, kwh=200, start_date=date(2026, 2, 1), end_date=date(2026, 3, 1))
    words = _home(visitor)
    assert "¥185.10" in words
    assert "¥61.70 of it is overdue." in words


def test_paid_bills_and_credit(world, visitor):
    billing.issued(world=world)
    _pay(world, 10_000)
    words = _home(visitor)
    assert "¥38.30" in words
    assert "is your credit" in words
    assert "Paid" in words


def test_a_bill_of_nothing_and_one_that_is_a_credit_were_never_paid(world, visitor):
    bills = [
        billing.issued(world=world, kwh=0), billing.issued(world=world, kwh=-100, start_date=date(2026, 2, 1),
                                                           end_date=date(2026, 3, 1)),
    ]  # fmt: skip
    page = _home(visitor)
    assert page.count('<span class="state">Nothing to pay</span>') == 3, "the latest one twice"
    for one in bills:
        page += _words(visitor.get(reverse("portal:bill", args=[one.number])))
    assert ">Paid<" not in page


def test_the_latest_bill_is_compared_by_the_day_with_the_month_and_the_year_before(world, visitor):
    billing.issued(world=world, kwh=200, start_date=date(2025, 2, 1), end_date=date(2025, 3, 1))
    billing.issued(world=world, kwh=310)
    billing.issued(world=world, kwh=140, start_date=date(2026, 2, 1), end_date=date(2026, 3, 1))
    words = _home(visitor)
    assert "140 kWh in 28 days" in words
    assert "<b>50% less</b> a day than in Jan 2026" in words
    assert "<b>30% less</b> a day than in Feb 2025" in words


def test_the_bill_page_shows_how_it_is_computed(world, visitor):
    bill = billing.issued(world=world)
    [register] = metering.metered(at=world.service_point)
    metering.usage(
        of=register, start_date=date(2026, 1, 1), end_date=date(2026, 2, 1), kwh=100,
        start_reading_wh=5_000_000, end_reading_wh=5_100_000,
    )  # fmt: skip
    words = _words(visitor.get(reverse("portal:bill", args=[bill.number])))
    assert "100 kWh at ¥0.617 each" in words
    assert "5,000 → 5,100" in words
    assert "of which VAT" in words
    assert "100 kWh in 31 days, about 3.2 kWh a day" in words


def test_steps_are_told_in_words(visitor, world):
    from_pack = contracts.tariffs.from_pack()
    bill = billing.issued(world=world)
    segment = bill.segments.get()
    segment.tariff_version, segment.before_wh = from_pack, 3_000_000
    segment.save()
    bill.lines.update(code="energy", step=1)
    words = _words(visitor.get(reverse("portal:bill", args=[bill.number])))
    assert "Step 1 of 3" in words
    assert "3,100 kWh used this year" in words
    assert "20 kWh are left at this price; above that the price of step 2 holds" in words


def test_a_cancelled_bill_and_its_credit_note_are_told_apart(world, visitor):
    bill = billing.issued(world=world)
    bill_operations.cancel(bill_id=bill.id, reason="wrong", as_of_date=TODAY, actor=SYSTEM)
    words = _words(visitor.get(reverse("portal:bill", args=[bill.number])))
    assert "Do not pay it." in words
    note = _words(visitor.get(reverse("portal:bill", args=["0000000002"])))
    assert "Credit note" in note
    assert "−¥61.70" in note
    assert "Nothing to pay" in _home(visitor)


def test_payments_are_listed(world, visitor):
    assert "No payments yet" in _words(visitor.get(reverse("portal:payments")))
    _pay(world, 5_000, reference="BOC-77")
    words = _words(visitor.get(reverse("portal:payments")))
    assert "¥50.00" in words
    assert "BOC-77" in words


def test_my_details_show_contacts_and_cannot_be_changed_here(world, visitor):
    accounts.contact_point(of=world.customer, kind="mobile", value="+8613812345678")
    words = _words(visitor.get(reverse("portal:profile")))
    assert "+8613812345678" in words
    assert "<input" not in words.split("<main", 1)[1]


def test_hostile_names_stay_text(visitor, world):
    world.customer.name = "<script>alert(1)</script>{{ 1 }}"
    world.customer.save()
    page = visitor.get(reverse("portal:profile")).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 1 }}" in page


@pytest.mark.parametrize("page", ["bills", "payments", "profile"])
def test_statements_do_not_grow_with_the_number_of_bills(world, visitor, page):
    def count():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            visitor.get(reverse(f"portal:{page}"))
        return len(queries)

    billing.issued(world=world)
    _pay(world, 10, reference="a")
    count()
    one = count()
    for month in range(2, 9):
        billing.issued(world=world, start_date=date(2025, month, 1), end_date=date(2025, month + 1, 1))
        _pay(world, 10, reference=f"r{month}")
    assert count() == one <= 20


class TestPaging:
    @pytest.fixture
    def years(self, world):
        """Three years of monthly bills and payments: two pages."""
        for month in range(38):
            start = add_months(date(2023, 1, 1), month)
            billing.issued(world=world, start_date=start, end_date=add_months(start, 1))
            Payment.objects.create(
                account=world.account, channel="bank", reference=f"R{month}", amount_minor=10, received_date=start,
            )  # fmt: skip

    @pytest.mark.parametrize("page", ["bills", "payments"])
    def test_every_row_is_on_exactly_one_page_the_newest_first(self, years, visitor, page):
        mark = re.compile(r'<small class="tabular">([^<]+)</small>')
        seen, url = [], reverse(f"portal:{page}")
        query = ""
        while query is not None:
            words = visitor.get(f"{url}{query}").content.decode()
            seen += mark.findall(words)
            [query] = re.findall(r'rel="next" href="([^"]+)"', words) or [None]
        wanted = [f"{38 - n:010d}" if page == "bills" else f"R{37 - n}" for n in range(38)]
        assert seen == wanted

    def test_further_pages_show_the_list_alone_and_lead_back(self, years, visitor):
        first, second = (_words(visitor.get(f"{reverse('portal:bills')}?page={n}")) for n in (1, 2))
        assert "Latest bill" in first
        assert "Earlier bills" in second
        assert "Latest bill" not in second
        assert 'rel="prev" href="?page=1"' in second

    @pytest.mark.parametrize("page", ["bills", "payments"])
    def test_a_page_after_the_last_is_not_found(self, years, visitor, page):
        assert visitor.get(f"{reverse(f'portal:{page}')}?page=3").status_code == 404
        assert visitor.get(f"{reverse(f'portal:{page}')}?page=x").status_code == 200

    def test_the_account_stays_chosen_from_page_to_page(self, years, visitor, world):
        words = visitor.get(f"{reverse('portal:bills')}?account={world.account.number}").content.decode()
        assert f'href="?account={world.account.number}&amp;page=2"' in words

    @pytest.mark.parametrize("page", ["bills", "payments"])
    def test_the_statements_are_those_of_a_short_list(self, world, visitor, page, request):
        def count():
            with CaptureQueriesContext(connection) as queries:
                visitor.get(reverse(f"portal:{page}"))
            return len(queries)

        billing.issued(world=world)
        _pay(world, 10, reference="a")
        count()
        one = count()
        request.getfixturevalue("years")
        assert count() == one


def test_pages_of_both_languages_carry_the_words_of_their_language(world, visitor):
    visitor.cookies["django_language"] = "zh-hans"
    page = visitor.get(reverse("portal:bills")).content.decode()
    assert 'lang="zh-hans"' in page


def test_a_page_keeps_nothing_inline_that_the_policy_refuses(world, visitor):
    reply = visitor.get(reverse("portal:bills"))
    policy = reply["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_a_bill_says_what_changed_since_the_one_before_and_a_year_ago(world, visitor):
    billing.issued(world=world, kwh=90, start_date=date(2025, 2, 1), end_date=date(2025, 3, 1))
    billing.issued(world=world, kwh=100)
    bill = billing.issued(world=world, kwh=140, start_date=date(2026, 2, 1), end_date=date(2026, 3, 1))
    words = _words(visitor.get(reverse("portal:bill", args=[bill.number])))
    assert 'Since Jan 2026</h3> <strong class="tabular">¥24.68 more' in words
    # 28 days of the use of January are 90.323 kWh; what is above it is more use.
    for text in (
        "28 days instead of 31",
        "−¥5.97",
        "5 kWh a day instead of 3.2",
        "+¥30.65",
        "Since Feb 2025",
        "¥30.85",
    ):
        assert text in words, text
    assert "140 kWh at ¥0.617 each" in words


def test_the_proof_of_a_bill_is_for_its_holder_alone(world, visitor):
    bill = billing.issued(world=world)
    answer = visitor.get(reverse("portal:bill_proof", args=[bill.number]))
    assert answer["Content-Disposition"] == f'attachment; filename="bill-{bill.number}.json"'
    assert answer["Cache-Control"] == "private, no-store"
    proof = answer.json()
    assert proof["bill"]["number"] == bill.number
    assert AuditEvent.objects.filter(action="look", subject="bill_proof", subject_id=bill.id).count() == 1
    foreign = billing.issued(world=contracts.world())
    assert visitor.get(reverse("portal:bill_proof", args=[foreign.number])).status_code == 404
    assert visitor.get(reverse("portal:bill_proof", args=["12345"])).status_code == 404


def test_what_was_before_a_holder_is_compared_with_nothing(world, visitor):
    billing.issued(world=world, kwh=100)
    bill = billing.issued(world=world, kwh=140, start_date=date(2026, 2, 1), end_date=date(2026, 3, 1))
    AccountHolder.objects.update(period=DateRange(date(2026, 2, 1), None))
    words = _words(visitor.get(reverse("portal:bill", args=[bill.number])))
    assert "What changed" not in words
    assert visitor.get(reverse("portal:bill_proof", args=[bill.number])).json()["changes"] == []


def test_a_bill_tells_what_is_to_be_paid_today_and_how_much_of_it_is_late_fee(world, visitor):
    """617.00, ten days after its due date: 10 x 0.617."""
    bill = billing.issued(world=world, kwh=1_000)
    with time_machine.travel("2026-03-03T02:00:00Z", tick=False):
        page = visitor.get(reverse("portal:bill", args=[bill.number])).content.decode()
        first = visitor.get(reverse("portal:bills")).content.decode()
    for text in ("¥623.17", "¥6.17", "1 ‰ × ¥617.00"):
        assert text in page, text
    assert "¥6.17" in first
