"""manage.py import_reads."""

import io

import pytest
from django.core.management import CommandError, call_command

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
