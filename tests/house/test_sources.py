"""Every rule and clause of a shipped pack says where it comes from, and how sure that is."""

import tomllib
from datetime import date
from pathlib import Path

import pytest

PACKS = Path(__file__).parents[2] / "cis" / "packs"
STATUSES = {"read", "reported", "choice", "unverified"}


def texts():
    """Each text of each rule and clause: where it stands, and the table itself."""
    for path in sorted(PACKS.glob("*/pack.toml")):
        for key, table in tomllib.loads(path.read_text(encoding="utf-8")).get("rule", {}).items():
            for place, one in enumerate([table, *table.get("earlier", [])]):
                yield f"{path.parent.name} {key} {place}", one
    for path in sorted(PACKS.glob("*/clauses.toml")):
        for one in tomllib.loads(path.read_text(encoding="utf-8")).get("clause", []):
            yield f"{path.parent.name} clause {one['code']} {one['version']}", one


TEXTS = dict(texts())


def test_there_are_rules_to_look_at():
    assert len(TEXTS) > 200


@pytest.mark.parametrize("where", TEXTS)
def test_each_rule_has_a_source_and_says_how_sure_it_is(where):
    one = TEXTS[where]
    assert one["source"].strip()
    assert one.get("source_status") in STATUSES
    if one["source"].startswith("Supplier's choice"):
        assert one["source_status"] == "choice"
    assert type(one["valid_from"]) is date


def test_each_standard_plan_and_season_has_a_source_of_its_own():
    for path in sorted(PACKS.glob("*/pack.toml")):
        rules = tomllib.loads(path.read_text(encoding="utf-8")).get("rule", {})
        for key in ("service_standards", "inspection_plans", "inspection_seasons"):
            for name, one in rules.get(key, {}).get("value", {}).items():
                assert one["source"].strip(), f"{path.parent.name} {key}.{name}"
