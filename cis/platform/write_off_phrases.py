"""Sentences on debts that are given up, for ``cis.platform.phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "bad_write_off": _("This debt cannot be written off like that."),
    "own_write_off": _("Who proposed a write-off neither agrees to it nor takes it back: ask somebody else."),
    "unknown_write_off": _("There is no such write-off, or it was decided meanwhile."),
    "unknown_write_off_batch": _("There is no such batch of write-offs, or it was decided meanwhile."),
}
