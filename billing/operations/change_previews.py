"""
What a change of use would mean in money, before anybody agrees to it: done, rated by the code that bills, rolled back.

So a preview is refused by what refuses the change, and cannot say something else than the bills that follow. Use that
is still to come is assumed the same way on both sides.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from accounts.domain.customer import NewCustomer
from billing.domain.drafts import Draft, GoneTotals, compose
from billing.domain.findings import Obstacle
from billing.domain.segments import Difference
from billing.operations import charging
from billing.queries import balances, charges, rebill_changes, segments
from billing.queries.rebill_changes import MonthChange
from cis.kernel.actors import Actor
from cis.kernel.fixed import Int64
from cis.kernel.periods import Period, month_of
from cis.platform import db
from contracts.domain.changes import Wanted
from contracts.operations import change_trials
from contracts.queries import agreements
from metering.operations import assumed_usage
from metering.queries import places
from tariffs.domain.lines import price_text
from tariffs.queries import plans


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewLine:
    """
    A line as a bill would print it.

    labels           language -> words; of a one-off charge its kind
    quantity_places  decimals of the quantity; price "" = none
    """

    key: str
    labels: Mapping[str, str]
    period_labels: Mapping[str, str]
    step: int
    unit: str
    quantity: int
    quantity_places: int
    price: str
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewPart:
    """One supply at one price over [start_date, end_date), with its lines. [Wh, minor unit]"""

    agreement_id: int
    address: str
    tariff_names: Mapping[str, str]
    start_date: date
    end_date: date
    used_wh: int
    amount_minor: int
    lines: tuple[PreviewLine, ...]

    @property
    def days(self) -> int:
        """Return the days that are paid for."""
        return (self.end_date - self.start_date).days


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewBill:
    """
    A month of one account.

    charges   one-off charges that the next bill carries besides
    obstacle  why it could not be billed so; None: it can
    """

    period: Period
    parts: tuple[PreviewPart, ...]
    charges: tuple[PreviewLine, ...] = ()
    obstacle: Obstacle | None = None

    @property
    def amount_minor(self) -> int:
        """Return the total. [minor unit]"""
        return sum(part.amount_minor for part in self.parts) + sum(one.amount_minor for one in self.charges)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewMonth:
    """The same month as it would be, and with the change."""

    before: PreviewBill
    after: PreviewBill

    @property
    def change_minor(self) -> int:
        """Return what is added by the change; below 0: saved. [minor unit]"""
        return self.after.amount_minor - self.before.amount_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewAccount:
    """
    What becomes of one account.

    account_id     None: an account that the change opens
    months         that of the change and the next one
    corrected      months billed before that change too
    is_final       the account ends: what is left is paid or paid back
    balance_minor  owed now; < 0: credit. [minor unit]
    """

    account_id: int | None
    months: tuple[PreviewMonth, ...]
    corrected: tuple[MonthChange, ...]
    is_final: bool
    balance_minor: int

    @property
    def final_minor(self) -> int:
        """Return what is owed at the end; below 0: paid back. [minor unit]"""
        total = sum(month.after.amount_minor for month in self.months)
        return self.balance_minor + total + sum(one.change_minor for one in self.corrected)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePreview:
    """
    What a change would mean.

    assumed_from  first day of which use is assumed; None: all is known
    unknown       True: of some place no use is known at all, so its energy is taken to be 0
    """

    accounts: tuple[PreviewAccount, ...]
    assumed_from: date | None
    unknown: bool

    @property
    def change_minor(self) -> int:
        """Return what all accounts pay more in the months shown; below 0: less. [minor unit]"""
        return sum(month.change_minor for account in self.accounts for month in account.months)


def of_change(
    *, wanted: Wanted, asked_date: date, today: date, actor: Actor, newcomer: NewCustomer | None = None
) -> ChangePreview:
    """
    Return what a change would mean; nothing is kept.

    :raises ChangeRefused: it cannot be; see ``contracts.operations.changes.draft``. Arrears and papers do not matter.
    """
    first = month_of(wanted.effective_date)
    periods = (first, month_of(first.end))
    with db.rolled_back():
        with db.taken_back():
            change_trials.try_reads(wanted=wanted, today=today, actor=actor)
            concerned = _accounts_of(wanted)
            _assume(concerned, until=periods[-1].end, cuts=())
            before = {account: _bills(account, periods) for account in concerned}
            corrected = {account: _corrected(account, periods) for account in concerned}
        done = change_trials.try_out(wanted=wanted, asked_date=asked_date, today=today, actor=actor, newcomer=newcomer)
        everybody = sorted({*concerned, *done.accounts})
        assumed = _assume(everybody, until=periods[-1].end, cuts=(wanted.effective_date,))
        ending = {row.account_id for row in done.rows if row.code == "settle_account"}
        accounts = [
            PreviewAccount(
                account_id=None if account in done.new_accounts else account,
                months=_months(before.get(account), _bills(account, periods), periods),
                corrected=_more(_corrected(account, periods), corrected.get(account, ())),
                is_final=account in ending,
                balance_minor=balances.of_account(account_id=account, today=today).balance_minor,
            )
            for account in everybody
        ]
    return ChangePreview(accounts=tuple(accounts), assumed_from=assumed.first_day, unknown=bool(assumed.unknown))


def _accounts_of(wanted: Wanted) -> list[int]:
    named = [wanted.agreement_id, *(part.agreement_id for part in wanted.parts)]
    cards = agreements.cards(agreement_ids=[one for one in named if one is not None])
    found = {card.account_id for card in cards}
    return sorted(found | ({wanted.account_id} if wanted.account_id is not None else set()))


def _assume(account_ids: Iterable[int], *, until: date, cuts: Sequence[date]) -> assumed_usage.Assumed:
    """Assume use of all places of some accounts from where they are billed to on."""
    points: set[int] = set()
    start = until
    for account_id in account_ids:
        cards = agreements.of_account(account_id=account_id)
        last = rebill_changes.last_billed(account_id=account_id)
        points |= {card.service_point_id for card in cards if card.end_date is None or card.end_date > _since(last)}
        begun = [max(card.start_date, _since(last)) for card in cards]
        start = min([start, *(last.end for last in [last] if last is not None), *begun])
    if start >= until:
        return assumed_usage.Assumed(first_day=None, unknown=frozenset())
    return assumed_usage.assume(service_point_ids=points, start_date=start, end_date=until, cuts=cuts)


def _since(last: Period | None) -> date:
    return date.min if last is None else last.end


def _bills(account_id: int, periods: Sequence[Period]) -> tuple[PreviewBill, ...]:
    bills = tuple(_bill(account_id, period) for period in periods)
    due = tuple(
        _charge_line(one.kind, one.labels, one.amount_minor)
        for one in charges.due_of_account(account_id=account_id, due=charging.due(account_ids=[account_id]))
    )
    return (_with_charges(bills[0], due), *bills[1:]) if due else bills


def _with_charges(bill: PreviewBill, due: tuple[PreviewLine, ...]) -> PreviewBill:
    return PreviewBill(period=bill.period, parts=bill.parts, charges=due, obstacle=bill.obstacle)


def _charge_line(kind: str, labels: Mapping[str, str], amount_minor: int) -> PreviewLine:
    return PreviewLine(
        key=kind, labels=labels, period_labels={}, step=0, unit="", quantity=0, quantity_places=0, price="",
        amount_minor=amount_minor,
    )  # fmt: skip


def _bill(account_id: int, period: Period) -> PreviewBill:
    """Return a month as the run would bill it, whatever stands on bills already."""
    found = segments.find(account_ids=[account_id], scope=rebill_changes.scope_of(period))
    obstacle = found.obstacles.of_account.get(account_id)
    if obstacle is not None:
        return PreviewBill(period=period, parts=(), obstacle=obstacle)
    pieces = found.expected.pieces
    inside = (pieces.period_start_day >= period.start.toordinal()) & (pieces.period_end_day <= period.end.toordinal())
    rows: Int64 = np.flatnonzero(pieces.is_billed & inside)
    none = np.zeros(0, dtype=np.int64)
    draft = compose(
        expected=found.expected,
        existing=found.existing,
        difference=Difference(new=rows, gone=none),
        gone=GoneTotals(lines=none, tax_minor=none),
        versions=found.versions,
    )
    return PreviewBill(period=period, parts=_parts(draft))


def _parts(draft: Draft) -> tuple[PreviewPart, ...]:
    parts = draft.segments
    ids = parts.agreement_id.tolist()
    points = {card.id: card.service_point_id for card in agreements.cards(agreement_ids=set(ids))}
    addresses = places.addresses(service_point_ids=points.values())
    lines: dict[int, list[PreviewLine]] = {place: [] for place in range(len(parts))}
    version_ids = parts.version_id.tolist()
    for segment, kind, quantity, amount in zip(
        draft.lines.segment.tolist(), draft.lines.kind.tolist(), draft.lines.quantity.tolist(),
        draft.lines.amount_minor.tolist(), strict=True,
    ):  # fmt: skip
        lines[segment].append(_line(draft, version_ids[segment], kind, quantity, amount))
    return tuple(
        PreviewPart(
            agreement_id=ids[place],
            address=addresses.get(points[ids[place]], ""),
            tariff_names=_names(version_ids[place]),
            start_date=date.fromordinal(int(parts.start_day[place])),
            end_date=date.fromordinal(int(parts.end_day[place])),
            used_wh=int(parts.used_wh[place]),
            amount_minor=int(parts.amount_minor[place]),
            lines=tuple(lines[place]),
        )
        for place in range(len(parts))
    )


def _names(version_id: int) -> Mapping[str, str]:
    plan = plans.compiled(version_id)
    return {"zh": plan.name_zh, "en": plan.name_en}


def _line(draft: Draft, version_id: int, kind: int, quantity: int, amount_minor: int) -> PreviewLine:
    plan, slot = plans.compiled(version_id), draft.kinds[kind]
    return PreviewLine(
        key=slot.key,
        labels=plan.labels.get(slot.label, {}),
        period_labels=plan.labels.get(slot.period, {}) if slot.period else {},
        step=slot.step,
        unit=str(slot.unit),
        quantity=quantity,
        quantity_places=slot.quantity_places,
        price="" if slot.price_e6 is None else price_text(slot=slot, decimals=plan.decimals),
        amount_minor=amount_minor,
    )


def _months(
    before: tuple[PreviewBill, ...] | None, after: tuple[PreviewBill, ...], periods: Sequence[Period]
) -> tuple[PreviewMonth, ...]:
    nothing = tuple(PreviewBill(period=period, parts=()) for period in periods)
    return tuple(PreviewMonth(before=one, after=other) for one, other in zip(before or nothing, after, strict=True))


def _corrected(account_id: int, periods: Sequence[Period]) -> tuple[MonthChange, ...]:
    """Return what becomes of months billed before those that are shown."""
    last = rebill_changes.last_billed(account_id=account_id)
    if last is None:
        return ()
    found = segments.find(account_ids=[account_id], scope=rebill_changes.scope_of(last))
    return tuple(one for one in rebill_changes.changes_of(found) if one.end_date <= periods[0].start)


def _more(after: Sequence[MonthChange], before: Sequence[MonthChange]) -> tuple[MonthChange, ...]:
    """Return the corrections that are the change's own: not those that wait anyway."""
    waiting = {(one.start_date, one.end_date): one.after_minor for one in before}
    return tuple(one for one in after if waiting.get((one.start_date, one.end_date)) != one.after_minor)
