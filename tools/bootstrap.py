#!/usr/bin/env python3
"""
Make everything that Wattline needs to run on this machine; done before, it ends at once.

    python3 tools/bootstrap.py demo     what `make demo` needs
    python3 tools/bootstrap.py test     and what `make test` needs
    python3 tools/bootstrap.py bench    and the peers that benchmarks measure beside us
    python3 tools/bootstrap.py proof    and what proves the tests
    python3 tools/bootstrap.py image    what the container image needs: no private services

System packages (by apt, as root; otherwise they are named), .venv from uv.lock, node_modules from package-lock.json,
translations, collected static files. No version is chosen here: the two lock files decide.
It runs with the machine's Python and its standard library alone, older ones included, to say what is missing.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
VENV = PROJECT / ".venv"
PYTHON = VENV / "bin" / "python"
CACHE = PROJECT / ".cache"
VAR = Path(os.environ.get("WATTLINE_VAR") or PROJECT / "var")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
UV = "uv==0.13.9"
OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 18
APT_INSTALL = ["apt-get", "install", "-y", "--no-install-recommends"]
# What is needed, and how it is recognised: a library that loads, a program on the path, a font that is listed.
LIBRARIES = {
    "libpango-1.0-0": "libpango-1.0.so.0",
    "libpangoft2-1.0-0": "libpangoft2-1.0.so.0",
    "libharfbuzz-subset0": "libharfbuzz-subset.so.0",
}
CJK_FONT = "fonts-noto-cjk"
PROGRAMS = {"gettext": ("msgfmt",)}
TEST_PROGRAMS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "poppler-utils": ("pdftoppm", "pdftotext"),
}
GROUPS = {"bench", "dev", "proof"}
TESTING = {"test", "bench", "proof"}
ALL_OF = {"poppler-utils"}  # each of the programs is needed; of the others one will do
# For commands that ask no database; no key of this installation is used, as an image must not carry one.
NOWHERE = {
    "SECRET_KEY": "none",
    "DATABASE_URL": "postgresql://none@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1",
}


class Stop(Exception):
    """Set-up cannot go on; the message says what to do."""


def say(text: str) -> None:
    print("setup: " + text, flush=True)


def digest(*paths: Path) -> str:
    found = hashlib.sha256()
    for path in paths:
        found.update(path.read_bytes() if path.exists() else b"-")
    return found.hexdigest()


def run(command: list[str], *, what: str, tries: int = 1, env: dict[str, str] | None = None) -> None:
    """Run a command in the project; its output is shown only when it fails. Downloads get a second try."""
    for attempt in range(1, tries + 1):
        done = subprocess.run(
            command,
            cwd=PROJECT,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode == 0:
            return
        if attempt < tries:
            say(what + " failed, trying again")
            time.sleep(3)
    raise Stop(f"{what} failed ({' '.join(command)}):\n{done.stdout[-4000:]}")


# --- system packages -------------------------------------------------------------------------------------------------


def missing_packages(purpose: str) -> list[str]:
    """Return the Debian names of what this machine lacks."""
    missing = [package for package, library in LIBRARIES.items() if not loads(library)]
    if not has_cjk_font():
        missing.append(CJK_FONT)
    programs = {**PROGRAMS, **(TEST_PROGRAMS if purpose in TESTING else {})}
    for package, names in programs.items():
        need = all if package in ALL_OF else any
        if not need(shutil.which(name) for name in names):
            missing.append(package)
    if not PYTHON.exists() and not can_make_venv():
        missing.append("python{}.{}-venv".format(*sys.version_info[:2]))
    return missing


def loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def has_cjk_font() -> bool:
    try:
        listed = subprocess.run(["fc-list", ":lang=zh-cn", "file"], stdout=subprocess.PIPE, check=False).stdout
    except FileNotFoundError:
        return False
    return bool(listed.strip())


def can_make_venv() -> bool:
    return succeeds([sys.executable, "-c", "import ensurepip, venv"])


def succeeds(command: list[str]) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def install_packages(purpose: str) -> None:
    stamp = CACHE / f"system-{purpose}.stamp"
    key = digest(Path(__file__), Path("/etc/os-release"), Path("/var/lib/dpkg/status"))
    if is_stamped(stamp, key):
        return
    missing = missing_packages(purpose)
    if missing:
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            raise Stop(advice_for(missing))
        say("installing " + " ".join(missing))
        apt(missing)
        missing = missing_packages(purpose)
        if missing:
            raise Stop(f"apt-get ran, but this is still missing: {' '.join(missing)}")
        key = digest(Path(__file__), Path("/etc/os-release"), Path("/var/lib/dpkg/status"))
    write_stamp(stamp, key)


def advice_for(missing: list[str]) -> str:
    names = " ".join(missing)
    if shutil.which("apt-get"):
        how = f"Install them once with\n  sudo apt-get update && sudo {' '.join(APT_INSTALL)} {names}"
    else:
        how = "These are their Debian names; install the same with this system's package manager"
    return f"missing system packages: {names}\n{how}\nand run the same command again."


def apt(packages: list[str]) -> None:
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        run([*APT_INSTALL, *packages], what="apt-get install", env=env)
    except Stop:
        run(["apt-get", "update"], what="apt-get update", tries=2, env=env)
        run([*APT_INSTALL, *packages], what="apt-get install", tries=2, env=env)


# --- Python ----------------------------------------------------------------------------------------------------------


def sync_python(purpose: str, *, with_node: bool) -> None:
    """Bring .venv to uv.lock; what another purpose put there stays."""
    wanted = {"demo": {"embedded"}, "image": set()}.get(purpose, {"embedded", "dev"}) | (GROUPS & {purpose})
    wanted |= {"node"} if with_node else set()
    stamp = VENV / "wattline.stamp"
    key = digest(PROJECT / "uv.lock") + ":" + UV
    there = set(stamp_lines(stamp)[1:]) if is_stamped(stamp, key) else set()
    if wanted <= there and PYTHON.exists():
        return
    make_venv()
    parts = sorted(wanted | there)
    extras = [word for part in parts if part not in GROUPS for word in ("--extra", part)]
    groups = [word for part in parts if part in GROUPS for word in ("--group", part)] or ["--no-dev"]
    say("installing Python packages from uv.lock")
    sync = [str(PYTHON), "-m", "uv", "sync", "--frozen", "--inexact", *extras, *groups]
    run(sync, what="uv sync", tries=2, env=uv_environment())
    write_stamp(stamp, key, *parts)


def make_venv() -> None:
    if not (PYTHON.exists() and succeeds([str(PYTHON), "-c", "import pip"])):
        say("making .venv with Python {}.{}.{}".format(*sys.version_info[:3]))
        run([sys.executable, "-m", "venv", "--clear", str(VENV)], what="making .venv")
    name, _, version = UV.partition("==")
    installed = list(VENV.glob(f"lib/python*/site-packages/{name}-{version}.dist-info"))
    if not installed:
        pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV]
        run(pip, what="installing uv", tries=2, env=home_environment("PIP_CACHE_DIR", "pip"))


def uv_environment() -> dict[str, str]:
    env = {"UV_PROJECT_ENVIRONMENT": str(VENV), "UV_PYTHON": str(PYTHON), "UV_PYTHON_DOWNLOADS": "never"}
    env["UV_HTTP_TIMEOUT"] = os.environ.get("UV_HTTP_TIMEOUT", "180")
    if CERTIFICATES.exists():
        env["UV_SYSTEM_CERTS"] = "true"  # a company's own authority is known to the machine, not to uv
    return {**env, **home_environment("UV_CACHE_DIR", "uv")}


def home_environment(variable: str, name: str) -> dict[str, str]:
    """Return where a tool keeps its downloads when the home folder cannot be written."""
    home = Path(os.environ.get("HOME") or "/nonexistent")
    if os.environ.get(variable) or os.access(home, os.W_OK):
        return {}
    return {variable: str(CACHE / name), "HOME": str(CACHE)}


# --- front end -------------------------------------------------------------------------------------------------------


def machine_has_node() -> bool:
    node, npm = shutil.which("node"), shutil.which("npm")
    if not (node and npm):
        return False
    try:
        version = subprocess.run([node, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
        return int(version.strip().lstrip("v").partition(".")[0]) >= OLDEST_NODE
    except (OSError, ValueError, subprocess.CalledProcessError):
        return False


def install_front_end(purpose: str, *, with_node: bool) -> None:
    stamp = PROJECT / "node_modules" / "wattline.stamp"
    key = digest(PROJECT / "package-lock.json")
    parts = {"dev"} if purpose in TESTING else set()
    if is_stamped(stamp, key) and parts <= set(stamp_lines(stamp)[1:]):
        return
    say("installing front-end files from package-lock.json")
    npm = str(VENV / "bin" / "npm") if with_node else "npm"
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    omit = [] if parts else ["--omit=dev"]
    path = os.pathsep.join([str(VENV / "bin"), os.environ.get("PATH", "")]) if with_node else os.environ.get("PATH", "")
    env = {"PATH": path, **home_environment("npm_config_cache", "npm")}
    if CERTIFICATES.exists() and "NODE_EXTRA_CA_CERTS" not in os.environ:
        env["NODE_EXTRA_CA_CERTS"] = str(CERTIFICATES)
    run([npm, "ci", *options, *omit], what="npm ci", tries=2, env=env)
    write_stamp(stamp, key, *parts)


# --- translations and static files -----------------------------------------------------------------------------------


def files_below(folder_name: str) -> list[Path]:
    """Return the project's own files below folders of this name."""
    found = []
    for folder, inner, names in os.walk(PROJECT):
        inner[:] = [
            name for name in inner if name not in {"mutants", "node_modules", "var"} and not name.startswith(".")
        ]
        if folder_name in Path(folder).relative_to(PROJECT).parts:
            found += [Path(folder) / name for name in names]
    return sorted(found)


def compile_messages() -> None:
    for source in files_below("locale"):
        target = source.with_suffix(".mo")
        if source.suffix == ".po" and not (target.exists() and target.stat().st_mtime >= source.stat().st_mtime):
            run(["msgfmt", "--check-format", "-o", str(target), str(source)], what=f"compiling {source.name}")


def collect_static(purpose: str) -> None:
    """Collect the static files for the web server when one of them may have changed."""
    stamp = VAR / "static.stamp"
    listing = "".join(f"{path}:{path.stat().st_mtime_ns}:{path.stat().st_size}\n" for path in files_below("static"))
    locks = digest(PROJECT / "uv.lock", PROJECT / "package-lock.json", *PROJECT.glob("cis/platform/frontend*.py"))
    key = hashlib.sha256((purpose + listing + locks).encode()).hexdigest()
    if is_stamped(stamp, key) and (VAR / "static").is_dir():
        return
    say("collecting static files")
    env = dict(NOWHERE)
    if purpose == "demo":  # the same names, but not compressed, which takes a minute
        env["STATICFILES_STORAGE"] = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    run([str(PYTHON), "manage.py", "collectstatic", "--noinput", "--clear", "-v0"], what="collectstatic", env=env)
    write_stamp(stamp, key)


def prepare_fonts() -> None:
    """Cut the Chinese font down for printed bills: half a minute that each page then saves half of its time by."""
    run([str(PYTHON), "manage.py", "prepare_fonts"], what="cutting the font down for printed bills", env=dict(NOWHERE))


def remove_tools() -> None:
    """Remove what only set-up needed, for a smaller image."""
    shutil.rmtree(PROJECT / "node_modules", ignore_errors=True)
    sync = [str(PYTHON), "-m", "uv", "sync", "--frozen", "--no-dev"]
    run(sync, what="removing the tools of set-up", env=uv_environment())
    shutil.rmtree(CACHE, ignore_errors=True)


# --- stamps ----------------------------------------------------------------------------------------------------------


def stamp_lines(stamp: Path) -> list[str]:
    try:
        return stamp.read_text().splitlines()
    except OSError:
        return []


def is_stamped(stamp: Path, key: str) -> bool:
    return stamp_lines(stamp)[:1] == [key]


def write_stamp(stamp: Path, *lines: str) -> None:
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text("\n".join(lines) + "\n")


# --- the whole -------------------------------------------------------------------------------------------------------


def use_new_enough_python() -> None:
    if sys.version_info[:2] >= OLDEST_PYTHON:
        return
    for minor in (13, 12, 11, 14):
        other = shutil.which(f"python3.{minor}")
        if other:
            os.execv(other, [other, *sys.argv])
    raise Stop("Python {}.{} or newer is needed; this is {}.{}".format(*OLDEST_PYTHON, *sys.version_info[:2]))


def set_up(purpose: str) -> None:
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "bootstrap.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # `make test` beside `make demo` waits
        install_packages(purpose)
        with_front_end = (PROJECT / "package-lock.json").exists()
        with_node = with_front_end and not machine_has_node()
        sync_python(purpose, with_node=with_node)
        if with_front_end:
            install_front_end(purpose, with_node=with_node)
        compile_messages()
        if purpose not in TESTING:
            collect_static(purpose)
        if purpose == "image":
            prepare_fonts()
            remove_tools()


def main() -> int:
    purpose = sys.argv[1] if len(sys.argv) > 1 else ""
    if purpose not in {"demo", "image", *TESTING}:
        sys.stderr.write(__doc__ or "")
        return 2
    started = time.monotonic()
    try:
        use_new_enough_python()
        set_up(purpose)
    except Stop as stop:
        sys.stderr.write(f"setup: {stop}\n")
        return 1
    took = time.monotonic() - started
    if took > 1:
        say(f"ready after {took:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
