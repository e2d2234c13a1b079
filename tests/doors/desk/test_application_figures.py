"""The page of figures, the lists behind its numbers, and what the public sees of them."""

import json
import re
from datetime import UTC, datetime

import pytest

from cis.desk import service_standards
from cis.kernel.enums import Role
from cis.platform.models import Deadline
from tests.doors.desk.conftest import sign_in
from tests.factories import applications as factory

FEBRUARY = datetime(2026, 2, 10, 2, tzinfo=UTC)
SPAN = "since=2026-01-01&until=2026-03-10"


def text(answer):
    return answer.content.decode()


def rows(answer):
    return b"".join(answer.streaming_content).decode().lstrip("\ufeff").splitlines()


@pytest.fixture
def done(supplier):
    """An application that was energized in February, late; one that waits."""
    first = factory.walked(to="energized", at=FEBRUARY)
    Deadline.objects.filter(standard="connection_home").update(in_time=False, used_hundredths=725)
    second = factory.walked(to="surveyed", at=FEBRUARY)
    factory.moved(second, "send_back", reason="wrong place", at=FEBRUARY)
    return first, second


def test_the_page_shows_shares_charts_and_leads_to_lists(desk, done):
    page = text(desk.get(f"/desk/applications/figures/?{SPAN}"))
    assert page.count('data-chart="share"') == 6
    chart = json.loads(re.search(r'<script id="share-1" type="application/json">(.*?)</script>', page)[1])
    assert chart["percent"] == [None, 0, None]
    assert chart["median"] == [None, 725, None]
    assert "nothing was due" in page
    assert "100 %" not in page.partition("All steps together")[2].partition("Check of papers")[0]
    address = "?standard=connection&amp;outcome=late&amp;since=2026-02-01&amp;until=2026-02-28"
    assert address in page
    listed = text(desk.get(f"/desk/applications/turns/{address.replace('&amp;', '&')}"))
    assert f"/desk/applications/{done[0]}/" in listed
    assert f"/desk/applications/{done[1]}/" not in listed
    assert "7.25 working days" in listed
    assert len(rows(desk.get(f"/desk/applications/turns.csv{address.replace('&amp;', '&')}"))) == 2
    sent_back = text(desk.get(f"/desk/applications/turns/?{SPAN}&outcome=sent_back"))
    assert f"/desk/applications/{done[1]}/" in sent_back
    assert "/desk/applications/?state=documented&amp;queue=desk" in page


def test_the_file_says_in_words_that_nothing_was_due(desk, done):
    found = rows(desk.get(f"/desk/applications/figures.csv?{SPAN}"))
    assert len(found) == 1 + 6 * 3 + 6 * 4
    assert "All steps together,,2026-01,2026-01-01,2026-01-31,0,0,0,nothing was due,,working days,0" in found
    assert "All steps together,,2026-02,2026-02-01,2026-02-28,0,1,0,0,7.25,working days,1" in found


def test_one_class_alone_is_looked_at(desk, done):
    page = text(desk.get(f"/desk/applications/figures/?{SPAN}&standard_class=high"))
    assert "data-chart" not in page
    assert page.count("Nothing was due in this span.") == 6
    assert text(desk.get("/desk/applications/figures/?standard_class=none&since=never")).count("data-chart") == 6


def test_the_pages_take_the_same_statements_however_many(desk, done, django_assert_max_num_queries):
    for _ in range(4):
        factory.walked(to="energized", at=FEBRUARY)
    with django_assert_max_num_queries(10):
        desk.get(f"/desk/applications/figures/?{SPAN}")
    with django_assert_max_num_queries(9):
        assert text(desk.get(f"/desk/applications/turns/?{SPAN}")).count("Energizing") >= 5


def test_anybody_sees_the_public_page_without_names_and_links_to_lists(client, done):
    page = text(client.get(f"/service-standards/?{SPAN}"))
    assert page.count('data-chart="share"') == 6
    assert "/desk/" not in page
    assert "王芳" not in page
    assert "SQ" not in page.partition("<main")[2]
    paper = client.get(f"/service-standards.pdf?{SPAN}")
    assert paper.content.startswith(b"%PDF")
    assert client.post("/service-standards/").status_code == 405
    client.cookies["django_language"] = "zh-hans"
    chinese = text(client.get(f"/service-standards/?{SPAN}"))
    assert "该期间无到期事项" in chinese
    assert "nothing was due" not in chinese


def test_no_more_than_so_many_papers_are_made_for_one_place(client, supplier, monkeypatch):
    monkeypatch.setattr(service_standards, "PAPERS_MOST", 1)
    answers = [client.get("/service-standards.pdf?since=2026-03-01").status_code for _ in range(2)]
    assert answers == [200, 302]


def test_strangers_do_not_see_the_lists(client, done):
    for address in ("figures/", "turns/", "turns.csv", "figures.csv"):
        assert client.get(f"/desk/applications/{address}").status_code == 302
    sign_in(client, Role.AUDITOR)
    assert client.get("/desk/applications/turns/").status_code == 200
