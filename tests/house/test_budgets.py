"""The budgets of docs/architecture.md, section 11."""

import ast

import pytest

from tests.house import source

FILE_LINES = 400
BODY_LINES = 35
BODY_LINES_MOST = 60
SHARE_WITHIN = 0.95
# Libraries that cost a noticeable time or memory to import, or need a system library.
HEAVY_IMPORTS = {"weasyprint", "pypinyin", "holidays", "granian", "openpyxl"}
BANNED_FILES = {"utils.py", "helpers.py", "common.py", "misc.py"}


def test_no_file_is_longer_than_400_lines():
    long = {
        source.name_of(path): lines
        for path in source.files()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > FILE_LINES
    }
    assert not long


def test_no_function_body_is_longer_than_60_lines_and_95_percent_stay_within_35():
    lengths = {
        f"{source.name_of(path)}:{node.lineno} {node.name}": source.body_lines(node)
        for path in source.files()
        for node in source.functions(path)
    }
    assert {name: n for name, n in lengths.items() if n > BODY_LINES_MOST} == {}
    within = sum(n <= BODY_LINES for n in lengths.values()) / len(lengths)
    assert within >= SHARE_WITHIN, sorted(((n, name) for name, n in lengths.items() if n > BODY_LINES), reverse=True)


def test_no_file_is_a_drawer_for_anything():
    assert [source.name_of(path) for path in source.files() if path.name in BANNED_FILES] == []


def test_functions_import_nothing_but_the_heavy_libraries():
    found = [
        f"{source.name_of(path)}:{inner.lineno}"
        for path in source.files()
        for node in source.functions(path)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom) and not _is_allowed(path, node, inner)
    ]
    assert found == []


def _is_allowed(path, function, statement) -> bool:
    if path.name == "apps.py" and function.name == "ready":
        return True  # Django forbids imports of models before the apps are ready
    names = [statement.module or ""] if isinstance(statement, ast.ImportFrom) else [a.name for a in statement.names]
    return all(name.split(".")[0] in HEAVY_IMPORTS for name in names)


@pytest.mark.parametrize("word", ["TODO", "FIXME", "XXX", "HACK"])
def test_no_note_of_unfinished_work_is_left(word):
    assert [source.name_of(p) for p in source.files() if word in p.read_text(encoding="utf-8")] == []


def test_models_have_no_ordering_and_no_signals_are_received():
    found = []
    for path in source.files():
        for node in ast.walk(source.tree_of(path)):
            if isinstance(node, ast.ClassDef) and node.name == "Meta":
                found += [
                    f"{source.name_of(path)}:{item.lineno}"
                    for item in node.body
                    if isinstance(item, ast.Assign) and any(getattr(t, "id", "") == "ordering" for t in item.targets)
                ]
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("django.db.models.signals"):
                found.append(f"{source.name_of(path)}:{node.lineno}")
    assert found == []


def test_kernels_hold_no_float_and_no_decimal():
    """No money or energy may pass through a float: neither literal, nor call, nor the decimal module."""
    # How sure a guess at the class of a text is, how unusual a load or what shape it has, and what it may be tomorrow:
    # none of them is money or energy that is billed.
    likelihoods = {
        "complaints/domain/class_model.py",
        "metering/domain/clusters.py",
        *(f"metering/domain/anomaly_{part}.py" for part in ("detectors", "features", "groups")),
        "billing/domain/sales_forecast.py",
        *(f"metering/domain/{name}.py" for name in ("boosting", "calendar_features", "forecasts", "voltages")),
    }
    found = []
    for path in source.files():
        parts = path.relative_to(source.ROOT).parts
        if "domain" not in parts and parts[:2] != ("cis", "kernel"):
            continue
        if source.name_of(path) in likelihoods:
            continue
        for node in ast.walk(source.tree_of(path)):
            is_float = isinstance(node, ast.Constant) and isinstance(node.value, float)
            is_call = isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"float", "Decimal"}
            is_import = isinstance(node, ast.ImportFrom) and node.module == "decimal"
            is_numpy = isinstance(node, ast.Attribute) and node.attr in {"float64", "float32"}
            if is_float or is_call or is_import or is_numpy:
                found.append(f"{source.name_of(path)}:{node.lineno}")
    assert found == []
