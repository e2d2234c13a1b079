"""
The font of printed documents, cut down to the characters that Chinese bills need.

The system's font has 65,000 characters; cut down to those of GB 2312 and of the Latin alphabets a page is printed in
half the time and its file is a third as large. Characters beyond that come from the system's font as before.
"""

from collections.abc import Iterable
from pathlib import Path
from tempfile import NamedTemporaryFile

from fontTools.subset import Options, Subsetter, load_font, save_font
from fontTools.ttLib import TTCollection

from cis.platform.rendering import FONTS, font_path

SYSTEM_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
FACE = "Noto Sans CJK SC"
SOURCES = {"regular": "NotoSansCJK-Regular.ttc", "bold": "NotoSansCJK-Bold.ttc"}
READABLE = 0o644  # set-up may be done by another user than the one that prints
HIGH_BYTES = range(0xA1, 0xFF)
LATIN = range(0x20, 0x250)
PUNCTUATION = range(0x2000, 0x2070)
SIGNS = "¥€−²³№℃①②③④⑤⑥⑦⑧⑨⑩"


def build() -> dict[str, Path]:
    """Cut down the fonts that are not yet; return where each weight lies, without those the system has not."""
    return {weight: made for weight in FONTS if (made := _built(weight)) is not None}


def characters() -> frozenset[int]:
    """Return the code points that stay: those of GB 2312, Latin letters, punctuation and signs."""
    pairs = (bytes([first, second]) for first in HIGH_BYTES for second in HIGH_BYTES)
    chinese = {ord(text) for pair in pairs if len(text := pair.decode("gb2312", errors="ignore")) == 1}
    return frozenset(chinese | set(LATIN) | set(PUNCTUATION) | {ord(sign) for sign in SIGNS})


def _built(weight: str) -> Path | None:
    target = font_path(weight)
    source = next((path for folder in SYSTEM_FOLDERS for path in folder.rglob(SOURCES[weight])), None)
    if target.is_file() or source is None:
        return target if target.is_file() else None
    target.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=target.parent, suffix=".part", delete=False) as part:
        try:
            _cut(source, Path(part.name), characters())
            Path(part.name).chmod(READABLE)
            Path(part.name).replace(target)  # whoever renders meanwhile sees a whole font or none
        finally:
            Path(part.name).unlink(missing_ok=True)
    return target


def _cut(source: Path, target: Path, kept: Iterable[int]) -> None:
    options = Options()
    options.font_number = _face_of(source)
    options.hinting = False
    options.layout_features = ["kern", "tnum"]
    options.drop_tables += ["vhea", "vmtx", "VORG", "BASE"]  # nothing is written downwards
    font = load_font(str(source), options)
    cutter = Subsetter(options)
    cutter.populate(unicodes=kept)
    cutter.subset(font)
    save_font(font, str(target), options)


def _face_of(source: Path) -> int:
    """Return the place of the simplified Chinese face in a collection."""
    with TTCollection(str(source), lazy=True) as collection:
        names = [font["name"].getBestFamilyName() for font in collection.fonts]
    return names.index(FACE)
