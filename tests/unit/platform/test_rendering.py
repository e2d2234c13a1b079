"""Paper is rendered closed, in Chinese, with the prepared font where there is one; pages get their frame."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command
from django.test import RequestFactory
from django.utils import translation
from pypdf import PdfReader

from cis.kernel.enums import Role
from cis.platform import fonts, rendering
from cis.platform.rendering import FetchRefused, NavEntry, NavSection

CSS = '@page { size: A4 } body { font-family: "Noto Sans CJK SC", sans-serif }'
HAS_FONT = any(Path("/usr/share/fonts").rglob("NotoSansCJK-Regular.ttc"))


@pytest.fixture
def render(monkeypatch, settings, tmp_path):
    """Render a text as a document of its own."""
    settings.VAR_DIR = tmp_path
    rendering._stylesheet.cache_clear()

    def rendered(body, css=CSS):
        texts = {"x.html": f"<html><body>{body}</body></html>", f"{hash(css)}.css": css}
        monkeypatch.setattr(rendering, "render_to_string", lambda name, _context=None: texts[name])
        return rendering.pdf(template="x.html", css=f"{hash(css)}.css", context={})

    return rendered


def text_of(pdf):
    return "".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)


def fonts_of(pdf):
    page = PdfReader(BytesIO(pdf)).pages[0]
    return {str(font.get_object()["/BaseFont"]) for font in page["/Resources"]["/Font"].get_object().values()}


def test_chinese_and_english_come_out_as_text(render):
    assert "电费账单 Electricity bill 260.80" in text_of(render("<h1>电费账单 Electricity bill 260.80</h1>"))


@pytest.mark.parametrize(
    "body",
    [
        '<img src="http://127.0.0.1:9/x.png">',
        '<img src="file:///etc/hostname">',
        '<img src="/etc/hostname">',
        '<link rel="stylesheet" href="https://example.org/x.css">',
        '<link rel="attachment" href="file:///etc/passwd">',
        '<svg width="9" height="9"><image href="file:///etc/hostname" width="9" height="9"/></svg>',
        '<p style="background: url(ftp://127.0.0.1/x)">x</p>',
        '<object data="file:///etc/hostname"></object>',
        '<img src="data:image/png;base64,iVBORw0KGgo=">',
        '<img src="wattline-font:italic">',
        '<img src="wattline-font:../secret_key">',
    ],
)
def test_nothing_is_fetched(render, body):
    with pytest.raises(FetchRefused, match="documents fetch nothing"):
        render(body)


def test_a_stylesheet_fetches_nothing_either(render):
    with pytest.raises(FetchRefused):
        render("x", css="@import url(http://127.0.0.1:9/x.css);" + CSS)


def test_a_refused_document_does_no_harm_to_the_next(render):
    with pytest.raises(FetchRefused):
        render('<img src="http://127.0.0.1:9/x.png">')
    assert text_of(render("谷")) == "谷"


def test_several_threads_render_one_after_another(render):
    render("峰")
    with ThreadPoolExecutor(3) as pool:
        pages = pool.map(lambda _: rendering.pdf(template="x.html", css=f"{hash(CSS)}.css", context={}), range(6))
        assert {text_of(page) for page in pages} == {"峰"}


@pytest.mark.slow
@pytest.mark.skipif(not HAS_FONT, reason="fonts-noto-cjk is not installed")
def test_the_prepared_font_is_used_and_the_systems_font_for_rare_characters(render, monkeypatch):
    plain = render("<b>电费</b> 账单 李雷")
    assert not any("Wattline" in name for name in fonts_of(plain))
    few = frozenset(map(ord, "电费账单李雷 0123456789"))
    monkeypatch.setattr(fonts, "characters", lambda: few)
    call_command("prepare_fonts")
    assert set(rendering._prepared_fonts()) == {"regular", "bold"}
    rendering._stylesheet.cache_clear()
    pdf = render("<b>电费</b> 账单 李雷 龘")
    assert text_of(pdf).split() == ["电费", "账单", "李雷", "龘"]
    assert sum("Wattline" in name for name in fonts_of(pdf)) == 2
    assert any("Noto" in name for name in fonts_of(pdf))
    stamp = rendering.font_path("bold").stat().st_mtime_ns
    call_command("prepare_fonts")
    assert rendering.font_path("bold").stat().st_mtime_ns == stamp


def test_the_prepared_font_has_the_characters_of_gb_2312():
    kept = fonts.characters()
    assert len([code for code in kept if 0x4E00 <= code <= 0x9FFF]) == 6_763
    assert {ord(sign) for sign in "元℃¥€äß①—"} <= kept


# ---- frame of the pages --------------------------------------------------------------------------------------------


class Somebody:
    is_authenticated = True

    def __init__(self, *roles):
        self.roles = [str(role) for role in roles]


@pytest.fixture(autouse=True)
def _no_supplier(monkeypatch):
    monkeypatch.setattr(rendering, "_supplier_name", [])


def frame(user=None, path="/", **cookies):
    request = RequestFactory().get(path)
    request.user = user or AnonymousUser()
    request.COOKIES.update(cookies)
    return rendering.page_context(request)["page"]


SOME = NavSection("Some", "tools")


@pytest.fixture
def navigation(monkeypatch):
    monkeypatch.setattr(rendering, "_nav", [])
    rendering.add_nav(
        NavEntry("home", "Nowhere else", "home", frozenset({Role.BILLING})),
        NavEntry("health_live", "Somewhere", "bolt", frozenset({Role.BILLING}), SOME, ("desk:files",)),
        NavEntry("health_ready", "Elsewhere", "file", frozenset({Role.METERING, Role.BILLING}), SOME),
        NavEntry("there_is_none", "Nothing", "x", frozenset({Role.BILLING}), SOME),
    )


def test_everybody_sees_the_places_of_their_roles_and_a_section_of_one_place_does_not_fold(navigation):
    def labels(page):
        return [(group.label, [item.label for item in group.items]) for group in page.nav]

    assert labels(frame(Somebody(Role.BILLING))) == [("", ["Nowhere else"]), ("Some", ["Somewhere", "Elsewhere"])]
    assert labels(frame(Somebody(Role.METERING))) == [("", ["Elsewhere"])]
    assert frame(Somebody()).nav == frame().nav == ()


@pytest.mark.parametrize(
    ("path", "here"),
    [("/health/ready", "Elsewhere"), ("/desk/files/3/", "Somewhere"), ("/", "Nowhere else"), ("/desk/search/", None)],
)
def test_the_place_where_one_is_is_marked_and_its_section_too(navigation, path, here):
    groups = frame(Somebody(Role.BILLING), path=path).nav
    assert [item.label for group in groups for item in group.items if item.is_here] == [here] * bool(here)
    assert [group.is_here for group in groups] == [here == "Nowhere else", here in {"Somewhere", "Elsewhere"}]


@pytest.mark.parametrize(
    ("cookie", "theme", "choice"),
    [("dark", "dark", "dark"), ("light", "light", "light"), ("auto", "light", "auto"), ("<b>", "light", "auto")],
)
def test_the_theme_is_one_of_three(cookie, theme, choice):
    page = frame(theme=cookie)
    assert (page.theme, page.theme_choice) == (theme, choice)


def test_the_supplier_is_named_in_the_language_of_the_page():
    with translation.override("en"):
        assert frame().supplier_name == "Wattline"
        rendering.name_supplier(lambda language: f"name in {language}")
        assert (frame().supplier_name, frame().language) == ("name in en", "en")
