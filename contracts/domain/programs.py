"""Programmes that customers sign: what is offered, on what terms, to whom; and how an enrolment moves."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum

from cis.kernel.actors import ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Findings, Refused
from cis.kernel.periods import add_months
from cis.kernel.workflow import Move, Workflow
from contracts.domain import demand_response, lease
from contracts.domain.agreements import BLOCKS_MOST, FEATURE
from contracts.domain.charge_kinds import ChargeKind
from contracts.domain.demand_response import EventTerms
from contracts.domain.lease import BadSchedule, DayCount, Method, Rebate, Rent, Row, Sale, Settlement

CODE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+){0,9}")
NAME_MOST = 100
CODE_MOST = 40


class InvalidProgram(Refused):
    """What is to be offered has findings; ``detail["findings"]`` has one entry for each."""

    code = "invalid_program"


class ProgramKind(StrEnum):
    """
    What sort of programme it is.

    GREEN            green energy: blocks of it, or a part of the use; a fee a month or none
    LEASE            equipment for a rent a month
    INSTALMENT_SALE  equipment that is bought and paid by instalments
    DEMAND_RESPONSE  energy that is saved in events, and credited; it costs nothing
    """

    GREEN = "green"
    LEASE = "lease"
    INSTALMENT_SALE = "instalment_sale"
    DEMAND_RESPONSE = "demand_response"

    @property
    def has_equipment(self) -> bool:
        """Return whether a device goes to the customer: such a programme is settled early, another one is ended."""
        return self in (ProgramKind.LEASE, ProgramKind.INSTALMENT_SALE)


class ProgramState(StrEnum):
    """Whether a programme may be joined: PUBLISHED within its dates; WITHDRAWN: no more, who is in stays in."""

    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class ProgramAction(StrEnum):
    """What moves a programme."""

    WITHDRAW = "withdraw"


class EnrollmentState(StrEnum):
    """
    States of an enrolment.

    OFFERED    the customer may sign; nothing is owed
    SIGNED     agreed; it begins on its day, and may be cancelled within the cooling-off days
    RUNNING    it has begun
    ENDED      all its months are over, or a package was ended on a day
    CANCELLED  never held: declined, not signed in time, cancelled within the cooling-off days, or refused by the bank
    SETTLED    what was left was settled early
    """

    OFFERED = "offered"
    SIGNED = "signed"
    RUNNING = "running"
    ENDED = "ended"
    CANCELLED = "cancelled"
    SETTLED = "settled"


class EnrollmentAction(StrEnum):
    """What moves an enrolment."""

    SIGN = "sign"
    DECLINE = "decline"
    EXPIRE = "expire"
    START = "start"
    CANCEL = "cancel"
    REFUSE = "refuse"
    SETTLE = "settle"
    END = "end"


PUBLISHERS: frozenset[Role | ActorKind] = frozenset((Role.BILLING, Role.SUPERVISOR, ActorKind.SYSTEM))
OFFERERS: frozenset[Role | ActorKind] = frozenset(
    (Role.CLERK, Role.SUPERVISOR, ActorKind.CUSTOMER, ActorKind.CLIENT, ActorKind.SYSTEM)
)
MACHINE: frozenset[Role | ActorKind] = frozenset((ActorKind.SYSTEM,))

_S, _A = EnrollmentState, EnrollmentAction
WORKFLOW = Workflow(
    "enrolment",
    {
        (_S.OFFERED, _A.SIGN): Move(_S.SIGNED, OFFERERS),
        (_S.OFFERED, _A.DECLINE): Move(_S.CANCELLED, OFFERERS),
        (_S.OFFERED, _A.EXPIRE): Move(_S.CANCELLED, MACHINE),
        (_S.SIGNED, _A.START): Move(_S.RUNNING, MACHINE),
        (_S.SIGNED, _A.CANCEL): Move(_S.CANCELLED, OFFERERS),
        (_S.SIGNED, _A.REFUSE): Move(_S.CANCELLED, OFFERERS),
        (_S.RUNNING, _A.CANCEL): Move(_S.CANCELLED, OFFERERS),
        # Its supply turned out to have ended before it began.
        (_S.RUNNING, _A.REFUSE): Move(_S.CANCELLED, MACHINE),
        (_S.RUNNING, _A.SETTLE): Move(_S.SETTLED, OFFERERS),
        (_S.RUNNING, _A.END): Move(_S.ENDED, OFFERERS),
    },
)
PROGRAM_WORKFLOW = Workflow(
    "programme",
    {(ProgramState.PUBLISHED, ProgramAction.WITHDRAW): Move(ProgramState.WITHDRAWN, PUBLISHERS)},
)

CHARGE_KINDS = {
    ProgramKind.GREEN: ChargeKind.GREEN_PACKAGE,
    ProgramKind.LEASE: ChargeKind.LEASE_RENT,
    ProgramKind.INSTALMENT_SALE: ChargeKind.INSTALMENT,
}
"""As what each row of a schedule is charged; demand response has no schedule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """
    What is agreed in numbers; what a kind does not have stays 0, "" or None. [minor unit]

    months                so many months, or instalments
    rent_minor            rent of a lease, fee of a package, each month
    price_minor           of equipment that is sold, with its down payment
    rate_e6               interest a year [10^-6]
    leave_e6              part of what is to come that is owed for ending early [10^-6]
    is_by_calendar_month  rents follow calendar months, the first and last are parts of one
    is_financed           a partner bank pays the price, and the instalments go to it
    green_blocks          blocks of green energy a month, on top of those agreed before
    feature               feature by which the tariff charges a part of the use as green
    tariff                code of a tariff with green energy that holds meanwhile; "": the customer's own
    limit_w, credit_e6, notice_minutes, opt_out_minutes, events_most
                          of demand response; see ``demand_response.EventTerms``
    """

    kind: ProgramKind
    months: int
    rent_minor: int = 0
    price_minor: int = 0
    down_minor: int = 0
    rate_e6: int = 0
    method: Method = Method.ANNUITY
    count: DayCount = DayCount.CALENDAR_DAYS
    leave_e6: int = 0
    is_by_calendar_month: bool = False
    is_financed: bool = False
    green_blocks: int = 0
    feature: str = ""
    tariff: str = ""
    limit_w: int = 0
    credit_e6: int = 0
    notice_minutes: int = 0
    opt_out_minutes: int = 0
    events_most: int = 0

    @property
    def credit_minor(self) -> int:
        """Return what a kWh saved in an event is worth, whole minor units. [minor unit/kWh]"""
        return self.credit_e6 // 10**6

    @property
    def events(self) -> EventTerms:
        """Return what is agreed on events of demand response."""
        return EventTerms(
            limit_w=self.limit_w, credit_e6=self.credit_e6, notice_minutes=self.notice_minutes,
            opt_out_minutes=self.opt_out_minutes, events_most=self.events_most,
        )  # fmt: skip

    @property
    def rent(self) -> Rent:
        """Return what is paid each month of a lease or a package."""
        return Rent(
            rent_minor=self.rent_minor,
            months=self.months,
            count=self.count,
            is_by_calendar_month=self.is_by_calendar_month,
            leave_e6=self.leave_e6,
        )

    @property
    def sale(self) -> Sale:
        """Return how equipment is paid for."""
        return Sale(
            price_minor=self.price_minor,
            down_minor=self.down_minor,
            rate_e6=self.rate_e6,
            instalments=self.months,
            method=self.method,
            count=self.count,
            leave_e6=self.leave_e6,
        )

    @property
    def monthly_minor(self) -> int:
        """Return what a usual month costs: the rent, or the first instalment."""
        if self.kind is not ProgramKind.INSTALMENT_SALE:
            return self.rent_minor
        return next(row.amount_minor for row in self.rows(date(2001, 1, 1)) if row.seq)

    def rows(self, start: date) -> tuple[Row, ...]:
        """Return the schedule of who begins on a day; a package without a fee has none."""
        if self.kind is ProgramKind.INSTALMENT_SALE:
            return lease.sale_rows(self.sale, start=start)
        return lease.rent_rows(self.rent, start=start) if self.rent_minor else ()

    def end_of(self, start: date) -> date:
        """Return the first day after all of its months."""
        return add_months(start, self.months)

    def settle(self, *, rows: Sequence[Row], on: date, rebate: Rebate) -> Settlement:
        """Return what is left on a day; see ``contracts.domain.lease``."""
        if self.kind is ProgramKind.INSTALMENT_SALE:
            return lease.settle_sale(self.sale, rows=rows, on=on, rebate=rebate)
        return lease.settle_rent(self.rent, rows=rows, on=on)

    def exits(self, *, start: date, rebate: Rebate) -> tuple[Settlement, ...]:
        """Return what ending it would cost at the end of each month but the last; none where nothing is owed here."""
        rows = self.rows(start)
        if self.is_financed or not rows:
            return ()
        days = sorted({row.end_date for row in rows if start < row.end_date < self.end_of(start)})
        return tuple(self.settle(rows=rows, on=day, rebate=rebate) for day in days)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProgram:
    """
    A programme to be offered.

    text_zh, text_en         what is signed, in both languages
    device_zh, device_en     equipment that is leased or sold
    valid_from, valid_until  first day on which it may be joined, and the first on which not any more; None: always
    customer_classes         of the customer's tariff; none: all
    tariffs                  codes of tariffs whose customers may join; none: all
    """

    code: str
    name_zh: str
    name_en: str
    text_zh: str
    text_en: str
    terms: Terms
    valid_from: date
    valid_until: date | None = None
    customer_classes: tuple[str, ...] = ()
    tariffs: tuple[str, ...] = ()
    device_zh: str = ""
    device_en: str = ""
    legal_source: str = field(default="")

    def check(self) -> None:
        """
        Refuse what cannot be offered.

        :raises InvalidProgram: every fault at once.
        """
        findings = Findings()
        if not CODE.fullmatch(self.code) or len(self.code) > CODE_MOST:
            findings.add("code", "bad_code", "A code has small letters and digits, with hyphens between.")
        for name in ("name_zh", "name_en"):
            if not 1 <= len(getattr(self, name).strip()) <= NAME_MOST:
                findings.add(name, "bad_name", f"A name has 1 to {NAME_MOST} characters.")
        for name in ("text_zh", "text_en"):
            if not getattr(self, name).strip():
                findings.add(name, "no_text", "Terms are written in both languages.")
        if self.valid_until is not None and self.valid_until <= self.valid_from:
            findings.add("valid_until", "empty_period", "The end is after the start.")
        _check_terms(self.terms, findings)
        if self.terms.kind.has_equipment and not (self.device_zh.strip() and self.device_en.strip()):
            findings.add("device_en", "no_device", "Equipment is named in both languages.")
        findings.raise_if_any(InvalidProgram)

    def sha256(self) -> str:
        """Return the hash of all that is signed: names, texts, equipment and numbers."""
        numbers = "\n".join(f"{name}={value}" for name, value in sorted(asdict(self.terms).items()))
        words = (self.code, self.name_zh, self.name_en, self.device_zh, self.device_en, self.text_zh, self.text_en)
        return hashlib.sha256("\n\n".join((*words, numbers)).encode()).hexdigest()


def _check_terms(terms: Terms, findings: Findings) -> None:
    is_green = terms.kind is ProgramKind.GREEN
    _check_events(terms, findings)
    if is_green and not (terms.green_blocks or terms.feature or terms.tariff):
        findings.add("green_blocks", "nothing_green", "A package has blocks, a feature or a tariff of green energy.")
    if not is_green and (terms.green_blocks or terms.feature or terms.tariff):
        findings.add("green_blocks", "not_green", "Only a green package changes what is agreed on energy.")
    if not 0 <= terms.green_blocks <= BLOCKS_MOST:
        findings.add("green_blocks", "bad_blocks", f"Green energy is bought in 0 to {BLOCKS_MOST:,} blocks.")
    if terms.feature and not FEATURE.fullmatch(terms.feature):
        findings.add("feature", "bad_feature", f"{terms.feature!r} is no code of a feature.")
    if terms.is_financed and terms.kind is not ProgramKind.INSTALMENT_SALE:
        findings.add("is_financed", "not_a_sale", "A bank finances what is sold.")
    if not 1 <= terms.months <= lease.MONTHS_MOST:
        findings.add("months", "bad_months", f"A programme lasts 1 to {lease.MONTHS_MOST} months.")
        return
    try:
        terms.rows(date(2001, 1, 1))
    except BadSchedule as refusal:
        findings.add(str(refusal.detail.get("field", "")), refusal.code, refusal.message, refusal.advice)
    if terms.kind is ProgramKind.LEASE and not terms.rent_minor:
        findings.add("rent", "no_rent", "A lease has a rent.")


def _check_events(terms: Terms, findings: Findings) -> None:
    if terms.kind is ProgramKind.DEMAND_RESPONSE:
        demand_response.check_terms(terms.events, findings=findings)
        if terms.rent_minor or terms.price_minor or terms.down_minor:
            findings.add("rent", "costs_nothing", "Who takes part in demand response pays nothing for it.")
    elif terms.events != EventTerms(limit_w=0, credit_e6=0, notice_minutes=0, opt_out_minutes=0, events_most=0):
        findings.add("credit", "no_events", "Only demand response has events.")


def may_join(*, customer_classes: Sequence[str], tariffs: Sequence[str], customer_class: str, tariff: str) -> bool:
    """Return whether a customer at a tariff of a class may join; an empty list asks for nothing."""
    return (not customer_classes or customer_class in customer_classes) and (not tariffs or tariff in tariffs)
