"""Sentences on accruals of revenue, for ``cis.platform.phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "bad_accrual": _("A month is accrued when it is over, and posted once."),
    "own_accrual": _("Who proposed to post it does not agree to it: somebody else of billing does."),
    "accrual_month_closed": _("The month is closed: it takes no accrual any more."),
    "unknown_accrual": _("There is no such accrual, or somebody dealt with it meanwhile."),
    "no_usage": _("Since the last bill no usage is known."),
}
