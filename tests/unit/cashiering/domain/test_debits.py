"""Bounds and days of debits, against an oracle that knows nothing of how they are worked out."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cashiering.domain import bank_accounts, debit_returns, debits, mandates
from cashiering.domain.bank_accounts import AccountKind, BadBankAccount
from cashiering.domain.debit_returns import Remedy
from cashiering.domain.debits import HeldReason, Timing
from cashiering.domain.mandates import BadMandate
from cis.kernel.calendar import BusinessCalendar
from cis.platform.calendars import business_calendar

AMOUNTS = st.integers(1, 10**9)


def _oracle(amount, limit, last, times, first_most):
    """The bound in fractions: the middle of a sorted list is found by taking ends off."""
    reasons = {HeldReason.ABOVE_LIMIT} if Fraction(amount) - limit > 0 else set()
    left = sorted(last[:12])
    if not left:
        return reasons | ({HeldReason.ABOVE_FIRST} if amount - first_most > 0 else set())
    while len(left) > 2:
        left = left[1:-1]
    median = Fraction(sum(left), len(left))
    return reasons | ({HeldReason.ABOVE_USUAL} if Fraction(amount) / median > Fraction(times, 1_000) else set())


@given(
    amount=AMOUNTS,
    limit=AMOUNTS,
    last=st.lists(AMOUNTS, max_size=20),
    times=st.integers(1, 50_000),
    first_most=AMOUNTS,
)
def test_a_debit_is_held_as_the_oracle_says(amount, limit, last, times, first_most):
    found = debits.why_held(
        amount_minor=amount, limit_minor=limit, last_minor=last, times_e3=times, first_most_minor=first_most
    )
    assert set(found) == _oracle(amount, limit, last, times, first_most)
    assert len(found) == len(set(found))


@given(last=st.lists(AMOUNTS, min_size=1, max_size=12), times=st.integers(1, 9))
def test_exactly_k_times_the_median_is_let_go_and_one_more_is_not(last, times):
    twice = 2 * sorted(last)[len(last) // 2] if len(last) % 2 else sum(sorted(last)[len(last) // 2 - 1 :][:2])
    bound = times * twice // 2  # the last whole minor unit that is not above it
    for amount, is_held in ((bound, False), (bound + 1, True)):
        found = debits.why_held(
            amount_minor=amount, limit_minor=10**12, last_minor=last, times_e3=times * 1_000, first_most_minor=1
        )
        assert (HeldReason.ABOVE_USUAL in found) == is_held


DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@given(today=DAYS, due=DAYS, notice=st.integers(0, 20), lead=st.integers(0, 5), is_late=st.booleans())
def test_a_day_of_a_debit_keeps_notice_and_lead_and_is_the_first_that_does(today, due, notice, lead, is_late):
    calendar = business_calendar("cn")
    timing = Timing(notice, lead, calendar)
    day = debits.collection_date(timing, due_date=due, today=today, is_late=is_late)

    def fits(candidate):
        sent = today + timedelta(days=is_late)
        while not calendar.is_business_day(sent):
            sent += timedelta(days=1)
        between = sum(calendar.is_business_day(sent + timedelta(days=n)) for n in range(1, (candidate - sent).days + 1))
        return (
            candidate >= due and (candidate - today).days >= notice and candidate >= sent and between >= lead
            and calendar.is_business_day(candidate)
        )  # fmt: skip

    assert fits(day)
    assert not any(fits(day - timedelta(days=n)) for n in range(1, 15))


def test_a_second_try_comes_after_its_days():
    timing = Timing(3, 1, BusinessCalendar(()))
    friday = date(2026, 3, 6)
    assert debits.again_date(timing, today=friday, after_days=1, is_late=False) == date(2026, 3, 9)
    assert debits.again_date(timing, today=friday, after_days=1, is_late=True) == date(2026, 3, 10)


def test_names_of_debits_are_found_in_what_banks_write():
    assert debits.ids_in(f"EREF {debits.name_of(17)}, {debits.name_of(17)} ADD0000000018 DD00000000191") == (17,)


@pytest.mark.parametrize(
    ("number", "code", "kinds", "kept"),
    [
        ("GB82 WEST 1234 5698 7654 32", "", ("iban",), "GB82WEST12345698765432"),
        ("de89 3704 0044 0532 0130 00", "cobadeffxxx", ("iban", "cn"), "DE89370400440532013000"),
        ("6222 0212 3456 7890 123", "102290000001", ("cn",), "6222021234567890123"),
    ],
)
def test_accounts_are_kept_in_one_form_and_shown_by_their_end(number, code, kinds, kept):
    found = bank_accounts.read(number=number, bank_code=code, kinds=tuple(map(AccountKind, kinds)))
    assert found.number == kept
    assert found.shown == f"…{kept[-4:]}"


@pytest.mark.parametrize(
    ("number", "code", "kinds"),
    [
        ("GB82WEST12345698765433", "", ("iban",)),  # check digits
        ("GB82WEST12345698765432", "", ("cn",)),  # not taken here
        ("6222021234567890123", "102290000001", ("iban",)),
        ("6222021234567890123", "10229000000", ("cn",)),  # 11 digits
        ("GB82WEST12345698765432", "NOBIC", ("iban",)),
        ("", "", ("iban", "cn")),
        ("123", "102290000001", ("cn",)),
    ],
)
def test_what_cannot_be_an_account_is_refused(number, code, kinds):
    with pytest.raises(BadBankAccount):
        bank_accounts.read(number=number, bank_code=code, kinds=tuple(map(AccountKind, kinds)))


def test_a_mandate_without_holder_or_limit_or_of_tomorrow_is_refused():
    today = date(2026, 3, 1)
    for holder, limit, signed in (("", 1, None), ("x" * 71, 1, None), ("A", 0, None), ("A", 1, date(2026, 3, 2))):
        with pytest.raises(BadMandate):
            mandates.check(holder=holder, limit_minor=limit, signed_date=signed, today=today)
    assert not mandates.is_unused(last_date=date(2024, 3, 2), unused_months=24, today=today)
    assert mandates.is_unused(last_date=date(2024, 3, 1), unused_months=24, today=today)


@pytest.mark.parametrize(
    ("said", "code", "remedy"),
    [
        ("AM04 insufficient", "AM04", Remedy.AGAIN),
        ("closed: AC04", "AC04", Remedy.SUSPEND),
        ("MD06", "MD06", Remedy.ASK),
        ("XX99", "XX99", Remedy.STAFF),
        ("something", "", Remedy.STAFF),
    ],
)
def test_what_a_bank_says_is_read_and_what_is_not_known_is_for_staff(said, code, remedy):
    assert debit_returns.code_in(said) == code
    assert debit_returns.meaning(code).remedy is remedy
