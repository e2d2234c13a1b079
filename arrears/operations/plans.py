"""
Plans of instalments: offered within the limits of who offers, accepted, cancelled.

A plan is made under the lock of the account's ledger, as a disconnection is dispatched and money comes in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from accounts.queries import accounts
from arrears.domain.cut_facts import HoldKind
from arrears.domain.instalments import holds_until, slip_code
from arrears.domain.plan_limits import Excess, exceeded
from arrears.domain.plan_workflow import MAKERS, WORKFLOW, PlanAction, PlanState, PlanWay
from arrears.models.collection import Hold
from arrears.models.plan import InstalmentPlan, PlanDebt, PlanMove, PlanPart
from arrears.operations import cases, cutting, late_fees, plan_looks, plan_notices
from arrears.operations.plan_notices import Told
from arrears.queries import cuts, plan_facts, plan_previews, plan_rules
from arrears.queries.plan_previews import PlanWish, Preview
from arrears.queries.plans import UnknownPlan, plan_number
from billing.operations import ledger
from billing.queries import bills
from cis.kernel.actors import Actor, ActorKind
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit, sequences
from cis.platform.db import fetch, joins_transaction, opens_transaction

SUBJECT = plan_looks.SUBJECT
SEQUENCE = "instalment_plans"
REASON_MOST = 200
NOTE_MOST = 300
_MARK = "SELECT coalesce(max(id), 0) FROM billing_allocation WHERE bill_id = ANY(%s)"


class PlanStands(Refused):
    """The account has a plan that is kept: it is cancelled first."""

    code = "plan_stands"


class PlanChanged(Refused):
    """What is owed is not what it was when the plan was shown: it is made anew."""

    code = "plan_changed"


class PlanBeyondLimit(Refused):
    """The plan is larger, longer or one more than its maker may agree on."""

    code = "plan_beyond_limit"


class PlanLapsed(Refused):
    """The offer is too old to be accepted."""

    code = "plan_lapsed"


class PlanNeedsAnother(Refused):
    """Who proposed a plan does not decide on it."""

    code = "plan_needs_another"


class PlanReasonMissing(Refused):
    """It is not said why a plan ends."""

    code = "plan_reason_missing"


class PlanKeyTaken(Refused):
    """The key names another plan."""

    code = "plan_key_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlan:
    """
    A plan to be.

    total_minor  what its maker was shown; None: nobody looked [minor unit]
    is_agreed    the customer has agreed to it already, as by telephone: it holds at once
    key          name of the request; the same again is the same plan; "": none
    """

    account_id: int
    wish: PlanWish
    way: PlanWay
    total_minor: int | None = None
    is_agreed: bool = False
    key: str = ""


@opens_transaction
def offer(*, new: NewPlan, at: datetime, actor: Actor, customer_id: int | None = None) -> int:
    """
    Make a plan: proposed where it goes beyond the limit of a member of staff, else offered, or kept at once.

    An offer that waits on the account is replaced.

    :param customer_id: who must hold the account; None: anybody.
    :returns: its id.
    :raises NotAllowed: the actor makes no plans. :raises MissingRule: the pack offers none.
    :raises UnknownAccount, UnknownPlan: there is no such account, or it is not the customer's.
    :raises BadPlan: it cannot be as it is wished. :raises PlanStands: one is kept. :raises PlanChanged: see there.
    :raises PlanBeyondLimit: a customer, or a program, may not agree on it alone. :raises PlanKeyTaken: see there.
    """
    if not actor.is_one_of(MAKERS):
        raise NotAllowed(f"{actor.name} may not make plans.", advice="Ask a clerk.")
    today = cuts.moment_of(at).day
    plan_rules.rule(at=today)
    holder_id = accounts.overview(account_id=new.account_id, at_date=today).holder.id
    if customer_id is not None and holder_id != customer_id:
        raise UnknownPlan("There is no such account.")
    ledger.lock_customers(account_ids=[new.account_id])
    known = InstalmentPlan.objects.filter(key=new.key).first() if new.key else None
    if known is not None:
        if known.account_id != new.account_id or known.parts.count() != new.wish.count:
            raise PlanKeyTaken("Another plan has this key.", advice="Each request has a key of its own.")
        return int(known.id)
    _make_way(new.account_id, at=at, actor=actor)
    seen = plan_previews.preview(account_id=new.account_id, wish=new.wish, actor=actor, at=at)
    if new.total_minor not in {None, seen.total_minor}:
        raise PlanChanged("What is owed has changed.", advice="Look at the parts anew.", total_minor=seen.total_minor)
    is_own = actor.kind in {ActorKind.CUSTOMER, ActorKind.CLIENT}
    if seen.excess and is_own:
        raise _beyond(seen.excess)
    row = _write(new, seen, holder_id, at=at, actor=actor)
    _note(row, "offer", at=at, actor=actor, note=", ".join(seen.excess))
    if row.state == PlanState.OFFERED:
        _go_on(row, at=at, actor=actor)
    return int(row.id)


@opens_transaction
def agree(*, plan_id: int, at: datetime, actor: Actor) -> None:
    """
    Agree to a plan as the second person: it is offered, or holds at once where the customer has agreed already.

    :raises UnknownPlan: there is none. :raises IllegalMove, NotAllowed: it does not wait, or the actor may not.
    :raises PlanNeedsAnother: this person proposed it. :raises PlanBeyondLimit: it is beyond the own limit too.
    :raises PlanChanged, PlanLapsed: see ``accept``.
    """
    row = lock_step(plan_id=plan_id)
    state = WORKFLOW.step(PlanState(row.state), PlanAction.AGREE, actor).to
    if actor.id is None or actor.id == row.proposer_id:
        raise PlanNeedsAnother("Another person decides on it.", advice="Ask a supervisor.")
    rule = plan_rules.rule(at=cuts.moment_of(at).day)
    asked = plan_previews.asked_for(
        account_id=row.account_id, total_minor=row.total_minor, count=row.parts.count(), rule=rule, at=at,
        but_plan_id=row.id,
    )  # fmt: skip
    if excess := exceeded(limit=rule.limit_of(actor), asked=asked, is_customer=False):
        raise _beyond(excess)
    row.state, row.decider_id = state.value, actor.id
    row.save(update_fields=["state", "decider_id"])
    _note(row, PlanAction.AGREE, at=at, actor=actor)
    _go_on(row, at=at, actor=actor)


@opens_transaction
def accept(*, plan_id: int, at: datetime, actor: Actor) -> None:
    """
    Accept an offer on behalf of the customer, who said yes at the counter or by telephone; see ``accept_step``.

    :raises UnknownPlan: there is none.
    """
    accept_step(row=lock_step(plan_id=plan_id), at=at, actor=actor)


@joins_transaction
def accept_step(*, row: InstalmentPlan, at: datetime, actor: Actor) -> None:
    """
    Let an offered plan hold: late fees up to its making are charged and covered, its debts are held, money pays it.

    What was cut off, or is about to be, for debts that are all covered is restored.

    :raises IllegalMove, NotAllowed: it is not offered, or the actor may not.
    :raises PlanLapsed: it is too old. :raises PlanChanged: a debt is not open as it was.
    """
    state = WORKFLOW.step(PlanState(row.state), PlanAction.ACCEPT, actor).to
    today = cuts.moment_of(at).day
    if today > row.valid_until:
        raise PlanLapsed("The offer is too old.", advice="Make a new one.")
    debts = _cover(row, today, actor)
    _shift_first(row, today)
    ((row.mark,),) = fetch(_MARK, [[debt.bill_id for debt in debts]])
    row.state, row.accepted_date = state.value, today
    row.save(update_fields=["state", "accepted_date", "mark"])
    (facts,) = plan_facts.of_plans(plan_ids=[row.id])
    _hold(row, debts, facts, at=at, actor=actor)
    plan_looks.lay_step(facts=[facts], at=at)
    _note(row, PlanAction.ACCEPT, at=at, actor=actor)
    first = facts.standing.parts[0]
    _tell(
        row, "plan_accepted", amounts={"amount": row.total_minor, "part": first.amount_minor},
        facts={"parts": len(facts.standing.parts), "due": first.due_date},
    )  # fmt: skip
    if not _others_overdue(row.account_id, {debt.bill_id for debt in debts}, today):
        cutting.protect_step(account_id=row.account_id, reason=HoldKind.PLAN.value, at=at, actor=actor, waits=True)
    cases.note_step(account_ids=[row.account_id], at=at)


@opens_transaction
def drop(*, plan_id: int, reason: str, at: datetime, actor: Actor, customer_id: int | None = None) -> None:
    """
    Take back a plan that does not hold yet, or refuse it.

    :param customer_id: whose it must be; None: anybody's.
    :raises UnknownPlan: there is none. :raises IllegalMove, NotAllowed: it holds, is over, or the actor may not.
    """
    row = lock_step(plan_id=plan_id, customer_id=customer_id)
    drop_step(row=row, reason=reason or "withdrawn", at=at, actor=actor)


@opens_transaction
def cancel(*, plan_id: int, reason: str, at: datetime, actor: Actor, customer_id: int | None = None) -> None:
    """
    End a plan that holds; its debts are pursued again where they stood.

    :param customer_id: whose it must be; None: anybody's.
    :raises UnknownPlan: there is none. :raises IllegalMove, NotAllowed: it does not hold, or the actor may not.
    :raises PlanReasonMissing: nobody says why.
    """
    row = lock_step(plan_id=plan_id, customer_id=customer_id)
    state = WORKFLOW.step(PlanState(row.state), PlanAction.CANCEL, actor).to
    if not reason.strip():
        raise PlanReasonMissing("It must be said why.", advice="Give a reason.", field="reason")
    facts = plan_facts.of_plans(plan_ids=[row.id])
    plan_looks.end_step(ended=[(facts[0], reason.strip())], action=PlanAction.CANCEL, state=state, at=at, actor=actor)


@joins_transaction
def lock_step(*, plan_id: int, customer_id: int | None = None) -> InstalmentPlan:
    """
    Lock a plan, and the ledger of its account before it.

    :raises UnknownPlan: there is none, or it is not the customer's.
    """
    found = InstalmentPlan.objects.filter(id=plan_id).first()
    if found is None or customer_id not in {None, found.customer_id}:
        raise UnknownPlan(f"There is no plan {plan_id}.", plan_id=plan_id)
    ledger.lock_customers(account_ids=[found.account_id])
    return InstalmentPlan.objects.select_for_update().get(id=plan_id)


def _beyond(excess: Sequence[Excess]) -> PlanBeyondLimit:
    return PlanBeyondLimit(
        "The plan is larger, longer or one more than may be agreed on so.",
        advice="Choose a smaller one, or ask us.", excess=[one.value for one in excess],
    )  # fmt: skip


@joins_transaction
def _make_way(account_id: int, *, at: datetime, actor: Actor) -> None:
    states = (PlanState.PROPOSED.value, PlanState.OFFERED.value, PlanState.KEPT.value)
    for row in InstalmentPlan.objects.select_for_update().filter(account_id=account_id, state__in=states):
        if row.state == PlanState.KEPT:
            raise PlanStands("A plan is kept on this account.", advice="Cancel it first.", plan_id=row.id)
        drop_step(row=row, reason="replaced", at=at, actor=actor)


@joins_transaction
def drop_step(*, row: InstalmentPlan, reason: str, at: datetime, actor: Actor) -> None:
    """Drop a locked plan that does not hold yet."""
    row.state = WORKFLOW.step(PlanState(row.state), PlanAction.DROP, actor).to.value
    row.ended_date, row.end_reason = cuts.moment_of(at).day, reason.strip()[:REASON_MOST]
    row.save(update_fields=["state", "ended_date", "end_reason"])
    _note(row, PlanAction.DROP, at=at, actor=actor, note=row.end_reason)


@joins_transaction
def _write(new: NewPlan, seen: Preview, holder_id: int, *, at: datetime, actor: Actor) -> InstalmentPlan:
    today, rule = cuts.moment_of(at).day, seen.rule
    row = InstalmentPlan.objects.create(
        account_id=new.account_id, customer_id=holder_id, serial=sequences.take(SEQUENCE),
        state=(PlanState.PROPOSED if seen.excess else PlanState.OFFERED).value, way=new.way.value, key=new.key or None,
        total_minor=seen.total_minor, late_fee_minor=seen.late_fee_minor, grace_days=rule.grace_days,
        remind_days=rule.remind_days, new_bills=rule.new_bills, stops_late_fees=rule.stops_late_fees,
        owes_late_fees=rule.owes_late_fees, is_agreed=new.is_agreed, made_date=today,
        valid_until=today + timedelta(days=rule.offer_days), proposer_id=actor.id, made_at=at,
    )  # fmt: skip
    PlanDebt.objects.bulk_create(
        PlanDebt(plan=row, bill_id=debt.bill_id, amount_minor=debt.open_minor) for debt in seen.debts
    )
    PlanPart.objects.bulk_create(
        PlanPart(
            plan=row, seq=part.seq, due_date=part.due_date, amount_minor=part.amount_minor,
            code=slip_code(serial=row.serial, seq=part.seq),
        )
        for part in seen.parts
    )  # fmt: skip
    return row


@joins_transaction
def _go_on(row: InstalmentPlan, *, at: datetime, actor: Actor) -> None:
    """Let an offer hold whose customer has agreed already; tell another customer what is offered."""
    if row.is_agreed:
        accept_step(row=row, at=at, actor=actor)
    elif row.way == PlanWay.DESK:
        _tell(
            row, "plan_offered", amounts={"amount": row.total_minor},
            facts={"parts": row.parts.count(), "until": row.valid_until},
        )  # fmt: skip


@joins_transaction
def _cover(row: InstalmentPlan, today: date, actor: Actor) -> list[PlanDebt]:
    """Return the debts of a plan as they are open, with late fees that are charged now; see ``accept_step``."""
    debts = list(row.debts.all())
    notes = late_fees.charge_until_step(
        account_id=row.account_id, bill_ids={debt.bill_id for debt in debts}, until=row.made_date, today=today,
        actor=actor,
    ) if row.late_fee_minor else ()  # fmt: skip
    cards = {card.id: card for card in bills.listed(bill_ids=[*(debt.bill_id for debt in debts), *notes])}
    charged = [PlanDebt(plan=row, bill_id=note_id, amount_minor=cards[note_id].open_minor) for note_id in notes]
    if (
        any(cards[debt.bill_id].open_minor != debt.amount_minor for debt in debts)
        or sum(debt.amount_minor for debt in charged) != row.late_fee_minor
    ):
        raise PlanChanged("What is owed has changed since the offer.", advice="Make a new plan.")
    return [*debts, *PlanDebt.objects.bulk_create(charged)]


@joins_transaction
def _shift_first(row: InstalmentPlan, today: date) -> None:
    """Let a first part that was due at once be due on the day of acceptance, but before the second."""
    first, second = row.parts.order_by("seq")[:2]
    if first.due_date < today:
        first.due_date = min(today, second.due_date - timedelta(days=1))
        first.save(update_fields=["due_date"])


@joins_transaction
def _hold(
    row: InstalmentPlan, debts: Sequence[PlanDebt], facts: plan_facts.PlanFacts, *, at: datetime, actor: Actor
) -> None:
    until = cuts.moment_of(at).clock.day_start_utc(holds_until(standing=facts.standing, grace_days=row.grace_days))
    evidence = plan_number(serial=row.serial)
    holds = Hold.objects.bulk_create(
        Hold(
            account_id=row.account_id, kind=HoldKind.PLAN.value, bill_id=debt.bill_id, since_at=at, until_at=until,
            evidence=evidence, actor_id=actor.id, actor_name=actor.name[:150],
        )
        for debt in debts
    )  # fmt: skip
    for debt, hold in zip(debts, holds, strict=True):
        debt.hold = hold
    PlanDebt.objects.bulk_update(debts, ["hold"])


def _others_overdue(account_id: int, covered: set[int], today: date) -> bool:
    return any(debt.due_date < today and debt.bill_id not in covered for debt in cuts.debts(account_id=account_id))


@joins_transaction
def _tell(row: InstalmentPlan, event: str, *, amounts: dict[str, int], facts: dict[str, int | date]) -> None:
    told = Told(
        plan_id=row.id, serial=row.serial, account_id=row.account_id, customer_id=row.customer_id,
        what=event.removeprefix("plan_"), amounts=amounts, facts=facts,
    )  # fmt: skip
    plan_notices.tell_step(event=event, told=[told])


@joins_transaction
def _note(row: InstalmentPlan, action: str, *, at: datetime, actor: Actor, note: str = "") -> None:
    PlanMove.objects.create(
        plan=row, action=str(action), state=row.state, at=at, note=note[:NOTE_MOST], actor_id=actor.id,
        actor_name=actor.name[:150],
    )  # fmt: skip
    audit.record(actor, str(action), SUBJECT, row.id, state=row.state, account_id=row.account_id, note=note)
