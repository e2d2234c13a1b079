"""
Settling an event: each part is measured against its own similar days, and says what it is worth.

Whoever credits it opens the use case: ``billing.operations.demand_credits``. What is not measured is not credited, and
nothing is guessed; it is waited for as long as the pack says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from accounts.domain.notice_events import Fact, Money
from accounts.queries import supplier
from cis.kernel.actors import Actor
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.platform import audit
from cis.platform.db import joins_transaction
from contracts.domain import baselines, demand_days
from contracts.domain.baselines import BaselineRule
from contracts.domain.demand_days import Gap, Hours, Outcome
from contracts.domain.demand_response import (
    PART,
    PART_WORKFLOW,
    REASON_MOST,
    SUBJECT,
    WORKFLOW,
    EventAction,
    EventState,
    PartAction,
    PartState,
)
from contracts.models.demand_response import BaselineDay, DemandEvent, EventHour, EventPart
from contracts.operations.demand_events import clock_text, lock, tell_step
from contracts.operations.enrollment_steps import reason_of
from contracts.queries import demand_rules, demand_values
from contracts.queries.demand_events import UnknownPart
from contracts.queries.demand_rules import EventRule
from contracts.queries.demand_values import Point

CHUNK = 1_000
MEASURED_ONCE = (
    PartState.TAKING_PART.value, PartState.SETTLED.value, PartState.UNMEASURED.value, PartState.TAKEN_BACK.value,
)  # fmt: skip


class NotMeasured(Refused):
    """Values are missing: nothing is guessed, and nothing is credited."""

    code = "not_measured"


class OwnSettlement(Refused):
    """Who settled it does not take it back."""

    code = "own_settlement"


class NoReasonToTakeBack(Refused):
    """Nobody said why."""

    code = "reason_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """
    What a part is worth. [minor unit]

    amount_minor  with its tax; 0: nothing was delivered
    text          what a note prints
    source        text that the rule rests on
    vat_e6        tax that the amount contains [10^-6]
    """

    part_id: int
    account_id: int
    turn: int
    amount_minor: int
    text: str
    source: str
    vat_e6: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """
    What came of it.

    waits    so many parts are not measured yet, and nothing was settled
    credits  of the parts that were settled
    """

    waits: int
    credits: tuple[Credit, ...]


@joins_transaction
def settle_step(*, event_id: int, at: datetime, actor: Actor) -> Settling:
    """
    Measure an event that has ended, and settle it if all of its parts are measured, or waited for long enough.

    A part that no value can mend any more is not waited for.

    Three statements to read and some to write for each 1,000 parts.

    :raises UnknownEvent, IllegalMove, NotAllowed: there is none; it has not ended, or is settled; the actor may not.
    :raises MissingRule: the pack has no rule ``demand_response``.
    """
    row = lock(event_id)
    to = WORKFLOW.step(EventState(row.state), EventAction.SETTLE, actor).to
    rule = demand_rules.rule(at=_day(row.start_at))
    parts = list(
        EventPart.objects.select_for_update(of=("self",)).filter(event=row, state=PartState.TAKING_PART.value)
        .select_related("enrollment__customer", "event__program").order_by("id")
    )  # fmt: skip
    found = _measure(row, parts, rule.baseline)
    gaps = {part.id: gap for part in parts if isinstance(gap := found[part.id], Gap)}
    lacking = [part for part in parts if part.id in gaps]
    for part in lacking:
        part.gap = str(gaps[part.id])
    EventPart.objects.bulk_update(lacking, ["gap"], batch_size=CHUNK)
    waits = sum(not gap.is_final for gap in gaps.values())
    is_over = _day(at) > _day(row.end_at) + timedelta(days=rule.baseline.wait_days)
    if waits and not is_over:
        return Settling(waits=waits, credits=())
    _give_up(lacking, actor)
    credits_ = _settle(
        [part for part in parts if isinstance(found[part.id], Hours)], found, rule, PartAction.SETTLE, at, actor
    )
    row.state, row.settled_at = to.value, at
    row.save(update_fields=["state", "settled_at"])
    audit.record(actor, EventAction.SETTLE, SUBJECT, row.id, settled=len(credits_), unmeasured=len(lacking))
    return Settling(waits=0, credits=credits_)


@joins_transaction
def settle_again_step(*, part_id: int, at: datetime, actor: Actor) -> Credit:
    """
    Measure one part anew that was taken back, or whose values came late.

    :raises UnknownPart, IllegalMove, NotAllowed: there is none; it is settled, or was never; the actor may not.
    :raises NotMeasured: values are still missing.
    """
    part = lock_part(part_id)
    PART_WORKFLOW.step(PartState(part.state), PartAction.SETTLE_AGAIN, actor)
    rule = demand_rules.rule(at=_day(part.event.start_at))
    found = _measure(part.event, [part], rule.baseline)
    gap = found[part.id]
    if isinstance(gap, Gap):
        raise NotMeasured("Values are missing: nothing is guessed.", advice="Wait for them.", gap=str(gap))
    part.days.all().delete()
    part.hours.all().delete()
    [credit] = _settle([part], found, rule, PartAction.SETTLE_AGAIN, at, actor)
    return credit


@joins_transaction
def keep_notes_step(*, credits_: Sequence[Credit], notes: Mapping[int, int], actor: Actor) -> None:
    """
    Keep the notes that credit parts, and tell their customers what they delivered; a constant number of statements.

    :param notes: ids of notes by account; none where nothing was delivered.
    """
    ids = [one.part_id for one in credits_]
    rows = EventPart.objects.filter(id__in=ids).select_related("event__program").order_by("id")
    parts, currency = list(rows), supplier.current().currency
    for part in parts:
        part.note_id = notes.get(part.account_id)
    EventPart.objects.bulk_update(parts, ["note_id"], batch_size=CHUNK)
    told: list[tuple[EventPart, dict[str, Fact]]] = [
        (
            part,
            {
                "start": clock_text(part.event.start_at), "kwh": _kwh(part.delivered_wh or 0),
                "amount": Money(part.credit_minor or 0, currency),
            },
        )
        for part in parts
    ]  # fmt: skip
    tell_step(event="demand_event_settled", parts=told, actor=actor)


@joins_transaction
def take_back_step(*, part_id: int, reason: str, at: datetime, actor: Actor) -> EventPart:
    """
    Take the settlement of a part back; who settled it by hand does not take it back.

    :returns: the part, with the note that credits it.
    :raises UnknownPart, IllegalMove, NotAllowed: there is none; it is not settled; the actor may not.
    :raises OwnSettlement: the actor settled it. :raises NoReasonToTakeBack: nobody said why.
    """
    part = lock_part(part_id)
    to = PART_WORKFLOW.step(PartState(part.state), PartAction.TAKE_BACK, actor).to
    if part.settler_id is not None and part.settler_id == actor.person_id:
        raise OwnSettlement("Who settled it does not take it back.", advice="Ask somebody else of billing.")
    if not reason.strip():
        raise NoReasonToTakeBack("Say why it is taken back.", field="reason")
    part.state, part.taken_back_at, part.reason = to.value, at, reason.strip()[:REASON_MOST]
    part.save(update_fields=["state", "taken_back_at", "reason"])
    audit.record(actor, PartAction.TAKE_BACK, PART, part.id, account_id=part.account_id, reason=part.reason)
    return part


@joins_transaction
def lock_part(part_id: int) -> EventPart:
    """
    Return a part, locked until the use case ends.

    :raises UnknownPart: there is none.
    """
    rows = EventPart.objects.select_for_update(of=("self",)).select_related("enrollment__customer", "event__program")
    part = rows.filter(id=part_id).first()
    if part is None:
        raise UnknownPart(f"Nobody takes part in an event by {part_id}.", part_id=part_id)
    return part


def _measure(row: DemandEvent, parts: Sequence[EventPart], rule: BaselineRule) -> dict[int, Hours | Gap]:
    clock, calendar = local_clock(settings.TIME_ZONE), demand_rules.calendar(at=_day(row.start_at))
    excluded = _other_events(row, parts)
    found: dict[int, Hours | Gap] = {}
    for first in range(0, len(parts), CHUNK):
        points = [
            Point(
                part_id=part.id, account_id=part.account_id, service_point_id=part.service_point_id,
                excluded=frozenset(excluded.get(part.account_id, ())),
            )
            for part in parts[first : first + CHUNK]
        ]  # fmt: skip
        found |= demand_values.of_parts(
            start_at=row.start_at, end_at=row.end_at, points=points, rule=rule, clock=clock, calendar=calendar
        )
    return found


def _other_events(row: DemandEvent, parts: Sequence[EventPart]) -> dict[int, set[date]]:
    """Return the days of other events in which the same accounts took part: they tell nothing of an ordinary day."""
    others = EventPart.objects.filter(account_id__in=[part.account_id for part in parts], state__in=MEASURED_ONCE)
    found: dict[int, set[date]] = {}
    for account_id, start_at in others.exclude(event=row).values_list("account_id", "event__start_at"):
        found.setdefault(account_id, set()).add(_day(start_at))
    return found


def _give_up(parts: Sequence[EventPart], actor: Actor) -> None:
    """Leave out who was not measured in time, and tell them."""
    for part in parts:
        part.state = PART_WORKFLOW.step(PartState(part.state), PartAction.GIVE_UP, actor).to.value
    EventPart.objects.bulk_update(parts, ["state"], batch_size=CHUNK)
    told: list[tuple[EventPart, dict[str, Fact]]] = [
        (part, {"start": clock_text(part.event.start_at)}) for part in parts
    ]
    tell_step(event="demand_event_unmeasured", parts=told, actor=actor)


def _settle(
    parts: Sequence[EventPart],
    found: Mapping[int, Hours | Gap],
    rule: EventRule,
    action: PartAction,
    at: datetime,
    actor: Actor,
) -> tuple[Credit, ...]:
    outcomes: list[tuple[EventPart, Hours, Outcome]] = []
    unadjusted, saved_before = replace(rule.baseline, before_hours=0), _saved_before(parts, rule.baseline)
    for part in parts:
        hours = found[part.id]
        assert isinstance(hours, Hours)
        baseline = unadjusted if part.account_id in saved_before else rule.baseline
        outcomes.append((part, hours, demand_days.outcome(hours, rule=baseline)))
    if not outcomes:
        return ()
    worth = baselines.credit_minor(
        delivered_wh=[one.delivered.energy_wh for _part, _hours, one in outcomes],
        credit_e6=outcomes[0][0].event.program.credit_e6,
    )
    for (part, _hours, one), amount_minor in zip(outcomes, worth, strict=True):
        part.state = PART_WORKFLOW.step(PartState(part.state), action, actor).to.value
        part.gap, part.factor_e6 = "", one.baseline.factor_e6
        part.before_wh, part.baseline_wh, part.actual_wh = one.before_wh, one.baseline.energy_wh, one.actual_wh
        part.delivered_wh, part.delivered_w = one.delivered.energy_wh, one.delivered.mean_w
        part.credit_minor, part.note_id, part.turn = amount_minor, None, part.turn + 1
        part.settled_at, part.settler_id = at, actor.person_id
    EventPart.objects.bulk_update(parts, _RESULT, batch_size=CHUNK)
    _keep_proof(outcomes)
    audit.record_many(actor, action, PART, [part.id for part in parts], event_id=parts[0].event_id)
    return tuple(_credit(part, rule) for part in parts)


_RESULT = (
    "state", "gap", "factor_e6", "before_wh", "baseline_wh", "actual_wh", "delivered_wh", "delivered_w",
    "credit_minor", "note_id", "turn", "settled_at", "settler_id",
)  # fmt: skip


def _saved_before(parts: Sequence[EventPart], rule: BaselineRule) -> set[int]:
    """Return the accounts that saved in another event in the hours before: these adjust nothing; one statement."""
    if not parts:
        return set()
    row = parts[0].event
    others = EventPart.objects.filter(
        account_id__in=[part.account_id for part in parts], state__in=MEASURED_ONCE, event__start_at__lt=row.start_at,
        event__end_at__gt=row.start_at - timedelta(hours=rule.before_hours),
    )  # fmt: skip
    return set(others.exclude(event=row).values_list("account_id", flat=True))


def _keep_proof(outcomes: Sequence[tuple[EventPart, Hours, Outcome]]) -> None:
    """Keep the days and the hours that a settlement rests on."""
    BaselineDay.objects.bulk_create(
        (
            BaselineDay(
                part=part, day=date.fromordinal(int(hours.days[1 + place])),
                event_wh=int(hours.event_wh[1 + place].sum()), before_wh=int(hours.before_wh[1 + place].sum()),
                is_highest=place in one.baseline.highest,
            )
            for part, hours, one in outcomes for place in range(len(hours) - 1)
        ),
        batch_size=10 * CHUNK,
    )  # fmt: skip
    EventHour.objects.bulk_create(
        (
            EventHour(part=part, hour=hour, baseline_wh=baselines.round_half_away(expected), actual_wh=int(used))
            for part, hours, one in outcomes
            for hour, (expected, used) in enumerate(zip(one.baseline.hours_wh, hours.event_wh[0], strict=True))
        ),
        batch_size=10 * CHUNK,
    )


def _credit(part: EventPart, rule: EventRule) -> Credit:
    program = part.event.program
    words = f"{timezone.localtime(part.event.start_at):%Y-%m-%d} {_kwh(part.delivered_wh or 0)} kWh"
    return Credit(
        part_id=part.id, account_id=part.account_id, turn=part.turn, amount_minor=part.credit_minor or 0,
        text=reason_of(program.name_zh, program.name_en, part.enrollment.customer.language, words),
        source=program.legal_source or rule.source, vat_e6=rule.vat_e6,
    )  # fmt: skip


def _kwh(energy_wh: int) -> str:
    return f"{energy_wh // 1000}.{energy_wh % 1000:03d}"


_day = timezone.localdate
