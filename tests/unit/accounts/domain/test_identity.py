import pytest

from accounts.domain.identity import BadIdNumber, CustomerKind, company_code, id_number, masked, resident_id


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("11010519491231002X", "11010519491231002X"),  # the example of GB 11643-1999
        ("11010519491231002x", "11010519491231002X"),
        (" 440524 18800101 0014 ", "440524188001010014"),  # its example of a birth in the 19th century
        ("310115197503150014", "310115197503150014"),  # Pudong, by a person born before the district was founded
    ],
)
def test_a_resident_number_is_kept_in_its_plain_form(typed, kept):
    assert resident_id(typed) == kept


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("1101051949123100", "has 18 characters, this one has 16"),
        ("11010519491231002Y", "last character does not fit"),
        ("110105194912310021", "last character does not fit"),
        ("110105194913310025", "1949-13-31 is no date"),
        ("1101051949123I002X", "17 digits"),
    ],
)
def test_a_wrong_resident_number_is_refused_with_its_reason(typed, said):
    with pytest.raises(BadIdNumber, match=said) as refused:
        resident_id(typed)
    assert refused.value.advice


@pytest.mark.parametrize(
    "typed",
    [
        "91110000600037341L",
        "9111 0000 6000 37341l",
        "N2440111MF5PXQ6009",  # a village co-operative: its first character is a letter
    ],
)
def test_a_company_code_is_kept_in_its_plain_form(typed):
    assert company_code(typed) == typed.replace(" ", "").upper()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("9111000060003734", "has 18 characters"),
        ("91110000600037341I", "has no I"),
        ("91110000600037341M", "does not fit"),
        ("911100A0600037341L", "region"),
    ],
)
def test_a_wrong_company_code_is_refused_with_its_reason(typed, said):
    with pytest.raises(BadIdNumber, match=said) as refused:
        company_code(typed)
    assert refused.value.advice


def test_the_form_follows_from_country_and_kind():
    assert id_number("", kind=CustomerKind.RESIDENT, country="cn") == ""
    assert id_number("51 824 753 556", kind=CustomerKind.COMPANY, country="au") == "51 824 753 556"
    with pytest.raises(BadIdNumber):
        id_number("91110000600037341L", kind=CustomerKind.RESIDENT, country="cn")
    with pytest.raises(BadIdNumber):
        id_number("x" * 41, kind=CustomerKind.RESIDENT, country="au")


def test_only_the_last_four_characters_can_be_read():
    assert masked("11010519491231002X") == "**************002X"
    assert masked("123") == "***"
    assert masked("") == ""
