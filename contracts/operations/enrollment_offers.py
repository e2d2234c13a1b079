"""Steps by which a programme is offered and signed, each a part of a use case of ``programs``."""

import hashlib
from datetime import date, timedelta

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from accounts.queries import accounts
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, outbox, packs
from cis.platform.db import joins_transaction
from contracts.domain.programs import OFFERERS, EnrollmentAction, ProgramKind
from contracts.models.program import Enrollment
from contracts.operations import enrollment_steps, financing, green_terms
from contracts.operations.agreements import AccountNotOpen
from contracts.operations.enrollment_steps import Locked, move
from contracts.queries import programs as queries
from contracts.queries.programs import ProgramCard

OPEN = "open"
AHEAD_MOST_DAYS = 366
KEY_MOST = 100
NAME_MOST = 150
PAPER = "enrollment_paper"
"""Kind of the message by which the paper of what was signed is rendered and kept."""


class NotOpenToAccount(Refused):
    """The programme is not open on the day, or not to this customer."""

    code = "not_open_to_account"


class BadStart(Refused):
    """An enrolment begins today or within a year."""

    code = "bad_start"


class OfferOver(Refused):
    """The day has passed until which the programme was offered."""

    code = "program_offer_over"


class EnrollmentKeyTaken(Refused):
    """The key names another enrolment."""

    code = "enrollment_key_taken"


class EnrolledAlready(Refused):
    """The account is in the programme at that time."""

    code = "enrolled_already"


class TextNotAccepted(Refused):
    """What was accepted is not the text of the programme, or nobody is named who accepted it."""

    code = "text_not_accepted"


@joins_transaction
def offer_step(
    *,
    program_id: int,
    account_id: int,
    agreement_id: int | None,
    start_date: date,
    request_key: str,
    today: date,
    actor: Actor,
) -> Enrollment:
    """Offer a programme as a step of a larger use case; see ``programs.offer``."""
    if not actor.is_one_of(OFFERERS):
        raise NotAllowed(f"{actor.name} may not offer programmes.", advice="Ask a clerk or a supervisor.")
    asked = f"{program_id}\n{account_id}\n{agreement_id}\n{start_date}"
    sha256 = hashlib.sha256(asked.encode()).hexdigest()
    if not request_key or len(request_key) > KEY_MOST:
        raise EnrollmentKeyTaken(f"A key has 1 to {KEY_MOST} characters.")
    known = Enrollment.objects.filter(request_key=request_key).first()
    if known is not None:
        if known.request_sha256 != sha256:
            raise EnrollmentKeyTaken("The key names another enrolment.")
        return known
    program = queries.one(program_id=program_id)
    financing.check_bank(program.terms)
    account = accounts.overview(account_id=account_id, at_date=today)
    if account.state != OPEN:
        raise AccountNotOpen(f"Account {account.number} is {account.state}.", account_id=account_id)
    if not 0 <= (start_date - today).days <= AHEAD_MOST_DAYS:
        raise BadStart("It begins today or within a year.", field="start_date")
    supply_id = _supply(program, account_id, agreement_id, today=today, start=start_date)
    _check_free(program.id, account_id, start_date, program.terms.end_of(start_date))
    made = Enrollment.objects.create(
        program_id=program.id,
        account_id=account_id,
        customer_id=account.holder.id,
        agreement_id=supply_id,
        period=DateRange(start_date, program.terms.end_of(start_date)),
        request_key=request_key,
        request_sha256=sha256,
        offerer_id=actor.id,
        valid_until=min(start_date, today + timedelta(days=packs.rule("program_offer_days", at=today))),
    )
    audit.record(
        actor, "offer", "enrollment", made.id, account_id=account_id, program=program.code, start_date=start_date
    )
    return made


@joins_transaction
def sign_step(
    locked: Locked, accepted_sha256: str, signed_name: str, signed_by: str, *, today: date, actor: Actor,
    scan_id: int | None = None,
) -> None:  # fmt: skip
    """Sign an enrolment that is locked, as a step of a larger use case; see ``programs.sign``."""
    row, program = locked.row, locked.row.program
    if not queries.card_of(program).is_open_on(today):
        raise NotOpenToAccount(f"The programme {program.code} cannot be joined on {today}.")
    if accepted_sha256 != program.sha256:
        raise TextNotAccepted("This is not the text of the programme.", advice="Read and accept the text that holds.")
    if not signed_name.strip():
        raise TextNotAccepted("Nobody is named who signs.", advice="Type the name.", field="signed_name")
    if locked.start < today:
        raise BadStart(f"It was to begin on {locked.start}.", advice="Offer it anew.")
    if row.valid_until < today:
        raise OfferOver(f"The offer held until {row.valid_until}.", advice="Offer it anew.")
    row.signed_at = timezone.now()
    row.signed_name = signed_name.strip()[:NAME_MOST]
    row.signed_by, row.signed_sha256, row.signer_id = signed_by, accepted_sha256, actor.id
    row.scan_id = scan_id
    row.cancel_until = enrollment_steps.cooling_off_end(today)
    try:
        with transaction.atomic():
            move(locked, EnrollmentAction.SIGN, actor=actor, sha256=accepted_sha256, name=row.signed_name)
    except IntegrityError as error:
        raise EnrolledAlready("The account is in this programme at that time.") from error
    enrollment_steps.write_schedule(locked)
    if locked.terms.kind is ProgramKind.GREEN and row.agreement_id is not None:
        row.held_tariff_id = green_terms.lay_step(
            agreement_id=row.agreement_id, terms=locked.terms, start=locked.start, end=locked.end, actor=actor
        )
        row.save(update_fields=["held_tariff"])
    if locked.terms.is_financed:
        financing.ask_step(
            enrollment_id=row.id, amount_minor=locked.terms.price_minor - locked.terms.down_minor, today=today
        )
    elif locked.start <= today:
        move(locked, EnrollmentAction.START, actor=SYSTEM)
    outbox.queue(kind=PAPER, key=str(row.id), payload={"enrollment_id": row.id})
    enrollment_steps.tell(
        locked, "program_signed", today=today, actor=actor, start=locked.start, cancel_until=row.cancel_until
    )


def _supply(program: ProgramCard, account_id: int, agreement_id: int | None, *, today: date, start: date) -> int | None:
    """Return the supply by which the account joins; None where none is asked for."""
    if not program.is_open_on(today):
        raise NotOpenToAccount(f"The programme {program.code} cannot be joined on {today}.")
    fitting = queries.fitting_supplies(program=program, account_id=account_id, day=start)
    if agreement_id is not None:
        fitting = tuple(one for one in fitting if one.id == agreement_id)
    if not fitting and (agreement_id is not None or queries.needs_supply(program)):
        raise NotOpenToAccount(
            f"The programme {program.code} is not for a supply of this account.",
            advice="Look at the classes and tariffs that it is for.",
        )
    return fitting[0].id if fitting else None


def _check_free(program_id: int, account_id: int, start: date, end_date: date) -> None:
    taken = Enrollment.objects.filter(
        program_id=program_id, account_id=account_id, state__in=queries.JOINED, period__overlap=(start, end_date)
    )
    if taken.exists():
        raise EnrolledAlready("The account is in this programme at that time.", advice="Look at its enrolments.")
