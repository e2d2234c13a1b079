"""Offers for pages and paper."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import QuerySet
from django.utils import timezone

from accounts.queries import supplier
from accounts.queries.supplier import SupplierCard
from cis.kernel.errors import Refused
from contracts.domain import estimates, terms
from contracts.domain.charge_kinds import WORDS, ChargeKind
from contracts.domain.offer_workflow import OfferState
from contracts.domain.terms import SAID, MeteringSide, SupplyMode, UseClass, Words
from contracts.models.offer import Offer, OfferFee, OfferTariff
from contracts.queries import charge_rules
from contracts.queries.contract_papers import FeeLine

SHOWN_TO_CUSTOMERS = (OfferState.SENT.value, OfferState.ACCEPTED.value)


class UnknownOffer(Refused):
    """There is no such offer, or it has no such tariff."""

    code = "unknown_offer"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferCard:
    """An offer as lists show it."""

    id: int
    reference: str
    version: int
    state: OfferState
    subject: str
    subject_id: int
    customer_id: int | None
    account_id: int | None
    account_number: str
    recipient: str
    address: str
    use_class: UseClass
    voltage: str
    valid_until: date
    created_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffLine:
    """
    A tariff that may be chosen, with what a year of the estimated use would cost. [minor unit]

    year_minor  None = it could not be told, see ``obstacle``
    """

    tariff_id: int
    code: str
    names: Mapping[str, str]
    legal_source: str
    months_minor: tuple[int, ...]
    year_minor: int | None
    month_minor: int | None
    obstacle: str
    is_cheapest: bool
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferDetail:
    """
    An offer with all that its page and its paper show.

    rows          terms: words, and the value in both languages
    first_month   the first of the twelve months of the estimates
    """

    card: OfferCard
    supplier: SupplierCard
    rows: tuple[tuple[Words, Words], ...]
    fees: tuple[FeeLine, ...]
    tariffs: tuple[TariffLine, ...]
    month_wh: int
    sharp_percent: int
    peak_percent: int
    valley_percent: int
    peak_w: int | None
    contract_w: int | None
    household: int
    note: str
    first_month: date

    @property
    def fees_minor(self) -> int:
        """What all fees come to. [minor unit]"""
        return sum(fee.amount_minor for fee in self.fees)

    @property
    def flat_percent(self) -> int:
        """Share of the use that is neither sharp, peak nor valley."""
        return estimates.HUNDRED - self.sharp_percent - self.peak_percent - self.valley_percent


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedOffers:
    """Which offers are listed; "" = all. ``text``: part of the recipient or the address."""

    state: str = ""
    text: str = ""


def reference_of(*, offer_id: int, version: int) -> str:
    """Return how an offer is called: "A000012-1"."""
    return f"A{offer_id:06d}-{version}"


def listed(*, wanted: WantedOffers, offset: int = 0, most: int = 50) -> tuple[OfferCard, ...]:
    """Return some offers, latest first; one statement."""
    return _cards(selected(wanted=wanted).order_by("-id")[offset : offset + most])


def count(*, wanted: WantedOffers) -> int:
    """Return how many there are; one statement."""
    return selected(wanted=wanted).count()


def of_customer(*, customer_id: int, most: int = 20) -> tuple[OfferCard, ...]:
    """Return the offers that wait for a customer, latest first; one statement."""
    rows = Offer.objects.filter(customer_id=customer_id, state=OfferState.SENT.value)
    return _cards(rows.order_by("-id")[:most])


def of_subject(*, subject: str, subject_id: int) -> tuple[OfferCard, ...]:
    """Return the offers that answer one thing, latest first; one statement."""
    return _cards(Offer.objects.filter(subject=subject, subject_id=subject_id).order_by("-version"))


def one(*, offer_id: int, customer_id: int | None = None) -> OfferDetail:
    """
    Return an offer; three statements.

    :param customer_id: only if it was sent to this customer.
    :raises UnknownOffer: there is none.
    """
    rows = Offer.objects.filter(id=offer_id)
    if customer_id is not None:
        rows = rows.filter(customer_id=customer_id, state__in=SHOWN_TO_CUSTOMERS)
    row = rows.select_related("account", "chosen").first()
    if row is None:
        raise UnknownOffer(f"There is no offer {offer_id}.", offer_id=offer_id)
    made = timezone.localdate(row.created_at)
    return OfferDetail(
        card=_card(row),
        supplier=supplier.current(),
        rows=_rows(row),
        fees=_fees(row, made),
        tariffs=_tariffs(row),
        month_wh=row.month_wh,
        sharp_percent=row.sharp_percent,
        peak_percent=row.peak_percent,
        valley_percent=row.valley_percent,
        peak_w=row.peak_w,
        contract_w=row.contract_w,
        household=row.household,
        note=row.note,
        first_month=estimates.months_of(start=made)[0].start,
    )


def paper_of(*, offer_id: int) -> OfferDetail:
    """
    Return an offer as paper.

    :raises UnknownOffer: there is none.
    """
    return one(offer_id=offer_id)


def _rows(row: Offer) -> tuple[tuple[Words, Words], ...]:
    def same(value: str) -> Words:
        return {"zh": value, "en": value}

    capacity = "–" if row.capacity_va is None else terms.capacity_text(capacity_va=row.capacity_va)
    return (
        ({"zh": "用电地址", "en": "Address of use"}, same(row.address)),
        ({"zh": "用电性质", "en": "Nature of use"}, SAID[UseClass(row.use_class)]),
        ({"zh": "约定容量", "en": "Agreed capacity"}, same(capacity)),
        ({"zh": "电压等级", "en": "Voltage level"}, same(row.voltage)),
        ({"zh": "供电方式", "en": "Supply mode"}, SAID[SupplyMode(row.supply_mode)]),
        ({"zh": "计量方式", "en": "Metering"}, SAID[MeteringSide(row.metering_side)]),
        (
            {"zh": "产权分界点", "en": "Property boundary"},
            {"zh": row.boundary_zh or "–", "en": row.boundary_en or "–"},
        ),
    )


def _fees(row: Offer, at: date) -> tuple[FeeLine, ...]:
    found = []
    for fee in OfferFee.objects.filter(offer=row).order_by("seq"):
        kind = ChargeKind(fee.kind)
        taxed = charge_rules.taxed(kind=kind, amount_minor=fee.amount_minor, at=at)
        found.append(
            FeeLine(words=WORDS[kind], reason=fee.reason, amount_minor=taxed.amount_minor, tax_minor=taxed.tax_minor)
        )
    return tuple(found)


def _tariffs(row: Offer) -> tuple[TariffLine, ...]:
    lines = list(OfferTariff.objects.filter(offer=row).select_related("tariff", "version").order_by("seq"))
    years = {line.id: sum(line.months_minor) for line in lines if not line.obstacle}
    least = min(years.values(), default=None)
    return tuple(
        TariffLine(
            tariff_id=line.tariff_id,
            code=line.tariff.code,
            names={"zh": line.tariff.name_zh, "en": line.tariff.name_en},
            legal_source=line.version.legal_source,
            months_minor=tuple(line.months_minor),
            year_minor=years.get(line.id),
            month_minor=None if line.obstacle else line.months_minor[0],
            obstacle=line.obstacle,
            is_cheapest=least is not None and len(years) > 1 and years.get(line.id) == least,
            is_chosen=row.chosen_id == line.id,
        )
        for line in lines
    )


def by_ids(*, offer_ids: Iterable[int]) -> dict[int, OfferCard]:
    """Return some offers by id; one statement."""
    return {card.id: card for card in _cards(Offer.objects.filter(id__in=list(offer_ids)))}


def selected(*, wanted: WantedOffers) -> QuerySet[Offer]:
    """Return the rows of a list, in no order, for pages by cursor."""
    rows = Offer.objects.all()
    if wanted.state:
        rows = rows.filter(state=wanted.state)
    if wanted.text.strip():
        text = wanted.text.strip()
        rows = rows.filter(recipient__icontains=text) | rows.filter(address__icontains=text)
    return rows


def _cards(rows: QuerySet[Offer]) -> tuple[OfferCard, ...]:
    return tuple(_card(row) for row in rows.select_related("account"))


def _card(row: Offer) -> OfferCard:
    return OfferCard(
        id=row.id,
        reference=reference_of(offer_id=row.id, version=row.version),
        version=row.version,
        state=OfferState(row.state),
        subject=row.subject,
        subject_id=row.subject_id,
        customer_id=row.customer_id,
        account_id=row.account_id,
        account_number=row.account.number if row.account else "",
        recipient=row.recipient,
        address=row.address,
        use_class=UseClass(row.use_class),
        voltage=row.voltage,
        valid_until=row.valid_until,
        created_at=row.created_at,
        sent_at=row.sent_at,
    )
