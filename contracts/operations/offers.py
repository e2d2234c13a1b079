"""Offers: draft with estimates, send, accept a tariff (which drafts and issues the contract), decline, expire."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.db.models import Max
from django.utils import timezone

from accounts.domain.identity import CustomerKind
from accounts.operations import notices
from accounts.queries import customers
from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Refused
from cis.platform import audit, events, packs, rendering
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain import estimates
from contracts.domain.announcements import OfferAccepted, OfferClosed, OfferSent
from contracts.domain.new_contracts import NewContract, NewTerms
from contracts.domain.new_offers import NewOffer
from contracts.domain.offer_workflow import WORKFLOW, OfferAction, OfferState
from contracts.domain.terms import MeteringSide, SupplyMode, UseClass
from contracts.models.offer import FEE_KINDS, Offer, OfferFee, OfferTariff
from contracts.operations import application_agents, supply_contracts
from contracts.queries import application_links, charge_rules
from contracts.queries import estimates as estimate_queries
from contracts.queries import offers as queries
from contracts.queries import supply_contracts as contract_queries
from contracts.queries.offers import UnknownOffer
from metering.domain.places import Voltage
from tariffs.domain.choice import Chooser
from tariffs.queries import eligible

SUBJECT = "offer"
TEMPLATE = "documents/offer.html"
STYLESHEET = "documents/contract.css"
TARIFFS_MOST = 6
FEES_MOST = 20
REASON_MOST = 200
NOTE_MOST = 2_000
REPLACED = "已发出新的供电方案答复 A later offer was sent."


class BadOffer(Refused):
    """An offer says too little or too much, or names a day that has passed."""

    code = "bad_offer"


class OfferOver(Refused):
    """The last day of the offer has passed."""

    code = "offer_over"


class NoCustomerYet(Refused):
    """Whoever the offer was made to is no customer yet, so there is nobody to make a contract with."""

    code = "no_customer_yet"


@opens_transaction
def draft(*, new: NewOffer, today: date, actor: Actor) -> int:
    """Draft an offer at the desk; see ``draft_step``."""
    return draft_step(new=new, today=today, actor=actor)


@joins_transaction
def draft_step(*, new: NewOffer, today: date, actor: Actor) -> int:
    """
    Draft the next version of the offer for one thing, with what a year would cost at each of its tariffs.

    :returns: id of the offer.
    :raises NotAllowed: the actor may not make offers.
    :raises BadOffer: nobody is named, no tariff can be chosen, a fee is none, or its last day has passed.
    :raises NoPrice: a tariff has no published version today.
    :raises MissingRule: the pack has no rule for a kind of fee.
    """
    WORKFLOW.step(OfferState.DRAFT, OfferAction.SEND, actor)
    recipient = new.recipient.strip()
    if new.customer_id is not None:
        recipient = customers.card(customer_id=new.customer_id).name
    until = new.valid_until or today + timedelta(days=packs.rule("contract_terms", at=today)["offer_valid_days"])
    tariff_ids = new.tariff_ids or _open_to(new, today)
    _check(new, recipient, tariff_ids, until, today)
    for fee in new.fees:
        charge_rules.taxed(kind=fee.kind, amount_minor=fee.amount_minor, at=today)
    last = Offer.objects.filter(subject=new.subject, subject_id=new.subject_id).aggregate(last=Max("version"))["last"]
    use = new.use
    row = Offer.objects.create(
        **new.terms.columns(),
        subject=new.subject,
        subject_id=new.subject_id,
        version=(last or 0) + 1,
        customer_id=new.customer_id,
        account_id=new.account_id,
        recipient=recipient,
        household=use.household,
        contract_w=use.contract_w,
        month_wh=use.month_wh,
        peak_w=use.peak_w,
        sharp_percent=use.sharp_percent,
        peak_percent=use.peak_percent,
        valley_percent=use.valley_percent,
        valid_until=until,
        note=new.note.strip()[:NOTE_MOST],
        actor_id=actor.id,
    )
    OfferFee.objects.bulk_create(
        OfferFee(
            offer=row,
            seq=seq,
            kind=fee.kind.value,
            amount_minor=fee.amount_minor,
            reason=fee.reason.strip()[:REASON_MOST],
        )
        for seq, fee in enumerate(new.fees, start=1)
    )
    _estimate(row, tariff_ids, use, today)
    audit.record(actor, "draft", SUBJECT, row.id, about=new.subject, about_id=new.subject_id, version=row.version)
    return row.id


@opens_transaction
def send(*, offer_id: int, today: date, actor: Actor) -> None:
    """Send an offer at the desk; see ``send_step``."""
    send_step(offer_id=offer_id, today=today, actor=actor)


@joins_transaction
def send_step(*, offer_id: int, today: date, actor: Actor) -> None:
    """
    Send an offer: the version before is replaced, the customer is told. Announces OfferSent.

    One that was accepted is replaced too as long as nobody has signed its contract, which is withdrawn.

    :raises UnknownOffer: there is none.
    :raises IllegalMove, NotAllowed: it is no draft, or the actor may not.
    :raises OfferOver: its last day has passed.
    """
    row, *others = _lock_all(offer_id)
    move = WORKFLOW.step(OfferState(row.state), OfferAction.SEND, actor)
    _check_day(row, today)
    for old in others:
        _replace(old, row, actor)
    row.state, row.sent_at = move.to.value, timezone.now()
    row.save(update_fields=["state", "sent_at"])
    events.announce(
        OfferSent(
            offer_id=row.id,
            subject=row.subject,
            subject_id=row.subject_id,
            version=row.version,
            customer_id=row.customer_id,
            actor=actor,
        )
    )
    if row.customer_id is not None:
        notices.queue_step(
            event="supply_offer",
            customer_id=row.customer_id,
            account_id=row.account_id,
            facts={
                "offer": queries.reference_of(offer_id=row.id, version=row.version),
                "address": row.address,
                "until": row.valid_until,
                "link": application_links.link(
                    subject=row.subject, customer_id=row.customer_id, path=f"/portal/offers/{row.id}"
                ),
            },
            key=f"supply_offer:{row.id}",
            actor=actor,
        )
    audit.record(actor, "send", SUBJECT, row.id, valid_until=row.valid_until)


@opens_transaction
def accept(*, offer_id: int, tariff_id: int, today: date, actor: Actor) -> int:
    """Accept an offer at the desk or in the portal; see ``accept_step``."""
    return accept_step(offer_id=offer_id, tariff_id=tariff_id, today=today, actor=actor)


@joins_transaction
def accept_step(*, offer_id: int, tariff_id: int, today: date, actor: Actor, start_date: date | None = None) -> int:
    """
    Accept one tariff of an offer: its contract is drafted and issued, and waits for a signature.

    Announces OfferAccepted.

    :param start_date: first day of the contract; None: today.
    :returns: id of the contract.
    :raises UnknownOffer: there is none, or it does not name the tariff.
    :raises IllegalMove, NotAllowed: it was not sent or is decided, or the actor may not.
    :raises BeyondScope: the agent of the application may not decide.
    :raises OfferOver: its last day has passed.
    :raises NoCustomerYet: it was made to somebody who is no customer.
    :raises IncompleteContract, BadTerms: the contract would lack something; see ``supply_contracts``.
    """
    row = lock(offer_id)
    application_agents.check(subject=row.subject, subject_id=row.subject_id, actor=actor)
    move = WORKFLOW.step(OfferState(row.state), OfferAction.ACCEPT, actor)
    _check_day(row, today)
    if row.customer_id is None:
        raise NoCustomerYet(f"{row.recipient} is no customer yet.", advice="Take them on as a customer first.")
    chosen = OfferTariff.objects.filter(offer=row, tariff_id=tariff_id).first()
    if chosen is None:
        raise UnknownOffer(f"The offer names no tariff {tariff_id}.", offer_id=offer_id)
    row.state, row.chosen, row.decided_at = move.to.value, chosen, timezone.now()
    row.save(update_fields=["state", "chosen", "decided_at"])
    contract_id = supply_contracts.draft_step(new=_contract(row, chosen, start_date or today), today=today, actor=actor)
    supply_contracts.issue_step(contract_id=contract_id, today=today, actor=actor)
    events.announce(
        OfferAccepted(
            offer_id=row.id,
            subject=row.subject,
            subject_id=row.subject_id,
            tariff_id=tariff_id,
            contract_id=contract_id,
        )
    )
    audit.record(actor, "accept", SUBJECT, row.id, tariff_id=tariff_id, contract_id=contract_id)
    return contract_id


@opens_transaction
def close(*, offer_id: int, action: OfferAction, actor: Actor) -> None:
    """
    Decline a sent offer, or withdraw one. Announces OfferClosed.

    :raises UnknownOffer: there is none.
    :raises IllegalMove, NotAllowed: it is decided already, or the actor may not.
    """
    row = lock(offer_id)
    application_agents.check(subject=row.subject, subject_id=row.subject_id, actor=actor)
    close_row(row, action, actor)


def paper(*, offer_id: int) -> bytes:
    """
    Return an offer as PDF; it is rendered each time, from a row that does not change once it is sent.

    :raises UnknownOffer: there is none.
    """
    return rendering.pdf(template=TEMPLATE, css=STYLESHEET, context={"document": queries.paper_of(offer_id=offer_id)})


@joins_transaction
def lock(offer_id: int) -> Offer:
    """
    Return an offer, locked until the use case ends.

    :raises UnknownOffer: there is none.
    """
    row = Offer.objects.select_for_update(of=("self",)).filter(id=offer_id).first()
    if row is None:
        raise UnknownOffer(f"There is no offer {offer_id}.", offer_id=offer_id)
    return row


@joins_transaction
def _lock_all(offer_id: int) -> list[Offer]:
    """Return an offer and after it all others of its subject, locked: of two that are sent at once one waits."""
    about = Offer.objects.filter(id=offer_id).values_list("subject", "subject_id").first()
    if about is None:
        raise UnknownOffer(f"There is no offer {offer_id}.", offer_id=offer_id)
    rows = Offer.objects.select_for_update(of=("self",)).filter(subject=about[0], subject_id=about[1]).order_by("id")
    return sorted(rows, key=lambda row: row.id != offer_id)


@joins_transaction
def close_row(row: Offer, action: OfferAction, actor: Actor) -> None:
    """End a locked offer, as a step of what ends it; announces OfferClosed."""
    state = WORKFLOW.step(OfferState(row.state), action, actor).to
    row.state, row.decided_at = state.value, timezone.now()
    row.save(update_fields=["state", "decided_at"])
    audit.record(actor, action.value, SUBJECT, row.id)
    events.announce(OfferClosed(offer_id=row.id, subject=row.subject, subject_id=row.subject_id, state=state))


@joins_transaction
def _replace(old: Offer, new: Offer, actor: Actor) -> None:
    """Put a later version in the place of one that was sent, or accepted and not signed."""
    waiting = contract_queries.unsigned_of_offer(offer_id=old.id) if old.state == OfferState.ACCEPTED else ()
    if old.state != OfferState.SENT and not waiting:
        return
    by = SYSTEM if waiting else actor
    old.state = WORKFLOW.step(OfferState(old.state), OfferAction.REPLACE, by).to.value
    old.decided_at = timezone.now()
    old.save(update_fields=["state", "decided_at"])
    audit.record(actor, "replace", SUBJECT, old.id, by=new.id)
    for contract_id in waiting:
        supply_contracts.withdraw_step(contract_id=contract_id, reason=REPLACED, actor=SYSTEM)


def _open_to(new: NewOffer, today: date) -> tuple[int, ...]:
    """Return the tariffs that such a customer may choose for such a supply."""
    kind = CustomerKind.RESIDENT if new.terms.use_class is UseClass.RESIDENTIAL else CustomerKind.COMPANY
    if new.customer_id is not None:
        kind = CustomerKind(customers.card(customer_id=new.customer_id).kind)
    who = Chooser(
        kind=kind.value,
        voltage=new.terms.voltage.value,
        features=frozenset(),
        capacity_va=new.terms.capacity_va,
        customer_class=CLASSES.get(new.terms.use_class, ""),
    )
    return tuple(version.tariff_id for version in eligible.open_to(day=today, who=who))[:TARIFFS_MOST]


CLASSES = {UseClass.RESIDENTIAL: "residential", UseClass.COMMERCIAL: "commercial", UseClass.INDUSTRIAL: "commercial"}
"""Class of customers as tariffs name it, by nature of use."""


def _check(new: NewOffer, recipient: str, tariff_ids: Sequence[int], until: date, today: date) -> None:
    if not recipient:
        raise BadOffer("An offer says who it is made to.", field="recipient")
    if not tariff_ids:
        raise BadOffer("No tariff is open to such a customer.", advice="Name the tariffs.", field="tariffs")
    if len(set(tariff_ids)) < len(tariff_ids) or len(tariff_ids) > TARIFFS_MOST:
        raise BadOffer(f"An offer names up to {TARIFFS_MOST} tariffs, each once.", field="tariffs")
    if until < today:
        raise BadOffer("The last day has passed.", field="valid_until")
    if new.use.month_wh <= 0:
        raise BadOffer("An estimate needs some use.", field="month_kwh")
    shares = (new.use.sharp_percent, new.use.peak_percent, new.use.valley_percent)
    if any(share < 0 for share in shares) or sum(shares) > estimates.HUNDRED:
        raise BadOffer("The shares of the periods are more than 100 %.", field="valley_percent")
    if len(new.fees) > FEES_MOST:
        raise BadOffer(f"An offer has up to {FEES_MOST} fees.", field="fees")
    for fee in new.fees:
        if fee.kind not in FEE_KINDS or fee.amount_minor <= 0 or not fee.reason.strip():
            raise BadOffer("A fee is an amount above 0 that says what it is for.", field="fees")


def _estimate(row: Offer, tariff_ids: Sequence[int], use: estimates.Use, today: date) -> None:
    found = [estimate_queries.of_tariff(tariff_id=tariff_id, use=use, start=today) for tariff_id in tariff_ids]
    OfferTariff.objects.bulk_create(
        OfferTariff(
            offer=row,
            seq=seq,
            tariff_id=one.tariff_id,
            version_id=one.version_id,
            months_minor=list(one.months_minor),
            obstacle=one.obstacle,
        )
        for seq, one in enumerate(found, start=1)
    )


def _check_day(row: Offer, today: date) -> None:
    if row.valid_until < today:
        raise OfferOver(f"The offer held until {row.valid_until}.", advice="Make a new version.", offer_id=row.id)


def _contract(row: Offer, chosen: OfferTariff, start_date: date) -> NewContract:
    return NewContract(
        customer_id=row.customer_id or 0,
        account_id=row.account_id,
        terms=terms_of(row),
        tariff_id=chosen.tariff_id,
        start_date=start_date,
        special=row.note,
        offer_id=row.id,
        subject=row.subject,
        subject_id=row.subject_id,
    )


def terms_of(row: Offer) -> NewTerms:
    """Return the terms of an offer, as its contract takes them over."""
    return NewTerms(
        address=row.address,
        use_class=UseClass(row.use_class),
        voltage=Voltage(row.voltage),
        supply_mode=SupplyMode(row.supply_mode),
        metering_side=MeteringSide(row.metering_side),
        capacity_va=row.capacity_va,
        boundary_zh=row.boundary_zh,
        boundary_en=row.boundary_en,
    )
