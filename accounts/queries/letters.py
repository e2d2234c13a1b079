"""Letters that wait, print batches, and a batch as paper."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.conf import settings
from django.utils import timezone

from accounts.domain import notice_texts, postal
from accounts.domain.notice_texts import Line
from accounts.models.notice import Notice, PrintBatch
from accounts.queries import supplier
from accounts.queries.supplier import SupplierCard
from cis.kernel.errors import Refused


class UnknownBatch(Refused):
    """There is no such print batch."""

    code = "unknown_batch"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCard:
    """A print batch; ``document_id`` None: a worker renders it still; ``posted_at`` None: not handed over yet."""

    id: int
    count: int
    document_id: int | None
    created_at: datetime
    posted_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One letter as paper, in its language; ``lines`` stand in the window of the envelope."""

    notice_id: int
    place: int
    name: str
    address: str
    lines: tuple[str, ...]
    account_number: str
    language: str
    subject: str
    paragraphs: tuple[tuple[Line, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPaper:
    """All that the PDF of a batch shows."""

    id: int
    supplier: SupplierCard
    printed_date: date
    letters: tuple[Letter, ...]


def waiting() -> int:
    """Return how many letters wait for a batch; one statement."""
    return Notice.objects.filter(channel="post", state="queued", batch=None).count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    Which print batches are listed; what is empty does not narrow the list.

    state       "posted" or "open": handed to the post or not
    since_date  made on this local date or later
    order       "" the latest first, "oldest", or "count": the largest first
    """

    state: str = ""
    since_date: date | None = None
    order: str = ""


ORDERS: Final = {"": ("-id",), "oldest": ("id",), "count": ("-count", "-id")}


def listed(*, wanted: Wanted = Wanted(), offset: int = 0, most: int = 50) -> tuple[BatchCard, ...]:
    """Return print batches in the order that is wanted; one statement."""
    rows = PrintBatch.objects.order_by(*ORDERS[wanted.order])
    if wanted.state:
        rows = rows.filter(posted_at__isnull=wanted.state == "open")
    if wanted.since_date:
        rows = rows.filter(created_at__date__gte=wanted.since_date)
    return tuple(BatchCard(**row) for row in rows.values(*BatchCard.__dataclass_fields__)[offset : offset + most])


def batch(*, batch_id: int) -> BatchCard:
    """
    Return a print batch; one statement.

    :raises UnknownBatch: there is none.
    """
    row = PrintBatch.objects.filter(id=batch_id).values(*BatchCard.__dataclass_fields__).first()
    if row is None:
        raise UnknownBatch(f"There is no batch {batch_id}.", batch_id=batch_id)
    return BatchCard(**row)


def paper(*, batch_id: int) -> BatchPaper:
    """
    Return a batch as it is printed; two statements.

    :raises UnknownBatch: there is none.
    """
    card = batch(batch_id=batch_id)
    rows = Notice.objects.filter(batch_id=batch_id).select_related("account").order_by("id")
    return BatchPaper(
        id=card.id,
        supplier=supplier.current(),
        printed_date=timezone.localdate(card.created_at),
        letters=tuple(_letter(row, place) for place, row in enumerate(rows, start=1)),
    )


def _letter(row: Notice, place: int) -> Letter:
    return Letter(
        notice_id=row.id,
        place=place,
        name=row.name,
        address=row.address,
        lines=postal.lines(name=row.name, address=row.address, country=supplier.country()),
        account_number=row.account.number if row.account else "",
        language=row.language,
        subject=row.subject,
        paragraphs=notice_texts.paragraphs(row.body, site=settings.SITE_URL),
    )
