"""Checklists: files that are wrong are told in full; answers are checked by their items."""

import tomllib

import pytest

from metering.domain import checklists
from metering.domain.checklists import BadAnswers, BadChecklist
from tests.house import source

TEXT = """
schema = 1
code = "walk"
name_en = "Walk"
name_zh = "巡视"
source = "test"
[[item]]
code = "door_closed"
kind = "yes_no"
label_en = "Door closed"
label_zh = "门已关"
required = true
defect = { severity = "minor", answers = ["no"], text_en = "The door stands open", text_zh = "门未关" }
[[item]]
code = "earth"
kind = "number"
label_en = "Earthing"
label_zh = "接地电阻"
unit = "Ω"
decimals = 2
least = "0"
most = "1000"
defect = { severity = "grave", above = "4", text_en = "Earthing too weak", text_zh = "接地电阻超标" }
[[item]]
code = "place"
kind = "choice"
label_en = "Place"
label_zh = "位置"
choices = [{ code = "in", label_en = "inside", label_zh = "室内" }, { code = "out", label_en = "outside", label_zh = "室外" }]
[[item]]
code = "remarks"
kind = "text"
label_en = "Remarks"
label_zh = "备注"
[[item]]
code = "view"
kind = "photo"
label_en = "View"
label_zh = "照片"
required = true
"""
LIST = checklists.parse(tomllib.loads(TEXT), code="walk")


def _codes(refusal):
    return [(finding.where, finding.code) for finding in refusal.value.detail["findings"]]


def test_answers_are_kept_in_one_form_and_what_is_empty_is_left_out():
    answers = {"door_closed": "yes", "earth": " 3.5 ", "place": "in", "remarks": "  "}
    assert checklists.check(LIST, answers=answers, photos={"view": 2}) == {
        "door_closed": "yes",
        "earth": "3.50",
        "place": "in",
    }


def test_all_that_is_wrong_with_answers_is_told_at_once():
    answers = {"earth": "1000.01", "place": "up", "remarks": "x" * 501, "other": "1"}
    with pytest.raises(BadAnswers) as refusal:
        checklists.check(LIST, answers=answers, photos={})
    assert _codes(refusal) == [
        ("door_closed", "answer_missing"),
        ("earth", "answer_out_of_bounds"),
        ("place", "wrong_answer"),
        ("remarks", "answer_too_long"),
        ("view", "photo_missing"),
        ("other", "unknown_item"),
    ]


@pytest.mark.parametrize("text", ["1e3", "NaN", "１", "3.555", "three"])
def test_a_number_is_one_by_the_grammar_of_the_house(text):
    with pytest.raises(BadAnswers) as refusal:
        checklists.check(LIST, answers={"door_closed": "yes", "earth": text}, photos={"view": 1})
    assert [where for where, _ in _codes(refusal)] == ["earth"]


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ({"door_closed": "yes", "earth": "4.00"}, []),
        ({"door_closed": "no", "earth": "4.01"}, ["door_closed", "earth"]),
        ({"door_closed": "yes"}, []),
    ],
)
def test_defects_follow_from_answers_and_bounds(answers, found):
    assert [item.code for item, _ in checklists.defects(LIST, answers=answers)] == found


def test_an_answer_reads_in_both_languages():
    item = {one.code: one for one in LIST.items}
    assert checklists.words(item=item["door_closed"], answer="no", language="zh") == "否"
    assert checklists.words(item=item["earth"], answer="3.50", language="en") == "3.50 Ω"
    assert checklists.words(item=item["place"], answer="out", language="zh") == "室外"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('code = "walk"', 'code = "run"', "wrong_code"),
        ('kind = "text"', 'kind = "essay"', "unknown_kind"),
        ('code = "earth"', 'code = "door_closed"', "item_twice"),
        ('most = "1000"', 'most = "many"', "not_a_number"),
        ('answers = ["no"]', 'answers = ["perhaps"]', "wrong_defect"),
        ("decimals = 2", "decimals = 9", "wrong_decimals"),
        ('label_zh = "备注"', "", "missing_key"),
        ('unit = "Ω"', 'unit = "Ω"\ncolour = "red"', "unknown_key"),
        (', { code = "out", label_en = "outside", label_zh = "室外" }', "", "no_choices"),
    ],
)
def test_a_file_that_is_wrong_is_refused_by_name(old, new, code):
    assert old in TEXT
    with pytest.raises(BadChecklist) as refusal:
        checklists.parse(tomllib.loads(TEXT.replace(old, new, 1)), code="walk")
    assert code in {found for _, found in _codes(refusal)}


@pytest.mark.parametrize("path", sorted((source.ROOT / "cis" / "packs").glob("*/checklists/*.toml")), ids=str)
def test_every_checklist_of_the_packs_can_be_used(path):
    checklists.parse(tomllib.loads(path.read_text(encoding="utf-8")), code=path.stem)
