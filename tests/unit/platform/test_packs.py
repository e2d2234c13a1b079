"""Jurisdiction packs: each rule typed, with its legal source; nothing assumed where a rule is missing."""

from datetime import date
from pathlib import Path

import pytest

from cis.platform import packs
from cis.platform.packs import BadPack, MissingRule

PACKS = sorted(path.parent.name for path in (Path(packs.__file__).parents[1] / "packs").glob("*/pack.toml"))
HEAD = 'schema = 1\ncode = "xx"\nname_zh = "某地"\nname_en = "Somewhere"\n'
RULE = '[rule.bill_due_days]\nvalue = 15\nsource = "law"\nvalid_from = 2020-01-01\n'


def _read(tmp_path, text):
    folder = tmp_path / "xx"
    folder.mkdir(exist_ok=True)
    (folder / "pack.toml").write_text(text, encoding="utf-8")
    return packs.read(folder / "pack.toml")


def test_there_are_packs():
    assert {"cn", "cn-shanghai"} <= set(PACKS)


@pytest.mark.parametrize("name", PACKS)
def test_every_rule_of_every_pack_is_typed_and_has_a_legal_source(name):
    pack = packs.load(name)
    for texts in pack.rules.values():
        assert all(text.source.strip() for text in texts)


def test_a_place_takes_what_it_does_not_say_from_its_country():
    assert packs.load("cn-shanghai").text("currency", at=date(2026, 1, 1)).value == "CNY"


def test_the_text_in_force_is_the_latest_that_has_begun(tmp_path):
    pack = _read(
        tmp_path,
        HEAD + RULE + '[[rule.bill_due_days.earlier]]\nvalue = 30\nsource = "older law"\nvalid_from = 2010-01-01\n',
    )
    assert pack.text("bill_due_days", at=date(2020, 1, 1)).value == 15
    assert pack.text("bill_due_days", at=date(2019, 12, 31)).value == 30
    with pytest.raises(MissingRule, match="bill_due_days"):
        pack.text("bill_due_days", at=date(2009, 12, 31))


def test_a_missing_rule_is_an_error_that_names_it(tmp_path):
    with pytest.raises(MissingRule, match="vat_rate"):
        _read(tmp_path, HEAD + RULE).text("vat_rate", at=date(2026, 1, 1))


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (RULE.replace("15", '"15"'), "wrong_type"),
        (RULE.replace("15", "true"), "wrong_type"),
        (RULE.replace('"law"', '" "'), "no_source"),
        (RULE.replace('source = "law"\n', ""), "missing_key"),
        (RULE.replace("2020-01-01", '"2020-01-01"'), "wrong_date"),
        (RULE + "extra = 1\n", "unknown_key"),
        (RULE.replace("bill_due_days", "bill_do_days"), "unknown_rule"),
        ("surprise = 1\n" + RULE, "unknown_key"),
        ('inherits = "xx"\n' + RULE, "cycle"),
        ("[rule", "unreadable"),
    ],
)
def test_each_fault_is_named(tmp_path, wrong, code):
    with pytest.raises(BadPack) as caught:
        _read(tmp_path, HEAD + wrong)
    assert code in {finding.code for finding in caught.value.detail["findings"]}
