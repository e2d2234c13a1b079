import pytest

from accounts.domain.contact import BadContact, ContactKind, Shown, contact, dialled, shown, telephone


@pytest.mark.parametrize(
    "typed", ["13812345678", "+86 138 1234 5678", "0086-138-1234-5678", "8613812345678", "１３８１２３４５６７８"]
)
def test_a_mobile_has_one_form_however_it_was_typed(typed):
    assert telephone(typed, country="cn") == (ContactKind.MOBILE, "+8613812345678")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("021-62345678", "+862162345678"),
        ("021-62345678 ext 801", "+862162345678;ext=801"),
        ("400-820-8888", "+864008208888"),
    ],
)
def test_a_number_that_takes_no_text_message_is_a_landline(typed, kept):
    assert telephone(typed, country="cn") == (ContactKind.PHONE, kept)


@pytest.mark.parametrize("typed", ["", "95598", "1381234567", "138123456789", "张三", "+99 1"])
def test_what_nobody_could_dial_is_refused(typed):
    with pytest.raises(BadContact) as refused:
        telephone(typed, country="cn")
    assert refused.value.advice
    assert dialled(typed, country="cn") is None


def test_an_email_keeps_its_name_and_lowers_its_domain():
    assert contact(" Li.Si@Example.COM ", kind=ContactKind.EMAIL, country="cn") == (
        ContactKind.EMAIL,
        "Li.Si@example.com",
    )


@pytest.mark.parametrize(
    "typed", ["", "li", "li@", "@example.com", "li si@example.com", "li@example", "li@a.com\nBcc: x@y.zz"]
)
def test_what_is_no_email_is_refused(typed):
    with pytest.raises(BadContact):
        contact(typed, kind=ContactKind.EMAIL, country="cn")


def test_an_address_stands_on_one_line():
    kept = contact("上海市黄浦区\n  南京东路1号 ", kind=ContactKind.POST, country="cn")
    assert kept == (ContactKind.POST, "上海市黄浦区 南京东路1号")
    for wrong in (" ", "x" * 301):
        with pytest.raises(BadContact):
            contact(wrong, kind=ContactKind.POST, country="cn")


def test_a_mobile_is_shown_before_a_landline():
    both = {ContactKind.PHONE: "+862162345678", ContactKind.MOBILE: "+8613812345678"}
    assert shown(both).phone == "+8613812345678"
    assert shown({ContactKind.PHONE: "+862162345678"}).phone == "+862162345678"
    assert shown({}) == Shown("", "", "")
