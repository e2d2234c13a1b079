"""The command that turns a file of the URDB into documents that can be checked and published."""

import gzip
import json
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tariffs.queries import plans
from tests.unit.tariffs.domain.urdb.rates import COLLECTED, rate

HISTORY = Path(__file__).parents[4] / "shared" / "data" / "tariffs" / "urdb_history"
EVENTS = ["pdp_charge_energy", "pdp_credit_demandratestructure", "pdp_credit_energyratestructure"]
NO_KVAR = ["--without", "demandReactPwrCharge"]


def run(*arguments):
    call_command("tariffs", *map(str, arguments))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", sorted(COLLECTED.glob("*.json")), ids=lambda path: path.stem)
def test_each_collected_rate_can_be_published(path, tmp_path, capsys):
    run("import-urdb", path, "--out", tmp_path, *NO_KVAR)
    run("check", tmp_path)
    run("load", tmp_path, "--publish")
    assert "new, published" in capsys.readouterr().out
    assert len(plans.price_book()) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(
    not HISTORY.is_dir(), reason="the collected histories, without a licence, are not beside the project"
)
def test_a_history_is_published_as_one_entry_of_the_price_book(tmp_path, capsys):
    run("import-urdb", HISTORY / "pge_e19_2014_2019.json.gz", "--out", tmp_path, "--without", *EVENTS)
    run("load", tmp_path, "--publish")
    assert capsys.readouterr().out.count("new, published") == 17
    held = plans.versions(start_date=date(2014, 1, 1), end_date=date(2021, 1, 1))
    assert len({version.tariff_id for version in held}) == 1
    assert len(held) == 17
    assert all(one.end_date == other.start_date for one, other in pairwise(held))


def test_without_a_place_the_document_is_printed_and_the_decisions_are_told_beside_it(tmp_path, capsys):
    path = tmp_path / "small.json"
    path.write_text(json.dumps(rate(sector="Residential")), encoding="utf-8")
    run("import-urdb", path)
    out, err = capsys.readouterr()
    assert 'code = "city-light-small"' in out
    assert "Holidays have the hours of a weekday" in err
    assert "without a price: sector" in err


def test_what_cannot_be_billed_is_refused_by_name_and_nothing_is_written(tmp_path):
    path = tmp_path / "small.json"
    path.write_text(json.dumps(rate(fueladjustmentsmonthly=[1] * 12, somethingnew=1)), encoding="utf-8")
    with pytest.raises(CommandError, match="fueladjustmentsmonthly") as refusal:
        run("import-urdb", path, "--out", tmp_path / "out")
    assert "somethingnew" in str(refusal.value)
    assert not (tmp_path / "out").exists()


def test_a_packed_list_of_versions_becomes_a_document_each(tmp_path, capsys):
    path = tmp_path / "small.json.gz"
    listed = [rate(startdate="2023-01-01", enddate="2023-12-31"), rate(startdate="2024-01-01")]
    path.write_bytes(gzip.compress(json.dumps(listed).encode()))
    run("import-urdb", path, "--out", tmp_path)
    names = ["city-light-small@2023-01-01.toml", "city-light-small@2024-01-01.toml"]
    assert sorted(one.name for one in tmp_path.glob("*.toml")) == names
    run("check", tmp_path)
    with pytest.raises(CommandError, match="2 versions"):
        run("import-urdb", path, "--out", tmp_path / "one.toml")
    run("import-urdb", path, "--out", tmp_path / "one.toml", "--on", "2023-05-01")
    assert "valid_from = 2023-01-01" in (tmp_path / "one.toml").read_text(encoding="utf-8")


def test_another_document_of_that_name_is_not_overwritten(tmp_path):
    path = tmp_path / "small.json"
    path.write_text(json.dumps(rate()), encoding="utf-8")
    run("import-urdb", path, "--out", tmp_path)
    run("import-urdb", path, "--out", tmp_path)
    path.write_text(json.dumps(rate(fixedchargefirstmeter=6)), encoding="utf-8")
    with pytest.raises(CommandError, match="says something else"):
        run("import-urdb", path, "--out", tmp_path)


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"\x1f\x8bnot packed"])
def test_what_is_no_text_or_no_file_is_refused(content, tmp_path):
    path = tmp_path / "rate.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError):
        run("import-urdb", path)
