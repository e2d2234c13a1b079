"""A bill as PDF: complete, closed, kept once for each content."""

import io
import re
from dataclasses import replace
from datetime import date

import pytest
from pypdf import PdfReader
from weasyprint.urls import FatalURLFetchingError

from billing.models.bill import PrintedBill
from billing.operations import bills as bill_operations
from billing.operations import documents
from billing.queries import documents as paper_queries
from billing.queries import pay_links
from billing.queries.bills import UnknownBill
from cis.kernel.actors import SYSTEM
from cis.platform import documents as kept_documents
from cis.platform import rendering
from cis.platform.models import Document
from contracts.domain.charge_kinds import ChargeKind
from tests.factories import accounts, billing, contracts, metering, papers

HOSTILE = '<script>alert(1)</script>{{ settings.SECRET_KEY }}{% load x %}<img src="file:///etc/passwd"></style>&amp;'


def _render(paper) -> PdfReader:
    return PdfReader(io.BytesIO(documents._render(paper)))


def _text(reader: PdfReader) -> str:
    """The words without blanks: PDF keeps none between glyphs that stand apart."""
    return re.sub(r"\s+", "", "".join(page.extract_text() for page in reader.pages))


def _drawn(reader: PdfReader, *, border: int = 2) -> list[list[bool]]:
    """The dark modules of the only code on a page: what is stroked along rows of unit height, from x to x."""
    content = reader.pages[0].get_contents().get_data().decode("latin-1")
    strokes = re.findall(r"(?m)^(\d+) (\d+)\.5 m\n(\d+) \2\.5 l$", content)
    runs = [(int(row) - border, int(start) - border, int(end) - border) for start, row, end in strokes]
    size = 1 + max(row for row, _, _ in runs)
    dark = {(row, x) for row, start, end in runs for x in range(start, end)}
    return [[(row, x) in dark for x in range(size)] for row in range(size)]


_MASKS = (
    lambda r, c: (r + c) % 2, lambda r, c: r % 2, lambda r, c: c % 3, lambda r, c: (r + c) % 3,
    lambda r, c: (r // 2 + c // 3) % 2, lambda r, c: r * c % 2 + r * c % 3, lambda r, c: (r * c % 2 + r * c % 3) % 2,
    lambda r, c: ((r + c) % 2 + r * c % 3) % 2,
)  # fmt: skip


def _number(bits) -> int:
    return int("".join(str(int(bit)) for bit in bits), 2)


def _read(code: list[list[bool]]) -> str:
    """Read a code of version 4, level M, bytes: mask, two interleaved blocks of 32. [source: ISO/IEC 18004]"""
    assert len(code) == 33
    form = _number(code[8][:5]) ^ 0b10101
    assert form >> 3 == 0
    is_dark, flow = _MASKS[form & 7], []
    for turn, right in enumerate((*range(32, 6, -2), 5, 3, 1)):
        for r in range(33) if turn % 2 else range(32, -1, -1):
            for c in (right, right - 1):
                in_corner = (r < 9 and (c < 9 or c > 24)) or (r > 24 and c < 9)
                if not (in_corner or 6 in {r, c} or (24 <= r <= 28 and 24 <= c <= 28)):
                    flow.append(code[r][c] ^ (not is_dark(r, c)))
    words = [_number(flow[at : at + 8]) for at in range(0, 64 * 8, 8)]
    bits = "".join(f"{word:08b}" for word in words[0::2] + words[1::2])
    assert bits[:4] == "0100"
    length = _number(bits[4:12])
    return bytes(_number(bits[12 + 8 * at : 20 + 8 * at]) for at in range(length)).decode()


def test_the_printed_code_says_the_address_where_the_bill_is_paid():
    """Read from the strokes of the PDF by a reader of our own."""
    address = pay_links.address("0000000042")
    assert _read(_drawn(_render(papers.bill(qr_payload=address)))) == address


DEMAND = {
    "names": {"zh": "最大需量", "en": "largest demand"}, "unit": "kW", "start_reading_wh": 0, "end_reading_wh": 1_438,
    "multiplier": 120, "energy_wh": 172_560,
}  # fmt: skip


def test_a_bill_carries_every_line_with_quantity_price_amount_and_read():
    reader = _render(papers.bill(papers.time_of_use(), spans=(papers.span(), papers.span(**DEMAND))))
    text = _text(reader)
    assert len(reader.pages) == 1
    for line in ("120.5kWh0.61774.35", "61.25kWh0.30718.80", "88kWh0.67759.58", "42.25kWh0.33714.24"):
        assert line in text
    assert "¥166.97" in text
    assert "第1档·峰" in text
    assert "step2,valley" in text
    assert "SH00000017总Allhours2026-10-01–2026-11-0112,48012,7921312kWh" in text
    assert "SH00000017最大需量largestdemand2026-10-01–2026-11-0101.438120172.56kW" in text
    assert "2026-11-22" in text


def test_power_is_printed_in_its_own_unit():
    demand = replace(papers.line("600", "40", 2_400_000), unit="kW")
    text = _text(_render(papers.bill(papers.segment([demand]))))
    assert "600kW40" in text
    assert "600CNY" not in text


def test_the_words_compare_with_the_month_before_and_the_year_before():
    text = _text(_render(papers.bill()))
    assert "日均用电比上月多26%" in text
    assert "5%lessthanayearago" in text
    assert "本档还剩208kWh" in text


def test_bars_of_thirteen_months_carry_whole_kwh():
    text = _text(_render(papers.bill()))
    for kwh in papers.USED_KWH:
        assert str(kwh) in text
    assert "25-10" in text
    assert "26-10" in text


@pytest.mark.parametrize(
    ("kind", "charges", "title"),
    [
        ("late_fee", [(ChargeKind.LATE_FEE, 308)], "违约金通知单Noteoflatefee"),
        ("note", [(ChargeKind.ADJUSTMENT, -5_000)], "账务调整通知单Noteofadjustment"),
        ("note", [(ChargeKind.CREDIT_MOVE, -900)], "余额转移通知单Noteofmovedcredit"),
        ("note", [(ChargeKind.WORKS, 9_000), (ChargeKind.SERVICE, 100)], "费用通知单Noteofcharges"),
        ("credit", [(ChargeKind.LATE_FEE, -308)], "红字通知单Creditnote"),
    ],
)
def test_a_note_has_a_title_of_its_own_and_says_nothing_of_energy(kind, charges, title):
    rows = [papers.charge(one, amount) for one, amount in charges]
    text = _text(_render(papers.bill(charges=rows, kind=kind)))
    assert title in text
    for word in ("电费账单", "电费红字", "kWh", "计费周期", "Meter", "近13个月用电量"):
        assert word not in text


def test_a_credit_note_names_the_bill_that_it_cancels_and_asks_for_nothing():
    paper = papers.bill(papers.taken_back(papers.tiers()), kind="credit", cancels_id=4, cancels="0000000041")
    text = _text(_render(paper))
    assert "Creditnote" in text
    assert "0000000041" in text
    assert "−192.50" in text
    assert "Topay" not in text


def test_a_draft_says_so_on_each_page_and_has_no_code_to_pay():
    segments = [replace(papers.time_of_use(), id=n) for n in range(12)]
    paper = papers.bill(*segments, state="draft", number="", issue_date=None, due_date=None, qr_payload="")
    reader = _render(paper)
    assert len(reader.pages) > 1
    for page in reader.pages:
        assert "DRAFT" in page.extract_text()
    assert "Scantosee" not in _text(reader)


def test_a_cancelled_bill_asks_for_nothing():
    text = _text(_render(papers.bill(state="cancelled")))
    assert "CANCELLED" in text
    assert "Topay" not in text


def test_a_long_bill_repeats_its_table_head_and_keeps_all_lines():
    segments = [replace(papers.time_of_use(), id=n) for n in range(30)]
    reader = _render(papers.bill(*segments))
    text = _text(reader)
    assert text.count("120.5kWh0.61774.35") == 30
    assert text.count("金额Amount") == sum("120.5 kWh" in page.extract_text() for page in reader.pages)
    assert f"{len(reader.pages)}/{len(reader.pages)}" in text


def test_credit_on_the_account_is_taken_into_account():
    text = _text(_render(papers.bill(balance_before_minor=-30_000)))
    assert "Nothingtopay" in text
    assert "−¥107.50" in text


def test_hostile_names_are_printed_as_they_are_and_fetch_nothing():
    paper = papers.bill(
        replace(papers.tiers(), address=HOSTILE, tariff_names={"zh": HOSTILE, "en": HOSTILE}),
        addressee=papers.addressee(name=HOSTILE, postal_address=HOSTILE),
    )
    text = _text(_render(paper))
    assert text.count("<script>alert(1)</script>") >= 3
    assert "{{settings.SECRET_KEY}}" in text
    assert "root:" not in text


def test_a_template_that_asks_for_a_file_gets_nothing():
    fetcher, _ = rendering._closed()
    for url in ("file:///etc/passwd", "http://127.0.0.1/", "https://example.com/a.png"):
        with pytest.raises(FatalURLFetchingError, match="documents fetch nothing"):
            fetcher.fetch(url)


def test_very_long_names_break_and_lose_nothing():
    long = "中华人民共和国上海市浦东新区张江高科技园区" * 6
    text = _text(_render(papers.bill(addressee=papers.addressee(name=long, postal_address=long))))
    assert text.count(long) >= 2


def test_rare_characters_of_names_are_printed():
    text = _text(_render(papers.bill(addressee=papers.addressee(name="𠮷田㐂堃淼"))))
    assert "𠮷田㐂堃淼" in text


@pytest.mark.django_db(transaction=True)
class TestKept:
    """Of bills in the database."""

    @pytest.fixture
    def bill(self, settings, tmp_path):
        settings.DOCUMENTS_DIR = tmp_path
        accounts.supplier()
        return billing.issued(world=contracts.world())

    def test_the_same_content_is_rendered_once(self, bill, monkeypatch):
        first = documents.pdf(bill_id=bill.id)
        monkeypatch.setattr(rendering, "pdf", lambda **_: pytest.fail("rendered again"))
        assert documents.pdf(bill_id=bill.id) == first
        assert PrintedBill.objects.filter(bill_id=bill.id).count() == 1
        assert Document.objects.get().name == "bill-0000000001.pdf"

    def test_cancelling_makes_a_new_content_and_keeps_the_old_one(self, bill):
        documents.pdf(bill_id=bill.id)
        bill_operations.cancel(bill_id=bill.id, reason="wrong", as_of_date=date(2026, 2, 3), actor=SYSTEM)
        assert "CANCELLED" in _text(PdfReader(io.BytesIO(documents.pdf(bill_id=bill.id))))
        assert PrintedBill.objects.filter(bill_id=bill.id).count() == 2

    def test_a_lost_file_is_printed_again(self, bill):
        documents.pdf(bill_id=bill.id)
        kept_documents.sealed_path(Document.objects.get().sealed_name).unlink()
        assert documents.pdf(bill_id=bill.id).startswith(b"%PDF")

    def test_a_draft_is_not_kept(self, bill):
        draft = billing.draft(world=contracts.world())
        assert documents.pdf(bill_id=draft.id).startswith(b"%PDF")
        assert not PrintedBill.objects.exists()

    def test_a_bill_that_is_not_there_is_refused(self, bill):
        with pytest.raises(UnknownBill):
            documents.pdf(bill_id=bill.id + 1)

    def test_the_number_of_statements_does_not_grow_with_the_bill(self, bill, django_assert_max_num_queries):
        with django_assert_max_num_queries(12):
            paper_queries.of_bill(bill_id=bill.id)

    def test_use_of_a_former_holder_is_not_printed(self, bill):
        account = bill.account
        holder = account.holders.get()
        holder.period = (holder.period.lower, date(2026, 2, 1))
        holder.save()
        account.holders.create(customer=accounts.customer(name="李四"), period=(date(2026, 2, 1), None))
        world = contracts.World(
            None, account, None, None, bill.segments.get().tariff_version, bill.segments.get().agreement
        )
        later = billing.issued(world=world, kwh=50, start_date=date(2026, 2, 1), end_date=date(2026, 3, 1))
        paper = paper_queries.of_bill(bill_id=later.id)
        assert paper.addressee.name == "李四"
        assert [month.month for month in paper.explanation.months] == [date(2026, 2, 1)]
        assert sum(bar.is_billed for bar in paper.bars) == 1

    def test_reads_that_the_bill_rests_on_are_printed(self, bill):
        point = bill.segments.get().agreement.service_point
        [register] = metering.metered(at=point)
        metering.usage(
            of=register, start_date=date(2026, 1, 1), end_date=date(2026, 2, 1), kwh=100,
            start_reading_wh=5_000_000, end_reading_wh=5_100_000,
        )  # fmt: skip
        assert "5,0005,1001100" in _text(PdfReader(io.BytesIO(documents.pdf(bill_id=bill.id))))
