"""The shipped packs: each rule has its source and date, and the tariffs agree with the rules."""

import tomllib
from datetime import date
from pathlib import Path

import pytest

from cis.kernel import fixed
from tariffs.domain import document
from tariffs.domain.components.basic import Tax

PACKS = Path(__file__).parents[4] / "cis" / "packs"
FOLDERS = sorted(path.parent for path in PACKS.glob("*/pack.toml"))


def rules_of(folder):
    pack = tomllib.loads((folder / "pack.toml").read_text(encoding="utf-8"))
    inherited = rules_of(PACKS / pack["inherits"]) if "inherits" in pack else {}
    return inherited | pack.get("rule", {})


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_each_rule_has_a_value_a_source_and_a_date(folder):
    pack = tomllib.loads((folder / "pack.toml").read_text(encoding="utf-8"))
    assert pack["code"] == folder.name
    for key, rule in pack.get("rule", {}).items():
        assert (
            {"value", "source", "valid_from"}
            <= set(rule)
            <= {
                "value",
                "source",
                "source_status",
                "valid_from",
                "note",
                "earlier",
            }
        ), key
        assert rule["source"].strip(), key
        assert type(rule["valid_from"]) is date, key


@pytest.mark.parametrize("path", sorted(PACKS.glob("*/tariffs/*.toml")), ids=lambda path: path.stem)
def test_a_tariff_has_the_money_and_the_tax_of_its_pack(path):
    rules = {key: rule["value"] for key, rule in rules_of(path.parents[1]).items()}
    plan = document.parse(text=path.read_text(encoding="utf-8")).plan
    assert (plan.currency, plan.decimals) == (rules["currency"], rules["decimals"])
    taxes = [component for component in plan.components if isinstance(component, Tax)]
    rate_e6 = fixed.parse(rules["vat_rate"], places=6)
    # A place without such a tax has the rate 0, and no line for it.
    assert [(tax.rate_e6, tax.mode) for tax in taxes] == ([(rate_e6, rules["vat_mode"])] if rate_e6 else [])
