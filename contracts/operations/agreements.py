"""Agreements: start, end, change what holds from a date on, load many."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import psycopg
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from accounts.queries import accounts as account_queries
from cis.kernel.actors import Actor
from cis.kernel.errors import Findings, Refused
from cis.platform import audit, events
from cis.platform.db import copy_rows, joins_transaction, opens_transaction, take_ids
from contracts.domain import agreements as rules
from contracts.domain.agreements import HOUSEHOLD_MOST, NOTHING, Agreed, NewAgreement, Supplied
from contracts.domain.announcements import AgreementEnded, AgreementStarted, TermChanged
from contracts.models.agreement import AgreementTerm, ServiceAgreement
from contracts.operations import asked_facts
from contracts.queries import agreements as queries
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


class NothingChanges(Refused):
    """All of it holds already as asked."""

    code = "nothing_changes"


class InvalidLoad(Refused):
    """The delivery has findings; nothing of it was written."""

    code = "invalid_load"


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedLoad:
    """A checked delivery with everything found in it; only one without findings can be loaded."""

    agreements: tuple[NewAgreement, ...]
    tariff_ids: Mapping[str, int]
    findings: Findings


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
        agreement=agreement, tariff_id=tariff_id, household=household, period=agreement.period, **_columns_of(agreed)
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
    agreement = _lock(agreement_id)
    term = AgreementTerm.objects.filter(agreement=agreement, period__contains=from_date).first()
    if term is None:
        raise OutsideAgreement(f"The agreement is not in force on {from_date}.", agreement_id=agreement_id)
    held = {"tariff_id": term.tariff_id, "household": term.household}
    held |= {name: getattr(term, name) for name in _columns_of(NOTHING)}
    wanted = held | ({} if tariff_id is None else {"tariff_id": tariff_id})
    wanted |= {} if household is None else {"household": household}
    wanted |= {} if agreed is None else _columns_of(agreed)
    if wanted == held:
        raise NothingChanges("All of it holds already as asked.", agreement_id=agreement_id)
    version = plans.version_on(tariff_id=wanted["tariff_id"], day=from_date)
    _check_household(wanted["household"])
    _check_facts(agreed or NOTHING)
    asked_facts.check(version_id=version.version_id, capacity_va=wanted["capacity_va"], contract_w=wanted["contract_w"])
    since, until = term.period.lower, term.period.upper
    if since < from_date:
        term.period = DateRange(since, from_date)
        term.save(update_fields=["period"])
        term = AgreementTerm(agreement=agreement)
    for name, value in wanted.items():
        setattr(term, name, value)
    term.period = DateRange(from_date, until)
    term.save()
    events.announce(TermChanged(agreement_id=agreement_id, account_id=agreement.account_id, from_date=from_date))
    changed = {name: value for name, value in wanted.items() if value != held[name]}
    audit.record(actor, "change_term", "agreement", agreement_id, from_date=from_date.isoformat(), **changed)
    return term.id


def prepare(
    *, agreements: Sequence[NewAgreement], accounts: Collection[str], service_points: Collection[str]
) -> PreparedLoad:
    """
    Check a whole delivery of agreements; five statements, and the texts of tariffs once each; nothing is written.

    :param accounts: external ids of all accounts that exist or are loaded with it.
    :param service_points: likewise of service points.
    """
    findings = Findings()
    prices = asked_facts.FirstPrices(agreements=agreements)
    kept = queries.ids_by_external_id(new.external_id for new in agreements)
    seen: set[str] = set()
    for new in agreements:
        rules.check(new, findings=findings)
        prices.note_missing(new, findings=findings)
        for field, code, is_wrong, value in (
            ("external_id", "external_id_taken", new.external_id in kept, new.external_id),
            ("external_id", "external_id_twice", new.external_id in seen, new.external_id),
            ("account", "unknown_account", new.account not in accounts, new.account),
            ("service_point", "unknown_service_point", new.service_point not in service_points, new.service_point),
            ("tariff", "unknown_tariff", new.tariff not in prices.ids, new.tariff),
        ):
            if is_wrong:
                findings.add(f"{new.where}: {field}", code, f"{value}: {_SAID[code]}")
        seen.add(new.external_id)
    times = queries.times_supplied({new.service_point for new in agreements})
    kept_times = [(point, Supplied(since, until, agreement)) for point, agreement, since, until in times]
    rules.check_overlaps(delivered=agreements, kept=kept_times, findings=findings)
    return PreparedLoad(agreements=tuple(agreements), tariff_ids=prices.ids, findings=findings)


@joins_transaction
def load(
    *, prepared: PreparedLoad, account_ids: Mapping[str, int], service_point_ids: Mapping[str, int], actor: Actor
) -> dict[str, int]:
    """
    Write a prepared delivery by COPY; nothing is announced, since no room has data yet that could depend on it.

    :param account_ids, service_point_ids: ids by external id.
    :returns: ids of the agreements, by external id.
    :raises InvalidLoad: the delivery has findings; nothing is written.
    """
    prepared.findings.raise_if_any(InvalidLoad)
    ids = take_ids("contracts_serviceagreement", len(prepared.agreements))
    rows = list(zip(prepared.agreements, ids, strict=True))
    now = timezone.now()
    copy_rows(
        table="contracts_serviceagreement",
        columns=("id", "external_id", "account_id", "service_point_id", "period", "created_at"),
        rows=(
            (
                new_id,
                new.external_id,
                account_ids[new.account],
                service_point_ids[new.service_point],
                DateRange(new.start_date, new.end_date),
                now,
            )
            for new, new_id in rows
        ),
    )
    copy_rows(
        table="contracts_agreementterm",
        columns=("agreement_id", "tariff_id", "household", "period", *_columns_of(NOTHING)),
        rows=(
            (
                new_id,
                prepared.tariff_ids[new.tariff],
                new.household,
                DateRange(new.start_date, new.end_date),
                *_columns_of(new.agreed).values(),
            )
            for new, new_id in rows
        ),
    )
    audit.record(actor, "load", "agreement", None, agreements=len(rows))
    return {new.external_id: new_id for new, new_id in rows}


_SAID = {
    "external_id_taken": "this agreement exists already.",
    "external_id_twice": "this agreement stands twice in the delivery.",
    "unknown_account": "there is no such account.",
    "unknown_service_point": "there is no such service point.",
    "unknown_tariff": "the price book has no such tariff.",
}


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


def _columns_of(agreed: Agreed) -> dict[str, Any]:
    """Return the facts as columns of a term."""
    return {**asdict(agreed), "features": list(agreed.features)}


def _write(agreement: ServiceAgreement) -> None:
    """Insert an agreement; the database refuses a second one at the service point, also when two start at once."""
    point = agreement.service_point_id
    try:
        agreement.clean_fields(exclude=["id"])
    except ValidationError as error:
        if "service_point" not in error.error_dict:
            raise
        raise UnknownServicePoint(f"There is no service point {point}.", service_point_id=point) from None
    try:
        with transaction.atomic():
            agreement.save(force_insert=True)
    except IntegrityError as error:
        cause = error.__cause__
        if not isinstance(cause, psycopg.Error) or cause.diag.constraint_name != ONE_AT_A_TIME:
            raise
        raise ServicePointTaken(
            f"Service point {agreement.service_point.external_id} has an agreement at that time.",
            advice="End that agreement first.",
            service_point_id=point,
        ) from None
