"""Checklists of this installation's pack: files under ``cis/packs/<pack>/checklists/``, else those it inherits."""

import tomllib
from functools import cache

from django.conf import settings

from cis.kernel.errors import Refused
from cis.platform import packs
from metering.domain.checklists import LIST_CODE, Checklist, parse
from metering.domain.work_orders import WorkKind


class UnknownChecklist(Refused):
    """The pack has no checklist of this code."""

    code = "unknown_checklist"


def one(*, code: str) -> Checklist:
    """
    Return a checklist.

    :raises UnknownChecklist: the pack has none of this code.
    :raises BadChecklist: its file has faults.
    """
    found = _find(settings.PACK, code)
    if found is None:
        advice = f"Add cis/packs/{settings.PACK}/checklists/{code}.toml."
        raise UnknownChecklist(f"The pack {settings.PACK} has no checklist {code}.", advice=advice)
    return found


def of_kind(*, kind: WorkKind) -> Checklist | None:
    """Return the checklist of a kind of work; None: the pack asks nothing of it."""
    return _find(settings.PACK, kind.replace("_", "-"))


@cache
def _find(pack: str, code: str) -> Checklist | None:
    if not LIST_CODE.fullmatch(code):
        return None
    for name in packs.line_of(pack):
        path = packs.folder(name) / "checklists" / f"{code}.toml"
        if path.is_file():
            return parse(tomllib.loads(path.read_text(encoding="utf-8")), code=code)
    return None
