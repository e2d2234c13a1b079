"""A contract as paper."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.conf import settings
from django.utils import timezone

from accounts.queries import supplier
from accounts.queries.supplier import SupplierCard
from contracts.domain import terms
from contracts.domain.charge_kinds import WORDS, ChargeKind
from contracts.domain.contract_workflow import ContractState
from contracts.domain.terms import Facts, FilledClause, UseClass, Words
from contracts.models.offer import OfferFee
from contracts.models.supply_contract import SupplyContract
from contracts.queries import charge_rules, clauses, contract_facts
from contracts.queries.supply_contracts import UnknownContract, clauses_of

VERIFY_PATH = "/verify/"
ROWS: tuple[tuple[str, Words], ...] = (
    ("customer", {"zh": "用电人", "en": "Customer"}),
    ("address", {"zh": "用电地址", "en": "Address of use"}),
    ("use_class", {"zh": "用电性质", "en": "Nature of use"}),
    ("capacity_va", {"zh": "约定容量", "en": "Agreed capacity"}),
    ("voltage", {"zh": "电压等级", "en": "Voltage level"}),
    ("supply_mode", {"zh": "供电方式", "en": "Supply mode"}),
    ("metering_side", {"zh": "计量方式", "en": "Metering"}),
    ("tariff", {"zh": "执行电价", "en": "Price"}),
    ("cycle_months", {"zh": "结算周期（月）", "en": "Cycle (months)"}),
    ("payment_days", {"zh": "付款期限（日）", "en": "Days to pay"}),
    ("start_date", {"zh": "生效日期", "en": "Holds from"}),
    ("end_date", {"zh": "有效期至", "en": "Until"}),
)
"""The table of terms: fields and their words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeLine:
    """One amount that is charged once, tax included. [minor unit]"""

    words: Words
    reason: str
    amount_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractPaper:
    """
    What the PDF of a contract shows.

    rows       table of terms: words, and the value in both languages; one text where both are the same
    qr         address that leads whoever holds the paper to what is kept of it; "" of a draft
    """

    state: ContractState
    number: str
    version: int
    amends: bool
    supplier: SupplierCard
    customer: str
    rows: tuple[tuple[Words, str, str], ...]
    clauses: tuple[FilledClause, ...]
    fees: tuple[FeeLine, ...]
    content_sha256: str
    issued_date: date | None
    document_id: int | None
    qr: str

    @property
    def is_draft(self) -> bool:
        """Whether it says across its pages that it is none yet."""
        return self.state is ContractState.DRAFT

    @property
    def fees_minor(self) -> int:
        """What all fees come to. [minor unit]"""
        return sum(fee.amount_minor for fee in self.fees)

    @property
    def file_name(self) -> str:
        """The name under which it is saved: ASCII, so that every system takes it."""
        return f"contract-{self.number or 'draft'}-{self.version}.pdf"


def of_contract(*, contract_id: int, today: date) -> ContractPaper:
    """
    Return a contract as paper; a draft is filled as it would be issued today.

    :raises UnknownContract: there is none.
    :raises IncompleteContract: a draft lacks a key point or a value.
    """
    row = SupplyContract.objects.filter(id=contract_id).first()
    if row is None:
        raise UnknownContract(f"There is no contract {contract_id}.")
    issued_date = timezone.localdate(row.issued_at) if row.issued_at else None
    at = issued_date or today
    facts = contract_facts.of_contract(row, today=at)
    state = ContractState(row.state)
    filled = clauses_of(contract_id=row.id)
    if state is ContractState.DRAFT:
        used = terms.in_force(clauses=clauses.library(), use_class=UseClass(row.use_class), at=today)
        filled = terms.fill(clauses=used, facts=facts)
    query = urlencode({"h": row.content_sha256})
    return ContractPaper(
        state=state,
        number=row.number or "",
        version=row.version,
        amends=row.amends_id is not None,
        supplier=supplier.current(),
        customer=facts.customer,
        rows=_rows(facts),
        clauses=filled,
        fees=_fees(row.offer_id, at),
        content_sha256=row.content_sha256,
        issued_date=issued_date,
        document_id=row.document_id,
        qr=f"{settings.SITE_URL.rstrip('/')}{VERIFY_PATH}{row.verify_token}?{query}" if row.content_sha256 else "",
    )


def _rows(facts: Facts) -> tuple[tuple[Words, str, str], ...]:
    said = {language: terms.say(facts=facts, language=language) for language in terms.LANGUAGES}
    rows = []
    for name, words in ROWS:
        zh, en = said["zh"][name], said["en"][name]
        rows.append((words, zh, "" if zh == en else en))
    return tuple(rows)


def _fees(offer_id: int | None, at: date) -> tuple[FeeLine, ...]:
    if offer_id is None:
        return ()
    found = []
    for fee in OfferFee.objects.filter(offer_id=offer_id).order_by("seq"):
        kind = ChargeKind(fee.kind)
        taxed = charge_rules.taxed(kind=kind, amount_minor=fee.amount_minor, at=at)
        found.append(
            FeeLine(words=WORDS[kind], reason=fee.reason, amount_minor=taxed.amount_minor, tax_minor=taxed.tax_minor)
        )
    return tuple(found)
