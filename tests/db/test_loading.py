"""A whole supplier from a folder of CSV files."""

import csv
import shutil
from datetime import date

import pytest

from accounts.models.account import Account
from billing.models.run import CycleMember
from cis.demo import building, files, world
from cis.kernel.actors import SYSTEM
from cis.kernel.periods import Period
from cis.loading import supplier
from cis.loading.supplier import SupplierNotLoaded
from contracts.models.agreement import AgreementTerm
from contracts.models.opening import OpeningValue
from metering.models.device import Installation, Register
from metering.models.place import ServicePoint
from metering.models.route import ReadingRoute, RouteStop
from metering.models.rule import UsageRule
from metering.queries import network

pytestmark = pytest.mark.django_db(transaction=True)
ACCOUNTS = 120
CUSTOMERS = ACCOUNTS - world.CHAIN_ACCOUNTS + 1


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    months = (
        Period(start=date(2026, 9, 1), end=date(2026, 10, 1)),
        Period(start=date(2026, 10, 1), end=date(2026, 11, 1)),
    )
    folder = tmp_path_factory.mktemp("made")
    return files.write(folder, world.Scale(accounts=ACCOUNTS, months=months, seed=7)).supplier


@pytest.fixture
def folder(made, tmp_path):
    building.load_commercial_prices()
    return shutil.copytree(made, tmp_path / "supplier")


def _replace(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_made_up_supplier_loads_whole(folder):
    loaded = supplier.load(folder=folder, actor=SYSTEM)
    assert (loaded.customers, loaded.accounts, loaded.agreements) == (CUSTOMERS, ACCOUNTS, ACCOUNTS)
    assert Account.objects.count() == CycleMember.objects.count() == AgreementTerm.objects.count() == ACCOUNTS
    assert Installation.objects.count() == loaded.meters
    assert Register.objects.filter(is_interval=True).exists()
    by_value = ServicePoint.objects.filter(external_id__startswith="SHSPT", voltage__in=["220V", "380V"])
    assert RouteStop.objects.count() == by_value.count() > 0


def test_places_hang_on_the_network_that_is_delivered_with_them(folder):
    supplier.load(folder=folder, actor=SYSTEM)
    loads = network.transformers(wanted=network.Wanted(), at=date(2026, 10, 1), most=100)
    assert sum(card.points for card in loads) + ServicePoint.objects.filter(voltage="10kV").count() == ACCOUNTS
    assert {card.feeder_id for card in loads} <= {card.id for card in network.feeders(at=date(2026, 10, 1))}


def test_a_place_on_a_transformer_that_nobody_delivers_is_refused_by_name(folder):
    (folder / "transformers.csv").unlink()
    with pytest.raises(SupplierNotLoaded) as refusal:
        supplier.load(folder=folder, actor=SYSTEM)
    assert {finding.code for finding in refusal.value.detail["findings"]} == {"unknown_transformer"}
    assert refusal.value.detail["findings"][0].where.startswith("premises.csv:")


RULES = "kind,service_point,source,meter,share_percent,quantity_kwh,per,excess,start_date,end_date\n"


def test_usage_rules_are_loaded_with_the_places_that_they_name(folder):
    first, second, third = _places(folder)
    rules = f"share,{second},{first},,12.5,,,,2026-09-01,\n"
    rules += f"quantity,{third},{first},,,300,month,refuse,2026-09-01,2027-01-01\n"
    (folder / "usage_rules.csv").write_text(RULES + rules, encoding="utf-8")
    supplier.load(folder=folder, actor=SYSTEM)
    share, quantity = UsageRule.objects.order_by("id")
    assert (share.kind, share.share_e6, share.source.external_id) == ("share", 125_000, first)
    assert (quantity.quantity_wh, quantity.per, quantity.period.upper) == (300_000, "month", date(2027, 1, 1))


def test_usage_rules_that_do_not_fit_are_named(folder):
    first, second, third = _places(folder)
    rules = f"share,{second},{first},,60,,,,2026-09-01,\nshare,{third},{first},,60,,,,2026-09-01,\n"
    rules += f"share,{third},nowhere,,1,,,,2026-09-01,\n"
    (folder / "usage_rules.csv").write_text(RULES + rules, encoding="utf-8")
    with pytest.raises(SupplierNotLoaded) as caught:
        supplier.load(folder=folder, actor=SYSTEM)
    found = {finding.code for finding in caught.value.detail["findings"]}
    assert found == {"shares_exceed", "unknown_service_point"}


ROUTES = "route,name,days,every_months,first_month,service_point,key_note\n"


def test_routes_are_loaded_in_the_order_of_the_walk(folder):
    first, second, third = _places(folder)
    lines = f"R1,East,5 20,2,2026-09-10,{second},gate 7\nR2,West,1,,2026-09-01,{third},\n"
    (folder / "routes.csv").write_text(f"{ROUTES}{lines}R1,East,5 20,2,2026-09-10,{first},\n", encoding="utf-8")
    supplier.load(folder=folder, actor=SYSTEM)
    route = ReadingRoute.objects.get(code="R1")
    assert (route.days, route.every_months, route.first_month, route.window_days, route.crew_id) == (
        [5, 20], 2, date(2026, 9, 1), 3, None,
    )  # fmt: skip
    stops = route.stops.order_by("place").values_list("place", "service_point__external_id", "key_note")
    assert list(stops) == [(1, second, "gate 7"), (2, first, "")]


def test_routes_that_do_not_fit_are_named(folder):
    first, second, _third = _places(folder)
    lines = [
        f"R1,East,30,1,2026-09-01,{first},", f"R1,West,30,1,2026-09-01,{second},", f"R2,West,1,1,2026-09-01,{first},",
        "R2,West,1,1,2026-09-01,nowhere,", f"R3,{'x' * 81},1,1,2026-09-01,{second},{'k' * 201}",
    ]  # fmt: skip
    (folder / "routes.csv").write_text(ROUTES + "\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(SupplierNotLoaded) as caught:
        supplier.load(folder=folder, actor=SYSTEM)
    assert [(finding.where, finding.code) for finding in caught.value.detail["findings"]] == [
        ("routes.csv:2: days", "bad_reading_days"), ("routes.csv:3: route", "route_differs"),
        ("routes.csv:4: service_point", "on_other_route"), ("routes.csv:5: service_point", "unknown_service_point"),
        ("routes.csv:6: name", "bad_route_name"), ("routes.csv:6: service_point", "on_other_route"),
        ("routes.csv:6: key_note", "too_long"),
    ]  # fmt: skip
    assert not ReadingRoute.objects.exists()


OPENINGS = "agreement,kind,name,month,value,source\n"


def _first(folder, name, column="agreement", **where):
    """A cell of the first line of a file in which other cells are as given."""
    with (folder / name).open(encoding="utf-8-sig") as lines:
        return next(row[column] for row in csv.DictReader(lines) if where.items() <= row.items())


def test_opening_values_are_loaded_with_the_agreements(folder):
    home = _first(folder, "agreements.csv", tariff="residential-tiered")
    (folder / "opening_values.csv").write_text(f"{OPENINGS}{home},counted,,,2400.5,book 7\n", encoding="utf-8")
    supplier.load(folder=folder, actor=SYSTEM)
    value = OpeningValue.objects.get()
    assert (value.agreement.external_id, value.kind, value.value, value.source) == (
        home, "counted", 2_400_500, "book 7",
    )  # fmt: skip


def test_opening_values_that_do_not_fit_are_named(folder):
    home = _first(folder, "agreements.csv", tariff="residential-tiered")
    rows = f"{home},peak,any,2026-08-01,5,book 7\nnobody,counted,,,5,book 7\n"
    (folder / "opening_values.csv").write_text(OPENINGS + rows, encoding="utf-8")
    with pytest.raises(SupplierNotLoaded) as caught:
        supplier.load(folder=folder, actor=SYSTEM)
    found = {finding.where: finding.code for finding in caught.value.detail["findings"]}
    assert found == {
        "opening_values.csv:2: kind": "opening_unasked", "opening_values.csv:3: agreement": "unknown_agreement",
    }  # fmt: skip


def test_an_agreement_without_a_fact_that_its_tariff_asks_for_is_named(folder):
    path = folder / "agreements.csv"
    rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    works = next(row for row in rows if row["capacity_kva"])
    works["capacity_kva"] = ""
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(SupplierNotLoaded) as caught:
        supplier.load(folder=folder, actor=SYSTEM)
    (finding,) = caught.value.detail["findings"]
    assert (finding.code, finding.where.endswith("capacity_kva")) == ("facts_missing", True)


def _places(folder):
    lines = (folder / "premises.csv").read_text(encoding="utf-8-sig").splitlines()
    place = lines[0].split(",").index("service_point")
    return [line.split(",")[place] for line in lines[1:4]]


def test_every_fault_of_every_file_is_named_and_nothing_is_written(folder):
    _replace(folder / "agreements.csv", "residential-tiered,", "residental,")
    _replace(folder / "customers.csv", "resident", "alien")
    _replace(folder / "premises.csv", "220V", "221V")
    with pytest.raises(SupplierNotLoaded) as caught:
        supplier.load(folder=folder, actor=SYSTEM)
    found = {(finding.where.partition(":")[0], finding.code) for finding in caught.value.detail["findings"]}
    assert {where for where, _ in found} == {"agreements.csv", "customers.csv", "premises.csv"}
    assert ("agreements.csv", "unknown_tariff") in found
    assert not Account.objects.exists()


def test_faults_of_form_are_found_before_the_database_is_asked(folder):
    _replace(folder / "customers.csv", "2026-09-01", "01.09.2026")
    _replace(folder / "meters.csv", ",6,", ",６,")
    (folder / "agreements.csv").unlink()
    with pytest.raises(SupplierNotLoaded) as caught:
        supplier.load(folder=folder, actor=SYSTEM)
    codes = {finding.code for finding in caught.value.detail["findings"]}
    assert codes == {"bad_cell", "file_missing"}


@pytest.mark.parametrize(
    ("name", "old", "new", "code"),
    [
        ("supplier.csv", "cn-shanghai", "cn-nowhere", "other_pack"),
        ("supplier.csv", "Asia/Shanghai", "Asia/Nowhere", "unknown_zone"),
        ("supplier.csv", ",CNY,", ",YUAN,", "bad_currency"),
        ("supplier.csv", "DEMO", "D" * 21, "too_long"),
        ("customers.csv", ",01,2026", "," + "1" * 21 + ",2026", "too_long"),
        ("customers.csv", "C00000002", "C00000001", "described_twice"),
        ("agreements.csv", "2026-09-01", "2026-08-31", "before_account"),
        ("agreements.csv", "2026-09-01", "1999-01-01", "before_price"),
    ],
)
def test_what_does_not_agree_is_named_with_file_and_line(folder, name, old, new, code):
    _replace(folder / name, old, new)
    with pytest.raises(SupplierNotLoaded) as caught:
        supplier.load(folder=folder, actor=SYSTEM)
    found = {(finding.where, finding.code) for finding in caught.value.detail["findings"]}
    assert any(where.startswith(f"{name}:") and seen == code for where, seen in found), found
    assert not Account.objects.exists()


def test_a_second_supplier_is_refused(folder):
    path = folder / "supplier.csv"
    path.write_text(path.read_text(encoding="utf-8") + path.read_text(encoding="utf-8").splitlines()[1] + "\n")
    with pytest.raises(SupplierNotLoaded, match="one supplier"):
        supplier.load(folder=folder, actor=SYSTEM)


def test_the_same_folder_twice_is_refused_and_changes_nothing(folder):
    supplier.load(folder=folder, actor=SYSTEM)
    with pytest.raises(SupplierNotLoaded):
        supplier.load(folder=folder, actor=SYSTEM)
    assert Account.objects.count() == ACCOUNTS


def test_gb18030_is_read(folder):
    path = folder / "customers.csv"
    path.write_bytes(path.read_text(encoding="utf-8-sig").encode("gb18030"))
    assert supplier.load(folder=folder, actor=SYSTEM).customers == CUSTOMERS
