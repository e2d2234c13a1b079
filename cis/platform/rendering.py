"""
Pages and paper.

``page_context`` gives every page its frame. ``pdf`` is the only way to render paper: closed, so that no text from a
customer can make the server fetch anything.
"""

import atexit
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, Final

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, get_script_prefix, reverse
from django.utils.translation import get_language, gettext

from cis.kernel.enums import Role

THEMES: Final = ("auto", "light", "dark")
FONTS: Final = {"regular": 400, "bold": 700}
FONT_SCHEME: Final = "wattline-font"
PICTURE_SCHEME: Final = "wattline-picture"
SYSTEM_FONT: Final = '"Noto Sans CJK SC"'
PRINTED_FONT: Final = '"Wattline CJK"'
_RENDERING: Final = Lock()


@dataclass(frozen=True, slots=True)
class NavSection:
    """Places in the navigation that fold together: its words (a msgid) and its icon."""

    label: str
    icon: str


@dataclass(frozen=True, slots=True)
class NavEntry:
    """
    A place in the navigation: the name of its URL, its words (a msgid), its icon, and who sees it.

    section  with which others it folds; None: it stands alone
    more     names of URLs whose pages belong to it though their addresses do not begin with its own
    """

    url_name: str
    label: str
    icon: str
    roles: frozenset[Role]
    section: NavSection | None = None
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry as one page shows it."""

    url: str
    label: str
    icon: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class NavGroup:
    """Items as one page shows them: a section that folds, or one item that stands alone (``label`` "")."""

    items: tuple[NavItem, ...]
    label: str = ""
    icon: str = ""

    @property
    def is_here(self) -> bool:
        """Return whether the page that is shown is one of them."""
        return any(item.is_here for item in self.items)


@dataclass(frozen=True, slots=True)
class Page:
    """What the frame of every page needs."""

    supplier_name: str
    language: str
    theme: str
    theme_choice: str
    nav: tuple[NavGroup, ...]


_nav: list[NavEntry] = []
_supplier_name: list[Callable[[str], str]] = []


def add_nav(*entries: NavEntry) -> None:
    """Add places to the navigation in their order; bound in cis.wiring."""
    _nav.extend(entry for entry in entries if entry not in _nav)


def name_supplier(provider: Callable[[str], str]) -> None:
    """Say who knows the supplier's name in a language; bound in cis.wiring."""
    _supplier_name[:] = [provider]


def page_context(request: HttpRequest) -> dict[str, Page]:
    """Return the context that every page gets: ``page``."""
    language = get_language() or settings.LANGUAGE_CODE
    choice = request.COOKIES.get("theme", "auto")
    choice = choice if choice in THEMES else "auto"
    return {
        "page": Page(
            supplier_name=_supplier_name[0](language) if _supplier_name else "Wattline",
            language=language,
            theme="dark" if choice == "dark" else "light",
            theme_choice=choice,
            nav=_nav_of(request),
        )
    }


def _nav_of(request: HttpRequest) -> tuple[NavGroup, ...]:
    """Return the places that the reader may open; a section of one place is that place."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ()
    roles = frozenset(Role(role) for role in user.roles)
    shown = [(entry, item) for entry in _nav if entry.roles & roles and (item := _item(entry, request.path))]
    groups = []
    for section, found in groupby(shown, key=lambda one: one[0].section):
        items = tuple(item for _entry, item in found)
        if section is None or len(items) == 1:
            groups += [NavGroup(items=(item,)) for item in items]
        else:
            groups.append(NavGroup(items=items, label=gettext(section.label), icon=section.icon))
    return tuple(groups)


def _item(entry: NavEntry, path: str) -> NavItem | None:
    """Return an entry as a page shows it; None where its address does not exist."""
    addresses = _addresses((entry.url_name, *entry.more), settings.ROOT_URLCONF, get_script_prefix())
    if not addresses:
        return None
    url = addresses[0]
    is_here = path == url or any(one != "/" and path.startswith(one) for one in addresses)
    return NavItem(url=url, label=gettext(entry.label), icon=entry.icon, is_here=is_here)


@cache
def _addresses(names: tuple[str, ...], _urlconf: str, _prefix: str) -> tuple[str, ...]:
    """Return addresses of the navigation, none where one does not exist: each page shows the same hundred."""
    try:
        return tuple(reverse(name) for name in names)
    except NoReverseMatch:
        return ()


class FetchRefused(ValueError):
    """A document asked for something from outside itself."""


def font_path(weight: str) -> Path:
    """Return where a weight of the printed font lies, once ``manage.py prepare_fonts`` has made it."""
    return Path(settings.VAR_DIR) / "fonts" / f"wattline-cjk-{weight}.otf"


def _prepared_fonts() -> dict[str, Path]:
    return {weight: path for weight in FONTS if (path := font_path(weight)).is_file()}


@cache
def _closed() -> tuple[Any, Any]:
    """Return the fetcher that refuses everything and the font configuration, made once per process."""
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

    class ClosedFetcher(URLFetcher):
        """Fetches nothing but our own fonts and what the caller gave: a document brings all that it needs."""

        refused: ClassVar[list[str]] = []
        pictures: ClassVar[dict[str, bytes]] = {}

        def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Any:  # noqa: ARG002
            """Refuse, and stop the rendering: a bill with a hole in it would be worse than none."""
            scheme, _, weight = url.partition(":")
            fonts = _prepared_fonts()
            if scheme == FONT_SCHEME and weight in fonts:
                return URLFetcherResponse(url, body=fonts[weight].read_bytes(), headers={"Content-Type": "font/otf"})
            if scheme == PICTURE_SCHEME and weight in self.pictures:
                return URLFetcherResponse(url, body=self.pictures[weight], headers={"Content-Type": "image/jpeg"})
            # Noted too, since inside drawings the library goes on without what it could not fetch.
            self.refused.append(f"documents fetch nothing, asked for {url[:100]}")
            raise FatalURLFetchingError(self.refused[-1])

    # At the end of the process the library must still be there when its fonts are given back.
    atexit.register(_closed.cache_clear)
    atexit.register(_stylesheet.cache_clear)
    return ClosedFetcher(allowed_protocols=set()), FontConfiguration()


@cache
def _stylesheet(path: str) -> Any:
    """Return a stylesheet; where the printed font is prepared it comes before the system's."""
    from weasyprint import CSS

    text = str(render_to_string(path))
    faces = [
        f"@font-face {{ font-family: {PRINTED_FONT}; font-weight: {FONTS[weight]}; src: url({FONT_SCHEME}:{weight}) }}"
        for weight in _prepared_fonts()
    ]
    if faces:
        text = text.replace(SYSTEM_FONT, f"{PRINTED_FONT}, {SYSTEM_FONT}")
    fetcher, fonts = _closed()
    return CSS(string="".join([*faces, text]), url_fetcher=fetcher, font_config=fonts)


def pdf(*, template: str, css: str, context: Mapping[str, Any], pictures: Mapping[str, bytes] | None = None) -> bytes:
    """
    Return a document as PDF.

    :param template: HTML template under ``templates/documents``; autoescaped.
    :param css: stylesheet template beside it.
    :param pictures: JPEG files that the document may show, by the name after ``wattline-picture:``.
    :raises FetchRefused: the document asks for something from outside itself.
    """
    from weasyprint import HTML
    from weasyprint.urls import FatalURLFetchingError

    text = render_to_string(template, dict(context))
    # The font map of a process serves one rendering at a time.
    with _RENDERING:
        fetcher, fonts = _closed()
        fetcher.refused.clear()
        fetcher.pictures.update(pictures or {})
        try:
            page = HTML(string=text, url_fetcher=fetcher, base_url="about:blank")
            written: bytes = page.write_pdf(
                stylesheets=[_stylesheet(css)], font_config=fonts, presentational_hints=False
            )
        except FatalURLFetchingError as error:
            raise FetchRefused(str(error)) from error
        finally:
            fetcher.pictures.clear()
        if fetcher.refused:
            raise FetchRefused(fetcher.refused[0])
    return written
