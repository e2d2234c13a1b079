"""Supply contracts for pages: lists, one with its versions and key dates, search in the full text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from cis.kernel import text
from cis.kernel.errors import Refused
from cis.platform import packs
from contracts.domain import terms
from contracts.domain.contract_workflow import ContractState, SigningWay
from contracts.domain.terms import FilledClause, KeyPoint, MeteringSide, SupplyMode, UseClass
from contracts.models.supply_contract import ContractClause, SupplyContract

EXPIRING = "expiring"
WAITING = "waiting"
SHOWN_TO_CUSTOMERS = (
    ContractState.ISSUED.value, ContractState.SIGNED.value, ContractState.REPLACED.value, ContractState.ENDED.value,
)  # fmt: skip


class UnknownContract(Refused):
    """There is no such contract."""

    code = "unknown_contract"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractCard:
    """
    A version of a contract as lists show it.

    end_date   as agreed, or as it was renewed; first day without it; None = until further notice
    """

    id: int
    number: str
    version: int
    state: ContractState
    customer_id: int
    customer_name: str
    account_id: int | None
    account_number: str
    address: str
    use_class: UseClass
    voltage: str
    capacity_va: int | None
    tariff_id: int
    tariff_code: str
    start_date: date
    end_date: date | None
    renew_months: int
    issued_at: datetime | None
    signed_at: datetime | None
    signed_way: str
    ended_date: date | None
    content_sha256: str
    offer_id: int | None
    subject: str
    subject_id: int | None

    @property
    def capacity(self) -> str:
        """The agreed capacity in words; "" = none."""
        return "" if self.capacity_va is None else terms.capacity_text(capacity_va=self.capacity_va)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractDetail:
    """A contract with all that its page shows; ``supplies``: numbers of its service points, () = linked to none."""

    card: ContractCard
    supply_mode: SupplyMode
    metering_side: MeteringSide
    boundary_zh: str
    boundary_en: str
    cycle_months: int
    payment_days: int
    special: str
    signed_by: str
    document_id: int | None
    document_sha256: str
    scan_id: int | None
    end_reason: str
    verify_token: str
    clauses: tuple[FilledClause, ...]
    versions: tuple[ContractCard, ...]
    notice_date: date | None
    supplies: tuple[str, ...]

    @property
    def is_extended(self) -> bool:
        """Whether it goes on after its first term."""
        return self.card.renew_months > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedContracts:
    """
    Which contracts are listed; "" = all.

    text      words that stand anywhere in them, in any order
    state     a state, ``WAITING`` (drafts, and those that wait for a signature), or ``EXPIRING``
    until     of ``EXPIRING``: they end on this date or before
    """

    text: str = ""
    state: str = ""
    use_class: str = ""
    until: date | None = None


def listed(*, wanted: WantedContracts, offset: int = 0, most: int = 50) -> tuple[ContractCard, ...]:
    """Return some contracts, latest first; one statement."""
    return _cards(_filtered(wanted).order_by("-id")[offset : offset + most])


def count(*, wanted: WantedContracts) -> int:
    """Return how many there are; one statement."""
    return _filtered(wanted).count()


def issued(*, wanted: WantedContracts) -> QuerySet[SupplyContract]:
    """Return the rows of contracts that have a number and a text, for pages by cursor."""
    return _filtered(wanted).exclude(state=ContractState.DRAFT.value).exclude(issued_at=None)


def cards(*, contract_ids: Sequence[int]) -> tuple[ContractCard, ...]:
    """Return contracts by their ids, latest first; one statement."""
    return _cards(SupplyContract.objects.filter(id__in=list(contract_ids)).order_by("-id"))


def of_account(*, account_id: int) -> tuple[ContractCard, ...]:
    """Return the contracts of an account, latest first; one statement."""
    return _cards(SupplyContract.objects.filter(account_id=account_id).order_by("-id"))


def of_customer(*, customer_id: int, most: int = 50) -> tuple[ContractCard, ...]:
    """Return what a customer may see: contracts that were issued to them, latest first; one statement."""
    rows = SupplyContract.objects.filter(customer_id=customer_id, state__in=SHOWN_TO_CUSTOMERS)
    return _cards(rows.order_by("-id")[:most])


def of_subject(*, subject: str, subject_id: int) -> tuple[ContractCard, ...]:
    """Return the contracts that follow from one thing, latest first; one statement."""
    return _cards(SupplyContract.objects.filter(subject=subject, subject_id=subject_id).order_by("-id"))


def shown_of_subjects(*, subject: str, subject_ids: Sequence[int]) -> dict[int, ContractCard]:
    """Return the latest contract that a customer may see of each of some things; one statement."""
    rows = SupplyContract.objects.filter(
        subject=subject, subject_id__in=list(subject_ids), state__in=SHOWN_TO_CUSTOMERS
    )
    return {card.subject_id: card for card in reversed(_cards(rows.order_by("-id"))) if card.subject_id is not None}


def of_offer(*, offer_id: int) -> tuple[ContractCard, ...]:
    """Return the contracts that follow from an offer, latest first; one statement."""
    return _cards(SupplyContract.objects.filter(offer_id=offer_id).order_by("-id"))


def unsigned_of_offer(*, offer_id: int) -> tuple[int, ...]:
    """Return the contracts of an offer that may still be signed; one statement."""
    rows = SupplyContract.objects.filter(offer_id=offer_id, state__in=(ContractState.DRAFT, ContractState.ISSUED))
    return tuple(rows.order_by("id").values_list("id", flat=True))


def id_of_number(number: str) -> int:
    """
    Return the latest issued version of a number.

    :raises UnknownContract: there is none.
    """
    rows = SupplyContract.objects.filter(number=number).exclude(issued_at=None)
    found = rows.order_by("-version").values_list("id", flat=True).first()
    if found is None:
        raise UnknownContract(f"There is no contract {number}.")
    return found


def one(*, contract_id: int, customer_id: int | None = None) -> ContractDetail:
    """
    Return a contract; four statements.

    :param customer_id: only if it was issued to this customer.
    :raises UnknownContract: there is none.
    """
    rows = SupplyContract.objects.filter(id=contract_id)
    if customer_id is not None:
        rows = rows.filter(customer_id=customer_id, state__in=SHOWN_TO_CUSTOMERS)
    row = rows.select_related("customer", "account", "tariff", "document").first()
    if row is None:
        raise UnknownContract(f"There is no contract {contract_id}.")
    same = SupplyContract.objects.filter(number=row.number).order_by("-version") if row.number else None
    card = _card(row)
    return ContractDetail(
        card=card,
        supply_mode=SupplyMode(row.supply_mode),
        metering_side=MeteringSide(row.metering_side),
        boundary_zh=row.boundary_zh,
        boundary_en=row.boundary_en,
        cycle_months=row.cycle_months,
        payment_days=row.payment_days,
        special=row.special,
        signed_by=row.signed_by,
        document_id=row.document_id,
        document_sha256=row.document.sha256 if row.document else "",
        scan_id=row.scan_id,
        end_reason=row.end_reason,
        verify_token=row.verify_token,
        clauses=clauses_of(contract_id=row.id),
        versions=_cards(same) if same is not None else (card,),
        notice_date=_notice_date(card),
        supplies=tuple(
            row.points.order_by("service_point__external_id").values_list("service_point__external_id", flat=True)
        ),
    )


def clauses_of(*, contract_id: int) -> tuple[FilledClause, ...]:
    """Return the clauses of an issued contract in their order; one statement. None of a draft."""
    return tuple(
        FilledClause(
            number=row.number,
            code=row.code,
            version=row.version,
            covers=tuple(KeyPoint(word) for word in row.covers.split()),
            titles={"zh": row.title_zh, "en": row.title_en},
            bodies={"zh": row.body_zh, "en": row.body_en},
            source=row.source,
        )
        for row in ContractClause.objects.filter(contract_id=contract_id).order_by("number")
    )


def head_of(row: SupplyContract) -> tuple[str, ...]:
    """Return what of a contract is hashed beside its clauses."""
    return (str(row.number), str(row.version), str(row.customer_id), str(row.tariff_id), row.start_date.isoformat())


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """
    What anybody who holds the paper may know: no name, no address.

    is_intact      the kept text still has the hash that was printed
    paper_sha256   of the kept paper; "" = none is kept
    """

    number: str
    version: int
    state: ContractState
    issued_at: datetime | None
    signed_at: datetime | None
    start_date: date
    end_date: date | None
    content_sha256: str
    paper_sha256: str
    is_intact: bool


def verified(*, token: str) -> Verified:
    """
    Return what a paper's code leads to; two statements.

    :raises UnknownContract: no issued contract has this token.
    """
    return _verified(SupplyContract.objects.filter(verify_token=token))


def verified_by_id(*, contract_id: int) -> Verified:
    """
    Return what may be told of a contract to who has its paper; two statements.

    :raises UnknownContract: there is none that was issued.
    """
    return _verified(SupplyContract.objects.filter(id=contract_id))


def _verified(rows: QuerySet[SupplyContract]) -> Verified:
    row = rows.exclude(issued_at=None).select_related("document").first()
    if row is None:
        raise UnknownContract("There is no such contract.")
    found = terms.content_sha256(head=head_of(row), clauses=clauses_of(contract_id=row.id))
    return Verified(
        number=str(row.number),
        version=row.version,
        state=ContractState(row.state),
        issued_at=row.issued_at,
        signed_at=row.signed_at,
        start_date=row.start_date,
        end_date=row.ended_date or row.extended_to_date or row.end_date,
        content_sha256=row.content_sha256,
        paper_sha256=row.document.sha256 if row.document else "",
        is_intact=found == row.content_sha256,
    )


def _filtered(wanted: WantedContracts) -> QuerySet[SupplyContract]:
    rows = SupplyContract.objects.all()
    if wanted.text.strip():
        pieces = text.query_bigrams(wanted.text)
        rows = rows.filter(search_grams__contains=pieces) if pieces else rows.none()
        for word in wanted.text.split():
            rows = rows.filter(search_text__contains=text.squeezed(word))
    if wanted.state == WAITING:
        rows = rows.filter(state__in=(ContractState.DRAFT.value, ContractState.ISSUED.value))
    elif wanted.state == EXPIRING:
        rows = _ending(rows, wanted.until or date.max)
    elif wanted.state:
        rows = rows.filter(state=wanted.state)
    return rows.filter(use_class=wanted.use_class) if wanted.use_class else rows


def _ending(rows: QuerySet[SupplyContract], until: date) -> QuerySet[SupplyContract]:
    """Return the signed contracts that end on a date or before, as they were renewed."""
    rows = rows.annotate(last=Coalesce(F("extended_to_date"), F("end_date")))
    return rows.filter(Q(state=ContractState.SIGNED.value), last__lte=until)


def _cards(rows: QuerySet[SupplyContract] | Sequence[SupplyContract]) -> tuple[ContractCard, ...]:
    found = rows.select_related("customer", "account", "tariff") if isinstance(rows, QuerySet) else rows
    return tuple(_card(row) for row in found)


def _card(row: SupplyContract) -> ContractCard:
    return ContractCard(
        id=row.id,
        number=row.number or "",
        version=row.version,
        state=ContractState(row.state),
        customer_id=row.customer_id,
        customer_name=row.customer.name,
        account_id=row.account_id,
        account_number=row.account.number if row.account else "",
        address=row.address,
        use_class=UseClass(row.use_class),
        voltage=row.voltage,
        capacity_va=row.capacity_va,
        tariff_id=row.tariff_id,
        tariff_code=row.tariff.code,
        start_date=row.start_date,
        end_date=row.ended_date or row.extended_to_date or row.end_date,
        renew_months=row.renew_months,
        issued_at=row.issued_at,
        signed_at=row.signed_at,
        signed_way=SigningWay(row.signed_way).value if row.signed_way else "",
        ended_date=row.ended_date,
        content_sha256=row.content_sha256,
        offer_id=row.offer_id,
        subject=row.subject,
        subject_id=row.subject_id,
    )


def _notice_date(card: ContractCard) -> date | None:
    """Return the day on which the customer is told that a signed contract ends."""
    if card.state is not ContractState.SIGNED or card.end_date is None:
        return None
    days: int = packs.rule("contract_terms", at=card.start_date)["expiry_notice_days"]
    return card.end_date - timedelta(days=days)
