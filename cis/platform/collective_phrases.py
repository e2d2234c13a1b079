"""Sentences on what is billed together and asked for by telephone, for ``cis.platform.phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "bad_telephone_pin": _("This PIN cannot be taken: it has other digits, or is guessed at once."),
    "enquiry_not_proven": _("Number and proof do not belong together."),
    "enquiry_locked": _("Too many tries for this number today."),
    "bad_consolidation": _("These accounts cannot be asked for by one bill like that."),
    "unknown_consolidation": _("There is no such arrangement, or it has ended."),
    "unknown_consolidated_bill": _("There is no such consolidated bill."),
}
