"""Letters: printed in batches, handed to the post, come back."""

from io import BytesIO

import pytest
from django.db import transaction
from pypdf import PdfReader

from accounts.models.notice import Consent, Notice
from accounts.operations import letters, notices
from accounts.operations.letters import NothingToPrint, NotPrinted
from accounts.queries import letters as queries
from accounts.queries.letters import UnknownBatch
from accounts.queries.notices import UnknownNotice
from cis.kernel.actors import SYSTEM
from cis.kernel.workflow import IllegalMove
from cis.platform import documents, outbox
from cis.platform.models import OutboxMessage
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _here(settings, tmp_path):
    settings.DOCUMENTS_DIR = tmp_path
    factories.accounts.supplier()


def letter(name="王芳", address="上海市黄浦区示范路1号", language="zh-hans"):
    who = factories.accounts.customer(name=name, language=language)
    factories.accounts.contact_point(of=who, kind="post", value=address)
    with transaction.atomic():
        notices.queue_step(event="announcement", facts={}, key=f"k:{who.id}", actor=SYSTEM, customer_id=who.id)
    return Notice.objects.get(customer=who, channel="post")


def printed(batch_id):
    outbox.deliver_due()
    document_id = queries.batch(batch_id=batch_id).document_id
    with documents.open(document_id) as file:
        return [page.extract_text() for page in PdfReader(BytesIO(file.read())).pages]


def test_a_letter_waits_for_its_batch_and_not_in_the_outbox():
    assert letter().state == "queued"
    assert not OutboxMessage.objects.exists()
    assert queries.waiting() == 1


def test_a_batch_is_one_pdf_with_a_sheet_of_addresses_and_each_letter():
    letter()
    letter(name="<img src=x>John", address="1 High St", language="en")
    pages = printed(letters.make_batch(actor=SYSTEM))
    assert len(pages) == 3
    assert "上海市黄浦区示范路1号" in pages[0]
    assert "1 High St" in pages[0]
    assert "王芳：" in pages[1]
    assert "Dear <img src=x>John," in pages[2]
    assert queries.waiting() == 0


def test_handing_over_is_the_proof_that_letters_were_sent():
    first = letter()
    batch_id = letters.make_batch(actor=SYSTEM)
    with pytest.raises(NotPrinted):
        letters.hand_over(batch_id=batch_id, actor=SYSTEM)
    printed(batch_id)
    assert letters.hand_over(batch_id=batch_id, actor=SYSTEM) == 1
    first.refresh_from_db()
    assert (first.state, first.proof) == ("sent", f"batch {batch_id}")
    with pytest.raises(NotPrinted):
        letters.hand_over(batch_id=batch_id, actor=SYSTEM)


def test_a_letter_that_comes_back_marks_its_address():
    first = letter()
    with pytest.raises(NotPrinted):
        letters.came_back(notice_id=first.id, reason="moved", actor=SYSTEM)
    batch_id = letters.make_batch(actor=SYSTEM)
    printed(batch_id)
    letters.hand_over(batch_id=batch_id, actor=SYSTEM)
    letters.came_back(notice_id=first.id, reason="moved away", actor=SYSTEM)
    first.refresh_from_db()
    assert (first.state, first.detail) == ("bounced", "moved away")
    assert first.contact_point.bounce_reason == "moved away"
    with pytest.raises(IllegalMove):
        letters.came_back(notice_id=first.id, reason="again", actor=SYSTEM)


def test_without_letters_there_is_no_batch_and_each_is_in_one():
    with pytest.raises(NothingToPrint):
        letters.make_batch(actor=SYSTEM)
    letter()
    letters.make_batch(actor=SYSTEM)
    with pytest.raises(NothingToPrint):
        letters.make_batch(actor=SYSTEM)


def test_who_is_not_there_is_refused():
    with pytest.raises(UnknownBatch):
        letters.hand_over(batch_id=7, actor=SYSTEM)
    with pytest.raises(UnknownNotice):
        letters.came_back(notice_id=7, reason="", actor=SYSTEM)


def test_who_refused_letters_gets_none():
    who = factories.accounts.customer()
    factories.accounts.contact_point(of=who, kind="post")
    Consent.objects.create(customer=who, notice_class="service", channel="post", is_given=False)
    with transaction.atomic():
        notices.queue_step(event="announcement", facts={}, key="k", actor=SYSTEM, customer_id=who.id)
    assert not Notice.objects.filter(channel="post").exists()
