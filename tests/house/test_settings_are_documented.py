"""Each variable of the environment stands in docs/operations/settings.md, and nothing else does."""

import re

from tests.house import source

TABLE_NAMES = re.compile(r"`([A-Z][A-Z_]+)`")


def variables_read():
    settings = (source.ROOT / "cis" / "settings.py").read_text(encoding="utf-8")
    found = set(re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", settings))
    for path in source.files():
        found |= set(re.findall(r"environ(?:\.get\(|\[)\"(WATTLINE_[A-Z_]+)\"", path.read_text(encoding="utf-8")))
    return found


def variables_documented():
    page = (source.ROOT / "docs" / "operations" / "settings.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in TABLE_NAMES.findall(row)}


def test_every_variable_is_documented_and_none_that_does_not_exist():
    assert len(variables_read()) > 15
    assert variables_documented() == variables_read()


def test_only_the_wiring_binds():
    binding = re.compile(r"\b(events\.listen|outbox\.send_by|jobs\.register|rendering\.(add_nav|name_supplier))\(")
    found = {source.name_of(path) for path in source.files() if binding.search(path.read_text(encoding="utf-8"))}
    rooms = {
        f"cis/wiring_{room}.py"
        for room in ("care", "cases", "demand", "metering", "money", "outages", "people", "privacy")
    }
    assert found - {"cis/platform/jobs.py"} == {"cis/wiring.py", *rooms}
