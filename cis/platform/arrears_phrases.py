"""Sentences of refusals about holds and disconnections; see ``phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

from cis.platform import plan_phrases

SENTENCES: Mapping[str, str] = {
    "not_to_be_cut": _("The supply must not be cut off now: look at the reasons."),
    "supply_unclear": _("The account has no supply with one meter at this place."),
    "disconnection_stands": _("The place has an order of disconnection already."),
    "unknown_disconnection": _("There is no such order of disconnection."),
    "same_person": _("Another person agrees to it than the one who proposed it."),
    "too_many_cuts": _("So many supplies were cut off today that a supervisor who did not propose it lets it go."),
    "bad_cut_notice": _("A proof, a reason or the announced hours are missing or impossible."),
    "bad_hold": _("The hold needs something that shows it, an end that is to come, and an open bill."),
    "unknown_case": _("There is no such case."),
    "unknown_dunning_batch": _("There is no such batch of demands."),
    "unknown_demand": _("There is no such demand, or it is to be made no more."),
    "dunning_batch_decided": _("The batch waits no more: somebody has decided on it, or a later one has replaced it."),
    "bad_demand_proof": _(
        "Say what shows that the customer had it, and when: neither before the demand nor later than now."
    ),
    "lift_needs_another": _("Another person lifts a hold that protects somebody: it is asked for now."),
    "bad_forecast": _(
        "The forecast needs its source, an end that is to come, and a coldest that is not above the hottest."
    ),
    "unknown_hold": _("There is no such hold."),
    **plan_phrases.SENTENCES,
}
