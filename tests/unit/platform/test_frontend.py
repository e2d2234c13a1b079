"""Of other people's packages only the listed files are served."""

from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from cis.platform import frontend


def test_every_listed_file_is_there_and_is_found():
    for name, path in frontend.FILES.items():
        assert path.is_file(), name
        assert finders.find(name) == str(path)


@pytest.mark.parametrize(
    "name",
    [
        "vendor/tabler/tabler.css",
        "vendor/tabler/../../package.json",
        "@tabler/core/package.json",
        "package.json",
        "vendor/",
        "",
    ],
)
def test_nothing_else_is_found(name):
    assert frontend.PackageFinder().find(name) == []


def test_collecting_takes_just_the_listed_files(tmp_path):
    taken = {}
    for name, storage in frontend.PackageFinder().list(None):
        with storage.open(name) as file:
            taken[name] = file.read()
    assert taken.keys() == frontend.FILES.keys()
    assert all(content == Path(frontend.FILES[name]).read_bytes() for name, content in taken.items())
    assert b"htmx" in taken["vendor/htmx/htmx.min.js"][:3000]


def test_find_all_gives_a_list():
    name = "vendor/htmx/htmx.min.js"
    assert frontend.PackageFinder().find(name, find_all=True) == [str(frontend.FILES[name])]
    assert frontend.PackageFinder().check() == []
