"""
Values that are doubted or missing are set from an exception: typed in, or estimated.

One that moves much energy waits for a second person, together with what was moved before at the same meter: so nobody
slices a large one. What is missing moves nothing that was told to anybody.
"""

from dataclasses import dataclass
from datetime import date

from django.db.models import Sum
from django.utils import timezone

from accounts.queries import supplier
from cis.kernel import fixed
from cis.kernel.actors import Actor
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.kernel.periods import add_months
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, packs
from cis.platform.db import joins_transaction, opens_transaction
from metering.domain.estimation import Method
from metering.domain.exception_acts import CHANGERS, WORKFLOW, Act, ChangeAction, ChangeState
from metering.models.exception import UsageException
from metering.models.read import ReadKind
from metering.models.read_change import ReadChange
from metering.operations import estimates, exceptions, reads, usage, waiting_changes
from metering.operations.estimates import CounterEstimate, DaysEstimate
from metering.operations.exceptions import check_act
from metering.operations.waiting_changes import SUBJECT
from metering.queries import estimation_facts
from metering.queries.estimation_facts import Counter

RULE = "read_second_person"


class UnknownChange(Refused):
    """There is no such change of a reading."""

    code = "unknown_read_change"


class UnknownMethod(Refused):
    """There is no such method of estimation for it."""

    code = "unknown_estimation_method"


class OwnProposal(Refused):
    """Who proposed it may not decide on it."""

    code = "own_proposal"


class ChangeWaits(Refused):
    """Another change of the exception waits for a second person."""

    code = "read_change_waits"


class TooMuchAlone(Refused):
    """A reading moves what two decide on, and who brings it ordered the visit or is not of its crew."""

    code = "too_much_alone"


class ValueMoved(Refused):
    """The value is not that which the change was made from."""

    code = "value_moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What came of it; ``is_waiting``: a second person decides on it, and nothing holds yet."""

    change_id: int
    is_waiting: bool


@opens_transaction
def edit(*, exception_id: int, reading_wh: int, reason: str, today: date, actor: Actor) -> Changed:
    """
    Put another counter value in the place of the one that an exception doubts or misses.

    :param reading_wh: before the multiplier. [Wh, varh or W]
    :raises UnknownException, NotOpen: see ``exceptions``.
    :raises NotAllowed: the actor may not change readings.
    :raises WrongAct: it is about no single counter value.
    :raises ReasonMissing: no reason, or a longer one than 300 characters.
    :raises ChangeWaits: another change waits for a second person.
    :raises ReadRefused: it does not fit its neighbours or its dial.
    """
    return edit_step(exception_id=exception_id, reading_wh=reading_wh, reason=reason, today=today, actor=actor)


@joins_transaction
def edit_step(*, exception_id: int, reading_wh: int, reason: str, today: date, actor: Actor) -> Changed:
    """Change a counter value as a step of a larger use case; see ``edit``."""
    row, reason = _begin(exception_id, reason, actor)
    doubted = check_act(row, Act.EDIT)
    counter = _counter(row, doubted.read_date)
    change = _keep(
        row, read_date=doubted.read_date, before_wh=counter.held_wh, after_wh=reading_wh,
        moved_wh=_moved(counter, reading_wh), method="", reason=reason, today=today, actor=actor,
    )  # fmt: skip
    if not change.needs_two:
        _applied(change, actor)
        _set_counter(change, counter, today, actor)
    return Changed(change_id=change.id, is_waiting=change.needs_two)


@opens_transaction
def estimate(*, exception_id: int, method: str = "", reason: str, today: date, actor: Actor) -> Changed:
    """
    Put an estimate in the place of what an exception doubts or misses.

    :param method: of ``counter_estimates`` or ``day_estimates``; "" = the first of the pack that has enough to go by.
    :raises UnknownException, NotOpen, NotAllowed, WrongAct, ReasonMissing, ChangeWaits: as ``edit``.
    :raises UnknownMethod: there is none of this name for it.
    :raises NothingToGoBy, DaysCorrected: too little is known beside it, or a correction holds there.
    """
    return estimate_step(exception_id=exception_id, method=method, reason=reason, today=today, actor=actor)


@joins_transaction
def estimate_step(*, exception_id: int, method: str = "", reason: str, today: date, actor: Actor) -> Changed:
    """Estimate as a step of a larger use case; see ``estimate``."""
    row, reason = _begin(exception_id, reason, actor)
    check_act(row, Act.ESTIMATE)
    made = _estimated(row, method, today)
    if isinstance(made, CounterEstimate):
        before, after, used = made.counter.held_wh, made.guess.reading_wh, made.guess.method
        moved, on = _moved(made.counter, after), made.read_date
    else:
        before, after, used = made.before_wh, made.after_wh, made.method
        moved, on = (0 if before is None else abs(after - before)), made.start_date
    change = _keep(
        row, read_date=on, before_wh=before, after_wh=after, moved_wh=moved, method=used.value, reason=reason,
        today=today, actor=actor,
    )  # fmt: skip
    if not change.needs_two:
        _applied(change, actor)
        _set(change, row, made, today, actor)
    return Changed(change_id=change.id, is_waiting=change.needs_two)


@joins_transaction
def settle_step(*, row: UsageException, counter: Counter, after_wh: int, reason: str, today: date, actor: Actor) -> int:
    """
    Put a value that lies between two readings in the place of one that the later of them contradicts, or that is
    missing, as a step of what brought that reading: the reading decides on it, so no second person does.

    :param row: locked, and open.
    :returns: id of the change.
    """
    on = exceptions.doubted(row).read_date
    waiting_changes.drop_step(exception_ids=[row.id], actor=actor)
    change = ReadChange.objects.create(
        exception=row, register_id=row.register_id, read_date=on, before_wh=counter.held_wh, after_wh=after_wh,
        method=Method.PRORATION.value, moved_wh=_moved(counter, after_wh), reason=reason, proposer_id=actor.person_id,
    )  # fmt: skip
    _applied(change, actor)
    _set_counter(change, counter, today, actor)
    return change.id


@joins_transaction
def check_alone(*, row: UsageException, today: date) -> None:
    """
    Do nothing where what was moved at the meter of an exception, what was just set included, is for one person.

    :raises TooMuchAlone: it is above that.
    """
    if _moved_lately(row, today) > _limit_wh(today):
        raise TooMuchAlone(
            "Who ordered the visit, or is not of its crew, does not settle so much alone.",
            advice="Let the crew finish it, or set the value on the page of the exception.",
        )


@opens_transaction
def decide(*, change_id: int, is_agreed: bool, today: date, actor: Actor) -> None:
    """
    Apply a change as the second person, or drop it.

    :raises UnknownChange: there is none.
    :raises IllegalMove, NotAllowed: it does not wait (it is dropped when its exception closes in another way), or the
        actor may not decide on it.
    :raises OwnProposal: the actor proposed it, and agrees; who proposed it may drop it.
    :raises ValueMoved: the value is another one meanwhile, or the estimate would be; drop it.
    """
    owner = ReadChange.objects.filter(id=change_id).values_list("exception_id", flat=True).first()
    if owner is None:
        raise UnknownChange(f"There is no change {change_id}.", change_id=change_id)
    row = exceptions.lock(owner, with_reads=is_agreed)
    change = ReadChange.objects.select_for_update().get(id=change_id)
    action = ChangeAction.APPLY if is_agreed else ChangeAction.DROP
    to = WORKFLOW.step(ChangeState(change.state), action, actor).to
    if not is_agreed:
        change.state, change.decided_at, change.decider_id = to.value, timezone.now(), actor.person_id
        change.save(update_fields=["state", "decided_at", "decider_id"])
        audit.record(actor, "drop", SUBJECT, change.id, exception=row.id)
        return
    if actor.person_id == change.proposer_id:
        raise OwnProposal("Who proposed a change does not decide on it.", advice="Ask a second person.")
    exceptions.check_open(row)
    if change.method:
        made = _estimated(row, change.method, today)
        if _says_otherwise(change, made):
            raise _value_moved()
        _applied(change, actor)
        _set(change, row, made, today, actor)
    else:
        counter = _counter(row, change.read_date)
        if counter.held_wh != change.before_wh:
            raise _value_moved()
        _applied(change, actor)
        _set_counter(change, counter, today, actor)


def _begin(exception_id: int, reason: str, actor: Actor) -> tuple[UsageException, str]:
    if not actor.is_one_of(CHANGERS):
        raise NotAllowed(f"{actor.name} may not change readings.", advice="Ask metering.")
    row, reason = exceptions.lock_open(exception_id, with_reads=True), exceptions.why(reason)
    if ReadChange.objects.filter(exception=row, state=ChangeState.PROPOSED.value).exists():
        raise ChangeWaits("Another change waits for a second person.", advice="Agree to it, or drop it first.")
    return row, reason


def _estimated(row: UsageException, method: str, today: date) -> CounterEstimate | DaysEstimate:
    doubted = exceptions.doubted(row)
    ways = estimation_facts.ways(at=doubted.start_date)
    if method and method not in (ways.days if doubted.is_interval else ways.counters):
        raise UnknownMethod(f"There is no method {method!r} for it.", field="method")
    chosen = Method(method) if method else None
    if doubted.is_interval:
        return estimates.of_days(row=row, doubted=doubted, today=today, method=chosen)
    return estimates.of_counter(row=row, doubted=doubted, method=chosen)


def _keep(
    row: UsageException, *, read_date: date, before_wh: int | None, after_wh: int, moved_wh: int, method: str,
    reason: str, today: date, actor: Actor,
) -> ReadChange:  # fmt: skip
    """Keep what is proposed, and whether one person decides on it."""
    change = ReadChange.objects.create(
        exception=row, register_id=row.register_id, read_date=read_date, before_wh=before_wh, after_wh=after_wh,
        method=method, moved_wh=moved_wh, reason=reason, needs_two=_is_for_two(row, moved_wh, today),
        proposer_id=actor.person_id,
    )  # fmt: skip
    told = {"exception": row.id, "before_wh": before_wh, "after_wh": after_wh, "method": method, "reason": reason}
    audit.record(actor, "propose", SUBJECT, change.id, **told)
    return change


def _is_for_two(row: UsageException, moved_wh: int, today: date) -> bool:
    """Return whether a change, with others of its meter, is above what one person decides on."""
    return bool(moved_wh) and moved_wh + _moved_lately(row, today) > _limit_wh(today)


def _limit_wh(today: date) -> int:
    return fixed.parse(packs.rule(RULE, at=today)["above_kwh"], places=3)


def _moved_lately(row: UsageException, today: date) -> int:
    """Return the energy that changes of the meter of an exception moved in the months of the rule. [Wh]"""
    rule = packs.rule(RULE, at=today)
    since = local_clock(supplier.current().time_zone).day_start_utc(add_months(today, -rule["within_months"]))
    others = ReadChange.objects.filter(
        register__meter_id=row.register.meter_id, proposed_at__gte=since,
        state__in=[ChangeState.PROPOSED.value, ChangeState.APPLIED.value],
    )  # fmt: skip
    return others.aggregate(all=Sum("moved_wh"))["all"] or 0


def _set(
    change: ReadChange, row: UsageException, made: CounterEstimate | DaysEstimate, today: date, actor: Actor
) -> None:
    if isinstance(made, CounterEstimate):
        _set_counter(change, made.counter, today, actor)
        return
    estimates.write_days(estimate=made, register_id=row.register_id)
    first, end = estimates.touched_days(made)
    usage.approve_step(
        start_date=first.replace(day=1), end_date=add_months(end.replace(day=1), int(end.day > 1)),
        service_point_ids=[row.service_point_id],
    )  # fmt: skip


def _set_counter(change: ReadChange, counter: Counter, today: date, actor: Actor) -> None:
    reads.keep(
        serial=counter.serial, register=counter.code, read_date=change.read_date, reading_wh=change.after_wh,
        kind=ReadKind.ESTIMATED.value if change.method else ReadKind.ACTUAL.value, method=change.method, actor=actor,
        today=today,
    )  # fmt: skip


def _applied(change: ReadChange, actor: Actor) -> None:
    """Note that a change is applied, before it is: then it waits no more when its exception goes by it."""
    change.state, change.decided_at = ChangeState.APPLIED.value, timezone.now()
    change.decider_id = actor.person_id
    change.save(update_fields=["state", "decided_at", "decider_id"])
    audit.record(actor, "apply", SUBJECT, change.id, exception=change.exception_id)


def _counter(row: UsageException, on: date) -> Counter:
    found = estimation_facts.counter(service_point_id=row.service_point_id, register_id=row.register_id, on=on)
    if found is None:
        raise _value_moved()
    return found


def _moved(counter: Counter, after_wh: int) -> int:
    """Return how much energy another value moves, either way round the dial. [Wh]"""
    if counter.held_wh is None:
        return 0
    turn = int(10**counter.digits) * 1_000
    off = abs(after_wh - counter.held_wh) % turn
    return min(off, turn - off) * counter.multiplier


def _says_otherwise(change: ReadChange, made: CounterEstimate | DaysEstimate) -> bool:
    if isinstance(made, CounterEstimate):
        return (made.counter.held_wh, made.guess.reading_wh) != (change.before_wh, change.after_wh)
    return (made.before_wh, made.after_wh) != (change.before_wh, change.after_wh)


def _value_moved() -> ValueMoved:
    return ValueMoved("The value has changed since this was proposed.", advice="Drop it, and look at it anew.")
