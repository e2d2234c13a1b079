"""Numbers by which the state knows a customer: resident identity card, company registration."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from stdnum.cn import ric, uscc
from stdnum.exceptions import InvalidComponent

from cis.kernel.errors import Refused

LENGTH = 18
MOST = 40
USCC_ALPHABET = frozenset("0123456789ABCDEFGHJKLMNPQRTUWXY")
USCC_REGION = slice(2, 8)


class CustomerKind(StrEnum):
    """What a customer is before the law."""

    RESIDENT = "resident"
    COMPANY = "company"
    AGENCY = "agency"


class BadIdNumber(Refused):
    """The number cannot be one that an authority gave out."""

    code = "bad_id_number"


def resident_id(text: str) -> str:
    """
    Return a Chinese resident identity number (公民身份号码) in its plain form.

    Length, digits, birth date and check character are tested; the place is not, since a person may have got the
    number long after birth, in a district that did not exist then. Residence permits of residents from Hong Kong,
    Macao and Taiwan and the foreign permanent resident card of 2023 have the same form.
    [source: GB 11643-1999, check character by ISO 7064 MOD 11-2]

    :raises BadIdNumber: it is no such number; the message says why.
    """
    number = ric.compact("".join(text.split()).replace("-", ""))
    _check_length(number, "A resident identity number")
    if not (number[:-1].isascii() and number[:-1].isdigit()):
        raise BadIdNumber("A resident identity number has 17 digits, then a digit or X.", advice=_COMPARE)
    try:
        ric.get_birth_date(number)
    except InvalidComponent:
        born = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
        raise BadIdNumber(f"Digits 7 to 14 are the birth date, and {born} is no date.", advice=_COMPARE) from None
    if number[-1] != ric.calc_check_digit(number):
        raise BadIdNumber("The last character does not fit the digits before it.", advice=_COMPARE)
    return number


def company_code(text: str) -> str:
    """
    Return a Chinese unified social credit code (统一社会信用代码) in its plain form.

    The first two characters may be letters: a village co-operative's code begins with N2.
    [source: GB 32100-2015]

    :raises BadIdNumber: it is no such code; the message says why.
    """
    number = uscc.compact(text)
    _check_length(number, "A unified social credit code")
    if not USCC_ALPHABET.issuperset(number):
        wrong = ", ".join(sorted(set(number) - USCC_ALPHABET))
        raise BadIdNumber(
            f"A unified social credit code has no {wrong}.", advice="I, O, S, V and Z are not used: is it 1, 0, 5 or 2?"
        )
    if not number[USCC_REGION].isdigit():
        raise BadIdNumber("Characters 3 to 8 are the region's code and must be digits.", advice=_COMPARE)
    if number[-1] != uscc.calc_check_digit(number):
        raise BadIdNumber("The last character does not fit those before it.", advice=_COMPARE)
    return number


def id_number(text: str, *, kind: CustomerKind, country: str) -> str:
    """
    Return the identity number of a customer in its plain form; "" if none is given.

    :param country: ISO 3166 code in small letters; a country without a known form takes any number as written.
    :raises BadIdNumber: the number does not have the form that this kind of customer has there.
    """
    given = text.strip()
    if not given:
        return ""
    form = FORMS.get((country, kind))
    if form:
        return form(given)
    if len(given) > MOST:
        raise BadIdNumber(f"An identity number has at most {MOST} characters.", advice="Write the number alone.")
    return given


def masked(number: str) -> str:
    """Return an identity number of which only the last four characters can be read."""
    return "*" * (len(number) - 4) + number[-4:] if len(number) > 4 else "*" * len(number)  # noqa: PLR2004


def _check_length(number: str, what: str) -> None:
    if len(number) != LENGTH:
        raise BadIdNumber(f"{what} has {LENGTH} characters, this one has {len(number)}.", advice=_COMPARE)


_COMPARE = "Compare it with the card or certificate, character by character."
FORMS: Mapping[tuple[str, CustomerKind], Callable[[str], str]] = {
    ("cn", CustomerKind.RESIDENT): resident_id,
    ("cn", CustomerKind.COMPANY): company_code,
    ("cn", CustomerKind.AGENCY): company_code,
}
"""Form of the number by country and kind of customer."""
