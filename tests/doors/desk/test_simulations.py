"""Simulations on the desk: choose prices, watch, compare, list, delete."""

from datetime import date

import pytest
from django.utils import timezone

from billing.models.bill import Bill, BillSegment
from billing.models.simulation import SimulatedSupply, Simulation
from billing.operations import simulations
from billing.queries import simulated
from cis.kernel.enums import Role
from tests.doors.desk.conftest import make_billed, sign_in
from tests.doors.desk.test_statements import _statements
from tests.factories import tariffs

pytestmark = pytest.mark.django_db
DEARER = tariffs.FLAT.replace('"0.617"', '"0.717"').replace("61.70", "71.70")


@pytest.fixture
def billed(supplier):
    """One account with two months at 0.617 yuan/kWh, which segments keep; a draft at 0.717."""
    return keeping(make_billed())


def keeping(billed, *, like=None):
    """The segments of an account keep their energy; ``like`` gives them, and the agreement, another's tariff."""
    mine = BillSegment.objects.filter(bill__account=billed.account)
    mine.update(inputs=[100_000])
    if like is not None:
        billed.agreement.terms.update(tariff=like.tariff)
        mine.update(tariff_version=BillSegment.objects.filter(bill__account=like.account).first().tariff_version)
    return billed


@pytest.fixture
def draft(billed):
    return tariffs.version(of=billed.tariff, source=DEARER, state="draft", start_date=date(2027, 1, 1))


def form(draft, **more):
    return {"versions": [draft.id], "last": "2026-02-01", "months": 6, "name": "dearer", **more}


@pytest.fixture
def done(desk, draft):
    desk.post("/desk/simulations/new/", form(draft))
    simulations.work(timezone.now())
    return Simulation.objects.get()


def test_a_simulation_is_chosen_watched_and_compared(desk, draft):
    page = desk.get("/desk/simulations/new/").content.decode()
    assert f"draft {draft.id}" in page
    answer = desk.post("/desk/simulations/new/", form(draft))
    url = f"/desk/simulations/{Simulation.objects.get().id}/"
    assert answer["Location"] == url
    assert 'hx-trigger="every 2s"' in desk.get(url).content.decode()
    piece = {"HX-Request": "true", "HX-Target": "simulation-progress"}
    assert "0 / 1" in desk.get(url, headers=piece).content.decode()
    simulations.work(timezone.now())
    assert "HX-Refresh" in desk.get(url, headers=piece)
    page = desk.get(url).content.decode()
    assert "every 2s" not in page
    # 200 kWh at 0.617, then at 0.717.
    for text in ("¥123.40", "¥143.40", "¥20.00", "+16.21", "张三丰", ">dearer", "Jan 2026"):
        assert text in page


def test_bills_stay_as_they_are(done):
    assert list(Bill.objects.values_list("amount_minor", flat=True)) == [6_170, 6_170]


def test_the_list_and_the_files(desk, done):
    page = desk.get("/desk/simulations/").content.decode()
    assert "dearer" in page
    assert "¥20.00" in page

    def lines(url):
        text = b"".join(desk.get(url).streaming_content).decode("utf-8-sig")
        return [line.split(",") for line in text.splitlines()]

    url = f"/desk/simulations/{done.id}/"
    assert lines("/desk/simulations.csv")[1][6:9] == ["123.40", "143.40", "20.00"]
    row = lines(f"{url}supplies.csv")[1]
    assert row[2:3] + row[5:11] == [
        done.versions.get().tariff.code,
        "2",
        "200.000",
        "123.40",
        "143.40",
        "20.00",
        "+16.21",
    ]
    assert ["all", "0", "1", "200.000", "123.40", "143.40", "20.00", "1", "20.00", "0", "0.00"] in lines(
        f"{url}groups.csv"
    )
    text = desk.get(f"{url}prices/{done.versions.get().tariff_id}.toml")
    assert text.content.decode() == DEARER
    assert desk.get(f"{url}prices/999999.toml").status_code == 404


def test_supplies_are_listed_by_their_change_and_those_left_out_with_the_reason(desk, billed, draft):
    other = keeping(make_billed(name="李四"), like=billed)
    BillSegment.objects.filter(bill__account=other.account).update(amount_minor=1)
    desk.post("/desk/simulations/new/", form(draft))
    simulations.work(timezone.now())
    url = f"/desk/simulations/{Simulation.objects.get().id}/"
    assert SimulatedSupply.objects.get(account=other.account).reason == "not_reproduced"
    page = desk.get(f"{url}supplies/?order=pays_more").content.decode()
    assert "张三丰" in page
    assert "李四" not in page
    assert "张三丰" not in desk.get(f"{url}supplies/?order=pays_less").content.decode()
    page = desk.get(f"{url}left-out/").content.decode()
    assert "李四" in page
    assert "does not rate to its amount" in page
    assert "Not simulated" in desk.get(url).content.decode()


def test_what_cannot_be_simulated_is_refused_beside_its_field(desk, draft):
    post = lambda **more: desk.post("/desk/simulations/new/", form(draft, **more)).content.decode()  # noqa: E731
    assert "Nobody here has" in post(kind="agency")
    assert "This field is required" in post(versions=[])
    assert "Choose one version only" in post(
        versions=[draft.id, draft.tariff.versions.first().id], instead_of=str(draft.tariff_id)
    )
    assert not Simulation.objects.exists()


def test_without_bills_there_is_nothing_to_compare_with(desk, supplier):
    assert "bill a month first" in desk.get("/desk/simulations/new/").content.decode()
    assert "No simulation yet" in desk.get("/desk/simulations/").content.decode()


def test_a_failed_simulation_says_why(desk, draft, monkeypatch):
    monkeypatch.setattr("billing.queries.simulated.find", lambda **_: 1 // 0)
    desk.post("/desk/simulations/new/", form(draft))
    simulations.work(timezone.now())
    page = desk.get(f"/desk/simulations/{Simulation.objects.get().id}/").content.decode()
    assert "ZeroDivisionError" in page


def test_a_simulation_is_deleted_after_asking(desk, done):
    url = f"/desk/simulations/{done.id}/delete/"
    assert "gone afterwards" in desk.get(url).content.decode()
    assert Simulation.objects.exists()
    desk.post(url)
    assert not Simulation.objects.exists()
    assert desk.get(url).status_code == 404


@pytest.mark.parametrize("role", [Role.CLERK, Role.METERING, Role.AUDITOR, Role.ADMIN])
def test_only_billing_and_supervisors_come_in(client, done, role):
    sign_in(client, role)
    url = f"/desk/simulations/{done.id}/"
    for address in ("/desk/simulations/", "/desk/simulations/new/", url, f"{url}supplies/", f"{url}supplies.csv"):
        assert client.get(address).status_code == 403
    assert client.post(f"{url}delete/").status_code == 403
    assert "/desk/simulations/" not in client.get("/").content.decode()
    assert Simulation.objects.exists()


def test_what_does_not_exist_is_not_found(desk, supplier):
    for rest in ("", "supplies/", "supplies.csv", "groups.csv", "left-out/", "delete/"):
        assert desk.get(f"/desk/simulations/7/{rest}").status_code == 404


def test_pages_cost_as_many_statements_for_many_supplies_as_for_one(desk, billed, draft):
    def simulated():
        desk.post("/desk/simulations/new/", form(draft))
        simulations.work(timezone.now())
        return f"/desk/simulations/{Simulation.objects.order_by('-id').first().id}/"

    def statements(url):
        pages = {"": 'data-chart="pair"', "supplies/": "<tbody>", "left-out/": "<h1>"}
        return [_statements(desk, url + rest, mark, 1) for rest, mark in pages.items()]

    one = statements(simulated())
    lists = _statements(desk, "/desk/simulations/", ">dearer<", 1)
    for _ in range(9):
        keeping(make_billed(), like=billed)
    assert statements(simulated()) == one
    assert max(one) <= 16
    assert _statements(desk, "/desk/simulations/", ">dearer<", 2) == lists <= 9


def test_what_failed_is_tried_again_from_the_page(desk, draft):
    desk.post("/desk/simulations/new/", form(draft))
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(simulated, "find", lambda **_: 1 // 0)
        simulations.work(timezone.now())
    url = f"/desk/simulations/{Simulation.objects.get().id}/"
    page = desk.get(url).content.decode()
    assert f'action="{url}retry/"' in page
    desk.get(url + "retry/")
    assert Simulation.objects.get().state == "failed"
    assert desk.post(url + "retry/")["Location"] == url
    simulations.work(timezone.now())
    assert Simulation.objects.get().state == "done"
    assert "has not failed" in desk.post(url + "retry/", follow=True).content.decode()
