"""The pursuit of an account that is overdue: whether it goes on, what is demanded, and which demand comes next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from arrears.domain.cut_facts import Debt, Hold, HoldKind, Moment
from arrears.domain.ladder import Done, LadderStep, Next, Pause, next_step

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PursuitRule:
    """
    How a class is pursued.

    least_minor    below so much overdue nobody is [minor unit]
    account_kinds  kinds of holds that stop all demands, also where they are about one bill
    ladder         its steps
    """

    least_minor: int
    account_kinds: frozenset[HoldKind]
    ladder: tuple[LadderStep, ...]

    def step(self, code: str) -> LadderStep | None:
        """Return a step by its code; None: the ladder has it no more."""
        return next((one for one in self.ladder if one.code == code), None)


@dataclass(frozen=True, slots=True)
class Made:
    """A step that was made on a day; ``is_done`` False: a call or a visit that is still to be made."""

    step: str
    day: date
    is_done: bool
    is_proven: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pursued:
    """
    What is known of an account.

    debts       what is open of its overdue bills
    owed_minor  what the ledger says it owes, less than its debts where it has credit [minor unit]
    """

    debts: tuple[Debt, ...]
    owed_minor: int
    holds: tuple[Hold, ...] = ()
    made: tuple[Made, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """
    What becomes of the pursuit of an account.

    is_pursued      it has a case, or gets one
    overdue_minor   what is overdue, also where a hold takes a bill out [minor unit]
    demanded_minor  of it what may be demanded now [minor unit]
    oldest_due      due date of the oldest debt that may be demanded, else of the oldest of all; None: none is overdue
    held_by         the hold that stops all demands, or takes so many bills out that too little is left
    last_step       the step that was made last for these debts
    next            what comes next; None: all steps were made
    """

    is_pursued: bool
    overdue_minor: int
    demanded_minor: int
    oldest_due: date | None
    held_by: HoldKind | None
    last_step: str
    next: Next | None

    def is_due(self, today: date) -> bool:
        """Return whether the next step may be made today."""
        if not self.is_pursued or self.held_by is not None or self.next is None or self.next.day is None:
            return False
        return self.next.day <= today


def judge(*, pursued: Pursued, rule: PursuitRule, now: Moment) -> Verdict:
    """
    Return what becomes of the pursuit of an account at a moment.

    A bill that a hold is about is not demanded; a hold of the account, or of a kind that the rule says holds the
    account, stops the ladder, and its days do not count as waiting. A case ends when what is overdue falls below the
    least amount of the rule.
    """
    debts = [debt for debt in pursued.debts if debt.open_minor > 0 and debt.due_date < now.day]
    overdue = max(min(sum(debt.open_minor for debt in debts), pursued.owed_minor), 0)
    least = max(rule.least_minor, 1)
    if overdue < least:
        return Verdict(
            is_pursued=False, overdue_minor=overdue, demanded_minor=0, oldest_due=None, held_by=None, last_step="",
            next=None,
        )  # fmt: skip
    holding = [hold for hold in pursued.holds if hold.stops_demands and hold.holds_at(now.at)]
    of_bill = {hold.bill_id: hold for hold in holding if hold.bill_id is not None}
    free = [debt for debt in debts if debt.bill_id not in of_bill]
    demanded = max(min(sum(debt.open_minor for debt in free), pursued.owed_minor), 0)
    since = min(debt.due_date for debt in free or debts)
    stopped = next((hold.kind for hold in holding if _is_of_account(hold, rule)), None)
    if stopped is None and demanded < least:
        stopped = next(iter(of_bill.values())).kind if of_bill else None
    counted = sorted((one for one in pursued.made if one.day > since), key=lambda one: one.day)
    return Verdict(
        is_pursued=True, overdue_minor=overdue, demanded_minor=demanded, oldest_due=since, held_by=stopped,
        last_step=counted[-1].step if counted else "", next=_next(counted, since, pursued, rule, now),
    )  # fmt: skip


def _next(counted: Sequence[Made], since: date, pursued: Pursued, rule: PursuitRule, now: Moment) -> Next | None:
    undone = (rule.step(one.step) for one in reversed(counted) if not one.is_done)
    if (step := next(filter(None, undone), None)) is not None:
        return Next(step, None, step.code)
    pauses = [
        Pause(
            now.clock.local_date(hold.since_at), None if hold.until_at is None else now.clock.local_date(hold.until_at)
        )
        for hold in pursued.holds
        if hold.stops_demands and _is_of_account(hold, rule)
    ]
    done = [Done(one.step, one.day, one.is_proven) for one in pursued.made if one.is_done]
    return next_step(ladder=rule.ladder, done=done, due_date=since, pauses=pauses, calendar=now.calendar)


def _is_of_account(hold: Hold, rule: PursuitRule) -> bool:
    return hold.bill_id is None or hold.kind in rule.account_kinds
