"""What must be known to judge a change of use: rules of the place, the supply as it holds, tariffs, what is owed."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from accounts.queries import accounts, customers
from cis.kernel import fixed
from cis.kernel.calendar import BusinessCalendar
from cis.platform import packs
from cis.platform.calendars import business_calendar
from contracts.domain.arrears import Arrears
from contracts.domain.change_facts import Blocks, Facts, Limits, PlaceFacts, Starts, SupplyFacts, TariffFacts
from contracts.domain.changes import ChangeKind, PaperKind, Wanted
from contracts.models.agreement import AgreementTerm, ServiceAgreement
from contracts.queries import agreements
from contracts.queries.agreements import AgreementCard, TermCard
from metering.domain.network import LOW
from metering.domain.places import Direction, Quantity
from metering.queries import places
from tariffs.domain.choice import Chooser, is_open
from tariffs.domain.inputs import Input
from tariffs.domain.plan import TOTAL, Plan
from tariffs.queries import plans

HAS_PAPERS = (
    ChangeKind.TRANSFER, ChangeKind.RENAME, ChangeKind.HOUSEHOLD, ChangeKind.CLASS_CHANGE, ChangeKind.SPLIT,
    ChangeKind.MERGE, ChangeKind.MOVE_IN,
)  # fmt: skip


WITH_FEE = (ChangeKind.RELOCATION, ChangeKind.RESUMPTION, ChangeKind.TEMPORARY)


class _Port:
    """Who answers what is owed; bound once by ``cis.wiring``."""

    owed: Arrears | None = None


def answer_arrears_by(owed: Arrears) -> None:
    """Bind who knows what accounts owe. To be called from ``cis.wiring`` only."""
    _Port.owed = owed


def owed_minor(*, account_ids: Collection[int], today: date) -> int:
    """
    Return what some accounts owe together. [minor unit]

    :raises LookupError: nobody was bound to answer: nothing is assumed in its place.
    """
    if _Port.owed is None:
        raise LookupError("nobody answers what accounts owe; see cis/wiring.py")
    return _Port.owed(account_ids=account_ids, today=today) if account_ids else 0


def read_is_fresh_for(*, at: date) -> timedelta:
    """Return how old the last read of a counter may be when a supply ends, so that nobody reads it once more."""
    return timedelta(days=packs.rule("change_work", at=at)["fresh_read_days"])


def kept_after(*, at: date) -> timedelta:
    """Return how long after its date a change that is stuck keeps what it holds of the network."""
    return timedelta(days=packs.rule("change_work", at=at)["kept_days"])


def limits_on(day: date) -> Limits:
    """Return the rules of the place on a date; those of a kind that the place does not know stay wide open."""
    named: dict[str, Any] = {
        "blocks": Blocks(packs.rule("change_blocks", at=day)),
        "papers": _papers(packs.rule("change_papers", at=day)),
    }
    suspension = _local("change_suspension", day)
    if suspension:
        named |= {
            "suspension_least_days": suspension["least_days"],
            "suspension_most_months": suspension["most_months"],
            "suspension_most_times": suspension["most_times"],
            "suspension_notice_days": suspension["notice_days"],
            "suspension_by_working_days": suspension["notice_count"] == "working",
            "whole_months": suspension["whole_months"],
        }
    reduction = _local("change_reduction", day)
    if reduction:
        named |= {
            "reduction_least_months": reduction["least_months"],
            "reduction_most_months": reduction["most_months"],
            "reduction_notice_days": reduction["notice_days"],
            "reduction_by_working_days": reduction["notice_count"] == "working",
        }
    contracts = _local("change_contracts", day)
    if contracts is not None:
        named["signed_before"] = frozenset(map(ChangeKind, contracts["before"].split()))
    household = _local("change_household", day)
    if household:
        named |= {
            "household_least": household["least_persons"],
            "household_starts": Starts(household["starts"]),
            "household_most_months": household["most_months"],
        }
    for prefix, key in (
        ("mode", "change_demand_mode"),
        ("contract", "change_contract_demand"),
        ("tou", "change_tou"),
        ("class", "change_class"),
    ):
        rule = _local(key, day)
        if rule:
            named |= {f"{prefix}_starts": Starts(rule["starts"]), f"{prefix}_notice_days": rule["notice_working_days"]}
    return Limits(**named)


def working_days(day: date) -> BusinessCalendar:
    """Return the working days of the place, as notice is counted."""
    return business_calendar(packs.rule("holiday_country", at=day))


def source_of(kind: ChangeKind, *, at: date) -> str:
    """Return the legal source of the rule that a kind follows; "" = the place has none of its own."""
    key = _RULE_OF.get(kind)
    if key is None:
        return ""
    try:
        return packs.text_of(key, at=at).source
    except packs.MissingRule:
        return ""


_RULE_OF = {
    ChangeKind.SUSPENSION: "change_suspension",
    ChangeKind.RESUMPTION: "change_suspension",
    ChangeKind.CAPACITY_REDUCTION: "change_reduction",
    ChangeKind.DEMAND_MODE: "change_demand_mode",
    ChangeKind.CONTRACT_DEMAND: "change_contract_demand",
    ChangeKind.HOUSEHOLD: "change_household",
    ChangeKind.TOU_OPT_IN: "change_tou",
    ChangeKind.CLASS_CHANGE: "change_class",
    ChangeKind.TRANSFER: "change_blocks",
    ChangeKind.MOVE_OUT: "final_account",
    ChangeKind.REMOVAL: "final_account",
}


def of_wanted(wanted: Wanted, *, asked_date: date, today: date, papers: Iterable[PaperKind] = ()) -> Facts:
    """
    Return what is known about a change that is asked for; a constant number of statements, one more a part of a merge.

    :raises UnknownAgreement, UnknownAccount, UnknownCustomer: it names what does not exist.
    """
    day = wanted.effective_date
    named = [wanted.agreement_id, *(part.agreement_id for part in wanted.parts)]
    cards = {card.id: card for card in agreements.cards(agreement_ids=[one for one in named if one is not None])}
    for agreement_id in named:
        if agreement_id is not None and agreement_id not in cards:
            raise agreements.UnknownAgreement(f"There is no agreement {agreement_id}.", agreement_id=agreement_id)
    account_ids = {card.account_id for card in cards.values()} | ({wanted.account_id} - {None})
    held = _holders(sorted(one for one in account_ids if one is not None), day)
    given_up = {part.agreement_id for part in wanted.parts if part.agreement_id is not None}
    supplies = {
        card.id: _supply(card, customer_id=held[card.account_id], day=day, ending={card.id, *given_up})
        for card in cards.values()
    }
    supply = supplies.get(wanted.agreement_id or 0)
    customer_id = supply.customer_id if supply else held.get(wanted.account_id or 0, wanted.customer_id)
    if wanted.customer_id is not None:
        customers.card(customer_id=wanted.customer_id)
    return Facts(
        known_date=today,
        asked_date=asked_date,
        calendar=working_days(today),
        limits=limits_on(asked_date),
        customer_id=customer_id,
        supply=supply,
        others=tuple(supplies[part.agreement_id] for part in wanted.parts if part.agreement_id is not None),
        new_tariff=_new_tariff(wanted, supply, customer_id),
        place=_place(wanted, wanted.customer_id or customer_id),
        owed_minor=owed_minor(account_ids=[one for one in account_ids if one is not None], today=today),
        taken=_taken(wanted),
        papers=frozenset(papers),
        fee_minor=_fee_minor(wanted, supply, asked_date),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Can:
    """A kind of change that an account may ask for, for one of its supplies; None: for the account itself."""

    kind: ChangeKind
    agreement_id: int | None


def possible(*, account_id: int, today: date, cards: Sequence[AgreementCard] | None = None) -> tuple[Can, ...]:
    """
    Return the changes that make sense for an account: none for what it does not have.

    :param cards: its agreements, if they are known.
    """
    account = accounts.card(account_id=account_id)
    if account.state != "open":
        return ()
    limits = limits_on(today)
    found = [
        Can(kind=kind, agreement_id=None) for kind in (ChangeKind.RENAME, ChangeKind.MOVE_IN, ChangeKind.TEMPORARY)
    ]
    known = agreements.of_account(account_id=account_id) if cards is None else cards
    supplies = [card for card in known if card.end_date is None or card.end_date > today]
    held = plans.versions(start_date=today, end_date=date.fromordinal(today.toordinal() + 1)) if supplies else ()
    priced = {one.tariff_id: plans.compiled(one.version_id) for one in held}
    for card in supplies:
        term = card.term_on(max(today, card.start_date)) or card.terms[-1]
        kinds = [ChangeKind.TRANSFER, ChangeKind.MOVE_OUT, ChangeKind.CLASS_CHANGE, ChangeKind.RELOCATION]
        kinds += _kinds_of_term(term, plan=priced.get(term.tariff_id), household_least=limits.household_least)
        kinds += [ChangeKind.SPLIT, ChangeKind.REMOVAL]
        if len(supplies) > 1:
            kinds.append(ChangeKind.MERGE)
        found += [Can(kind=kind, agreement_id=card.id) for kind in kinds]
    return tuple(found)


def _kinds_of_term(term: TermCard, *, plan: Plan | None, household_least: int) -> list[ChangeKind]:
    """Return the kinds that depend on what is agreed: a home has no capacity to suspend."""
    kinds = [ChangeKind.TOU_OPT_IN]
    if plan is None:
        return kinds
    if term.agreed.capacity_va is not None:
        kinds.append(ChangeKind.CAPACITY_INCREASE)
        kinds.append(ChangeKind.RESUMPTION if term.agreed.suspended_va else ChangeKind.SUSPENSION)
        if not term.agreed.suspended_va:
            kinds.append(ChangeKind.CAPACITY_REDUCTION)
        if {Input.CAPACITY_VA, Input.PEAK_W, Input.CONTRACT_W} & plan.needs:
            kinds.append(ChangeKind.DEMAND_MODE)
    if Input.CONTRACT_W in plan.needs:
        kinds.append(ChangeKind.CONTRACT_DEMAND)
    if plan.customer_class in {"residential", ""} and household_least > 1 and term.agreed.capacity_va is None:
        kinds.append(ChangeKind.HOUSEHOLD)
    return kinds


def _local(key: str, day: date) -> Any:
    try:
        return packs.rule(key, at=day)
    except packs.MissingRule:
        return None


def _papers(rule: Any) -> dict[ChangeKind, frozenset[PaperKind]]:
    return {kind: frozenset(map(PaperKind, rule.get(kind.value, "").split())) for kind in HAS_PAPERS}


def _holders(account_ids: list[int], day: date) -> dict[int, int]:
    """Return who holds some accounts on a date; before the first holder, the first one."""
    found: dict[int, int] = {}
    first: dict[int, int] = {}
    for span in accounts.holders(account_ids=account_ids):
        first[span.account_id] = span.customer_id  # latest first, so the first holder comes last
        if span.start_date <= day:
            found.setdefault(span.account_id, span.customer_id)
    missing = set(account_ids) - first.keys()
    if missing:
        raise accounts.UnknownAccount(f"There is no account {min(missing)}.", account_id=min(missing))
    return first | found


def _supply(card: AgreementCard, *, customer_id: int, day: date, ending: set[int]) -> SupplyFacts:
    term = card.term_on(day) or (card.terms[0] if day < card.start_date else card.terms[-1])
    after = ServiceAgreement.objects.filter(account_id=card.account_id, period__overlap=(day, None))
    return SupplyFacts(
        agreement_id=card.id,
        account_id=card.account_id,
        customer_id=customer_id,
        service_point_id=card.service_point_id,
        start_date=card.start_date,
        end_date=card.end_date,
        tariff=_tariff(term.tariff_id, day=max(day, card.start_date), who=None),
        household=term.household,
        agreed=term.agreed,
        suspended=tuple((one.start_date, one.end_date) for one in card.terms if one.agreed.suspended_va),
        is_last=not after.exclude(id__in=ending).exists(),
    )


def _tariff(tariff_id: int, *, day: date, who: Chooser | None) -> TariffFacts:
    plan = plans.compiled(plans.version_on(tariff_id=tariff_id, day=day).version_id)
    return TariffFacts(
        tariff_id=tariff_id,
        customer_class=plan.customer_class,
        is_by_demand=bool({Input.PEAK_W, Input.CONTRACT_W} & plan.needs),
        is_open=who is not None and is_open(choice=plan.choice, customer_class=plan.customer_class, who=who),
        from_va=plan.choice.from_va if plan.choice else None,
        below_va=plan.choice.below_va if plan.choice else None,
        kinds=plan.choice.kinds if plan.choice else frozenset(),
        voltages=plan.choice.voltages if plan.choice else frozenset(),
        periods=frozenset() if plan.periods == TOTAL else frozenset(plan.periods),
        by_intervals=bool({Input.SERIES_E9, Input.ORDERED_WH} & plan.needs),
    )


def _place(wanted: Wanted, customer_id: int | None) -> PlaceFacts | None:
    """Return what is known of the place where supply is to begin; None: none is named."""
    point_id, day = wanted.service_point_id, wanted.effective_date
    if point_id is None:
        return None
    found = places.overview(service_point_ids=[point_id], at_date=day)
    registers = [one for place in found for meter in place.meters if meter.hangs(day) for one in meter.registers]
    drawn = [one for one in registers if one.direction == Direction.IMPORT]
    active = [one for one in drawn if one.quantity == Quantity.ACTIVE]
    has_intervals = any(one.is_interval and not one.period_of_use for one in active)
    return PlaceFacts(
        voltage=found[0].voltage if found else "",
        kind=customers.card(customer_id=customer_id).kind if customer_id is not None else "",
        customer_class=_class_there(point_id, day) if wanted.kind is ChangeKind.MOVE_IN else "",
        is_metered=bool(active),
        periods=frozenset(one.period_of_use for one in active if one.period_of_use),
        has_intervals=has_intervals,
        has_demand=any(one.quantity == Quantity.DEMAND for one in drawn),
    )


def _class_there(service_point_id: int, day: date) -> str:
    """Return the class of the tariff that was agreed last at a place; "" where none was, or it names none."""
    last = AgreementTerm.objects.filter(
        agreement__service_point_id=service_point_id, period__fully_lt=(day, None)
    ).order_by("-period").first()  # fmt: skip
    if last is None:
        return ""
    return plans.compiled(plans.version_on(tariff_id=last.tariff_id, day=last.period.lower).version_id).customer_class


def _new_tariff(wanted: Wanted, supply: SupplyFacts | None, customer_id: int | None) -> TariffFacts | None:
    if wanted.tariff_id is None:
        return None
    who = None
    if supply is not None and customer_id is not None:
        points = places.voltages(service_point_ids=[supply.service_point_id])
        who = Chooser(
            kind=customers.card(customer_id=customer_id).kind,
            voltage=points[supply.service_point_id],
            features=frozenset(supply.agreed.features),
            capacity_va=supply.agreed.capacity_va if wanted.capacity_va is None else wanted.capacity_va,
            customer_class=supply.tariff.customer_class,
        )
    return _tariff(wanted.tariff_id, day=wanted.effective_date, who=who)


def fee_source(*, at: date) -> str:
    """Return where the fees of changes rest on, as it held when the customer asked."""
    return packs.text_of("change_fees", at=at).source


def _fee_minor(wanted: Wanted, supply: SupplyFacts | None, asked_date: date) -> int:
    """Return what a change costs by itself, as it was when the customer asked; a place without a rule asks nothing."""
    rule = _local("change_fees", asked_date) if wanted.kind in WITH_FEE else None
    point_id = supply.service_point_id if supply is not None else wanted.service_point_id
    if not rule or point_id is None:
        return 0
    side = "low" if places.voltages(service_point_ids=[point_id]).get(point_id) in LOW else "high"
    return fixed.parse(rule.get(f"{wanted.kind}_{side}", "0"), places=packs.rule("decimals", at=asked_date))


def _taken(wanted: Wanted) -> frozenset[int]:
    """Return which of the service points where supply is to begin have an agreement on the date or after."""
    points = [wanted.service_point_id, *(part.service_point_id for part in wanted.parts)]
    asked = [point for point in points if point is not None]
    if not asked:
        return frozenset()
    until = wanted.until_date
    rows = ServiceAgreement.objects.filter(service_point_id__in=asked, period__overlap=(wanted.effective_date, until))
    return frozenset(rows.values_list("service_point_id", flat=True))
