"""Sentences of refusals about holds and disconnections; see ``phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "not_to_be_cut": _("The supply must not be cut off now: look at the reasons."),
    "supply_unclear": _("The account has no supply with one meter at this place."),
    "disconnection_stands": _("The place has an order of disconnection already."),
    "unknown_disconnection": _("There is no such order of disconnection."),
    "same_person": _("Another person agrees to it than the one who proposed it."),
    "bad_cut_notice": _("A proof, a reason or the announced hours are missing or impossible."),
    "bad_hold": _("The hold needs something that shows it, an end that is to come, and an open bill."),
    "unknown_hold": _("There is no such hold."),
}
