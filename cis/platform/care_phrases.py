"""Sentences on the care of customers, for ``cis.platform.phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "unknown_protection": _("The register has no such protection."),
    "bad_protection": _("The protection cannot be as it is said: say what was told, by which paper, and why it ends."),
    "protection_exists": _("The register has it already: look there."),
    "protection_ended": _("This protection holds no more: register it anew."),
}
