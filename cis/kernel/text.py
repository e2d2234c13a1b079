"""Search by pieces of two characters, which finds any part of a word, in Chinese as in Latin script."""

import unicodedata
from itertools import pairwise

_KEPT = frozenset("LNM")  # letters, numbers, and the marks that belong to them


def bigrams(*texts: str) -> list[str]:
    """
    Return the search pieces of some texts, each once, sorted.

    Of each text: all pairs of neighbouring characters after blanks and punctuation are left out, each word that is a
    single character, and each single character outside ASCII, so that one Chinese character can be searched for.
    Width and case do not count (NFKC, casefold).
    """
    found: set[str] = set()
    for text in texts:
        words = _words(text)
        squeezed = "".join(words)
        found.update(_pairs(squeezed))
        found.update(word for word in words if len(word) == 1)
        found.update(character for character in squeezed if not character.isascii())
    return sorted(found)


def query_bigrams(text: str) -> list[str]:
    """
    Return the pieces that a row must have all of to be found, each once, sorted; [] = nothing to search by.

    A row that has them all may still lack the words, since pieces keep no order: compare the text of what is found.
    Single ASCII characters beside other words are left out, for they are no piece of longer words.
    """
    words = _words(text)
    found = {pair for word in words for pair in _pairs(word)}
    found.update(word for word in words if len(word) == 1 and not word.isascii())
    return sorted(found) or sorted(set(words))


def squeezed(text: str) -> str:
    """
    Return a text as it is compared in searches: letters, digits and their marks, without blanks, width and case.

    What a row that has all pieces of a query is compared by: the query, squeezed, must stand in it.
    """
    return "".join(_words(text))


def like(text: str, *, left: str = "%") -> str:
    """Return the pattern of SQL's LIKE for what holds a text, or begins with it; its own wildcards are letters."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"{left}{escaped}%"


def _pairs(word: str) -> set[str]:
    return {first + second for first, second in pairwise(word)}


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(c if unicodedata.category(c)[0] in _KEPT else " " for c in plain).split()
