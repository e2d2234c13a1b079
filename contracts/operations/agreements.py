"""Agreements: start, end, change what holds from a date on. Many at once are in ``agreement_loads``."""

import uuid
from dataclasses import asdict
from datetime import date
from typing import Any

import psycopg
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.queries import accounts as account_queries
from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit, events
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain import agreements as rules
from contracts.domain.agreements import HOUSEHOLD_MOST, NOTHING, Agreed
from contracts.domain.announcements import AgreementEnded, AgreementStarted, TermChanged
from contracts.models.agreement import AgreementTerm, ServiceAgreement
from contracts.operations import asked_facts
from contracts.queries.agreements import UnknownAgreement
from tariffs.queries import plans

OPEN = "open"
ONE_AT_A_TIME = "one_agreement_per_service_point"


class AccountNotOpen(Refused):
    """The account is closed, or was opened later."""

    code = "account_not_open"


class UnknownServicePoint(Refused):
    """There is no such service point."""

    code = "unknown_service_point"


class ServicePointTaken(Refused):
    """Another agreement has the service point at that time."""

    code = "service_point_taken"


class BadHousehold(Refused):
    """No household has so many persons."""

    code = "bad_household"


class BadFacts(Refused):
    """An agreed power, feature or number of blocks cannot be."""

    code = "bad_facts"


class OutsideAgreement(Refused):
    """The date is not one of the agreement's."""

    code = "outside_agreement"


class AlreadyEnded(Refused):
    """The agreement ends by then anyway."""

    code = "already_ended"


class LaterTerm(Refused):
    """Other terms were agreed that begin before the change would end."""

    code = "later_term"


class NotEnded(Refused):
    """The agreement goes on anyway."""

    code = "not_ended"


class NothingChanges(Refused):
    """All of it holds already as asked."""

    code = "nothing_changes"


@opens_transaction
def start(
    *,
    account_id: int,
    service_point_id: int,
    tariff_id: int,
    start_date: date,
    household: int = 1,
    agreed: Agreed = NOTHING,
    external_id: str = "",
    actor: Actor,
) -> int:
    """
    Start supply at a service point, billed to an account, at a tariff. Announces AgreementStarted.

    :returns: id of the agreement.
    :raises UnknownAccount: there is no such account.
    :raises AccountNotOpen: the account is closed, or opened after the start.
    :raises UnknownServicePoint: there is no such service point.
    :raises ServicePointTaken: another agreement has it on some day from the start on.
    :raises NoPrice: the tariff has no published version on the start date.
    :raises BadHousehold: not 1 to 99 persons.
    :raises BadFacts, FactsMissing: an agreed fact cannot be, or the tariff asks for one that is not agreed.
    """
    return begin(
        account_id=account_id,
        service_point_id=service_point_id,
        tariff_id=tariff_id,
        start_date=start_date,
        household=household,
        agreed=agreed,
        external_id=external_id,
        actor=actor,
    )


@joins_transaction
def begin(
    *,
    account_id: int,
    service_point_id: int,
    tariff_id: int,
    start_date: date,
    household: int = 1,
    agreed: Agreed = NOTHING,
    external_id: str = "",
    actor: Actor,
) -> int:
    """Start supply as a step of a larger use case; see ``start``."""
    account = account_queries.card(account_id=account_id)
    if account.state != OPEN or start_date < account.opened_date:
        raise AccountNotOpen(
            f"Account {account.number} is not open on {start_date}.",
            advice=f"It is {account.state}, and was opened on {account.opened_date}.",
            account_id=account_id,
        )
    version = plans.version_on(tariff_id=tariff_id, day=start_date)
    _check_household(household)
    _check_facts(agreed)
    asked_facts.check(version_id=version.version_id, capacity_va=agreed.capacity_va, contract_w=agreed.contract_w)
    agreement = ServiceAgreement(
        external_id=external_id or uuid.uuid4().hex,
        account_id=account_id,
        service_point_id=service_point_id,
        period=DateRange(start_date, None),
    )
    _write(agreement)
    AgreementTerm.objects.create(
        agreement=agreement, tariff_id=tariff_id, household=household, period=agreement.period, **columns_of(agreed)
    )
    events.announce(
        AgreementStarted(
            agreement_id=agreement.id,
            account_id=account_id,
            service_point_id=service_point_id,
            start_date=start_date,
        )
    )
    audit.record(actor, "start", "agreement", agreement.id, start_date=start_date.isoformat(), account_id=account_id)
    return agreement.id


@opens_transaction
def end(*, agreement_id: int, end_date: date, actor: Actor) -> None:
    """
    End supply: ``end_date`` is the first local date without it. Announces AgreementEnded.

    An end that was set before may be moved to an earlier date, not to a later one.

    :raises UnknownAgreement: there is no such agreement.
    :raises OutsideAgreement: the end is not after the start.
    :raises AlreadyEnded: the agreement ends by then anyway.
    """
    end_step(agreement_id=agreement_id, end_date=end_date, actor=actor)


@joins_transaction
def end_step(*, agreement_id: int, end_date: date, actor: Actor) -> None:
    """End supply as a step of a larger use case; see ``end``."""
    agreement = _lock(agreement_id)
    since, until = agreement.period.lower, agreement.period.upper
    if end_date <= since:
        raise OutsideAgreement(
            f"The agreement started on {since}.", advice=f"End it on {since} or later.", agreement_id=agreement_id
        )
    if until is not None and until <= end_date:
        raise AlreadyEnded(f"The agreement ends on {until} already.", agreement_id=agreement_id)
    agreement.period = DateRange(since, end_date)
    agreement.save(update_fields=["period"])
    terms = AgreementTerm.objects.filter(agreement=agreement)
    dropped = terms.filter(period__startswith__gte=end_date).delete()[0]
    last = terms.order_by("-period")[0]
    last.period = DateRange(last.period.lower, end_date)
    last.save(update_fields=["period"])
    events.announce(
        AgreementEnded(
            agreement_id=agreement_id,
            account_id=agreement.account_id,
            service_point_id=agreement.service_point_id,
            end_date=end_date,
        )
    )
    audit.record(actor, "end", "agreement", agreement_id, end_date=end_date.isoformat(), terms_dropped=dropped)


@opens_transaction
def change_term(
    *,
    agreement_id: int,
    from_date: date,
    tariff_id: int | None = None,
    household: int | None = None,
    agreed: Agreed | None = None,
    actor: Actor,
) -> int:
    """
    Let another tariff, household or other facts hold from a local date on; what is None stays. Announces TermChanged.

    The term that holds on the date ends there, and the new one takes the rest of its time: a later term that was
    agreed already still begins on its day.

    :returns: id of the term that holds from the date on.
    :raises UnknownAgreement: there is no such agreement.
    :raises OutsideAgreement: the agreement is not in force on the date.
    :raises NothingChanges: all of it holds on the date already.
    :raises NoPrice: the tariff has no published version on the date.
    :raises BadHousehold: not 1 to 99 persons.
    :raises BadFacts, FactsMissing: an agreed fact cannot be, or the tariff asks for one that is not agreed.
    """
    return change_step(
        agreement_id=agreement_id,
        from_date=from_date,
        tariff_id=tariff_id,
        household=household,
        agreed=agreed,
        actor=actor,
    )


@joins_transaction
def change_step(
    *,
    agreement_id: int,
    from_date: date,
    until_date: date | None = None,
    tariff_id: int | None = None,
    household: int | None = None,
    agreed: Agreed | None = None,
    actor: Actor,
) -> int:
    """
    Change what holds as a step of a larger use case; see ``change_term``.

    until_date  first date on which what held before holds again; None: for the rest of its time

    :raises LaterTerm: other terms were agreed that begin before it.
    """
    agreement = _lock(agreement_id)
    term = AgreementTerm.objects.filter(agreement=agreement, period__contains=from_date).first()
    if term is None:
        raise OutsideAgreement(f"The agreement is not in force on {from_date}.", agreement_id=agreement_id)
    held = {"tariff_id": term.tariff_id, "household": term.household}
    held |= {name: getattr(term, name) for name in columns_of(NOTHING)}
    wanted = held | ({} if tariff_id is None else {"tariff_id": tariff_id})
    wanted |= {} if household is None else {"household": household}
    wanted |= {} if agreed is None else columns_of(agreed)
    if wanted == held:
        raise NothingChanges("All of it holds already as asked.", agreement_id=agreement_id)
    version = plans.version_on(tariff_id=wanted["tariff_id"], day=from_date)
    _check_household(wanted["household"])
    _check_facts(agreed or NOTHING)
    asked_facts.check(version_id=version.version_id, capacity_va=wanted["capacity_va"], contract_w=wanted["contract_w"])
    term = _lay_term(term, from_date=from_date, until_date=until_date, held=held, wanted=wanted)
    events.announce(TermChanged(agreement_id=agreement_id, account_id=agreement.account_id, from_date=from_date))
    changed = {name: value for name, value in wanted.items() if value != held[name]}
    audit.record(actor, "change_term", "agreement", agreement_id, from_date=from_date.isoformat(), **changed)
    return term.id


@joins_transaction
def reopen_step(*, agreement_id: int, actor: Actor) -> None:
    """
    Let an agreement that was ended go on until further notice, with the terms that held last. Announces TermChanged.

    :raises UnknownAgreement: there is no such agreement.
    :raises NotEnded: it has no end.
    :raises ServicePointTaken: somebody else is supplied there since.
    """
    agreement = _lock(agreement_id)
    end_date = agreement.period.upper
    if end_date is None:
        raise NotEnded("The agreement goes on anyway.", agreement_id=agreement_id)
    agreement.period = DateRange(agreement.period.lower, None)
    _write(agreement)
    last = AgreementTerm.objects.filter(agreement=agreement).order_by("-period")[0]
    last.period = DateRange(last.period.lower, None)
    last.save(update_fields=["period"])
    events.announce(TermChanged(agreement_id=agreement_id, account_id=agreement.account_id, from_date=end_date))
    audit.record(actor, "reopen", "agreement", agreement_id, end_date=end_date.isoformat())


def _lay_term(
    term: AgreementTerm, *, from_date: date, until_date: date | None, held: dict[str, Any], wanted: dict[str, Any]
) -> AgreementTerm:
    """Put other values in place of a term's over [from_date, until_date); return the term that has them."""
    since, until = term.period.lower, term.period.upper
    if until_date is not None and until is not None and until_date > until:
        raise LaterTerm(
            f"Other terms were agreed that begin on {until}.", advice=f"End it on {until} or before.",
            agreement_id=term.agreement_id,
        )  # fmt: skip
    laid = term
    if since < from_date:
        term.period = DateRange(since, from_date)
        term.save(update_fields=["period"])
        laid = AgreementTerm(agreement_id=term.agreement_id)
    for name, value in wanted.items():
        setattr(laid, name, value)
    laid.period = DateRange(from_date, until_date or until)
    laid.save()
    if until_date is not None and until_date != until:
        AgreementTerm.objects.create(agreement_id=term.agreement_id, period=DateRange(until_date, until), **held)
    return laid


def _lock(agreement_id: int) -> ServiceAgreement:
    agreement = ServiceAgreement.objects.select_for_update().filter(id=agreement_id).first()
    if agreement is None:
        raise UnknownAgreement(f"There is no agreement {agreement_id}.", agreement_id=agreement_id)
    return agreement


def _check_household(persons: int) -> None:
    if not 1 <= persons <= HOUSEHOLD_MOST:
        raise BadHousehold(f"A household has 1 to {HOUSEHOLD_MOST} persons.")


def _check_facts(agreed: Agreed) -> None:
    for field, _, message in rules.wrong_facts(agreed):
        raise BadFacts(message, field=field)


def columns_of(agreed: Agreed) -> dict[str, Any]:
    """Return the facts as columns of a term."""
    return {**asdict(agreed), "features": list(agreed.features)}


def _write(agreement: ServiceAgreement) -> None:
    """Write an agreement; the database refuses a second one at the service point, also when two start at once."""
    point = agreement.service_point_id
    try:
        agreement.clean_fields(exclude=["id"])
    except ValidationError as error:
        if "service_point" not in error.error_dict:
            raise
        raise UnknownServicePoint(f"There is no service point {point}.", service_point_id=point) from None
    try:
        with transaction.atomic():
            agreement.save(force_insert=agreement.pk is None)
    except IntegrityError as error:
        cause = error.__cause__
        if not isinstance(cause, psycopg.Error) or cause.diag.constraint_name != ONE_AT_A_TIME:
            raise
        raise ServicePointTaken(
            f"Service point {agreement.service_point.external_id} has an agreement at that time.",
            advice="End that agreement first.",
            service_point_id=point,
        ) from None
