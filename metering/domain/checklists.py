"""
Checklists: what a crew looks at, measures and photographs, as data; and the check of what it answered.

A list is a TOML file of the jurisdiction pack (docs/guide/checklists.md); an answer is kept with the words of its item,
so that a list may change without changing what was once answered.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cis.kernel import fixed
from cis.kernel.errors import Findings, Refused

CODE = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
LIST_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
TEXT_MOST = 500
PHOTOS_MOST = 10
DECIMALS_MOST = 6
HEAD = frozenset({"schema", "code", "name_en", "name_zh", "source", "item"})
COMMON = frozenset({"code", "kind", "label_en", "label_zh", "required"})
DEFECT_KEYS = frozenset({"severity", "answers", "below", "above", "text_en", "text_zh", "remedy_en", "remedy_zh"})
YES, NO = "yes", "no"


class ItemKind(StrEnum):
    """How an item is answered."""

    YES_NO = "yes_no"
    NUMBER = "number"
    CHOICE = "choice"
    TEXT = "text"
    PHOTO = "photo"


OWN_KEYS: Mapping[ItemKind, frozenset[str]] = {
    ItemKind.YES_NO: frozenset({"defect"}),
    ItemKind.NUMBER: frozenset({"unit", "least", "most", "decimals", "defect"}),
    ItemKind.CHOICE: frozenset({"choices", "defect"}),
    ItemKind.TEXT: frozenset(),
    ItemKind.PHOTO: frozenset(),
}


class BadChecklist(Refused):
    """A checklist's file cannot be used; ``detail["findings"]`` names every fault."""

    code = "bad_checklist"


class BadAnswers(Refused):
    """Answers are missing or wrong; ``detail["findings"]`` has one entry for each item."""

    code = "bad_answers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One answer to choose."""

    code: str
    label_en: str
    label_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """
    When an answer is a defect: these answers, or a number outside of the bounds of what is in order.

    severity                 how bad it is: the pack's service standard ``defect_<severity>`` says how long it may stay
    remedy_en, remedy_zh     what is to be done, in plain words; "" = the text says it
    """

    severity: str
    answers: tuple[str, ...] = ()
    below: str = ""
    above: str = ""
    text_en: str
    text_zh: str
    remedy_en: str = ""
    remedy_zh: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """
    One line of a checklist.

    decimals     of a number
    least, most  bounds of a number that can be true at all, as text; "" = none
    """

    code: str
    kind: ItemKind
    label_en: str
    label_zh: str
    is_required: bool = False
    unit: str = ""
    decimals: int = 0
    least: str = ""
    most: str = ""
    choices: tuple[Choice, ...] = ()
    defect: Defect | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist:
    """A list with its items in the order in which they are asked."""

    code: str
    name_en: str
    name_zh: str
    source: str
    items: tuple[Item, ...]

    def item(self, code: str) -> Item | None:
        """Return an item by its code."""
        return next((item for item in self.items if item.code == code), None)


def parse(document: Mapping[str, Any], *, code: str) -> Checklist:
    """
    Return the checklist of a document.

    :raises BadChecklist: every fault at once.
    """
    findings = Findings()
    for key in sorted(document.keys() - HEAD):
        findings.add(key, "unknown_key", f"{key} is no key of a checklist.")
    if document.get("schema") != 1 or document.get("code") != code:
        findings.add("code", "wrong_code", f"schema is 1 and code is the file's name, {code}.")
    texts = {key: _text(document, key, key, findings) for key in ("name_en", "name_zh", "source")}
    rows = document.get("item")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        findings.add("item", "no_items", "A checklist has items, [[item]].")
        rows = []
    items = tuple(_item(row, f"item[{place}]", findings) for place, row in enumerate(rows))
    codes = [item.code for item in items]
    for twice in sorted({name for name in codes if codes.count(name) > 1}):
        findings.add("item", "item_twice", f"The item {twice} stands twice.")
    findings.raise_if_any(BadChecklist)
    return Checklist(code=code, items=items, **texts)


def check(checklist: Checklist, *, answers: Mapping[str, str], photos: Mapping[str, int]) -> dict[str, str]:
    """
    Return the answers as they are kept: trimmed, numbers in one form, items left out that have no answer.

    :param answers: by the code of the item, as typed.
    :param photos: how many photos there are of each item.
    :raises BadAnswers: a required answer is missing, or one does not fit its item; every fault at once.
    """
    findings = Findings()
    kept: dict[str, str] = {}
    for item in checklist.items:
        if item.kind is ItemKind.PHOTO:
            if item.is_required and not photos.get(item.code):
                findings.add(item.code, "photo_missing", "A photo is missing.", "Take it before you finish.")
            continue
        text = answers.get(item.code, "").strip()
        if not text:
            if item.is_required:
                findings.add(item.code, "answer_missing", "An answer is missing.")
            continue
        answer = _answer(item, text, findings)
        if answer is not None:
            kept[item.code] = answer
    for code in sorted(answers.keys() - {item.code for item in checklist.items}):
        findings.add(code, "unknown_item", f"The checklist has no item {code}.")
    findings.raise_if_any(BadAnswers)
    return kept


def defects(checklist: Checklist, *, answers: Mapping[str, str]) -> tuple[tuple[Item, Defect], ...]:
    """Return the items whose answers are defects, with what each one is; answers as ``check`` keeps them."""
    return tuple(
        (item, item.defect)
        for item in checklist.items
        if item.defect is not None and item.code in answers and _is_defect(item, item.defect, answers[item.code])
    )


def words(*, item: Item, answer: str, language: str) -> str:
    """Return how an answer reads: the words of a choice, a number with its unit; language "en" or "zh"."""
    is_chinese = language == "zh"
    match item.kind:
        case ItemKind.YES_NO:
            return {YES: "是" if is_chinese else "yes", NO: "否" if is_chinese else "no"}[answer]
        case ItemKind.CHOICE:
            choice = next(one for one in item.choices if one.code == answer)
            return choice.label_zh if is_chinese else choice.label_en
        case ItemKind.NUMBER:
            return f"{answer} {item.unit}".strip()
    return answer


def _is_defect(item: Item, defect: Defect, answer: str) -> bool:
    if item.kind is not ItemKind.NUMBER:
        return answer in defect.answers
    value = _number(answer, item.decimals)
    return bool(defect.below and value < _number(defect.below, item.decimals)) or bool(
        defect.above and value > _number(defect.above, item.decimals)
    )


def _answer(item: Item, text: str, findings: Findings) -> str | None:
    match item.kind:
        case ItemKind.YES_NO if text not in {YES, NO}:
            findings.add(item.code, "wrong_answer", "The answer is yes or no.")
            return None
        case ItemKind.CHOICE if text not in {choice.code for choice in item.choices}:
            findings.add(item.code, "wrong_answer", "This answer is not among the choices.")
            return None
        case ItemKind.TEXT if len(text) > TEXT_MOST:
            findings.add(item.code, "answer_too_long", f"A text has up to {TEXT_MOST} characters.")
            return None
        case ItemKind.NUMBER:
            return _number_answer(item, text, findings)
    return text


def _number_answer(item: Item, text: str, findings: Findings) -> str | None:
    try:
        value = _number(text, item.decimals)
    except fixed.NotANumber as refusal:
        findings.add(item.code, refusal.code, refusal.message, refusal.advice)
        return None
    if (item.least and value < _number(item.least, item.decimals)) or (
        item.most and value > _number(item.most, item.decimals)
    ):
        span = f"{item.least or '…'} to {item.most or '…'} {item.unit}".strip()
        findings.add(item.code, "answer_out_of_bounds", f"It is {span}.", "Measure again.")
        return None
    return fixed.to_text(value, places=item.decimals)


def _number(text: str, decimals: int) -> int:
    return fixed.parse(text, places=decimals)


def _item(row: Mapping[str, Any], where: str, findings: Findings) -> Item:
    kind_text = row.get("kind")
    if kind_text not in set(ItemKind):
        findings.add(f"{where}.kind", "unknown_kind", f"The kind is one of {', '.join(ItemKind)}.")
        return Item(code=str(row.get("code", "")), kind=ItemKind.TEXT, label_en="", label_zh="")
    kind = ItemKind(kind_text)
    for key in sorted(row.keys() - COMMON - OWN_KEYS[kind]):
        findings.add(f"{where}.{key}", "unknown_key", f"{key} is no key of an item of kind {kind}.")
    code = _text(row, "code", f"{where}.code", findings)
    if code and not CODE.fullmatch(code):
        findings.add(f"{where}.code", "wrong_code", f"{code!r} is no code: small letters, digits and underscores.")
    decimals = row.get("decimals", 0)
    if type(decimals) is not int or not 0 <= decimals <= DECIMALS_MOST:
        findings.add(f"{where}.decimals", "wrong_decimals", f"A number has 0 to {DECIMALS_MOST} decimals.")
        decimals = 0
    if type(row.get("required", False)) is not bool:
        findings.add(f"{where}.required", "wrong_type", "required is true or false.")
    bounds = {key: _bound(row, key, decimals, where, findings) for key in ("least", "most")}
    choices = _choices(row, where, findings) if kind is ItemKind.CHOICE else ()
    item = Item(
        code=code, kind=kind, label_en=_text(row, "label_en", f"{where}.label_en", findings),
        label_zh=_text(row, "label_zh", f"{where}.label_zh", findings), is_required=bool(row.get("required", False)),
        unit=str(row.get("unit", "")), decimals=decimals, choices=choices, **bounds,
        defect=_defect(row["defect"], f"{where}.defect", decimals, findings) if "defect" in row else None,
    )  # fmt: skip
    _check_defect_answers(item, where, findings)
    return item


def _check_defect_answers(item: Item, where: str, findings: Findings) -> None:
    defect = item.defect
    if defect is None:
        return
    possible = {YES, NO} if item.kind is ItemKind.YES_NO else {choice.code for choice in item.choices}
    if item.kind is ItemKind.NUMBER:
        if defect.answers or not (defect.below or defect.above):
            findings.add(f"{where}.defect", "wrong_defect", "A number is a defect below or above a bound.")
    elif not defect.answers or set(defect.answers) - possible:
        findings.add(f"{where}.defect", "wrong_defect", "A defect names answers of its item.")


def _defect(row: Any, where: str, decimals: int, findings: Findings) -> Defect | None:
    if not isinstance(row, dict) or row.keys() - DEFECT_KEYS:
        findings.add(where, "wrong_defect", f"A defect has no other keys than {', '.join(sorted(DEFECT_KEYS))}.")
        return None
    answers = row.get("answers", [])
    if not isinstance(answers, list) or not all(isinstance(one, str) for one in answers):
        findings.add(where, "wrong_defect", "answers is a list of texts.")
        answers = []
    return Defect(
        severity=_text(row, "severity", f"{where}.severity", findings),
        answers=tuple(answers),
        below=_bound(row, "below", decimals, where, findings),
        above=_bound(row, "above", decimals, where, findings),
        text_en=_text(row, "text_en", f"{where}.text_en", findings),
        text_zh=_text(row, "text_zh", f"{where}.text_zh", findings),
        **{key: _text(row, key, f"{where}.{key}", findings) for key in ("remedy_en", "remedy_zh") if key in row},
    )


def _choices(row: Mapping[str, Any], where: str, findings: Findings) -> tuple[Choice, ...]:
    rows: Sequence[Any] = row.get("choices", ())
    if not isinstance(rows, list) or len(rows) < 2 or not all(isinstance(one, dict) for one in rows):  # noqa: PLR2004
        findings.add(f"{where}.choices", "no_choices", "A choice has two or more answers.")
        return ()
    return tuple(
        Choice(**{key: _text(one, key, f"{where}.choices.{key}", findings) for key in ("code", "label_en", "label_zh")})
        for one in rows
    )


def _bound(row: Mapping[str, Any], key: str, decimals: int, where: str, findings: Findings) -> str:
    value = row.get(key, "")
    if value == "":
        return ""
    if not isinstance(value, str):
        findings.add(f"{where}.{key}", "wrong_type", "A bound is a number as text.")
        return ""
    try:
        fixed.parse(value, places=decimals)
    except fixed.NotANumber as refusal:
        findings.add(f"{where}.{key}", refusal.code, refusal.message)
        return ""
    return value


def _text(row: Mapping[str, Any], key: str, where: str, findings: Findings) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        findings.add(where, "missing_key", f"{key} must be a text.")
        return ""
    return value
