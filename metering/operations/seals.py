"""Seals: ranges of numbers come in, crews get them, each is put on one meter, once, and broken or replaced later."""

from collections.abc import Sequence

from django.utils import timezone

from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit, db
from cis.platform.db import joins_transaction, opens_transaction
from metering.domain.meter_store import SEAL_WORKFLOW, SealAction, SealState, seal_numbers
from metering.models.store import Seal
from metering.models.work import Crew
from metering.operations.meter_store import ReasonMissing, check_keeper
from metering.queries.crews import UnknownCrew

REASON_MOST = 200


class SealsTaken(Refused):
    """Seals with these numbers are known already."""

    code = "seals_taken"


class UnknownSeal(Refused):
    """There is no such seal, or not where it is said to be."""

    code = "unknown_seal"


@opens_transaction
def receive(*, first: str, last: str, actor: Actor) -> int:
    """
    Take a range of new seals into the store; return how many.

    :raises BadSealNumbers: the numbers are no range.
    :raises SealsTaken: one of them is known.
    :raises NotAKeeper: the actor does not keep the store.
    """
    check_keeper(actor)
    numbers = seal_numbers(first=first, last=last)
    db.execute("LOCK TABLE metering_seal IN SHARE ROW EXCLUSIVE MODE")
    taken = Seal.objects.filter(number__in=numbers).order_by("number").values_list("number", flat=True)
    if taken:
        raise SealsTaken(f"{len(taken)} of these seals are known, as {taken[0]}.", field="first_number")
    Seal.objects.bulk_create([Seal(number=number) for number in numbers], batch_size=5_000)
    audit.record(actor, "receive", "seal", None, first=numbers[0], last=numbers[-1], count=len(numbers))
    return len(numbers)


@opens_transaction
def give_out(*, first: str, last: str, crew_id: int, actor: Actor) -> int:
    """
    Give a range of seals of the store to a crew, all of them or none; return how many.

    :raises UnknownCrew: there is no such crew at work.
    :raises UnknownSeal: one of the range does not exist.
    :raises IllegalMove: one of them is not in the store.
    :raises NotAllowed: the actor does not keep the store.
    """
    if not Crew.objects.filter(id=crew_id, is_active=True).exists():
        raise UnknownCrew(f"There is no crew {crew_id} at work.", crew_id=crew_id)
    return _move_range(first, last, SealAction.GIVE_OUT, actor=actor, crew_id=crew_id)


@opens_transaction
def give_back(*, first: str, last: str, actor: Actor) -> int:
    """Take a range of seals back into the store, all of them or none; see ``give_out``."""
    return _move_range(first, last, SealAction.GIVE_BACK, actor=actor, crew_id=None)


@opens_transaction
def lose(*, number: str, reason: str, actor: Actor) -> None:
    """
    Note that a seal is lost; it is never used again.

    :raises UnknownSeal: there is none; IllegalMove: it is on a meter, or gone already.
    :raises ReasonMissing: nobody said how.
    """
    row = lock(number)
    row.reason = _reason(reason)
    _move(row, SealAction.LOSE, actor=actor)


@opens_transaction
def break_off(*, number: str, reason: str, replacement: str = "", actor: Actor) -> None:
    """
    Note that the seal of a meter was taken off or found broken, and which one took its place.

    :raises UnknownSeal: one of them does not exist; IllegalMove: it is on no meter, or the other one is not free.
    :raises ReasonMissing: nobody said why.
    """
    break_step(number=number, reason=reason, replacement=replacement, actor=actor)


@joins_transaction
def break_step(*, number: str, reason: str, replacement: str = "", actor: Actor, crew_id: int | None = None) -> None:
    """Note a broken seal as a step of a larger case; see ``break_off``."""
    row = lock(number)
    row.reason, row.broken_at = _reason(reason), timezone.now()
    meter_id = row.meter_id
    if replacement.strip():
        if meter_id is None:
            raise UnknownSeal(f"Seal {row.number} is on no meter.", field="number")
        put_on_step(numbers=[replacement], meter_id=meter_id, crew_id=crew_id, actor=actor)
        row.replaced_by = lock(replacement)
    _move(row, SealAction.BREAK, actor=actor)


@joins_transaction
def put_on_step(*, numbers: Sequence[str], meter_id: int, crew_id: int | None, actor: Actor) -> None:
    """
    Put seals on a meter.

    :param crew_id: the crew whose seals they must be; None: any that are free.
    :raises UnknownSeal: one of them does not exist, or another crew has it.
    :raises IllegalMove: one of them was used already.
    """
    for number in sorted({_plain(one) for one in numbers}):
        row = lock(number)
        if crew_id is not None and row.state == SealState.GIVEN_OUT and row.crew_id != crew_id:
            raise UnknownSeal(f"Seal {row.number} was given to another crew.", field="seals", number=row.number)
        row.meter_id, row.set_at = meter_id, timezone.now()
        _move(row, SealAction.PUT_ON, actor=actor)


@joins_transaction
def lock(number: str) -> Seal:
    """
    Return a seal, locked until the use case commits.

    :raises UnknownSeal: there is none.
    """
    row = Seal.objects.select_for_update().filter(number=_plain(number)).first()
    if row is None:
        raise UnknownSeal(f"There is no seal {_plain(number)}.", advice="Check the number.", field="seals")
    return row


def _move(row: Seal, action: SealAction, *, actor: Actor, crew_id: int | None = None) -> None:
    row.state = SEAL_WORKFLOW.step(SealState(row.state), action, actor).to.value
    row.crew_id = crew_id
    row.save()
    audit.record(actor, action, "seal", row.id, number=row.number, meter_id=row.meter_id, reason=row.reason)


def _move_range(first: str, last: str, action: SealAction, *, actor: Actor, crew_id: int | None) -> int:
    numbers = seal_numbers(first=first, last=last)
    rows = list(Seal.objects.select_for_update().filter(number__in=numbers).order_by("id"))
    missing = sorted(set(numbers) - {row.number for row in rows})
    if missing:
        raise UnknownSeal(f"There is no seal {missing[0]}.", advice="Check the numbers.", field="first_number")
    to = {SEAL_WORKFLOW.step(SealState(state), action, actor).to for state in {row.state for row in rows}}
    Seal.objects.filter(id__in=[row.id for row in rows]).update(state=to.pop().value, crew_id=crew_id)
    audit.record(actor, action, "seal", None, first=numbers[0], last=numbers[-1], crew=crew_id)
    return len(rows)


def _plain(number: str) -> str:
    return number.strip().upper()


def _reason(text: str) -> str:
    if not text.strip():
        raise ReasonMissing("Say why.", field="reason")
    return text.strip()[:REASON_MOST]
