"""What stands on a notice of rectification: the defects with their photos, the deadline, the receipt."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from accounts.queries import accounts, supplier
from accounts.queries.accounts import Addressee
from accounts.queries.supplier import SupplierCard
from cis.kernel.errors import Refused
from cis.platform import documents
from contracts.domain.inspection import Severity
from contracts.models.inspection import Defect, RectificationNotice

PHOTOS_A_DEFECT = 2


class UnknownNotice(Refused):
    """There is no such notice."""

    code = "unknown_notice_of_rectification"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeDefect:
    """One defect as the paper shows it; ``photos``: names of its pictures."""

    severity: Severity
    text_en: str
    text_zh: str
    remedy_en: str
    remedy_zh: str
    note: str
    due_date: date
    photos: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticePaper:
    """
    All that stands on the paper.

    documents     of the pictures, by their names
    document_id   the kept paper; None: not rendered yet
    """

    id: int
    number: str
    inspection_id: int
    issued_date: date
    done_date: date | None
    supplier: SupplierCard
    addressee: Addressee | None
    account_number: str
    customer_name: str
    address: str
    defects: tuple[NoticeDefect, ...]
    due_date: date
    signer_name: str
    is_signed: bool
    refusal: str
    witness: str
    documents: Mapping[str, int]
    document_id: int | None


def of_notice(*, notice_id: int) -> NoticePaper:
    """
    Return what stands on a notice; a constant number of statements. What was added after its issue is not on it.

    :raises UnknownNotice: there is none.
    """
    row = RectificationNotice.objects.select_related("inspection__agreement__account").filter(id=notice_id).first()
    if row is None:
        raise UnknownNotice(f"There is no notice {notice_id}.")
    at, agreement = row.inspection, row.inspection.agreement
    named: dict[str, int] = {}
    defects = tuple(
        _defect(one, row, named) for one in at.defects.prefetch_related("photos").order_by("due_date", "id")
    )
    if row.signature_id is not None:
        named["signature"] = row.signature_id
    issued = timezone.localdate(row.issued_at)
    account_id = agreement.account_id if agreement else None
    found = accounts.addressees(account_ids=[account_id], at_date=issued) if account_id else {}
    return NoticePaper(
        id=row.id, number=row.number, inspection_id=at.id, issued_date=issued, done_date=at.done_date,
        supplier=supplier.current(), addressee=found.get(account_id or 0),
        account_number=agreement.account.number if agreement else "", customer_name=at.customer_name,
        address=at.address, defects=defects, due_date=min((one.due_date for one in defects), default=issued),
        signer_name=row.signer_name, is_signed=row.signature_id is not None, refusal=row.refusal,
        witness=row.witness, documents=named, document_id=row.document_id,
    )  # fmt: skip


def pictures(found: NoticePaper) -> dict[str, bytes]:
    """Return the pictures of a notice by their names, as JPEG files."""
    read = {}
    for name, document_id in found.documents.items():
        with documents.open(document_id) as kept:
            read[name] = kept.read()
    return read


def _defect(row: Defect, notice: RectificationNotice, named: dict[str, int]) -> NoticeDefect:
    shown = [one for one in row.photos.all() if not one.is_evidence and one.kept_at <= notice.issued_at]
    names = []
    for one in sorted(shown, key=lambda photo: photo.id)[:PHOTOS_A_DEFECT]:
        name = f"photo{one.id}"
        named[name] = one.document_id
        names.append(name)
    return NoticeDefect(
        severity=Severity(row.severity), text_en=row.text_en, text_zh=row.text_zh, remedy_en=row.remedy_en,
        remedy_zh=row.remedy_zh, note=row.note, due_date=row.due_date, photos=tuple(names),
    )  # fmt: skip
