"""All that an agreement on instalments and its cards show on paper."""

from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from accounts.queries import accounts, supplier
from accounts.queries.accounts import Addressee
from accounts.queries.supplier import SupplierCard
from arrears.domain.instalments import PartNow
from arrears.queries import orders, plan_rules, plans
from arrears.queries.plans import PlanCard, PlanDebtRow
from billing.queries import pay_links
from cis.platform.packs import MissingRule


@dataclass(frozen=True, slots=True)
class PaperPart:
    """A part with the number and the address that its card is paid by."""

    part: PartNow
    code: str
    qr_payload: str

    @property
    def grouped(self) -> str:
        """Return the number in groups, as people read it out."""
        return " ".join(self.code[at : at + 4] for at in range(0, len(self.code), 4))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPaper:
    """A plan on paper; ``source``: what the offer rests on."""

    card: PlanCard
    supplier: SupplierCard
    addressee: Addressee | None
    address: str
    printed_date: date
    parts: tuple[PaperPart, ...]
    debts: tuple[PlanDebtRow, ...]
    source: str


def paper(*, plan_id: int) -> PlanPaper:
    """
    Return a plan for paper; a constant number of statements.

    :raises UnknownPlan: there is none.
    """
    today = timezone.localdate()
    card = plans.one(plan_id=plan_id, today=today)
    places = orders.supplies(account_id=card.account_id, on=today)
    return PlanPaper(
        card=card,
        supplier=supplier.current(),
        addressee=accounts.addressees(account_ids=[card.account_id], at_date=today).get(card.account_id),
        address=next((one for _, one in places), ""),
        printed_date=today,
        parts=tuple(
            PaperPart(part, card.codes[part.seq], pay_links.part_address(card.codes[part.seq]))
            for part in card.standing.parts
        ),
        debts=plans.debts(plan_id=plan_id),
        source=_source(card.made_date),
    )


def _source(day: date) -> str:
    try:
        return plan_rules.rule(at=day).source
    except MissingRule:
        return ""
