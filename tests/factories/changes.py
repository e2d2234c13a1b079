"""Changes of use, asked for as a clerk does."""

from datetime import date
from itertools import count

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from contracts.domain.changes import ChangeKind, FinalRead, PaperKind, Wanted
from contracts.models.agreement import ServiceAgreement
from contracts.operations import changes

CLERK = Actor(ActorKind.STAFF, 1, "clerk", frozenset({Role.CLERK}))
BILLER = Actor(ActorKind.STAFF, 2, "biller", frozenset({Role.BILLING}))
CUSTOMER = Actor(ActorKind.CUSTOMER, 3, "customer")
_serial = count(1)


def wanted(kind: str, agreement: ServiceAgreement | None, on: date, *, kwh: int | None = None, **values) -> Wanted:
    """A change of a supply; ``kwh`` is what its only counter shows then."""
    if agreement is not None:
        values.setdefault("agreement_id", agreement.id)
        values.setdefault("account_id", agreement.account_id)
    if kwh is not None:
        hung = agreement.service_point.installations.get(period__endswith=None)
        values["reads"] = (FinalRead(serial=hung.meter.serial, register="", reading_wh=kwh * 1_000),)
    return Wanted(kind=ChangeKind(kind), effective_date=on, **values)


def drafted(one: Wanted, *, today: date, asked_date: date | None = None, papers=tuple(PaperKind), actor=CLERK) -> int:
    """Write a change down with its papers."""
    change_id = changes.draft(
        wanted=one,
        asked_date=asked_date or min(today, one.effective_date),
        request_key=f"test-{next(_serial)}",
        today=today,
        actor=actor,
    )
    for number, paper in enumerate(papers, start=1):
        changes.add_paper(change_id=change_id, kind=paper, document_id=number, file_name="p.pdf", actor=actor)
    return change_id


def done(kind: str, agreement: ServiceAgreement | None, on: date, *, today: date, asked_date=None, **values) -> int:
    """Let a change hold at once."""
    change_id = drafted(wanted(kind, agreement, on, **values), today=today, asked_date=asked_date)
    changes.confirm(change_id=change_id, today=today, actor=CLERK)
    return change_id
