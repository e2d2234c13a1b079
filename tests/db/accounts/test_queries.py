"""Reading of accounts, and the search."""

from dataclasses import replace
from datetime import date

import pytest

from accounts.models.supplier import Supplier
from accounts.operations import suppliers
from accounts.queries import accounts, search, supplier
from accounts.queries.accounts import UnknownAccount
from accounts.queries.supplier import NoSupplier
from cis.kernel.actors import SYSTEM
from tests import factories

pytestmark = pytest.mark.django_db
TODAY = date(2024, 6, 1)


def found(text):
    return [(hit.name, hit.matched) for hit in search.find(text=text, at_date=TODAY)]


@pytest.fixture
def people():
    made = {}
    for name, phone in (("王小明", "+8613812345678"), ("王小红", "+8613912340000"), ("李建国", "+862162345678")):
        holder = factories.accounts.customer(name=name)
        factories.accounts.contact_point(of=holder, kind="phone" if "6234" in phone else "mobile", value=phone)
        made[name] = factories.accounts.account(holder=holder)
    return made


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("小明", ["王小明"]),
        ("王小", ["王小红", "王小明"]),
        ("王", ["王小红", "王小明"]),
        ("建国", ["李建国"]),
        ("国建", []),
        ("xiaoming", ["王小明"]),
        ("Wang Xiao", ["王小红", "王小明"]),
        ("李建国 ", ["李建国"]),
        ("100%", []),
        ("_小", []),
        ("", []),
        ("%", []),
    ],
)
def test_a_name_is_found_by_any_part_and_in_pinyin(people, typed, names):
    assert [name for name, _ in found(typed)] == names


@pytest.mark.parametrize(
    "typed",
    ["13812345678", "+86 138 1234 5678", "8613812345678", "138-1234-5678", "5678", "１３８１２３４５６７８", "3812345"],
)
def test_a_mobile_is_found_with_and_without_its_country_and_by_a_part(people, typed):
    assert ("王小明", "phone") in found(typed)
    assert ("王小红", "phone") not in found(typed)


@pytest.mark.parametrize("typed", ["021-62345678", "02162345678", "62345678", "+862162345678"])
def test_a_landline_is_found_with_and_without_its_area_code(people, typed):
    assert found(typed) == [("李建国", "phone")]


def test_an_account_number_is_found_whole_and_by_its_first_digits(people):
    number = people["李建国"].number
    assert found(number) == [("李建国", "number")]
    assert ("李建国", "number") in found(number[:8])
    assert found(number[:2]) == []


def test_an_account_is_found_by_the_ids_of_other_systems(people):
    assert found(people["王小明"].external_id) == [("王小明", "number")]
    assert found(people["王小明"].holders.get().customer.external_id) == [("王小明", "number")]


def test_a_former_holder_is_found_and_marked():
    old, new = factories.accounts.customer(name="赵六"), factories.accounts.customer(name="钱七")
    account = factories.accounts.account(holder=old, opened_date=date(2023, 1, 1))
    span = account.holders.get()
    span.period = (date(2023, 1, 1), date(2024, 1, 1))
    span.save()
    account.holders.create(customer=new, period=(date(2024, 1, 1), None))

    by_old, by_new, by_number = (search.find(text=text, at_date=TODAY) for text in ("赵六", "钱七", account.number))

    assert [(hit.name, hit.is_holder) for hit in by_old] == [("赵六", False)]
    assert [(hit.name, hit.is_holder) for hit in by_new] == [("钱七", True)]
    assert [(hit.name, hit.is_holder) for hit in by_number] == [("钱七", True)]


def test_the_search_is_one_statement_and_keeps_to_its_limit(people, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert len(search.find(text="王", at_date=TODAY, limit=1)) == 1


def test_an_overview_is_four_statements(people, django_assert_num_queries):
    with django_assert_num_queries(4):
        overview = accounts.overview(account_id=people["王小明"].id, at_date=TODAY)
    assert overview.holder.name == "王小明"


def test_the_holder_of_an_overview_is_the_one_of_the_date():
    old, new = factories.accounts.customer(name="赵六"), factories.accounts.customer(name="钱七")
    account = factories.accounts.account(holder=old, opened_date=date(2023, 1, 1))
    account.holders.update(period=(date(2023, 1, 1), date(2024, 1, 1)))
    account.holders.create(customer=new, period=(date(2024, 1, 1), None))

    def holder_on(day):
        return accounts.overview(account_id=account.id, at_date=day).holder.name

    assert [holder_on(date(2022, 1, 1)), holder_on(date(2023, 12, 31)), holder_on(date(2024, 1, 1))] == [
        "赵六",
        "赵六",
        "钱七",
    ]


def test_an_account_that_does_not_exist_is_refused():
    for read in (lambda: accounts.overview(account_id=1, at_date=TODAY), lambda: accounts.card(account_id=1)):
        with pytest.raises(UnknownAccount):
            read()
    with pytest.raises(UnknownAccount):
        accounts.id_of_number("nobody")


def test_addressees_are_the_holders_of_the_date_in_one_statement(people, django_assert_num_queries):
    ids = [account.id for account in people.values()]
    with django_assert_num_queries(1):
        to = accounts.addressees(account_ids=ids, at_date=TODAY)

    assert {one.name for one in to.values()} == set(people)
    assert to[people["王小明"].id].phone == "+8613812345678"
    assert to[people["李建国"].id].phone == "+862162345678"
    assert to[people["李建国"].id].email == ""
    assert accounts.addressees(account_ids=ids, at_date=date(2000, 1, 1)) == {}


def test_the_supplier_is_read_once_per_process(django_assert_num_queries):
    supplier.forget()
    with pytest.raises(NoSupplier):
        supplier.current()
    factories.accounts.supplier(name_zh="示范公司")
    assert supplier.current().name(language="zh-hans") == "示范公司"
    with django_assert_num_queries(0):
        assert supplier.current().name(language="en") == "Demo Electricity"
    supplier.forget()


def test_setting_up_the_supplier_again_shows_at_once_and_keeps_one_row():
    factories.accounts.supplier()
    changed = replace(supplier.current(), name_en="Other Electricity")

    suppliers.set_up(card=changed, actor=SYSTEM)

    assert supplier.current() == changed
    assert Supplier.objects.count() == 1
    supplier.forget()
