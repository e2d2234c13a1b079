"""How supplies of an account use electricity, as a page or a program is told: months, last bill, advice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from billing.queries import use_advice
from billing.queries.use_advice import PricedUse, UseAdvice
from contracts.domain import peers
from contracts.domain.peers import Peers
from contracts.queries import agreements
from metering.queries import behaviour
from metering.queries.behaviour import Month

WHOLE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyUse:
    """
    One supply.

    months   the latest first, of those in which the holder was supplied there from beginning to end
    priced   its last bill; None: there is none
    advice   None: there is no bill to take prices from
    """

    service_point_id: int
    months: tuple[Month, ...]
    priced: PricedUse | None
    advice: UseAdvice | None

    @property
    def latest(self) -> Month | None:
        """The month that is told of."""
        return self.months[0] if self.months else None

    @property
    def peers(self) -> Peers | None:
        """Whom it is compared with; None: nobody."""
        latest = self.latest
        return peers.read(latest.similar.peers) if latest and latest.similar else None

    @property
    def percent(self) -> int | None:
        """The mean day in percent of the usual one; None: it is compared with nobody."""
        latest = self.latest
        if latest is None or latest.similar is None or latest.day_wh is None:
            return None
        return latest.similar.percent_of(latest.day_wh)

    @property
    def more(self) -> int:
        """How many percent the mean day is above the usual one."""
        return (self.percent or WHOLE) - WHOLE

    @property
    def less(self) -> int:
        """How many percent the mean day is below the usual one."""
        return -self.more

    @property
    def compared(self) -> tuple[tuple[str, int, int], ...]:
        """Return the days that are compared with the length of their bars: own, usual, quiet. [Wh], [percent]"""
        latest = self.latest
        if latest is None or latest.similar is None or latest.day_wh is None:
            return ()
        days = {"own": latest.day_wh, "usual": latest.similar.day_wh, "quiet": latest.similar.quiet_wh}
        longest = max(*days.values(), 1)
        return tuple((code, day_wh, max(day_wh, 0) * WHOLE // longest) for code, day_wh in days.items())

    @property
    def hours_id(self) -> str:
        """Id of the element with ``hours_data``."""
        return f"hours-{self.service_point_id}"

    @property
    def days_id(self) -> str:
        """Id of the element with ``days_data``."""
        return f"days-{self.service_point_id}"

    @property
    def hours(self) -> tuple[tuple[str, int | None, int | None], ...]:
        """Return each hour with its mean on working days and on days off. [Wh]"""
        latest = self.latest
        if latest is None or not latest.has_hours:
            return ()
        working, off = latest.working_wh or (None,) * 24, latest.off_wh or (None,) * 24
        return tuple((f"{hour:02d}:00", *pair) for hour, pair in enumerate(zip(working, off, strict=True)))

    @property
    def hours_data(self) -> dict[str, list[object]]:
        """Return what the script draws of the hours."""
        times, working, off = zip(*self.hours, strict=True) if self.hours else ((), (), ())
        return {"times": list(times), "working": list(working), "off": list(off)}

    @property
    def days_data(self) -> dict[str, list[object]]:
        """Return what the script draws of the mean day of each month, the oldest first."""
        oldest = self.months[::-1]
        return {"months": [f"{one.month:%Y-%m}" for one in oldest], "day_wh": [one.day_wh for one in oldest]}


def of_account(*, account_id: int, today: date, since_date: date) -> tuple[SupplyUse, ...]:
    """
    Return the use of each supply of an account that is in force; six statements however many there are.

    :param since_date: since when somebody holds the account: what was before is not theirs.
    """
    cards = [card for card in agreements.of_account(account_id=account_id) if card.term_on(today) is not None]
    since = {card.service_point_id: max(card.start_date, since_date) for card in cards}
    return _told(account_id, since, today)


def of_place(*, account_id: int, service_point_id: int, today: date, since_date: date) -> SupplyUse:
    """Return the use of one place by an account that is or was supplied there; as ``of_account``."""
    cards = agreements.of_account(account_id=account_id)
    starts = [card.start_date for card in cards if card.service_point_id == service_point_id]
    since = max(max(starts, default=since_date), since_date)
    return _told(account_id, {service_point_id: since}, today)[0]


def _told(account_id: int, since: dict[int, date], today: date) -> tuple[SupplyUse, ...]:
    months = behaviour.months(service_point_ids=list(since))
    priced = use_advice.last_bills(account_id=account_id, since=since, today=today)
    return tuple(_supply(point, _of(months.get(point, ()), start), priced.get(point)) for point, start in since.items())


def _of(months: Sequence[Month], since: date) -> tuple[Month, ...]:
    return tuple(one for one in months if one.month >= since)


def _supply(point: int, months: tuple[Month, ...], priced: PricedUse | None) -> SupplyUse:
    base_w = next((one.base_w for one in months[:1]), None)
    return SupplyUse(
        service_point_id=point,
        months=months,
        priced=priced,
        advice=use_advice.advise(used=priced, base_w=base_w) if priced else None,
    )
