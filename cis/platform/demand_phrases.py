"""Sentences of refusals on events of demand response; see ``phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "bad_demand_event": _("The event has findings: mend them and plan it again."),
    "own_demand_event": _("Who planned an event does not let it go: ask somebody else."),
    "nobody_called": _("Nobody is in the programme there on that day."),
    "too_late_to_opt_out": _("It is too late to opt out of this event. Call us, if you cannot do without power."),
    "unknown_demand_event": _("There is no such event."),
    "unknown_event_part": _("Nobody takes part in an event by this number."),
    "not_measured": _("Values are missing: nothing is guessed, and nothing is credited."),
    "own_settlement": _("Who settled it does not take it back: ask somebody else of billing."),
    "short_event_notice": _("They would hear of it later than they were promised: choose a later start."),
    "bad_event_end": _("An event lasts 1 to 12 hours."),
    "bad_event_target": _("Say how much power is hoped for."),
    "not_whole_hours": _("An event begins and ends at a whole hour."),
    "two_days": _("An event ends on the day on which it begins."),
    "too_far": _("An event is planned at most 31 days ahead."),
    "events_used_up": _("The programme has had its events of this year."),
    "no_events": _("Only demand response has events."),
    "costs_nothing": _("Who takes part in demand response pays nothing for it."),
    "bad_limit": _("A limit is a power."),
    "no_credit": _("What is saved is worth something: name the credit for a kWh."),
    "bad_notice": _("An event is announced at least a minute and at most a week before."),
    "bad_opt_out": _("There is time to opt out after the announcement: name fewer minutes than it is told before."),
    "bad_event_count": _("There are 1 to 366 events a year."),
    "too_few_similar_days": _("There are too few similar days."),
    "unknown_object": _("There is no such VEN or resource."),
    "not_for_events": _("Choose a signed enrolment in demand response."),
    "enrolment_link_taken": _("Another resource answers for this enrolment."),
}
