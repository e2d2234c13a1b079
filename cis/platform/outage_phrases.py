"""Sentences on outages, for ``cis.platform.phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "bad_fault_report": _("This report cannot be kept."),
    "no_fault_place": _("Choose a supply, or say where it is."),
    "bad_expectation": _("The time does not fit: power is back after it went; it is expected within 30 days."),
    "nothing_to_part": _("Choose a part of what is still dark, neither nothing nor all of it."),
    "different_feeders": _("Only outages of the same feeder are joined."),
    "came_back_between": _("A supply was back in between, so they stay two outages."),
    "planned_stands_alone": _("A planned outage is neither split nor joined with another."),
    "bad_alarms": _("These alarms cannot be kept."),
    "bad_alarm_count": _("1 to 10,000 alarms are sent at once."),
    "future_alarm": _("It is said of a time to come."),
    "unknown_outage": _("There is no such outage."),
    "outages_not_offered": _("The rules of this place have nothing on outages."),
    "bad_planned_outage": _("This planned outage has faults."),
    "short_notice": _("People would hear of it too late. Choose a later time, or an emergency with its reason."),
    "unknown_planned_outage": _("There is no such planned outage."),
    "nothing_hangs_there": _("No supply hangs on it."),
    "past_start": _("It begins in the future."),
    "bad_end": _("It ends after it began."),
    "bad_work": _("Say in a few words what is done."),
}
