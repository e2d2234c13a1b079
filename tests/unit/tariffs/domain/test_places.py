"""Where values of a TOML text stand: compared with what the standard reader reads."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cis.kernel.errors import Finding
from tariffs.domain import document
from tariffs.domain.places import line_of, places

PACKS = Path(__file__).parents[4] / "cis" / "packs"
ODD = '''\
# a comment with "quotes" = [and brackets
"quoted key" = 1 # = 2
'literal' = 'a \\ in it'
text = "with \\" and # and ] inside"
long = """
first "line"
second \\""" not the end
last""""
raw = \'\'\'
[not.a.table]
key = "no"\'\'\'
list = [ "a", # one
  "b",
  [1, 2], { x = "y", deep = { z = 3 } }, ]
at = 1979-05-27 07:32:00
a.b.c = true
empty = []
nothing = {}

[table]
  key   =   "value"
[table.inner]
n = -1.5
[[rows]]
name = "first"
[[rows.sub]]
v = 1
[[rows.sub]]
v = 2
[rows.only]
w = 3
[[rows]]
name = "second"
[[rows.sub]]
v = 4
'''


def leaves(value, path=""):
    """Yield (path, value) of everything below a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        below = f"{path}[{key}]" if isinstance(value, list) else f"{path}.{key}" if path else key
        yield below, item
        if isinstance(item, dict | list):
            yield from leaves(item, below)


def assert_places_fit(text):
    found = places(text=text)
    for path, value in leaves(tomllib.loads(text)):
        if path not in found:  # a table that dotted keys make has no letters of its own
            assert isinstance(value, dict), path
            continue
        place = found[path]
        written = text[place.start : place.end]
        is_header = place.key_start == place.start and re.sub(r'[._"/]', "", written.strip("[]")).isalnum()
        if is_header and isinstance(value, dict | list) and written.startswith("["):
            continue
        assert tomllib.loads(f"x = {written}")["x"] == value, path
        assert place.line == text[: place.key_start].count("\n") + 1


@pytest.mark.parametrize("path", sorted(PACKS.rglob("*.toml")), ids=lambda path: f"{path.parts[-3]}/{path.stem}")
def test_every_value_of_every_pack_stands_where_its_letters_are(path):
    assert_places_fit(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_form_of_writing_a_value_is_known(end):
    assert_places_fit(ODD.replace("\n", end))


values = st.recursive(
    st.text("ab\"'#[]{}=,. \\", max_size=6) | st.integers(-9, 9) | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc-_", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def written(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {written(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ",\n # ] }\n".join(written(item) for item in value) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value).lower()


@given(st.dictionaries(st.text("abc-_", min_size=1, max_size=3), values, max_size=4), values)
def test_any_text_is_read_as_the_standard_reader_reads_it(top, more):
    assert_places_fit(
        "".join(f"{key} = {_flat(item)}\n" for key, item in top.items()) + f"[[zz]]\nk = {_flat(more)}\n[[zz]]\nl = 1\n"
    )


def _flat(value):
    """Write a value; a table in one line may not hold line ends, so lists inside it do not either."""
    text = written(value)
    return text.replace("\n # ] }\n", " ") if isinstance(value, dict | list) and "{" in text else text


def test_a_finding_has_the_line_of_its_value_or_of_the_table_around_it():
    text = '[[component]]\nkind = "energy"\n\n[[component]]\nkind = "fixed"\nprices = [\n  "1",\n  "x",\n]\n'
    lines = {
        "component[1].prices[1]": 8,
        "component[1].prices": 6,
        "component[1].unit": 4,
        "component[0].kind": 2,
        "component[1].prices[7]": 6,
        "currency": 1,
        "": 1,
    }
    assert {where: line_of(text=text, finding=Finding(where, "c", "m")) for where in lines} == lines


@pytest.mark.parametrize(("text", "line"), [('a = 1\nb = "x\n', 2), ("a = 1\n\nb = [1, 2", 3)])
def test_what_is_not_toml_has_the_line_that_the_reader_names(text, line):
    _, (finding,) = document.examine(text=text)
    assert line_of(text=text, finding=finding) == line
