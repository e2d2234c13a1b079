"""
Where the private services keep their data, their sockets and their programs, and as which user they run.

PostgreSQL refuses to run as root. So when root starts it, an unprivileged user owns data and sockets, and all of it
lies below folders that this user may pass. No mode of a folder that was there before is ever changed: where a parent
is closed, data go to /var/lib/wattline-<key> instead of WATTLINE_VAR.
"""

import fcntl
import hashlib
import json
import os
import pwd
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from cis.embedded.errors import EmbeddedError

SOCKET_PATH_LIMIT = 107  # bytes of a path in sockaddr_un, without its final zero
LONGEST_SOCKET = ".s.PGSQL.5432.lock"
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")
RECORD = "private.json"


@dataclass(frozen=True, slots=True)
class Owner:
    """The user that the services run as."""

    uid: int
    gid: int
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """Folders and user of one private installation."""

    var: Path
    home: Path
    sockets: Path
    owner: Owner
    durable: bool

    @property
    def postgres(self) -> Path:
        """Return the data folder of PostgreSQL."""
        return self.home / "postgres"

    @property
    def valkey(self) -> Path:
        """Return the data folder of Valkey."""
        return self.home / "valkey"

    @property
    def run(self) -> Path:
        """Return the folder of locks and state, which belongs to whoever made the installation."""
        return self.var / "run"

    @property
    def log(self) -> Path:
        """Return the folder of logs."""
        return self.var / "log"


def key_of(var: Path) -> str:
    """Return a short name of a folder, the same on each call."""
    return hashlib.sha256(os.fsencode(var.resolve())).hexdigest()[:12]


def find(var: Path, *, durable: bool = True) -> Place:
    """Return the place recorded in var, or the place that would be made there."""
    var = Path(os.path.abspath(var))  # noqa: PTH100 (resolve would follow a link that the user set on purpose)
    with suppress(FileNotFoundError):
        record = json.loads((var / RECORD).read_text())
        return Place(var, Path(record["home"]), Path(record["sockets"]), Owner(**record["owner"]), record["durable"])
    owner = _choose_owner(var)
    home = _choose_home(var, owner)
    return Place(var, home, _choose_sockets(var, home, owner), owner, durable)


def is_made(var: Path) -> bool:
    """Return whether services were started in var before."""
    return (var / RECORD).exists()


def make(place: Place) -> Place:
    """
    Create the folders of a place and record it; return the place as recorded.

    :raises EmbeddedError: a folder cannot be made, or belongs to another user.
    """
    try:
        _make_folder(place.var, mode=0o755)
        _make_folder(place.run, mode=0o755)
        _make_folder(place.log, mode=0o700)
        _make_folder(place.home, mode=0o755)
        with _alone_in(place.run):
            made_before = is_made(place.var)
            if made_before:
                place = find(place.var)
            for folder in (place.postgres, place.valkey, place.sockets):
                _make_owned(folder, place.owner)
            if not made_before:
                record = {"home": str(place.home), "sockets": str(place.sockets), "owner": asdict(place.owner)}
                write_whole(place.var / RECORD, json.dumps(record | {"durable": place.durable}, indent=2))
    except PermissionError as error:
        advice = "run as the user who made it, or set WATTLINE_VAR to a folder of your own"
        raise EmbeddedError(f"cannot use {error.filename}: {error.strerror}; {advice}") from error
    return place


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old text or the new one, never a part."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(text)
    part.replace(path)


def may_reach(path: Path, owner: Owner) -> bool:
    """Return whether a user may pass all folders down to a path; what does not exist yet is taken as open."""
    return all(_may_pass(folder, owner) for folder in (path, *path.parents) if folder.is_dir())


def _may_pass(folder: Path, owner: Owner) -> bool:
    status = folder.stat()
    if status.st_uid == owner.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == owner.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def _choose_owner(var: Path) -> Owner:
    """Return ourselves, or for root the owner of the project folder, or nobody."""
    uid = os.geteuid()
    if uid == 0:
        nearest = next(folder for folder in (var, *var.parents) if folder.exists())
        uid = nearest.stat().st_uid
    try:
        entry = pwd.getpwuid(uid) if uid else pwd.getpwnam("nobody")
    except KeyError:
        if os.geteuid() == 0:
            raise EmbeddedError("PostgreSQL does not run as root and there is no user nobody; make one") from None
        return Owner(uid, os.getegid(), str(uid))
    return Owner(entry.pw_uid, entry.pw_gid, entry.pw_name)


def _choose_home(var: Path, owner: Owner) -> Path:
    if os.geteuid() != 0:
        return var
    name = f"wattline-{key_of(var)}"
    for home in (var, Path("/var/lib") / name, Path("/var/tmp") / name):  # noqa: S108 (made with mkdir, owner checked)
        if may_reach(home, owner) and os.access(next(f for f in home.parents if f.exists()), os.W_OK):
            return home
    raise EmbeddedError(f"user {owner.name} can reach neither {var} nor /var/lib nor /var/tmp; set WATTLINE_VAR")


def _choose_sockets(var: Path, home: Path, owner: Owner) -> Path:
    """Return a folder whose socket paths are short and need no quoting in any URL."""
    near = home / "sockets"
    too_long = len(os.fsencode(near / LONGEST_SOCKET)) > SOCKET_PATH_LIMIT
    if PLAIN_PATH.fullmatch(str(near)) and not too_long:
        return near
    for root in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 (made with mkdir 0700, owner checked)
        short = root / f"wattline-{owner.uid}-{key_of(var)}"
        if len(os.fsencode(short / LONGEST_SOCKET)) <= SOCKET_PATH_LIMIT and may_reach(short, owner):
            return short
    raise EmbeddedError(f"no folder for sockets: {near} is too long and {tempfile.gettempdir()} too")


def _make_folder(folder: Path, *, mode: int) -> None:
    """Create a folder with exactly this mode, whatever the umask; one that is there stays as it is."""
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            folder.mkdir()
            folder.chmod(mode)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Let one process after the other pass."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _make_owned(folder: Path, owner: Owner) -> None:
    """Create a folder that only its owner may read. :raises EmbeddedError: it belongs to somebody else."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(folder, owner.uid, owner.gid)
        folder.chmod(0o700)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != owner.uid:
        raise EmbeddedError(f"{folder} does not belong to user {owner.name}; remove it, or set WATTLINE_VAR")
    if os.geteuid() not in (0, owner.uid):
        raise EmbeddedError(f"{folder} belongs to user {owner.name}; run as root or {owner.name}, or set WATTLINE_VAR")
