"""One door to the ledger, closed PDF rendering, read-only admin: names are looked for outside their one home."""

import ast
import re

from tests.house import source

LEDGER_HOMES = {"billing/models/ledger.py", "billing/models/__init__.py", "billing/operations/ledger.py"}


def _calls(path):
    return (node for node in ast.walk(source.tree_of(path)) if isinstance(node, ast.Call))


def test_only_the_ledger_operation_writes_transfers():
    """Neither by the model, nor by get_model, nor by COPY or SQL into its table."""
    writes = re.compile(r"(insert\s+into|copy|update)\s+\"?billing_(transfer|ledgeraccount)\b", re.IGNORECASE)
    by_name = re.compile(r"get_model\([^)]*(Transfer|LedgerAccount)")
    table = re.compile(r"table\s*=\s*[\"']billing_(transfer|ledgeraccount)[\"']")
    found = [
        source.name_of(path)
        for path in source.files()
        if source.name_of(path) not in LEDGER_HOMES
        and any(p.search(path.read_text(encoding="utf-8")) for p in (writes, by_name, table))
    ]
    assert found == []


def test_only_the_renderer_imports_weasyprint():
    found = [
        source.name_of(path)
        for path in source.files()
        if source.name_of(path) != "cis/platform/rendering.py"
        for node in ast.walk(source.tree_of(path))
        if (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("weasyprint"))
        or (isinstance(node, ast.Import) and any(a.name.startswith("weasyprint") for a in node.names))
    ]
    assert found == []


def test_days_in_forms_are_written_as_browsers_read_them():
    """Django writes the value of a date by the language, and a browser then shows an empty field."""
    found = [
        f"{source.name_of(path)}:{node.lineno}"
        for path in source.files()
        if source.name_of(path).startswith("cis/") and source.name_of(path) != "cis/platform/forms.py"
        for node in _calls(path)
        if ast.unparse(node.func) == "forms.DateField"
        or (ast.unparse(node.func) == "forms.DateInput" and not any(one.arg == "format" for one in node.keywords))
    ]
    assert found == []


def test_no_template_marks_foreign_text_as_safe():
    templates = (source.ROOT / "templates").rglob("*.html")
    assert [str(p) for p in templates if re.search(r"\|\s*safe\b|autoescape off", p.read_text(encoding="utf-8"))] == []


def test_no_template_holds_inline_script_or_style():
    """The content security policy refuses both, so such a page would silently lose them."""
    pattern = re.compile(
        r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>|<style\b|\sstyle=|\son[a-z]+=", re.IGNORECASE
    )
    pages = [p for p in (source.ROOT / "templates").rglob("*.html") if "documents" not in p.parts]
    assert [str(p.relative_to(source.ROOT)) for p in pages if pattern.search(p.read_text(encoding="utf-8"))] == []


def test_a_page_with_a_chart_loads_what_draws_it():
    """Else its place stays empty, which no test of the page's text would see. Parts are loaded by their pages."""
    pages = [p for p in (source.ROOT / "templates").rglob("*.html") if not p.name.startswith("_")]
    pages = [p for p in pages if p.parent.name != "_parts"]
    texts = {p: p.read_text(encoding="utf-8") for p in pages}
    assert [p.name for p, text in texts.items() if "data-chart=" in text and "charts.js" not in text] == []


def test_no_settings_or_source_hold_a_secret():
    pattern = re.compile(r"(password|secret|token)\s*=\s*[\"'][^\"'{}\s]{8,}[\"']", re.IGNORECASE)
    hits = [
        f"{source.name_of(path)}: {match.group(0)}"
        for path in source.files()
        for match in pattern.finditer(path.read_text(encoding="utf-8"))
    ]
    assert hits == []
