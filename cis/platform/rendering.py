"""
Pages and paper.

``page_context`` gives every page its frame. ``pdf`` is the only way to render paper: closed, so that no text from a
customer can make the server fetch anything.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language, gettext

from cis.kernel.enums import Role

THEMES: Final = ("auto", "light", "dark")


@dataclass(frozen=True, slots=True)
class NavEntry:
    """A place in the navigation: the name of its URL, its words (a msgid), its icon, and who sees it."""

    url_name: str
    label: str
    icon: str
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry as one page shows it."""

    url: str
    label: str
    icon: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Page:
    """What the frame of every page needs."""

    supplier_name: str
    language: str
    theme: str
    theme_choice: str
    nav: tuple[NavItem, ...]


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


def _nav_of(request: HttpRequest) -> tuple[NavItem, ...]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ()
    roles = frozenset(Role(role) for role in user.roles)
    items = []
    for entry in _nav:
        if not entry.roles & roles:
            continue
        try:
            url = reverse(entry.url_name)
        except NoReverseMatch:
            continue
        is_here = request.path == url or (url != "/" and request.path.startswith(url))
        items.append(NavItem(url=url, label=gettext(entry.label), icon=entry.icon, is_here=is_here))
    return tuple(items)


class FetchRefused(ValueError):
    """A document asked for something from outside itself."""


@cache
def _closed() -> tuple[Any, Any]:
    """Return the fetcher that refuses everything and the font configuration, made once per process."""
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher

    class ClosedFetcher(URLFetcher):
        """Fetches nothing: a document brings all that it needs."""

        def fetch(self, url: str, headers: Mapping[str, str] | None = None) -> Any:  # noqa: ARG002
            """Refuse."""
            raise FetchRefused(f"documents fetch nothing, asked for {url[:100]}")

    return ClosedFetcher(allowed_protocols=set()), FontConfiguration()


@cache
def _stylesheet(path: str) -> Any:
    from weasyprint import CSS

    fetcher, fonts = _closed()
    return CSS(string=render_to_string(path), url_fetcher=fetcher, font_config=fonts)


def pdf(*, template: str, css: str, context: Mapping[str, Any]) -> bytes:
    """
    Return a document as PDF.

    :param template: HTML template under ``templates/documents``; autoescaped.
    :param css: stylesheet template beside it.
    """
    from weasyprint import HTML

    fetcher, fonts = _closed()
    page = HTML(string=render_to_string(template, dict(context)), url_fetcher=fetcher, base_url="about:blank")
    written: bytes = page.write_pdf(stylesheets=[_stylesheet(css)], font_config=fonts, presentational_hints=False)
    return written
