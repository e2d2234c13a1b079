"""What is filled into the clauses of a contract: its own terms, and what other rooms and the pack say."""

from datetime import date

from accounts.domain.identity import CustomerKind, masked
from accounts.queries import customers, supplier
from cis.platform import packs
from contracts.domain.terms import Facts, MeteringSide, SupplyMode, UseClass
from contracts.models.supply_contract import SupplyContract
from tariffs.queries import plans

KINDS = {
    CustomerKind.RESIDENT: {"zh": "居民", "en": "a person"},
    CustomerKind.COMPANY: {"zh": "企业", "en": "a company"},
    CustomerKind.AGENCY: {"zh": "机关或事业单位", "en": "a public body"},
}


def of_contract(row: SupplyContract, *, today: date) -> Facts:
    """
    Return the facts of a contract, as they are to be written into it.

    :raises NoPrice: its tariff has no published version on its first day.
    :raises MissingRule: the pack says nothing about contracts.
    """
    ours, theirs = supplier.current(), customers.card(customer_id=row.customer_id)
    version = plans.version_on(tariff_id=row.tariff_id, day=row.start_date)
    plan = plans.compiled(version.version_id)
    rule = packs.rule("contract_terms", at=today)
    return Facts(
        supplier={"zh": ours.name_zh, "en": ours.name_en},
        supplier_number=ours.tax_number,
        supplier_address=ours.address,
        customer=theirs.name,
        customer_kind=KINDS[CustomerKind(theirs.kind)],
        id_number=masked(theirs.id_number),
        address=row.address,
        use_class=UseClass(row.use_class),
        capacity_va=row.capacity_va,
        voltage=row.voltage,
        supply_mode=SupplyMode(row.supply_mode),
        metering_side=MeteringSide(row.metering_side),
        quality=quality_of(row.voltage, at=today),
        tariff={"zh": plan.name_zh, "en": plan.name_en},
        price_source=plan.legal_source,
        cycle_months=row.cycle_months,
        payment_days=row.payment_days,
        boundary={"zh": row.boundary_zh, "en": row.boundary_en},
        start_date=row.start_date,
        end_date=row.end_date,
        renew_months=row.renew_months,
        notice_days=rule["expiry_notice_days"],
        special=row.special,
    )


def quality_of(voltage: str, *, at: date) -> dict[str, str]:
    """Return the standard of quality for a voltage, in both languages; see the pack rule ``supply_quality``."""
    rule = packs.rule("supply_quality", at=at)
    return {language: rule[f"{language}_{voltage.lower()}"] for language in ("zh", "en")}
