"""The words of a mail: decoded, taken out of HTML, and without what they quote."""

import html
import re
from typing import Final

HTML_MOST: Final = 256 * 1024
_UNSEEN: Final = frozenset({"script", "style", "head", "title", "template", "noscript", "svg"})
_LINES: Final = frozenset(
    {"p", "div", "br", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "blockquote", "hr", "pre"}
)
_TAG: Final = re.compile(r"</?([a-z][a-z0-9]{0,15})")
_QUOTES: Final = re.compile(
    r"^\s*(>|-{2,}\s*(original message|原始邮件|forwarded message|转发邮件|回复的原邮件)|_{10,}\s*$"
    r"|on .{5,120}\bwrote:\s*$|.{0,80}(写道|寫道)[:：]\s*$|(from|发件人|寄件者)\s*[:：]\s*\S)",
    re.IGNORECASE,
)


def decoded(raw: bytes, *, charset: str) -> str:
    """
    Return bytes as text: as they say they are, else as UTF-8, else as the Chinese code, else with marks for what fails.

    Programs that say GB 2312 or GBK write letters that only GB 18030 has, which holds all of theirs.
    """
    named = charset.strip().lower()
    named = "gb18030" if named in {"gb2312", "gbk", "gb_2312-80", "cp936", "x-gbk"} else named
    for one in (named, "utf-8", "gb18030"):
        try:
            return raw.decode(one) if one else raw.decode("ascii")
        except (LookupError, ValueError):
            continue
    try:
        return raw.decode(named or "utf-8", "replace")
    except (LookupError, ValueError):
        return raw.decode("utf-8", "replace")


def of_html(page: str) -> str:
    """
    Return what a page shows as text; tags, scripts and comments are left out.

    Written by hand: the parser of the standard library takes minutes for marks that never end.
    """
    page = page[:HTML_MOST]
    small, said, place = page.lower(), [], 0
    while (start := page.find("<", place)) >= 0:
        said.append(_shown(page[place:start]))
        place, is_line = _after_tag(small, start)
        if is_line:
            said.append("\n")
        if place < 0:
            break
    else:
        said.append(_shown(page[place:]))
    return "\n".join(line.strip() for line in "".join(said).splitlines())


def _shown(text: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(text))


def _after_tag(small: str, start: int) -> tuple[int, bool]:
    """Return where a page goes on after a tag, below 0: nowhere; and whether the tag begins a line."""
    if small.startswith("<!--", start):
        end = small.find("-->", start + 4)
        return (end + 3 if end >= 0 else -1), False
    end = small.find(">", start)
    found = _TAG.match(small, start)
    name = found.group(1) if found else ""
    if end >= 0 and name in _UNSEEN:
        closing = small.find(f"</{name}", end)
        end = small.find(">", closing) if closing >= 0 else -1
    return (end + 1 if end >= 0 else -1), name in _LINES


def own_words(text: str) -> str:
    """Return what somebody wrote above what they quote; all of it where nothing stands above."""
    own: list[str] = []
    for line in text.splitlines():
        if _QUOTES.match(line):
            break
        own.append(line)
    return "\n".join(own).strip() or text.strip()
