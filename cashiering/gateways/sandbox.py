"""
A provider that is made up and behaves as real ones do, on bad days too.

It has a page of its own (``/sandbox-provider/...``), sends its messages late, twice, in the wrong order or spoiled,
and can be asked. What it does is said by the last two digits of the amount:

    .01  the bank refuses
    .02  it takes its time: pending first, paid a minute later, from 100.00 on a day later
    .03  it says everything three times
    .04  the payer's bank takes the money back a minute later
    .05  messages overtake each other: "paid" comes before "pending"
    .06  its message has a wrong signature, and no other comes; it says what is true when it is asked
    .07  its message gets lost; it says what is true when it is asked
    .08  it does not answer when it is asked to open the order
    .09  the payer pays one unit of currency less than was asked
    .10  the payer pays in another currency
    .11  the money comes after it has said "expired"
    .12  "reversed" comes before "paid"
    .13  its message is half an hour old when it comes; it says what is true when it is asked
    .14  a second payment comes for the same order
    .15  it does not answer when it is asked what became of the order, for the first ten minutes
    else it is paid at once

It keeps what it knows in tables of its own, so that web and workers see the same; nothing of it is random.
"""

import csv
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from io import StringIO
from secrets import token_urlsafe
from typing import Any, Final

import numpy as np
from django.conf import settings
from django.db.models import F
from django.utils import timezone

from accounts.domain import receipts
from accounts.domain.receipts import BYTES_MOST, Signed
from cashiering.domain import settlements
from cashiering.domain.checkouts import Said, Word
from cashiering.gateways.online import BadMessage, Offered, Order, ProviderUnreachable, SettlementFile, Thanks
from cashiering.models.checkout import SandboxCheckout, SandboxSaying
from cis.kernel import fixed
from cis.platform.db import joins_transaction

CENTS: Final = 100
(
    REFUSES, SLOW, REPEATS, CHARGED_BACK, OVERTAKEN, FORGED, LOST, UNREACHABLE, LESS, OTHER_CURRENCY, LATE, BACK_FIRST,
    STALE, TWICE, SILENT,
) = range(1, 16)  # fmt: skip
MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)
PATIENT_FROM: Final = 10_000
SILENT_FOR: Final = timedelta(minutes=10)
STALE_BY: Final = timedelta(minutes=30)
FEE_E9: Final = 6_000_000
"""What it keeps of each payment: 0.6 %."""
PATH: Final = "/sandbox-provider/"
WAYS: Final[Mapping[int, str]] = {
    REFUSES: "refuses", SLOW: "slow", REPEATS: "repeats", CHARGED_BACK: "charged_back", OVERTAKEN: "overtaken",
    FORGED: "forged", LOST: "lost", LESS: "less", OTHER_CURRENCY: "other_currency", LATE: "late",
    BACK_FIRST: "back_first", STALE: "stale", TWICE: "twice", SILENT: "silent",
}  # fmt: skip


class Sandbox:
    """
    The sandbox provider: a hosted page, and messages signed as Standard Webhooks says.

    Wallets with words of their own derive from it (``wallets``).
    """

    name = "sandbox"

    def create(self, order: Order) -> Offered:
        """Open an order; a reference that is known is the same one."""
        row, _ = SandboxCheckout.objects.get_or_create(
            reference=order.reference,
            defaults={
                "provider": self.name,
                "token": token_urlsafe(18),
                "amount_minor": order.amount_minor,
                "currency": order.currency,
                "subject": order.subject[:200],
                "return_url": order.return_url,
                "expires_at": order.expires_at,
            },
        )
        if way_of(row) == UNREACHABLE:
            raise ProviderUnreachable("the sandbox provider does not answer")
        page = f"{settings.SITE_URL}{PATH}{row.token}/"
        return Offered(f"SBX-{row.id}", page, self.qr_of(row, page))

    def fetch(self, reference: str) -> Sequence[Said]:
        """Return what is said by now."""
        row = SandboxCheckout.objects.filter(provider=self.name, reference=reference).first()
        if row is None:
            return ()
        now = timezone.now()
        if way_of(row) == SILENT and now < row.created_at + SILENT_FOR:
            raise ProviderUnreachable("the sandbox provider does not answer")
        said = [_said(one) for one in row.sayings.filter(due_at__lte=now).order_by("occurred_at", "id")]
        if row.state == "open" and now > row.expires_at:
            said.append(_expired(row))
        return said

    def refund(self, *, reference: str, amount_minor: int, key: str) -> None:
        """Give money back: that it went is said as any reversal."""
        row = SandboxCheckout.objects.get(provider=self.name, reference=reference)
        event_id = f"refund-{key}"[:60]
        if row.sayings.filter(event_id=event_id).exists():
            return
        paid = row.sayings.filter(word=Word.PAID.value).order_by("id").first()
        say(row, event_id=event_id, word=Word.REVERSED, amount_minor=amount_minor, reason="refunded",
            currency=paid.currency if paid else row.currency)  # fmt: skip

    def verify(self, message: Signed, *, now: datetime) -> Said:
        """Return what a message of Standard Webhooks says; see ``Provider``."""
        if len(message.body) > BYTES_MOST:
            raise BadMessage(f"More than {BYTES_MOST} bytes.")
        receipts.verify(message, key=key_of(self.name), now_seconds=int(now.timestamp()))
        try:
            told = json.loads(message.body)
            return Said(
                event_id=message.headers["webhook-id"],
                reference=str(told["reference"]),
                word=Word(told["state"]),
                amount_minor=amount_of(told["amount_minor"]),
                currency=str(told["currency"]),
                occurred_at=instant_of(told["at"]),
                payment=str(told["payment"]),
                reason=str(told["reason"]),
            )
        except (ValueError, RecursionError, KeyError, TypeError) as error:
            raise BadMessage(f"The message cannot be read: {error}.") from error

    def thanks(self) -> Thanks:
        """Return an empty answer."""
        return Thanks(204, b"", "text/plain")

    def settlement_files(self, on: date) -> Sequence[SettlementFile]:  # noqa: ARG002 (its reports are uploaded)
        """Return nothing: its report is brought by a person."""
        return ()

    def qr_of(self, row: SandboxCheckout, page: str) -> str:  # noqa: ARG002 (wallets have codes of their own)
        """Return what is scanned: the page itself, so that any phone opens it."""
        return page

    def written(self, said: Said, *, at: datetime) -> Signed:
        """Return a message as it travels."""
        body = {
            "reference": said.reference,
            "state": said.word.value,
            "amount_minor": said.amount_minor,
            "currency": said.currency,
            "at": said.occurred_at.isoformat(),
            "payment": said.payment,
            "reason": said.reason,
        }
        return receipts.sign(
            body=json.dumps(body).encode(), message_id=said.event_id, at_seconds=int(at.timestamp()),
            key=key_of(self.name),
        )  # fmt: skip

    def spoiled(self, message: Signed) -> Signed:
        """Return a message with a signature of somebody else."""
        return Signed({**message.headers, "webhook-signature": "v1,bm90IHRoZSBrZXk="}, message.body)


def key_of(name: str) -> bytes:
    """Return the key that a sandbox signs with: nobody outside this installation knows it."""
    return hmac.new(settings.SECRET_KEY.encode(), f"payment provider {name}".encode(), hashlib.sha256).digest()


def amount_of(told: object) -> int:
    """
    Return an amount that is a whole number of minor units, not below 0.

    :raises ValueError: it is none.
    """
    if not isinstance(told, int) or isinstance(told, bool) or not 0 <= told <= 10**13:
        raise ValueError("the amount is no whole number of minor units")
    return told


def instant_of(text: object) -> datetime:
    """
    Return an instant with its zone.

    :raises ValueError: it is none.
    """
    found = datetime.fromisoformat(str(text))
    if found.tzinfo is None:
        raise ValueError("the instant has no zone")
    return found


def way_of(row: SandboxCheckout) -> int:
    """Return what the amount of an order makes the sandbox do; 0: nothing special."""
    way = row.amount_minor % CENTS
    return way if way in WAYS or way == UNREACHABLE else 0


def of_token(token: str) -> SandboxCheckout | None:
    """Return the order whose hosted page has this address."""
    return SandboxCheckout.objects.filter(token=token).first()


@joins_transaction
def decide(row: SandboxCheckout, *, is_paid: bool, now: datetime) -> datetime | None:
    """
    Let the payer pay or turn away; an order that was decided stays as it is.

    :returns: when the last message of it falls due; None: nothing is to be said.
    """
    row = SandboxCheckout.objects.select_for_update().get(id=row.id)
    if row.state != "open" or now > row.expires_at:
        return None
    row.state = "paid" if is_paid else "refused"
    row.save(update_fields=["state"])
    if not is_paid:
        say(row, event_id=f"{row.reference}-no", word=Word.FAILED, reason="cancelled by the payer")
    else:
        _PLANS.get(way_of(row), _plain)(row, now)
    return row.sayings.order_by("-due_at").values_list("due_at", flat=True).first()


def say(row: SandboxCheckout, *, event_id: str, word: Word, **values: Any) -> None:
    """Plan one thing to be said of an order, at once unless another instant is given."""
    now = timezone.now()
    given = {
        "amount_minor": row.amount_minor,
        "currency": row.currency,
        "payment": "" if word in {Word.FAILED, Word.EXPIRED} else f"PAY-{row.id}",
        "occurred_at": now,
        "due_at": now,
        **values,
    }
    SandboxSaying.objects.create(checkout=row, event_id=event_id, word=word.value, **given)


def _plain(row: SandboxCheckout, now: datetime) -> None:
    say(row, event_id=f"{row.reference}-paid", word=Word.PAID, occurred_at=now, due_at=now)


def _refuses(row: SandboxCheckout, now: datetime) -> None:
    row.state = "refused"
    row.save(update_fields=["state"])
    said = f"{row.reference}-no"
    say(row, event_id=said, word=Word.FAILED, occurred_at=now, due_at=now, reason="refused by the bank")


def _slow(row: SandboxCheckout, now: datetime) -> None:
    say(row, event_id=f"{row.reference}-pending", word=Word.PENDING, occurred_at=now, due_at=now)
    due_at = now + (DAY if row.amount_minor >= PATIENT_FROM else MINUTE)
    say(row, event_id=f"{row.reference}-paid", word=Word.PAID, occurred_at=now, due_at=due_at)


def _repeats(row: SandboxCheckout, now: datetime) -> None:
    for _ in range(3):
        _plain(row, now)


def _charged_back(row: SandboxCheckout, now: datetime) -> None:
    _plain(row, now)
    _back(row, now + MINUTE)


def _back(row: SandboxCheckout, at: datetime) -> None:
    say(
        row, event_id=f"{row.reference}-back", word=Word.REVERSED, occurred_at=at, due_at=at,
        reason="charged back by the payer's bank",
    )  # fmt: skip


def _overtaken(row: SandboxCheckout, now: datetime) -> None:
    _plain(row, now)
    say(row, event_id=f"{row.reference}-pending", word=Word.PENDING, occurred_at=now - MINUTE, due_at=now)


def _back_first(row: SandboxCheckout, now: datetime) -> None:
    _back(row, now)
    say(row, event_id=f"{row.reference}-paid", word=Word.PAID, occurred_at=now - MINUTE, due_at=now + MINUTE)


def _flawed(flaw: str) -> Callable[[SandboxCheckout, datetime], None]:
    def plan(row: SandboxCheckout, now: datetime) -> None:
        say(row, event_id=f"{row.reference}-paid", word=Word.PAID, occurred_at=now, due_at=now, flaw=flaw)

    return plan


def _less(row: SandboxCheckout, now: datetime) -> None:
    amount = max(1, row.amount_minor - CENTS)
    say(row, event_id=f"{row.reference}-paid", word=Word.PAID, amount_minor=amount, occurred_at=now, due_at=now)


def _other_currency(row: SandboxCheckout, now: datetime) -> None:
    currency = "USD" if row.currency != "USD" else "EUR"
    say(row, event_id=f"{row.reference}-paid", word=Word.PAID, currency=currency, occurred_at=now, due_at=now)


def _late(row: SandboxCheckout, now: datetime) -> None:
    say(row, event_id=f"{row.reference}-expired", word=Word.EXPIRED, occurred_at=now, due_at=now)
    say(row, event_id=f"{row.reference}-paid", word=Word.PAID, occurred_at=now, due_at=now + MINUTE)


def _twice(row: SandboxCheckout, now: datetime) -> None:
    _plain(row, now)
    say(
        row, event_id=f"{row.reference}-again", word=Word.PAID, payment=f"PAY-{row.id}-2", occurred_at=now, due_at=now
    )  # fmt: skip


_PLANS: Mapping[int, Callable[[SandboxCheckout, datetime], None]] = {
    REFUSES: _refuses, SLOW: _slow, REPEATS: _repeats, CHARGED_BACK: _charged_back, OVERTAKEN: _overtaken,
    FORGED: _flawed("forged"), LOST: _flawed("lost"), LESS: _less, OTHER_CURRENCY: _other_currency, LATE: _late,
    BACK_FIRST: _back_first, STALE: _flawed("stale"), TWICE: _twice, SILENT: _flawed("lost"),
}  # fmt: skip


def due(sandbox: Sandbox, *, now: datetime, most: int) -> list[tuple[int, Signed | None]]:
    """Return messages of a sandbox that are due, by their ids, spoiled as planned; None: one that gets lost."""
    rows = SandboxSaying.objects.filter(is_sent=False, due_at__lte=now, checkout__provider=sandbox.name)
    found: list[tuple[int, Signed | None]] = []
    for row in rows.select_related("checkout").order_by("due_at", "id")[:most]:
        message = sandbox.written(_said(row), at=now - STALE_BY if row.flaw == "stale" else now)
        if row.flaw == "forged":
            message = sandbox.spoiled(message)
        found.append((row.id, None if row.flaw == "lost" else message))
    return found


def sent(ids: Sequence[int]) -> None:
    """Keep in mind what was sent."""
    SandboxSaying.objects.filter(id__in=ids).update(is_sent=True)


def report(*, name: str, reference: str, on: date) -> str:
    """
    Return the report of a payout: what a sandbox was paid and gave back and has not paid out, less 0.6 % of payments.

    Money in another currency is paid out by another report, which is not made up here.

    :param name: of the sandbox or wallet.
    """
    now = timezone.now()
    rows = SandboxSaying.objects.filter(
        checkout__provider=name, word__in=[Word.PAID.value, Word.REVERSED.value], due_at__lte=now, is_paid_out=False,
        currency=F("checkout__currency"),
    )  # fmt: skip
    text = StringIO()
    writer, sums = csv.writer(text, lineterminator="\n"), [0, 0]
    writer.writerow(settlements.COLUMNS)
    known: set[str] = set()
    for row in rows.select_related("checkout").order_by("occurred_at", "id"):
        if row.event_id in known:
            continue  # said more than once, paid once
        known.add(row.event_id)
        gross = row.amount_minor if row.word == Word.PAID.value else -row.amount_minor
        fee = int(fixed.to_minor(np.array([max(gross, 0) * FEE_E9]))[0])
        writer.writerow([reference, on, row.currency, row.checkout.reference, *_texts(gross, fee)])
        sums[0], sums[1] = sums[0] + gross, sums[1] + fee
    writer.writerow(["total", "", "", "", *_texts(sums[0], sums[1])])
    rows.update(is_paid_out=True)
    return text.getvalue()


def _texts(gross: int, fee: int) -> list[str]:
    return [fixed.to_text(one, places=2) for one in (gross, fee, gross - fee)]


def _said(row: SandboxSaying) -> Said:
    return Said(
        event_id=row.event_id, reference=row.checkout.reference, word=Word(row.word), amount_minor=row.amount_minor,
        currency=row.currency, occurred_at=row.occurred_at, payment=row.payment, reason=row.reason,
    )  # fmt: skip


def _expired(row: SandboxCheckout) -> Said:
    return Said(
        event_id=f"{row.reference}-expired", reference=row.reference, word=Word.EXPIRED, amount_minor=row.amount_minor,
        currency=row.currency, occurred_at=row.expires_at,
    )  # fmt: skip
