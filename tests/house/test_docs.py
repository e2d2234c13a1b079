"""The pages of the project speak of what exists: links, commands, variables, addresses, a page for each package."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.urls import Resolver404, resolve

from tests.house import source

PACKAGES = (
    *source.ROOMS,
    *(
        f"cis/{name}"
        for name in ("kernel", "platform", "packs", "desk", "portal", "api", "loading", "demo", "embedded")
    ),
)
SKIPPED = {"mutants", "node_modules", "var"}
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"manage\.py ([a-z][a-z_]+)")
ADDRESS = re.compile(r"(?<![\w.:/])/(?:desk|portal|api/v1|health|admin|accounts)/[\w<>/.-]*")
SETTING = re.compile(r"env\.\w+\(\s*\"([A-Z_]+)\"")
MAKE = re.compile(r"`make ([a-z-]+)")


def pages():
    found = (path for path in source.ROOT.rglob("*.md") if not path.is_relative_to(source.ROOT / "tests" / "data"))
    inside = (path for path in found if not any(_skips(part) for part in path.relative_to(source.ROOT).parts))
    return tuple(sorted(inside))


def _skips(part):
    return part.startswith(".") or part in SKIPPED


def prose(path):
    """Return a page without its blocks of code between fences: those show formats, not links."""
    return re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def anchors(path):
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def doubled_rows(path):
    """Yield the first cell of a table's row that names a room, a file or a function which an earlier row names."""
    seen = set()
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            seen = set()
            continue
        name = line.split("|")[1].strip()
        if name.strip("*[").startswith("`"):
            if name in seen:
                yield name
            seen.add(name)


def name_of(path: Path):
    return str(path.relative_to(source.ROOT))


def broken_links(path):
    for target in LINK.findall(prose(path)):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        place, _, anchor = target.partition("#")
        page = (path.parent / place).resolve() if place else path
        if not page.exists() or (anchor and anchor not in anchors(page)):
            yield target


def test_there_are_pages_to_look_at():
    assert len(pages()) > 25


@pytest.mark.parametrize("path", pages(), ids=name_of)
def test_every_relative_link_leads_somewhere(path):
    assert list(broken_links(path)) == []


@pytest.mark.parametrize("path", pages(), ids=name_of)
def test_no_table_has_two_rows_for_one_thing(path):
    assert list(doubled_rows(path)) == []


def test_a_row_that_comes_twice_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "| a | b |\n|---|---|\n| `x/` | 1 |\n| `y/` | 2 |\n| `x/` | 3 |\n\n| `x/` | other table |\n", encoding="utf-8"
    )
    assert list(doubled_rows(page)) == ["`x/`"]


def test_a_link_to_nothing_or_to_a_missing_heading_is_found(tmp_path):
    (tmp_path / "other.md").write_text("# A Heading\n", encoding="utf-8")
    page = tmp_path / "page.md"
    page.write_text("[a](none.md) [b](other.md#gone) [c](other.md#a-heading) [d](other.md)\n", encoding="utf-8")
    assert list(broken_links(page)) == ["none.md", "other.md#gone"]


def test_every_command_that_a_page_names_exists():
    known = set(get_commands()) | {"help"}
    named = {(name_of(path), word) for path in pages() for word in COMMAND.findall(path.read_text(encoding="utf-8"))}
    assert len(named) > 20
    assert {one for one in named if one[1] not in known} == set()


def test_every_own_command_is_named_in_the_guides():
    own = {name for name, app in get_commands().items() if str(app) in {*source.ROOMS, "cis"}}
    text = "".join(path.read_text(encoding="utf-8") for path in (source.ROOT / "docs").rglob("*.md"))
    assert own - set(COMMAND.findall(text)) == {"demo"}  # that one is run by make


def test_every_address_that_a_page_names_exists():
    unknown = set()
    for path in pages():
        for address in ADDRESS.findall(prose(path)):
            try:
                match = resolve(re.sub(r"<[^>]*>", "1", address.rstrip(".")))
            except Resolver404:
                unknown.add((name_of(path), address))
            else:
                if match.url_name == "api_not_there":
                    unknown.add((name_of(path), address))
    assert unknown == set()


def test_every_goal_of_make_that_a_page_names_exists():
    goals = set(re.findall(r"^([a-z-]+):", (source.ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {goal for path in pages() for goal in MAKE.findall(path.read_text(encoding="utf-8"))}
    assert named
    assert named - goals == set()


def test_every_setting_is_documented():
    read = set(SETTING.findall((source.ROOT / "cis" / "settings.py").read_text(encoding="utf-8")))
    page = (source.ROOT / "docs" / "operations" / "settings.md").read_text(encoding="utf-8")
    assert len(read) > 15
    assert {name for name in read if f"`{name}`" not in page} == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_has_a_page_of_its_own(package):
    assert (source.ROOT / package / "README.md").is_file()


def test_every_package_of_the_house_is_in_the_list():
    inner = {name_of(path.parent) for path in (source.ROOT / "cis").glob("*/__init__.py")}
    assert inner - set(PACKAGES) == {"cis/management", "cis/templatetags"}


def test_every_decision_is_in_the_index():
    folder = source.ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    records = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert [name for name in records if f"({name})" not in index] == []
    assert [name[:4] for name in records] == [f"{n:04d}" for n in range(1, len(records) + 1)]


def test_no_page_names_a_place_on_somebodys_machine():
    private = re.compile(r"/(?:home|root|Users|work)/|localhost:\d{4,5}/(?!api)")
    assert [name_of(path) for path in pages() if private.search(path.read_text(encoding="utf-8"))] == []
