"""
The steps of an application, in order: survey, offer, contract, meter, energizing; each checks what must be true first.

The first door of each is a step, for use cases of other rooms (a surveyor's report, a signature, a work order); the
use cases for desk and API stand in ``application_cases``.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Refused
from cis.kernel.workflow import IllegalMove
from cis.platform import audit
from cis.platform.db import execute, fetch, joins_transaction
from contracts.domain.application_workflow import SUBJECT, WORKFLOW, ApplicationAction, ApplicationState
from contracts.models.application import ApplicationItem, ServiceApplication
from contracts.operations import application_moves as moves


class PointMissing(Refused):
    """The survey has not said where a supply of the application is to be."""

    code = "point_missing"


class NotReadyToEnergize(Refused):
    """The inspection has not passed, or a supply has no meter."""

    code = "not_ready_to_energize"


class UnknownItem(Refused):
    """The application has no such supply."""

    code = "unknown_item"


@joins_transaction
def report_survey_step(
    *, application_id: int, points: Mapping[int, int] | None = None, actor: Actor, at: datetime
) -> None:
    """
    Note that a place was surveyed and can be supplied.

    :param points: of each item its service point, as the survey made it; those left out keep the one they have.
    :raises IllegalMove: it is not being surveyed.
    :raises NotAllowed: the actor may not.
    :raises UnknownItem: the application has no such item.
    :raises PointMissing: a supply has none.
    """
    row = moves.lock(application_id)
    moves.check(row, ApplicationAction.REPORT_SURVEY, actor)
    found = _set_points(row, dict(points or {}))
    moves.go(row, ApplicationAction.REPORT_SURVEY, actor=actor, at=at, **found)


@joins_transaction
def keep_points_step(*, row: ServiceApplication, points: Mapping[int, int], actor: Actor) -> None:
    """
    Keep where a survey of a suspended application put its supplies; it moves when it is resumed.

    :raises IllegalMove, NotAllowed: it is not being surveyed, or the actor may not report.
    :raises UnknownItem, PointMissing: see ``report_survey_step``.
    """
    WORKFLOW.step(ApplicationState(row.state), ApplicationAction.REPORT_SURVEY, actor)
    for name, value in _set_points(row, dict(points)).items():
        setattr(row, name, value)
    row.save(update_fields=["premises_id"])


@joins_transaction
def offer_step(*, application_id: int, actor: Actor, at: datetime) -> None:
    """
    Note that the plan reply went to the customer, who decides from now on: the clocks stand still.

    :raises IllegalMove: it is not surveyed.
    :raises NotAllowed: the actor may not.
    :raises PointMissing: a supply has no service point.
    """
    row = moves.lock(application_id)
    moves.check(row, ApplicationAction.OFFER, actor)
    if any(point_id is None for _, point_id in fetch(_ITEM_POINTS, [row.id])):
        raise PointMissing("A supply has no service point yet.", advice="Let the survey make it.")
    moves.go(row, ApplicationAction.OFFER, actor=actor, at=at)


@joins_transaction
def sign_step(*, application_id: int, contract_number: str, actor: Actor, at: datetime) -> None:
    """
    Note that the contract is signed; the clocks go on.

    :param contract_number: of the supply contract, "" where it is kept elsewhere.
    :raises IllegalMove: nothing is offered.
    :raises NotAllowed: the actor may not.
    """
    row = moves.lock(application_id)
    moves.go(row, ApplicationAction.SIGN, actor=actor, at=at, contract_number=contract_number)


@joins_transaction
def install_meter_step(
    *, application_id: int, service_point_ids: Collection[int] | None = None, actor: Actor, at: datetime
) -> bool:
    """
    Note that meters hang at some supplies; the application moves when they hang at all.

    :param service_point_ids: where; None: everywhere.
    :returns: whether it moved.
    :raises IllegalMove: the contract is not signed, or all is metered.
    :raises NotAllowed: the actor may not.
    :raises UnknownItem: a service point is not one of the application.
    """
    row = moves.lock(application_id)
    moves.check(row, ApplicationAction.INSTALL_METER, actor)
    if not _mark(row, "metered_at", service_point_ids, at):
        return False
    moves.go(row, ApplicationAction.INSTALL_METER, actor=actor, at=at)
    return True


@joins_transaction
def hang_meter_step(*, application_id: int, service_point_id: int, actor: Actor, at: datetime) -> bool:
    """
    Note that a crew hung a meter up: a suspended application keeps that, and moves when it is resumed.

    :returns: whether it moved. See ``install_meter_step`` for refusals.
    """
    row = moves.lock(application_id)
    if row.suspended_at is None:
        return install_meter_step(
            application_id=application_id, service_point_ids=[service_point_id], actor=actor, at=at
        )
    _mark(row, "metered_at", [service_point_id], at)
    audit.record(actor, "hang_while_suspended", SUBJECT, row.id, service_point=service_point_id)
    return False


@joins_transaction
def follow_meters_step(row: ServiceApplication, *, at: datetime) -> bool:
    """Move a resumed application whose meters were all hung up while it was suspended; return whether it moved."""
    bare = ApplicationItem.objects.filter(application=row, metered_at=None)
    if row.state != ApplicationState.CONTRACTED or bare.exists():
        return False
    moves.go(row, ApplicationAction.INSTALL_METER, actor=SYSTEM, at=at)
    return True


@joins_transaction
def energize_step(
    *,
    application_id: int,
    inspection_passed: bool,
    agreements: Mapping[int, int] | None = None,
    service_point_ids: Collection[int] | None = None,
    actor: Actor,
    at: datetime,
) -> bool:
    """
    Note that current flows at some supplies; the application is done when it flows at all.

    A supply is energized once its own meter hangs, while others of the application still wait for theirs.

    :param inspection_passed: what the safety inspection said.
    :param agreements: of each service point the agreement that began with it.
    :param service_point_ids: where; None: everywhere.
    :returns: whether it moved.
    :raises IllegalMove: a meter is missing there, or all is energized.
    :raises NotAllowed: the actor may not.
    :raises NotReadyToEnergize: no passed inspection.
    :raises UnknownItem: a service point is not one of the application.
    """
    row = moves.lock(application_id)
    _check_energize(row, service_point_ids, actor)
    if not inspection_passed:
        raise NotReadyToEnergize("The safety inspection has not passed.", advice="Inspect it first.")
    for point_id, agreement_id in (agreements or {}).items():
        ApplicationItem.objects.filter(application=row, service_point_id=point_id).update(agreement_id=agreement_id)
    if not _mark(row, "energized_at", service_point_ids, at):
        audit.record(actor, "energize_part", SUBJECT, row.id, service_points=sorted(service_point_ids or ()))
        return False
    moves.go(row, ApplicationAction.ENERGIZE, actor=actor, at=at)
    return True


def _check_energize(row: ServiceApplication, service_point_ids: Collection[int] | None, actor: Actor) -> None:
    """Refuse to energize where no meter hangs: all of an application that is metered, or some before."""
    if service_point_ids is None or row.state != ApplicationState.CONTRACTED:
        moves.check(row, ApplicationAction.ENERGIZE, actor)
        return
    moves.check(row, ApplicationAction.INSTALL_METER, actor)  # the same people, and it may not be suspended
    bare = ApplicationItem.objects.filter(application=row, service_point_id__in=service_point_ids, metered_at=None)
    if bare.exists():
        raise IllegalMove("No meter hangs at a supply.", advice="Install the meter first.")


def _mark(row: ServiceApplication, column: str, service_point_ids: Collection[int] | None, at: datetime) -> bool:
    """Set an instant at items where it is empty; return whether no item is without it."""
    if service_point_ids is None:
        execute(_MARK_ALL[column], [at, row.id])
        return True
    items = ApplicationItem.objects.filter(application=row)
    wanted = set(service_point_ids)
    known = set(items.filter(service_point_id__in=wanted).values_list("service_point_id", flat=True))
    if wanted - known:
        raise UnknownItem(f"No supply of the application has the service point {min(wanted - known)}.")
    items.filter(service_point_id__in=wanted, **{column: None}).update(**{column: at})
    return not items.filter(**{column: None}).exists()


_MARK_ALL = {
    "metered_at": (
        "UPDATE contracts_applicationitem SET metered_at = %s WHERE application_id = %s AND metered_at IS NULL"
    ),
    "energized_at": (
        "UPDATE contracts_applicationitem SET energized_at = %s WHERE application_id = %s AND energized_at IS NULL"
    ),
}


def _set_points(row: ServiceApplication, points: dict[int, int]) -> dict[str, Any]:
    """Give each item its service point; return the premises if they are new."""
    items = dict(fetch(_ITEM_POINTS, [row.id]))
    strangers = points.keys() - items.keys()
    if strangers:
        raise UnknownItem(f"The application has no supply {min(strangers)}.")
    if any(point_id is None and item_id not in points for item_id, point_id in items.items()):
        raise PointMissing("A supply has no service point yet.", advice="Let the crew report the survey.")
    if points:
        execute(
            """
            UPDATE contracts_applicationitem SET service_point_id = one.point
            FROM unnest(%s::bigint[], %s::bigint[]) AS one (id, point) WHERE contracts_applicationitem.id = one.id
            """,
            [list(points), list(points.values())],
        )
    if row.premises_id is not None:
        return {}
    first = next(iter(items))
    return {"premises_id": fetch(_PREMISES, [points.get(first, items[first])])[0][0]}


_ITEM_POINTS = "SELECT id, service_point_id FROM contracts_applicationitem WHERE application_id = %s ORDER BY seq"
_PREMISES = "SELECT premises_id FROM metering_servicepoint WHERE id = %s"
