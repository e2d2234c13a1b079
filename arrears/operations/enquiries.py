"""
Enquiries by telephone systems and kiosks: who asks proves himself, and hears what is owed.

Tries are counted by the number that was typed, whether there is such an account or not, before the proof is looked at;
so nothing tells the two apart, and many at once are no more tries than one after another.
"""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password

from accounts.domain.contact import dialled
from accounts.domain.privacy import LookPurpose
from accounts.operations import customers
from arrears.domain import enquiries as domain
from arrears.domain.enquiries import BillsTold, PaymentsTold, Told
from arrears.queries import enquiries as queries
from cis.kernel.actors import Actor
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.platform import limits, packs
from cis.platform.limits import TooManyRequests

KEY = "telephone_enquiry"
TRIES, CLIENTS = "enquiry", "enquiry_client"
DAY_HOURS = 24


class NotProven(Refused):
    """There is no such account, or the proof is wrong: it is not said which."""

    code = "enquiry_not_proven"


class Locked(Refused):
    """Too many wrong proofs were given for this number."""

    code = "enquiry_locked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The PIN of the account, or the number that calls with the last four digits of the meter."""

    pin: str = ""
    caller: str = ""
    meter_digits: str = ""


def ask(*, number: str, proof: Proof, at: datetime, actor: Actor) -> Told:
    """
    Answer an enquiry about an account, and record the look at the customer.

    :raises MissingRule: it is not offered at this place.
    :raises TooManyRequests: the program asks too often.
    :raises Locked: too many wrong proofs for this number, today.
    :raises NotProven: there is no such account, or the proof is wrong.
    """
    account_id, today = _proven(number=number, proof=proof, at=at, actor=actor)
    return queries.told(account_id=account_id, number=number, today=today)


def ask_bills(*, number: str, proof: Proof, at: datetime, actor: Actor) -> BillsTold:
    """Answer which bills an account had last, and record the look; raises as ``ask``."""
    account_id, today = _proven(number=number, proof=proof, at=at, actor=actor)
    return queries.bills_told(account_id=account_id, number=number, today=today)


def ask_payments(*, number: str, proof: Proof, at: datetime, actor: Actor) -> PaymentsTold:
    """Answer which payments of an account came last, and record the look; raises as ``ask``."""
    account_id, today = _proven(number=number, proof=proof, at=at, actor=actor)
    return queries.payments_told(account_id=account_id, number=number, today=today)


def _proven(*, number: str, proof: Proof, at: datetime, actor: Actor) -> tuple[int, date]:
    """Return the account whose holder has proven himself, and the day; the look at him is recorded."""
    today = local_clock(settings.TIME_ZONE).local_date(at)
    rule = packs.rule(KEY, at=today)
    limits.take_of(name=CLIENTS, of=str(actor.id), most=int(rule["hour_most"]), hours=1, at=at)
    try:
        limits.take_of(name=TRIES, of=number, most=int(rule["tries"]), hours=DAY_HOURS, at=at)
    except TooManyRequests as error:
        raise Locked("Too many tries for this number.", advice="Put the caller through to a person.") from error
    found = queries.identity(number=number, today=today)
    country = str(packs.rule("holiday_country", at=today))
    is_pin = check_password(proof.pin, found.pin_hash if found and found.pin_hash else _nobody())
    is_caller = domain.is_of_caller(
        caller=dialled(proof.caller, country=country) or "",
        meter_digits=proof.meter_digits,
        numbers=found.telephones if found else (),
        serials=found.meters if found else (),
    )
    if found is None or not ((is_pin and found.pin_hash) or is_caller):
        raise NotProven("Number and proof do not belong together.", advice="Try again, or speak to a person.")
    limits.clear_of(name=TRIES, of=number, hours=DAY_HOURS, at=at)
    customers.record_look(customer_id=found.customer_id, actor=actor, purpose=LookPurpose.TELEPHONE)
    return found.account_id, today


@cache
def _nobody() -> str:
    """Return a hash that no PIN has, so that who has none is asked as long as who has one."""
    return make_password("nobody's")
