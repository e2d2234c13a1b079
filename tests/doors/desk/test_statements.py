"""Pages cost as many SQL statements for many rows as for one."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.models.run import BillCycle, BillRun, RunChunk
from billing.operations import runs
from cis.kernel.actors import SYSTEM
from cis.kernel.enums import Role
from cis.kernel.periods import Period
from cis.platform.models import Job
from contracts.models.charge import BreachCase, OneOffCharge
from metering.models.read import ReadFile, ReadRejection
from tests.doors.desk.conftest import ALL, make_billed, sign_in
from tests.factories import accounts, metering, tariffs, work

pytestmark = pytest.mark.django_db
MANY = 12


def _statements(desk, url, row, rows):
    """Return the number of statements of a page, after one that fills what a process reads once."""
    desk.get(url)
    with CaptureQueriesContext(connection) as taken:
        page = desk.get(url).content.decode()
    assert page.count(row) == rows, url
    return len(taken)


def _rated(*, without_usage):
    """A run in which so many accounts more are held, since nothing of February is approved for them."""
    for run in BillRun.objects.all():
        runs.drop(run_id=run.id, actor=SYSTEM)
    for _ in range(without_usage):
        make_billed(months=1)
    period = Period(date(2026, 2, 1), date(2026, 3, 1))
    run_id = runs.open(period=period, as_of_date=date(2026, 3, 10), actor=SYSTEM)
    while runs.rate_chunk(run_id=run_id):
        pass
    return f"/desk/runs/{run_id}/"


def test_a_run_with_one_held_account_or_many(desk, supplier):
    row = 'name="retry_one"'
    one = _statements(desk, _rated(without_usage=1), row, 1)
    assert _statements(desk, _rated(without_usage=MANY), row, 1 + MANY) == one <= 14


def _files(count):
    return [
        ReadFile.objects.create(
            sha256=f"{ReadFile.objects.count():064d}", name="reads.csv", format="csv", document_id=1, rejected=1
        )
        for _ in range(count)
    ]


def test_the_list_of_meter_files(desk, supplier):
    _files(1)
    one = _statements(desk, "/desk/files/", ">reads.csv<", 1)
    _files(MANY)
    assert _statements(desk, "/desk/files/", ">reads.csv<", 1 + MANY) == one <= 10


def test_a_meter_file_with_its_rejected_lines(desk, supplier):
    [file] = _files(1)
    url, row = f"/desk/files/{file.id}/", ">NOBODY,1<"

    def reject(*lines):
        for line in lines:
            ReadRejection.objects.create(
                read_file=file, line_no=line, code="unknown_meter", message="There is no meter.", text="NOBODY,1"
            )

    reject(2)
    one = _statements(desk, url, row, 1)
    reject(*range(3, 3 + MANY))
    assert _statements(desk, url, row, 1 + MANY) == one <= 10


def test_the_price_book_and_a_tariff_with_its_versions(desk, supplier):
    def versions(of, *years):
        for year in years:
            source = f"{tariffs.FLAT}# {year}\n"
            tariffs.version(of=of, source=source, start_date=date(year, 1, 1), end_date=date(year + 1, 1, 1))

    def tariff_statements(count):
        return _statements(desk, f"/desk/tariffs/{first.id}/", '<a href="?version=', count)

    first = tariffs.tariff()
    versions(first, 2026)
    book = _statements(desk, "/desk/tariffs/", 'class="code-text"', 1)
    page = tariff_statements(1)
    versions(first, *range(2018, 2026))
    for _ in range(MANY):
        versions(tariffs.tariff(), 2025, 2026)
    assert _statements(desk, "/desk/tariffs/", 'class="code-text"', 1 + MANY) == book <= 8
    assert tariff_statements(9) == page <= 10


def test_calendar_events_series_comparison_decision_and_rate_check(desk, supplier):
    def book(count):
        for _ in range(count):
            one = tariffs.tariff()
            tariffs.version(of=one, source=f"{tariffs.FLAT}# {one.code}\n", start_date=date(2027, 1, 1))
            draft = tariffs.version(of=one, source=f"{tariffs.FLAT}# {one.code} draft\n", state="draft")
        return draft

    def statements():
        return {name: _statements(desk, url, "<html", 1) for name, url in urls.items()}

    draft = book(1)
    urls = {
        "calendar": "/desk/tariffs/calendar/",
        "announce": "/desk/tariffs/events/announce/",
        "series": "/desk/tariffs/series/",
        "compare": f"/desk/tariffs/compare/?before={draft.id}&after={draft.id}",
        "decide": f"/desk/tariffs/versions/{draft.id}/decide/",
        "check": f"/desk/tariffs/check/?version={draft.id}&from_date=2026-03-01&to_date=2026-04-01&v0=100",
    }
    one = statements()
    book(MANY)
    assert statements() == one
    assert max(one.values()) <= 10


def test_lists_of_customers_runs_cycles_work_and_the_first_page(desk, supplier):
    urls = {"/": 21, "/desk/customers/": 12, "/desk/runs/": 10, "/desk/runs/cycles/": 7, "/desk/usage/": 8}

    def fill(count):
        for _ in range(count):
            make_billed()
            cycle = BillCycle.objects.create(code=str(BillCycle.objects.count()), name_zh="段", name_en="Cycle")
            run = BillRun.objects.create(
                cycle=cycle, start_date=date(2026, 2, 1), end_date=date(2026, 3, 1), as_of_date=date(2026, 3, 10)
            )
            RunChunk.objects.create(run=run, account_ids=[1])
            Job.objects.create(name="usage_approval", total=1, created_at=timezone.now(), subject="month:2026-02-01")

    def statements():
        return {url: _statements(desk, url, "<html", 1) for url in urls}

    fill(1)
    one = statements()
    fill(MANY)
    assert statements() == one
    assert {url: count for url, count in one.items() if count > urls[url]} == {}


def test_staff_and_the_logins_of_a_customer(client, supplier):
    sign_in(client, *ALL, Role.ADMIN)
    billed = make_billed()
    logins = f"/desk/customers/{billed.account.id}/login/"
    state = 'class="state state-ok"'
    accounts.portal_user(of=billed.customer)
    one = (_statements(client, "/desk/staff/", state, 1), _statements(client, logins, state, 1))
    for _ in range(MANY):
        accounts.staff()
        accounts.portal_user(of=billed.customer)
    many = (_statements(client, "/desk/staff/", state, 1 + MANY), _statements(client, logins, state, 1 + MANY))
    assert many == one
    assert max(one) <= 12


def test_cases_of_breach(desk, supplier):
    def case(count):
        for _ in range(count):
            one = BreachCase.objects.create(
                agreement=world.agreement, kind="tampering", found_date=date(2026, 3, 1), evidence="photo",
                request_key=str(BreachCase.objects.count()), request_sha256="",
            )  # fmt: skip
            OneOffCharge.objects.create(
                account=world.account,
                agreement=world.agreement,
                case=one,
                kind="penalty",
                amount_minor=100,
                ledger_class="penalty",
            )

    world = make_billed()
    case(1)
    one = _statements(desk, "/desk/breaches/", 'class="tabular shrink"', 1)
    case(MANY)
    assert _statements(desk, "/desk/breaches/", 'class="tabular shrink"', 1 + MANY) == one <= 12


def test_lists_of_work_and_network_with_one_row_or_many(desk, supplier):
    crew = work.crew(members=2)
    work.order(crew=crew)
    metering.transformer()
    pages = (("/desk/work/", 'name="order"'), ("/desk/work/board/", "board-card"), ("/desk/work/day/", "route-place"),
             ("/desk/network/", "load-bar"))  # fmt: skip
    few = [_statements(desk, url, row, 1) for url, row in pages]
    for _ in range(MANY):
        work.order(crew=crew)
        metering.service_point(transformer=metering.transformer())
    assert [_statements(desk, url, row, 1 + MANY) for url, row in pages] == few
    assert max(few) <= 14
