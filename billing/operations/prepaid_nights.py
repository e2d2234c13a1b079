"""
The night of prepaid accounts: what was used since the last bill is rated as the bill will be, and nothing is posted.

Usage of the days up to the latest read is approved and rated by the code that bills, and rolled back; what is kept is a
row of numbers an account and night. So blocks, calendars and standing charges are right on any day, and the bill of the
month takes the place of the days. What is not certain is kept with its reason, and nothing follows from it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

import structlog
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from accounts.queries import supplier
from billing.domain import prepay
from billing.domain.findings import Obstacle
from billing.domain.prepay import PrepayRule, RatedDay, Review
from billing.models.prepay import PrepaidDay
from billing.operations import ledger, prepaid_levels, unbilled
from billing.operations.chunks import reason_of
from billing.queries import prepaid, prepay_rules, segments
from billing.queries.prepaid import Span
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.kernel.periods import Period
from cis.platform.db import opens_transaction

WORK = "prepaid_nights"
CHUNK = 500
TURNS = 2
"""An account that is billed while it is rated is rated once more; then it waits for the next night."""
TEXT_MOST = 300
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """What is on no bill yet of an account, and what is wrong with it. [Wh, minor unit]"""

    span: Span
    rated_until: date | None
    unbilled_wh: int = 0
    unbilled_minor: int = 0
    review: Review | None = None
    text: str = ""


def night(at: datetime) -> None:
    """
    Rate the prepaid accounts for the local day of an instant, and look at their balances.

    An account is looked at once a day: run again, or for an earlier day after the clock was set back, it does nothing.
    A place whose pack knows no prepayment has no such accounts.
    """
    clock = local_clock(supplier.current().time_zone)
    day = clock.local_date(at)
    if not prepay_rules.is_offered(at=day):
        return
    rule = prepay_rules.rule(at=day)
    for _ in range(TURNS):
        waiting = prepaid.waiting(day=day, zone_name=supplier.current().time_zone)
        if not waiting:
            return
        for chunk in _chunks(waiting):
            _keep(rate(spans=chunk, day=day, rule=rule), day, at)


def _chunks(waiting: Iterable[Span]) -> Iterator[list[Span]]:
    """Yield accounts that are to be rated over the same days, not too many at once."""
    for _, group in groupby(waiting, key=lambda span: (span.billed_until, span.told_until)):
        spans = list(group)
        for first in range(0, len(spans), CHUNK):
            yield spans[first : first + CHUNK]


def rate(*, spans: Sequence[Span], day: date, rule: PrepayRule) -> list[Rated]:
    """
    Return what is on no bill yet of some accounts over the same days; a constant number of statements, all rolled back.

    Accounts that cannot be rated together are rated apart, so that one that is wrong keeps no other from it.

    :raises OperationalError: the database went away: the night is done anew.
    """
    first = spans[0]
    if not first.service_point_ids:
        return [Rated(span=span, rated_until=None) for span in spans]
    if first.told_until is None or (day - first.told_until).days > rule.stale_days:
        return [_stale(span) for span in spans]
    if first.billed_until is None or first.billed_until >= first.told_until:
        return [Rated(span=span, rated_until=first.billed_until) for span in spans]
    try:
        return _tried(spans, Period(first.billed_until, first.told_until))
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if len(spans) == 1:
            log.warning("prepaid_not_rated", account=first.account_id, exc_info=not isinstance(error, Refused))
            return [Rated(span=first, rated_until=None, review=Review.UNRATED, text=_text(reason_of(error)))]
        middle = len(spans) // 2
        return [one for half in (spans[:middle], spans[middle:]) for one in rate(spans=half, day=day, rule=rule)]


def _stale(span: Span) -> Rated:
    text = "There is no read." if span.told_until is None else f"The latest read is of {span.told_until}."
    return Rated(span=span, rated_until=span.told_until, review=Review.STALE, text=text)


def _text(found: Obstacle) -> str:
    return f"{found.code}: {found.message}"[:TEXT_MOST]


def _tried(spans: Sequence[Span], period: Period) -> list[Rated]:
    """Approve, rate, measure, and take all of it back."""
    points = sorted({point for span in spans for point in span.service_point_ids})
    found = unbilled.find(account_ids=[span.account_id for span in spans], service_point_ids=points, period=period)
    expected, existing, difference = found.expected, found.existing, found.difference
    sums = {span.account_id: [0, 0] for span in spans}
    for accounts, energy, amounts, sign in (
        (expected.pieces.account_id[difference.new], expected.used_wh[difference.new],
         expected.amount_minor[difference.new], 1),
        (existing.account_id[difference.gone], existing.used_wh[difference.gone],
         existing.amount_minor[difference.gone], -1),
    ):  # fmt: skip
        for account, wh, minor in zip(accounts.tolist(), energy.tolist(), amounts.tolist(), strict=True):
            sums[account][0] += sign * wh
            sums[account][1] += sign * minor
    return [_measured(span, period, sums[span.account_id], found) for span in spans]


def _measured(span: Span, period: Period, sums: Sequence[int], found: segments.Findings) -> Rated:
    obstacle = found.obstacles.of_account.get(span.account_id)
    if obstacle is not None:
        return Rated(span=span, rated_until=period.end, review=Review.UNRATED, text=_text(obstacle))
    return Rated(span=span, rated_until=period.end, unbilled_wh=sums[0], unbilled_minor=sums[1])


@opens_transaction
def _keep(rated: Sequence[Rated], day: date, at: datetime) -> None:
    """
    Keep what was found, with the balance of this instant, and tell whose balance has crossed a line.

    The ledgers are locked, so no bill or payment comes between; who was billed while he was rated is left out.
    """
    rule = prepay_rules.rule(at=day)
    account_ids = [one.span.account_id for one in rated]
    ledger.lock_customers(account_ids=account_ids)
    now = prepaid.of_accounts(account_ids=account_ids, today=day)
    since = day - timedelta(days=2 * rule.jump_days)
    known = prepaid.rated_days(prepayment_ids=[one.span.prepayment_id for one in rated], since=since)
    rows = []
    for one in rated:
        standing = now.get(one.span.account_id)
        if standing is None or standing.billed_minor != one.span.billed_minor:
            log.info("billed_while_rated", account=one.span.account_id)
            continue
        cost = one.span.billed_minor + one.unbilled_minor
        review, text = _review(one, cost, known.get(standing.id, ()), rule)
        rows.append(
            PrepaidDay(
                prepayment_id=standing.id, day=day, billed_until=one.span.billed_until, rated_until=one.rated_until,
                unbilled_wh=one.unbilled_wh, unbilled_minor=one.unbilled_minor, cost_minor=cost,
                balance_minor=prepay.balance_minor(
                    owed_minor=standing.owed_minor, cost_minor=cost, billed_minor=standing.billed_minor
                ),
                review=review, review_text=text, rated_at=timezone.now(),
            )
        )  # fmt: skip
    PrepaidDay.objects.bulk_create(rows, ignore_conflicts=True)
    prepaid_levels.look_step(account_ids=account_ids, at=at)


def _review(one: Rated, cost: int, known: Sequence[RatedDay], rule: PrepayRule) -> tuple[str, str]:
    """Return why a person has to look at the numbers, and a sentence; both empty: nobody has to."""
    span = one.span
    if not span.agreement_reference or span.holder_id != span.customer_id:
        text = "Whoever holds the account has not agreed to prepayment."
        return Review.NO_AGREEMENT.value, text
    if one.review is not None:
        return one.review.value, one.text
    if one.rated_until is None or span.billed_until is None:
        return Review.UNRATED.value, "Nothing is supplied on the account."
    if known and prepay.is_jump(now=RatedDay(one.rated_until, cost), before=known, rule=rule):
        return Review.JUMP.value, f"Since {known[-1].rated_until} more was used than is usual."
    return "", ""
