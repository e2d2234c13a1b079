"""
Texts from patterns, for a model that has no cases to learn from yet.

``[a|b|]`` in a pattern is one of these, ``{name}`` one of the words of that name. Which, a generator says that is fed
with the pattern itself: the same patterns give the same texts.
"""

import random
import re
from collections.abc import Iterator, Mapping, Sequence

from complaints.domain.class_model import Example

VARIANTS = 4
_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_WORD = re.compile(r"\{([a-z]+)\}")
Words = Mapping[str, Sequence[str]]


def texts(
    *, patterns: Mapping[str, Mapping[str, Sequence[str]]], words: Mapping[str, Words], variants: int = VARIANTS
) -> Iterator[Example]:
    """
    Give texts of every pattern, the first bare, the others with words of greeting and of ending.

    :param patterns: by class and language. :param words: by language and name.
    """
    for code, by_language in patterns.items():
        for language, some in by_language.items():
            for pattern in some:
                group = f"{code} {language} {pattern}"
                choose = random.Random(group)  # noqa: S311  no secret: the same pattern gives the same texts
                for variant in range(variants):
                    said = _said(pattern, words[language], choose)
                    if variant:
                        some_words = words[language]
                        said = f"{choose.choice(some_words['open'])}{said}{choose.choice(some_words['close'])}"
                    yield Example(said, code, group)


def pieces(pattern: str) -> list[str]:
    """Return the parts of a pattern that stand as they are in texts."""
    return [one for one in re.split(r"[\[\]|]|\{[a-z]+\}", pattern) if one.strip()]


def _said(pattern: str, words: Words, choose: random.Random) -> str:
    plain = _CHOICE.sub(lambda found: choose.choice(found.group(1).split("|")), pattern)
    return _WORD.sub(lambda found: choose.choice(words[found.group(1)]), plain)
