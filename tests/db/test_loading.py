"""A whole supplier from a folder of CSV files."""

import shutil
from datetime import date

import pytest

from accounts.models.account import Account
from billing.models.run import CycleMember
from cis.demo import files, world
from cis.kernel.actors import SYSTEM
from cis.kernel.periods import Period
from cis.loading import supplier
from cis.loading.supplier import SupplierNotLoaded
from contracts.models.agreement import AgreementTerm
from metering.models.device import Installation, Register

pytestmark = pytest.mark.django_db(transaction=True)
ACCOUNTS = 120


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    months = (Period(start=date(2026, 9, 1), end=date(2026, 10, 1)), Period(start=date(2026, 10, 1), end=date(2026, 11, 1)))
    folder = tmp_path_factory.mktemp("made")
    return files.write(folder, world.Scale(accounts=ACCOUNTS, months=months, seed=7)).supplier


@pytest.fixture
def folder(made, tmp_path):
    return shutil.copytree(made, tmp_path / "supplier")


def _replace(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_made_up_supplier_loads_whole(folder):
    loaded = supplier.load(folder=folder, actor=SYSTEM)
    assert (loaded.customers, loaded.accounts, loaded.agreements) == (ACCOUNTS, ACCOUNTS, ACCOUNTS)
    assert Account.objects.count() == CycleMember.objects.count() == AgreementTerm.objects.count() == ACCOUNTS
    assert Installation.objects.count() == loaded.meters
    assert Register.objects.filter(is_interval=True).exists()


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


def test_the_same_folder_twice_is_refused_and_changes_nothing(folder):
    supplier.load(folder=folder, actor=SYSTEM)
    with pytest.raises(SupplierNotLoaded):
        supplier.load(folder=folder, actor=SYSTEM)
    assert Account.objects.count() == ACCOUNTS


def test_gb18030_is_read(folder):
    path = folder / "customers.csv"
    path.write_bytes(path.read_text(encoding="utf-8-sig").encode("gb18030"))
    assert supplier.load(folder=folder, actor=SYSTEM).customers == ACCOUNTS
