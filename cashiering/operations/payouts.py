"""
Payouts: what a provider brought to our bank, matched with online payments, its fees posted, and cleared by the bank.

Money that a provider has stands in ``cash.transit_<provider>``. A payout whose lines are all known posts its fees and
waits; the bank's line of its amount that names it clears the rest, so that nothing of it is in transit any more.
"""

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from accounts.queries import supplier
from billing.domain.entries import Entry, TransferKind
from billing.operations import ledger
from cashiering.domain import bank_lines, settlements
from cashiering.domain import checkouts as domain
from cashiering.domain.bank_lines import LineState as BankState
from cashiering.domain.checkouts import CheckoutState
from cashiering.domain.formats import settlement_files
from cashiering.domain.settlements import (
    MONEY_IS_KNOWN,
    LineKind,
    LineState,
    PayoutChanged,
    PayoutState,
    Report,
    UnknownPayout,
    is_fee_agreed,
)
from cashiering.gateways import online
from cashiering.gateways.online import ProviderUnreachable
from cashiering.models.bank import LineDecision, StatementLine
from cashiering.models.checkout import Checkout, Payout, PayoutLine
from cashiering.operations import checkout_events
from cis.kernel import fixed
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.calendar import local_clock
from cis.kernel.errors import Refused
from cis.platform import audit, documents, jobs, packs
from cis.platform.db import execute, opens_transaction

FETCH = "settlement_files"
"""Providers are asked for their settlement files."""
WORK = "payouts"
"""Lines of the bank are looked for that bring a payout."""
BYTES_MOST = settlement_files.BYTES_MOST
MEDIA_TYPE = "text/csv"
SETTLED = "payout"
ASK_MOST = 200
LINES_OF_ONE_STATEMENT = 2_000
"""A statement that updates more takes time by the square of their number."""
_BROUGHT = (CheckoutState.PAID, CheckoutState.HELD, CheckoutState.REVERSED)
_TAKEN = (CheckoutState.REVERSED,)
WORDS = re.compile(r"[0-9A-Za-z._-]+")
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('payouts'))"
ASKED_DAYS = 7
"""Providers are asked for so many days again, as one may not have answered; a file that is known changes nothing."""


log = structlog.get_logger(__name__)


class NotAcceptable(Refused):
    """A payout cannot go on with what we do not know of it."""

    code = "payout_not_acceptable"


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a report; ``is_new`` False: it was known."""

    payout_id: int
    is_new: bool


def take(*, content: bytes, name: str, provider: str, today: date, actor: Actor) -> Taken:
    """
    Take a provider's report of a payout; the same report again is the same payout.

    :param content: see ``domain.settlements``.
    :raises NoProvider: there is none of this name.
    :raises PayoutRefused: it has faults, or does not add up.
    :raises PayoutChanged: it is known, and said something else before.
    """
    taken = _take(content=content, name=name, provider=provider, today=today, actor=actor)
    match(today=today)
    return taken


@opens_transaction
def _take(*, content: bytes, name: str, provider: str, today: date, actor: Actor) -> Taken:
    online.of(provider)
    places = int(packs.rule("decimals", at=today))
    currency, clock = supplier.current().currency, local_clock(settings.TIME_ZONE)
    report = settlement_files.read(content, currency=currency, places=places, today=today, clock=clock)
    execute(_ONE_AT_A_TIME)
    sha256 = hashlib.sha256(content).hexdigest()
    known = Payout.objects.filter(provider=provider, reference=report.reference).first()
    if known is not None:
        if known.sha256 != sha256:
            raise PayoutChanged(f"Payout {report.reference} came before, with something else in it.")
        return Taken(known.id, is_new=False)
    row = Payout.objects.create(
        provider=provider, reference=report.reference, paid_date=report.paid_date, from_date=report.from_date,
        until_date=report.until_date, gross_minor=report.gross_minor,
        fee_minor=report.fee_minor, net_minor=report.net_minor, state=PayoutState.HELD.value, sha256=sha256,
        document_id=documents.keep(content, name=name, media_type=_media_type(content), actor=actor), actor_id=actor.id,
    )  # fmt: skip
    _keep_lines(row, report)
    _check_step(row, actor)
    audit.record(actor, "take_payout", "payout", row.id, provider=provider, net=row.net_minor, state=row.state)
    return Taken(row.id, is_new=True)


def _media_type(content: bytes) -> str:
    return "application/xml" if content.lstrip().startswith(b"<") else MEDIA_TYPE


def _keep_lines(row: Payout, report: Report) -> None:
    PayoutLine.objects.bulk_create(
        PayoutLine(
            payout=row, line_no=line.line_no, reference=line.reference, gross_minor=line.gross_minor,
            fee_minor=line.fee_minor, state=LineState.UNKNOWN.value, kind=line.kind.value,
            payment_reference=line.payment, paid_date=line.day,
        )
        for line in report.lines
    )  # fmt: skip


def look_again(*, payout_id: int, at: datetime, actor: Actor) -> str:
    """
    Look at a held payout again, after asking the provider about payments that we know less of; return its state.

    :raises UnknownPayout: there is none.
    """
    row = Payout.objects.filter(id=payout_id).first()
    if row is None:
        raise UnknownPayout(f"There is no payout {payout_id}.")
    differing = row.lines.filter(state=LineState.DIFFERS.value, checkout__isnull=False)
    for checkout_id in sorted(set(differing.values_list("checkout_id", flat=True)))[:ASK_MOST]:
        if checkout_id is not None:
            checkout_events.ask(checkout_id=checkout_id, at=at)
    _check_again(payout_id=payout_id, actor=actor)
    match(today=local_clock(settings.TIME_ZONE).local_date(at))
    return Payout.objects.values_list("state", flat=True).get(id=payout_id)


@opens_transaction
def _check_again(*, payout_id: int, actor: Actor) -> None:
    execute(_ONE_AT_A_TIME)  # another one may be found to bring the same money
    row = Payout.objects.select_for_update().get(id=payout_id)
    if row.state == PayoutState.HELD.value:
        _check_step(row, actor)
        audit.record(actor, "look_at_payout", "payout", row.id, state=row.state)


def _check_step(row: Payout, actor: Actor) -> None:
    """Match the lines with online payments; where all are known, post the fees, and wait for the bank."""
    lines = list(row.lines.order_by("line_no"))
    ours = _ours(row, lines)
    before, fee_e9 = _brought_elsewhere(row, ours.values()), agreed_fee_e9(row.provider)
    for line in lines:
        line.checkout = None if _is_fee(line) else ours.get(line.reference) or ours.get(line.payment_reference)
        line.state = _state_of(line, before).value
        if line.state == LineState.KNOWN.value and not is_fee_agreed(_line(line), fee_e9=fee_e9):
            line.state = LineState.FEE_DIFFERS.value
    PayoutLine.objects.bulk_update(lines, ["checkout", "state"], batch_size=LINES_OF_ONE_STATEMENT)
    if all(line.state == LineState.KNOWN.value for line in lines):
        _wait(row, actor)


def _ours(row: Payout, lines: Collection[PayoutLine]) -> dict[str, Checkout]:
    """Return our payments that lines name, by our names and by the provider's own; one statement."""
    references = [line.reference for line in lines if line.reference]
    theirs = [line.payment_reference for line in lines if line.payment_reference]
    found = Checkout.objects.filter(
        Q(reference__in=references) | Q(payment_reference__in=theirs), provider=row.provider
    ).select_related("payment")
    by_name = {one.payment_reference: one for one in found if one.payment_reference}
    return {**by_name, **{one.reference: one for one in found}}


def agreed_fee_e9(provider: str) -> int | None:
    """Return the part of each payment that a provider keeps, as agreed (PAYMENT_FEES); None: none is named."""
    text = settings.PAYMENT_FEES.get(provider)
    if text is None:
        return None
    return fixed.parse(text, places=settlements.PERCENT_PLACES) * settlements.E4_PERCENT_TO_E9


def _line(row: PayoutLine) -> settlements.Line:
    return settlements.Line(row.line_no, row.reference, row.gross_minor, row.fee_minor, kind=LineKind(row.kind))


def _wait(row: Payout, actor: Actor) -> None:
    """Post the fees of a payout whose lines are decided, and wait for the bank."""
    row.state = (PayoutState.WAITING if row.net_minor else PayoutState.CLEARED).value
    row.save(update_fields=["state"])
    if row.fee_minor:
        transit, fees = domain.transit(row.provider), domain.FEES
        debit, credit = (fees, transit) if row.fee_minor > 0 else (transit, fees)
        entry = _entry(row, "fees", debit, credit, abs(row.fee_minor))
        ledger.post(kind=TransferKind.ONLINE, entries=[entry], actor=actor)


def _is_fee(line: PayoutLine) -> bool:
    """Return whether a line is a fee alone: no money of a payment, even where it names one, or the fee itself."""
    return line.kind == LineKind.FEE.value and not line.gross_minor


def _brought_elsewhere(row: Payout, ours: Collection[Checkout]) -> set[tuple[int, bool]]:
    """Return what other payouts of the provider brought, later ones too: each payment of ours, and whether it came."""
    rows = PayoutLine.objects.filter(
        checkout_id__in=[one.id for one in ours], payout__provider=row.provider,
        state__in=[one.value for one in MONEY_IS_KNOWN],
    ).exclude(payout_id=row.id)  # fmt: skip
    return {(checkout_id or 0, gross > 0) for checkout_id, gross in rows.values_list("checkout_id", "gross_minor")}


def _state_of(line: PayoutLine, seen: set[tuple[int, bool]]) -> LineState:
    """Return whether a line is money that we know: come in once, gone back once, to the unit."""
    row, came_in = line.checkout, line.gross_minor > 0
    if _is_fee(line):
        return LineState.KNOWN
    if row is None:
        return LineState.UNKNOWN if line.reference or line.payment_reference or line.gross_minor else LineState.KNOWN
    amount = row.amount_minor if row.said_minor is None else row.said_minor
    if (
        (row.id, came_in) in seen
        or abs(line.gross_minor) != amount
        or CheckoutState(row.state) not in (_BROUGHT if came_in else _TAKEN)
    ):
        return LineState.DIFFERS
    seen.add((row.id, came_in))
    return LineState.KNOWN


@opens_transaction
def accept(*, payout_id: int, actor: Actor) -> None:
    """
    Let a payout go on though we do not know all of it: what we do not know stays in suspense when the bank brings it.

    :raises UnknownPayout: there is none.
    :raises NotAcceptable: it is not held, or more went back unknown than came.
    """
    row = Payout.objects.select_for_update().filter(id=payout_id).first()
    if row is None:
        raise UnknownPayout(f"There is no payout {payout_id}.")
    open_minor = _open_minor(row)
    is_fee_alone = not _not_known(row).exists()
    if row.state != PayoutState.HELD.value or not (is_fee_alone or 0 < open_minor <= row.net_minor):
        raise NotAcceptable(
            "What is not known of this payout cannot stand in suspense.",
            advice="Ask the provider what it took back, and look again.",
        )
    _wait(row, actor)
    audit.record(actor, "accept_payout", "payout", row.id, unknown=open_minor)


def _open_minor(row: Payout) -> int:
    """Return what of a payout is not known. [minor unit]"""
    return int(_not_known(row).aggregate(sum=Sum("gross_minor"))["sum"] or 0)


def _not_known(row: Payout) -> QuerySet[PayoutLine]:
    return row.lines.exclude(state__in=[one.value for one in MONEY_IS_KNOWN])


def fetch(at: datetime) -> None:
    """
    Ask each provider for the settlement files of the last days, which it may have none of; called by the clock.

    :raises PayoutRefused, PayoutChanged: a file cannot be taken, so that the job is seen to fail; the others are.
    :raises ProviderUnreachable: a provider did not answer; the others were asked, and it is asked again the next day.
    """
    today = local_clock(settings.TIME_ZONE).local_date(at)
    failed: Refused | ProviderUnreachable | None = None
    for name in online.names():
        try:
            failed = _fetch_of(name, today) or failed
        except ProviderUnreachable as error:
            log.warning("payment_provider_down", provider=name, error=str(error))
            failed = error
    if failed is not None:
        raise failed


def _fetch_of(provider: str, today: date) -> Refused | None:
    """Take the files of a provider, the oldest first; return why one of them was refused."""
    refused: Refused | None = None
    for days in range(ASKED_DAYS, 0, -1):
        for file in online.of(provider).settlement_files(today - timedelta(days=days)):
            try:
                take(content=file.content, name=file.name, provider=provider, today=today, actor=SYSTEM)
            except Refused as error:
                log.warning("settlement_file_refused", provider=provider, file=file.name, error=error.message)
                refused = error
    return refused


def work(at: datetime) -> None:
    """Look for lines of the bank that bring payouts; called by the clock."""
    with jobs.alone(WORK) as is_ours:
        if is_ours:
            match(today=local_clock(settings.TIME_ZONE).local_date(at))


@opens_transaction
def match(*, today: date) -> int:
    """Clear payouts whose line of the bank is there and stands in suspense; return how many were cleared."""
    waiting = list(Payout.objects.select_for_update().filter(state=PayoutState.WAITING.value).order_by("id"))
    if not waiting:
        return 0
    lines = StatementLine.objects.select_for_update().filter(
        state=BankState.SUSPENSE.value, amount_minor__in=[abs(row.net_minor) for row in waiting]
    )
    left = list(lines.order_by("id"))
    cleared = 0
    for row in waiting:
        found = [line for line in left if _brings(line, row)]
        if len(found) == 1:
            left.remove(found[0])
            _clear(row, found[0], today)
            cleared += 1
    return cleared


def _brings(line: StatementLine, row: Payout) -> bool:
    """Return whether a line is the money of a payout: whole, to its amount and direction, and names it."""
    texts = (line.remittance, line.end_to_end_id)
    words = {word.casefold().rstrip(".") for text in texts for word in WORDS.findall(text)}
    return (
        line.is_credit == (row.net_minor > 0)
        and line.amount_minor == line.suspense_minor == abs(row.net_minor)
        and row.reference.casefold().rstrip(".") in words
    )


def _clear(row: Payout, line: StatementLine, today: date) -> None:
    transit, suspense, open_minor = domain.transit(row.provider), bank_lines.SUSPENSE, _open_minor(row)
    known = abs(row.net_minor) - open_minor
    debit, credit = (suspense, transit) if row.net_minor > 0 else (transit, suspense)
    if known:
        entry = _entry(row, "cleared", debit, credit, known, on=max(line.booking_date, row.paid_date))
        ledger.post(kind=TransferKind.ONLINE, entries=[entry], actor=SYSTEM)
    LineDecision.objects.create(
        line=line, kind=SETTLED, amount_minor=known, reason=row.reference, decided_at=timezone.now()
    )
    line.suspense_minor = open_minor
    line.state = (BankState.SUSPENSE if open_minor else BankState.SETTLED).value
    line.save(update_fields=["suspense_minor", "state"])
    row.line, row.state = line, PayoutState.CLEARED.value
    row.save(update_fields=["line", "state"])
    audit.record(SYSTEM, "clear_payout", "payout", row.id, line=line.id, on=today)


def _entry(row: Payout, part: str, debit: str, credit: str, amount_minor: int, *, on: date | None = None) -> Entry:
    """Return a movement of a payout; its part names it as one, since online payments post under their own ids."""
    return Entry(
        source_id=row.id, part=f"payout_{part}", debit=debit, credit=credit, account_id=None,
        amount_minor=amount_minor, occurred_date=on or row.paid_date, reason=row.reference,
    )  # fmt: skip
