"""People who pay online: some paid, one pending, one taken back, one for a person; a payout that the bank has shown."""

from datetime import date, timedelta
from io import BytesIO

from django.utils import timezone

from accounts.queries import supplier
from billing.queries import bills
from billing.queries.bills import BillCard
from cashiering.domain.checkouts import Origin
from cashiering.gateways import online, sandbox
from cashiering.operations import checkout_events, checkouts, payouts, posting, sandbox_provider, statements
from cashiering.operations.checkouts import Wish
from cashiering.queries import payouts as payout_queries
from cis.demo.consolidating import alone
from cis.kernel import fixed
from cis.kernel.actors import SYSTEM

PAYERS = 6
ADVANCE_MINOR = 200_00
PAYOUT = "SBX-PAYOUT-1"
AFTER = timedelta(minutes=2)
"""When all that the sandbox says of a payment has been said."""
WAYS = {100_02: False, 100_04: True, 100_09: True}
"""Amounts that the sandbox does something special with; whether it is waited for, see ``gateways.sandbox``."""


def build(*, run_id: int, today: date) -> int:
    """Let some customers of a run pay online, where a provider is named; return how many did."""
    if "sandbox" not in online.names():
        return 0
    # Who owes nothing pays in advance.
    cards = sorted(
        alone(bills.of_run(run_id=run_id, state="issued", most=400)), key=lambda card: (-card.open_minor, card.id)
    )
    for place, card in enumerate(cards[:PAYERS]):
        is_plain = card.open_minor and card.open_minor % sandbox.CENTS not in {*sandbox.WAYS, sandbox.UNREACHABLE}
        _pay(
            card,
            provider=online.names()[place % len(online.names())],
            amount_minor=None if is_plain else ADVANCE_MINOR,
            origin=Origin.LINK if is_plain and place % 2 else Origin.PORTAL,
        )
    _bring_payout(today)
    _take_bills(today)
    for amount_minor, is_waited_for in WAYS.items():
        _pay(cards[-1], provider="sandbox", amount_minor=amount_minor, is_waited_for=is_waited_for)
    return len(cards[:PAYERS]) + len(WAYS)


def _pay(
    card: BillCard, *, provider: str, origin: Origin = Origin.PORTAL, amount_minor: int | None = None,
    is_waited_for: bool = True,
) -> None:  # fmt: skip
    """Pay a bill, or an amount on its account, at a sandbox."""
    wish = Wish(
        account_id=card.account_id, provider=provider, origin=origin, amount_minor=amount_minor,
        bill_ids=() if amount_minor else (card.id,),
    )  # fmt: skip
    now = timezone.now()
    begun = checkouts.begin(wish=wish, at=now, actor=SYSTEM)
    token = begun.page_url.rstrip("/").rsplit("/", 1)[-1]
    sandbox_provider.decide(token=token, is_paid=True, now=now)
    sandbox_provider.deliver(provider=provider, now=now + AFTER if is_waited_for else timezone.now())
    checkout_events.record_waiting(provider=provider)


def _bring_payout(today: date) -> None:
    """Bring the sandbox's report, and the statement of the bank that shows its money."""
    text = sandbox.report(name="sandbox", reference=PAYOUT, on=today)
    taken = payouts.take(content=text.encode(), name=f"{PAYOUT}.csv", provider="sandbox", today=today, actor=SYSTEM)
    net = payout_queries.one(payout_id=taken.payout_id).net_minor
    if net > 0:
        statements.take(source=BytesIO(_statement(net, today)), name="bank.sta", today=today, actor=SYSTEM)
        while posting.post_chunk(today=today):
            pass
        payouts.match(today=today)


def _take_bills(today: date) -> None:
    """Take what wallets say they bring; one of them keeps another fee than was agreed."""
    for name in online.names():
        for file in online.of(name).settlement_files(today):
            payouts.take(content=file.content, name=file.name, provider=name, today=today, actor=SYSTEM)


def _statement(net_minor: int, on: date) -> bytes:
    """Return a statement of the bank with one line, the payout."""
    currency = supplier.current().currency
    amount = fixed.to_text(net_minor, places=2).replace(".", ",")
    day = f"{on:%y%m%d}"
    lines = (
        f":20:DEMO{day}", ":25:CN00DEMO0001", ":28C:1/1", f":60F:C{day}{currency}0,00",
        f":61:{day}{on:%m%d}C{amount}NTRF{PAYOUT[:16]}//DEMO1", f":86:{PAYOUT}", f":62F:C{day}{currency}{amount}", "-",
    )  # fmt: skip
    return "\r\n".join(lines).encode()
