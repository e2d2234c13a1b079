"""
What a text is made of: its language, and the short runs of characters by which a class is guessed.

Features are numbers, not words: a model that is kept names nobody, and says nothing that somebody wrote.
"""

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

FEATURES: Final = 2**14
HAN_RUN: Final = (1, 2)
LATIN_RUN: Final = 4
CHINESE_FROM: Final = 3
"""One Chinese character says about as much as so many Latin letters."""
_HAN = re.compile(r"[\u3400-\u9fff]+")
_WORD = re.compile(r"[^\W\d_]+|0")
_NUMBER = re.compile(r"\d+([.,:]\d+)*")


def language_of(text: str) -> str:
    """Return ``zh-hans`` or ``en``, whichever more of a text is; ``""`` of one without letters."""
    han = sum(map(len, _HAN.findall(text)))
    latin = sum(len(one) for one in re.findall(r"[A-Za-z]+", text))
    if not han and not latin:
        return ""
    return "zh-hans" if han * CHINESE_FROM >= latin else "en"


def features(text: str) -> tuple[list[int], list[int]]:
    """Return the numbers of a text's runs, ascending, and how often it has each."""
    counts = Counter(zlib.crc32(one.encode()) % FEATURES for one in _runs(text))
    numbers = sorted(counts)
    return numbers, [counts[one] for one in numbers]


def _runs(text: str) -> Iterator[str]:
    """Give single Chinese characters and pairs; words, pairs of words, and parts of words of Latin script."""
    plain = _NUMBER.sub("0", unicodedata.normalize("NFKC", text).lower().replace("'", "").replace("’", ""))
    for run in _HAN.findall(plain):
        for size in HAN_RUN:
            yield from (run[at : at + size] for at in range(len(run) - size + 1))
    words = _WORD.findall(_HAN.sub(" ", plain))
    yield from (f"w {one}" for one in words)
    yield from (f"p {one} {after}" for one, after in pairwise(words))
    for one in words:
        edged = f"<{one}>"
        yield from (edged[at : at + LATIN_RUN] for at in range(len(edged) - LATIN_RUN + 1))
