"""The notice of rectification: numbered without gaps, told, kept as delivered, whatever stands in its texts."""

from io import BytesIO

import pytest
import time_machine
from pypdf import PdfReader

from accounts.models.notice import Notice
from cis.kernel.workflow import NotAllowed
from cis.platform import documents
from contracts.domain.inspection import Severity
from contracts.models.inspection import Defect, RectificationNotice, SafetyInspection
from contracts.operations import defects, inspection_notices
from contracts.operations.defect_steps import ReasonMissing
from contracts.queries.rectification_notices import UnknownNotice
from tests import factories
from tests.db.contracts.test_inspections import CUSTOMER, FIELD
from tests.factories import inspections as made

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _clock(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path / "documents"
    factories.accounts.supplier()
    with time_machine.travel("2026-03-10T02:00:00Z", tick=False):
        yield


def text_of(notice_id):
    return "".join(
        page.extract_text() for page in PdfReader(BytesIO(inspection_notices.paper(notice_id=notice_id))).pages
    )


def test_notices_are_numbered_without_gaps_and_told_once():
    first = made.made(grounding="9.00")
    with pytest.raises(ReasonMissing):
        inspection_notices.issue(inspection_id=first, signature=factories.work.photo(), actor=FIELD)
    with pytest.raises(NotAllowed):
        inspection_notices.issue(inspection_id=first, actor=CUSTOMER)
    inspection_notices.issue(inspection_id=first, signer_name="Li", signature=factories.work.photo(), actor=FIELD)
    with pytest.raises(inspection_notices.NoticeIssued):
        inspection_notices.issue(inspection_id=first, actor=FIELD)
    with pytest.raises(inspection_notices.NoDefects):
        inspection_notices.issue(inspection_id=made.made(), actor=FIELD)
    inspection_notices.issue(inspection_id=made.made(grounding="9.00"), refusal="not at home", actor=FIELD)
    assert [row.number for row in RectificationNotice.objects.order_by("id")] == ["ZG2026000001", "ZG2026000002"]
    assert Notice.objects.filter(event="defects_found", channel="inbox").count() == 2


def test_the_paper_shows_defects_deadline_and_receipt_and_is_never_made_anew():
    inspection_id = made.made(grounding="9.00", cabinet_closed="no")
    for row in Defect.objects.all():
        defects.add_photo(defect_id=row.id, source=factories.work.photo(), actor=FIELD)
    notice_id = inspection_notices.issue(
        inspection_id=inspection_id, signer_name="李明", signature=factories.work.photo(kind="PNG"), actor=FIELD
    )
    first = inspection_notices.paper(notice_id=notice_id)
    shown = text_of(notice_id)
    for words in ("ZG2026000001", "接地电阻超过 4", "存在裸露带电部位", "2026-03-24", "2026-03-11", "李明"):
        assert words.replace(" ", "") in shown.replace(" ", ""), words
    Defect.objects.update(text_zh="later words")
    assert inspection_notices.paper(notice_id=notice_id) == first
    kept = RectificationNotice.objects.get().document_id
    assert documents.about(kept).media_type == "application/pdf"
    with pytest.raises(UnknownNotice):
        inspection_notices.paper(notice_id=notice_id + 1)


def test_hostile_words_are_printed_as_words():
    inspection_id = made.made(grounding="9.00")
    hostile = '<img src="file:///etc/passwd"><script>alert(1)</script>{{ supplier }}&amp;' + "宽" * 200
    defects.add(
        inspection_id=inspection_id, code="other", severity=Severity.GENERAL, text=hostile,
        note='"><img src=http://10.0.0.1/x>' * 9, actor=FIELD,
    )  # fmt: skip
    SafetyInspection.objects.update(customer_name="<style>*{display:none}</style>", address="<b>" * 90)
    notice_id = inspection_notices.issue(inspection_id=inspection_id, refusal=hostile, actor=FIELD)
    shown = text_of(notice_id).replace("\n", "")
    assert "<script>alert(1)</script>{{supplier}}&amp;" in shown.replace(" ", "")
    assert "ZG2026000001" in shown
