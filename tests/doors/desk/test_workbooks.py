"""Lists of the desk as workbooks: the address of the CSV with ``?as=xlsx``."""

import csv
import io

import openpyxl
import pytest

from cis.platform import sheets

pytestmark = pytest.mark.django_db


def _csv(desk, path):
    return b"".join(desk.get(path).streaming_content).decode("utf-8-sig").splitlines()


@pytest.mark.parametrize("path", ["/desk/exceptions.csv", "/desk/bills.csv", "/desk/customers.csv"])
def test_a_list_as_a_workbook_has_the_rows_of_the_csv(desk, billed, path):
    answer = desk.get(f"{path}?as=xlsx")
    assert answer["Content-Type"] == sheets.MEDIA_TYPE
    assert ".xlsx" in answer["Content-Disposition"]
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    lines = list(csv.reader(_csv(desk, path)))
    assert sheet.max_row == len(lines)
    assert [cell.value for cell in sheet[1]] == lines[0]


def test_a_list_that_is_too_long_for_a_workbook_says_so(desk, billed, monkeypatch):
    monkeypatch.setattr(sheets.write, "__kwdefaults__", {"rows_most": 0})
    answer = desk.get("/desk/bills.csv?as=xlsx")
    assert answer.status_code == 413
    assert "take it as CSV" in answer.content.decode()


def test_pages_with_filters_lead_to_both(desk, billed):
    page = desk.get("/desk/bills/").content.decode()
    assert "as=xlsx" in page
