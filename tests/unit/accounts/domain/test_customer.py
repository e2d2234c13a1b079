from datetime import date

from accounts.domain import account
from accounts.domain.account import NewAccount
from accounts.domain.contact import ContactKind
from accounts.domain.customer import NewCustomer, check
from cis.kernel.errors import Findings
from cis.kernel.text import query_bigrams


def checked(**values):
    findings = Findings()
    return check(NewCustomer(**values), country="cn", findings=findings), list(findings)


def test_a_customer_is_kept_in_canonical_form():
    kept, findings = checked(
        name=" 张三 ",
        id_number="11010519491231002x",
        phone="138 1234 5678",
        email="Z@Example.com",
        postal_address="南京东路1号",
    )

    assert findings == []
    assert (kept.name, kept.name_pinyin, kept.id_number) == ("张三", "zhang san", "11010519491231002X")
    assert kept.contacts == (
        (ContactKind.MOBILE, "+8613812345678"),
        (ContactKind.EMAIL, "Z@example.com"),
        (ContactKind.POST, "南京东路1号"),
    )


def test_all_wrong_fields_are_found_at_once_each_at_its_place():
    kept, findings = checked(
        name=" ", id_number="123", phone="1", email="x", language="fr", external_id="x" * 65, where="customers.csv:3"
    )

    assert kept is None
    assert [finding.where for finding in findings] == [
        f"customers.csv:3: {field}" for field in ("language", "external_id", "name", "id_number", "phone", "email")
    ]
    assert all(finding.message for finding in findings)


def test_an_unknown_kind_is_found():
    kept, findings = checked(name="张三", kind="person")
    assert kept is None
    assert [(finding.where, finding.code) for finding in findings] == [("kind", "unknown_kind")]


def test_name_pinyin_and_number_are_found_by_any_part_but_not_the_identity_number():
    kept, _ = checked(name="王小明", id_number="11010519491231002X", phone="13812345678")
    grams = set(kept.search_grams)

    for part in ("小明", "王", "xiaoming", "5678", "138123"):
        assert grams.issuperset(query_bigrams(part)), part
    assert not grams.issuperset(query_bigrams("19491231"))


def test_an_account_is_checked_alone():
    findings = Findings()
    account.check(
        NewAccount(external_id="A1", customer="C1", opened_date=date(2024, 1, 1), number="3100-12A"), findings=findings
    )
    assert not findings
    account.check(
        NewAccount(external_id="", customer="C1", opened_date=date(2024, 1, 1), number="一号", where="a.csv:2"),
        findings=findings,
    )
    assert [finding.where for finding in findings] == ["a.csv:2: external_id", "a.csv:2: number"]
