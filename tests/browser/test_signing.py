"""Signing in a real browser on a phone: a notice of rectification on glass, a programme by its code."""

import re
from io import BytesIO

import pytest
from django.urls import reverse
from PIL import Image
from pypdf import PdfReader

from accounts.models.notice import Notice
from cis.platform import documents
from contracts.models.inspection import RectificationNotice, SafetyInspection
from contracts.models.program import Enrollment
from contracts.operations import inspection_notices, inspections
from contracts.operations.program_signing import paper
from tests.factories import accounts, contracts, work
from tests.factories import inspections as made
from tests.factories.programs import GREEN_TARIFF, SALE, published

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE = {"width": 390, "height": 844}
INK, WHITE = 16, 255


@pytest.fixture
def to_hand_over(supplier):
    """An inspection with a defect that a crew reported, and the crew's worker."""
    inspection_id = made.planned()
    inspections.order(inspection_ids=[inspection_id], actor=work.DESK)
    row = SafetyInspection.objects.get(id=inspection_id)
    made.carry_out(row.work_order_id, outcome="defects", grounding="9.00")
    crew = SafetyInspection.objects.get(id=inspection_id).work_order.crew
    return row.work_order_id, crew.members.first().user


def stroke(page, *, top):
    """Draw a line over the glass as a finger does; ``top``: how far down, as a part of its height."""
    glass = page.locator("canvas.glass")
    glass.scroll_into_view_if_needed()
    box = glass.bounding_box()
    left, y = box["x"], box["y"] + box["height"] * top
    page.mouse.move(left + 20, y)
    page.mouse.down()
    for part in range(1, 9):
        page.mouse.move(left + 20 + (box["width"] - 40) * part / 8, y + (8 if part % 2 else -8))
    page.mouse.up()


def dark_rows(picture):
    """Which rows of a picture have ink."""
    grey = Image.open(BytesIO(picture)).convert("L")
    assert grey.getextrema()[1] == WHITE
    return [y for y in range(grey.height) if grey.crop((0, y, grey.width, y + 1)).getextrema()[0] < 128]


def test_a_customer_signs_on_glass_clears_and_signs_again(to_hand_over, open_page):
    work_order_id, user = to_hand_over
    page = open_page(user, **PHONE)
    page.goto(f"/desk/field/{work_order_id}/hand-over/")
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    stroke(page, top=0.2)
    page.click("[data-clear]")
    stroke(page, top=0.7)
    page.fill("#signer_name", "李明")
    page.click("button[value=signed]")
    page.wait_for_selector("text=ZG")
    row = RectificationNotice.objects.get()
    assert (row.signer_name, row.refusal) == ("李明", "")
    with documents.open(row.signature_id) as kept:
        inked = dark_rows(kept.read())
    height = 220
    assert inked  # what was drawn is there
    assert min(inked) > height * 0.5  # and what was cleared is not
    reader = PdfReader(BytesIO(inspection_notices.paper(notice_id=row.id)))
    assert any(image.data for page_of in reader.pages for image in page_of.images)


def test_an_empty_glass_is_no_signature(to_hand_over, open_page):
    work_order_id, user = to_hand_over
    page = open_page(user, **PHONE)
    page.goto(f"/desk/field/{work_order_id}/hand-over/")
    stroke(page, top=0.5)
    page.click("[data-clear]")
    page.click("button[value=signed]")
    page.wait_for_load_state("networkidle")
    assert not RectificationNotice.objects.exists()


def test_a_customer_reads_and_signs_a_programme_on_the_phone(supplier, open_page):
    world = contracts.world(source=GREEN_TARIFF)
    accounts.contact_point(of=world.customer, is_proven=True)
    card = published(SALE, name_en="Charger by instalments")
    page = open_page(accounts.portal_user(of=world.customer), **PHONE)
    page.goto(reverse("portal:programmes"))
    page.click("text=Charger by instalments")
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("text=Go on")
    page.wait_for_selector("text=What ending it early costs")
    row = Enrollment.objects.get()
    pdf = page.context.request.get(reverse("portal:programme_pdf", args=[row.id])).body()
    page.click("text=Send me a code")
    page.wait_for_selector("#code")
    code = re.search(r"\d{6}", Notice.objects.filter(event="one_time_code").latest("id").body)[0]
    for typed in (f"{(int(code) + 1) % 10**6:06d}", code):
        page.fill("#code", typed)
        page.check("#accepted")
        page.click("text=Sign and join")
        page.wait_for_load_state("networkidle")
    page.wait_for_selector("text=In force")
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    row.refresh_from_db()
    assert (row.signed_by, row.signed_sha256) == ("portal", card.sha256)
    assert paper(enrollment_id=row.id) == pdf
