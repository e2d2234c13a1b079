"""
May we cut? Every reason why a supply must not be cut off for its debts at a moment, with its evidence and its end.

Pure: facts, rule and moment are brought along. No other code decides this, and an order of disconnection is dispatched
only where the answer is empty.

[source: 电力供应与使用条例 (2019) 第三十九条; 供电营业规则 (1996) 第六十七条, 第六十八条; 民法典 第六百五十四条]
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import partial

from arrears.domain.cut_facts import (
    Blocker,
    BlockerCode,
    CutRule,
    Debt,
    Evidence,
    Facts,
    Hold,
    HoldKind,
    Moment,
    PrepaidFacts,
    PrepaidRule,
    Season,
)

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_LONGEST_CLOSED = 400


def may_cut(*, facts: Facts, rule: CutRule, moment: Moment) -> tuple[Blocker, ...]:
    """
    Return every reason why the supply must not be cut now, none: it may be.

    What is said to have happened after the moment does not count, and neither do demands, notices and reminders from
    before the oldest debt that counts was overdue. For a prepaid account its balance stands for debts, and what was
    agreed for the ladder, the notice and the last reminder; what protects people and days holds all the same.

    :raises ValueError: facts of a balance and a rule on debts, or the other way.
    """
    if (facts.prepaid is None) != (rule.prepaid is None):
        raise ValueError("facts and rule are not of the same kind")
    if facts.prepaid is not None and rule.prepaid is not None:
        return (*_balance(facts, facts.prepaid, rule.prepaid, moment), *_people_and_days(facts, rule, moment))
    counted = _counted(facts, rule, moment)
    return (
        *_money(facts, rule, moment, counted),
        *_demands(facts, rule, moment, counted),
        *_notice(facts, rule, moment, counted),
        *_reminder(facts, rule, moment),
        *_people_and_days(facts, rule, moment),
    )


def is_open(*, rule: CutRule, moment: Moment) -> bool:
    """Return whether season, holiday, weekday and hour let anybody be cut off."""
    return not any(_days(rule, moment))


def _people_and_days(facts: Facts, rule: CutRule, moment: Moment) -> Iterator[Blocker]:
    yield from _holds(facts, rule, moment)
    yield from _importance(facts, rule, moment)
    yield from _approval(facts, rule, moment)
    yield from _days(rule, moment)
    yield from _weather(facts, rule, moment)


def _balance(facts: Facts, known: PrepaidFacts, rule: PrepaidRule, moment: Moment) -> Iterator[Blocker]:
    """Look at what is left, and whether its numbers are certain, told, and told long enough."""
    if not known.is_running:
        yield Blocker(BlockerCode.PREPAID_ENDED, (), None)
    if known.review or known.balance_minor is None:
        yield Blocker(BlockerCode.IN_REVIEW, (("review", known.review or "unrated"),), None)
    if known.rated_until is None or (moment.day - known.rated_until).days > rule.stale_days:
        until = "" if known.rated_until is None else known.rated_until.isoformat()
        yield Blocker(BlockerCode.STALE_READ, (("rated_until", until), ("days", rule.stale_days)), None)
    if known.balance_minor is not None:
        # What is disputed of a bill is not gone yet.
        left = known.balance_minor + _held_minor(facts, moment.at)
        if left >= rule.cut_below_minor:
            told: Evidence = (("left_minor", left), ("line_minor", rule.cut_below_minor))
            spare = rule.cut_below_minor - known.balance_minor
            end = next((at for at in _turns(facts, moment) if _held_minor(facts, at) < spare), None)
            yield Blocker(BlockerCode.BALANCE_LEFT, told, end)
    if known.cut_date is None or known.told_at is None or known.told_at > moment.at:
        named = "" if known.cut_date is None else known.cut_date.isoformat()
        yield Blocker(BlockerCode.BALANCE_UNTOLD, (("cut_date", named),), None)
        return
    ripe = max(known.cut_date, moment.clock.local_date(known.told_at) + rule.grace_days * _DAY)
    if moment.day < ripe:
        yield Blocker(BlockerCode.GRACE, (("from", ripe.isoformat()),), moment.clock.day_start_utc(ripe))


def _held_minor(facts: Facts, at: datetime) -> int:
    """Return what is open of the bills that a hold is about at an instant. [minor unit]"""
    held = {one.bill_id for one in facts.holds if one.bill_id is not None and one.holds_at(at)}
    return sum(debt.open_minor for debt in facts.debts if debt.bill_id in held)


def _turns(facts: Facts, moment: Moment, rule: CutRule | None = None) -> list[datetime]:
    """Return the instants to come at which holds of bills begin or end and, by a rule, debts become old enough."""
    of_bills = [hold for hold in facts.holds if hold.bill_id is not None]
    found = {at for hold in of_bills for at in (hold.since_at, hold.until_at) if at is not None and at > moment.at}
    if rule is not None:
        days = (debt.due_date + (rule.overdue_days + 1) * _DAY for debt in facts.debts)
        found.update(moment.clock.day_start_utc(day) for day in days if day > moment.day)
    return sorted(found)


def _ends(
    facts: Facts, rule: CutRule, moment: Moment, *, is_there: Callable[[tuple[Debt, ...]], bool]
) -> datetime | None:
    """Return when what rests on the debts that count is there no more, as holds end and debts grow old; None: never."""
    for at in _turns(facts, moment, rule):
        then = Moment(at, moment.clock.local_date(at), moment.clock, moment.calendar)
        if not is_there(_counted(facts, rule, then)):
            return at
    return None


def _counted(facts: Facts, rule: CutRule, moment: Moment) -> tuple[Debt, ...]:
    """Return the debts for which it may be cut: old enough, held by nothing, named by the notice if there is one."""
    held = {hold.bill_id for hold in facts.holds if hold.bill_id is not None and hold.holds_at(moment.at)}
    return tuple(
        debt
        for debt in facts.debts
        if debt.open_minor > 0
        and (moment.day - debt.due_date).days > rule.overdue_days
        and debt.bill_id not in held
        and (facts.notice is None or debt.bill_id in facts.notice.bill_ids)
    )


def _money(facts: Facts, rule: CutRule, moment: Moment, counted: tuple[Debt, ...]) -> Iterator[Blocker]:
    if facts.is_prepaid:
        yield Blocker(BlockerCode.PREPAID, (), None)
    overdue = [debt for debt in facts.debts if debt.open_minor > 0 and debt.due_date < moment.day]
    if overdue:
        oldest = min(debt.due_date for debt in overdue)
        ripe = oldest + (rule.overdue_days + 1) * _DAY
        if moment.day < ripe:
            told: Evidence = (("oldest_due", oldest.isoformat()), ("days", rule.overdue_days))
            yield Blocker(BlockerCode.TOO_YOUNG, told, moment.clock.day_start_utc(ripe))
    least = max(rule.least_minor, 1)

    def is_below(debts: tuple[Debt, ...]) -> bool:
        return _sum_minor(debts, facts) < least

    if is_below(counted):
        told = (("counted_minor", max(_sum_minor(counted, facts), 0)), ("least_minor", least))
        yield Blocker(BlockerCode.BELOW_LEAST, told, _ends(facts, rule, moment, is_there=is_below))


def _sum_minor(debts: tuple[Debt, ...], facts: Facts) -> int:
    """Return what may be cut for of debts: credit that pays nothing yet lowers it. [minor unit]"""
    return min(sum(debt.open_minor for debt in debts), facts.owed_minor)


_CODES = {
    HoldKind.LIFE_SUPPORT: BlockerCode.LIFE_SUPPORT,
    HoldKind.VULNERABLE: BlockerCode.VULNERABLE,
    HoldKind.COMPLAINT: BlockerCode.COMPLAINT,
    HoldKind.DISPUTE: BlockerCode.DISPUTE,
    HoldKind.PLAN: BlockerCode.PLAN,
    HoldKind.HARDSHIP: BlockerCode.HARDSHIP,
    HoldKind.OUTAGE: BlockerCode.OUTAGE,
    HoldKind.PENDING_PAYMENT: BlockerCode.PENDING_PAYMENT,
}


def _holds(facts: Facts, rule: CutRule, moment: Moment) -> Iterator[Blocker]:
    """Tell the holds that hold the account; one of a single bill does so only where the rule says it of its kind."""
    for hold in facts.holds:
        if hold.holds_at(moment.at) and _is_of_account(hold, rule):
            yield Blocker(_CODES[hold.kind], (("hold", hold.hold_id), ("evidence", hold.evidence)), hold.until_at)


def _is_of_account(hold: Hold, rule: CutRule) -> bool:
    return hold.bill_id is None or hold.kind in rule.account_kinds


def _demands(facts: Facts, rule: CutRule, moment: Moment, counted: tuple[Debt, ...]) -> Iterator[Blocker]:
    last: dict[str, date] = {}
    for demand in facts.demands:
        if demand.proven_at is not None and demand.proven_at <= moment.at:
            day = moment.clock.local_date(demand.proven_at)
            last[demand.step] = max(day, last.get(demand.step, day))
    for step in rule.steps:
        is_there = partial(_is_before, last.get(step, date.min))
        if is_there(counted):
            end = _ends(facts, rule, moment, is_there=is_there) if step in last else None
            yield Blocker(BlockerCode.STEP_UNPROVEN, (("step", step),), end)


def _is_before(day: date, counted: tuple[Debt, ...]) -> bool:
    """Return whether something was received before the oldest debt that counts was overdue, or never was."""
    return day <= _since(counted)


def _notice(facts: Facts, rule: CutRule, moment: Moment, counted: tuple[Debt, ...]) -> Iterator[Blocker]:
    notice = facts.notice
    if notice is None or notice.proven_at is None or notice.proven_at > moment.at:
        for_hours: Evidence = () if notice is None else (("from", notice.slot_start_at.isoformat()),)
        yield Blocker(BlockerCode.NOTICE_MISSING, for_hours, None)
        return
    delivered = moment.clock.local_date(notice.proven_at)
    told = (("delivered", delivered.isoformat()),)
    is_there = partial(_is_before, delivered)
    if is_there(counted):
        yield Blocker(BlockerCode.NOTICE_MISSING, told, _ends(facts, rule, moment, is_there=is_there))
    first, last = (_after(delivered, count, rule, moment) for count in (rule.notice_least_days, rule.notice_most_days))
    if moment.day < first:
        yield Blocker(BlockerCode.NOTICE_FRESH, told, moment.clock.day_start_utc(first))
    if moment.day > last:
        yield Blocker(BlockerCode.NOTICE_OLD, told, None)
    slot = (("from", notice.slot_start_at.isoformat()), ("until", notice.slot_end_at.isoformat()))
    if moment.at < notice.slot_start_at:
        yield Blocker(BlockerCode.OUTSIDE_SLOT, slot, notice.slot_start_at)
    if moment.at >= notice.slot_end_at:
        yield Blocker(BlockerCode.OUTSIDE_SLOT, slot, None)


def _after(day: date, count: int, rule: CutRule, moment: Moment) -> date:
    if rule.counts_working_days:
        return moment.calendar.add_business_days(day, count)
    return day + count * _DAY


def _since(counted: tuple[Debt, ...]) -> date:
    return min((debt.due_date for debt in counted), default=date.min)


def _reminder(facts: Facts, rule: CutRule, moment: Moment) -> Iterator[Blocker]:
    at = facts.reminded_at
    notice_at = facts.notice.proven_at if facts.notice else None
    if at is None or at > moment.at or (notice_at is not None and at < notice_at):
        yield Blocker(BlockerCode.REMINDER_MISSING, (("minutes", rule.reminder_least_minutes),), None)
        return
    told = (("reminded", at.isoformat()),)
    if moment.at < at + rule.reminder_least_minutes * _MINUTE:
        yield Blocker(BlockerCode.REMINDER_FRESH, told, at + rule.reminder_least_minutes * _MINUTE)
    if moment.at > at + rule.reminder_most_minutes * _MINUTE:
        yield Blocker(BlockerCode.REMINDER_OLD, told, None)


def _importance(facts: Facts, rule: CutRule, moment: Moment) -> Iterator[Blocker]:
    if facts.importance and rule.copies_important and (facts.copied_at is None or facts.copied_at > moment.at):
        yield Blocker(BlockerCode.AUTHORITY_UNTOLD, (("grade", facts.importance),), None)


def _approval(facts: Facts, rule: CutRule, moment: Moment) -> Iterator[Blocker]:
    """Count persons, not clicks: who proposed it does not approve it, and nobody approves it twice."""
    needed = rule.important_approvals if facts.importance else rule.approvals
    last = moment.at - rule.approval_days * _DAY
    persons = {
        one.person_id for one in facts.approvals if last <= one.at <= moment.at and one.person_id != facts.proposer_id
    }
    if len(persons) < needed:
        yield Blocker(BlockerCode.UNAPPROVED, (("approvals", len(persons)), ("needed", needed)), None)


def _days(rule: CutRule, moment: Moment) -> Iterator[Blocker]:
    """Look at season, holiday, weekday and hour, each for itself."""
    day = moment.day
    for season in rule.seasons:
        if _is_in(day, season=season):
            end = _first_after(moment, partial(_is_in, season=season))
            yield Blocker(BlockerCode.SEASON, (("season", str(season)),), end)
    if _is_holiday(day, rule, moment):
        end = _first_after(moment, lambda one: _is_holiday(one, rule, moment))
        holiday = day if day in moment.calendar.holidays else day + _DAY
        told: Evidence = (("day", day.isoformat()), ("holiday", holiday.isoformat()))
        yield Blocker(BlockerCode.HOLIDAY, told, end)
    if day.isoweekday() not in rule.weekdays:
        end = _first_after(moment, lambda one: one.isoweekday() not in rule.weekdays)
        yield Blocker(BlockerCode.WEEKDAY, (("weekday", day.isoweekday()),), end)
    local = moment.at.astimezone(moment.clock.zone)
    minute = local.hour * 60 + local.minute
    if not rule.opens_minute <= minute < rule.closes_minute:
        opens_on = day if minute < rule.opens_minute else day + _DAY
        told = (("from_minute", rule.opens_minute), ("until_minute", rule.closes_minute))
        yield Blocker(BlockerCode.HOUR, told, _at_minute(opens_on, rule.opens_minute, moment))


def _is_holiday(day: date, rule: CutRule, moment: Moment) -> bool:
    """Return whether a day is a holiday, or the eve of one where nobody would be there to restore."""
    return day in moment.calendar.holidays or (rule.spares_eves and day + _DAY in moment.calendar.holidays)


def _is_in(day: date, *, season: Season) -> bool:
    own = (day.month, day.day)
    if season.first <= season.last:
        return season.first <= own <= season.last
    return own >= season.first or own <= season.last


def _first_after(moment: Moment, is_closed: Callable[[date], bool]) -> datetime | None:
    """Return the start of the first day that is open; None: there is none."""
    days = (moment.day + ahead * _DAY for ahead in range(1, _LONGEST_CLOSED))
    end = next((day for day in days if not is_closed(day)), None)
    return None if end is None else moment.clock.day_start_utc(end)


def _at_minute(day: date, minute: int, moment: Moment) -> datetime:
    return datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=moment.clock.zone)


def _weather(facts: Facts, rule: CutRule, moment: Moment) -> Iterator[Blocker]:
    """
    Look at the forecast: one that is missing, or does not reach far enough, is no good weather.

    No clock ends either: a forecast that runs out is followed by none.
    """
    wanted, known = rule.weather, facts.forecast
    if wanted is None:
        return
    if known is None or known.made_at > moment.at or known.until_at < moment.at + wanted.hours * _HOUR:
        reaches: Evidence = () if known is None else (("until", known.until_at.isoformat()),)
        yield Blocker(BlockerCode.WEATHER_UNKNOWN, (("hours", wanted.hours), *reaches), None)
    elif known.coldest_tenths <= wanted.coldest_tenths or known.hottest_tenths >= wanted.hottest_tenths:
        told: Evidence = (
            ("made", known.made_at.isoformat()),
            ("coldest_tenths", known.coldest_tenths),
            ("hottest_tenths", known.hottest_tenths),
        )
        yield Blocker(BlockerCode.WEATHER, told, None)
