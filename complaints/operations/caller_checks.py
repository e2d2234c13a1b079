"""
A caller shows who they are: by the telephone PIN of the account, or by answers from the customer's file.

Tries are counted for the account before anything is compared, for right ones too, so that many at once are no more than
one after another; a right one clears them. A PIN counts its tries together with telephone systems and kiosks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.contrib.auth.hashers import check_password
from django.utils import timezone

from accounts.queries import accounts
from arrears.operations import enquiries
from arrears.queries import enquiries as identities
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, limits, packs
from cis.platform.db import opens_transaction
from cis.platform.limits import TooManyRequests
from complaints.domain import caller_checks as domain
from complaints.domain.caller_checks import CheckWay, FileFacts, Question
from complaints.domain.calls import DESK, CallRules
from complaints.models.call import CallerCheck
from complaints.queries import call_rules, caller_file, calls

TRIES: Final = "caller_check"
DAY_HOURS: Final = 24


class CallerLocked(Refused):
    """Too many wrong answers were given for this account today."""

    code = "caller_locked"


class CallerNotKnown(Refused):
    """Whoever is on the telephone has not shown who they are."""

    code = "caller_not_known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """
    What a caller is asked now.

    has_pin    the account has a PIN of its holder
    questions  codes; none where the file knows too little
    tried      how often somebody was asked today
    """

    customer_id: int
    has_pin: bool
    questions: tuple[Question, ...]
    tried: int


def sheet(*, account_id: int, at: datetime) -> Sheet:
    """
    Return what a caller is asked now for an account.

    :raises UnknownAccount: there is none. :raises MissingRule: callers are not checked here.
    """
    rules, today = call_rules.rules(at=timezone.localdate(at)), timezone.localdate(at)
    customer_id, facts = caller_file.facts(account_id=account_id, today=today)
    return _sheet(account_id, customer_id, facts, rules, today=today, at=at)


def check_pin(*, account_id: int, pin: str, phone: str, at: datetime, actor: Actor) -> bool:
    """
    Check the PIN that a caller says; return whether it is right, and keep that it was asked.

    :raises CallerLocked: too many wrong ones today. :raises NotAllowed: the actor speaks to no callers.
    """
    _check_actor(actor)
    today = timezone.localdate(at)
    rules, number = call_rules.rules(at=today), accounts.card(account_id=account_id).number
    rule = packs.rule(enquiries.KEY, at=today)
    _count(enquiries.TRIES, number, int(rule["tries"]), at)
    found = identities.identity(number=number, today=today)
    is_right = bool(found and found.pin_hash and check_password(pin.strip(), found.pin_hash))
    if is_right:
        limits.clear_of(name=enquiries.TRIES, of=number, hours=DAY_HOURS, at=at)
    customer_id, _facts = caller_file.facts(account_id=account_id, today=today)
    _keep(account_id, customer_id, CheckWay.PIN, (), right=int(is_right), is_passed=is_right, phone=phone,
          rules=rules, at=at, actor=actor)  # fmt: skip
    return is_right


def check_answers(
    *, account_id: int, answers: Mapping[str, str], phone: str, at: datetime, actor: Actor
) -> bool:  # fmt: skip
    """
    Compare what a caller answers with the file; return whether enough is right, and keep that it was asked.

    :param answers: by the code of the question; of others than those that are asked now nothing is read.
    :raises CallerLocked: too many wrong ones today. :raises NotAllowed: the actor speaks to no callers.
    :raises CannotCheck: the file knows too little.
    """
    _check_actor(actor)
    today = timezone.localdate(at)
    rules = call_rules.rules(at=today)
    customer_id, facts = caller_file.facts(account_id=account_id, today=today)
    now = _sheet(account_id, customer_id, facts, rules, today=today, at=at)
    if not now.questions:
        raise domain.CannotCheck(
            "The file knows too little of this customer to ask.", advice="Take the PIN, or ask them to come in person."
        )
    _count(TRIES, str(account_id), rules.check_tries, at)
    right = domain.count_right(facts=facts, asked=now.questions, answers=answers)
    is_passed = right >= rules.right
    if is_passed:
        limits.clear_of(name=TRIES, of=str(account_id), hours=DAY_HOURS, at=at)
    _keep(account_id, customer_id, CheckWay.QUESTIONS, now.questions, right=right, is_passed=is_passed, phone=phone,
          rules=rules, at=at, actor=actor)  # fmt: skip
    return is_passed


def see_known(*, customer_id: int, at: datetime, actor: Actor) -> CallerCheck:
    """
    Return the check by which a caller is known to this member of staff now.

    :raises CallerNotKnown: there is none, or it is over.
    """
    found = calls.standing_check(customer_id=customer_id, actor=actor, at=at)
    if found is None:
        raise CallerNotKnown(
            "The caller has not shown who they are.", advice="Check the caller first; tell and change nothing before."
        )
    return found


def _sheet(
    account_id: int, customer_id: int, facts: FileFacts, rules: CallRules, *, today: date, at: datetime
) -> Sheet:  # fmt: skip
    number = accounts.card(account_id=account_id).number
    found = identities.identity(number=number, today=today)
    tried = calls.tries_of(account_id=account_id, since_at=at - timedelta(hours=DAY_HOURS))
    try:
        questions = domain.drawn(
            facts=facts, asked=rules.asked, right=rules.right, account_id=account_id, on=today, tried=tried
        )
    except domain.CannotCheck:
        questions = ()
    return Sheet(
        customer_id=customer_id, has_pin=bool(found and found.pin_hash), questions=questions, tried=tried
    )  # fmt: skip


def _check_actor(actor: Actor) -> None:
    if not actor.is_one_of(DESK):
        raise NotAllowed(f"{actor.name} speaks to no callers.", advice="Ask a clerk.")


def _count(name: str, of: str, most: int, at: datetime) -> None:
    """Count a try, outside of any transaction."""
    try:
        limits.take_of(name=name, of=of, most=most, hours=DAY_HOURS, at=at)
    except TooManyRequests as error:
        advice = "Ask them to come in person with their identity card, or to write from the portal."
        raise CallerLocked("Too many wrong answers for this account today.", advice=advice) from error


@opens_transaction
def _keep(
    account_id: int, customer_id: int, way: CheckWay, asked: tuple[Question, ...], *, right: int, is_passed: bool,
    phone: str, rules: CallRules, at: datetime, actor: Actor,
) -> None:  # fmt: skip
    CallerCheck.objects.create(
        customer_id=customer_id, account_id=account_id, at=at, way=way.value, asked=",".join(asked), right=right,
        is_passed=is_passed, until_at=at + timedelta(minutes=rules.check_minutes) if is_passed else None,
        phone=phone[:40], actor_id=actor.id, actor_name=actor.name[:150],
    )  # fmt: skip
    audit.record(actor, "know_caller" if is_passed else "not_know_caller", "customer", customer_id, way=way)
