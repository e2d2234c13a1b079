"""The cash desk of the made-up supplier: a till that was closed yesterday, one that is open, and an agent."""

from collections.abc import Mapping
from datetime import date, timedelta

from accounts.queries import users
from billing.queries import bills
from billing.queries.bills import BillCard
from cashiering.domain.agents import Terms
from cashiering.domain.tills import CashMove, Means
from cashiering.operations import agent_days, agents, commissions, hand_overs, receipts, tills
from cashiering.operations.receipts import Part
from cashiering.queries import till_rules
from cis.demo.consolidating import alone
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform import keys
from cis.platform.templatetags.local import plain_money

FLOAT = {10_000: 2, 5_000: 2, 1_000: 10, 100: 20, 50: 10, 10: 30}
YESTERDAYS = (Means.CASH, Means.CARD, Means.CASH, Means.WALLET, Means.CASH)
TODAYS = (Means.CASH, Means.WALLET)
BY_AGENT = 4
LIMIT_MINOR = 5_000_000
TERMS = Terms(per_mille_e3=2_000, per_receipt_minor=0)
ADVANCE_MINOR = 10_000
LOOKED_AT_MOST = 2_000
DAY = timedelta(days=1)


def build(*, run_id: int, cashier: str, today: date) -> None:
    """
    Let some customers pay at the counter and to an agent.

    :param cashier: name of the login who has the till open today.
    """
    wanted = len(YESTERDAYS) + len(TODAYS) + BY_AGENT
    cards = alone(bills.of_run(run_id=run_id, state="issued", most=LOOKED_AT_MOST))
    owing = sorted((card for card in cards if card.amount_minor > 0), key=lambda card: not card.open_minor)[:wanted]
    if len(owing) < wanted:
        return
    found = {login.username: login for login in users.with_role(role=Role.CASHIER)}
    person = found[cashier]
    actor = Actor(ActorKind.STAFF, person.id, person.name or person.username, frozenset({Role.CASHIER}))
    first, second = (
        tills.add(code=code, name=name, place="一楼营业厅", actor=SYSTEM)
        for code, name in (("T1", "一号窗口"), ("T2", "二号窗口"))
    )
    _yesterday(first, owing[: len(YESTERDAYS)], actor, today - DAY)
    session_id = tills.open_session(till_id=second, pieces=FLOAT, today=today, actor=actor)
    for card, means in zip(owing[len(YESTERDAYS) :], TODAYS, strict=False):
        _take(session_id, card, means, actor, today)
    _agent(owing[wanted - BY_AGENT : wanted], session_id, actor, today)


def _yesterday(till_id: int, cards: list[BillCard], actor: Actor, day: date) -> None:
    session_id = tills.open_session(till_id=till_id, pieces=FLOAT, today=day, actor=actor)
    cash = sum(face * count for face, count in FLOAT.items())
    for card, means in zip(cards, YESTERDAYS, strict=True):
        _take(session_id, card, means, actor, day)
        cash += _pays(card) if means is Means.CASH else 0
    tills.move(
        session_id=session_id, kind=CashMove.TO_SAFE, amount_minor=10_000, reason="午间清点, 多余大钞入库",
        form="demo-safe", today=day, actor=actor,
    )  # fmt: skip
    left = cash - 10_000 - 50  # a coin is missing
    tills.count(
        session_id=session_id, pieces=_pieces(left, day), deposit_minor=left // 2 // 10_000 * 10_000,
        reason="找零时少收一枚五角硬币", today=day, actor=actor,
    )  # fmt: skip


def _pays(card: BillCard) -> int:
    """Return what somebody pays: what is open of his bill, else something in advance. [minor unit]"""
    return card.open_minor or ADVANCE_MINOR


def _take(session_id: int, card: BillCard, means: Means, actor: Actor, day: date) -> None:
    is_cash = means is Means.CASH
    receipts.take(
        session_id=session_id,
        parts=[Part(card.account_id, _pays(card))],
        means=means,
        tendered_minor=-(-_pays(card) // 10_000) * 10_000 if is_cash else None,
        reference="" if is_cash else f"{means.value}-{card.number}",
        form=f"demo-{card.number}",
        today=day,
        actor=actor,
    )


def _pieces(amount_minor: int, day: date) -> Mapping[int, int]:
    """Return notes and coins that come to an amount, the largest first."""
    found = {}
    for face in till_rules.of(day).faces:
        found[face], amount_minor = divmod(amount_minor, face)
    return found


def _agent(cards: list[BillCard], session_id: int, actor: Actor, today: date) -> None:
    name = "demo-agent"
    keys.create(name=name, scopes=[agents.SCOPE], known_scopes=[agents.SCOPE], actor=SYSTEM)
    agent_id = agents.register(code="S01", name="街角便利店", client=name, limit_minor=LIMIT_MINOR, actor=SYSTEM)
    if till_rules.most_terms(today).per_mille_e3 >= TERMS.per_mille_e3:
        commissions.agree(agent_id=agent_id, terms=TERMS, from_date=today, today=today, actor=SYSTEM)
    client_id = keys.id_of(name=name, scope=agents.SCOPE)
    rows = ["reference,account,amount"]
    for number, card in enumerate(cards, start=1):
        reference = f"S01-{number:04d}"
        agents.take(
            client_id=client_id, account_number=card.account_number, amount_minor=_pays(card),
            reference=reference, today=today, actor=SYSTEM,
        )  # fmt: skip
        rows.append(f"{reference},{card.account_number},{plain_money(_pays(card))}")
    rows[-1] = f"S01-0099,{cards[-1].account_number},88.00"  # one we do not know, and one that the list lacks
    agent_days.take_list(
        agent_id=agent_id, day=today, content="\n".join([*rows, ""]).encode(), today=today, actor=SYSTEM
    )
    hand_overs.at_till(
        agent_id=agent_id, session_id=session_id, amount_minor=_pays(cards[0]), form="demo-handed", today=today,
        actor=actor,
    )  # fmt: skip
