"""Sentences on reading routes and their rounds, for ``cis.platform.phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "unknown_route": _("There is no such reading route."),
    "unknown_round": _("There is no such round."),
    "unknown_stop": _("The route has no such place."),
    "invalid_route": _("Fields of the route are wrong."),
    "route_has_open_round": _("A round of this route is open: close it first."),
    "on_other_route": _("A place is on another route already."),
    "too_many_stops": _("The route would have too many places."),
    "bad_route_code": _("The code is missing or too long."),
    "bad_route_name": _("The name is missing or too long."),
    "route_taken": _("There is a route of this code already."),
    "bad_reading_days": _("A route is walked on one to three days of the month, from 1 to 28, ascending."),
    "bad_every_months": _("A route is walked every 1 to 12 months."),
    "bad_window": _("A value may come up to 7 days earlier or later."),
    "windows_meet": _("The days lie so close that a value would belong to two rounds: fewer days before and after."),
    "round_refused": _("The round cannot be opened: the route is ended or has no places, or the day is too far off."),
    "rounds_meet": _("A round beside it has this day already."),
    "round_closed": _("The round is closed: open it again first."),
    "not_on_round": _("This counter hangs at no place of the route."),
    "outside_round": _("The date is not one of this round, or has not come yet."),
    "already_read": _("The counter was read in this round: correct its value if it is wrong."),
    "unknown_miss_reason": _("There is no such reason."),
    "round_not_done": _("Counters are left: enter them, or close the round with the rest as not visited."),
    "bad_round_file": _("This is no file of a round: take the one that is offered and fill in its last columns."),
    "bad_line": _("A date or a number of the line cannot be read."),
    "unlikely_reading": _("The value is unlikely: compare it with the meter, then enter it in the grid."),
    "bad_phone_entries": _("What the phone sent cannot be read: load the page anew."),
    "read_meanwhile": _("The counter was read by somebody else meanwhile, with another value."),
}
