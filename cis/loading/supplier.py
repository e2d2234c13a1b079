"""
One supplier from a folder of CSV files.

All files are read and checked first, each against itself and the others; then everything is written in one
transaction, or nothing is. The columns are described in docs/guide/load-a-supplier.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from accounts.domain.account import NewAccount
from accounts.domain.customer import NewCustomer
from accounts.operations import customers, suppliers
from accounts.queries.supplier import SupplierCard
from billing.operations import cycles
from cis.kernel.actors import Actor
from cis.kernel.errors import Findings, Refused
from cis.loading import consistency, routes
from cis.loading.tables import Column, Row, day, one_of, read, ten_thousandths, thousandths, whole, words, yes_no
from cis.platform.db import opens_transaction
from contracts.domain.agreements import Agreed, NewAgreement
from contracts.domain.openings import NewOpening, OpeningKind
from contracts.operations import agreement_loads, openings
from contracts.queries import agreements as agreement_queries
from metering.domain.network import NewFeeder, NewTransformer
from metering.domain.places import NewMeter, NewPlace, NewRegister
from metering.domain.usage_rules import Rule, RuleKind
from metering.operations import meter_loads, network, places, route_loads, usage_rules
from tariffs.operations import tariffs
from tariffs.queries import plans
from tariffs.queries.plans import TariffCard

SUPPLIER = tuple(
    Column(name, is_required=name in {"code", "name_zh", "name_en", "pack", "currency", "time_zone"})
    for name in (
        "code", "name_zh", "name_en", "tax_number", "address", "phone", "website", "bank_name", "bank_account", "pack",
        "currency", "time_zone",
    )
)  # fmt: skip
CUSTOMERS = (
    Column("customer"),
    Column("account"),
    Column("kind"),
    Column("name"),
    Column("id_number", is_required=False),
    Column("mobile", is_required=False),
    Column("email", is_required=False),
    Column("language", is_required=False, default="zh-hans"),
    Column("cycle"),
    Column("opened_date", day),
    Column("paper_bill", yes_no, is_required=False, default=False),
)
PREMISES = (
    Column("service_point"),
    Column("premises"),
    Column("address"),
    Column("district", is_required=False),
    Column("postcode", is_required=False),
    Column("voltage", is_required=False, default="220V"),
    Column("capacity_w", whole, is_required=False, default=8_000),
    Column("transformer", is_required=False),
    Column("feeder", is_required=False),
)
FEEDERS = (
    Column("feeder"),
    Column("name"),
    Column("substation", is_required=False),
    Column("voltage", is_required=False, default="10kV"),
    Column("capacity_kva", thousandths),
)
TRANSFORMERS = (
    Column("transformer"),
    Column("name"),
    Column("feeder"),
    Column("district", is_required=False),
    Column("address", is_required=False),
    Column("voltage", is_required=False, default="380V"),
    Column("capacity_kva", thousandths),
)
METERS = (
    Column("meter"),
    Column("serial"),
    Column("model", is_required=False),
    Column("service_point"),
    Column("installed_date", day),
    Column("removed_date", day, is_required=False, default=None),
    Column("multiplier", whole, is_required=False, default=1),
    Column("register"),
    Column("quantity", is_required=False, default="active"),
    Column("direction", is_required=False, default="import"),
    Column("period_of_use", is_required=False),
    Column("digits", whole, is_required=False, default=6),
    Column("is_interval", yes_no, is_required=False, default=False),
    Column("resets", is_required=False),
)
AGREEMENTS = (
    Column("agreement"),
    Column("account"),
    Column("service_point"),
    Column("tariff"),
    Column("household", whole, is_required=False, default=1),
    Column("capacity_kva", thousandths, is_required=False, default=None),
    Column("contract_kw", thousandths, is_required=False, default=None),
    Column("features", words, is_required=False, default=()),
    Column("green_blocks", whole, is_required=False, default=0),
    Column("suspended_kva", thousandths, is_required=False, default=0),
    Column("start_date", day),
    Column("end_date", day, is_required=False, default=None),
)
OPENING_VALUES = (
    Column("agreement"),
    Column("kind", one_of(OpeningKind)),
    Column("name", is_required=False),
    Column("month", day, is_required=False, default=None),
    Column("value"),
    Column("source"),
)
USAGE_RULES = (
    Column("kind", one_of(RuleKind)),
    Column("service_point"),
    Column("source", is_required=False, default=None),
    Column("meter", is_required=False, default=None),
    Column("share_percent", ten_thousandths, is_required=False, default=None),
    Column("quantity_kwh", thousandths, is_required=False, default=None),
    Column("per", is_required=False),
    Column("excess", is_required=False),
    Column("start_date", day),
    Column("end_date", day, is_required=False, default=None),
)
Lines = Sequence[tuple[int, Row]]


class SupplierNotLoaded(Refused):
    """The folder has faults; nothing was written."""

    code = "supplier_not_loaded"


@dataclass(frozen=True, slots=True)
class Loaded:
    """How much was written."""

    customers: int
    accounts: int
    service_points: int
    meters: int
    agreements: int


@dataclass(frozen=True, slots=True)
class _Folder:
    """The lines of all files, typed."""

    supplier: Lines
    customers: Lines
    feeders: Lines
    transformers: Lines
    premises: Lines
    meters: Lines
    agreements: Lines
    usage_rules: Lines
    opening_values: Lines
    routes: Lines


def read_folder(folder: Path, *, findings: Findings) -> _Folder:
    """
    Read all files.

    Those of the network, of usage rules, of opening values and of routes may be missing, and supplier.csv where it is
    set up.
    """

    def optional(name: str, columns: tuple[Column, ...]) -> Lines:
        return read(folder / name, columns=columns, findings=findings) if (folder / name).exists() else []

    return _Folder(
        supplier=optional("supplier.csv", SUPPLIER),
        customers=read(folder / "customers.csv", columns=CUSTOMERS, findings=findings),
        feeders=optional("feeders.csv", FEEDERS),
        transformers=optional("transformers.csv", TRANSFORMERS),
        premises=read(folder / "premises.csv", columns=PREMISES, findings=findings),
        meters=read(folder / "meters.csv", columns=METERS, findings=findings),
        agreements=read(folder / "agreements.csv", columns=AGREEMENTS, findings=findings),
        usage_rules=optional("usage_rules.csv", USAGE_RULES),
        opening_values=optional("opening_values.csv", OPENING_VALUES),
        routes=optional(routes.FILE, routes.COLUMNS),
    )


def is_loaded() -> bool:
    """Return whether there are agreements already: a supplier is loaded whole or not at all."""
    return agreement_queries.exist()


@opens_transaction
def load(*, folder: Path, actor: Actor) -> Loaded:
    """
    Load a whole supplier, its pack's tariffs published, in one transaction.

    :raises SupplierNotLoaded: ``detail["findings"]`` names every fault with file and line; nothing was written.
    """
    findings = Findings()
    files = read_folder(folder, findings=findings)
    consistency.check_supplier(files.supplier, findings=findings)
    consistency.check_customers(files.customers, findings=findings)
    findings.raise_if_any(SupplierNotLoaded)
    for _, row in files.supplier:
        suppliers.set_up(card=SupplierCard(**row), actor=actor)  # type: ignore[arg-type]
        texts = [tariffs.text_of(path) for path in tariffs.documents_of_pack(str(row["pack"]))]
        tariffs.load_step(texts=texts, is_published=True, actor=actor)
    return _write(files, actor=actor)


def _write(files: _Folder, *, actor: Actor) -> Loaded:
    findings = Findings()
    people = customers.prepare(customers=_customers(files.customers), accounts=_accounts(files.customers))
    grid = network.prepare(
        feeders=[NewFeeder(**_asset(row), where=f"feeders.csv:{line}") for line, row in files.feeders],
        transformers=[
            NewTransformer(**_asset(row), where=f"transformers.csv:{line}") for line, row in files.transformers
        ],
    )
    points = places.prepare(
        places=[_place(line, row) for line, row in files.premises],
        transformers={new.transformer for new in grid.transformers},
        feeders={new.feeder for new in grid.feeders},
    )
    point_names = {str(row["service_point"]) for _, row in files.premises}
    meters = meter_loads.prepare(meters=[_meter(line, row) for line, row in files.meters], service_points=point_names)
    account_names = {str(row["account"]) for _, row in files.customers}
    agreed = [_agreement(line, row) for line, row in files.agreements]
    terms = agreement_loads.prepare(
        agreements=agreed,
        accounts=account_names,
        service_points=point_names,
    )
    consistency.check_agreements(
        files.agreements,
        opened={str(row["account"]): row["opened_date"] for _, row in files.customers},  # type: ignore[misc]
        prices_since={card.code: min(since) for card in plans.price_book() if (since := _published(card))},
        findings=findings,
    )
    rules = usage_rules.prepare(
        delivered=[_rule(line, row) for line, row in files.usage_rules],
        service_points=point_names,
        meters={str(row["meter"]) for _, row in files.meters},
    )
    values = openings.prepare(
        delivered=[NewOpening(**row, where=f"opening_values.csv:{line}") for line, row in files.opening_values],  # type: ignore[arg-type]
        agreements=agreed,
    )
    walks = routes.prepare(files.routes, service_points=point_names)
    for prepared in (people, grid, points, meters, terms, rules, values, walks):
        findings.extend(prepared.findings)
    findings.raise_if_any(SupplierNotLoaded)
    loaded = customers.load(prepared=people, actor=actor)
    transformer_ids, feeder_ids = network.load(prepared=grid, actor=actor)
    point_ids = places.load(prepared=points, transformer_ids=transformer_ids, feeder_ids=feeder_ids, actor=actor)
    meter_ids = meter_loads.load(prepared=meters, service_point_ids=point_ids, actor=actor)
    agreement_ids = agreement_loads.load(
        prepared=terms, account_ids=loaded.account_ids, service_point_ids=point_ids, actor=actor
    )
    openings.load(prepared=values, agreement_ids=agreement_ids, actor=actor)
    usage_rules.load(prepared=rules, service_point_ids=point_ids, meter_ids=meter_ids, actor=actor)
    route_loads.load(prepared=walks, service_point_ids=point_ids, actor=actor)
    _join_cycles(files.customers, account_ids=loaded.account_ids, actor=actor)
    return Loaded(
        customers=len(loaded.customer_ids),
        accounts=len(loaded.account_ids),
        service_points=len(point_ids),
        meters=len(meter_ids),
        agreements=len(agreement_ids),
    )


def _published(card: TariffCard) -> list[date]:
    return [version.start_date for version in card.versions if version.state == "published"]


def _join_cycles(lines: Lines, *, account_ids: dict[str, int], actor: Actor) -> None:
    ids = cycles.ensure(codes={str(row["cycle"]) for _, row in lines}, actor=actor)
    cycles.load_members(cycle_of_account={account_ids[str(row["account"])]: ids[str(row["cycle"])] for _, row in lines})


def _customers(lines: Lines) -> list[NewCustomer]:
    """One customer may hold several accounts: it is described by its first line."""
    first: dict[object, NewCustomer] = {}
    for line, row in lines:
        if row["customer"] not in first:
            first[row["customer"]] = NewCustomer(
                external_id=str(row["customer"]),
                kind=str(row["kind"]),
                name=str(row["name"]),
                id_number=str(row["id_number"]),
                language=str(row["language"]),
                phone=str(row["mobile"]),
                email=str(row["email"]),
                where=f"customers.csv:{line}",
            )
    return list(first.values())


def _accounts(lines: Lines) -> list[NewAccount]:
    return [
        NewAccount(
            external_id=str(row["account"]),
            customer=str(row["customer"]),
            opened_date=row["opened_date"],  # type: ignore[arg-type]
            paper_bill=bool(row["paper_bill"]),
            where=f"customers.csv:{line}",
        )
        for line, row in lines
    ]


def _asset(row: Row) -> dict[str, Any]:
    return {"capacity_va" if name == "capacity_kva" else name: value for name, value in row.items()}


def _place(line: int, row: Row) -> NewPlace:
    return NewPlace(**row, where=f"premises.csv:{line}")  # type: ignore[arg-type]


def _meter(line: int, row: Row) -> NewMeter:
    counter = ("quantity", "direction", "period_of_use", "digits", "is_interval", "resets")
    kept = ("serial", "model", "service_point", "installed_date", "removed_date", "multiplier")
    return NewMeter(
        external_id=str(row["meter"]),
        register=NewRegister(code=str(row["register"]), **{name: row[name] for name in counter}),  # type: ignore[arg-type]
        **{name: row[name] for name in kept},  # type: ignore[arg-type]
        where=f"meters.csv:{line}",
    )


def _rule(line: int, row: Row) -> Rule[str]:
    names = {"share_percent": "share_e6", "quantity_kwh": "quantity_wh"}
    return Rule(**{names.get(name, name): value for name, value in row.items()}, where=f"usage_rules.csv:{line}")  # type: ignore[arg-type]


def _agreement(line: int, row: Row) -> NewAgreement:
    facts = {"capacity_kva": "capacity_va", "contract_kw": "contract_w", "suspended_kva": "suspended_va"}
    facts |= {name: name for name in ("features", "green_blocks")}
    agreed = Agreed(**{name: row[column] for column, name in facts.items()})  # type: ignore[arg-type]
    fields = {name: value for name, value in row.items() if name != "agreement" and name not in facts}
    return NewAgreement(
        external_id=str(row["agreement"]),
        agreed=agreed,
        **fields,  # type: ignore[arg-type]
        where=f"agreements.csv:{line}",
    )
