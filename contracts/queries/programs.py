"""Programmes for pages and interfaces: what is offered, and to whom it is open."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Q, QuerySet

from accounts.queries import accounts
from cis.kernel.errors import Refused
from contracts.domain.lease import DayCount, Method, Row
from contracts.domain.programs import EnrollmentState, ProgramKind, ProgramState, Terms, may_join
from contracts.models.program import Program
from contracts.queries import agreements
from contracts.queries.agreements import AgreementCard
from metering.queries import interval_points
from tariffs.queries import versions

OPEN = "open"
JOINED = (EnrollmentState.SIGNED.value, EnrollmentState.RUNNING.value)


class UnknownProgram(Refused):
    """There is no such programme."""

    code = "unknown_program"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramCard:
    """
    A programme as a page shows it.

    text_zh, text_en         what is signed
    valid_from, valid_until  when it may be joined; None: until it is withdrawn
    sha256                   of all that is signed
    enrollments, running     how many were ever offered it, and how many are in it now
    """

    id: int
    code: str
    state: ProgramState
    name_zh: str
    name_en: str
    text_zh: str
    text_en: str
    device_zh: str
    device_en: str
    legal_source: str
    terms: Terms
    valid_from: date
    valid_until: date | None
    customer_classes: tuple[str, ...]
    tariffs: tuple[str, ...]
    sha256: str
    published_at: datetime
    withdrawn_at: datetime | None
    enrollments: int
    running: int

    @property
    def kind(self) -> ProgramKind:
        """Return what sort of programme it is."""
        return self.terms.kind

    @property
    def names(self) -> dict[str, str]:
        """Return its name in both languages."""
        return {"zh": self.name_zh, "en": self.name_en}

    @property
    def texts(self) -> dict[str, str]:
        """Return what is signed in both languages."""
        return {"zh": self.text_zh, "en": self.text_en}

    @property
    def devices(self) -> dict[str, str]:
        """Return the equipment in both languages."""
        return {"zh": self.device_zh, "en": self.device_en}

    def is_open_on(self, day: date) -> bool:
        """Return whether it may be joined on a date."""
        is_time = self.valid_from <= day and (self.valid_until is None or day < self.valid_until)
        return is_time and self.state is ProgramState.PUBLISHED

    def sample(self, start: date) -> tuple[Row, ...]:
        """Return the schedule of who would begin on a date."""
        return self.terms.rows(start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which programmes are listed; "" = all. ``text``: part of a name or code."""

    kind: str = ""
    state: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joinable:
    """A programme that an account may join, and the supply that it would be for; None: it is for none."""

    program: ProgramCard
    agreement: AgreementCard | None


def listed(*, wanted: Wanted, offset: int = 0, most: int = 50) -> tuple[ProgramCard, ...]:
    """Return some programmes, latest first; one statement."""
    return _cards(_filtered(wanted).order_by("-id")[offset : offset + most])


def count(*, wanted: Wanted) -> int:
    """Return how many there are; one statement."""
    return _filtered(wanted).count()


def one(*, program_id: int) -> ProgramCard:
    """
    Return a programme; one statement.

    :raises UnknownProgram: there is none.
    """
    return _only(_cards(Program.objects.filter(id=program_id)), str(program_id))


def cards(*, program_ids: Iterable[int]) -> dict[int, ProgramCard]:
    """Return some programmes, those that exist, by id; one statement."""
    return {card.id: card for card in _cards(Program.objects.filter(id__in=list(program_ids)))}


def of_code(code: str) -> ProgramCard:
    """
    Return the programme of a code; one statement.

    :raises UnknownProgram: there is none.
    """
    return _only(_cards(Program.objects.filter(code=code)), code)


def open_on(*, day: date) -> tuple[ProgramCard, ...]:
    """Return the programmes that may be joined on a date, by name; one statement."""
    rows = Program.objects.filter(state=ProgramState.PUBLISHED.value, period__contains=day)
    return _cards(rows.order_by("kind", "code"))


def open_to(*, account_id: int, day: date) -> tuple[Joinable, ...]:
    """
    Return the programmes that an account may join on a date and is not in; six statements, seven with events in one.

    :raises UnknownAccount: there is none.
    """
    if accounts.card(account_id=account_id).state != OPEN:
        return ()
    supplies = [one for one in agreements.of_account(account_id=account_id) if one.term_on(day)]
    taken = set(
        Program.objects.filter(
            enrollments__account_id=account_id, enrollments__state__in=JOINED, enrollments__period__endswith__gt=day
        ).values_list("id", flat=True)
    )
    classes = _classes(supplies, day)
    programs = [program for program in open_on(day=day) if program.id not in taken]
    measured = _measured(supplies, day) if any(one.kind is ProgramKind.DEMAND_RESPONSE for one in programs) else None
    found = []
    for program in programs:
        fitting = _fitting(program, supplies, classes, day, measured)
        if fitting or not needs_supply(program):
            found.append(Joinable(program=program, agreement=fitting[0] if fitting else None))
    return tuple(found)


def fitting_supplies(*, program: ProgramCard, account_id: int, day: date) -> tuple[AgreementCard, ...]:
    """
    Return the supplies of an account in force on a date by which it may join, latest first; three statements.

    To demand response a supply joins whose meter measures intervals; one statement more.
    """
    supplies = [one for one in agreements.of_account(account_id=account_id) if one.term_on(day)]
    measured = _measured(supplies, day) if program.kind is ProgramKind.DEMAND_RESPONSE else None
    return _fitting(program, supplies, _classes(supplies, day), day, measured)


def needs_supply(program: ProgramCard) -> bool:
    """Return whether one joins by a supply: to change or measure its energy, or as its tariff is asked for."""
    return not program.kind.has_equipment or bool(program.customer_classes or program.tariffs)


def _classes(supplies: Sequence[AgreementCard], day: date) -> dict[int, str]:
    terms = [one.term_on(day) for one in supplies]
    return versions.classes(tariff_ids=[term.tariff_id for term in terms if term]) if terms else {}


def _measured(supplies: Sequence[AgreementCard], day: date) -> frozenset[int]:
    """Return at which service points intervals are measured on a date; one statement."""
    points = [one.service_point_id for one in supplies]
    found = interval_points.registers(service_point_ids=points, start_date=day, end_date=day + timedelta(days=1))
    return frozenset(one.service_point_id for one in found)


def _fitting(
    program: ProgramCard,
    supplies: Iterable[AgreementCard],
    classes: dict[int, str],
    day: date,
    measured: frozenset[int] | None,
) -> tuple[AgreementCard, ...]:
    found = []
    for supply in supplies:
        if (
            program.kind is ProgramKind.DEMAND_RESPONSE
            and measured is not None
            and supply.service_point_id not in measured
        ):
            continue
        term = supply.term_on(day)
        if term and may_join(
            customer_classes=program.customer_classes,
            tariffs=program.tariffs,
            customer_class=classes.get(term.tariff_id, ""),
            tariff=term.tariff_code,
        ):
            found.append(supply)
    return tuple(found)


def _only(found: tuple[ProgramCard, ...], name: str) -> ProgramCard:
    if not found:
        raise UnknownProgram(f"There is no programme {name}.")
    return found[0]


def _filtered(wanted: Wanted) -> QuerySet[Program]:
    given = {"kind": wanted.kind, "state": wanted.state}
    rows = Program.objects.filter(**{name: value for name, value in given.items() if value})
    text = wanted.text.strip()
    if text:
        rows = rows.filter(Q(code__icontains=text) | Q(name_zh__icontains=text) | Q(name_en__icontains=text))
    return rows


def terms_of(row: Program) -> Terms:
    """Return what is agreed in numbers."""
    return Terms(
        kind=ProgramKind(row.kind),
        months=row.months,
        rent_minor=row.rent_minor,
        price_minor=row.price_minor,
        down_minor=row.down_minor,
        rate_e6=row.rate_e6,
        method=Method(row.method),
        count=DayCount(row.count),
        leave_e6=row.leave_e6,
        is_by_calendar_month=row.is_by_calendar_month,
        is_financed=row.is_financed,
        green_blocks=row.green_blocks,
        feature=row.feature,
        tariff=row.tariff,
        limit_w=row.limit_w,
        credit_e6=row.credit_e6,
        notice_minutes=row.notice_minutes,
        opt_out_minutes=row.opt_out_minutes,
        events_most=row.events_most,
    )


def card_of(row: Program, *, enrollments: int = 0, running: int = 0) -> ProgramCard:
    """Return a row as a page shows it."""
    return ProgramCard(
        id=row.id,
        code=row.code,
        state=ProgramState(row.state),
        name_zh=row.name_zh,
        name_en=row.name_en,
        text_zh=row.text_zh,
        text_en=row.text_en,
        device_zh=row.device_zh,
        device_en=row.device_en,
        legal_source=row.legal_source,
        terms=terms_of(row),
        valid_from=row.period.lower,
        valid_until=row.period.upper,
        customer_classes=tuple(row.customer_classes),
        tariffs=tuple(row.tariffs),
        sha256=row.sha256,
        published_at=row.published_at,
        withdrawn_at=row.withdrawn_at,
        enrollments=enrollments,
        running=running,
    )


def _cards(rows: QuerySet[Program]) -> tuple[ProgramCard, ...]:
    counted = rows.annotate(
        n_all=Count("enrollments"), n_running=Count("enrollments", filter=Q(enrollments__state__in=JOINED))
    )
    return tuple(card_of(row, enrollments=row.n_all, running=row.n_running) for row in counted)
