"""Who may be the same customer twice: names in the form in which they are compared, and how sure a likeness is."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

CERTAIN: Final = 100
SURE_MOST: Final = 99
"""No number of likenesses is as sure as the same identity number."""
MORE: Final = 4
"""What each further likeness adds."""
SIMILAR_LEAST: Final = 60
"""Of 100: from here on two names are similar."""
WORDS: Final = re.compile(r"[^\W_]+")
SHARED_MOST: Final = 8
"""A number or an address of more customers than this is a switchboard or a house, and tells nothing of two of them."""
COMPANY_SUFFIXES: Final = (
    "股份有限公司", "有限责任公司", "集团有限公司", "有限公司", "总公司", "分公司", "公司",
)  # fmt: skip
"""Legal forms at the end of a Chinese name, the longer ones first."""
COMPANY_WORDS: Final = frozenset(
    ("co", "company", "corp", "corporation", "gmbh", "inc", "limited", "llc", "ltd", "plc")
)
"""Legal forms as last words of other names."""


class PairState(StrEnum):
    """What became of two customers who look like one."""

    OPEN = "open"
    DIFFERENT = "different"
    MERGED = "merged"
    GONE = "gone"


class Likeness(StrEnum):
    """In what two customers are alike."""

    IDENTITY = "same_identity"
    NAME_PHONE = "same_name_phone"
    NAME_EMAIL = "same_name_email"
    NAME_ADDRESS = "same_name_address"
    SIMILAR_PHONE = "similar_name_phone"
    SIMILAR_EMAIL = "similar_name_email"
    SIMILAR_ADDRESS = "similar_name_address"
    COMPANY_NAME = "same_company_name"
    BY_HAND = "by_hand"


SURE: Final[Mapping[Likeness, int]] = {
    Likeness.IDENTITY: CERTAIN,
    Likeness.NAME_PHONE: 90,
    Likeness.NAME_EMAIL: 86,
    Likeness.NAME_ADDRESS: 80,
    Likeness.SIMILAR_PHONE: 65,
    Likeness.SIMILAR_EMAIL: 62,
    Likeness.SIMILAR_ADDRESS: 55,
    Likeness.COMPANY_NAME: 50,
    Likeness.BY_HAND: 0,
}
"""How sure one likeness is, in hundredths; a house rule."""
_BY_CONTACT: Final = {
    "mobile": (Likeness.NAME_PHONE, Likeness.SIMILAR_PHONE),
    "phone": (Likeness.NAME_PHONE, Likeness.SIMILAR_PHONE),
    "email": (Likeness.NAME_EMAIL, Likeness.SIMILAR_EMAIL),
    "post": (Likeness.NAME_ADDRESS, Likeness.SIMILAR_ADDRESS),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """
    Two customers who share something.

    kinds        of the contact points that both have
    is_of_bodies both are companies or other bodies
    """

    first_id: int
    second_id: int
    names: tuple[str, str]
    id_numbers: tuple[str, str]
    kinds: frozenset[str]
    is_of_bodies: bool


@dataclass(frozen=True, slots=True)
class Scored:
    """How sure it is that they are one, 1 to 100, and why."""

    score: int
    reasons: tuple[Likeness, ...]


def normal_name(name: str) -> str:
    """Return a name as it is compared: width, case, blanks, signs and the legal form of a company do not count."""
    words = WORDS.findall(unicodedata.normalize("NFKC", name).casefold().replace("'", ""))
    while len(words) > 1 and words[-1] in COMPANY_WORDS:
        words.pop()
    plain = "".join(words)
    for suffix in COMPANY_SUFFIXES:
        if plain.endswith(suffix) and len(plain) > len(suffix) + 1:
            return plain[: -len(suffix)]
    return plain


def likeness(one: str, *, other: str) -> int:
    """Return how alike two normal names are, 0 to 100: pieces of two characters that both have (Dice)."""
    mine, theirs = _pieces(one), _pieces(other)
    if not mine or not theirs:
        return 0
    return 200 * len(mine & theirs) // (len(mine) + len(theirs))


def scored(alike: Alike) -> Scored | None:
    """
    Return how sure it is that two customers are one; None: nothing speaks for it, or it is known that they are two.

    Two identity numbers are two persons, however alike the rest is: who types one wrong is found by hand.
    """
    mine, theirs = alike.id_numbers
    if mine and mine == theirs:
        return Scored(CERTAIN, (Likeness.IDENTITY,))
    if mine and theirs and not _same_resident(mine, theirs):
        return None
    names = tuple(normal_name(name) for name in alike.names)
    is_same, is_similar = names[0] == names[1], likeness(names[0], other=names[1]) >= SIMILAR_LEAST
    reasons = _reasons(alike.kinds, is_same=is_same, is_similar=is_similar)
    if is_same and alike.is_of_bodies:
        reasons = (*reasons, Likeness.COMPANY_NAME)
    if mine and theirs:
        return Scored(SURE_MOST, (Likeness.IDENTITY, *reasons))
    if not reasons:
        return None
    best = max(SURE[one] for one in reasons)
    return Scored(min(SURE_MOST, best + MORE * (len(reasons) - 1)), reasons)


def _reasons(kinds: Collection[str], *, is_same: bool, is_similar: bool) -> tuple[Likeness, ...]:
    if not (is_same or is_similar):
        return ()
    found = [_BY_CONTACT[kind][not is_same] for kind in sorted(kinds) if kind in _BY_CONTACT]
    return tuple(dict.fromkeys(found))


def _same_resident(one: str, other: str) -> bool:
    """Return whether an old number of 15 digits and a new one of 18 are one person's. [source: GB 11643-1999]"""
    short, long = sorted((one, other), key=len)
    return len(short) == 15 and len(long) == 18 and re.sub("^(.{6})19", r"\1", long[:17]) == short  # noqa: PLR2004


def _pieces(text: str) -> set[str]:
    return {text[place : place + 2] for place in range(len(text) - 1)} or ({text} if text else set())
