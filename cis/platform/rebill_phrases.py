"""Sentences on what is billed anew, for ``cis.platform.phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "unknown_late_read": _("There are no such late reads."),
    "rebill_too_late": _("All of it lies further back than may be billed: leave the bills as they are."),
}
