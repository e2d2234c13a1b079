"""The patterns of the pack and the texts by which they are judged: for the same classes, and no phrase in both."""

import re
import tomllib
from pathlib import Path

from complaints.domain import text_patterns
from complaints.domain.text_patterns import pieces

ROOT = Path(__file__).parents[3]
PACK = ROOT / "cis" / "packs" / "cn"
JUDGED = ROOT / "benchmarks" / "case_texts"
PATTERNS = tomllib.loads((PACK / "case_texts.toml").read_text(encoding="utf-8"))
CLASSES = set(tomllib.loads((PACK / "pack.toml").read_text(encoding="utf-8"))["rule"]["cases"]["value"]["classes"])
HAN_RUN, WORDS = 6, 5
"""So many Chinese characters, or English words, in one row are a phrase that somebody wrote once."""


def judged():
    """Each text with its class."""
    for language in ("zh", "en"):
        code = ""
        for line in (JUDGED / f"{language}.txt").read_text(encoding="utf-8").splitlines():
            if line.startswith("["):
                code = line.strip("[]")
            elif line.strip():
                yield line, code, language


def phrases(text):
    plain = re.sub(r"['’]", "", text.lower())
    for run in re.findall(r"[\u3400-\u9fff]+", plain):
        yield from (run[at : at + HAN_RUN] for at in range(len(run) - HAN_RUN + 1))
    words = re.findall(r"[a-z]+", plain)
    yield from (" ".join(words[at : at + WORDS]) for at in range(len(words) - WORDS + 1))


def of_patterns():
    found = {}
    for by_language in PATTERNS["texts"].values():
        for some in by_language.values():
            for pattern in some:
                for piece in pieces(pattern):
                    found |= dict.fromkeys(phrases(piece), pattern)
    return found


def test_there_are_texts_enough_in_both_languages_for_each_class():
    rows = list(judged())
    assert len(rows) >= 300
    for code in CLASSES:
        for language in ("zh", "en"):
            assert sum(row[1:] == (code, language) for row in rows) >= 7, (code, language)
    assert {code for _, code, _ in rows} == CLASSES
    assert len({text for text, _, _ in rows}) == len(rows)


def test_each_class_has_patterns_and_words_of_the_baseline():
    words = tomllib.loads((JUDGED / "keywords.toml").read_text(encoding="utf-8"))["words"]
    assert set(PATTERNS["texts"]) == set(words) == CLASSES
    assert all(len(some) >= 8 for some in words.values())
    assert all(len(some) >= 10 for by_language in PATTERNS["texts"].values() for some in by_language.values())


def test_no_judged_text_has_a_phrase_of_a_pattern():
    learned = of_patterns()
    assert len(learned) > 300
    shared = [
        (phrase, text, learned[phrase]) for text, _, _ in judged() for phrase in phrases(text) if phrase in learned
    ]
    assert shared == []


def test_no_judged_text_has_a_phrase_of_a_text_that_is_learned():
    made = {
        phrase
        for one in text_patterns.texts(patterns=PATTERNS["texts"], words=PATTERNS["words"])
        for phrase in phrases(one.text)
    }
    assert [text for text, _, _ in judged() if made.intersection(phrases(text))] == []


def test_the_same_patterns_give_the_same_texts():
    first, again = (list(text_patterns.texts(patterns=PATTERNS["texts"], words=PATTERNS["words"])) for _ in range(2))
    assert first == again
    assert not any(re.search(r"[\[\]{}|]", one.text) for one in first)
    assert len({one.text for one in first}) > 1_500
