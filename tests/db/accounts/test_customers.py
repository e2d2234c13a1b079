"""Customers: create, edit, load."""

from datetime import date

import pytest
from django.db import transaction

from accounts.domain.account import NewAccount
from accounts.domain.customer import NewCustomer
from accounts.domain.numbers import has_check_digit
from accounts.models.account import Account, AccountHolder
from accounts.models.contact import ContactPoint
from accounts.models.customer import Customer
from accounts.operations import accounts as account_operations
from accounts.operations import contacts, customers
from accounts.operations.contacts import ContactTaken, UnknownContact
from accounts.operations.customers import InvalidCustomer, InvalidLoad, StaleEdit
from accounts.queries import accounts as account_queries
from accounts.queries import customers as queries
from accounts.queries.accounts import UnknownAccount
from accounts.queries.customers import UnknownCustomer
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform.models import AuditEvent
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
CLERK = Actor(ActorKind.STAFF, 7, "wang", frozenset({Role.CLERK}))
OPENED = date(2024, 3, 1)
ZHANG = NewCustomer(
    name="张三",
    id_number="11010519491231002X",
    phone="13812345678",
    email="zhang@example.com",
    postal_address="上海市黄浦区南京东路1号",
)


def create(customer=ZHANG, **values):
    return customers.create(customer=customer, opened_date=OPENED, actor=CLERK, **values)


def events(subject):
    rows = AuditEvent.objects.filter(subject=subject).order_by("id")
    return [(row.action, row.subject_id, row.actor_name) for row in rows]


def test_a_customer_comes_with_account_holder_and_contacts():
    made = create(paper_bill=True)

    overview = account_queries.overview(account_id=made.account_id, at_date=OPENED)
    assert has_check_digit(overview.number)
    assert overview.number == made.account_number
    assert (overview.opened_date, overview.paper_bill, overview.state) == (OPENED, True, "open")
    assert overview.holder.name == "张三"
    assert overview.holder.shown.phone == "+8613812345678"
    assert all(contact.is_preferred for contact in overview.holder.contacts)
    assert [(span.customer_id, span.start_date, span.end_date) for span in overview.holders] == [
        (made.customer_id, OPENED, None)
    ]
    assert events("customer") == [("create", made.customer_id, "wang")]
    assert events("account") == [("open", made.account_id, "wang")]


def test_nothing_is_written_of_a_customer_with_wrong_fields():
    with pytest.raises(InvalidCustomer) as refused:
        create(NewCustomer(name="", phone="1"))

    assert [finding.where for finding in refused.value.detail["findings"]] == ["name", "phone"]
    assert not Customer.objects.exists()
    assert not Account.objects.exists()


def test_an_external_id_is_given_once():
    create(NewCustomer(name="张三", external_id="C1"))
    with pytest.raises(InvalidCustomer) as refused:
        create(NewCustomer(name="李四", external_id="C1"))
    assert [finding.code for finding in refused.value.detail["findings"]] == ["external_id_taken"]


def test_account_numbers_follow_each_other_and_pass_over_a_number_that_is_taken():
    first = create().account_number
    following = account_operations.account_number(serial=int(first[:-1]) - 100_000_000 + 2)
    factories.accounts.account(number=following)

    second = create(NewCustomer(name="李四")).account_number

    assert int(second[:-1]) == int(first[:-1]) + 2


def test_a_customer_may_open_one_more_account():
    made = create()
    other = account_operations.open_account(customer_id=made.customer_id, opened_date=OPENED, actor=CLERK)
    assert {span.account_id for span in account_queries.held_by(customer_id=made.customer_id)} == {
        made.account_id,
        other,
    }


def test_bills_go_on_paper_when_the_customer_chooses_it():
    made = create()
    account_operations.choose_paper(account_id=made.account_id, paper_bill=True, actor=CLERK)
    assert account_queries.overview(account_id=made.account_id, at_date=OPENED).paper_bill
    assert ("edit", made.account_id, "wang") in events("account")
    with pytest.raises(UnknownAccount):
        account_operations.choose_paper(account_id=999_999, paper_bill=True, actor=CLERK)


def test_an_edit_replaces_the_form_and_keeps_a_trace():
    made = create()
    card = queries.card(customer_id=made.customer_id)

    customers.edit(
        customer_id=made.customer_id,
        version=card.version,
        customer=NewCustomer(name="曾三", id_number="", phone="021-62345678", email="zhang@example.com"),
        actor=CLERK,
    )

    after = queries.card(customer_id=made.customer_id)
    assert (after.name, after.id_number, after.version) == ("曾三", "", card.version + 1)
    assert (after.shown.phone, after.shown.email, after.shown.postal_address) == (
        "+862162345678",
        "zhang@example.com",
        "",
    )
    assert Customer.objects.get().name_pinyin == "zeng san"
    changes = AuditEvent.objects.get(action="edit").detail["changes"]
    assert changes["name"] == ["张三", "曾三"]
    assert changes["id_number"] == ["**************002X", ""]
    assert changes["phone"] == ["+8613812345678", "+862162345678"]
    assert "email" not in changes


def test_an_edit_of_an_older_copy_is_refused_and_changes_nothing():
    made = create()
    card = queries.card(customer_id=made.customer_id)
    edit = {"customer_id": made.customer_id, "version": card.version, "actor": CLERK}
    customers.edit(customer=NewCustomer(name="李四"), **edit)

    with pytest.raises(StaleEdit):
        customers.edit(customer=NewCustomer(name="王五"), **edit)

    assert queries.card(customer_id=made.customer_id).name == "李四"


def test_a_customer_who_does_not_exist_cannot_be_edited():
    with pytest.raises(UnknownCustomer):
        customers.edit(customer_id=999_999, version=1, customer=ZHANG, actor=CLERK)


def test_the_first_contact_of_a_kind_is_preferred_and_the_preferred_one_has_an_heir():
    made = create(NewCustomer(name="张三"))
    add = {"customer_id": made.customer_id, "kind": "mobile", "actor": CLERK}
    first = contacts.add(value="13812345678", **add)
    second = contacts.add(value="13912345678", **add)
    assert queries.card(customer_id=made.customer_id).shown.phone == "+8613812345678"

    contacts.prefer(customer_id=made.customer_id, contact_id=second, actor=CLERK)
    assert queries.card(customer_id=made.customer_id).shown.phone == "+8613912345678"

    contacts.remove(customer_id=made.customer_id, contact_id=second, actor=CLERK)
    assert queries.card(customer_id=made.customer_id).shown.phone == "+8613812345678"
    with pytest.raises(ContactTaken):
        contacts.add(value="138 1234 5678", **add)
    with pytest.raises(UnknownContact):
        contacts.remove(customer_id=create(NewCustomer(name="李四")).customer_id, contact_id=first, actor=CLERK)


def test_a_look_at_personal_data_is_recorded():
    made = create()
    customers.record_look(customer_id=made.customer_id, actor=CLERK)
    assert ("look", made.customer_id, "wang") in events("customer")


def delivery(count=3):
    people = [
        NewCustomer(
            name=f"张{number}", external_id=f"C{number}", phone=f"138{number:08d}", where=f"customers.csv:{number}"
        )
        for number in range(2, count + 2)
    ]
    accounts = [
        NewAccount(external_id=f"A{new.external_id}", customer=new.external_id, opened_date=OPENED, where=new.where)
        for new in people
    ]
    return people, accounts


def load(people, accounts):
    prepared = customers.prepare(customers=people, accounts=accounts)
    with transaction.atomic():
        return customers.load(prepared=prepared, actor=CLERK)


def test_a_delivery_is_loaded_whole_and_found_like_any_customer():
    people, accounts = delivery(50)
    accounts[0] = NewAccount(
        external_id="AC2", customer="C2", opened_date=OPENED, number="3100000000017", paper_bill=True
    )

    loaded = load(people, accounts)

    assert len(loaded.customer_ids) == len(loaded.account_ids) == 50
    overview = account_queries.overview(account_id=loaded.account_ids["AC2"], at_date=OPENED)
    assert (overview.number, overview.paper_bill) == ("3100000000017", True)
    assert overview.holder.id == loaded.customer_ids["C2"]
    assert overview.holder.shown.phone == "+8613800000002"
    numbers = Account.objects.exclude(number="3100000000017").values_list("number", flat=True)
    assert len(set(numbers)) == 49
    assert all(has_check_digit(number) for number in numbers)
    assert ContactPoint.objects.count() == AccountHolder.objects.count() == 50
    assert create(NewCustomer(name="李四")).account_number not in numbers


def test_a_delivered_name_may_hold_any_mark():
    name = 'O\'Brien, "Q" {x,y} NULL \\N'
    loaded = load([NewCustomer(name=name, external_id="C1", note="a\tb\nc", where="customers.csv:2")], [])

    card = queries.card(customer_id=loaded.customer_ids["C1"])
    assert (card.name, card.note) == (name, "a\tb\nc")
    assert "ob" in Customer.objects.get().search_grams


def test_a_delivered_number_is_not_given_out_again():
    people, accounts = delivery(2)
    accounts[1] = NewAccount(external_id="AC3", customer="C3", opened_date=OPENED, number="1000000005")
    loaded = load(people, accounts)
    assert len(loaded.account_ids) == 2
    assert Account.objects.values("number").distinct().count() == 2


def test_a_later_delivery_may_bring_an_account_for_a_customer_of_an_earlier_one():
    people, accounts = delivery(1)
    first = load(people, accounts)
    second = load([], [NewAccount(external_id="A9", customer="C2", opened_date=OPENED)])
    held = account_queries.held_by(customer_id=first.customer_ids["C2"])
    assert {span.account_id for span in held} == {first.account_ids["AC2"], second.account_ids["A9"]}


def test_a_delivery_with_findings_names_all_of_them_and_writes_nothing():
    create(NewCustomer(name="李四", external_id="C2"))
    people, accounts = delivery(3)
    people[1] = NewCustomer(name="", external_id="C4", phone="1", where="customers.csv:3")
    accounts[0] = NewAccount(external_id="A1", customer="nobody", opened_date=OPENED, where="accounts.csv:2")

    prepared = customers.prepare(customers=people, accounts=accounts)

    assert [(finding.where, finding.code) for finding in prepared.findings] == [
        ("customers.csv:3: name", "bad_name"),
        ("customers.csv:3: phone", "bad_contact"),
        ("customers.csv:3: external_id", "external_id_twice"),
        ("customers.csv:4: external_id", "external_id_twice"),
        ("customers.csv:2: external_id", "external_id_taken"),
        ("accounts.csv:2: customer", "unknown_customer"),
        ("customers.csv:3: customer", "unknown_customer"),
    ]
    with pytest.raises(InvalidLoad), transaction.atomic():
        customers.load(prepared=prepared, actor=CLERK)
    assert Customer.objects.count() == 1


def test_preparing_a_delivery_takes_three_statements_whatever_its_size(django_assert_max_num_queries):
    people, accounts = delivery(200)
    with django_assert_max_num_queries(3):
        customers.prepare(customers=people, accounts=accounts)
