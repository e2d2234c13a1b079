"""The list of collected cases (docs/cases.md) says the truth: all cases are there, and each named test exists."""

import ast
import importlib.util
import re

import pytest

from tests.house import source

SPEC = importlib.util.spec_from_file_location("list_cases", source.ROOT / "tools" / "list_cases.py")
list_cases = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(list_cases)
PAGE = list_cases.PAGE.read_text(encoding="utf-8")
COLLECTED = pytest.mark.skipif(not list_cases.DATA.is_dir(), reason="the collection of cases is not beside the project")


def named_tests():
    return sorted(set(re.findall(r"\| `(tests/[^`]+)` \|", PAGE)))


@COLLECTED
def test_the_list_is_what_data_and_tests_say():
    assert list_cases.page() == PAGE, "docs/cases.md is old: run .venv/bin/python tools/list_cases.py"


@pytest.mark.parametrize("test", named_tests())
def test_each_test_that_the_list_names_exists(test):
    path, _, function = test.partition("::")
    assert (source.ROOT / path).is_file()
    if function:
        tree = ast.parse((source.ROOT / path).read_text(encoding="utf-8"))
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_list_names_tests_and_hides_no_case_without_a_reason():
    assert len(named_tests()) > 20
    assert not re.search(r"not yet: *\|", PAGE)


@COLLECTED
def test_a_case_without_a_test_and_without_a_reason_is_found(monkeypatch):
    rows = [{"set": "bills/eeco_cases.json", "test": "tests/golden/test_blocks.py", "ids": "", "waits_for": ""}]
    with pytest.raises(list_cases.Uncovered, match="eeco-energy-flat"):
        list_cases.cases_of("bills/eeco_cases.json", rows)
    waiting = list_cases.cases_of("bills/eeco_cases.json", [rows[0] | {"waits_for": "somebody"}])
    assert {case.waits for case in waiting} == {"somebody"}
