"""
An account becomes prepaid or postpaid: effective by date, by a signed agreement, and without an account being closed.

Nothing is moved: debts, credit and the ledger stay what they are. What was owed at the switch lowers the balance from
the first night on, so it is paid by the first money that comes in.
"""

from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.queries import accounts
from billing.domain.prepay import Level
from billing.models.prepay import PrepaidDay, Prepayment
from billing.operations import ledger, prepaid_levels
from billing.queries import prepay_rules
from billing.queries.prepaid import NotPrepaid
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import opens_transaction

SUBJECT = prepaid_levels.SUBJECT
SWITCHERS: frozenset[Role | ActorKind] = frozenset((Role.CLERK, Role.BILLING, Role.SUPERVISOR, ActorKind.CLIENT))
REVIEWERS: frozenset[Role | ActorKind] = frozenset((Role.BILLING, Role.SUPERVISOR))
AHEAD = timedelta(days=92)
REFERENCE_MOST, REASON_MOST = 100, 200


class BadSwitch(Refused):
    """The account cannot become prepaid, or postpaid, so."""

    code = "bad_prepay_switch"


class StillOwes(Refused):
    """The balance is below the line: the account is switched back once it is paid."""

    code = "prepaid_account_owes"


class NothingToAccept(Refused):
    """There is no night that waits for a person, or its numbers cannot count whoever looks at them."""

    code = "nothing_to_accept"


@opens_transaction
def switch_on(*, account_id: int, since_date: date, agreement_reference: str, today: date, actor: Actor) -> int:
    """
    Let an account pay before it uses from a day on.

    :param agreement_reference: number of the agreement that its holder has signed; it also allows the remote cut.
    :returns: id of the prepayment.
    :raises NotAllowed: the actor may not.
    :raises UnknownAccount: there is none.
    :raises BadSwitch: the place knows no prepayment, the day has passed or is too far, nothing is signed, nobody holds
        the account on that day, or it is prepaid already.
    """
    if not actor.is_one_of(SWITCHERS):
        raise NotAllowed(f"{actor.name} may not switch accounts.", advice="Ask customer service.")
    reference = " ".join(agreement_reference.split())
    if not prepay_rules.is_offered(at=since_date):
        raise BadSwitch("No prepayment is offered here.", advice="The pack has no rule prepay.")
    if not reference or len(reference) > REFERENCE_MOST:
        raise BadSwitch("The number of the signed agreement is missing.", field="agreement_reference")
    if not today <= since_date <= today + AHEAD:
        raise BadSwitch("The day has passed, or is more than three months ahead.", field="since_date")
    holder = accounts.addressees(account_ids=[account_id], at_date=since_date).get(account_id)
    if holder is None:
        accounts.card(account_id=account_id)
        raise BadSwitch("Nobody holds the account on that day.", field="since_date")
    ledger.lock_customers(account_ids=[account_id])
    if Prepayment.objects.filter(account_id=account_id, until_date__gt=since_date).exists():
        raise BadSwitch("The account is prepaid until a later day.", field="since_date")
    try:
        with transaction.atomic():
            row = Prepayment.objects.create(
                account_id=account_id, customer_id=holder.customer_id, agreement_reference=reference,
                since_date=since_date, level_date=since_date, starter_id=actor.id, starter_name=actor.name[:150],
            )  # fmt: skip
    except IntegrityError as clash:
        raise BadSwitch("The account is prepaid already.", advice="Look at its card.") from clash
    audit.record(actor, "switch_on", SUBJECT, row.id, account_id=account_id, since=since_date, agreement=reference)
    return row.id


@opens_transaction
def switch_off(*, account_id: int, until_date: date, reason: str, today: date, actor: Actor) -> None:
    """
    Let an account pay after it used again from a day on: its bills are due as those of others.

    :raises NotAllowed: the actor may not.
    :raises NotPrepaid: the account is not prepaid without an end.
    :raises BadSwitch: no reason is given, or the day has passed, is too far, or before the beginning.
    :raises StillOwes: the balance is below the line of the cut.
    """
    if not actor.is_one_of(SWITCHERS):
        raise NotAllowed(f"{actor.name} may not switch accounts.", advice="Ask customer service.")
    ledger.lock_customers(account_ids=[account_id])
    row = Prepayment.objects.select_for_update().filter(account_id=account_id, until_date=None).first()
    if row is None:
        raise NotPrepaid("The account is not prepaid.", account_id=account_id)
    if not reason.strip():
        raise BadSwitch("A reason is needed.", field="reason")
    if not max(today, row.since_date) <= until_date <= today + AHEAD:
        raise BadSwitch("The day has passed, is before the beginning, or too far ahead.", field="until_date")
    if row.level == Level.PENDING:
        raise StillOwes("The balance is below the line of the cut.", advice="Let it be paid first.")
    row.until_date, row.end_reason = until_date, reason.strip()[:REASON_MOST]
    row.ended_at, row.ender_id = timezone.now(), actor.id
    row.save()
    audit.record(actor, "switch_off", SUBJECT, row.id, account_id=account_id, until=until_date, reason=reason)


@opens_transaction
def accept(*, night_id: int, reason: str, at: datetime, actor: Actor) -> None:
    """
    Say that the numbers of the last night are right, so that they count: only a jump can be, the rest is mended first.

    :raises NotAllowed: the actor may not.
    :raises NothingToAccept: it is not the last night of its account, or waits for something else than a person's eye.
    :raises BadSwitch: no reason is given.
    """
    if not actor.is_one_of(REVIEWERS):
        raise NotAllowed(f"{actor.name} may not accept numbers.", advice="Ask billing.")
    if not reason.strip():
        raise BadSwitch("A reason is needed.", field="reason")
    found = PrepaidDay.objects.filter(id=night_id).values_list("prepayment__account_id", flat=True).first()
    if found is None:
        raise NothingToAccept(f"There is no night {night_id}.")
    ledger.lock_customers(account_ids=[found])
    row = PrepaidDay.objects.select_for_update().get(id=night_id)
    later = PrepaidDay.objects.filter(prepayment_id=row.prepayment_id, day__gt=row.day)
    if row.review != "jump" or row.accepted_at is not None or later.exists():
        raise NothingToAccept("These numbers do not wait to be accepted.", advice="Mend what is wrong with them.")
    row.accepted_at, row.accepter_id, row.accept_reason = at, actor.id, reason.strip()[:REASON_MOST]
    row.save()
    audit.record(actor, "accept", SUBJECT, row.prepayment_id, night=row.day, reason=reason)
    prepaid_levels.look_step(account_ids=[found], at=at)
