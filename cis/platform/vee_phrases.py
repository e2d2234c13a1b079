"""Sentences on exceptions of usage, for ``cis.platform.phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "unknown_exception": _("There is no such exception."),
    "exception_not_open": _("Somebody decided on it meanwhile, or its cause is gone."),
    "exception_not_acceptable": _("There is no energy to accept: bring what is missing, or correct the read."),
    "exception_reason_missing": _("Say why it is right as it is, in at most 300 characters."),
}
