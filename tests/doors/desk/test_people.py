"""Customers who are one at the desk: the queue, side by side, two persons, the way back; and all that happened."""

from datetime import date

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models.account import AccountHolder
from accounts.models.care import Protection
from accounts.models.contact import ContactPoint
from accounts.models.customer import Customer
from accounts.models.notice import Notice
from accounts.models.people import CustomerMerge, DuplicatePair
from accounts.operations import customers as customer_operations
from accounts.operations import duplicates, merge_rows, merges
from accounts.operations.merges import NewMerge
from cashiering.models.debit import Mandate
from cashiering.operations import mandates
from cis.desk import people_words
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform import looks, sealed_documents
from tests.doors.desk.conftest import make_billed, sign_in
from tests.factories import accounts, cases, contracts, debits, work

pytestmark = pytest.mark.django_db


def text(answer):
    return answer.content.decode()


@pytest.fixture
def twins(supplier):
    """Two customers with one telephone and one name."""
    made = [accounts.customer(name="王芳", note=note) for note in ("dog", "gate code")]
    for one in made:
        accounts.account(holder=one)
        accounts.contact_point(of=one, value="+8613812345678")
    accounts.portal_user(of=made[1], username="wangfang")
    duplicates.find(at=timezone.now())
    return made


def typed(**values):
    return {"action": "merge", "survivor": "first", "reason": "same card", "keep_note": "both", **values}


def test_a_pair_is_compared_merged_field_by_field_and_parted(desk, twins):
    pair = DuplicatePair.objects.get()
    page = text(desk.get("/desk/care/duplicates/"))
    assert "Same name and telephone" in page
    assert "王芳" in b"".join(desk.get("/desk/care/duplicates.csv").streaming_content).decode()
    url = f"/desk/care/duplicates/{pair.id}/"
    page = text(desk.get(url))
    assert all(words in page for words in ("dog", "gate code", "wangfang", twins[0].external_id))
    assert "is-invalid" in text(desk.post(f"{url}act/", typed(reason="")))
    answer = desk.post(f"{url}act/", typed(keep_name="second"), follow=True)
    assert "They are one customer from now on" in text(answer)
    merge = CustomerMerge.objects.get()
    assert Customer.objects.get(id=twins[0].id).note == "dog\ngate code"
    assert AccountHolder.objects.filter(customer=twins[0]).count() == 2
    page = text(desk.get(f"/desk/care/merges/{merge.id}/"))
    assert "Accounts that were held" in page
    late = accounts.account(holder=twins[0])
    holding = AccountHolder.objects.get(account=late)
    act = f"/desk/care/merges/{merge.id}/act/"
    assert "Say of each where it belongs" in text(desk.post(act, {"action": "undo", "reason": "two"}, follow=True))
    told = {"action": "undo", "reason": "two", f"since-accounts_accountholder:{holding.id}": "back"}
    assert "They are two customers again" in text(desk.post(act, told, follow=True))
    assert set(AccountHolder.objects.filter(customer=twins[1]).values_list("account__id", flat=True)) >= {late.id}
    assert Customer.objects.get(id=twins[0].id).note == "dog"
    assert "Parted again" in text(desk.get("/desk/care/merges/?state=undone"))
    assert desk.post(act, {"action": "nonsense"}).status_code == 404


def test_who_lives_on_electricity_waits_for_a_second_person(desk, twins, client):
    Protection.objects.create(customer=twins[0], kind="life_support", told="x", since_date=date(2026, 1, 1))
    pair = DuplicatePair.objects.get()
    page = text(desk.post(f"/desk/care/duplicates/{pair.id}/act/", typed(), follow=True))
    assert "a second person decides" in page
    assert "another person decides" in page
    merge = CustomerMerge.objects.get()
    assert f"/desk/care/duplicates/{pair.id}/" in page, "who decides sees the two side by side"
    sign_in(client, Role.SUPERVISOR)
    page = text(client.post(f"/desk/care/merges/{merge.id}/act/", {"action": "agree"}, follow=True))
    assert "It is decided" in page
    assert Customer.objects.get(id=twins[1].id).merged_into_id == twins[0].id


def test_told_apart_leaves_the_queue(desk, twins):
    pair = DuplicatePair.objects.get()
    desk.post(f"/desk/care/duplicates/{pair.id}/act/", {"action": "apart", "note": "sisters"})
    assert "sisters" not in text(desk.get("/desk/care/duplicates/"))
    assert "sisters" in text(desk.get("/desk/care/duplicates/?state=different"))


def test_two_accounts_are_compared_by_hand(desk, twins):
    numbers = AccountHolder.objects.order_by("id").values_list("account__number", flat=True)
    DuplicatePair.objects.all().delete()
    answer = desk.post("/desk/care/duplicates/name/", dict(zip(("first", "second"), numbers, strict=True)), follow=True)
    assert "Named by somebody" in text(answer)
    answer = desk.post("/desk/care/duplicates/name/", {"first": "1", "second": numbers[0]}, follow=True)
    assert DuplicatePair.objects.count() == 1
    assert answer.status_code == 200


def test_who_only_reads_decides_nothing(supplier, twins, client):
    sign_in(client, Role.AUDITOR)
    pair = DuplicatePair.objects.get()
    assert "keep_note" not in text(client.get(f"/desk/care/duplicates/{pair.id}/"))
    assert client.post(f"/desk/care/duplicates/{pair.id}/act/", typed()).status_code == 403
    assert not CustomerMerge.objects.exists()


def test_a_number_is_proven_at_the_desk_and_the_screen_that_pops_up_warns(desk, twins):
    _first, second = ContactPoint.objects.filter(kind="mobile").order_by("id")
    account = AccountHolder.objects.get(customer=twins[1]).account
    url = f"/desk/customers/{account.id}/holder/{twins[1].id}/contacts/"
    desk.post(url, {"do": "send_code", "contact": second.id})
    code = Notice.objects.get(event="one_time_code").secret
    assert "does not fit" in text(desk.post(url, {"do": "try_code", "contact": second.id, "code": "x"}, follow=True))
    assert "proven" in text(desk.post(url, {"do": "try_code", "contact": second.id, "code": code}, follow=True))
    page = text(desk.get("/desk/cases/new/?caller=13812345678"))
    assert "nothing of them is shown before the caller is checked" in page
    assert "王芳" not in page
    assert "another customer proved it" in text(desk.get("/desk/search/?q=13812345678"))


def test_all_that_happened_is_there_by_kind_and_page(desk, supplier):
    billed = make_billed()
    cases.taken(account_id=billed.account.id, title="Lamp flickers")
    Protection.objects.create(customer=billed.customer, kind="vulnerable", told="x", since_date=date(2026, 1, 1))
    url = f"/desk/customers/{billed.account.id}/timeline/"
    with CaptureQueriesContext(connection) as asked:
        page = text(desk.get(url))
    assert len(asked) < 70
    for words in (f"Bill {billed.bills[0].number}", "Lamp flickers", "Vulnerable customer"):
        assert words in page
    only = text(desk.get(f"{url}?kind=protections"))
    assert "Vulnerable customer" in only
    assert "Lamp flickers" not in only
    assert "Nothing of this kind" in text(desk.get(f"{url}?kind=work"))
    assert "Nothing of this kind" in text(desk.get(f"{url}?page=9"))
    assert desk.get("/desk/customers/0/timeline/").status_code == 404
    assert f"{url}" in text(desk.get(f"/desk/customers/{billed.account.id}/"))


def test_a_case_about_a_colleague_is_not_in_the_list_of_his_team(desk, supplier, client):
    billed = make_billed()
    user = accounts.staff(Role.CLERK)
    cases.taken(account_id=billed.account.id, title="Rude clerk", about_user_id=user.id)
    client.force_login(user)
    assert "Rude clerk" not in text(client.get(f"/desk/customers/{billed.account.id}/timeline/"))


def test_what_a_hidden_case_led_to_is_not_in_the_list_either(desk, supplier, client):
    billed = make_billed()
    user = accounts.staff(Role.CLERK)
    case = cases.taken(account_id=billed.account.id, about_user_id=user.id)
    order = work.order(
        service_point=billed.agreement.service_point, subject="case", subject_id=case.id, note="hidden errand"
    )
    detective = Actor(ActorKind.STAFF, 77, "Detective", frozenset({Role.CLERK}))
    customer_operations.record_look(customer_id=billed.customer.id, actor=detective, about=("case", case.id))
    pages = [f"/desk/customers/{billed.account.id}/{page}" for page in ("timeline/", "")]
    link = f"/desk/work/{order.id}/"
    assert all("Detective" in text(desk.get(page)) for page in pages)
    client.force_login(user)
    for page in pages:
        assert "Detective" not in text(client.get(page)), page
    assert link not in text(client.get(pages[0]))


def test_what_was_done_to_who_was_merged_is_on_the_page_of_who_stands(desk, supplier, client):
    one, other = accounts.customer(), accounts.customer()
    account = accounts.account(holder=one)
    clerk = Actor(ActorKind.STAFF, 77, "Early Bird", frozenset({Role.CLERK}))
    customer_operations.record_look(customer_id=other.id, actor=clerk)
    assert "Early Bird" not in text(desk.get(f"/desk/customers/{account.id}/"))
    merges.merge(
        new=NewMerge(survivor_id=one.id, merged_id=other.id, reason="one", choices={}), at=timezone.now(), actor=clerk
    )
    assert text(desk.get(f"/desk/customers/{account.id}/")).count("Early Bird") > 1
    sign_in(client, Role.AUDITOR)
    page = text(client.get(f"/desk/privacy/access-log/?account={account.number}"))
    assert "Early Bird" in page
    looks_of = looks.of_customer(customer_ids=[one.id, other.id])
    assert "Early Bird" in {look.actor_name for look in looks_of}


def test_each_table_that_follows_has_its_words():
    assert {one.table for one in merge_rows.tables()} <= set(people_words.MOVED)


def test_an_erased_document_is_gone_on_each_page_that_opens_it(desk, supplier, settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path
    world = contracts.world()
    made = mandates.enter_paper(
        new=debits.new(world), signed_date=date(2026, 1, 2), signed_by="x", scan=b"%PDF-1.4 x %%EOF", name="m.pdf",
        today=date(2026, 1, 2), actor=Actor(ActorKind.STAFF, 77, "Li", frozenset({Role.CLERK})),
    )  # fmt: skip
    scan = Mandate.objects.get(id=made).scan_id
    url = reverse("desk:mandate_scan", args=[made])
    assert desk.get(url).status_code == 200
    with transaction.atomic():
        sealed_documents.destroy_step(document_ids=[scan])
    answer = desk.get(url)
    assert answer.status_code == 410
    assert "This document is not there any more" in text(answer)
