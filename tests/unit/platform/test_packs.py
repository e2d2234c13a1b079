"""Packs say what holds where and since when; what they do not say is refused, what they say wrongly is found."""

from datetime import date

import pytest

from cis.platform import calendars, packs
from cis.platform.pack_rules import Rules
from cis.platform.packs import BadPack, MissingRule

HEAD = 'schema = 1\ncode = "{code}"\nname_zh = "地"\nname_en = "Place"\n'
DUE = '[rule.program_offer_days]\nvalue = 15\nsource = "contract"\nvalid_from = 2000-01-01\n'


@pytest.fixture
def write(tmp_path):
    def written(code, text, *, head=HEAD, inherits=""):
        (tmp_path / code).mkdir(exist_ok=True)
        parent = f'inherits = "{inherits}"\n' if inherits else ""
        (tmp_path / code / "pack.toml").write_text(head.format(code=code) + parent + text, encoding="utf-8")
        return lambda: packs.read(tmp_path / code / "pack.toml")

    return written


def due(pack, year):
    return pack.text("program_offer_days", at=date(year, 6, 1)).value


def test_a_rule_holds_from_its_date_on(write):
    pack = write("aa", DUE)()
    assert due(pack, 2000) == 15
    with pytest.raises(MissingRule) as refused:
        due(pack, 1999)
    assert refused.value.detail == {"key": "program_offer_days", "at": "1999-06-01"}
    assert "cis/packs/aa/pack.toml" in refused.value.advice


def test_the_latest_text_holds_and_earlier_ones_before_it(write):
    earlier = "[[rule.program_offer_days.earlier]]\nvalue = {}\nsource = 's'\nvalid_from = {}-01-01\n"
    text = DUE.replace("2000", "2020") + earlier.format(20, 2005) + earlier.format(30, 2010)
    pack = write("aa", text)()
    assert [due(pack, year) for year in (2009, 2010, 2019, 2020)] == [20, 30, 30, 15]


def test_a_place_replaces_a_rule_of_its_country_as_a_whole(write):
    currency = '[rule.currency]\nvalue = "CNY"\nsource = "law"\nvalid_from = 1995-01-01\n'
    write("aa", DUE + currency)
    pack = write("aa-b", DUE.replace("15", "30").replace("2000", "2015"), inherits="aa")()
    assert due(pack, 2020) == 30
    assert pack.text("currency", at=date(2020, 1, 1)).value == "CNY"
    with pytest.raises(MissingRule):
        due(pack, 2010)


def test_a_pack_does_not_inherit_from_itself(write):
    write("aa", DUE, inherits="bb")
    with pytest.raises(BadPack, match="inherits"):
        write("bb", DUE, inherits="aa")()


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (DUE.replace("15", '"15"'), "rule.program_offer_days.value"),
        (DUE.replace("15", "true"), "rule.program_offer_days.value"),
        (DUE.replace("15", "15.0"), "rule.program_offer_days.value"),
        (DUE.replace("15", "-1"), "rule.program_offer_days.value"),
        (DUE.replace('"contract"', '" "'), "rule.program_offer_days.source"),
        (DUE.replace("2000-01-01", '"2000-01-01"'), "rule.program_offer_days.valid_from"),
        (DUE.replace("2000-01-01", "2000-01-01T00:00:00"), "rule.program_offer_days.valid_from"),
        (DUE.replace("value = 15\n", ""), "rule.program_offer_days.value"),
        (DUE + "surprise = 1\n", "rule.program_offer_days.surprise"),
        (DUE.replace("program_offer_days", "program_offer_dais"), "rule.program_offer_dais"),
        ('[rule.vat_rate]\nvalue = "13%"\nsource = "s"\nvalid_from = 2000-01-01\n', "rule.vat_rate.value"),
        ('[rule.time_zone]\nvalue = "Asia/Shanghi"\nsource = "s"\nvalid_from = 2000-01-01\n', "rule.time_zone.value"),
        ('[rule.currency]\nvalue = "yuan"\nsource = "s"\nvalid_from = 2000-01-01\n', "rule.currency.value"),
        ('[rule.bounds]\nvalue = 3\nsource = "s"\nvalid_from = 2000-01-01\n', "rule.bounds.value"),
        (
            '[rule.bounds]\nsource = "s"\nvalid_from = 2000-01-01\nvalue = { zero = 2 }\n',
            "rule.bounds.value.zero",
        ),
        (
            DUE + "[[rule.program_offer_days.earlier]]\nvalue = 1\nsource = 's'\nvalid_from = 2000-01-01\n",
            "rule.program_offer_days",
        ),
        (
            DUE + "[[rule.program_offer_days.earlier]]\nvalue = 1\nsource = 's'\nvalid_from = 2001-01-01\n",
            "rule.program_offer_days",
        ),
    ],
)
def test_what_is_wrong_is_found_where_it_stands(write, text, where):
    with pytest.raises(BadPack) as refused:
        write("aa", text)()
    assert where in {finding.where for finding in refused.value.detail["findings"]}


@pytest.mark.parametrize("head", [HEAD.replace("1", "2"), HEAD.replace("{code}", "zz"), HEAD.replace('"地"', '""')])
def test_the_head_is_checked(write, head):
    with pytest.raises(BadPack):
        write("aa", DUE, head=head)()


def test_broken_toml_and_unknown_packs_are_refused(write):
    with pytest.raises(BadPack, match="end of a table"):
        write("aa", "[rule")()
    for code in ("nowhere", ""):
        with pytest.raises(BadPack):
            packs.load(code)


def test_all_findings_are_reported_at_once(write):
    with pytest.raises(BadPack) as refused:
        write("aa", DUE.replace("15", "-1") + "surprise = 1\n[rule.x]\nvalue = 1\n", head=HEAD.replace("1", "7"))()
    assert len(refused.value.detail["findings"]) == 4


@pytest.mark.parametrize("code", sorted(path.parent.name for path in packs.folder("").glob("*/pack.toml")))
def test_every_shipped_pack_is_complete_and_typed(code):
    pack = packs.load(code)
    for key, rule in Rules.__dataclass_fields__.items():
        if "is_local" in rule.metadata and key not in pack.rules:
            continue
        assert pack.text(key, at=date(2026, 1, 1)).source.strip()


def test_the_rule_of_this_installation_is_read_by_its_key():
    assert packs.rule("currency", at=date(2026, 1, 1)) == "CNY"
    bounds = packs.rule("bounds", at=date(2026, 1, 1))
    assert bounds["negative_total"] is True
    with pytest.raises(TypeError):
        bounds["negative_total"] = False


def test_every_rule_is_in_some_shipped_pack():
    shipped = [packs.load(path.parent.name) for path in packs.folder("").glob("*/pack.toml")]
    assert Rules.__dataclass_fields__.keys() == {key for pack in shipped for key in pack.rules}


def test_business_days_of_china_know_the_make_up_days():
    """[source: 国务院办公厅关于2025年部分节假日安排的通知, 国办发明电〔2024〕12号]"""
    calendar = calendars.business_calendar("cn")
    worked = [day for day in range(20, 32) if calendar.is_business_day(date(2025, 1, day))]
    assert worked == [20, 21, 22, 23, 24, 26, 27]
    assert calendar.is_business_day(date(2025, 2, 8))
    assert not calendar.is_business_day(date(2025, 10, 8))
    assert calendar.add_business_days(date(2025, 9, 30), 1) == date(2025, 10, 9)
