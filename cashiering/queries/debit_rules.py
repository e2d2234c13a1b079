"""What the pack says about direct debits, and who collects them."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.conf import settings

from accounts.queries import supplier
from cashiering.domain import bank_accounts
from cashiering.domain.bank_accounts import AccountKind
from cashiering.domain.debit_batches import NoCreditor
from cashiering.domain.debits import TIMES_PLACES, Timing, last_overlooked
from cashiering.domain.formats.pain008 import Characters, Creditor, Format, Version
from cis.kernel import fixed
from cis.kernel.calendar import local_clock
from cis.platform import packs
from cis.platform.calendars import business_calendar

RULE = "direct_debit"


@dataclass(frozen=True, slots=True, kw_only=True)
class DebitRule:
    """The pack's rule of a day; see ``cis.platform.pack_money.DirectDebit``. [minor unit]"""

    accounts: tuple[AccountKind, ...]
    format: Format
    timing: Timing
    cut_off: time
    first_most_minor: int
    times_e3: int
    tries: int
    again_days: int
    unused_months: int
    held_days: int
    batch_alone_most_minor: int
    fee: str
    fee_minor: int
    source: str


def rule(*, at: date) -> DebitRule:
    """
    Return the rule of a day.

    :raises MissingRule: the pack of the place has none: nothing is debited there.
    """
    text = packs.text_of(RULE, at=at)
    value, places = text.value, int(packs.rule("decimals", at=at))
    return DebitRule(
        accounts=tuple(AccountKind(one) for one in value["accounts"]),
        format=Format(
            version=Version(value["version"]),
            characters=Characters(value["characters"]),
            service_level=value["service_level"],
            local_instrument=value["local_instrument"],
            currency=packs.rule("currency", at=at),
            places=places,
        ),
        timing=Timing(
            notice_days=value["notice_days"],
            lead_days=value["lead_working_days"],
            calendar=business_calendar(packs.rule("holiday_country", at=at)),
        ),
        cut_off=time.fromisoformat(value["cut_off"]),
        first_most_minor=fixed.parse(value["first_most"], places=places),
        times_e3=fixed.parse(value["median_times"], places=TIMES_PLACES),
        tries=value["tries"],
        again_days=value["again_days"],
        unused_months=value["unused_months"],
        held_days=value["held_working_days"],
        batch_alone_most_minor=fixed.parse(value["batch_alone_most"], places=places),
        fee=value["fee"],
        fee_minor=fixed.parse(value["fee_amount"], places=places),
        source=text.source,
    )


def is_offered(*, at: date) -> bool:
    """Return whether the place has direct debits."""
    try:
        rule(at=at)
    except packs.MissingRule:
        return False
    return True


def is_offered_at(at: datetime) -> bool:
    """Return whether the place has direct debits on the local day of an instant."""
    return is_offered(at=local_clock(supplier.current().time_zone).local_date(at))


def needs_bank_code(*, at: date) -> bool:
    """Return whether an account at a bank is not known without the code of the bank; False where nothing is debited."""
    return is_offered(at=at) and AccountKind.IBAN not in rule(at=at).accounts


def moment(at: datetime, of: DebitRule | None = None) -> tuple[date, bool]:
    """Return the local date of an instant, and whether it is after the bank's cut-off."""
    local = at.astimezone(local_clock(supplier.current().time_zone).zone)
    found = of or rule(at=local.date())
    return local.date(), local.time() >= found.cut_off


def overlooked_before(at: datetime) -> datetime:
    """
    Return the instant before which what still waits for persons now was held too long ago: it spares its bill from
    reminders and demands no more. Where nothing is debited any more, that is now.
    """
    clock = local_clock(supplier.current().time_zone)
    today = clock.local_date(at)
    if not is_offered(at=today):
        return at
    found = rule(at=today)
    last = last_overlooked(today=today, working_days=found.held_days, calendar=found.timing.calendar)
    return clock.day_start_utc(last + timedelta(days=1))


def creditor(*, at: date) -> Creditor:
    """
    Return who collects, as the settings say.

    :raises NoCreditor: they do not say it whole, or the account is no account.
    """
    name, scheme_id = settings.DEBIT_CREDITOR_NAME, settings.DEBIT_CREDITOR_ID
    number, code = settings.DEBIT_CREDITOR_ACCOUNT, settings.DEBIT_CREDITOR_BANK_CODE
    if not (name and scheme_id and number):
        raise NoCreditor("The settings do not say who collects.", advice="Set DEBIT_CREDITOR_NAME, _ID and _ACCOUNT.")
    try:
        account = bank_accounts.read(number=number, bank_code=code, kinds=rule(at=at).accounts)
    except bank_accounts.BadBankAccount as refusal:
        raise NoCreditor(f"DEBIT_CREDITOR_ACCOUNT: {refusal.message}", advice=refusal.advice) from refusal
    return Creditor(name=name, scheme_id=scheme_id, account=account)
