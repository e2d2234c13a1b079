"""What a crew answers and photographs: kept with its work order."""

from collections.abc import Mapping
from typing import BinaryIO

from cis.kernel.actors import Actor
from cis.kernel.errors import Refused
from cis.platform import audit, photos
from cis.platform.db import joins_transaction, opens_transaction
from metering.domain import checklists as lists
from metering.domain.checklists import Checklist
from metering.domain.meter_work import takes_photo
from metering.domain.work_orders import WORKFLOW, WorkAction, WorkKind, WorkState
from metering.models.work import WorkAnswer, WorkOrder, WorkPhoto
from metering.operations import work_moves
from metering.queries import checklists


class TooManyPhotos(Refused):
    """The item has all photos that it takes."""

    code = "too_many_photos"


class UnknownItem(Refused):
    """The checklist asks for no such photo."""

    code = "unknown_item"


@opens_transaction
def add_photo(*, work_order_id: int, item: str, source: BinaryIO, actor: Actor) -> int:
    """
    Keep a photo of an item of the checklist; the same photo twice is one.

    :returns: id of the photo.
    :raises NotAPhoto: the file is no picture; FileTooLarge: it is too large.
    :raises UnknownItem: the checklist asks for no photo of this.
    :raises TooManyPhotos: the item has all that it takes.
    :raises NotYourOrder: the order belongs to another crew.
    :raises IllegalMove: the work is not under way.
    """
    row = work_moves.lock(work_order_id)
    work_moves.check_crew(row, actor)
    WORKFLOW.step(WorkState(row.state), WorkAction.FINISH, actor)
    if not _takes_photo(row, item):
        raise UnknownItem(f"The checklist asks for no photo {item!r}.")
    if WorkPhoto.objects.filter(work_order=row, item=item).count() >= lists.PHOTOS_MOST:
        raise TooManyPhotos(f"An item takes up to {lists.PHOTOS_MOST} photos.", advice="Remove one first.")
    kept = photos.keep(source, name=f"work-{row.id}-{item}", actor=actor)
    photo, is_new = WorkPhoto.objects.get_or_create(
        work_order=row, item=item, document_id=kept.document_id,
        defaults={"taken_at": kept.taken_at, "actor_id": actor.id},
    )  # fmt: skip
    if is_new:
        audit.record(actor, "add_photo", work_moves.SUBJECT, row.id, item=item, document_id=kept.document_id)
    return photo.id


@opens_transaction
def remove_photo(*, work_order_id: int, photo_id: int, actor: Actor) -> None:
    """Take a photo off an order whose work is under way; its file stays, the audit trail names it."""
    row = work_moves.lock(work_order_id)
    work_moves.check_crew(row, actor)
    WORKFLOW.step(WorkState(row.state), WorkAction.FINISH, actor)
    photo = WorkPhoto.objects.filter(work_order=row, id=photo_id).first()
    if photo is not None:
        photo.delete()
        audit.record(actor, "remove_photo", work_moves.SUBJECT, row.id, document_id=photo.document_id)


def _takes_photo(row: WorkOrder, item: str) -> bool:
    if takes_photo(kind=WorkKind(row.kind), name=item):
        return True
    found = checklists.one(code=row.checklist).item(item) if row.checklist else None
    return found is not None and found.kind is lists.ItemKind.PHOTO


@joins_transaction
def keep_step(row: WorkOrder, *, answers: Mapping[str, str]) -> Mapping[str, str]:
    """
    Check answers against the checklist of an order and keep them with the words of their items.

    :raises BadAnswers: an answer or a photo is missing or wrong.
    """
    if not row.checklist:
        return {}
    checklist = checklists.one(code=row.checklist)
    taken: dict[str, int] = {}
    for item in WorkPhoto.objects.filter(work_order=row).values_list("item", flat=True):
        taken[item] = taken.get(item, 0) + 1
    kept = lists.check(checklist, answers=answers, photos=taken)
    WorkAnswer.objects.filter(work_order=row).delete()
    WorkAnswer.objects.bulk_create(_answer_rows(row, checklist, kept))
    return kept


def _answer_rows(row: WorkOrder, checklist: Checklist, kept: Mapping[str, str]) -> list[WorkAnswer]:
    return [
        WorkAnswer(
            work_order=row, place=place, item=item.code, kind=item.kind, label_en=item.label_en, label_zh=item.label_zh,
            value=kept[item.code], value_en=lists.words(item=item, answer=kept[item.code], language="en"),
            value_zh=lists.words(item=item, answer=kept[item.code], language="zh"),
        )
        for place, item in enumerate(checklist.items)
        if item.code in kept
    ]  # fmt: skip
