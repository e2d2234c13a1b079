"""Sentences on what is billed together, for ``cis.platform.phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "bad_consolidation": _("These accounts cannot be asked for by one bill like that."),
    "unknown_consolidation": _("There is no such arrangement, or it has ended."),
    "unknown_consolidated_bill": _("There is no such consolidated bill."),
}
