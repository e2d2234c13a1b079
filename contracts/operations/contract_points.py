"""
Which supplies a contract is about: named when it is drafted, by id; changes of use find it by them.

Where it is not plain which supply is meant nothing is linked: the page of the contract says so, and the desk names it.
"""

from collections.abc import Collection
from datetime import date

from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import joins_transaction, opens_transaction
from contracts.domain.application_workflow import SUBJECT as APPLICATION
from contracts.domain.contract_workflow import WRITERS, ContractState
from contracts.domain.new_contracts import NewContract
from contracts.models.agreement import ServiceAgreement
from contracts.models.application import ApplicationItem
from contracts.models.supply_contract import ContractPoint, SupplyContract
from contracts.queries.supply_contracts import UnknownContract
from metering.queries import places

SUBJECT = "supply_contract"
POINTS_MOST = 5_000


class NotItsSupply(Refused):
    """The account of the contract was never supplied there."""

    code = "not_its_supply"


@joins_transaction
def link_drafted_step(row: SupplyContract, new: NewContract) -> None:
    """Link a drafted contract to its supplies as far as they are plain."""
    points: Collection[int] = new.service_point_ids
    if not points and row.amends_id is not None:
        points = of_contract(contract_id=row.amends_id)
    elif not points and row.subject == APPLICATION:
        items = ApplicationItem.objects.filter(application_id=row.subject_id, service_point__isnull=False)
        points = list(items.values_list("service_point_id", flat=True))
    elif not points and row.account_id is not None:
        points = _plain_points(row.account_id, row.address)
    ContractPoint.objects.bulk_create(
        [ContractPoint(contract=row, service_point_id=point_id) for point_id in dict.fromkeys(points)],
        batch_size=1_000,
    )


@opens_transaction
def name_supplies(*, contract_id: int, service_points: Collection[str], actor: Actor) -> None:
    """
    Say which supplies a contract is about, in the place of what was said before; all its versions are about them.

    :param service_points: external ids of the service points.
    :raises NotAllowed: the actor may not write contracts.
    :raises UnknownContract, UnknownServicePoint: there is none.
    :raises NotItsSupply: none is named, or the account of the contract was never supplied at one.
    """
    if not actor.is_one_of(WRITERS):
        raise NotAllowed(f"{actor.name} may not write contracts.", advice="Ask a clerk or a supervisor.")
    row = SupplyContract.objects.select_for_update(of=("self",)).filter(id=contract_id).first()
    if row is None:
        raise UnknownContract(f"There is no contract {contract_id}.", contract_id=contract_id)
    wanted = [name.strip() for name in service_points if name.strip()][:POINTS_MOST]
    points = {name: places.id_of_external_id(name) for name in wanted}
    there = ServiceAgreement.objects.filter(account=row.account, service_point_id__in=points.values())
    supplied = set(there.values_list("service_point_id", flat=True)) if row.account_id is not None else set()
    strangers = [name for name, point_id in points.items() if point_id not in supplied]
    if strangers or not points:
        raise NotItsSupply(
            f"The account of the contract was never supplied at {strangers[0] if strangers else '–'}.",
            advice="Name service points of the account.", field="service_points",
        )  # fmt: skip
    versions = [row.id]
    if row.number:
        versions = list(SupplyContract.objects.filter(number=row.number).values_list("id", flat=True))
    ContractPoint.objects.filter(contract_id__in=versions).delete()
    ContractPoint.objects.bulk_create(
        ContractPoint(contract_id=version, service_point_id=point_id)
        for version in versions
        for point_id in dict.fromkeys(points.values())
    )
    audit.record(actor, "name_supplies", SUBJECT, row.id, service_points=sorted(points))


def of_contract(*, contract_id: int) -> list[int]:
    """Return the service points of a contract; one statement."""
    rows = ContractPoint.objects.filter(contract_id=contract_id).order_by("id")
    return list(rows.values_list("service_point_id", flat=True))


@joins_transaction
def signed_of_supply(*, account_id: int, service_point_id: int) -> SupplyContract | None:
    """
    Return the contract in force of an account for a supply, the latest of several; None: none is linked to it.

    One that was signed before its supply began is linked as soon as it is plain that it is meant.
    """
    signed = SupplyContract.objects.filter(account_id=account_id, state=ContractState.SIGNED.value)
    found = signed.filter(points__service_point_id=service_point_id).order_by("-id").first()
    bare = list(signed.filter(points=None)[:2]) if found is None else []
    if len(bare) == 1 and _plain_points(account_id, bare[0].address) == [service_point_id]:
        ContractPoint.objects.create(contract=bare[0], service_point_id=service_point_id)
        return bare[0]
    return found


def latest_at(*, service_point_id: int) -> SupplyContract | None:
    """Return the contract that was signed last for a service point, whoever signed it."""
    rows = SupplyContract.objects.filter(points__service_point_id=service_point_id).exclude(signed_at=None)
    return rows.order_by("-signed_at", "-id").first()


def is_needed(row: SupplyContract, *, but_point_id: int, on: date) -> bool:
    """Return whether a contract for many supplies has others that go on once one of them has ended."""
    others = [point_id for point_id in of_contract(contract_id=row.id) if point_id != but_point_id]
    if not others or row.account_id is None:
        return False
    rows = ServiceAgreement.objects.filter(account_id=row.account_id, service_point_id__in=others)
    return rows.filter(period__overlap=(on, None)).exists()


def _plain_points(account_id: int, address: str) -> list[int]:
    """Return the supply of an account at an address, or its only one; nothing where several can be meant."""
    rows = ServiceAgreement.objects.filter(account_id=account_id)
    found = dict(rows.values_list("service_point_id", "service_point__premises__address"))
    there = [point_id for point_id, where in found.items() if where == address]
    if len(there) == 1:
        return there
    return list(found) if len(found) == 1 else []
