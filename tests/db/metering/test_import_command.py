"""manage.py import_reads."""

import io

import pytest
from django.core.management import CommandError, call_command

from metering.models.usage import Usage
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _supplier():
    factories.accounts.supplier()
    factories.metering.installation(of=factories.metering.meter(serial="31000001"))


def _run(*arguments):
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("import_reads", *map(str, arguments), stdout=out, stderr=err)
        code = ""
    except CommandError as error:
        code = str(error)
    return out.getvalue(), err.getvalue(), code


def test_a_folder_is_imported_and_each_file_is_counted(tmp_path):
    (tmp_path / "a.csv").write_text("meter,read_at,reading\n31000001,2026-01-01,5\n9,2026-01-01,5\n")
    out, err, code = _run(tmp_path)
    assert "a.csv: csv: 1 reads, 0 interval days (0 values), 0 unchanged, 1 rejected" in out
    assert "line 3: unknown_meter: There is no meter 9." in out
    assert (err, code) == ("", "")
    assert "known before" in _run(tmp_path)[0]
    assert _run("--strict", tmp_path)[2] == "1 line(s) rejected."


def test_a_refused_or_absent_file_is_an_error_and_the_others_are_loaded(tmp_path):
    (tmp_path / "b.csv").write_text("meter,read_at,reading\n31000001,2026-01-01,5\n")
    (tmp_path / "empty.csv").write_text("")
    out, err, code = _run(tmp_path / "empty.csv", tmp_path / "none.csv", tmp_path / "b.csv")
    assert "b.csv: csv: 1 reads" in out
    assert "empty.csv: refused (empty_file)" in err
    assert "none.csv: No such file" in err
    assert code == "2 file(s) refused; nothing of them was loaded."


def test_what_a_file_brings_is_approved_also_when_the_file_is_known(tmp_path):
    (tmp_path / "a.csv").write_text("meter,read_at,reading\n31000001,2026-01-01,5\n31000001,2026-02-01,9\n")
    (tmp_path / "b.csv").write_text("meter,read_at,reading\n31000001,2026-04-01,20\n")
    out = _run(tmp_path / "a.csv")[0]
    assert "usage: 1 spans approved, 0 unchanged, 0 replaced, 0 findings" in out
    Usage.objects.all().delete()
    assert "usage: 1 spans approved" in _run(tmp_path / "a.csv")[0]
    assert Usage.objects.get().energy_wh == 4_000
    out = _run(tmp_path / "b.csv")[0]
    assert "meter 31000001, total: read_missing: There is no read of 2026-03-01." in out
