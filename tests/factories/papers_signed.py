"""Supply contracts for tests: drafts, issued ones, and signed ones with a small paper."""

from datetime import date

from django.db import transaction

from cis.kernel.actors import SYSTEM
from cis.platform import documents
from contracts.domain.contract_workflow import SigningWay
from contracts.domain.new_contracts import NewContract, NewTerms
from contracts.domain.terms import MeteringSide, SupplyMode, UseClass
from contracts.models.supply_contract import SupplyContract
from contracts.operations import supply_contracts
from metering.domain.places import Voltage
from tests.factories.contracts import World

TODAY = date(2026, 7, 10)


def terms(**values) -> NewTerms:
    """A flat at low voltage."""
    base = {
        "address": "上海市黄浦区南京东路1号",
        "use_class": UseClass.RESIDENTIAL,
        "voltage": Voltage.V220,
        "supply_mode": SupplyMode.LOW_SINGLE_PHASE,
        "metering_side": MeteringSide.LOW_LOW,
        "boundary_zh": "电能表出线端",
        "boundary_en": "the outgoing terminals of the meter",
    }
    return NewTerms(**base | values)


def new(world: World, **values) -> NewContract:
    """A contract for the world's customer and account."""
    base = {
        "customer_id": world.customer.id,
        "account_id": world.account.id,
        "terms": values.pop("terms", terms()),
        "tariff_id": world.tariff.id,
        "start_date": TODAY,
    }
    return NewContract(**base | values)


def draft(world: World, *, amends: SupplyContract | None = None, **values) -> int:
    """A draft, of the next version of a contract if one is given; its id."""
    with transaction.atomic():
        if amends is not None:
            given = new(world, **values)
            return supply_contracts.amend_step(contract_id=amends.id, new=given, today=TODAY, actor=SYSTEM)
        return supply_contracts.draft_step(new=new(world, **values), today=TODAY, actor=SYSTEM)


def issued(world: World, **values) -> SupplyContract:
    """A contract that waits for a signature; its paper is a few bytes that no renderer made."""
    contract_id = draft(world, **values)
    with transaction.atomic():
        supply_contracts.issue_step(contract_id=contract_id, today=TODAY, actor=SYSTEM)
    row = SupplyContract.objects.get(id=contract_id)
    row.document_id = documents.keep(f"%PDF- {contract_id}".encode(), name="c.pdf", media_type="application/pdf")
    row.save(update_fields=["document"])
    return row


def signed(world: World, **values) -> SupplyContract:
    """A contract that was signed in the portal."""
    row = issued(world, **values)
    with transaction.atomic():
        supply_contracts.sign_step(
            contract_id=row.id, way=SigningWay.PORTAL, signed_by="张三", today=TODAY, actor=SYSTEM
        )
    row.refresh_from_db()
    return row
