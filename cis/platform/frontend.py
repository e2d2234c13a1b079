"""
Third-party front-end files: named one by one, served from the installed packages, none of them in the repository.

``collectstatic`` copies what this finder lists; WhiteNoise serves it.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import django_htmx
from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage

from cis.platform.icon_names import ICONS

NODE_MODULES = settings.BASE_DIR / "node_modules"
ICONS_FOLDER = NODE_MODULES / "@tabler" / "icons" / "icons" / "outline"
HTMX = Path(django_htmx.__file__).parent / "static" / "django_htmx"
FILES = {
    "vendor/tabler/tabler.min.css": NODE_MODULES / "@tabler/core/dist/css/tabler.min.css",
    "vendor/tabler/tabler.min.js": NODE_MODULES / "@tabler/core/dist/js/tabler.min.js",
    "vendor/tabler/tabler.min.css.map": NODE_MODULES / "@tabler/core/dist/css/tabler.min.css.map",
    "vendor/tabler/tabler.min.js.map": NODE_MODULES / "@tabler/core/dist/js/tabler.min.js.map",
    "vendor/echarts/echarts.min.js": NODE_MODULES / "echarts/dist/echarts.min.js",
    "vendor/htmx/htmx.min.js": HTMX / "htmx-2.min.js",
    **{f"vendor/icons/{name}.svg": ICONS_FOLDER / f"{name}.svg" for name in sorted(ICONS)},
}
"""Where a page asks for a file -> where it lies."""


class PackageFinder(BaseFinder):
    """Finds the files of the list above and nothing else."""

    def check(self, **_kwargs: Any) -> list[Any]:
        """Return no findings: a missing file fails where it is asked for, with its name."""
        return []

    def find(self, path: str, find_all: bool = False, **_kwargs: Any) -> Any:
        """Return the place of a listed file."""
        found = FILES.get(path)
        if found is None or not found.is_file():
            return []
        return [str(found)] if find_all else str(found)

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:  # noqa: ARG002
        """Yield each file with a storage that opens it under the name that pages use."""
        for path in FILES:
            yield path, _OneFile()


class _OneFile(FileSystemStorage):
    """Opens listed files by the name that pages use."""

    prefix = ""

    def path(self, name: str) -> str:
        """Return where the file lies."""
        return str(FILES[name])
