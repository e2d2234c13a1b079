"""Names of customers: their plain form, and the key by which they sort."""

import unicodedata
from functools import lru_cache

from cis.kernel.errors import Refused

MOST = 200
PINYIN_MOST = 400

SURNAMES = {
    "万俟": "mo qi",
    "尉迟": "yu chi",
    "长孙": "zhang sun",
    "澹台": "tan tai",
    "单于": "chan yu",
    "宰父": "zai fu",
    "单": "shan",
    "曾": "zeng",
    "解": "xie",
    "仇": "qiu",
    "区": "ou",
    "查": "zha",
    "任": "ren",
    "盖": "ge",
    "朴": "piao",
    "翟": "zhai",
    "缪": "miao",
    "华": "hua",
    "种": "chong",
    "乐": "yue",
    "冼": "xian",
    "员": "yun",
    "折": "she",
    "召": "shao",
    "逄": "pang",
    "郇": "xun",
    "宓": "mi",
}
"""Surnames read otherwise than the same characters elsewhere; where usage wavers, none is given."""


class BadName(Refused):
    """The text cannot stand as a name on a bill."""

    code = "bad_name"


def plain_name(text: str) -> str:
    """
    Return a name with single blanks and none at its ends.

    Full-width brackets stay: they belong to the registered names of Chinese companies.

    :raises BadName: nothing is written, too much, or a character that cannot be printed.
    """
    name = " ".join(text.split())
    if not name or len(name) > MOST:
        raise BadName(f"A name has 1 to {MOST} characters.", advice="Write the name as on the card or certificate.")
    if any(unicodedata.category(character) in {"Cc", "Cs", "Co", "Cn"} for character in name):
        raise BadName("The name holds a character that cannot be printed.", advice="Type it anew, do not paste it.")
    return name


def pinyin(name: str, *, is_person: bool) -> str:
    """
    Return the key by which a name sorts: its syllables in Latin letters, parted by blanks, without tones.

    :param is_person: read the first character as a surname where that differs.
    """
    key = ""
    if is_person:
        head = next((name[:size] for size in (2, 1) if name[:size] in SURNAMES and len(name) > size), "")
        key, name = SURNAMES.get(head, ""), name[len(head) :]
    return " ".join(part for part in (key, _syllables(name)) if part)[:PINYIN_MOST]


@lru_cache(maxsize=20_000)
def _syllables(text: str) -> str:
    from pypinyin import lazy_pinyin  # its dictionary takes 0.3 s and 58 MB

    return " ".join(" ".join(lazy_pinyin(text)).lower().split())
